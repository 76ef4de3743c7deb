#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"

/* Database instant from which on a not-found proves that no send so far was received. */
static int64_t counts_from_us(int64_t send_before_us)
{
    const struct bank_rules *rules = &world->config.banks[0];
    return send_before_us + (int64_t)((rules->linger_ns + rules->processing_ns) / NS_PER_US);
}

/* Two looks by the bank's clock, both later than everything the transfer was permitted. */
static uint32_t count_inquiries_after(uint32_t position, int64_t us, uint64_t before_ns)
{
    uint32_t count = 0;
    for (uint32_t n = 1; n <= count_calls(position, CALL_INQUIRY); n++) {
        const struct seen *inquiry = call_of(position, CALL_INQUIRY, n);
        count += db_us(inquiry->at_ns) > us && inquiry->at_ns < before_ns;
    }
    return count;
}

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
    run_to_end_within(12 * S, SETTLE_END_DOUBT);
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
    assert_int_equal(settle_counts(world->settle)->in_doubt, 2);
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
    assert_non_null(outcome_of(1, OUTCOME_REJECTED));
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
        const struct record *rejected = outcome_of(position, OUTCOME_REJECTED);
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
    assert_null(outcome_of(1, OUTCOME_REJECTED));
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
    assert_int_equal(outcome_of(1, OUTCOME_REJECTED)->generation, 1);
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

static void a_wait_longer_than_the_run_may_wait_is_left_to_a_later_run(void **state)
{
    (void)state;
    world->config.banks[0].later_wait_ns = 3600 * S;
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    run_to_end_within(10 * S, SETTLE_END_DOUBT);
    assert_non_null(outcome_of(1, OUTCOME_REJECTED));
    assert_null(outcome_of(1, OUTCOME_PARKED));
    assert_int_equal(settle_counts(world->settle)->pending, 1);
}

/* ---- pending --------------------------------------------------------------------------------- */

static void pending_is_recorded_once_and_inquired(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING);
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

/* ---- banks that can be asked otherwise, or not at all -----------------------------------------
 */

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
        assert_null(outcome_of(position, OUTCOME_REJECTED));
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

/* ---- keys that expire ------------------------------------------------------------------------ */

static void nothing_is_repeated_under_a_key_that_the_bank_may_have_forgotten(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_REPEAT;
    world->config.banks[0].key_lifetime_ns = 5 * S;
    struct account *account = add_usual();
    account->scripts[CALL_TRANSFER].is_endless = true;
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_KEY_EXPIRED);
    int64_t intended_us = record_of(1, RECORD_INTENT, 1)->intent.intended_at_us;
    for (uint32_t n = 1; n <= count_records(1, RECORD_ATTEMPT); n++)
        assert_true(counts_from_us(record_of(1, RECORD_ATTEMPT, n)->attempt.send_before_us) <=
                    intended_us + 5 * US_PER_S);
    assert_true(count_records(1, RECORD_ATTEMPT) > 2);
}

static void a_pause_of_the_bank_does_not_carry_a_repeat_past_the_key_s_lifetime(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_REPEAT;
    world->config.banks[0].key_lifetime_ns = 5 * S;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    // Says slow down after the first account's send, and before its repeat.
    struct account *other = add_account(300, 50, 1000, 0);
    SAY(other, CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true, .after_ns = 90 * MS,
        .retry_after_ns = 7 * S);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    assert_parked(1, PARK_KEY_EXPIRED);
}

static void not_done_for_longer_than_the_key_lives_parks_only_what_may_have_arrived(void **state)
{
    (void)state;
    world->config.banks[0].key_lifetime_ns = 4 * S;
    struct account *clean = add_usual();
    SAY(clean, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .retry_after_ns = 5 * S);
    struct account *dirty = add_usual();
    SAY(dirty, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    SAY(dirty, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .retry_after_ns = 5 * S);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_parked(2, PARK_KEY_EXPIRED);
    assert_int_equal(count_calls(2, CALL_TRANSFER), 2);
}

static void a_not_found_after_the_key_s_lifetime_proves_nothing(void **state)
{
    (void)state;
    world->config.banks[0].key_lifetime_ns = 3600 * S;
    struct account *young = add_under_way(STEP_HOLD);
    add_intent(young, STEP_PAYOUT, 650, 3590 * S);
    struct account *old = add_under_way(STEP_HOLD);
    add_intent(old, STEP_PAYOUT, 650, 3601 * S);
    struct account *too_old_to_send = add_under_way(STEP_HOLD);
    add_intent(too_old_to_send, STEP_PAYOUT, 650, 3599 * S);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_parked(2, PARK_KEY_EXPIRED);
    assert_parked(3, PARK_KEY_EXPIRED);
    assert_int_equal(count_calls(2, CALL_TRANSFER) + count_calls(3, CALL_TRANSFER), 0);
}

static void an_unknown_linger_rejects_nothing_and_repeats_under_no_key_that_expires(void **state)
{
    (void)state;
    world->config.bank_count = 2;
    for (uint32_t i = 0; i < 2; i++)
        world->config.banks[i].linger_ns = AT_NEVER;
    world->config.banks[1].key_lifetime_ns = 3600 * S;
    struct account *for_ever = add_usual();
    struct account *expiring = add_usual();
    expiring->row.bank = 1;
    SAY(for_ever, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    SAY(for_ever, CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    SAY(expiring, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 2);
    assert_parked(1, PARK_LINGER_UNKNOWN);
    assert_null(outcome_of(1, OUTCOME_REJECTED));
    assert_int_equal(count_calls(2, CALL_TRANSFER), 1);
    assert_parked(2, PARK_KEY_EXPIRED);
}

/* ---- bodies that changed --------------------------------------------------------------------- */

static void a_changed_body_is_inquired_then_parked(void **state)
{
    (void)state;
    struct account *lost = add_under_way(STEP_HOLD);
    add_intent(lost, STEP_PAYOUT, 650, 60 * S);
    SAY(lost, CALL_TRANSFER, .answer = ANSWER_CHANGED);
    struct account *found = add_under_way(STEP_HOLD);
    add_intent(found, STEP_PAYOUT, 650, 60 * S);
    SAY(found, CALL_TRANSFER, .answer = ANSWER_CHANGED);
    say_often(found, CALL_INQUIRY, 2, (struct said){.answer = ANSWER_NOT_FOUND});
    SAY(found, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_BODY_CHANGED);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    assert_true(call_of(1, CALL_TRANSFER, 1)->has_digest);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 2 + 1 + 2); // one too early
    assert_non_null(outcome_of(2, OUTCOME_ACCEPTED));
}

static void a_changed_body_parks_where_only_a_repeat_would_ask(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_REPEAT;
    struct account *account = add_under_way(STEP_HOLD);
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_CHANGED);
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_BODY_CHANGED);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
}

/* ---- earlier runs ---------------------------------------------------------------------------- */

static void an_intent_without_outcome_is_asked_about_before_anything_is_sent(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_DEPOSIT);
    add_intent(account, STEP_COLLECT, 300, 5 * S);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
    account->balance_minor = 700;
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    assert_int_equal(call_of(1, CALL_TRANSFER, 1)->step, STEP_PAYOUT);
    assert_settled(1);
}

static void a_young_intent_that_nobody_sent_is_sent_after_two_not_founds_that_count(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_DEPOSIT);
    add_intent(account, STEP_COLLECT, 300, 100 * MS);
    run_to_end(SETTLE_END_COMPLETE);
    const struct seen *sent = call_of(1, CALL_TRANSFER, 1);
    assert_int_equal(sent->step, STEP_COLLECT);
    assert_true(sent->has_digest); // it must read as it was intended
    int64_t counts_us = counts_from_us(account->row.transfer.send_before_us);
    assert_int_equal(count_inquiries_after(1, counts_us, sent->at_ns), 2);
    assert_false(call_of(1, CALL_TRANSFER, 2)->has_digest);
    assert_settled(1);
}

static void a_4xx_to_an_intent_of_an_earlier_run_is_not_clean(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_HOLD);
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "CLOSED");
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, "CLOSED");
    assert_int_equal(count_calls(1, CALL_INQUIRY), 2 + 2 + 1); // one too early
}

static void pending_of_an_earlier_run_is_asked_and_not_recorded_again(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_HOLD);
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    account->row.transfer.state = OUTCOME_PENDING;
    account->row.transfer.decided_at_us = db_us(START_NS - 59 * S);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_PENDING);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
    account->balance_minor = 50;
    run_to_end(SETTLE_END_COMPLETE);
    assert_null(outcome_of(1, OUTCOME_PENDING));
    assert_settled(1);
}

static void rejected_in_an_earlier_run_goes_on_with_the_next_generation(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct account *account = add_under_way(STEP_HOLD);
        add_intent(account, STEP_PAYOUT, 650, 60 * S);
        account->row.transfer.state = OUTCOME_REJECTED;
        account->row.transfer.attempts = 3;
        account->row.transfer.decided_at_us = db_us(START_NS - (i == 0 ? 10 * S : 100 * MS));
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 2; position++) {
        const struct seen *sent = call_of(position, CALL_TRANSFER, 1);
        assert_int_equal(sent->generation, 2);
        assert_false(sent->has_digest);
        assert_int_equal(count_calls(position, CALL_INQUIRY), 0);
        assert_settled(position);
    }
    assert_true(call_of(2, CALL_TRANSFER, 1)->at_ns >=
                START_NS - 100 * MS + world->config.banks[0].later_wait_ns);
}

static void a_settlement_goes_on_after_each_step_that_an_earlier_run_finished(void **state)
{
    (void)state;
    static const struct {
        enum step_kind done;
        uint32_t transfers;
    } rows[] = {{STEP_DEPOSIT, 2}, {STEP_COLLECT, 1}, {STEP_HOLD, 1}, {STEP_PAYOUT, 0}};
    for (uint32_t i = 0; i < 4; i++)
        add_under_way(rows[i].done);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(count_calls(i + 1, CALL_TRANSFER), rows[i].transfers);
        assert_int_equal(count_calls(i + 1, CALL_BALANCE), 1); // the closing check
        assert_settled(i + 1);
        const struct record *first = record_of(i + 1, RECORD_OUTCOME, 1);
        assert_int_equal(first->outcome.seq, rows[i].done + 1); // seq goes on, too
    }
}

static void attempts_end_with_a_person(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_HOLD);
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    account->row.transfer.attempts = ATTEMPTS_MAX - 1;
    SAY(account, CALL_TRANSFER, .answer = ANSWER_NOT_DONE);
    struct account *spent = add_under_way(STEP_HOLD);
    add_intent(spent, STEP_PAYOUT, 650, 60 * S);
    spent->row.transfer.attempts = INT16_MAX;
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    assert_parked(1, PARK_GENERATIONS);
    assert_int_equal(count_calls(2, CALL_TRANSFER), 0);
    assert_parked(2, PARK_GENERATIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_transfer_is_not_sent_before_its_intent_is_written),
        WORLD_TEST(a_transfer_past_its_send_before_gets_an_attempt_record_first),
        WORLD_TEST(not_found_counts_only_late_and_twice_then_the_same_key_is_sent_again),
        WORLD_TEST(a_transfer_that_the_bank_has_is_found_and_not_sent_again),
        WORLD_TEST(an_odd_answer_to_a_send_is_in_doubt),
        WORLD_TEST(an_odd_answer_to_an_inquiry_is_asked_again),
        WORLD_TEST(a_call_without_answer_is_cancelled_and_asked_about),
        WORLD_TEST(an_answer_that_overtakes_its_cancel_still_counts),
        WORLD_TEST(a_run_waits_for_doubt_no_longer_than_resolve_wait),
        WORLD_TEST(a_bank_that_says_slow_down_for_a_day_does_not_hold_up_the_end),
        WORLD_TEST(a_retry_after_beyond_all_time_is_no_reason_to_hurry),
        WORLD_TEST(a_4xx_on_a_clean_first_send_is_rejected),
        WORLD_TEST(a_4xx_on_a_resend_is_in_doubt_until_a_not_found_counts_then_rejected),
        WORLD_TEST(a_4xx_on_a_resend_is_overruled_by_an_inquiry_that_finds_it),
        WORLD_TEST(a_rejection_that_the_bank_shows_when_asked_counts_at_once),
        WORLD_TEST(rejected_later_makes_a_new_generation_after_later_wait),
        WORLD_TEST(rejected_later_parks_after_later_tries),
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
        WORLD_TEST(nothing_is_repeated_under_a_key_that_the_bank_may_have_forgotten),
        WORLD_TEST(a_pause_of_the_bank_does_not_carry_a_repeat_past_the_key_s_lifetime),
        WORLD_TEST(not_done_for_longer_than_the_key_lives_parks_only_what_may_have_arrived),
        WORLD_TEST(a_not_found_after_the_key_s_lifetime_proves_nothing),
        WORLD_TEST(an_unknown_linger_rejects_nothing_and_repeats_under_no_key_that_expires),
        WORLD_TEST(a_changed_body_is_inquired_then_parked),
        WORLD_TEST(a_changed_body_parks_where_only_a_repeat_would_ask),
        WORLD_TEST(an_intent_without_outcome_is_asked_about_before_anything_is_sent),
        WORLD_TEST(a_young_intent_that_nobody_sent_is_sent_after_two_not_founds_that_count),
        WORLD_TEST(a_4xx_to_an_intent_of_an_earlier_run_is_not_clean),
        WORLD_TEST(pending_of_an_earlier_run_is_asked_and_not_recorded_again),
        WORLD_TEST(rejected_in_an_earlier_run_goes_on_with_the_next_generation),
        WORLD_TEST(a_settlement_goes_on_after_each_step_that_an_earlier_run_finished),
        WORLD_TEST(attempts_end_with_a_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
