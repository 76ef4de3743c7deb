/*
 * Scenarios: deposits that do not come, come in parts or are too much; accounts that need a person.
 * A scenario with faults over is healed by itself: missing money comes for every other account.
 */
#include <string.h>

#include "script.h"

static void set_account(struct workload_account *account, int64_t repayment, int64_t hold,
                        int64_t wages)
{
    account->repayment_minor = repayment;
    account->hold_minor = hold;
    account->expected_minor = wages;
    account->deposits[0] = (struct workload_deposit){NS_PER_MS, wages};
    account->deposits[1] = (struct workload_deposit){AT_NEVER, 0};
}

static uint32_t calls_for(const struct script *script, const char *account, enum call_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < script->call_count; i++)
        count +=
            script->calls[i].call_kind == kind && strcmp(script->calls[i].account, account) == 0;
    return count;
}

/* ---- deposits -------------------------------------------------------------------------------- */

static void every_deposit_is_missing(struct workload *workload)
{
    for (uint32_t i = 0; i < workload->count; i++) {
        set_account(&workload->accounts[i], 100, 50, 1000);
        workload->accounts[i].deposits[0].at_ns = AT_NEVER;
    }
}

static void a_missing_deposit_ends_short_and_settles_once_it_came(void **state)
{
    struct script script = {.arrange = every_deposit_is_missing};
    struct sim_plan plan = script_plan(&script, 10);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.healed.is_short, 10);
    assert_int_equal(result.healed.settled, 0);
    // Then the money of every other account came.
    assert_int_equal(result.end.settled, 5);
    assert_int_equal(result.end.is_short, 5);
    assert_int_equal(result.transfers, 10);
}

static void a_run_ends_although_the_bank_cannot_answer_all_within_a_poll_interval(void **state)
{
    struct script script = {.arrange = every_deposit_is_missing};
    struct sim_plan plan = script_plan(&script, 50);
    plan.swarm.slots = 16;
    plan.swarm.rate_per_s = 20;
    plan.swarm.burst = 1;
    plan.swarm.poll_interval_ns = 500 * NS_PER_MS;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.is_short, 25);
}

static void one_comes_in_two_parts(struct workload *workload)
{
    set_account(&workload->accounts[0], 100, 50, 1000);
    workload->accounts[0].deposits[0].amount_minor = 600;
    workload->accounts[0].deposits[1] = (struct workload_deposit){2 * NS_PER_S, 400};
    set_account(&workload->accounts[1], 100, 50, 1000);
}

static void a_part_of_the_expected_money_moves_nothing(void **state)
{
    struct script script = {.arrange = one_comes_in_two_parts};
    struct sim_plan plan = script_plan(&script, 2);
    plan.swarm.poll_interval_ns = NS_PER_S;
    // A slow bank: the other account keeps the run going until the rest has come.
    plan.swarm.bank_latency_ns = 2 * NS_PER_S;
    plan.swarm.call_timeout_ns = 4 * NS_PER_S;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.healed.settled, 2);
    assert_true(calls_for(&script, "1100000001", CALL_BALANCE) >= 3);
    assert_int_equal(script_count(&script, CALL_TRANSFER, 0), 4);
}

static void more_than_expected_came(struct workload *workload)
{
    set_account(&workload->accounts[0], 100, 50, 1000);
    set_account(&workload->accounts[1], 100, 50, 1000);
    workload->accounts[0].deposits[0].amount_minor = 1500;
    workload->accounts[1].deposits[0].amount_minor = 1501;
}

static void over_one_and_a_half_times_expected_parks_untouched(void **state)
{
    struct script script = {.arrange = more_than_expected_came};
    struct sim_plan plan = script_plan(&script, 2);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(result.end.parked, 1);
    assert_int_equal(calls_for(&script, "1100000002", CALL_TRANSFER), 0);
}

static void the_same_is_paid_where_the_policy_says_so(void **state)
{
    struct script script = {.arrange = more_than_expected_came};
    struct sim_plan plan = script_plan(&script, 2);
    plan.swarm.over = OVER_PAY;
    assert_int_equal(payday_run(state, &plan).end.settled, 2);
}

/* ---- nothing to move ------------------------------------------------------------------------- */

static void three_kinds_of_nothing(struct workload *workload)
{
    set_account(&workload->accounts[0], 0, 0, 1000);     // all of it is paid out
    set_account(&workload->accounts[1], 700, 300, 1000); // nothing is left
    set_account(&workload->accounts[2], 0, 1000, 1000);  // all of it is kept
}

static void steps_of_amount_zero_are_skipped(void **state)
{
    struct script script = {.arrange = three_kinds_of_nothing};
    struct sim_plan plan = script_plan(&script, 3);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 3);
    assert_int_equal(calls_for(&script, "1100000001", CALL_TRANSFER), 1);
    assert_int_equal(calls_for(&script, "1100000002", CALL_TRANSFER), 1);
    assert_int_equal(calls_for(&script, "1100000003", CALL_TRANSFER), 0);
}

static void one_follows_another(struct workload *workload)
{
    set_account(&workload->accounts[0], 100, 50, 1000);
    workload->accounts[0].floor_held_minor = 40;
    workload->accounts[0].floor_payable_minor = 30;
    workload->accounts[0].floor_residue_minor = 2;
    set_account(&workload->accounts[1], 100, 50, 1000);
    workload->accounts[1].opening_minor = 77;
}

static void what_lay_in_the_account_before_is_no_deposit(void **state)
{
    struct script script = {.arrange = one_follows_another};
    struct sim_plan plan = script_plan(&script, 2);
    plan.swarm.hold_by_transfer = 1;
    assert_int_equal(payday_run(state, &plan).end.settled, 2);
    plan.swarm.hold_by_transfer = 0;
    assert_int_equal(payday_run(state, &plan).end.settled, 2);
}

/* ---- accounts that need a person ------------------------------------------------------------- */

static void one_is_stopped(struct workload *workload)
{
    for (uint32_t i = 0; i < workload->count; i++)
        set_account(&workload->accounts[i], 100, 50, 1000);
    workload->accounts[2].is_payout_stopped = true;
}

static void a_stopped_payout_account_parks_and_the_others_settle(void **state)
{
    struct script script = {.arrange = one_is_stopped};
    struct sim_plan plan = script_plan(&script, 6);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 5);
    assert_int_equal(result.end.parked, 1);
    assert_int_equal(calls_for(&script, "1100000003", CALL_TRANSFER), 2);
}

static void one_is_blocked(struct workload *workload)
{
    for (uint32_t i = 0; i < workload->count; i++)
        set_account(&workload->accounts[i], 100, 50, 1000);
    workload->accounts[4].is_blocked = true;
}

static void a_blocked_account_waits_alone(void **state)
{
    struct script script = {.arrange = one_is_blocked};
    struct sim_plan plan = script_plan(&script, 6);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 5);
    assert_int_equal(result.end.blocked, 1);
    assert_int_equal(calls_for(&script, "1100000005", CALL_BALANCE), 0);
    assert_int_equal(calls_for(&script, "1100000005", CALL_TRANSFER), 0);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void a_second_run_asks_nothing_of_the_bank(void **state)
{
    struct script script = {0};
    struct sim_plan plan = script_plan(&script, 20);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 20);
    assert_int_equal(result.runs, 3); // the payday, the one after healing, one more
    assert_int_equal(result.last_run_transfers, 0);
    assert_int_equal(result.polls, 40);
    assert_int_equal(result.transfers, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_deposit_ends_short_and_settles_once_it_came),
        cmocka_unit_test(a_run_ends_although_the_bank_cannot_answer_all_within_a_poll_interval),
        cmocka_unit_test(a_part_of_the_expected_money_moves_nothing),
        cmocka_unit_test(over_one_and_a_half_times_expected_parks_untouched),
        cmocka_unit_test(the_same_is_paid_where_the_policy_says_so),
        cmocka_unit_test(steps_of_amount_zero_are_skipped),
        cmocka_unit_test(what_lay_in_the_account_before_is_no_deposit),
        cmocka_unit_test(a_stopped_payout_account_parks_and_the_others_settle),
        cmocka_unit_test(a_blocked_account_waits_alone),
        cmocka_unit_test(a_second_run_asks_nothing_of_the_bank),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
