/*
 * Scenarios: transfers in doubt, and how they are found out.
 */
#include "script.h"

#define CONFLICT(code)                                                                             \
    "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"         \
    "{\"type\":\"invalid_operation_error\",\"title\":\"no\",\"status\":409,\"code\":\"" code "\"}"

static const struct call_plan good = {.fate = FATE_GOOD};

/* ---- the answer is lost ---------------------------------------------------------------------- */

static struct call_plan lose_first_answer(struct script *script, const struct bank_call *call,
                                          uint32_t nth)
{
    (void)script;
    bool is_first = script_is(call, CALL_TRANSFER, STEP_COLLECT) && nth == 1;
    return is_first ? (struct call_plan){.fate = FATE_LOST_ANSWER} : good;
}

static void an_answer_lost_after_the_work_is_found_by_asking(void **state)
{
    struct script script = {.call = lose_first_answer};
    struct sim_plan plan = script_plan(&script, 1);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
    assert_int_equal(script_count(&script, CALL_INQUIRY, STEP_COLLECT), 1);
}

static struct call_plan cut_first_answer(struct script *script, const struct bank_call *call,
                                         uint32_t nth)
{
    (void)script;
    if (!script_is(call, CALL_TRANSFER, STEP_PAYOUT) || nth > 2)
        return good;
    return (struct call_plan){.fate = nth == 2 ? FATE_CUT_ANSWER : FATE_SURPLUS_ANSWER};
}

static void an_answer_cut_short_or_too_long_proves_nothing(void **state)
{
    struct script script = {.call = cut_first_answer};
    struct sim_plan plan = script_plan(&script, 1);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_PAYOUT), 1);
    assert_int_equal(script_count(&script, CALL_INQUIRY, STEP_PAYOUT), 1);
}

/* ---- the bank never got it ------------------------------------------------------------------- */

static struct call_plan lose_first_request(struct script *script, const struct bank_call *call,
                                           uint32_t nth)
{
    (void)script;
    bool is_first = script_is(call, CALL_TRANSFER, STEP_COLLECT) && nth == 1;
    return is_first ? (struct call_plan){.fate = FATE_LOST_REQUEST} : good;
}

static void a_lost_request_is_sent_again_after_two_not_founds_that_count(void **state)
{
    struct script script = {.call = lose_first_request};
    struct sim_plan plan = script_plan(&script, 1);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 2);
    assert_true(script_count(&script, CALL_INQUIRY, STEP_COLLECT) >= 2);
    // Both counted ones lie after last possible send and processing time.
    assert_true(result.virtual_ns >=
                plan.swarm.send_before_ns + plan.swarm.linger_ns + plan.swarm.processing_ns);
}

static struct call_plan refuse_first_connection(struct script *script, const struct bank_call *call,
                                                uint32_t nth)
{
    (void)script;
    return call->call_kind == CALL_TRANSFER && nth == 1 ? (struct call_plan){.fate = FATE_REFUSED}
                                                        : good;
}

static void a_refused_connection_is_no_doubt(void **state)
{
    struct script script = {.call = refuse_first_connection};
    struct sim_plan plan = script_plan(&script, 1);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 2);
    assert_int_equal(script_count(&script, CALL_INQUIRY, 0), 0);
}

/* ---- the bank gets it late ------------------------------------------------------------------- */

static struct call_plan delay_first_request(struct script *script, const struct bank_call *call,
                                            uint32_t nth)
{
    (void)script;
    bool is_first = script_is(call, CALL_TRANSFER, STEP_COLLECT) && nth == 1;
    return is_first ? (struct call_plan){.fate = FATE_GOOD, .travel_ns = 1900 * NS_PER_MS} : good;
}

static void a_late_accept_after_a_not_found_is_not_paid_again(void **state)
{
    struct script script = {.call = delay_first_request};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.call_timeout_ns = 100 * NS_PER_MS;
    plan.swarm.linger_ns = 2 * NS_PER_S;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
    assert_true(script_count(&script, CALL_INQUIRY, STEP_COLLECT) >= 2);
}

/* ---- a refused repeat ------------------------------------------------------------------------ */

/* Send 1 is lost; the two not-founds are true; send 2 is refused before the key is looked at. */
static struct call_plan refuse_the_repeat(struct script *script, const struct bank_call *call,
                                          uint32_t nth)
{
    (void)script;
    if (!script_is(call, CALL_TRANSFER, STEP_COLLECT))
        return good;
    if (nth == 1)
        return (struct call_plan){.fate = FATE_LOST_REQUEST};
    return nth == 2 ? (struct call_plan){.fate = FATE_SAID, .said = CONFLICT("account_stopped")}
                    : good;
}

static void a_4xx_on_a_repeat_is_asked_for_before_it_is_a_rejection(void **state)
{
    struct script script = {.call = refuse_the_repeat};
    struct sim_plan plan = script_plan(&script, 1);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.parked, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 2);
    assert_true(script_count(&script, CALL_INQUIRY, STEP_COLLECT) >= 4);
}

/* The repeat is refused by a gateway although the bank did it. */
static struct call_plan refuse_after_the_work(struct script *script, const struct bank_call *call,
                                              uint32_t nth)
{
    (void)script;
    if (!script_is(call, CALL_TRANSFER, STEP_COLLECT))
        return good;
    if (nth == 1)
        return (struct call_plan){.fate = FATE_LOST_REQUEST};
    return nth == 2
               ? (struct call_plan){.fate = FATE_SAID_AFTER, .said = CONFLICT("limit_exceeded")}
               : good;
}

static void a_4xx_on_a_repeat_that_was_done_is_accepted(void **state)
{
    struct script script = {.call = refuse_after_the_work};
    struct sim_plan plan = script_plan(&script, 1);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 2);
}

/* ---- rejected for now ------------------------------------------------------------------------ */

static struct call_plan limit_first(struct script *script, const struct bank_call *call,
                                    uint32_t nth)
{
    (void)script;
    bool is_first = script_is(call, CALL_TRANSFER, STEP_COLLECT) && nth == 1;
    return is_first ? (struct call_plan){.fate = FATE_SAID, .said = CONFLICT("limit_exceeded")}
                    : good;
}

static void rejected_later_gets_a_new_generation_after_a_while(void **state)
{
    struct script script = {.call = limit_first};
    struct sim_plan plan = script_plan(&script, 1);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 1);
    assert_int_equal(script_count(&script, CALL_INQUIRY, 0), 0);
    uint32_t first = script_first(&script, CALL_TRANSFER, STEP_COLLECT);
    assert_int_equal(script.calls[first].generation, 1);
    assert_int_equal(script.calls[first + 1].generation, 2);
}

static struct call_plan limit_always(struct script *script, const struct bank_call *call,
                                     uint32_t nth)
{
    (void)script, (void)nth;
    return script_is(call, CALL_TRANSFER, STEP_COLLECT)
               ? (struct call_plan){.fate = FATE_SAID, .said = CONFLICT("limit_exceeded")}
               : good;
}

static void rejected_again_and_again_parks(void **state)
{
    struct script script = {.call = limit_always};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.later_tries = 3;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.parked, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 3);
}

/* ---- crashes --------------------------------------------------------------------------------- */

/* Of all moments to die, one lies between the intent's commit and its send: then the bank is asked
   before anything is sent. One lies between the send and its answer: then nothing is sent again. */
static void a_crash_between_commit_and_send_asks_first(void **state)
{
    struct script script = {0};
    struct sim_plan plan = script_plan(&script, 1);
    uint64_t moments = payday_run(state, &plan).moments;
    bool asked_first = false, found = false;
    for (uint64_t at = 1; at <= moments; at++) {
        script.call_count = 0;
        plan.crashes = &at;
        plan.crash_count = 1;
        assert_int_equal(payday_run(state, &plan).end.settled, 1);
        assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
        assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_PAYOUT), 1);
        uint32_t asked = script_first(&script, CALL_INQUIRY, STEP_COLLECT);
        uint32_t sent = script_first(&script, CALL_TRANSFER, STEP_COLLECT);
        asked_first |= asked < sent;
        found |= asked != UINT32_MAX && asked > sent;
    }
    assert_true(asked_first);
    assert_true(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_lost_after_the_work_is_found_by_asking),
        cmocka_unit_test(an_answer_cut_short_or_too_long_proves_nothing),
        cmocka_unit_test(a_lost_request_is_sent_again_after_two_not_founds_that_count),
        cmocka_unit_test(a_refused_connection_is_no_doubt),
        cmocka_unit_test(a_late_accept_after_a_not_found_is_not_paid_again),
        cmocka_unit_test(a_4xx_on_a_repeat_is_asked_for_before_it_is_a_rejection),
        cmocka_unit_test(a_4xx_on_a_repeat_that_was_done_is_accepted),
        cmocka_unit_test(rejected_later_gets_a_new_generation_after_a_while),
        cmocka_unit_test(rejected_again_and_again_parks),
        cmocka_unit_test(a_crash_between_commit_and_send_asks_first),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
