/*
 * Scenarios: what a bank answers: wrong, another's, oddly framed, hostile, pending, taken back,
 * with a fee; and accounts that share one.
 */
#include <string.h>

#include "base/text.h"
#include "script.h"

static const struct call_plan good = {.fate = FATE_GOOD};

static bool is_collect(const struct bank_call *call)
{
    return script_is(call, CALL_TRANSFER, STEP_COLLECT);
}

/* ---- answers that prove nothing -------------------------------------------------------------- */

/* Each strikes two answers of five, until the faults end. */
static void no_way_to_answer_wrongly_makes_a_second_transfer(void **state)
{
    static const size_t faults[] = {
        offsetof(struct swarm, bank_wrong_key),      offsetof(struct swarm, bank_wrong_amount),
        offsetof(struct swarm, bank_wrong_currency), offsetof(struct swarm, bank_swapped),
        offsetof(struct swarm, bank_error_after),    offsetof(struct swarm, bank_lost_after),
        offsetof(struct swarm, bank_late_accept),    offsetof(struct swarm, bank_drip),
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct sim_plan plan = payday_plan(i + 1, 20);
        plan.swarm.bank_drip_ns = 5 * NS_PER_MS; // an answer takes longer than the call may
        memcpy((char *)&plan.swarm + faults[i], &(uint64_t){400000}, sizeof(uint64_t));
        struct sim_result result = payday_run(state, &plan);
        assert_int_equal(result.end.settled, 20);
        assert_true(result.inquiries > 0);
    }
}

static void no_odd_frame_makes_a_second_transfer(void **state)
{
    struct sim_plan plan = payday_plan(1, 40);
    plan.swarm.bank_framing = 60000; // each of nine
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 40);
    assert_true(result.inquiries > 0);
}

#define SAID(status, head, body)                                                                   \
    "HTTP/1.1 " status "\r\nContent-Type: application/json\r\n" head "\r\n" body

static const char *const odd_answers[] = {
    SAID("500 No", "", "{\"type\":\"internal_server_error\"}"),
    SAID("502 No", "", "<html>bad gateway</html>"),
    SAID("504 No", "", ""),
    SAID("408 No", "", "{\"type\":\"request_timeout\"}"),
    SAID("409 No", "", "{\"type\":\"idempotency_concurrency_error\"}"),
    SAID("422 No", "", "{\"type\":\"invalid_operation_error\"}"),
    SAID("200 OK", "", "{}"),
    SAID("200 OK", "", "[]"),
    SAID("200 OK", "", "{\"status\":\"complete\",\"status\":\"rejected\"}"),
    SAID("200 OK", "Content-Length: -1\r\n", "{}"),
    SAID("200 OK", "Content-Length: 18446744073709551616\r\n", "{}"),
    SAID("200 OK", "Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n{}"),
    SAID("200 OK", "Content-Encoding: gzip\r\n", "\x1f\x8b\x08"),
    SAID("204 No Content", "", "{\"status\":\"rejected\"}"),
    SAID("304 Not Modified", "", "{\"status\":\"rejected\"}"),
    SAID("301 Moved", "Location: http://elsewhere/\r\n", ""),
    SAID("101 Switching", "Upgrade: x\r\n", ""),
};
static size_t odd_answer;

/* The bank does it, and something on the way says this instead. */
static struct call_plan say_odd_things(struct script *script, const struct bank_call *call,
                                       uint32_t nth)
{
    (void)script;
    if (!is_collect(call) || nth > 1)
        return good;
    return (struct call_plan){.fate = FATE_SAID_AFTER, .said = odd_answers[odd_answer]};
}

static void what_the_table_does_not_list_is_in_doubt(void **state)
{
    for (odd_answer = 0; odd_answer < sizeof(odd_answers) / sizeof(odd_answers[0]); odd_answer++) {
        struct script script = {.call = say_odd_things};
        struct sim_plan plan = script_plan(&script, 1);
        struct sim_result result = payday_run(state, &plan);
        if (result.end.settled != 1 || script_count(&script, CALL_INQUIRY, STEP_COLLECT) == 0)
            fail_msg("answer %zu: %.40s", odd_answer, odd_answers[odd_answer]);
        assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
    }
}

/* ---- slow down, and away --------------------------------------------------------------------- */

static struct call_plan slow_down_oddly(struct script *script, const struct bank_call *call,
                                        uint32_t nth)
{
    static const char *const said[] = {
        SAID("429 No", "Retry-After: 0\r\n", "{\"type\":\"rate_limited_error\"}"),
        SAID("429 No", "Retry-After: -1\r\n", "{\"type\":\"rate_limited_error\"}"),
        SAID("429 No", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
             "{\"type\":\"rate_limited_error\"}"),
        SAID("429 No", "Retry-After: 2\r\nRetry-After: 3\r\n", "{\"type\":\"rate_limited_error\"}"),
        SAID("429 No", "", "{\"type\":\"rate_limited_error\",\"retry_after\":1e9}"),
    };
    (void)script, (void)call;
    return nth > 5 ? good : (struct call_plan){.fate = FATE_SAID, .said = said[nth - 1]};
}

/* The auditor sees that no window has more calls than are allowed, retries counted. */
static void a_storm_of_slow_down_is_waited_out(void **state)
{
    struct script script = {.call = slow_down_oddly};
    struct sim_plan plan = script_plan(&script, 20);
    assert_int_equal(payday_run(state, &plan).end.settled, 20);
    assert_int_equal(script_count(&script, CALL_INQUIRY, 0), 0);
}

static struct call_plan refuse_for_long(struct script *script, const struct bank_call *call,
                                        uint32_t nth)
{
    (void)script;
    return call->call_kind != CALL_TRANSFER || nth > 30 ? good
                                                        : (struct call_plan){.fate = FATE_REFUSED};
}

static void a_bank_that_is_away_is_waited_for(void **state)
{
    struct script script = {.call = refuse_for_long};
    struct sim_plan plan = script_plan(&script, 10);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 10);
    assert_true(result.virtual_ns > 20 * NS_PER_S);
    assert_true(result.transfers < 10 * 2 * 40);
}

/* ---- pending, and taken back ----------------------------------------------------------------- */

static void a_pending_transfer_is_done_when_the_bank_says_so(void **state)
{
    struct script script = {0};
    struct sim_plan plan = script_plan(&script, 5);
    plan.swarm.bank_processing = SWARM_MILLION;
    plan.swarm.bank_settle_ns = 20 * NS_PER_S;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 5);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_PAYOUT), 5);
    assert_true(result.virtual_ns >
                40 * NS_PER_S); // payout did not begin while collect was pending
}

static void a_pending_transfer_that_fails_is_rejected_once_it_is_shown(void **state)
{
    struct script script = {0};
    struct sim_plan plan = script_plan(&script, 5);
    plan.swarm.bank_fails_later = SWARM_MILLION;
    assert_int_equal(payday_run(state, &plan).end.parked, 5);
    assert_int_equal(script_count(&script, CALL_TRANSFER, 0), 5);
}

static uint32_t reversals, reversing_entries;

static enum chunk_fate count_reversals(struct script *script, const struct chunk *chunk,
                                       uint32_t nth)
{
    (void)script, (void)nth;
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *r = &chunk->records[i];
        reversals += r->record_kind == RECORD_OUTCOME && r->outcome.state == OUTCOME_REVERSED;
        reversing_entries += r->record_kind == RECORD_ENTRY && r->kind == KIND_REVERSAL;
    }
    return CHUNK_GOOD;
}

/* Accepted first, failed later: collect and payout of one account, or what of them there is. */
static void what_came_back_before_the_closing_look_is_reversed_and_parked(void **state)
{
    struct script script = {.chunk = count_reversals};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.bank_reversed = SWARM_MILLION;
    plan.swarm.bank_reverse_ns = 15 * NS_PER_MS;
    reversals = reversing_entries = 0;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_in_range(reversals, 1, 2);
    assert_in_range(reversing_entries, reversals, 3 * reversals);
}

static void what_comes_back_after_the_end_leaves_the_end_as_it_is(void **state)
{
    struct script script = {.chunk = count_reversals};
    struct sim_plan plan = script_plan(&script, 5);
    plan.swarm.bank_reversed = SWARM_MILLION;
    plan.swarm.bank_reverse_ns = 3600 * NS_PER_S;
    reversals = 0;
    assert_int_equal(payday_run(state, &plan).end.settled, 5);
    assert_int_equal(reversals, 0);
}

/* ---- fees ------------------------------------------------------------------------------------ */

static void a_fee_that_is_ours_is_posted_and_goes_on(void **state)
{
    struct sim_plan plan = payday_plan(1, 10);
    plan.swarm.bank_fee = SWARM_MILLION;
    plan.swarm.fee_is_ours = 1;
    assert_int_equal(payday_run(state, &plan).end.settled, 10);
}

static void a_fee_that_a_person_paid_parks(void **state)
{
    struct script script = {0};
    struct sim_plan plan = script_plan(&script, 10);
    plan.swarm.bank_fee = SWARM_MILLION;
    assert_int_equal(payday_run(state, &plan).end.parked, 10);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_PAYOUT), 0);
}

/* ---- accounts that share one ----------------------------------------------------------------- */

static void bring_more_later(struct workload *workload)
{
    for (uint32_t i = 0; i < workload->count; i++)
        workload->accounts[i].deposits[1] = (struct workload_deposit){40 * NS_PER_MS, 70};
}

static void shares_of_a_pool_are_settled_each_by_its_own_money(void **state)
{
    static const enum pool_kind pools[] = {POOL_AVAILABLE, POOL_RECEIVED};
    for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
        struct script script = {.arrange = bring_more_later};
        struct sim_plan plan = script_plan(&script, 20);
        plan.swarm.pool = pools[i];
        plan.swarm.account_floor = SWARM_MILLION;
        plan.swarm.bank_lost_after = 300000;
        assert_int_equal(payday_run(state, &plan).end.settled, 20);
    }
}

/* ---- hostile text ---------------------------------------------------------------------------- */

static const char *const hostile_codes[] = {
    "'; DROP TABLE daybook.entry; --",
    "%n%n%s%999999d",
    "\\u001b[2J\\u001b]0;owned\\u0007",
    "x\\r\\n2026-03-25 daybook: all paid",
    "a\\u0000b",
    "\\ud55c\\uae00\\u202e",
    "0123456789012345678901234567890123456789",
    "\xbe\xc8\xb3\xe7", // EUC-KR
};
static size_t hostile_code;
static char hostile_answer[1024];

/* A no that names the transfer rightly, and says this as its code. */
static struct call_plan say_hostile_things(struct script *script, const struct bank_call *call,
                                           uint32_t nth)
{
    (void)script;
    if (!is_collect(call) || nth > 3)
        return good;
    char key[2 * IDEM_KEY_BYTES + 1];
    for (size_t i = 0; i < IDEM_KEY_BYTES; i++)
        snprintf(key + 2 * i, 3, "%02x", call->order->key.bytes[i]);
    snprintf(hostile_answer, sizeof(hostile_answer),
             SAID("200 OK", "",
                  "{\"id\":\"tr_1\",\"account_id\":\"%s\",\"destination_account_id\":"
                  "\"" WORKLOAD_COLLECTION
                  "\",\"amount\":%lld,\"currency\":\"KRW\",\"status\":\"rejected\","
                  "\"failure_code\":\"%s\",\"idempotency_key\":\"%s\"}"),
             call->parties->virtual_account, (long long)call->order->amount_minor,
             hostile_codes[hostile_code], key);
    return (struct call_plan){.fate = FATE_SAID, .said = hostile_answer};
}

static enum chunk_fate look_at_texts(struct script *script, const struct chunk *chunk, uint32_t nth)
{
    (void)script, (void)nth;
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *r = &chunk->records[i];
        if (r->record_kind != RECORD_OUTCOME)
            continue;
        const char *texts[] = {r->outcome.text.code, r->outcome.text.bank_ref};
        for (size_t t = 0; t < 2; t++)
            assert_true(text_is_clean(texts[t], strlen(texts[t])));
    }
    return CHUNK_GOOD;
}

static void hostile_text_becomes_no_record_as_it_came(void **state)
{
    for (hostile_code = 0; hostile_code < sizeof(hostile_codes) / sizeof(hostile_codes[0]);
         hostile_code++) {
        struct script script = {.call = say_hostile_things, .chunk = look_at_texts};
        struct sim_plan plan = script_plan(&script, 1);
        struct sim_result result = payday_run(state, &plan);
        assert_int_equal(result.end.parked + result.end.settled, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_way_to_answer_wrongly_makes_a_second_transfer),
        cmocka_unit_test(no_odd_frame_makes_a_second_transfer),
        cmocka_unit_test(what_the_table_does_not_list_is_in_doubt),
        cmocka_unit_test(a_storm_of_slow_down_is_waited_out),
        cmocka_unit_test(a_bank_that_is_away_is_waited_for),
        cmocka_unit_test(a_pending_transfer_is_done_when_the_bank_says_so),
        cmocka_unit_test(a_pending_transfer_that_fails_is_rejected_once_it_is_shown),
        cmocka_unit_test(what_came_back_before_the_closing_look_is_reversed_and_parked),
        cmocka_unit_test(what_comes_back_after_the_end_leaves_the_end_as_it_is),
        cmocka_unit_test(a_fee_that_is_ours_is_posted_and_goes_on),
        cmocka_unit_test(a_fee_that_a_person_paid_parks),
        cmocka_unit_test(shares_of_a_pool_are_settled_each_by_its_own_money),
        cmocka_unit_test(hostile_text_becomes_no_record_as_it_came),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
