/*
 * Scenarios: what a bank keeps under a key, for how long, and how it can be asked.
 */
#include "script.h"

#define CONFLICT(code)                                                                             \
    "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"         \
    "{\"type\":\"invalid_operation_error\",\"title\":\"no\",\"status\":409,\"code\":\"" code "\"}"

static const struct call_plan good = {.fate = FATE_GOOD};

static bool is_collect(const struct bank_call *call)
{
    return script_is(call, CALL_TRANSFER, STEP_COLLECT);
}

/* The newest generation that was sent. */
static uint16_t newest_generation(const struct script *script)
{
    uint16_t newest = 0;
    for (uint32_t i = 0; i < script->call_count; i++)
        if (script->calls[i].generation > newest)
            newest = script->calls[i].generation;
    return newest;
}

static struct call_plan lose_first_answer(struct script *script, const struct bank_call *call,
                                          uint32_t nth)
{
    (void)script;
    return is_collect(call) && nth == 1 ? (struct call_plan){.fate = FATE_LOST_ANSWER} : good;
}

static struct call_plan lose_every_answer(struct script *script, const struct bank_call *call,
                                          uint32_t nth)
{
    (void)script, (void)nth;
    return is_collect(call) ? (struct call_plan){.fate = FATE_LOST_ANSWER} : good;
}

/* ---- a bank that cannot be asked ------------------------------------------------------------- */

static void without_an_inquiry_what_is_in_doubt_parks(void **state)
{
    struct script script = {.call = lose_first_answer};
    struct sim_plan plan = script_plan(&script, 3);
    plan.swarm.inquiry = INQUIRY_NONE;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.parked, 3);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 3);
    assert_int_equal(script_count(&script, CALL_INQUIRY, 0), 0);
}

static void without_an_inquiry_what_is_clear_goes_on(void **state)
{
    struct script script = {0};
    struct sim_plan plan = script_plan(&script, 3);
    plan.swarm.inquiry = INQUIRY_NONE;
    assert_int_equal(payday_run(state, &plan).end.settled, 3);
}

/* ---- the same key again is the question ------------------------------------------------------ */

static void a_repeat_of_a_lost_answer_is_the_answer(void **state)
{
    struct script script = {.call = lose_first_answer};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.inquiry = INQUIRY_REPEAT;
    plan.swarm.repeat_delay_ns = 2 * NS_PER_S; // the auditor looks that it is kept
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 2);
    assert_int_equal(script_count(&script, CALL_INQUIRY, 0), 0);
    assert_true(result.virtual_ns > plan.swarm.repeat_delay_ns);
}

/* The first was done; the repeat is looked at for funds before its key is. */
static struct call_plan refuse_the_repeat(struct script *script, const struct bank_call *call,
                                          uint32_t nth)
{
    (void)script;
    if (!is_collect(call) || nth > 2)
        return good;
    return nth == 1 ? (struct call_plan){.fate = FATE_LOST_ANSWER}
                    : (struct call_plan){.fate = FATE_SAID_AFTER,
                                         .said = CONFLICT("insufficient_funds")};
}

static void a_refused_repeat_of_what_was_done_is_never_a_rejection(void **state)
{
    struct script script = {.call = refuse_the_repeat};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.inquiry = INQUIRY_REPEAT;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 2);
    assert_int_equal(newest_generation(&script), 1);
}

/* ---- keys that expire ------------------------------------------------------------------------ */

static void a_repeat_stops_before_its_key_expires_and_parks(void **state)
{
    struct script script = {.call = lose_every_answer};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.inquiry = INQUIRY_REPEAT;
    plan.swarm.key_lifetime_ns = 20 * NS_PER_S; // the mock bank pays again after it
    plan.script_lasts = true;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.parked, 1);
    assert_true(script_count(&script, CALL_TRANSFER, STEP_COLLECT) > 3);
    assert_int_equal(newest_generation(&script), 1);
}

static struct call_plan silence_for_long(struct script *script, const struct bank_call *call,
                                         uint32_t nth)
{
    (void)script;
    bool is_lost = is_collect(call) || (call->call_kind == CALL_INQUIRY && nth <= 12);
    return is_lost ? (struct call_plan){.fate = FATE_LOST_REQUEST} : good;
}

/* No inquiry is answered while the key lives: what it says afterwards proves nothing. */
static void a_not_found_after_the_key_has_expired_proves_nothing(void **state)
{
    struct script script = {.call = silence_for_long};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.key_lifetime_ns = 10 * NS_PER_S;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.parked, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
}

static void a_pending_transfer_whose_key_is_forgotten_parks(void **state)
{
    struct script script = {0};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.bank_processing = SWARM_MILLION;
    plan.swarm.bank_settle_ns = 30 * NS_PER_S;
    plan.swarm.key_lifetime_ns = 12 * NS_PER_S;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
}

/* ---- an inquiry that lags -------------------------------------------------------------------- */

static void an_inquiry_that_forgets_for_a_while_makes_no_second_transfer(void **state)
{
    struct script script = {.call = lose_first_answer};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.bank_lagging = SWARM_MILLION;
    plan.swarm.bank_lag_ns = plan.swarm.processing_ns;
    assert_int_equal(payday_run(state, &plan).end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
    assert_true(script_count(&script, CALL_INQUIRY, STEP_COLLECT) > 1);
}

/* ---- refused keys that leave nothing --------------------------------------------------------- */

/* The first request is still on its way; the repeat is refused, and nothing is kept of it. */
static struct call_plan refuse_while_the_first_is_under_way(struct script *script,
                                                            const struct bank_call *call,
                                                            uint32_t nth)
{
    (void)script;
    if (!is_collect(call))
        return good;
    if (nth == 1)
        return (struct call_plan){.fate = FATE_GOOD, .travel_ns = 15 * NS_PER_S};
    return (struct call_plan){.fate = FATE_SAID, .said = CONFLICT("limit_exceeded")};
}

static void no_new_key_while_the_first_request_may_be_under_way(void **state)
{
    struct script script = {.call = refuse_while_the_first_is_under_way};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.linger_ns = 20 * NS_PER_S;
    plan.swarm.linger_unknown = 1;
    plan.swarm.call_timeout_ns = 100 * NS_PER_MS;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 2);
    assert_int_equal(newest_generation(&script), 1);
}

static void stop_payouts(struct workload *workload)
{
    workload->accounts[0].is_payout_stopped = true;
}

static struct call_plan lose_first_payout(struct script *script, const struct bank_call *call,
                                          uint32_t nth)
{
    (void)script;
    bool is_first = script_is(call, CALL_TRANSFER, STEP_PAYOUT) && nth == 2; // after collect
    return is_first ? (struct call_plan){.fate = FATE_LOST_ANSWER} : good;
}

/* The no to the first was lost, and its key is not known any more: sent again, refused again. */
static void a_refusal_that_left_no_record_is_asked_for_again(void **state)
{
    struct script script = {.call = lose_first_payout, .arrange = stop_payouts};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.bank_forget_refused = SWARM_MILLION;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_PAYOUT), 2);
    assert_true(script_count(&script, CALL_INQUIRY, STEP_PAYOUT) >= 4);
    assert_int_equal(newest_generation(&script), 1);
}

/* ---- a repeat that reads differently --------------------------------------------------------- */

static struct call_plan change_the_repeat(struct script *script, const struct bank_call *call,
                                          uint32_t nth)
{
    (void)script;
    if (!is_collect(call))
        return good;
    return (struct call_plan){.fate = nth == 1 ? FATE_LOST_REQUEST : FATE_CHANGED};
}

static void a_repeat_that_reads_differently_is_asked_for_and_parks(void **state)
{
    struct script script = {.call = change_the_repeat};
    struct sim_plan plan = script_plan(&script, 1);
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 2);
    plan.swarm.inquiry = INQUIRY_REPEAT;
    script.call_count = 0;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script_count(&script, CALL_INQUIRY, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_inquiry_what_is_in_doubt_parks),
        cmocka_unit_test(without_an_inquiry_what_is_clear_goes_on),
        cmocka_unit_test(a_repeat_of_a_lost_answer_is_the_answer),
        cmocka_unit_test(a_refused_repeat_of_what_was_done_is_never_a_rejection),
        cmocka_unit_test(a_repeat_stops_before_its_key_expires_and_parks),
        cmocka_unit_test(a_not_found_after_the_key_has_expired_proves_nothing),
        cmocka_unit_test(a_pending_transfer_whose_key_is_forgotten_parks),
        cmocka_unit_test(an_inquiry_that_forgets_for_a_while_makes_no_second_transfer),
        cmocka_unit_test(no_new_key_while_the_first_request_may_be_under_way),
        cmocka_unit_test(a_refusal_that_left_no_record_is_asked_for_again),
        cmocka_unit_test(a_repeat_that_reads_differently_is_asked_for_and_parks),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
