#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/request.h"
#include "harness.h"

/* What the database refuses: any record but a park of these positions, or with a code like this. */
static uint64_t poisoned; /* bit of the position */
static uint8_t poisoned_state;
static bool refuses_parks;

static bool is_poison(const struct record *record)
{
    uint32_t position = settlement_position(record->settlement_id);
    if ((poisoned >> position & 1) == 0)
        return false;
    bool is_outcome = record->record_kind == RECORD_OUTCOME;
    if (is_outcome && record->outcome.state == OUTCOME_PARKED)
        return refuses_parks;
    return poisoned_state == 0 || (is_outcome && record->outcome.state == poisoned_state);
}

static void poison(uint64_t positions, enum outcome_state state)
{
    poisoned = positions;
    poisoned_state = (uint8_t)state;
    refuses_parks = false;
    world->is_poison = is_poison;
}

static void assert_refused(uint32_t position)
{
    assert_parked(position, PARK_RECORD_REFUSED);
    const struct record *parked = outcome_of(position, OUTCOME_PARKED);
    assert_string_equal(parked->outcome.text.bank_ref, "");
}

static void assert_others_settled(uint64_t positions)
{
    uint32_t refused = 0;
    for (uint32_t position = 1; position <= world->account_count; position++) {
        bool is_bad = (positions >> position & 1) != 0;
        refused += is_bad;
        if (is_bad)
            assert_refused(position);
        else
            assert_settled(position);
    }
    assert_int_equal(settle_counts(world->settle)->refused, refused);
    assert_int_equal(settle_counts(world->settle)->parked, refused);
    assert_int_equal(settle_counts(world->settle)->settled, world->account_count - refused);
    assert_int_equal(settle_counts(world->settle)->records, world->written_count);
}

static void a_refused_settlement_is_parked_and_the_rest_goes_on_wherever_it_stands(void **state)
{
    (void)state;
    for (uint32_t position = 1; position <= 9; position++) {
        world_close(NULL);
        world_open(NULL);
        for (uint32_t i = 0; i < 9; i++)
            add_usual();
        poison(1U << position, 0);
        run_to_end(SETTLE_END_COMPLETE);
        assert_others_settled(1U << position);
        assert_int_equal(count_records(position, RECORD_OUTCOME), 1);
        assert_int_equal(record_of(position, RECORD_OUTCOME, 1)->step, STEP_DEPOSIT);
        assert_int_equal(count_calls(position, CALL_TRANSFER), 0);
    }
}

static void several_refused_settlements_are_parked_each_for_itself(void **state)
{
    (void)state;
    static const uint64_t sets[] = {1 << 1 | 1 << 2, 1 << 3 | 1 << 9, 1 << 2 | 1 << 5 | 1 << 6,
                                    0x3fe};
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        for (uint32_t k = 0; k < 9; k++)
            add_usual();
        poison(sets[i], 0);
        run_to_end(SETTLE_END_COMPLETE);
        assert_others_settled(sets[i]);
    }
}

/* The bank carried it out and says so in a way that cannot be written. */
static void a_transfer_whose_answer_is_refused_stays_in_doubt_and_is_never_sent_again(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5; i++)
        add_usual();
    poison(1 << 3, OUTCOME_ACCEPTED);
    run_to_end(SETTLE_END_COMPLETE);
    assert_others_settled(1 << 3);
    assert_int_equal(count_calls(3, CALL_TRANSFER), 1);
    assert_null(outcome_of(3, OUTCOME_ACCEPTED));
    const struct record *parked = outcome_of(3, OUTCOME_PARKED);
    assert_int_equal(parked->step, STEP_COLLECT); // where it happened, not where it had gone on to
    assert_int_equal(parked->generation, 1);
    assert_int_equal(parked->outcome.seq, 2);
    assert_int_equal(settle_counts(world->settle)->collected_minor, 4 * 300);
    assert_int_equal(settle_counts(world->settle)->paid_minor, 4 * 650);
}

static bool is_payout(const struct record *record)
{
    return record->record_kind == RECORD_OUTCOME && record->outcome.state == OUTCOME_ACCEPTED &&
           record->step == STEP_PAYOUT && settlement_position(record->settlement_id) == 2;
}

static void a_payout_whose_answer_is_refused_was_not_paid_as_far_as_the_ledger_knows(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        add_usual();
    world->is_poison = is_payout;
    run_to_end(SETTLE_END_COMPLETE);
    assert_others_settled(1 << 2);
    assert_int_equal(outcome_of(2, OUTCOME_PARKED)->step, STEP_PAYOUT);
    assert_int_equal(settle_counts(world->settle)->paid_minor, 2 * 650);
    assert_int_equal(settle_counts(world->settle)->collected_minor, 3 * 300);
    assert_int_equal(balance_of(2, LEDGER_PAYABLE), -650);
}

static void each_kind_of_outcome_may_be_the_refused_one(void **state)
{
    (void)state;
    static const enum outcome_state states[] = {
        OUTCOME_DEPOSITED, OUTCOME_ACCEPTED, OUTCOME_POSTED, OUTCOME_REJECTED_LATER,
        OUTCOME_PENDING,   OUTCOME_SETTLED,  OUTCOME_SKIPPED};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        add_usual();
        struct account *account = add_usual();
        if (states[i] == OUTCOME_SKIPPED)
            account->row.hold_minor = 0;
        SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING);
        SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_LATER);
        add_usual();
        poison(1 << 2, states[i]);
        run_to_end(SETTLE_END_COMPLETE);
        assert_others_settled(1 << 2);
        assert_null(outcome_of(2, states[i]));
    }
}

static void a_short_that_is_refused_is_parked_instead(void **state)
{
    (void)state;
    add_account(300, 50, 1000, 0);
    add_account(300, 50, 1000, 0);
    poison(1 << 1, OUTCOME_SHORT);
    run_to_end(SETTLE_END_COMPLETE);
    assert_refused(1);
    assert_null(outcome_of(1, OUTCOME_SHORT));
    assert_non_null(outcome_of(2, OUTCOME_SHORT));
    assert_int_equal(settle_counts(world->settle)->is_short, 1);
    assert_int_equal(settle_counts(world->settle)->waiting, 0);
}

static void a_park_whose_bank_code_is_refused_is_parked_without_it(void **state)
{
    (void)state;
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "CLOSED");
    add_usual();
    poison(1 << 1, OUTCOME_REJECTED_PERSON);
    run_to_end(SETTLE_END_COMPLETE);
    assert_others_settled(1 << 1);
    assert_null(outcome_of(1, OUTCOME_REJECTED_PERSON));
}

/* ---- while a call is in flight --------------------------------------------------------------- */

static void hold_pending(uint64_t inquiry_ns, enum answer answer)
{
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING);
    SAY(account, CALL_INQUIRY, .answer = answer, .after_ns = inquiry_ns);
    add_usual();
    world->config.chunk_delay_ns = 300 * MS;
    world->write_ns = 40 * MS;
    poison(1 << 1, OUTCOME_PENDING);
}

static void one_that_is_being_asked_about_leaves_only_after_the_reply(void **state)
{
    (void)state;
    static const enum answer answers[] = {ANSWER_ACCEPTED, ANSWER_REJECTED_LATER, ANSWER_NOT_FOUND,
                                          ANSWER_IN_DOUBT};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        hold_pending(900 * MS, answers[i]);
        run_to_end(SETTLE_END_COMPLETE);
        const struct seen *asked = call_of(1, CALL_INQUIRY, 1);
        assert_non_null(asked);
        assert_int_equal(count_calls(1, CALL_INQUIRY), 1);
        assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
        assert_others_settled(1 << 1);
        assert_int_equal(outcome_of(1, OUTCOME_PARKED)->generation, 1);
    }
}

static void a_reply_that_never_comes_is_cancelled_and_frees_the_slot(void **state)
{
    (void)state;
    hold_pending(AT_NEVER, ANSWER_ACCEPTED);
    run_to_end(SETTLE_END_COMPLETE);
    assert_others_settled(1 << 1);
    assert_int_equal(settle_counts(world->settle)->timeouts, 1);
}

static void a_reply_before_the_park_is_written_waits_for_it(void **state)
{
    (void)state;
    hold_pending(170 * MS, ANSWER_ACCEPTED);
    world->config.chunk_delay_ns = 10 * MS;
    world->write_ns = 70 * MS;
    start();
    while (!is_done() && settle_counts(world->settle)->refused == 0)
        run_until(next_at());
    const struct seen *asked = call_of(1, CALL_INQUIRY, 1);
    assert_non_null(asked);
    assert_true(asked->ended_ns == AT_NEVER);
    while (!is_done() && outcome_of(1, OUTCOME_PARKED) == NULL)
        run_until(next_at());
    assert_true(asked->ended_ns < world->now_ns);
    run_to_end(SETTLE_END_COMPLETE);
    assert_others_settled(1 << 1);
}

/* ---- beside other chunks --------------------------------------------------------------------- */

static void what_fills_meanwhile_keeps_its_order_and_loses_the_refused_one(void **state)
{
    (void)state;
    world->write_ns = 120 * MS; // long enough for answers to come in while a part is written
    world->config.chunk_delay_ns = 1 * MS;
    for (uint32_t i = 0; i < 12; i++) {
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING, .after_ns = (10 + 7 * i) * MS);
        say_often(account, CALL_INQUIRY, i % 3, (struct said){.answer = ANSWER_PENDING});
        SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_LATER, .after_ns = 5 * MS);
    }
    poison(1 << 2 | 1 << 7 | 1 << 11, OUTCOME_PENDING);
    run_to_end(SETTLE_END_COMPLETE);
    assert_others_settled(1 << 2 | 1 << 7 | 1 << 11);
}

static void a_busy_database_is_asked_again_with_the_same_part(void **state)
{
    (void)state;
    // Refused, then busy at each part in turn: never more than chunk_tries in a row.
    enum status statuses[] = {
        STATUS_STORE_REFUSED, STATUS_STORE_BUSY, STATUS_STORE_BUSY, STATUS_STORE_ALREADY,
        STATUS_STORE_BUSY,    STATUS_STORE_BUSY, STATUS_OK};
    world->write_statuses = statuses;
    for (uint32_t i = 0; i < 4; i++)
        add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    assert_others_settled(0); // refused once as a whole, but no part of it
}

static void a_stop_while_the_refused_one_is_looked_for_still_parks_it(void **state)
{
    (void)state;
    for (uint64_t stop_ms = 1; stop_ms < 200; stop_ms += 13) {
        world_close(NULL);
        world_open(NULL);
        for (uint32_t i = 0; i < 6; i++)
            add_usual();
        world->write_ns = 9 * MS;
        world->latency_ns = 60 * MS;
        poison(1 << 4, OUTCOME_DEPOSITED);
        stop_at(START_NS + stop_ms * MS);
        run_to_end(SETTLE_END_STOPPED);
        assert_true(outcome_of(4, OUTCOME_DEPOSITED) == NULL);
        assert_int_equal(settle_counts(world->settle)->records, world->written_count);
        bool is_found = outcome_of(4, OUTCOME_PARKED) != NULL;
        assert_int_equal(settle_counts(world->settle)->refused, is_found);
    }
}

static void a_drain_that_ends_before_the_reply_still_parks_it(void **state)
{
    (void)state;
    hold_pending(AT_NEVER, ANSWER_ACCEPTED);
    world->config.banks[0].call_timeout_ns = 60 * S;
    world->config.drain_ns = 1 * S;
    stop_at(START_NS + 400 * MS);
    run_to_end(SETTLE_END_STOPPED);
    assert_refused(1);
    assert_int_equal(settle_counts(world->settle)->parked, 1);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 0);
}

static void when_even_the_park_is_refused_the_run_stops(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5; i++)
        add_usual();
    poison(1 << 3, 0);
    refuses_parks = true;
    run_to_end_within(5 * S, SETTLE_END_FATAL);
    assert_int_equal(settle_counts(world->settle)->fatal, STATUS_STORE_REFUSED);
    assert_null(outcome_of(3, OUTCOME_PARKED));
}

static void a_chunk_that_differs_halfway_stops_the_run(void **state)
{
    (void)state;
    enum status statuses[] = {STATUS_STORE_REFUSED, STATUS_STORE_ALREADY, STATUS_STORE_DIFFERS,
                              STATUS_OK};
    world->write_statuses = statuses;
    for (uint32_t i = 0; i < 4; i++)
        add_usual();
    run_to_end_within(5 * S, SETTLE_END_FATAL);
    assert_int_equal(settle_counts(world->settle)->fatal, STATUS_STORE_DIFFERS);
}

/* ---- what people ask for --------------------------------------------------------------------- */

static bool is_released(const struct record *record)
{
    return settlement_position(record->settlement_id) == 1 &&
           record->record_kind == RECORD_OUTCOME && record->outcome.state == OUTCOME_RELEASED;
}

/* Its request stays open; asking for it again as soon as the next decision is written would go on
   for ever. */
static void a_release_that_is_refused_is_not_tried_again_and_again(void **state)
{
    (void)state;
    park_before(add_under_way(STEP_HOLD), "NO");
    park_before(add_under_way(STEP_HOLD), "NO");
    world->is_poison = is_released;
    struct load_request *refused = ask(1, REQUEST_RELEASE);
    struct load_request *other = ask(2, REQUEST_RELEASE);
    start();
    run_for(60 * S);
    assert_true(is_done());
    assert_int_equal(settle_end(world->settle), SETTLE_END_COMPLETE);
    assert_null(decision_of(refused->id));
    assert_done(other);
    assert_settled(2);
    assert_refused(1);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
    assert_in_range(count_records(1, RECORD_OUTCOME), 1, 2);
}

static bool is_deposit(const struct record *record)
{
    return settlement_position(record->settlement_id) == 1 &&
           record->record_kind == RECORD_OUTCOME && record->outcome.state == OUTCOME_DEPOSITED;
}

/* The answer busy goes with the records that the database refuses, and leaves its buffer empty. */
static void an_answer_that_goes_with_refused_records_does_not_keep_the_run_waiting(void **state)
{
    (void)state;
    add_usual();
    world->is_poison = is_deposit;
    world->write_ns = 30 * MS;
    start();
    run_for(30 * MS); // its deposit and first intent are being written
    assert_non_null(world->chunk);
    struct load_request *amend = ask_amend(1, 77);
    run_for(10 * MS);
    expect(world->now_ns, EVENT_REQUESTED);
    run_for(60 * S);
    assert_true(is_done());
    assert_refused(1);
    assert_non_null(decision_of(amend->id)); // once nothing of it is refused any more
}

static bool is_reversal(const struct record *record)
{
    return record->record_kind == RECORD_ENTRY && record->kind == KIND_REVERSAL;
}

/* It has ended, and stays so: the request is what the refusal is about. */
static void a_return_that_is_refused_is_answered_so_and_the_end_stays(void **state)
{
    (void)state;
    add_ended(OUTCOME_SETTLED, 0, 0);
    add_usual();
    world->is_poison = is_reversal;
    world->config.banks[0].inquiry = INQUIRY_NONE;
    struct load_request *request = ask_return(1, STEP_PAYOUT, 1);
    run_to_end(SETTLE_END_COMPLETE);
    assert_refused_as(request, PARK_RECORD_REFUSED);
    assert_int_equal(count_records(1, RECORD_OUTCOME) + count_records(1, RECORD_ENTRY), 0);
    assert_settled(2);
    assert_int_equal(settle_counts(world->settle)->parked, 0);
    assert_int_equal(settle_counts(world->settle)->reversed, 0);
    assert_int_equal(settle_counts(world->settle)->records, world->written_count);
}

static void who_heard_busy_before_a_refused_return_is_not_answered_for_it(void **state)
{
    (void)state;
    struct account *account = add_ended(OUTCOME_SETTLED, 0, 0);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_PERSON);
    world->is_poison = is_reversal;
    struct load_request *request = ask_return(1, STEP_PAYOUT, 1);
    start();
    run_for(14 * MS); // the bank is asked, and answers soon
    assert_int_equal(count_calls(1, CALL_INQUIRY), 1);
    struct load_request *park = ask(1, REQUEST_PARK);
    run_to_end(SETTLE_END_COMPLETE);
    assert_refused_as(request, PARK_RECORD_REFUSED);
    assert_refused_as(park, REQUEST_CODE_ENDED); // its busy went with the refused records
}

static bool is_rate(const struct record *record)
{
    return record->record_kind == RECORD_DECISION && record->decision.request_kind == REQUEST_RATE;
}

/* Nobody could be parked for it: such a database holds nothing. */
static void an_answer_of_no_settlement_that_is_refused_ends_the_run(void **state)
{
    (void)state;
    add_usual();
    world->is_poison = is_rate;
    struct load_request *rate = ask_rate(0, 500);
    run_to_end(SETTLE_END_FATAL);
    assert_null(decision_of(rate->id));
    assert_int_equal(settle_counts(world->settle)->fatal, STATUS_STORE_REFUSED);
}

static uint8_t refused_end;

static bool is_refused_end(const struct record *record)
{
    return record->record_kind == RECORD_OUTCOME && record->outcome.state == refused_end;
}

static void an_end_that_is_refused_is_counted_as_parked(void **state)
{
    (void)state;
    static const struct {
        enum request_kind kind;
        enum outcome_state end;
    } rows[] = {{REQUEST_WRITE_OFF, OUTCOME_WRITTEN_OFF}, {REQUEST_SUPERSEDE, OUTCOME_SUPERSEDED}};
    for (size_t i = 0; i < 2; i++) {
        world_close(NULL);
        world_open(NULL);
        refused_end = (uint8_t)rows[i].end;
        world->is_poison = is_refused_end;
        add_usual();
        struct load_request *request = ask(1, rows[i].kind);
        start();
        run_for(60 * S);
        assert_true(is_done());
        assert_null(decision_of(request->id));
        assert_refused(1);
        assert_int_equal(settle_counts(world->settle)->ended, 0);
        assert_int_equal(settle_counts(world->settle)->parked, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_refused_settlement_is_parked_and_the_rest_goes_on_wherever_it_stands),
        WORLD_TEST(several_refused_settlements_are_parked_each_for_itself),
        WORLD_TEST(a_transfer_whose_answer_is_refused_stays_in_doubt_and_is_never_sent_again),
        WORLD_TEST(a_payout_whose_answer_is_refused_was_not_paid_as_far_as_the_ledger_knows),
        WORLD_TEST(each_kind_of_outcome_may_be_the_refused_one),
        WORLD_TEST(a_short_that_is_refused_is_parked_instead),
        WORLD_TEST(a_park_whose_bank_code_is_refused_is_parked_without_it),
        WORLD_TEST(one_that_is_being_asked_about_leaves_only_after_the_reply),
        WORLD_TEST(a_reply_that_never_comes_is_cancelled_and_frees_the_slot),
        WORLD_TEST(a_reply_before_the_park_is_written_waits_for_it),
        WORLD_TEST(what_fills_meanwhile_keeps_its_order_and_loses_the_refused_one),
        WORLD_TEST(a_busy_database_is_asked_again_with_the_same_part),
        WORLD_TEST(a_stop_while_the_refused_one_is_looked_for_still_parks_it),
        WORLD_TEST(a_drain_that_ends_before_the_reply_still_parks_it),
        WORLD_TEST(when_even_the_park_is_refused_the_run_stops),
        WORLD_TEST(a_chunk_that_differs_halfway_stops_the_run),
        WORLD_TEST(a_release_that_is_refused_is_not_tried_again_and_again),
        WORLD_TEST(an_answer_that_goes_with_refused_records_does_not_keep_the_run_waiting),
        WORLD_TEST(a_return_that_is_refused_is_answered_so_and_the_end_stays),
        WORLD_TEST(who_heard_busy_before_a_refused_return_is_not_answered_for_it),
        WORLD_TEST(an_answer_of_no_settlement_that_is_refused_ends_the_run),
        WORLD_TEST(an_end_that_is_refused_is_counted_as_parked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
