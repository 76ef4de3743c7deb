#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "jobs/chart_scale.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* "0 200 400": all ticks; those that are extra in brackets. */
static void ticks_are(const struct chart_scale *scale, const char *expected)
{
    char text[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < scale->tick_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 scale->ticks[i].is_extra ? "%s(%g)" : "%s%g", i == 0 ? "" : " ",
                                 scale->ticks[i].value);
    assert_string_equal(text, expected);
}

static void linear_ticks_are_1_2_or_5_and_hold_the_data(void **state)
{
    (void)state;
    const struct {
        double most;
        const char *ticks;
    } rows[] = {
        {9550, "0 2000 4000 6000 8000 10000"},
        {1000, "0 200 400 600 800 1000"},
        {1001, "0 500 1000 1500"},
        {3.1, "0 1 2 3 4"},
        {1, "0 0.2 0.4 0.6 0.8 1"},
        {0.07, "0 0.02 0.04 0.06 0.08"},
        {0, "0 0.2 0.4 0.6 0.8 1"}, // nothing was measured: still an axis
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct chart_scale scale = chart_scale_linear(0, rows[i].most);
        ticks_are(&scale, rows[i].ticks);
        assert_true(scale.least == 0 && scale.most >= rows[i].most);
    }
}

static void linear_scales_of_any_size_have_a_few_ticks(void **state)
{
    (void)state;
    for (double most = 1e-9; most < 1e18; most *= 1.37) {
        struct chart_scale scale = chart_scale_linear(0, most);
        assert_true(scale.tick_count >= 3 && scale.tick_count <= 7);
        assert_true(scale.most >= most * (1 - 1e-9) && scale.most <= 2.5 * most);
        assert_true(scale.ticks[scale.tick_count - 1].value >= most * (1 - 1e-9));
    }
}

static void logarithmic_ticks_are_decades_or_finer(void **state)
{
    (void)state;
    struct chart_scale scale = chart_scale_log(1000, 1e6, CHART_COUNT);
    ticks_are(&scale, "1000 10000 100000 1e+06");
    scale = chart_scale_log(30, 400, CHART_COUNT);
    ticks_are(&scale, "50 100 200");
    scale = chart_scale_log(70, 70, CHART_COUNT);
    ticks_are(&scale, "50 100");
    assert_true(scale.least < 70 && scale.most > 70);
}

static void durations_are_counted_as_people_count(void **state)
{
    (void)state;
    struct chart_scale scale = chart_scale_log(7.5e9, 7500e9, CHART_DURATION);
    ticks_are(&scale, "1e+09 1e+10 6e+10 6e+11 3.6e+12 3.6e+13");
    scale = chart_scale_log(3e6, 3e6, CHART_DURATION);
    ticks_are(&scale, "1e+06 1e+07");
    scale = chart_scale_log(1e6, 1e6, CHART_DURATION);
    assert_true(scale.least <= 1e6 && scale.most > scale.least);
    for (double least = 1e-3; least < 1e19; least *= 3.7) {
        for (double most = least; most < 1e20; most *= 9.1) {
            scale = chart_scale_log(least, most, CHART_DURATION);
            assert_true(scale.least <= least && scale.most >= most && scale.most > scale.least);
            assert_true(scale.tick_count >= 2);
        }
    }
}

static void measured_values_are_ticks_as_far_as_there_is_room(void **state)
{
    (void)state;
    const double doubling[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
    struct chart_scale scale = chart_scale_at_values(doubling, COUNT(doubling));
    ticks_are(&scale, "1 (2) 4 (8) 16 (32) 64 (128) 256 (512)");
    const double close[] = {100, 101, 102, 1000};
    scale = chart_scale_at_values(close, COUNT(close));
    ticks_are(&scale, "100 1000");
    const double one[] = {64};
    scale = chart_scale_at_values(one, 1);
    ticks_are(&scale, "64");
    assert_true(fabs(chart_scale_place(&scale, 64) - 0.5) < 1e-9);
    double many[250];
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = 1 + (double)i;
    scale = chart_scale_at_values(many, COUNT(many));
    assert_true(scale.tick_count >= 5 && scale.tick_count <= 15);
}

static void places_are_within_the_axis(void **state)
{
    (void)state;
    struct chart_scale linear = chart_scale_linear(0, 100),
                       decades = chart_scale_log(1, 100, CHART_COUNT);
    assert_true(chart_scale_place(&linear, 25) == 0.25);
    assert_true(chart_scale_place(&linear, -5) == 0 && chart_scale_place(&linear, 1e9) == 1);
    assert_true(fabs(chart_scale_place(&decades, 10) - 0.5) < 1e-12);
    assert_true(chart_scale_place(&decades, 0) == 0 && chart_scale_place(&decades, -1) == 0);
}

static void values_read_as_people_write_them(void **state)
{
    (void)state;
    const struct {
        double value;
        enum chart_unit unit;
        const char *expected;
    } rows[] = {
        {0, CHART_COUNT, "0"},
        {0.05, CHART_COUNT, "0.05"},
        {1.5, CHART_COUNT, "1.5"},
        {133.3333, CHART_COUNT, "133"},
        {9493.4, CHART_COUNT, "9,493"},
        {1e6, CHART_COUNT, "1,000,000"},
        {1e30, CHART_COUNT, "1e+30"},
        {0, CHART_DURATION, "0 ns"},
        {350, CHART_DURATION, "350 ns"},
        {47600, CHART_DURATION, "47.6 µs"},
        {2e6, CHART_DURATION, "2 ms"},
        {1e9, CHART_DURATION, "1 s"},
        {61.5e9, CHART_DURATION, "1.02 min"},
        {36e12, CHART_DURATION, "10 h"},
        {4 * 86400e9, CHART_DURATION, "4 days"},
        {0.345, CHART_SHARE, "34 %"},
        {1, CHART_SHARE, "100 %"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[CHART_TEXT_BYTES];
        assert_string_equal(chart_text(rows[i].value, rows[i].unit, text), rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_ticks_are_1_2_or_5_and_hold_the_data),
        cmocka_unit_test(linear_scales_of_any_size_have_a_few_ticks),
        cmocka_unit_test(logarithmic_ticks_are_decades_or_finer),
        cmocka_unit_test(durations_are_counted_as_people_count),
        cmocka_unit_test(measured_values_are_ticks_as_far_as_there_is_room),
        cmocka_unit_test(places_are_within_the_axis),
        cmocka_unit_test(values_read_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
