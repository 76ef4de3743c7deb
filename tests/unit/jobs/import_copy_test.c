#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "jobs/import_copy.h"

#define NONE "\377\377\377\377"

static void a_copy_begins_and_ends_as_postgres_says(void **state)
{
    (void)state;
    char bytes[IMPORT_COPY_EDGE_BYTES];
    assert_ptr_equal(import_copy_head(bytes), bytes + 19);
    assert_memory_equal(bytes, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    assert_ptr_equal(import_copy_tail(bytes), bytes + 2);
    assert_memory_equal(bytes, "\377\377", 2);
}

static const struct idem_key seed = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static void a_row_has_its_columns_in_their_order(void **state)
{
    (void)state;
    static char pool[] = "a-1\0north\0V\\1\0kb\0P\t2\0\352\271\200";
    struct cohort_row rows[2] = {
        [1] = {.texts = {0, 4, 10, 14, 17, 21},
               .repayment_minor = 258,
               .hold_minor = 0,
               .expected_minor = COHORT_NONE,
               .expect_at_us = INT64_C(946684800000001), // 2000-01-01 and a microsecond
               .opening_minor = 7},
    };
    struct cohort cohort = {.rows = rows, .row_count = 2, .pool = pool};
    static const char expected[] = "\0\15"
                                   "\0\0\0\4\0\0\0\2"
                                   "\0\0\0\3a-1"
                                   "\0\0\0\5north"
                                   "\0\0\0\3V\\1"
                                   "\0\0\0\2kb"
                                   "\0\0\0\3P\t2"
                                   "\0\0\0\3\352\271\200"
                                   "\0\0\0\10\0\0\0\0\0\0\1\2"
                                   "\0\0\0\10\0\0\0\0\0\0\0\0" NONE "\0\0\0\10\0\0\0\0\0\0\0\1"
                                   "\0\0\0\10\0\0\0\0\0\0\0\7"
                                   "\0\0\0\20\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20";
    char bytes[IMPORT_COPY_ROW_BYTES];
    const char *end = import_copy_row(bytes, &cohort, 1, &seed);
    assert_int_equal(end - bytes, sizeof expected - 1);
    assert_memory_equal(bytes, expected, sizeof expected - 1);
}

static void what_is_not_given_is_null(void **state)
{
    (void)state;
    static char pool[] = "a";
    struct cohort_row row = {
        .expected_minor = COHORT_NONE, .expect_at_us = COHORT_NONE, .opening_minor = COHORT_NONE};
    struct cohort cohort = {.rows = &row, .row_count = 1, .pool = pool};
    char bytes[IMPORT_COPY_ROW_BYTES];
    const char *end = import_copy_row(bytes, &cohort, 0, &seed);
    assert_memory_equal(end - 20 - 12, NONE NONE NONE, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_begins_and_ends_as_postgres_says),
        cmocka_unit_test(a_row_has_its_columns_in_their_order),
        cmocka_unit_test(what_is_not_given_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
