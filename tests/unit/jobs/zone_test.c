#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobs/zone.h"

#define S INT64_C(1000000)
#define MIN (60 * S)
#define HOUR (60 * MIN)
#define MIDNIGHT INT64_C(1774396800000000) /* 2026-03-25T00:00Z */

static void a_time_of_day_is_that_of_the_zone(void **state)
{
    (void)state;
    char text[ZONE_TEXT_BYTES];
    assert_true(zone_use("Asia/Seoul")); // 09:00 there
    assert_int_equal(zone_next(MIDNIGHT, 9 * 60 + 30), MIDNIGHT + 30 * MIN);
    assert_int_equal(zone_next(MIDNIGHT, 8 * 60), MIDNIGHT + 23 * HOUR); // tomorrow's
    assert_int_equal(zone_next(MIDNIGHT, 9 * 60), MIDNIGHT + 24 * HOUR); // after, not at
    assert_string_equal(zone_time(MIDNIGHT, MIDNIGHT, text), "09:00");
    assert_string_equal(zone_time(MIDNIGHT + 15 * HOUR, MIDNIGHT, text), "00:00 on 2026-03-26");
    assert_true(zone_use("UTC"));
    assert_string_equal(zone_time(MIDNIGHT + 59 * S, MIDNIGHT, text), "00:00");
}

static void a_day_that_is_an_hour_shorter_is_counted_so(void **state)
{
    (void)state;
    // Clocks go from 02:00 to 03:00 on 2026-03-29: from 23:30Z on the 28th it is 6 h to 07:30.
    const int64_t before = MIDNIGHT + (3 * 24 + 23) * HOUR + 30 * MIN;
    assert_true(zone_use("Europe/Berlin"));
    assert_int_equal(zone_next(before, 7 * 60 + 30), before + 6 * HOUR);
    assert_int_equal(zone_next(before - 24 * HOUR, 7 * 60 + 30), before - 24 * HOUR + 7 * HOUR);
}

static void a_name_that_this_machine_does_not_know_is_told(void **state)
{
    (void)state;
    char text[ZONE_TEXT_BYTES];
    static const char *const names[] = {"Asia/Nowhere", "", "/etc/passwd", "../../../etc/passwd",
                                        "Asia"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_false(zone_use(names[i]));
        assert_string_equal(zone_time(MIDNIGHT, MIDNIGHT, text), "00:00");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_of_day_is_that_of_the_zone),
        cmocka_unit_test(a_day_that_is_an_hour_shorter_is_counted_so),
        cmocka_unit_test(a_name_that_this_machine_does_not_know_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
