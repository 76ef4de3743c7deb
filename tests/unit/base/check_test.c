#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"
#include "base/check.h"

static void check_what_is_true(void)
{
    CHECK(1 + 1 == 2);
}

static void check_what_is_false(void)
{
    CHECK(1 + 1 == 3);
}

static void a_check_that_fails_aborts_in_every_build(void **state)
{
    (void)state;
    assert_false(aborts(check_what_is_true));
    assert_aborts(check_what_is_false);
}

static int evaluations;

static bool evaluate(void)
{
    evaluations++;
    return true;
}

static void a_check_evaluates_once_and_a_slow_one_only_where_asked_for(void **state)
{
    (void)state;
    evaluations = 0;
    CHECK(evaluate());
    assert_int_equal(evaluations, 1);
    CHECK_SLOW(evaluate());
#ifdef DAYBOOK_CHECK_SLOW
    assert_int_equal(evaluations, 2);
#else
    assert_int_equal(evaluations, 1);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_that_fails_aborts_in_every_build),
        cmocka_unit_test(a_check_evaluates_once_and_a_slow_one_only_where_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
