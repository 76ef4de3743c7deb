/*
 * The process and its database: engines that stand still and are taken over, recoveries that die
 * again, a clock that is set, a database that takes no writes, a record that it refuses, months in
 * a row. Each over many seeds of an otherwise good world.
 */
#include <string.h>

#include "script.h"

/* Runs a plan once a seed; what happened over all of them. */
static struct sim_result run_seeds(void **state, struct sim_plan plan, uint64_t seeds)
{
    struct sim_result sum = {0};
    for (plan.seed = 1; plan.seed <= seeds; plan.seed++) {
        struct sim_result result = payday_run(state, &plan);
        sum.takeovers += result.takeovers;
        sum.freezes += result.freezes;
        sum.crashes += result.crashes;
        sum.end.settled += result.end.settled;
        sum.end.parked += result.end.parked;
    }
    return sum;
}

static void one_that_is_stopped_and_taken_over_pays_nothing_twice(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.process_freeze = 4000;
    plan.swarm.process_freeze_ns = 60 * NS_PER_S;
    plan.swarm.process_takeover_ns = 2 * NS_PER_S;
    plan.swarm.chunk_records = 20;
    struct sim_result sum = run_seeds(state, plan, 30);
    assert_true(sum.takeovers > 30);
    assert_int_equal(sum.end.settled, 30 * 30);
}

/* Continued before its permissions run out: what it had checked still reaches the bank. */
static void one_that_is_continued_soon_after_the_takeover_pays_nothing_twice(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.process_freeze = 20000;
    plan.swarm.process_freeze_ns = 900 * NS_PER_MS;
    plan.swarm.process_takeover_ns = 100 * NS_PER_MS;
    plan.swarm.chunk_records = 5;
    struct sim_result sum = run_seeds(state, plan, 30);
    assert_true(sum.takeovers > 60);
    assert_int_equal(sum.end.settled, 30 * 30);
}

static void one_that_is_stopped_and_not_taken_over_goes_on(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.process_freeze = 4000;
    plan.swarm.process_freeze_ns = 60 * NS_PER_S;
    plan.swarm.process_takeover_ns = 3600 * NS_PER_S;
    struct sim_result sum = run_seeds(state, plan, 30);
    assert_true(sum.freezes > sum.takeovers + 30);
    assert_int_equal(sum.end.settled, 30 * 30);
}

/* Keys expire, and only a repeat asks: what was handed over before the machine hung for longer than
   that must not come to the bank after it. */
static void what_was_handed_over_arrives_while_its_engine_stands_still(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.inquiry = INQUIRY_REPEAT;
    plan.swarm.key_lifetime_ns = 12 * NS_PER_S;
    plan.swarm.bank_error_after = 200000;
    plan.swarm.net_late_request = 500000;
    plan.swarm.process_pause = 20000;
    plan.swarm.process_pause_ns = 15 * NS_PER_S;
    assert_true(run_seeds(state, plan, 30).end.settled > 30);
}

/* Every answer comes a second time, when another call may have its place. */
static void an_answer_told_twice_is_taken_once(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.net_told_twice = SWARM_MILLION;
    plan.swarm.calls = 2;
    plan.swarm.bank_error_after = 100000;
    plan.swarm.net_lost_answer = 100000;
    assert_int_equal(run_seeds(state, plan, 30).end.settled, 30 * 30);
}

/* Paid, its fee taken, and back at once, while its answer was lost: the repeat may ask for more
   than the account holds now. */
static void what_came_back_before_its_answer_may_be_repeated(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.inquiry = INQUIRY_REPEAT;
    plan.swarm.pool = POOL_AVAILABLE;
    plan.swarm.bank_swapped = 500000;
    plan.swarm.bank_reversed = 300000;
    plan.swarm.bank_reverse_ns = 0;
    plan.swarm.bank_fee = 500000;
    plan.swarm.account_no_dues = SWARM_MILLION;
    struct sim_result sum = run_seeds(state, plan, 30);
    assert_true(sum.end.settled + sum.end.parked == 30 * 30);
}

static void recoveries_that_die_again_lose_nothing(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.process_crashes = 12;
    plan.swarm.process_crash_gap = 100;
    plan.swarm.process_crash_deep = SWARM_MILLION;
    struct sim_result sum = run_seeds(state, plan, 30);
    assert_int_equal(sum.crashes, 12 * 30);
    assert_int_equal(sum.end.settled, 30 * 30);
}

/* A not-found must not count before the last byte can have arrived, whatever the clock says. */
static void a_database_clock_that_is_set_changes_no_payment(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.clock_step = SWARM_MILLION;
    plan.swarm.clock_step_ns = 3600 * NS_PER_S;
    plan.swarm.bank_late_accept = 200000;
    plan.swarm.net_lost_answer = 200000;
    plan.swarm.process_crashes = 3;
    plan.swarm.process_crash_gap = 50;
    plan.swarm.resolve_wait_ns = 30 * NS_PER_S;
    assert_int_equal(run_seeds(state, plan, 60).end.settled, 60 * 30);
}

static void a_database_that_takes_no_writes_for_a_while_is_waited_for(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.store_shut = 50000;
    plan.swarm.store_shut_ns = 60 * NS_PER_S;
    plan.swarm.chunk_records = 10;
    assert_int_equal(run_seeds(state, plan, 30).end.settled, 30 * 30);
}

static enum chunk_fate roll_back_the_third(struct script *script, const struct chunk *chunk,
                                           uint32_t nth)
{
    (void)script;
    (void)chunk;
    return nth == 3 ? CHUNK_ROLLED_BACK : CHUNK_GOOD;
}

static void a_commit_that_is_answered_with_rollback_is_not_written(void **state)
{
    static struct script script;
    script = (struct script){.chunk = roll_back_the_third};
    struct sim_plan plan = script_plan(&script, 10);
    plan.swarm.store_rolled_back = 1; // a run may stop for it
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 10);
    assert_true(result.runs >= 3);
}

static void poison_two(struct workload *workload)
{
    workload->accounts[4].is_poison = true;
    workload->accounts[7].is_poison = true;
    workload->accounts[4].repayment_minor = 100;
}

static void a_record_that_the_database_refuses_parks_its_settlement_alone(void **state)
{
    static struct script script;
    script = (struct script){.arrange = poison_two};
    struct sim_plan plan = script_plan(&script, 20);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.parked, 2);
    assert_int_equal(result.end.settled, 18);
}

static void four_months_follow_each_other(void **state)
{
    struct sim_plan plan = payday_plan(1, 30);
    plan.swarm.months = 4;
    plan.swarm.account_floor = 500000;
    plan.swarm.account_extra = 500000;
    plan.swarm.month_again = SWARM_MILLION;
    assert_int_equal(run_seeds(state, plan, 10).end.settled, 10 * 4 * 30);
}

static void leave_the_first_without_money(struct workload *workload)
{
    workload->accounts[0].deposits[0].at_ns = AT_NEVER;
    workload->accounts[1].deposits[0].at_ns = AT_NEVER; // and this one for good
    workload->accounts[1].deposits[1].at_ns = AT_NEVER;
}

static void an_older_month_without_its_money_is_in_the_way_of_the_next(void **state)
{
    static struct script script;
    script = (struct script){.arrange = leave_the_first_without_money};
    struct sim_plan plan = script_plan(&script, 3);
    plan.swarm.months = 2;
    plan.swarm.over = OVER_PAY;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.healed.blocked, 2); // of the second month
    assert_true(result.end.settled >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_stopped_and_taken_over_pays_nothing_twice),
        cmocka_unit_test(one_that_is_continued_soon_after_the_takeover_pays_nothing_twice),
        cmocka_unit_test(one_that_is_stopped_and_not_taken_over_goes_on),
        cmocka_unit_test(what_was_handed_over_arrives_while_its_engine_stands_still),
        cmocka_unit_test(an_answer_told_twice_is_taken_once),
        cmocka_unit_test(what_came_back_before_its_answer_may_be_repeated),
        cmocka_unit_test(recoveries_that_die_again_lose_nothing),
        cmocka_unit_test(a_database_clock_that_is_set_changes_no_payment),
        cmocka_unit_test(a_database_that_takes_no_writes_for_a_while_is_waited_for),
        cmocka_unit_test(a_commit_that_is_answered_with_rollback_is_not_written),
        cmocka_unit_test(a_record_that_the_database_refuses_parks_its_settlement_alone),
        cmocka_unit_test(four_months_follow_each_other),
        cmocka_unit_test(an_older_month_without_its_money_is_in_the_way_of_the_next),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
