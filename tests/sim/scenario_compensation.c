/*
 * Scenarios: going backwards. Repayment 100, hold 50, wages 1,000: what was done is undone, newest
 * first, and the money stays in the account for a later batch.
 */
#include "script.h"

#define CONFLICT(code)                                                                             \
    "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"         \
    "{\"type\":\"invalid_operation_error\",\"title\":\"no\",\"status\":409,\"code\":\"" code "\"}"

#define ALL_STEPS (1U << STEP_COLLECT | 1U << STEP_HOLD | 1U << STEP_PAYOUT)

static const struct call_plan good = {.fate = FATE_GOOD};
static const struct call_plan stopped = {.fate = FATE_SAID, .said = CONFLICT("account_stopped")};
static uint8_t rejected_step; /* what the script says no to */
static struct load_row at_the_end;

static void three_steps(struct workload *workload)
{
    for (uint32_t i = 0; i < workload_total(workload); i++)
        script_set(&workload->accounts[i], 100, 50, 1000);
}

static struct sim_plan compensated_plan(struct script *script)
{
    struct sim_plan plan = script_plan(script, 1);
    plan.swarm.compensated_steps = ALL_STEPS;
    return plan;
}

static bool see_the_end(struct script *script, struct payday *payday, uint32_t month,
                        enum sim_look look)
{
    (void)script, (void)month;
    if (look == LOOK_END)
        people_see(payday, 0, &at_the_end);
    return false;
}

static bool is_normal(const struct bank_call *call, uint8_t step)
{
    return script_is(call, CALL_TRANSFER, step) && call->order->kind == TRANSFER_NORMAL;
}

static bool is_undo(const struct bank_call *call, uint8_t step)
{
    return script_is(call, CALL_TRANSFER, step) && call->order->kind == TRANSFER_UNDO;
}

/* ---- a rejection at each step ---------------------------------------------------------------- */

static struct call_plan reject_step(struct script *script, const struct bank_call *call,
                                    uint32_t nth)
{
    (void)script, (void)nth;
    return is_normal(call, rejected_step) ? stopped : good;
}

static void rejected_at_each_step(void **state, bool hold_by_transfer)
{
    for (rejected_step = STEP_COLLECT; rejected_step <= STEP_PAYOUT; rejected_step++) {
        if (rejected_step == STEP_HOLD && !hold_by_transfer)
            continue;
        struct script script = {
            .arrange = three_steps, .call = reject_step, .persons = see_the_end};
        struct sim_plan plan = compensated_plan(&script);
        plan.script_lasts = true;
        plan.swarm.hold_by_transfer = hold_by_transfer;
        assert_int_equal(payday_run(state, &plan).end.compensated, 1);
        assert_int_equal(at_the_end.end_state, OUTCOME_COMPENSATED);
        assert_int_equal(at_the_end.end_payable_minor, 1000);
        assert_int_equal(at_the_end.end_held_minor + at_the_end.end_residue_minor, 0);
        assert_int_equal(script_count_kind(&script, STEP_COLLECT, TRANSFER_UNDO),
                         rejected_step > STEP_COLLECT);
        assert_int_equal(script_count_kind(&script, STEP_HOLD, TRANSFER_UNDO),
                         hold_by_transfer && rejected_step > STEP_HOLD);
        assert_int_equal(script_count_kind(&script, STEP_PAYOUT, TRANSFER_UNDO), 0);
    }
}

static void a_rejection_at_each_step_goes_back_to_the_deposit(void **state)
{
    rejected_at_each_step(state, false);
    rejected_at_each_step(state, true);
}

static void where_the_plan_says_park_nothing_is_undone(void **state)
{
    for (rejected_step = STEP_COLLECT; rejected_step <= STEP_PAYOUT; rejected_step++) {
        struct script script = {
            .arrange = three_steps, .call = reject_step, .persons = see_the_end};
        struct sim_plan plan = script_plan(&script, 1);
        plan.script_lasts = true;
        plan.swarm.hold_by_transfer = 1;
        plan.swarm.compensated_steps = ALL_STEPS & ~(1U << rejected_step);
        assert_int_equal(payday_run(state, &plan).end.parked, 1);
        assert_int_equal(at_the_end.done_steps, (1U << rejected_step) - 2);
        assert_string_equal(at_the_end.park_code, "account_stopped");
    }
}

/* ---- the undo itself ------------------------------------------------------------------------- */

static struct call_plan reject_payout_and_undo(struct script *script, const struct bank_call *call,
                                               uint32_t nth)
{
    (void)script, (void)nth;
    return is_normal(call, STEP_PAYOUT) || is_undo(call, STEP_COLLECT) ? stopped : good;
}

static void an_undo_that_is_refused_parks_and_is_not_tried_again_by_itself(void **state)
{
    struct script script = {
        .arrange = three_steps, .call = reject_payout_and_undo, .persons = see_the_end};
    struct sim_plan plan = compensated_plan(&script);
    plan.script_lasts = true;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script_count_kind(&script, STEP_COLLECT, TRANSFER_UNDO), 1);
    assert_true(at_the_end.is_compensating);
    assert_string_equal(at_the_end.park_code, "account_stopped");
    assert_int_equal(at_the_end.done_steps, 1U << STEP_DEPOSIT | 1U << STEP_COLLECT);
}

static bool release_what_is_parked(struct script *script, struct payday *payday, uint32_t month,
                                   enum sim_look look)
{
    struct load_row row;
    (void)month;
    people_see(payday, 0, &row);
    if (look != LOOK_BETWEEN || row.place != LOAD_PLACE_PARKED || script->asked != 0)
        return false;
    script->asked = script_ask(payday, 0, 0, REQUEST_RELEASE);
    return true;
}

static struct call_plan reject_undo_once(struct script *script, const struct bank_call *call,
                                         uint32_t nth)
{
    (void)nth;
    if (is_normal(call, STEP_PAYOUT))
        return stopped;
    return is_undo(call, STEP_COLLECT) && script_count_kind(script, STEP_COLLECT, 1) == 1 ? stopped
                                                                                          : good;
}

static void a_released_undo_gets_a_key_of_its_own(void **state)
{
    struct script script = {
        .arrange = three_steps, .call = reject_undo_once, .persons = release_what_is_parked};
    struct sim_plan plan = compensated_plan(&script);
    plan.swarm.person_visits = 1;
    assert_int_equal(payday_run(state, &plan).end.compensated, 1);
    assert_int_equal(script_count_kind(&script, STEP_COLLECT, TRANSFER_UNDO), 2);
    assert_int_equal(script.calls[script.call_count - 1].call_kind, CALL_BALANCE);
}

static struct call_plan lose_undo(struct script *script, const struct bank_call *call, uint32_t nth)
{
    (void)nth;
    if (is_normal(call, STEP_PAYOUT))
        return stopped;
    bool is_first = is_undo(call, STEP_COLLECT) && script_count_kind(script, STEP_COLLECT, 1) == 1;
    return is_first ? (struct call_plan){.fate = rejected_step == 0 ? FATE_LOST_ANSWER
                                                                    : FATE_LOST_REQUEST}
                    : good;
}

static void an_undo_in_doubt_is_found_out_like_any_transfer(void **state)
{
    for (rejected_step = 0; rejected_step <= 1; rejected_step++) {
        struct script script = {.arrange = three_steps, .call = lose_undo};
        struct sim_plan plan = compensated_plan(&script);
        assert_int_equal(payday_run(state, &plan).end.compensated, 1);
        assert_int_equal(script_count_kind(&script, STEP_COLLECT, TRANSFER_UNDO),
                         1 + rejected_step);
        assert_true(script_count(&script, CALL_INQUIRY, STEP_COLLECT) >= 1);
    }
}

static struct call_plan reject_payout_of_first(struct script *script, const struct bank_call *call,
                                               uint32_t nth)
{
    (void)script, (void)nth;
    return is_normal(call, STEP_PAYOUT) && settlement_position(call->settlement_id) == 1 ? stopped
                                                                                         : good;
}

/* The fee of an undo is taken from our own account, which pays it: nobody has to decide. The others
   see to it that money for it is there. */
static void a_fee_for_an_undo_is_ours(void **state)
{
    uint32_t undone = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct script script = {.arrange = three_steps, .call = reject_payout_of_first};
        struct sim_plan plan = compensated_plan(&script);
        plan.seed = seed;
        plan.accounts = 6;
        plan.swarm.bank_fee = 300000;
        plan.swarm.hold_by_transfer = seed % 2;
        plan.script_lasts = true;
        struct sim_result result = payday_run(state, &plan);
        undone += script_count_kind(&script, STEP_COLLECT, TRANSFER_UNDO);
        // A fee for a step itself is the person's, and parks.
        assert_int_equal(result.end.compensated, script_count_kind(&script, STEP_COLLECT, 1));
    }
    assert_true(undone > 3);
}

/* ---- doubt and crashes ----------------------------------------------------------------------- */

/* The payout is paid, its answer lost, and the repeat refused at the door: nothing is known. */
static struct call_plan doubt_payout(struct script *script, const struct bank_call *call,
                                     uint32_t nth)
{
    (void)nth;
    if (!is_normal(call, STEP_PAYOUT))
        return good;
    return script_count_kind(script, STEP_PAYOUT, 0) == 1
               ? (struct call_plan){.fate = FATE_LOST_ANSWER}
               : (struct call_plan){.fate = FATE_SAID, .said = CONFLICT("account_stopped")};
}

static void a_step_in_doubt_is_never_undone_nor_what_is_before_it(void **state)
{
    struct script script = {.arrange = three_steps, .call = doubt_payout};
    struct sim_plan plan = compensated_plan(&script);
    plan.swarm.inquiry = INQUIRY_REPEAT;
    plan.script_lasts = true;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script_count_kind(&script, STEP_COLLECT, TRANSFER_UNDO), 0);
}

static void a_way_back_survives_a_crash_at_every_moment(void **state)
{
    struct script script = {.arrange = three_steps, .call = reject_step};
    rejected_step = STEP_PAYOUT;
    struct sim_plan plan = compensated_plan(&script);
    plan.script_lasts = true;
    plan.swarm.hold_by_transfer = 1;
    uint64_t moments = payday_run(state, &plan).moments;
    for (uint64_t at = 1; at <= moments; at++) {
        script.call_count = 0;
        plan.crashes = &at;
        plan.crash_count = 1;
        assert_int_equal(payday_run(state, &plan).end.compensated, 1);
        assert_int_equal(script_count_kind(&script, STEP_COLLECT, TRANSFER_UNDO), 1);
        assert_int_equal(script_count_kind(&script, STEP_HOLD, TRANSFER_UNDO), 1);
    }
}

/* ---- the next month -------------------------------------------------------------------------- */

static struct call_plan reject_first_payout(struct script *script, const struct bank_call *call,
                                            uint32_t nth)
{
    (void)nth;
    return is_normal(call, STEP_PAYOUT) && script_count_kind(script, STEP_PAYOUT, 0) == 1 ? stopped
                                                                                          : good;
}

static bool see_second(struct script *script, struct payday *payday, uint32_t month,
                       enum sim_look look)
{
    (void)script, (void)month;
    if (look == LOOK_END)
        people_see(payday, 1, &at_the_end);
    return false;
}

static void the_next_month_pays_out_what_was_carried(void **state)
{
    struct script script = {
        .arrange = three_steps, .call = reject_first_payout, .persons = see_second};
    struct sim_plan plan = compensated_plan(&script);
    plan.swarm.months = 2;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.compensated, 1);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(at_the_end.floor_payable_minor, 1000);
    assert_int_equal(at_the_end.transfer.amount_minor, 2000 - 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rejection_at_each_step_goes_back_to_the_deposit),
        cmocka_unit_test(where_the_plan_says_park_nothing_is_undone),
        cmocka_unit_test(an_undo_that_is_refused_parks_and_is_not_tried_again_by_itself),
        cmocka_unit_test(a_released_undo_gets_a_key_of_its_own),
        cmocka_unit_test(an_undo_in_doubt_is_found_out_like_any_transfer),
        cmocka_unit_test(a_fee_for_an_undo_is_ours),
        cmocka_unit_test(a_step_in_doubt_is_never_undone_nor_what_is_before_it),
        cmocka_unit_test(a_way_back_survives_a_crash_at_every_moment),
        cmocka_unit_test(the_next_month_pays_out_what_was_carried),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
