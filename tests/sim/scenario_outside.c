/*
 * Scenarios: the database and the bank as a whole are slow, busy or away.
 */
#include "script.h"

static const struct call_plan good = {.fate = FATE_GOOD};

/* ---- chunks ---------------------------------------------------------------------------------- */

static enum chunk_fate lose_third_after(struct script *script, const struct chunk *chunk,
                                        uint32_t nth)
{
    (void)script, (void)chunk;
    return nth == 3 ? CHUNK_LOST_AFTER : CHUNK_GOOD;
}

static void a_chunk_committed_before_its_session_broke_is_seen_by_the_next_start(void **state)
{
    struct script script = {.chunk = lose_third_after};
    struct sim_plan plan = script_plan(&script, 10);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 10);
    assert_int_equal(result.runs, 4);
}

static enum chunk_fate lose_third_before(struct script *script, const struct chunk *chunk,
                                         uint32_t nth)
{
    (void)script, (void)chunk;
    return nth == 3 ? CHUNK_LOST_BEFORE : CHUNK_GOOD;
}

static void a_chunk_lost_before_commit_is_written_anew(void **state)
{
    struct script script = {.chunk = lose_third_before};
    struct sim_plan plan = script_plan(&script, 10);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 10);
    assert_int_equal(result.runs, 4);
}

static enum chunk_fate busy_twice(struct script *script, const struct chunk *chunk, uint32_t nth)
{
    (void)script, (void)chunk;
    return nth == 2 || nth == 3 ? CHUNK_BUSY : CHUNK_GOOD;
}

static void a_busy_database_is_tried_again_with_the_same_chunk(void **state)
{
    struct script script = {.chunk = busy_twice};
    struct sim_plan plan = script_plan(&script, 10);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 10);
    assert_int_equal(result.runs, 3);
}

/* Every intent's chunk takes longer than its permission to send. */
static void an_intent_written_too_late_gets_a_new_permission(void **state)
{
    struct script script = {0};
    struct sim_plan plan = script_plan(&script, 5);
    plan.swarm.store_slow = 300000;
    plan.swarm.store_slow_ns = 4 * NS_PER_S;
    plan.swarm.send_before_ns = 1500 * NS_PER_MS;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 5);
    assert_int_equal(result.transfers, 10);
    assert_int_equal(result.inquiries, 0);
}

/* ---- the bank -------------------------------------------------------------------------------- */

#define THROTTLED                                                                                  \
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nConnection: close\r\n\r\n"                \
    "{\"type\":\"rate_limited_error\",\"title\":\"slow\",\"status\":429,\"retry_after\":3}"

static struct call_plan throttle_first(struct script *script, const struct bank_call *call,
                                       uint32_t nth)
{
    bool is_first = script_count(script, CALL_TRANSFER, 0) == 1 && nth == 1;
    return call->call_kind == CALL_TRANSFER && is_first
               ? (struct call_plan){.fate = FATE_SAID, .said = THROTTLED}
               : good;
}

static void a_429_slows_the_bank_and_is_no_doubt(void **state)
{
    struct script script = {.call = throttle_first};
    struct sim_plan plan = script_plan(&script, 10);
    struct sim_result without = payday_run(
        state, &(struct sim_plan){.seed = plan.seed, .accounts = 10, .swarm = plan.swarm});
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 10);
    assert_int_equal(result.inquiries, 0);
    assert_int_equal(result.transfers, without.transfers + 1);
    assert_true(result.virtual_ns >= without.virtual_ns + 2 * NS_PER_S);
}

static struct call_plan all_silent(struct script *script, const struct bank_call *call,
                                   uint32_t nth)
{
    (void)script, (void)nth;
    return call->call_kind == CALL_TRANSFER ? (struct call_plan){.fate = FATE_SILENT} : good;
}

static void a_bank_that_answers_no_transfer_is_asked_about_each(void **state)
{
    struct script script = {.call = all_silent, .arrange = NULL};
    struct sim_plan plan = script_plan(&script, 5);
    plan.script_lasts = true;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 5);
    assert_int_equal(result.transfers, 10);
    assert_int_equal(result.inquiries, 10);
}

static struct call_plan all_away(struct script *script, const struct bank_call *call, uint32_t nth)
{
    (void)script, (void)nth;
    return call->call_kind == CALL_BALANCE ? good : (struct call_plan){.fate = FATE_LOST_REQUEST};
}

/* In doubt at the end of a run is no failure: the next run asks again. */
static void a_bank_that_goes_away_leaves_doubt_and_nothing_else(void **state)
{
    struct script script = {.call = all_away};
    struct sim_plan plan = script_plan(&script, 3);
    plan.swarm.resolve_wait_ns = 5 * NS_PER_S;
    plan.script_lasts = true;
    struct tape tape;
    struct sim_result result;
    sim_run(*state, &plan, &tape, &result);
    tape_deinit(&tape);
    assert_int_equal(result.verdict, SIM_STUCK);
    assert_int_equal(result.end.settled, 0);
    assert_int_equal(result.end.parked, 0);
    assert_int_equal(result.end.under_way, 3);
    // The first sends; without an answer to any inquiry nothing is sent again.
    assert_int_equal(result.transfers, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_committed_before_its_session_broke_is_seen_by_the_next_start),
        cmocka_unit_test(a_chunk_lost_before_commit_is_written_anew),
        cmocka_unit_test(a_busy_database_is_tried_again_with_the_same_chunk),
        cmocka_unit_test(an_intent_written_too_late_gets_a_new_permission),
        cmocka_unit_test(a_429_slows_the_bank_and_is_no_doubt),
        cmocka_unit_test(a_bank_that_answers_no_transfer_is_asked_about_each),
        cmocka_unit_test(a_bank_that_goes_away_leaves_doubt_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
