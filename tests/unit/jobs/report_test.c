#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/report.h"

#define BOOL 16
#define INT8 20
#define TEXT 25
#define TIMESTAMPTZ 1184

struct said {
    FILE *out;
    char *text;
    size_t bytes;
};

static void listen_to(struct said *said)
{
    *said = (struct said){0};
    said->out = open_memstream(&said->text, &said->bytes);
    assert_non_null(said->out);
}

static void expect_said(struct said *said, const char *text)
{
    fclose(said->out);
    assert_string_equal(said->text, text);
    free(said->text);
}

/* One row, as Postgres would give it. */
static PGresult *one_row(void)
{
    static const struct {
        const char *name, *value;
        Oid type;
    } cells[] = {
        {"settlement_id", "4294967297", INT8},
        {"deposit_minor", "9007199254740993", INT8},
        {"accounts", "12", INT8},
        {"whole", "t", BOOL},
        {"since", "2026-03-25 09:00:00.5+00", TIMESTAMPTZ},
        {"code", NULL, TEXT},
        {"reason", "a \"quote\" and \xc3\xa9", TEXT},
    };
    enum { COUNT = sizeof cells / sizeof cells[0] };
    PGresAttDesc columns[COUNT] = {{0}};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    for (int i = 0; i < COUNT; i++) {
        columns[i].name = (char *)(uintptr_t)cells[i].name;
        columns[i].typid = cells[i].type;
    }
    assert_true(PQsetResultAttrs(result, COUNT, columns));
    for (int i = 0; i < COUNT; i++) {
        char *value = (char *)(uintptr_t)cells[i].value;
        assert_true(PQsetvalue(result, 0, i, value, value == NULL ? -1 : (int)strlen(value)));
    }
    return result;
}

static void a_table_is_as_wide_as_its_cells(void **state)
{
    (void)state;
    static const struct report_column columns[] = {{"who", false}, {"much", true}, {"why", false}};
    struct said said;
    listen_to(&said);
    struct report_table *table = report_table_open(columns, 3);
    report_table_print(table, 2, said.out);                          // no row: nothing
    report_table_add(table, "\xed\x99\x8d\xea\xb8\xb8\xeb\x8f\x99"); // three characters, nine bytes
    report_table_add_count(table, 1234567);
    report_table_add(table, "because");
    report_table_add(table, "a long one");
    report_table_add_count(table, -5);
    report_table_add(table, "");
    report_table_print(table, 2, said.out);
    report_table_close(table);
    expect_said(&said, "  who              much  why\n"
                       "  \xed\x99\x8d\xea\xb8\xb8\xeb\x8f\x99         1,234,567  because\n"
                       "  a long one         -5  \n");
}

static void ids_and_amounts_are_strings_and_times_utc(void **state)
{
    (void)state;
    PGresult *result = one_row();
    json_t *row = report_json_row(result, 0);
    char *text = json_dumps(row, JSON_COMPACT);
    assert_string_equal(text, "{\"settlement_id\":\"4294967297\","
                              "\"deposit_minor\":\"9007199254740993\",\"accounts\":12,"
                              "\"whole\":true,\"since\":\"2026-03-25T09:00:00.5Z\",\"code\":null,"
                              "\"reason\":\"a \\\"quote\\\" and \xc3\xa9\"}");
    free(text);
    json_decref(row);
    PQclear(result);
}

static void fill(struct report_doc *doc)
{
    report_doc_set(doc, "cohort", json_string("acme"));
    report_doc_list(doc, "groups");
    report_doc_list(doc, "runs");
    report_doc_row(doc, "groups", "group", json_pack("{s:i}", "accounts", 1));
    report_doc_row(doc, "groups", "group", json_pack("{s:i}", "accounts", 2));
    report_doc_close(doc);
}

static void one_document_holds_every_list_even_an_empty_one(void **state)
{
    (void)state;
    struct said said;
    listen_to(&said);
    fill(report_doc_open(REPORT_JSON, "batch", said.out));
    expect_said(&said, "{\n  \"schema_version\": 1,\n  \"cohort\": \"acme\",\n  \"groups\": [\n"
                       "    {\n      \"accounts\": 1\n    },\n    {\n      \"accounts\": 2\n    }\n"
                       "  ],\n  \"runs\": []\n}\n");
}

static void json_lines_are_one_object_each_with_its_type(void **state)
{
    (void)state;
    struct said said;
    listen_to(&said);
    fill(report_doc_open(REPORT_JSONL, "batch", said.out));
    expect_said(&said, "{\"type\":\"batch\",\"schema_version\":1,\"cohort\":\"acme\"}\n"
                       "{\"type\":\"group\",\"accounts\":1}\n"
                       "{\"type\":\"group\",\"accounts\":2}\n");
    listen_to(&said);
    report_doc_close(report_doc_open(REPORT_JSONL, "runs", said.out));
    expect_said(&said, "{\"type\":\"runs\",\"schema_version\":1}\n");
}

static void times_that_are_none_stay_as_they_are(void **state)
{
    (void)state;
    char buffer[REPORT_TIME_BYTES];
    assert_string_equal(report_time("2026-03-25 09:00:00+00", buffer), "2026-03-25T09:00:00Z");
    assert_string_equal(report_time("infinity", buffer), "infinity");
    assert_string_equal(report_time("", buffer), "");
    assert_string_equal(report_time_short("2026-03-25 09:00:00.123456+00", buffer),
                        "2026-03-25 09:00:00");
    assert_string_equal(report_time_short("-infinity", buffer), "-infinity");
}

static void a_word_to_type_does_no_harm_in_a_shell(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"P0000001", "P0000001"}, {"a.b_c-d", "a.b_c-d"},       {"", "''"},
        {"-rf", "'-rf'"},         {"two words", "'two words'"}, {"x;rm -rf ~", "'x;rm -rf ~'"},
        {"it's", "'it'\\''s'"},   {"$(id)`id`", "'$(id)`id`'"},
    };
    char buffer[REPORT_WORD_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(report_word(rows[i][0], buffer), rows[i][1]);
    char many[65];
    memset(many, '\'', 64);
    many[64] = '\0';
    assert_int_equal(strlen(report_word(many, buffer)), 2 + 4 * 64); // the longest account_ref
}

static void a_span_is_as_long_as_one_plans_with_it(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } rows[] = {
        {0, "0 ms"},
        {UINT64_C(999999999), "999 ms"},
        {UINT64_C(1000000000), "1.0 s"},
        {UINT64_C(59499999999), "59.4 s"},
        {UINT64_C(59500000000), "1 min 00 s"},
        {UINT64_C(3599400000000), "59 min 59 s"},
        {UINT64_C(3599500000000), "1 h 00 min"},
        {UINT64_C(90000000000000), "25 h 00 min"},
    };
    char text[REPORT_DURATION_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(report_span(rows[i].ns, text), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_is_as_long_as_one_plans_with_it),
        cmocka_unit_test(a_table_is_as_wide_as_its_cells),
        cmocka_unit_test(ids_and_amounts_are_strings_and_times_utc),
        cmocka_unit_test(one_document_holds_every_list_even_an_empty_one),
        cmocka_unit_test(json_lines_are_one_object_each_with_its_type),
        cmocka_unit_test(times_that_are_none_stay_as_they_are),
        cmocka_unit_test(a_word_to_type_does_no_harm_in_a_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
