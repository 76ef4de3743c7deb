/*
 * Scenarios: what persons ask for. Repayment 100, hold 50, wages 1,000.
 */
#include <string.h>

#include "script.h"

#define CONFLICT(code)                                                                             \
    "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"         \
    "{\"type\":\"invalid_operation_error\",\"title\":\"no\",\"status\":409,\"code\":\"" code "\"}"

static const struct call_plan good = {.fate = FATE_GOOD};
static struct load_row at_the_end;
static uint32_t ask_at; /* the look at which the script's persons ask */

static void plain(struct workload *workload)
{
    for (uint32_t i = 0; i < workload_total(workload); i++)
        script_set(&workload->accounts[i], 100, 50, 1000);
}

static bool see_the_end(struct payday *payday, enum sim_look look)
{
    if (look == LOOK_END)
        people_see(payday, 0, &at_the_end);
    return false;
}

/* ---- a word about a transfer in doubt -------------------------------------------------------- */

static struct call_plan lose_first_collect(struct script *script, const struct bank_call *call,
                                           uint32_t nth)
{
    (void)script;
    bool is_first = script_is(call, CALL_TRANSFER, STEP_COLLECT) && nth == 1;
    return is_first ? (struct call_plan){.fate = FATE_LOST_REQUEST} : good;
}

static struct call_plan delay_first_collect(struct script *script, const struct bank_call *call,
                                            uint32_t nth)
{
    (void)script;
    bool is_first = script_is(call, CALL_TRANSFER, STEP_COLLECT) && nth == 1;
    return is_first ? (struct call_plan){.fate = FATE_GOOD, .travel_ns = 900 * NS_PER_MS} : good;
}

static struct call_plan lose_first_answer(struct script *script, const struct bank_call *call,
                                          uint32_t nth)
{
    (void)script;
    bool is_first = script_is(call, CALL_TRANSFER, STEP_COLLECT) && nth == 1;
    return is_first ? (struct call_plan){.fate = FATE_LOST_ANSWER} : good;
}

static bool say_once(struct script *script, struct payday *payday, uint32_t month,
                     enum sim_look look)
{
    (void)month;
    if (look == LOOK_MEANWHILE && ++script->looks == ask_at)
        script->asked = script_say(payday, 0, script->kind, "tr_1");
    return see_the_end(payday, look);
}

struct words {
    uint32_t done, refused, others, sends;
};

/* The person asks at one instant after another: before the doubt, in it, while a repeat waits for
   its permission, is permitted, is under way, and after it. */
static struct words say_at_every_look(void **state, enum request_kind kind,
                                      struct call_plan (*call)(struct script *,
                                                               const struct bank_call *, uint32_t))
{
    struct words words = {0};
    for (ask_at = 1; ask_at <= 320; ask_at += 2) {
        struct script script = {
            .arrange = plain, .call = call, .persons = say_once, .kind = (uint8_t)kind};
        struct sim_plan plan = script_plan(&script, 1);
        plan.swarm.call_timeout_ns = 500 * NS_PER_MS;
        plan.swarm.rate_per_s = 20; // so that permissions wait for their turn
        plan.swarm.burst = 1;
        assert_int_equal(payday_run(state, &plan).end.settled, 1);
        words.done += script.decision == DECISION_DONE;
        words.refused += script.decision == DECISION_REFUSED;
        words.others += script.decision > DECISION_REFUSED;
        words.sends += script_count(&script, CALL_TRANSFER, STEP_COLLECT);
    }
    return words;
}

/* The auditor complains where both happen; here is counted that each does. */
static void paid_by_hand_and_a_queued_repeat_never_both_happen(void **state)
{
    struct words lost = say_at_every_look(state, REQUEST_PAID_BY_HAND, lose_first_collect);
    assert_true(lost.done > 0 && lost.refused > 20 && lost.others > 0);
    // Where it is done by hand there is no repeat, elsewhere there is.
    assert_int_equal(lost.sends + lost.done, 2 * 160);
    struct words late = say_at_every_look(state, REQUEST_PAID_BY_HAND, delay_first_collect);
    assert_int_equal(late.done, 0);
    assert_true(late.refused > 5);
    assert_int_equal(late.sends, 160);
    struct words done = say_at_every_look(state, REQUEST_PAID_BY_HAND, lose_first_answer);
    assert_int_equal(done.done, 0);
    assert_int_equal(done.sends, 160);
}

static void not_paid_gets_a_new_key_only_where_the_bank_surely_has_nothing(void **state)
{
    struct words lost = say_at_every_look(state, REQUEST_NOT_PAID, lose_first_collect);
    assert_true(lost.done > 0 && lost.refused > 20);
    assert_int_equal(lost.sends, 2 * 160);
    struct words late = say_at_every_look(state, REQUEST_NOT_PAID, delay_first_collect);
    assert_int_equal(late.done, 0);
    assert_int_equal(late.sends, 160);
}

static void paid_counts_only_where_the_bank_has_it(void **state)
{
    struct words lost = say_at_every_look(state, REQUEST_PAID, lose_first_collect);
    assert_int_equal(lost.done, 0);
    assert_int_equal(lost.sends, 2 * 160);
}

#define DOUBTED 8U

static bool say_one_after_another(struct script *script, struct payday *payday, uint32_t month,
                                  enum sim_look look)
{
    (void)month;
    if (look == LOOK_MEANWHILE && ++script->looks >= ask_at && script->looks < ask_at + DOUBTED)
        script->asked += script_say(payday, script->looks - ask_at, REQUEST_NOT_PAID, "") > 0;
    script->decision = 0;
    for (uint64_t id = 1; look == LOOK_END && id <= script->asked; id++)
        if (people_decision(payday, id) == DECISION_REFUSED)
            script->decision++;
    return false;
}

/* The evidence for one is asked for while pages are read that show it without a decision. */
static void a_request_that_is_decided_while_a_page_is_read_is_decided_once(void **state)
{
    uint32_t refused = 0;
    for (ask_at = 20; ask_at <= 60; ask_at += 4) {
        struct script script = {
            .arrange = plain, .call = lose_first_collect, .persons = say_one_after_another};
        struct sim_plan plan = script_plan(&script, DOUBTED);
        plan.swarm.store_delay_ns = 60 * NS_PER_MS;
        plan.swarm.bank_latency_ns = 60 * NS_PER_MS;
        assert_int_equal(payday_run(state, &plan).end.settled, DOUBTED);
        refused += script.decision;
    }
    assert_true(refused > 4 * DOUBTED);
}

/* ---- a bank that cannot be asked ------------------------------------------------------------- */

static bool say_when_parked(struct script *script, struct payday *payday, uint32_t month,
                            enum sim_look look)
{
    struct load_row row;
    (void)month;
    people_see(payday, 0, &row);
    if (look == LOOK_BETWEEN && row.place == LOAD_PLACE_PARKED && script->asked == 0 &&
        ++script->looks == ask_at) {
        script->asked = script_say(payday, 0, script->kind, "tr_1");
        return true;
    }
    return see_the_end(payday, look);
}

static struct sim_result say_to_a_silent_bank(void **state, struct script *script, uint32_t at)
{
    ask_at = at;
    script->arrange = plain;
    script->persons = say_when_parked;
    struct sim_plan plan = script_plan(script, 1);
    plan.swarm.inquiry = INQUIRY_NONE;
    plan.swarm.person_visits = 2;
    return payday_run(state, &plan);
}

static void a_person_resolves_what_no_bank_can_tell(void **state)
{
    static struct script script; // too large for three of them on a stack
    script = (struct script){.call = lose_first_answer, .kind = REQUEST_PAID};
    assert_int_equal(say_to_a_silent_bank(state, &script, 1).end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
    script = (struct script){.call = lose_first_collect, .kind = REQUEST_NOT_PAID};
    assert_int_equal(say_to_a_silent_bank(state, &script, 1).end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 2);
    script = (struct script){.call = lose_first_collect, .kind = REQUEST_PAID_BY_HAND};
    assert_int_equal(say_to_a_silent_bank(state, &script, 1).end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
    assert_int_equal(script.decision, DECISION_DONE);
}

static void where_linger_is_unknown_no_word_makes_it_not_paid(void **state)
{
    struct script script = {.call = lose_first_collect,
                            .kind = REQUEST_NOT_PAID,
                            .arrange = plain,
                            .persons = say_when_parked};
    ask_at = 1;
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.inquiry = INQUIRY_NONE;
    plan.swarm.linger_unknown = 1;
    plan.swarm.person_visits = 2;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script.decision, DECISION_REFUSED);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_COLLECT), 1);
}

/* ---- park, amend, release -------------------------------------------------------------------- */

static void payout_stopped(struct workload *workload)
{
    plain(workload);
    for (uint32_t i = 0; i < workload_total(workload); i++)
        workload->accounts[i].is_payout_stopped = true;
}

static bool amend_and_release(struct script *script, struct payday *payday, uint32_t month,
                              enum sim_look look)
{
    struct load_row row;
    (void)month;
    people_see(payday, 0, &row);
    if (look != LOOK_BETWEEN || row.place != LOAD_PLACE_PARKED || script->asked != 0)
        return see_the_end(payday, look);
    struct load_request amend = {.kind = REQUEST_AMEND, .mapping_id = row.mapping_id + 1000000};
    uint64_t amended = people_file(payday, 0, 0, &amend);
    script->asked = script_ask(payday, 0, amended, REQUEST_RELEASE);
    return true;
}

static void a_closed_account_is_amended_released_and_paid(void **state)
{
    struct script script = {.arrange = payout_stopped, .persons = amend_and_release};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.person_visits = 1;
    assert_int_equal(payday_run(state, &plan).end.settled, 1);
    assert_int_equal(script_count(&script, CALL_TRANSFER, STEP_PAYOUT), 2);
    assert_int_equal(at_the_end.transfer.generation, 2);
    assert_true(at_the_end.mapping_id >= 1000000);
}

/* Many requests at once, also about those that wait for a turn, and records that take a while. */
static void a_storm_of_requests_confuses_nobody(void **state)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct sim_plan plan = payday_plan(seed, 30);
        plan.swarm.person_asks = 200000;
        plan.swarm.person_meanwhile = 400000;
        plan.swarm.person_visits = 2;
        plan.swarm.person_wrong = 300000;
        plan.swarm.request_told = 300000;
        plan.swarm.rate_per_s = 40;
        plan.swarm.burst = 1;
        plan.swarm.slots = seed % 2 == 0 ? 4 : 64;
        plan.swarm.net_lost_answer = 300000;
        plan.swarm.net_lost_request = 100000;
        plan.swarm.store_delay_ns = 200 * NS_PER_MS;
        plan.swarm.store_slow = 100000;
        plan.swarm.store_busy = seed % 3 == 0 ? 300000 : 0;
        plan.swarm.chunk_tries = 20;
        plan.swarm.account_late = 500000;
        payday_run(state, &plan);
    }
}

/* ---- released, and not yet written ----------------------------------------------------------- */

static enum chunk_fate busy_for_the_release(struct script *script, const struct chunk *chunk,
                                            uint32_t nth)
{
    (void)nth;
    for (uint32_t i = 0; i < chunk->record_count; i++)
        if (chunk->records[i].record_kind == RECORD_OUTCOME &&
            chunk->records[i].outcome.state == OUTCOME_RELEASED)
            return ++script->call_count < 12 ? CHUNK_BUSY : CHUNK_GOOD;
    return CHUNK_GOOD;
}

static void money_that_is_late(struct workload *workload)
{
    plain(workload);
    for (uint32_t i = 0; i < workload->count; i++)
        workload->accounts[i].deposits[0].at_ns = AT_NEVER;
}

static bool park_and_release(struct script *script, struct payday *payday, uint32_t month,
                             enum sim_look look)
{
    struct load_row row;
    (void)month;
    people_see(payday, 0, &row);
    if (look != LOOK_BETWEEN || script->looks > 1)
        return false;
    script->looks++;
    (void)script_ask(payday, 0, 0, row.place == LOAD_PLACE_PARKED ? REQUEST_RELEASE : REQUEST_PARK);
    return true;
}

/* Released, it is looked at and waits on, while the chunk that says so is tried again and again: it
   must not be read as parked. */
static void what_is_released_waits_to_be_written_before_it_is_read_again(void **state)
{
    struct script script = {
        .arrange = money_that_is_late, .persons = park_and_release, .chunk = busy_for_the_release};
    struct sim_plan plan = script_plan(&script, 2);
    plan.decide_call = NULL;
    plan.swarm.person_visits = 2;
    plan.swarm.poll_interval_ns = 10 * NS_PER_MS;
    plan.swarm.chunk_tries = 20;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled + result.end.is_short, 2);
    assert_int_equal(script.call_count, 12);
}

/* ---- a record that the database refuses ------------------------------------------------------ */

static void poison_one(struct workload *workload)
{
    plain(workload);
    workload->accounts[0].is_poison = true;
}

static bool say_paid_of_the_refused(struct script *script, struct payday *payday, uint32_t month,
                                    enum sim_look look)
{
    struct load_row row;
    (void)month;
    people_see(payday, 0, &row);
    if (look != LOOK_BETWEEN || row.place != LOAD_PLACE_PARKED || script->asked != 0)
        return see_the_end(payday, look);
    script->asked = script_say(payday, 0, REQUEST_PAID, "tr_1");
    return true;
}

/* With the record its decision is refused, too: once a run, not again and again. */
static void a_request_whose_effect_is_refused_stays_open(void **state)
{
    struct script script = {.arrange = poison_one, .persons = say_paid_of_the_refused};
    struct sim_plan plan = script_plan(&script, 1);
    plan.swarm.person_visits = 1;
    assert_int_equal(payday_run(state, &plan).end.parked, 1);
    assert_int_equal(script.decision, 0);
    assert_true(at_the_end.outcome_seq < 10);
}

/* ---- run's own ------------------------------------------------------------------------------- */

static bool ask_for_another_rate(struct script *script, struct payday *payday, uint32_t month,
                                 enum sim_look look)
{
    (void)month;
    if (look == LOOK_MEANWHILE && ++script->looks == 10)
        script->asked = people_file_rate(payday, month, 10);
    return false;
}

static void the_rate_changes_while_the_run_goes_on(void **state)
{
    struct script script = {.arrange = plain, .persons = ask_for_another_rate};
    struct sim_plan plan = script_plan(&script, 30);
    plan.swarm.rate_per_s = 40;
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 30);
    assert_int_equal(script.decision, DECISION_DONE);
    assert_true(result.virtual_ns > 8 * NS_PER_S); // 120 calls, most at 10 a second
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paid_by_hand_and_a_queued_repeat_never_both_happen),
        cmocka_unit_test(not_paid_gets_a_new_key_only_where_the_bank_surely_has_nothing),
        cmocka_unit_test(paid_counts_only_where_the_bank_has_it),
        cmocka_unit_test(a_request_that_is_decided_while_a_page_is_read_is_decided_once),
        cmocka_unit_test(a_person_resolves_what_no_bank_can_tell),
        cmocka_unit_test(where_linger_is_unknown_no_word_makes_it_not_paid),
        cmocka_unit_test(a_closed_account_is_amended_released_and_paid),
        cmocka_unit_test(a_storm_of_requests_confuses_nobody),
        cmocka_unit_test(what_is_released_waits_to_be_written_before_it_is_read_again),
        cmocka_unit_test(a_request_whose_effect_is_refused_stays_open),
        cmocka_unit_test(the_rate_changes_while_the_run_goes_on),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
