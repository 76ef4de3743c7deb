// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on

#include "base/sin.h"

static void the_product_does_not_sin(void **state)
{
    (void)state;
    assert_false(SIN(new_key_on_retry));
    assert_false(SIN(no_epoch_check));
}

static void each_sin_has_a_name_of_its_own_and_says_what_it_is(void **state)
{
    (void)state;
    for (enum sin sin = 0; sin < SINS; sin++) {
        assert_true(strlen(sin_text(sin)) > 0);
        for (enum sin other = 0; other < sin; other++)
            assert_string_not_equal(sin_name(sin), sin_name(other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_product_does_not_sin),
        cmocka_unit_test(each_sin_has_a_name_of_its_own_and_says_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
