#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"
#include "base/prng.h"
#include "base/time.h"
#include "core/server_time.h"

static void least_and_most_enclose_what_was_said(void **state)
{
    (void)state;
    struct server_time time;
    server_time_init(&time, 1000000, 5 * NS_PER_MS, 7 * NS_PER_MS);
    assert_int_equal(server_time_least_us(&time, 7 * NS_PER_MS), 1000000);
    assert_int_equal(server_time_most_us(&time, 7 * NS_PER_MS), 1002000);
    assert_int_equal(server_time_least_us(&time, 8 * NS_PER_MS + 999), 1001000);
    assert_int_equal(server_time_most_us(&time, 8 * NS_PER_MS + 1), 1003001);
}

/* The database's true clock is engine clock + offset; it was read between ask and answer. */
static void the_true_clock_is_never_outside_the_bounds(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 3);
    for (uint32_t i = 0; i < 20000; i++) {
        int64_t offset_us = (int64_t)prng_below(&prng, 1000000);
        uint64_t asked_ns = prng_below(&prng, NS_PER_S);
        uint64_t read_ns = asked_ns + prng_below(&prng, NS_PER_MS);
        uint64_t heard_ns = read_ns + prng_below(&prng, NS_PER_MS);
        struct server_time time;
        server_time_init(&time, offset_us + (int64_t)(read_ns / NS_PER_US), asked_ns, heard_ns);
        uint64_t now_ns = heard_ns + prng_below(&prng, 10 * NS_PER_S);
        int64_t true_us = offset_us + (int64_t)(now_ns / NS_PER_US);
        assert_true(server_time_least_us(&time, now_ns) <= true_us);
        assert_true(server_time_most_us(&time, now_ns) >= true_us);
    }
}

static void reaches_is_the_first_instant_at_which_least_is_there(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 4);
    for (uint32_t i = 0; i < 20000; i++) {
        struct server_time time;
        uint64_t heard_ns = prng_below(&prng, NS_PER_S);
        server_time_init(&time, 5000000, heard_ns / 2, heard_ns);
        int64_t us = 5000000 + (int64_t)prng_between(&prng, 1, 9000000);
        uint64_t at_ns = server_time_reaches_ns(&time, us);
        assert_true(server_time_least_us(&time, at_ns) >= us);
        assert_true(server_time_least_us(&time, at_ns - 1) < us);
    }
}

static void what_was_reached_before_is_reached_at_the_reading(void **state)
{
    (void)state;
    struct server_time time;
    server_time_init(&time, 1000, 10, 20);
    assert_int_equal(server_time_reaches_ns(&time, 1000), 20);
    assert_int_equal(server_time_reaches_ns(&time, -5000), 20);
    assert_true(server_time_reaches_ns(&time, INT64_MAX / 1000) < AT_NEVER);
    assert_int_equal(server_time_reaches_ns(&time, INT64_MAX), AT_NEVER);
}

static void the_tighter_of_two_readings_that_agree_is_kept_for_a_while(void **state)
{
    (void)state;
    static const struct {
        uint64_t later_ns, took_ns; /* of the second reading */
        int64_t set_us;             /* by so much somebody set the clock */
        bool is_taken;
    } rows[] = {
        {1 * NS_PER_S, 1 * NS_PER_MS, 0, true},         // tighter
        {1 * NS_PER_S, 2 * NS_PER_MS, 0, true},         // as tight
        {1 * NS_PER_S, 900 * NS_PER_MS, 0, false},      // looser, and agrees
        {1 * NS_PER_S, 900 * NS_PER_MS, 950000, true},  // disagrees: ahead
        {1 * NS_PER_S, 900 * NS_PER_MS, -950000, true}, // disagrees: back
        {6 * NS_PER_S, 900 * NS_PER_MS, 0, true},       // clocks drift
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct server_time time;
        server_time_init(&time, 1000000, 10 * NS_PER_S, 10 * NS_PER_S + 2 * NS_PER_MS);
        uint64_t heard_ns = time.heard_at_ns + rows[i].later_ns;
        uint64_t asked_ns = heard_ns - rows[i].took_ns;
        int64_t said_us = server_time_least_us(&time, heard_ns) -
                          (int64_t)(rows[i].took_ns / 2 / NS_PER_US) + rows[i].set_us;
        server_time_set(&time, said_us, asked_ns, heard_ns);
        assert_int_equal(time.asked_at_ns == asked_ns, rows[i].is_taken);
        assert_true(server_time_most_us(&time, heard_ns) >= said_us);
    }
}

/* However readings come, the true clock stays inside. */
static void the_true_clock_is_inside_after_any_readings(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 5);
    struct server_time time;
    server_time_init(&time, 0, 0, 0);
    uint64_t now_ns = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t asked_ns = now_ns + prng_below(&prng, NS_PER_S);
        uint64_t read_ns = asked_ns + prng_below(&prng, i % 3 == 0 ? 10 : NS_PER_S);
        now_ns = read_ns + prng_below(&prng, i % 2 == 0 ? 10 : NS_PER_S);
        server_time_set(&time, (int64_t)(read_ns / NS_PER_US), asked_ns, now_ns);
        assert_true(server_time_least_us(&time, now_ns) <= (int64_t)(now_ns / NS_PER_US));
        assert_true(server_time_most_us(&time, now_ns) >= (int64_t)(now_ns / NS_PER_US));
    }
}

static void hear_in_the_past(void)
{
    struct server_time time;
    server_time_init(&time, 0, 10, 20);
    server_time_set(&time, 0, 10, 19);
}

static void an_answer_before_its_question(void)
{
    struct server_time time;
    server_time_init(&time, 0, 10, 9);
}

static void a_look_back(void)
{
    struct server_time time;
    server_time_init(&time, 0, 10, 20);
    (void)server_time_least_us(&time, 19);
}

static void time_that_goes_back_aborts(void **state)
{
    (void)state;
    assert_aborts(an_answer_before_its_question);
    assert_aborts(a_look_back);
    assert_aborts(hear_in_the_past);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_and_most_enclose_what_was_said),
        cmocka_unit_test(the_true_clock_is_never_outside_the_bounds),
        cmocka_unit_test(reaches_is_the_first_instant_at_which_least_is_there),
        cmocka_unit_test(what_was_reached_before_is_reached_at_the_reading),
        cmocka_unit_test(the_tighter_of_two_readings_that_agree_is_kept_for_a_while),
        cmocka_unit_test(the_true_clock_is_inside_after_any_readings),
        cmocka_unit_test(time_that_goes_back_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
