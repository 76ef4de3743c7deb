/* A statement, and a book: what is taken, and where a bad one is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/reconcile_csv.h"

#define NAMES "idem_key,bank_ref,from_account,to_account,amount_minor,currency,status,booked_at\n"
#define KEY "000102030405060708090a0b0c0d0eff"
#define GOOD KEY ",tr_1,VA-1,COLLECT-1,500,KRW,accepted,2026-03-25T09:00:00+09:00\n"

static bool read_text(const char *text, enum reconcile_form form, struct reconcile_file *file,
                      struct bank_lines *lines, char **said)
{
    size_t said_bytes;
    FILE *errors = open_memstream(said, &said_bytes);
    *file = (struct reconcile_file){
        .name = "s.csv", .text = text, .text_bytes = strlen(text), .form = form};
    lines_init(lines);
    bool is_good = reconcile_csv_read(file, lines, errors);
    fclose(errors);
    return is_good;
}

static void a_statement_is_taken_line_by_line(void **state)
{
    (void)state;
    struct reconcile_file file;
    struct bank_lines lines;
    char *said;
    assert_true(read_text("\xEF\xBB\xBF" NAMES GOOD
                          ",tr_2,\"VA,2\",X-1,7,KRW,returned,2026-03-26T00:00:00Z\r\n",
                          RECONCILE_STATEMENT, &file, &lines, &said));
    assert_int_equal(lines.count, 2);
    const struct bank_line *first = &lines.lines[0], *second = &lines.lines[1];
    assert_true(first->has_key);
    assert_int_equal(first->key.bytes[15], 255);
    assert_int_equal(first->outcome, LINE_ACCEPTED);
    assert_int_equal(first->amount_minor, 500);
    assert_string_equal(lines_text(&lines, first->to), "COLLECT-1");
    assert_false(second->has_key);
    assert_string_equal(lines_text(&lines, second->from), "VA,2");
    assert_string_equal(lines_text(&lines, second->reference), "tr_2");
    assert_int_equal(second->outcome, LINE_RETURNED);
    assert_int_equal(file.first_us, INT64_C(1774396800000000));
    assert_int_equal(file.last_us, INT64_C(1774483200000000));
    lines_free(&lines);
    free(said);
}

static void columns_come_in_any_order_and_the_key_may_be_absent(void **state)
{
    (void)state;
    struct reconcile_file file;
    struct bank_lines lines;
    char *said;
    assert_true(
        read_text("booked_at,status,currency,amount_minor,to_account,from_account,bank_ref\n"
                  "2026-03-25T09:00Z,pending,KRW,1,B,A,r1\n",
                  RECONCILE_STATEMENT, &file, &lines, &said));
    assert_int_equal(lines.count, 1);
    assert_string_equal(lines_text(&lines, lines.lines[0].reference), "r1");
    lines_free(&lines);
    free(said);
}

static void a_book_is_read_by_its_own_names(void **state)
{
    (void)state;
    struct reconcile_file file;
    struct bank_lines lines;
    char *said;
    assert_true(read_text("key,from,to,amount_minor,state,bank_ref,at_us\n" KEY
                          ",VA-1,COLLECT-1,500,accepted,tr_1,1774396800000000\n" KEY
                          ",VA-1,COLLECT-1,500,reversed,tr_1,1774396800000000\n",
                          RECONCILE_BOOK, &file, &lines, &said));
    assert_int_equal(lines.count, 2);
    assert_int_equal(lines.lines[1].outcome, LINE_RETURNED);
    assert_int_equal(lines.lines[0].currency, 0);
    lines_free(&lines);
    free(said);
}

static void a_key_that_is_not_of_ours_is_kept_as_text(void **state)
{
    (void)state;
    struct reconcile_file file;
    struct bank_lines lines;
    char *said;
    assert_true(read_text(NAMES "by hand,tr_1,A,B,5,KRW,booked,2026-03-25T09:00:00Z\n",
                          RECONCILE_STATEMENT, &file, &lines, &said));
    assert_false(lines.lines[0].has_key);
    assert_string_equal(lines_text(&lines, lines.lines[0].key_text), "by hand");
    lines_free(&lines);
    free(said);
}

static void a_bad_file_is_refused_with_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } rows[] = {
        {"", "s.csv:1:1: the file is empty"},
        {"idem_key,odd\n", "s.csv:1:10: unknown column \"odd\""},
        {"idem_key,idem_key\n", "s.csv:1:10: column idem_key stands here twice"},
        {"from_account,to_account,amount_minor,currency,status,booked_at\n",
         "s.csv:1:1: neither column idem_key nor bank_ref is there"},
        {"idem_key,from_account\n", "s.csv:1:1: column to_account is missing"},
        {NAMES GOOD KEY ",tr_1,VA-1\n", "s.csv:3:1: 3 fields, but the first line names 8"},
        {NAMES KEY ",tr_1,,B,5,KRW,accepted,2026-03-25T09:00Z\n",
         "s.csv:2:39: from_account is empty"},
        {NAMES KEY ",tr_1,A,B,5.0,KRW,accepted,2026-03-25T09:00Z\n",
         "s.csv:2:43: amount_minor \"5.0\" is not an amount"},
        {NAMES KEY ",tr_1,A,B,-5,KRW,accepted,2026-03-25T09:00Z\n", "s.csv:2:43: amount_minor"},
        {NAMES KEY ",tr_1,A,B,5,KR,accepted,2026-03-25T09:00Z\n", "s.csv:2:45: currency \"KR\""},
        {NAMES KEY ",tr_1,A,B,5,KRW,done,2026-03-25T09:00Z\n",
         "s.csv:2:49: status \"done\" is not accepted"},
        {NAMES KEY ",tr_1,A,B,5,KRW,accepted,2026-03-25\n", "s.csv:2:58: booked_at"},
        {NAMES ",,A,B,5,KRW,accepted,2026-03-25T09:00Z\n",
         "s.csv:2:1: neither a key nor a reference"},
        {NAMES KEY ",\"a\nb\",A,B,5,KRW,accepted,2026-03-25T09:00Z\n",
         "s.csv:2:34: bank_ref has a line break"},
        {NAMES "a\"b,", "s.csv:2:2: a quote in the wrong place"},
        {NAMES "\"ab", "s.csv:2:1: a quoted field that does not end"},
        {NAMES "a\x01", "s.csv:2:2: a control character"},
        {NAMES "a\xff", "s.csv:2:2: bytes that are not UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reconcile_file file;
        struct bank_lines lines;
        char *said;
        assert_false(read_text(rows[i].text, RECONCILE_STATEMENT, &file, &lines, &said));
        if (strstr(said, rows[i].said) == NULL)
            fail_msg("row %zu: %s", i, said);
        lines_free(&lines);
        free(said);
    }
}

static void a_field_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct reconcile_file file;
    struct bank_lines lines;
    char *said, text[512], longest[128];
    memset(longest, 'x', 127);
    for (int bytes = 127; bytes <= 128; bytes++) {
        snprintf(text, sizeof text, NAMES ",%.*s%s,A,B,5,KRW,accepted,2026-03-25T09:00Z\n", 127,
                 longest, bytes == 128 ? "x" : "");
        assert_int_equal(read_text(text, RECONCILE_STATEMENT, &file, &lines, &said), bytes == 127);
        lines_free(&lines);
        free(said);
    }
}

static void many_faults_are_counted(void **state)
{
    (void)state;
    struct reconcile_file file;
    struct bank_lines lines;
    char *said, text[2048] = NAMES;
    for (int i = 0; i < 25; i++)
        memcpy(text + strlen(text), "x\n", 3);
    assert_false(read_text(text, RECONCILE_STATEMENT, &file, &lines, &said));
    assert_non_null(strstr(said, "s.csv:21:1: 1 fields"));
    assert_null(strstr(said, "s.csv:22:1"));
    assert_non_null(strstr(said, "… and 5 more errors"));
    lines_free(&lines);
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_is_taken_line_by_line),
        cmocka_unit_test(columns_come_in_any_order_and_the_key_may_be_absent),
        cmocka_unit_test(a_book_is_read_by_its_own_names),
        cmocka_unit_test(a_key_that_is_not_of_ours_is_kept_as_text),
        cmocka_unit_test(a_bad_file_is_refused_with_the_place),
        cmocka_unit_test(a_field_that_is_too_long_is_refused),
        cmocka_unit_test(many_faults_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
