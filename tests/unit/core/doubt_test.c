#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doubt_looks.h"
#include "harness.h"

static int64_t permitted_us(uint32_t position, uint32_t intent)
{
    return record_of(position, RECORD_INTENT, intent)->intent.send_before_us;
}

/* ---- before the first byte ------------------------------------------------------------------- */

static void a_transfer_is_not_sent_before_its_intent_is_written(void **state)
{
    (void)state;
    world->holds_chunks = true;
    add_usual();
    start();
    run_for(400 * MS);
    assert_non_null(world->chunk);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
    answer_chunk(STATUS_OK);
    run_for(10 * MS);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
}

static void a_transfer_past_its_send_before_gets_an_attempt_record_first(void **state)
{
    (void)state;
    world->holds_chunks = true;
    struct account *account = add_usual();
    start();
    run_for(2 * S); // the intent's permission has run out meanwhile
    answer_chunk(STATUS_OK);
    run_for(100 * MS);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
    assert_int_equal(world->chunk->record_count, 1);
    assert_int_equal(world->chunk->records[0].record_kind, RECORD_ATTEMPT);
    assert_int_equal(world->chunk->records[0].attempt.number, 1);
    world->holds_chunks = false;
    answer_chunk(STATUS_OK);
    // Nothing of it was ever sent: a no is a no.
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "CLOSED");
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
    assert_parked(1, "CLOSED");
}

/* ---- in doubt -------------------------------------------------------------------------------- */

static void not_found_counts_only_late_and_twice_then_the_same_key_is_sent_again(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    run_to_end(SETTLE_END_COMPLETE);
    const struct seen *first = call_of(1, CALL_TRANSFER, 1);
    const struct seen *again = call_of(1, CALL_TRANSFER, 2);
    assert_true(is_same_key(first, again));
    assert_int_equal(again->generation, 1);
    assert_int_equal(count_inquiries_after(1, counts_from_us(permitted_us(1, 1)), again->at_ns), 2);
    const struct record *attempt = record_of(1, RECORD_ATTEMPT, 1);
    assert_int_equal(attempt->attempt.number, 1);
    assert_int_equal(count_records(1, RECORD_ATTEMPT), 1);
    assert_settled(1);
    assert_int_equal(settle_counts(world->settle)->doubts, 1);
    assert_int_equal(settle_counts(world->settle)->resends, 1);
}

static void a_transfer_that_the_bank_has_is_found_and_not_sent_again(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 2); // collect and payout
    assert_int_equal(count_calls(1, CALL_INQUIRY), 1);
    assert_settled(1);
}

static void an_odd_answer_to_a_send_is_in_doubt(void **state)
{
    (void)state;
    static const enum answer odd[] = {ANSWER_BALANCE, ANSWER_NOT_FOUND, ANSWER_IN_DOUBT};
    for (uint32_t i = 0; i < 3; i++)
        SAY(add_usual(), CALL_TRANSFER, .answer = odd[i], .is_done = true);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 3; position++) {
        assert_int_equal(count_calls(position, CALL_TRANSFER), 2);
        assert_int_equal(count_calls(position, CALL_INQUIRY), 1);
        assert_settled(position);
    }
}

static void an_answer_about_something_else_is_in_doubt_and_counted(void **state)
{
    (void)state;
    world->config.bank_count = 2;
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .code = "echo_amount",
        .is_done = true);
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .code = "reset");
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(settle_foreign(world->settle, 0), 1);
    assert_int_equal(settle_foreign(world->settle, 1), 0);
    assert_int_equal(settle_counts(world->settle)->doubts, 2);
    assert_settled(1);
}

static void an_odd_answer_to_an_inquiry_is_asked_again(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_BALANCE);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_CHANGED);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_IN_DOUBT);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_DONE, .throttled = true);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 5);
    assert_settled(1);
}

static void a_call_without_answer_is_cancelled_and_asked_about(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED, .after_ns = AT_NEVER);
    run_to_end(SETTLE_END_COMPLETE);
    const struct seen *sent = call_of(1, CALL_TRANSFER, 1);
    assert_in_range(sent->ended_ns - sent->at_ns, 1 * S, 1 * S + 10 * MS);
    assert_int_equal(settle_counts(world->settle)->timeouts, 1);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 1);
    assert_settled(1);
}

static void an_answer_that_overtakes_its_cancel_still_counts(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED, .after_ns = 1 * S + 5 * MS);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(settle_counts(world->settle)->timeouts, 1);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
    assert_settled(1);
}

static void a_run_waits_for_doubt_no_longer_than_resolve_wait(void **state)
{
    (void)state;
    static const struct {
        enum answer answer;
        uint64_t processing_ns;
    } rows[] = {{ANSWER_IN_DOUBT, 500 * MS}, {ANSWER_NOT_FOUND, 3600 * S}};
    for (uint32_t i = 0; i < 2; i++) {
        world->config.banks[i].processing_ns = rows[i].processing_ns;
        struct account *account = add_usual();
        account->row.bank = (uint8_t)i;
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
        account->scripts[CALL_INQUIRY].is_endless = true;
        SAY(account, CALL_INQUIRY, .answer = rows[i].answer);
    }
    world->config.bank_count = 2;
    run_to_end_within(60 * S, SETTLE_END_DOUBT);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 2);
    for (uint32_t position = 1; position <= 2; position++) {
        assert_int_equal(count_calls(position, CALL_TRANSFER), 1);
        assert_null(outcome_of(position, OUTCOME_PARKED)); // a later run asks again
    }
}

static void a_bank_that_says_slow_down_for_a_day_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND, .after_ns = 300 * MS);
    // Pauses the bank while the first account waits for its turn to ask.
    struct account *other = add_usual();
    SAY(other, CALL_BALANCE, .answer = ANSWER_BALANCE);
    SAY(other, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .throttled = true, .after_ns = 100 * MS,
        .retry_after_ns = 86400 * S);
    run_to_end_within(15 * S, SETTLE_END_DOUBT);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 1);
    assert_int_equal(settle_counts(world->settle)->pending, 1); // surely not done
}

/* Whatever waits for the bank when it says slow down for a day, the run ends after resolve_wait. */
static void whoever_waits_at_a_bank_that_is_paused_for_a_day_is_left_to_a_later_run(void **state)
{
    (void)state;
    world->config.banks[0].rate_per_s = 50;
    world->config.banks[0].burst = 1;
    world->config.banks[0].calls_max = 2;
    for (uint32_t i = 0; i < 12; i++)
        add_under_way(i < 4 ? STEP_DEPOSIT : i < 8 ? STEP_HOLD : STEP_PAYOUT);
    for (uint32_t i = 0; i < 4; i++)
        add_usual();
    SAY(&world->accounts[0], CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 86400 * S);
    world->config.slots = 64;
    run_to_end_within(20 * S, SETTLE_END_DOUBT);
    const struct settle_counts *counts = settle_counts(world->settle);
    assert_int_equal(counts->in_doubt, 0);
    assert_int_equal(counts->pending + counts->settled, 12);
    assert_true(counts->pending >= 9);
    assert_int_equal(counts->is_short, 4);
    for (uint32_t i = 1; i <= 16; i++)
        assert_null(outcome_of(i, OUTCOME_PARKED));
}

static void giving_up_many_together_does_not_overfill_a_chunk(void **state)
{
    (void)state;
    world->config.chunk_records = 2;
    world->config.banks[0].calls_max = 1;
    for (uint32_t i = 0; i < 12; i++)
        add_usual();
    SAY(account_at(1), CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 86400 * S);
    run_to_end_within(20 * S, SETTLE_END_COMPLETE);
    assert_int_equal(settle_counts(world->settle)->is_short, 12);
    assert_int_equal(most_in_a_chunk(RECORD_OUTCOME), 2);
}

static void who_has_a_wait_of_its_own_is_not_given_up_before_it_ends(void **state)
{
    (void)state;
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 86400 * S);
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .after_ns = 900 * MS);
    start();
    run_for(10 * S + 500 * MS);
    assert_false(is_done());
    run_to_end_within(1 * S, SETTLE_END_DOUBT);
    assert_int_equal(settle_counts(world->settle)->pending, 2);
}

static void a_pause_shorter_than_resolve_wait_is_waited_for(void **state)
{
    (void)state;
    SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 9 * S);
    add_usual();
    add_under_way(STEP_HOLD);
    run_to_end_within(15 * S, SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 3; position++)
        assert_settled(position);
}

static void permissions_that_run_out_again_and_again_are_not_renewed_for_ever(void **state)
{
    (void)state;
    world->write_ns = 1500 * MS; // send_before is one second
    add_under_way(STEP_HOLD);
    run_to_end_within(30 * S, SETTLE_END_DOUBT);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
    assert_int_equal(count_records(1, RECORD_ATTEMPT), RENEWALS_MAX);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 0);
    assert_int_equal(settle_counts(world->settle)->pending, 1);
    assert_int_equal(settle_counts(world->settle)->resends, 0);
}

static void what_was_surely_not_done_is_pending_and_no_resend(void **state)
{
    (void)state;
    struct account *account = add_usual();
    account->scripts[CALL_TRANSFER].is_endless = true;
    SAY(account, CALL_TRANSFER, .answer = ANSWER_NOT_DONE);
    struct account *dirty = add_usual();
    dirty->scripts[CALL_TRANSFER].is_endless = true;
    SAY(dirty, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    SAY(dirty, CALL_TRANSFER, .answer = ANSWER_NOT_DONE);
    run_to_end_within(30 * S, SETTLE_END_DOUBT);
    assert_int_equal(settle_counts(world->settle)->pending, 1);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 1);
    assert_true(count_calls(1, CALL_TRANSFER) > 10);
    assert_int_equal(settle_counts(world->settle)->resends, count_calls(2, CALL_TRANSFER) - 1);
}

static void a_retry_after_beyond_all_time_is_no_reason_to_hurry(void **state)
{
    (void)state;
    struct account *account = add_usual();
    account->scripts[CALL_TRANSFER].is_endless = true;
    SAY(account, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = UINT64_MAX);
    run_to_end_within(15 * S, SETTLE_END_DOUBT);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
}

/* ---- rejected -------------------------------------------------------------------------------- */

static void a_4xx_on_a_clean_first_send_is_rejected(void **state)
{
    (void)state;
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "CLOSED");
    run_to_end(SETTLE_END_COMPLETE);
    assert_non_null(outcome_of(1, OUTCOME_REJECTED_PERSON));
    assert_parked(1, "CLOSED");
    assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
}

static void a_4xx_on_a_resend_is_in_doubt_until_a_not_found_counts_then_rejected(void **state)
{
    (void)state;
    static const enum answer nos[] = {ANSWER_REJECTED_PERSON, ANSWER_REJECTED_LATER};
    for (uint32_t i = 0; i < 2; i++) {
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
        SAY(account, CALL_TRANSFER, .answer = nos[i], .code = "NO");
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 2; position++) {
        int64_t newest_us = record_of(position, RECORD_ATTEMPT, 1)->attempt.send_before_us;
        const struct record *rejected =
            outcome_of(position, position == 1 ? OUTCOME_REJECTED_PERSON : OUTCOME_REJECTED_LATER);
        assert_int_equal(count_inquiries_after(position, counts_from_us(newest_us), UINT64_MAX), 2);
        assert_true(rejected->outcome.at_us > counts_from_us(newest_us));
        assert_string_equal(rejected->outcome.text.code, "NO");
    }
    assert_parked(1, "NO");
    assert_int_equal(count_calls(1, CALL_TRANSFER), 2);
    assert_settled(2);
    assert_int_equal(call_of(2, CALL_TRANSFER, 3)->generation, 2);
}

static void a_4xx_on_a_resend_is_overruled_by_an_inquiry_that_finds_it(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "BALANCE");
    // A replica that lags says not found: once too early, then twice so that it counts.
    say_often(account, CALL_INQUIRY, 3, (struct said){.answer = ANSWER_NOT_FOUND});
    run_to_end(SETTLE_END_COMPLETE);
    assert_true(is_same_key(call_of(1, CALL_TRANSFER, 1), call_of(1, CALL_TRANSFER, 2)));
    assert_null(outcome_of(1, OUTCOME_REJECTED_LATER));
    assert_settled(1);
}

static void a_rejection_that_the_bank_shows_when_asked_counts_at_once(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_PERSON, .code = "CLOSED");
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, "CLOSED");
    assert_int_equal(count_calls(1, CALL_INQUIRY), 1);
}

static void rejected_later_makes_a_new_generation_after_later_wait(void **state)
{
    (void)state;
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER, .code = "LIMIT");
    run_to_end(SETTLE_END_COMPLETE);
    const struct seen *first = call_of(1, CALL_TRANSFER, 1);
    const struct seen *second = call_of(1, CALL_TRANSFER, 2);
    assert_int_equal(second->generation, 2);
    assert_int_equal(second->amount_minor, first->amount_minor);
    assert_false(is_same_key(first, second));
    assert_true(second->at_ns - first->ended_ns >= world->config.banks[0].later_wait_ns);
    assert_int_equal(outcome_of(1, OUTCOME_REJECTED_LATER)->generation, 1);
    assert_settled(1);
}

static void rejected_later_parks_after_later_tries(void **state)
{
    (void)state;
    say_often(add_usual(), CALL_TRANSFER, 5,
              (struct said){.answer = ANSWER_REJECTED_LATER, .code = "LIMIT"});
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), world->config.banks[0].later_tries);
    assert_parked(1, PARK_GENERATIONS);
}

static void a_hundred_keys_are_enough_whatever_the_profile_says(void **state)
{
    (void)state;
    world->config.banks[0].later_tries = 1000;
    world->config.banks[0].later_wait_ns = 1 * MS;
    struct account *account = add_under_way(STEP_HOLD);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    account->scripts[CALL_TRANSFER].is_endless = true;
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_GENERATIONS);
    assert_int_equal(count_records(1, RECORD_INTENT), GENERATIONS_MAX);
}

static void a_wait_longer_than_the_run_may_wait_is_left_to_a_later_run(void **state)
{
    (void)state;
    world->config.banks[0].later_wait_ns = 3600 * S;
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    run_to_end_within(10 * S, SETTLE_END_DOUBT);
    assert_non_null(outcome_of(1, OUTCOME_REJECTED_LATER));
    assert_null(outcome_of(1, OUTCOME_PARKED));
    assert_int_equal(settle_counts(world->settle)->pending, 1);
}

/* ---- pending --------------------------------------------------------------------------------- */

static void pending_is_recorded_once_and_inquired(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING, .is_done = true);
    say_often(account, CALL_INQUIRY, 4, (struct said){.answer = ANSWER_PENDING});
    SAY(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
    run_to_end(SETTLE_END_COMPLETE);
    uint32_t pending = 0;
    for (uint32_t n = 1; n <= count_records(1, RECORD_OUTCOME); n++)
        pending += record_of(1, RECORD_OUTCOME, n)->outcome.state == OUTCOME_PENDING;
    assert_int_equal(pending, 1);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 5);
    assert_int_equal(outcome_of(1, OUTCOME_PENDING)->generation, 1);
    assert_non_null(outcome_of(1, OUTCOME_ACCEPTED));
}

static void not_found_after_pending_proves_nothing(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING);
    account->scripts[CALL_INQUIRY].is_endless = true;
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
    run_to_end_within(15 * S, SETTLE_END_DOUBT);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    assert_int_equal(settle_counts(world->settle)->pending, 1);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 0);
}

static void a_new_generation_is_not_pending_because_the_last_one_was(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_LATER);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT); // lost: never found
    SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
    run_to_end(SETTLE_END_DOUBT);
    assert_int_equal(call_of(1, CALL_TRANSFER, 2)->generation, 2);
    assert_true(is_same_key(call_of(1, CALL_TRANSFER, 2), call_of(1, CALL_TRANSFER, 3)));
    assert_int_equal(outcome_of(1, OUTCOME_PENDING)->generation, 2);
}

/* ---- not done -------------------------------------------------------------------------------- */

static void not_done_is_sent_again_after_an_attempt_record_without_inquiry(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_NOT_DONE);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .throttled = true);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "CLOSED");
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 3);
    assert_true(is_same_key(call_of(1, CALL_TRANSFER, 1), call_of(1, CALL_TRANSFER, 3)));
    assert_int_equal(count_records(1, RECORD_ATTEMPT), 2);
    assert_int_equal(record_of(1, RECORD_ATTEMPT, 2)->attempt.number, 2);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
    assert_parked(1, "CLOSED"); // every send had its whole answer: rejected
}

static void not_done_waits_as_long_as_the_bank_says(void **state)
{
    (void)state;
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .retry_after_ns = 3 * S);
    run_to_end(SETTLE_END_COMPLETE);
    assert_true(call_of(1, CALL_TRANSFER, 2)->at_ns - call_of(1, CALL_TRANSFER, 1)->ended_ns >=
                3 * S);
    assert_settled(1);
}

/* ---- banks that can be asked otherwise, or not at all ---------------------------------------- */

static void a_bank_that_cannot_be_asked_parks_doubt(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_NONE;
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_PENDING);
    struct account *account = add_under_way(STEP_HOLD);
    add_intent(account, STEP_PAYOUT, 650, 10 * S);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 3; position++) {
        assert_parked(position, PARK_NO_INQUIRY);
        assert_int_equal(count_calls(position, CALL_INQUIRY), 0);
    }
    assert_int_equal(count_calls(3, CALL_TRANSFER), 0);
}

static void where_repeating_is_the_question_the_same_key_is_sent_again(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_REPEAT;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED);
    run_to_end(SETTLE_END_COMPLETE);
    assert_true(is_same_key(call_of(1, CALL_TRANSFER, 1), call_of(1, CALL_TRANSFER, 3)));
    assert_int_equal(count_records(1, RECORD_ATTEMPT), 2);
    assert_true(call_of(1, CALL_TRANSFER, 2)->at_ns - call_of(1, CALL_TRANSFER, 1)->ended_ns >=
                world->config.banks[0].repeat_delay_ns);
    assert_settled(1);
    assert_int_equal(account->balance_minor, 50); // once
}

static void a_4xx_on_a_repeat_parks(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_REPEAT;
    static const enum answer before[] = {ANSWER_IN_DOUBT, ANSWER_PENDING};
    for (uint32_t i = 0; i < 2; i++) {
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = before[i]);
        SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 2; position++) {
        assert_parked(position, PARK_REFUSED_REPEAT);
        assert_null(outcome_of(position, OUTCOME_REJECTED_LATER));
        assert_int_equal(count_calls(position, CALL_TRANSFER), 2);
    }
}

static void repeating_slows_down_also_where_no_delay_is_asked_for(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_REPEAT;
    world->config.banks[0].repeat_delay_ns = 0;
    struct account *account = add_usual();
    account->scripts[CALL_TRANSFER].is_endless = true;
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .after_ns = 1 * MS);
    run_to_end_within(15 * S, SETTLE_END_DOUBT);
    assert_in_range(count_calls(1, CALL_TRANSFER), 10, 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_transfer_is_not_sent_before_its_intent_is_written),
        WORLD_TEST(a_transfer_past_its_send_before_gets_an_attempt_record_first),
        WORLD_TEST(not_found_counts_only_late_and_twice_then_the_same_key_is_sent_again),
        WORLD_TEST(a_transfer_that_the_bank_has_is_found_and_not_sent_again),
        WORLD_TEST(an_odd_answer_to_a_send_is_in_doubt),
        WORLD_TEST(an_answer_about_something_else_is_in_doubt_and_counted),
        WORLD_TEST(an_odd_answer_to_an_inquiry_is_asked_again),
        WORLD_TEST(a_call_without_answer_is_cancelled_and_asked_about),
        WORLD_TEST(an_answer_that_overtakes_its_cancel_still_counts),
        WORLD_TEST(a_run_waits_for_doubt_no_longer_than_resolve_wait),
        WORLD_TEST(a_bank_that_says_slow_down_for_a_day_does_not_hold_up_the_end),
        WORLD_TEST(whoever_waits_at_a_bank_that_is_paused_for_a_day_is_left_to_a_later_run),
        WORLD_TEST(giving_up_many_together_does_not_overfill_a_chunk),
        WORLD_TEST(who_has_a_wait_of_its_own_is_not_given_up_before_it_ends),
        WORLD_TEST(a_pause_shorter_than_resolve_wait_is_waited_for),
        WORLD_TEST(permissions_that_run_out_again_and_again_are_not_renewed_for_ever),
        WORLD_TEST(what_was_surely_not_done_is_pending_and_no_resend),
        WORLD_TEST(a_retry_after_beyond_all_time_is_no_reason_to_hurry),
        WORLD_TEST(a_4xx_on_a_clean_first_send_is_rejected),
        WORLD_TEST(a_4xx_on_a_resend_is_in_doubt_until_a_not_found_counts_then_rejected),
        WORLD_TEST(a_4xx_on_a_resend_is_overruled_by_an_inquiry_that_finds_it),
        WORLD_TEST(a_rejection_that_the_bank_shows_when_asked_counts_at_once),
        WORLD_TEST(rejected_later_makes_a_new_generation_after_later_wait),
        WORLD_TEST(rejected_later_parks_after_later_tries),
        WORLD_TEST(a_hundred_keys_are_enough_whatever_the_profile_says),
        WORLD_TEST(a_wait_longer_than_the_run_may_wait_is_left_to_a_later_run),
        WORLD_TEST(pending_is_recorded_once_and_inquired),
        WORLD_TEST(not_found_after_pending_proves_nothing),
        WORLD_TEST(a_new_generation_is_not_pending_because_the_last_one_was),
        WORLD_TEST(not_done_is_sent_again_after_an_attempt_record_without_inquiry),
        WORLD_TEST(not_done_waits_as_long_as_the_bank_says),
        WORLD_TEST(a_bank_that_cannot_be_asked_parks_doubt),
        WORLD_TEST(where_repeating_is_the_question_the_same_key_is_sent_again),
        WORLD_TEST(a_4xx_on_a_repeat_parks),
        WORLD_TEST(repeating_slows_down_also_where_no_delay_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
