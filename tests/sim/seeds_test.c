/*
 * Many seeds, each with faults and crashes of its own, each run twice: the two must be the same,
 * event by event.
 */
#include "core/trace_read.h"
#include "payday.h"

static void each_seed_ends_well_and_twice_the_same(void **state)
{
    for (uint64_t seed = 1; seed <= 300 / PAYDAY_SHARE; seed++) {
        uint64_t crashes[4];
        struct sim_plan plan = payday_plan(seed, 5 + (uint32_t)(seed * 7 % 60));
        swarm_draw(&plan.swarm, plan.accounts, seed);
        payday_draw_crashes(&plan, 600, crashes, 4);
        struct sim_result first = payday_run(state, &plan);
        struct sim_result second = payday_run(state, &plan);
        assert_int_equal(first.trace_hash, second.trace_hash);
        assert_int_equal(first.moments, second.moments);
    }
}

/* One that stood still sends, long after its successor had found that nothing was received and had
   permitted anew: the successor's send was taken for one in doubt. */
static void a_late_send_of_a_former_engine_undoes_no_not_found(void **state)
{
    struct sim_plan plan = payday_plan(6441, 200);
    swarm_draw(&plan.swarm, plan.accounts, plan.seed);
    assert_true(payday_run(state, &plan).takeovers > 0);
}

/* A person said, of a payout accepted a second ago, that it came back; a bank that lags behind did
   not find it, and that was taken for as much. */
static void a_bank_that_lags_behind_proves_no_return(void **state)
{
    struct sim_plan plan = payday_plan(361, 15);
    swarm_draw(&plan.swarm, plan.accounts, plan.seed);
    plan.swarm.partitions = 2;
    (void)payday_run(state, &plan);
}

/* A collect came back by itself, and was undone, too: the second time is no residue. */
static void what_came_back_and_was_undone_too_is_no_residue(void **state)
{
    struct sim_plan plan = payday_plan(48, 48);
    swarm_draw(&plan.swarm, plan.accounts, plan.seed);
    plan.swarm.partitions = 1;
    (void)payday_run(state, &plan);
}

static void other_seeds_are_other_paydays(void **state)
{
    struct sim_plan plan = payday_plan(1, 20);
    uint64_t first = payday_run(state, &plan).trace_hash;
    plan.seed = 2;
    assert_int_not_equal(first, payday_run(state, &plan).trace_hash);
}

static void a_crash_changes_the_trace(void **state)
{
    struct sim_plan plan = payday_plan(1, 20);
    uint64_t without = payday_run(state, &plan).trace_hash, at = 50;
    plan.crashes = &at;
    plan.crash_count = 1;
    assert_int_not_equal(without, payday_run(state, &plan).trace_hash);
}

static void the_first_differing_item_is_found(void **state)
{
    struct tape first, second;
    struct sim_result result;
    struct trace_item item;
    size_t at, used;
    struct sim_plan plan = payday_plan(1, 5);
    plan.keep_trace = true;
    sim_run(*state, &plan, &first, &result);
    sim_run(*state, &plan, &second, &result);
    assert_int_equal(tape_first_difference(&first, &second, &at), 0);
    assert_int_equal(trace_read(second.bytes, second.used, &item, &used), UNPACK_WHOLE);
    second.bytes[used + 1] ^= 1;
    assert_int_equal(tape_first_difference(&first, &second, &at), 2);
    assert_int_equal(at, used);
    second.used = used;
    assert_int_equal(tape_first_difference(&first, &second, &at), 2);
    assert_int_equal(at, used);
    tape_deinit(&first);
    tape_deinit(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_seed_ends_well_and_twice_the_same),
        cmocka_unit_test(a_late_send_of_a_former_engine_undoes_no_not_found),
        cmocka_unit_test(a_bank_that_lags_behind_proves_no_return),
        cmocka_unit_test(what_came_back_and_was_undone_too_is_no_residue),
        cmocka_unit_test(other_seeds_are_other_paydays),
        cmocka_unit_test(a_crash_changes_the_trace),
        cmocka_unit_test(the_first_differing_item_is_found),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
