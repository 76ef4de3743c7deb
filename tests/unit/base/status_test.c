#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aborts.h"
#include "base/status.h"

static void every_status_has_a_name_and_a_text_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a <= STATUS_INTERNAL; a++) {
        assert_true(strlen(status_name((enum status)a)) > 0);
        assert_true(strlen(status_text((enum status)a)) > 0);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(status_name((enum status)a), status_name((enum status)b));
    }
    assert_string_equal(status_name(STATUS_STORE_FENCED), "STORE_FENCED");
}

static void a_lost_connection_is_unknown_and_never_a_failure(void **state)
{
    (void)state;
    assert_int_equal(status_class(STATUS_STORE_LOST), STATUS_CLASS_UNKNOWN);
    for (int a = 0; a <= STATUS_INTERNAL; a++)
        if (a != STATUS_STORE_LOST)
            assert_int_not_equal(status_class((enum status)a), STATUS_CLASS_UNKNOWN);
}

static void a_chunk_that_is_there_already_is_written(void **state)
{
    (void)state;
    assert_int_equal(status_class(STATUS_OK), STATUS_CLASS_OK);
    assert_int_equal(status_class(STATUS_STORE_ALREADY), STATUS_CLASS_OK);
    assert_int_equal(status_class(STATUS_STORE_DIFFERS), STATUS_CLASS_FATAL);
    assert_int_equal(status_class(STATUS_STORE_FENCED), STATUS_CLASS_FATAL);
    assert_int_equal(status_class(STATUS_STORE_TWICE), STATUS_CLASS_FATAL);
}

static void only_what_surely_did_not_happen_may_be_tried_again(void **state)
{
    (void)state;
    for (int a = 0; a <= STATUS_INTERNAL; a++) {
        bool may = a == STATUS_STORE_BUSY || a == STATUS_UNREACHABLE;
        assert_int_equal(status_class((enum status)a) == STATUS_CLASS_RETRY, may);
    }
}

static void ask_for_a_status_that_is_none(void)
{
    (void)status_class((enum status)(STATUS_INTERNAL + 1));
}

static void a_status_outside_the_table_aborts(void **state)
{
    (void)state;
    assert_aborts(ask_for_a_status_that_is_none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_and_a_text_of_its_own),
        cmocka_unit_test(a_lost_connection_is_unknown_and_never_a_failure),
        cmocka_unit_test(a_chunk_that_is_there_already_is_written),
        cmocka_unit_test(only_what_surely_did_not_happen_may_be_tried_again),
        cmocka_unit_test(a_status_outside_the_table_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
