/*
 * Scenarios: months in a row. What one leaves is where the next begins: held, payable, residue;
 * what came back after its end; what is given up.
 */
#include "script.h"

static const struct call_plan good = {.fate = FATE_GOOD};
static struct load_row first_end, second_end; /* as seen when all is over */

static void plain(struct workload *workload)
{
    for (uint32_t i = 0; i < workload_total(workload); i++)
        script_set(&workload->accounts[i], 100, 50, 1000);
}

static bool see_both(struct payday *payday, enum sim_look look)
{
    if (look == LOOK_END) {
        people_see(payday, 0, &first_end);
        people_see(payday, 1, &second_end);
    }
    return false;
}

static struct sim_plan months_plan(struct script *script, uint32_t months)
{
    struct sim_plan plan = script_plan(script, 1);
    plan.swarm.months = months;
    return plan;
}

/* ---- hold, and give back --------------------------------------------------------------------- */

static bool only_look(struct script *script, struct payday *payday, uint32_t month,
                      enum sim_look look)
{
    (void)script, (void)month;
    return see_both(payday, look);
}

static void what_one_month_holds_the_next_gives_back(void **state)
{
    for (uint32_t by_transfer = 0; by_transfer <= 1; by_transfer++) {
        struct script script = {.arrange = plain, .persons = only_look};
        struct sim_plan plan = months_plan(&script, 2);
        plan.swarm.unhold = 2; // the second month
        plan.swarm.hold_by_transfer = by_transfer;
        assert_int_equal(payday_run(state, &plan).end.settled, 2);
        // Held by transfer it lies in the suspense account: nothing is there to be given back.
        int64_t back = by_transfer == 0 ? 50 : 0;
        assert_int_equal(first_end.end_held_minor, back);
        assert_int_equal(second_end.transfer.amount_minor, 850 + back);
        assert_int_equal(second_end.end_held_minor, back);
    }
}

/* ---- residue --------------------------------------------------------------------------------- */

static void a_bit_more(struct workload *workload)
{
    plain(workload);
    // It comes while the payout is under way: no part of the deposit.
    workload->accounts[0].deposits[1] = (struct workload_deposit){400 * NS_PER_MS, 7};
}

static struct call_plan slow_payout(struct script *script, const struct bank_call *call,
                                    uint32_t nth)
{
    (void)script, (void)nth;
    return script_is(call, CALL_TRANSFER, STEP_PAYOUT)
               ? (struct call_plan){.fate = FATE_GOOD, .return_ns = 800 * NS_PER_MS}
               : good;
}

static bool release_residue(struct script *script, struct payday *payday, uint32_t month,
                            enum sim_look look)
{
    struct load_row row;
    people_see(payday, 0, &row);
    if (look == LOOK_BACK && month == 0 && row.place == LOAD_PLACE_ENDED && script->asked == 0) {
        script->asked = script_ask(payday, 0, 0, REQUEST_RELEASE);
        return true;
    }
    return see_both(payday, look);
}

static void residue_that_is_released_is_paid_with_the_next_wages(void **state)
{
    struct script script = {.arrange = a_bit_more, .call = slow_payout, .persons = release_residue};
    struct sim_plan plan = months_plan(&script, 2);
    assert_int_equal(payday_run(state, &plan).end.settled, 2);
    assert_int_equal(script.decision, DECISION_DONE);
    assert_int_equal(first_end.end_payable_minor, 7);
    assert_int_equal(first_end.end_residue_minor, 0);
    assert_int_equal(second_end.transfer.amount_minor, 857);
}

/* ---- short, and given up --------------------------------------------------------------------- */

static void first_wages_are_missing(struct workload *workload)
{
    plain(workload);
    workload->accounts[0].deposits[0].at_ns = AT_NEVER;
    workload->accounts[0].opening_minor = 30;
}

static bool supersede_first(struct script *script, struct payday *payday, uint32_t month,
                            enum sim_look look)
{
    if (look == LOOK_BACK && month == 0 && script->asked == 0) {
        script->asked = script_ask(payday, 0, 0, REQUEST_SUPERSEDE);
        return true;
    }
    return see_both(payday, look);
}

static void a_short_month_is_superseded_and_the_next_one_opens(void **state)
{
    struct script script = {.arrange = first_wages_are_missing, .persons = supersede_first};
    struct sim_plan plan = months_plan(&script, 2);
    plan.swarm.over = OVER_PAY;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.superseded, 1);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(first_end.end_held_minor, 30);
    assert_int_equal(second_end.floor_held_minor, 30);
}

/* ---- too much, and released ------------------------------------------------------------------ */

static void twice_the_wages(struct workload *workload)
{
    plain(workload);
    workload->accounts[0].deposits[0].amount_minor = 2000;
}

static bool release_parked(struct script *script, struct payday *payday, uint32_t month,
                           enum sim_look look)
{
    struct load_row row;
    (void)month;
    people_see(payday, 0, &row);
    if (look == LOOK_BETWEEN && row.place == LOAD_PLACE_PARKED && script->asked == 0) {
        script->asked = script_ask(payday, 0, 0, REQUEST_RELEASE);
        return true;
    }
    return see_both(payday, look);
}

static void an_over_deposit_is_parked_and_paid_when_it_is_released(void **state)
{
    struct script script = {.arrange = twice_the_wages, .persons = release_parked};
    struct sim_plan plan = months_plan(&script, 2);
    plan.swarm.person_visits = 1;
    assert_int_equal(payday_run(state, &plan).end.settled, 2);
    assert_int_equal(first_end.transfer.amount_minor, 1850);
    assert_int_equal(second_end.transfer.amount_minor, 850);
}

/* ---- what comes back after the end ----------------------------------------------------------- */

enum later_is { LATER_NOT_OPEN, LATER_FRESH, LATER_PARKED };
static enum later_is later_is; /* when somebody finds out that it came back */

static bool is_time_to_return(struct script *script, struct payday *payday, uint32_t month,
                              enum sim_look look)
{
    struct load_row first, second;
    people_see(payday, 0, &first);
    people_see(payday, 1, &second);
    if (first.place != LOAD_PLACE_ENDED || script->asked != 0)
        return false;
    if (later_is == LATER_NOT_OPEN)
        return look == LOOK_BACK && month == 0;
    enum load_place wanted = later_is == LATER_FRESH ? LOAD_PLACE_FRESH : LOAD_PLACE_PARKED;
    return look == LOOK_BETWEEN && month == 1 && second.state == LOAD_STATE_OPEN &&
           second.place == wanted && ++script->looks == 3; // by then it has come back
}

static bool return_payout(struct script *script, struct payday *payday, uint32_t month,
                          enum sim_look look)
{
    if (!is_time_to_return(script, payday, month, look))
        return see_both(payday, look);
    const struct load_request returned = {
        .kind = REQUEST_RETURN, .step = STEP_PAYOUT, .generation = 1};
    const struct load_request raise = {.kind = REQUEST_RAISE, .amount_minor = 850};
    script->asked = people_file(payday, 0, 0, &returned);
    if (later_is != LATER_NOT_OPEN)
        (void)people_file(payday, 1, script->asked, &raise);
    return true;
}

/* The payout of the first month comes back, long after its end. */
static struct sim_result payout_comes_back(void **state, enum later_is later,
                                           void (*arrange)(struct workload *))
{
    static struct script script;
    script = (struct script){.arrange = arrange, .persons = return_payout};
    later_is = later;
    struct sim_plan plan = months_plan(&script, 2);
    plan.decide_call = NULL;
    plan.swarm.bank_reversed = SWARM_MILLION;
    plan.swarm.bank_reverse_ns = (later == LATER_NOT_OPEN ? 8 : 30) * NS_PER_S;
    plan.swarm.month_again = SWARM_MILLION; // so that the first month's run answers
    plan.swarm.person_visits = 3;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(script.decision, DECISION_DONE);
    assert_int_equal(first_end.end_state, OUTCOME_RETURNED);
    assert_int_equal(first_end.end_payable_minor, 850);
    return result;
}

static void no_dues(struct workload *workload)
{
    for (uint32_t i = 0; i < workload_total(workload); i++)
        script_set(&workload->accounts[i], 0, 150, 1000);
}

static void what_came_back_before_the_next_month_is_paid_with_it(void **state)
{
    (void)payout_comes_back(state, LATER_NOT_OPEN, no_dues);
    assert_int_equal(second_end.floor_payable_minor, 850);
    assert_int_equal(second_end.transfer.amount_minor, 1700);
}

static void late_second_wages(struct workload *workload)
{
    no_dues(workload);
    workload->accounts[1].deposits[0].at_ns = 120 * NS_PER_S;
}

static void what_came_back_before_the_next_deposit_raises_its_floor(void **state)
{
    assert_int_equal(payout_comes_back(state, LATER_FRESH, late_second_wages).end.settled, 1);
    assert_int_equal(second_end.deposit_minor, 1000);
    assert_int_equal(second_end.floor_payable_minor, 850);
    assert_int_equal(second_end.transfer.amount_minor, 1700);
}

static void too_much_in_the_second(struct workload *workload)
{
    no_dues(workload);
    workload->accounts[1].deposits[0].amount_minor = 2000;
}

static void what_came_back_after_the_next_deposit_is_residue_there(void **state)
{
    assert_int_equal(payout_comes_back(state, LATER_PARKED, too_much_in_the_second).end.parked, 1);
    assert_int_equal(second_end.deposit_minor, 2000);
    assert_int_equal(second_end.floor_payable_minor, 0);
    assert_int_equal(second_end.floor_residue_minor, 850);
    assert_string_equal(second_end.park_code, "over_deposit");
}

/* ---- what is to come after something that is not done -----------------------------------------
 */

static bool raise_for_nothing(struct script *script, struct payday *payday, uint32_t month,
                              enum sim_look look)
{
    const struct load_request returned = {
        .kind = REQUEST_RETURN, .step = STEP_PAYOUT, .generation = 1};
    const struct load_request raise = {.kind = REQUEST_RAISE, .amount_minor = 850};
    static uint64_t returns;
    if (look == LOOK_BACK && month == 0 && script->looks++ == 0) {
        returns = people_file(payday, 0, 0, &returned);
        return true;
    }
    if (look == LOOK_MEANWHILE && month == 1 && script->asked == 0)
        script->asked = people_file(payday, 1, returns, &raise);
    return see_both(payday, look);
}

static struct call_plan slow_looks(struct script *script, const struct bank_call *call,
                                   uint32_t nth)
{
    (void)script, (void)nth;
    return (struct call_plan){.fate = FATE_GOOD,
                              .return_ns = call->call_kind == CALL_BALANCE ? 400 * NS_PER_MS : 0};
}

/* The payout did not come back, the bank says: and so the next month's floor must not be raised,
   wherever that settlement is by then. */
static void nothing_is_raised_after_a_return_that_was_refused(void **state)
{
    struct script script = {.arrange = no_dues, .call = slow_looks, .persons = raise_for_nothing};
    struct sim_plan plan = months_plan(&script, 2);
    assert_int_equal(payday_run(state, &plan).end.settled, 2);
    assert_int_equal(script.decision, DECISION_REFUSED);
    assert_int_equal(second_end.transfer.amount_minor, 850);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_month_holds_the_next_gives_back),
        cmocka_unit_test(residue_that_is_released_is_paid_with_the_next_wages),
        cmocka_unit_test(a_short_month_is_superseded_and_the_next_one_opens),
        cmocka_unit_test(an_over_deposit_is_parked_and_paid_when_it_is_released),
        cmocka_unit_test(what_came_back_before_the_next_month_is_paid_with_it),
        cmocka_unit_test(what_came_back_before_the_next_deposit_raises_its_floor),
        cmocka_unit_test(what_came_back_after_the_next_deposit_is_residue_there),
        cmocka_unit_test(nothing_is_raised_after_a_return_that_was_refused),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
