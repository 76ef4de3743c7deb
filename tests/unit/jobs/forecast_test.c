/* Every expected number is computed by hand beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "jobs/forecast.h"

#define MS NS_PER_MS
#define S NS_PER_S

/* 40,000 accounts; a write is 50 / 2 + 10 = 35 ms; with four calls of 15 ms the path is
   4 x (15 + 35) = 200 ms, and the end adds 200 x 5 / 8 = 125 ms. */
static struct forecast_input usual(void)
{
    return (struct forecast_input){
        .bank_count = 1,
        .banks = {{.fresh = 40000,
                   .calls = 160000,
                   .rate_per_s = 1000,
                   .calls_max = 64,
                   .call_ns = 15 * MS}},
        .transfers = 2,
        .closing = CLOSING_ALL,
        .slots = 16384,
        .chunk_delay_ns = 50 * MS,
        .chunk_commit_ns = 10 * MS,
        .machine_per_s = 5000,
        .start_ns = 100 * MS,
        .poll_ns = 60 * S,
    };
}

static const struct forecast_bound *bound_of(const struct forecast *forecast,
                                             enum forecast_limit limit, uint32_t bank)
{
    for (uint32_t i = 0; i < forecast->bound_count; i++)
        if (forecast->bounds[i].limit == limit && forecast->bounds[i].bank == bank)
            return &forecast->bounds[i];
    fail_msg("no such bound");
    return NULL;
}

static void a_rate_is_the_limit(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    forecast_make(&input, &forecast);
    // 160,000 calls / 1,000 a second, the start and the end
    assert_int_equal(forecast.duration_ns, 160 * S + 100 * MS + 125 * MS);
    assert_int_equal(forecast.calls, 160000);
    assert_int_equal(forecast.settlements, 40000);
    assert_int_equal(forecast.bounds[0].limit, FORECAST_RATE);
    assert_int_equal(forecast.bounds[0].value, 1000);
    assert_int_equal(forecast.bounds[0].per_s, 249); // 40,000 / 160.225 = 249.6
    // The next: Little's law, 160,000 x 15 ms / 64 = 37.5 s.
    assert_int_equal(forecast.bounds[1].limit, FORECAST_PATH); // 40,000 looks / 1,000, the path
    assert_int_equal(forecast.bounds[1].duration_ns, 40 * S + 100 * MS + 200 * MS);
    assert_int_equal(forecast.bounds[2].limit, FORECAST_CALLS);
    assert_int_equal(forecast.bounds[2].duration_ns, 37500 * MS + 225 * MS);
    assert_ptr_equal(forecast_next(&forecast), &forecast.bounds[2]);
    // 40,000 / 5,000 = 8 s; 40,000 x 200 ms / 16,384 = 488.28125 ms
    assert_int_equal(bound_of(&forecast, FORECAST_MACHINE, 0)->duration_ns, 8 * S + 225 * MS);
    assert_int_equal(bound_of(&forecast, FORECAST_SLOTS, 0)->duration_ns, 488281250 + 100 * MS);
    assert_int_equal(forecast.bound_count, 5);
}

static void calls_in_flight_are_the_limit(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.banks[0].call_ns = 150 * MS; // 64 of them: 426.7 calls a second
    forecast_make(&input, &forecast);
    // path 4 x (150 + 35) = 740 ms, its end 740 x 5 / 8 = 462.5 ms; 160,000 x 150 ms / 64 = 375 s
    assert_int_equal(forecast.bounds[0].limit, FORECAST_CALLS);
    assert_int_equal(forecast.duration_ns, 375 * S + 100 * MS + 462500 * NS_PER_US);
    assert_int_equal(forecast.bounds[1].limit, FORECAST_RATE);
}

static void slots_are_the_limit(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.slots = 10;
    input.banks[0].calls_max = 9; // one too few: 40,000 x 200 ms / 10 = 800 s
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.bounds[0].limit, FORECAST_SLOTS);
    assert_int_equal(forecast.bounds[0].value, 10);
    assert_int_equal(forecast.duration_ns, 800 * S + 100 * MS); // full to the end
    input.banks[0].calls_max = 10; // in step: 40,000 x 4 x (15 + 10) ms / 10 = 400 s
    forecast_make(&input, &forecast);
    assert_int_equal(bound_of(&forecast, FORECAST_SLOTS, 0)->duration_ns, 400 * S + 100 * MS);
}

static void the_machine_is_the_limit(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.machine_per_s = 100;
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.bounds[0].limit, FORECAST_MACHINE);
    assert_int_equal(forecast.duration_ns, 400 * S + 225 * MS);
}

static void few_accounts_take_one_way_through(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.banks[0].fresh = 1;
    input.banks[0].calls = 4;
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.bounds[0].limit, FORECAST_PATH);
    assert_int_equal(forecast.duration_ns, 100 * MS + 200 * MS + 1 * MS); // its look's token
    assert_int_equal(forecast_needed(&forecast.bounds[0], 200 * MS), 0);
}

static void the_last_deposit_is_the_limit(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.arrive_ns = 3600 * S;
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.bounds[0].limit, FORECAST_DEPOSITS);
    // seen after 99 % of 60 s, and the look's 15 ms; then the path
    assert_int_equal(forecast.duration_ns, 3600 * S + 59400 * MS + 15 * MS + 200 * MS + 100 * MS);
    assert_int_equal(forecast_needed(&forecast.bounds[0], 24 * 3600 * S), 0);
}

static void looks_in_vain_take_their_share(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.arrive_ns = 40 * S;
    input.poll_ns = S;
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.bounds[0].limit, FORECAST_RATE);
    assert_int_equal(forecast.duration_ns, 160 * S + 225 * MS + 11320 * MS); // 40 s x 0.283
}

static void the_slowest_bank_ends_the_batch(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.bank_count = 3;
    input.banks[1] = input.banks[0];
    input.banks[1].fresh = 10000;
    input.banks[1].calls = 40000;
    input.banks[1].rate_per_s = 200;
    input.banks[2] = input.banks[0];
    input.banks[2].fresh = input.banks[2].calls = 0; // nothing to do there
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.settlements, 50000);
    assert_int_equal(forecast.bounds[0].limit, FORECAST_RATE);
    assert_int_equal(forecast.bounds[0].bank, 1);
    assert_int_equal(forecast.duration_ns, 200 * S + 225 * MS);
    assert_int_equal(forecast.bounds[1].bank, 0);
    assert_int_equal(forecast.bounds[1].duration_ns, 160 * S + 225 * MS);
    assert_int_equal(forecast.bound_count, 2 * 3 + 2);
}

static void what_is_under_way_is_not_looked_for(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.banks[0].fresh = 0;
    input.banks[0].under_way = 1000;
    input.banks[0].calls = 3000;
    input.arrive_ns = 3600 * S; // no deposit is waited for
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.bounds[0].limit, FORECAST_RATE);
    assert_int_equal(bound_of(&forecast, FORECAST_PATH, 0)->duration_ns, 300 * MS);
}

static void nothing_to_do_takes_no_time(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.banks[0].fresh = input.banks[0].calls = 0;
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.duration_ns, 0);
    assert_int_equal(forecast.bound_count, 0);
    assert_null(forecast_next(&forecast));
}

static void what_it_would_take_is_just_enough(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    forecast_make(&input, &forecast);
    // 160,000 calls in 100.225 - 0.225 s
    uint64_t rate = forecast_needed(&forecast.bounds[0], 100 * S + 225 * MS);
    assert_int_equal(rate, 1600);
    input.banks[0].rate_per_s = (uint32_t)rate;
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.duration_ns, 100 * S + 225 * MS);
    assert_int_equal(forecast_needed(&forecast.bounds[0], 100 * S + 224 * MS), 1601);
    assert_int_equal(forecast_needed(&forecast.bounds[0], 225 * MS), 0); // the end alone
    // 160,000 x 15 ms / 12 s = 200 calls in flight
    assert_int_equal(forecast_needed(bound_of(&forecast, FORECAST_CALLS, 0), 12 * S + 225 * MS),
                     200);
    assert_int_equal(forecast_needed(bound_of(&forecast, FORECAST_MACHINE, 0), 10 * S + 225 * MS),
                     4000);
}

static void the_closing_check_costs_a_call_and_a_write(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    assert_int_equal(forecast_calls(1600, 2, CLOSING_ALL), 6400);
    assert_int_equal(forecast_calls(1600, 2, CLOSING_SAMPLE), 4900);
    assert_int_equal(forecast_calls(1600, 2, CLOSING_OFF), 4800);
    assert_int_equal(forecast_calls(1600, 3, CLOSING_ALL), 8000);
    assert_int_equal(forecast_calls(0, 3, CLOSING_SAMPLE), 0);
    input.closing = CLOSING_OFF;
    input.banks[0].calls = 120000;
    forecast_make(&input, &forecast);
    // path 3 x 50 = 150 ms, its end 150 x 4 / 6 = 100 ms
    assert_int_equal(forecast.duration_ns, 120 * S + 100 * MS + 100 * MS);
}

static void a_slow_commit_holds_up_the_next_chunk(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.banks[0].fresh = 1;
    input.banks[0].calls = 4;
    input.chunk_commit_ns = 200 * MS;
    forecast_make(&input, &forecast);
    // 4 x (15 + 200 / 2 + 200) ms, the start, the look's token
    assert_int_equal(forecast.duration_ns, 1260 * MS + 100 * MS + 1 * MS);
}

static void other_conditions_change_what_a_machine_carries(void **state)
{
    (void)state;
    const struct forecast_speed speed = {.settlements_per_s = 10000,
                                         .engine_ns = 45000,
                                         .bank_ns = 30000,
                                         .postgres_ns = 60000,
                                         .lanes = 1};
    // as measured
    assert_int_equal(forecast_machine(&speed, 3000, true), 10000);
    // four calls: engine 60, bank 40, Postgres 60 instead of 135 us: 8,437
    assert_int_equal(forecast_machine(&speed, 4000, true), 8437);
    // a bank elsewhere: 135 / 105 x 10,000 = 12,857
    assert_int_equal(forecast_machine(&speed, 3000, false), 12857);
    // … but one session in Postgres does no more than 1 s / 60 us, one lane no more than its own
    struct forecast_speed more = speed;
    more.settlements_per_s = 16000;
    assert_int_equal(forecast_machine(&more, 3000, false), 16666);
    more.lanes = 2;
    assert_int_equal(forecast_machine(&more, 3000, false), 20571);
    const struct forecast_speed unknown = {.settlements_per_s = 700, .lanes = 1};
    assert_int_equal(forecast_machine(&unknown, 4000, true), 700);
}

static void enormous_inputs_end_in_a_hundred_years(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_input input = usual();
    input.banks[0] = (struct forecast_bank){.fresh = UINT32_MAX,
                                            .calls = 5 * (uint64_t)UINT32_MAX,
                                            .rate_per_s = 1,
                                            .calls_max = 1,
                                            .call_ns = 3600 * S};
    forecast_make(&input, &forecast);
    assert_int_equal(forecast.duration_ns, UINT64_C(3155760000) * S);
    assert_true(forecast_needed(bound_of(&forecast, FORECAST_CALLS, 0), 24 * 3600 * S) > 800000000);
}

static void a_deposit_is_seen_within_a_sweep(void **state)
{
    (void)state;
    const struct forecast_bank bank = {.rate_per_s = 500, .calls_max = 64, .call_ns = 20 * MS};
    // 100,000 / 500 = 200 s; half of it, 99 % of it, and a call
    struct forecast_detection detection = forecast_detect(&bank, 100000, 60 * S);
    assert_int_equal(detection.sweep_ns, 200 * S);
    assert_int_equal(detection.p50_ns, 100 * S + 20 * MS);
    assert_int_equal(detection.p99_ns, 198 * S + 20 * MS);
    // the poll interval is longer
    detection = forecast_detect(&bank, 10000, 60 * S);
    assert_int_equal(detection.sweep_ns, 60 * S);
    // calls in flight are the narrower limit: 64 / 0.4 s = 160 a second
    const struct forecast_bank slow = {.rate_per_s = 500, .calls_max = 64, .call_ns = 400 * MS};
    assert_int_equal(forecast_detect(&slow, 100000, 60 * S).sweep_ns, 625 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_the_limit),
        cmocka_unit_test(calls_in_flight_are_the_limit),
        cmocka_unit_test(slots_are_the_limit),
        cmocka_unit_test(the_machine_is_the_limit),
        cmocka_unit_test(few_accounts_take_one_way_through),
        cmocka_unit_test(the_last_deposit_is_the_limit),
        cmocka_unit_test(looks_in_vain_take_their_share),
        cmocka_unit_test(the_slowest_bank_ends_the_batch),
        cmocka_unit_test(what_is_under_way_is_not_looked_for),
        cmocka_unit_test(nothing_to_do_takes_no_time),
        cmocka_unit_test(what_it_would_take_is_just_enough),
        cmocka_unit_test(the_closing_check_costs_a_call_and_a_write),
        cmocka_unit_test(a_slow_commit_holds_up_the_next_chunk),
        cmocka_unit_test(other_conditions_change_what_a_machine_carries),
        cmocka_unit_test(enormous_inputs_end_in_a_hundred_years),
        cmocka_unit_test(a_deposit_is_seen_within_a_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
