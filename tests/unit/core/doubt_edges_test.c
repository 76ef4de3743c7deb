#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doubt_looks.h"
#include "harness.h"

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

static void a_no_to_a_resend_is_not_proven_by_a_not_found_after_the_key_s_lifetime(void **state)
{
    (void)state;
    world->config.banks[0].key_lifetime_ns = 5 * S;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    account->scripts[CALL_INQUIRY].is_endless = true;
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND, .after_ns = 400 * MS);
    run_to_end(SETTLE_END_COMPLETE);
    assert_null(outcome_of(1, OUTCOME_REJECTED_LATER));
    assert_parked(1, PARK_KEY_EXPIRED);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 2);
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
    assert_null(outcome_of(1, OUTCOME_REJECTED_LATER));
    assert_int_equal(count_calls(2, CALL_TRANSFER), 1);
    assert_parked(2, PARK_KEY_EXPIRED);
}

/* ---- clocks and waits ------------------------------------------------------------------------ */

static void a_database_clock_known_only_roughly_makes_no_not_found_count_early(void **state)
{
    (void)state;
    world->write_ns = world->alive_ns = 150 * MS;
    for (uint32_t i = 0; i < 40; i++) {
        struct account *account = add_under_way(STEP_HOLD);
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
        say_often(account, CALL_INQUIRY, 4 + i % 16, (struct said){.answer = ANSWER_IN_DOUBT});
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 40; position++) {
        uint64_t again_ns = call_of(position, CALL_TRANSFER, 2)->at_ns;
        const struct record *intent = record_of(position, RECORD_INTENT, 1);
        int64_t counts_us = counts_from_us(intent->intent.send_before_us);
        uint32_t not_found = 0;
        for (uint32_t n = 1; n <= count_calls(position, CALL_INQUIRY); n++) {
            const struct seen *call = call_of(position, CALL_INQUIRY, n);
            not_found += call->said.answer == ANSWER_NOT_FOUND && call->at_ns < again_ns &&
                         db_us(call->at_ns) > counts_us;
        }
        assert_int_equal(not_found, 2);
    }
}

static void a_permission_never_ends_earlier_than_an_older_one(void **state)
{
    (void)state;
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_NOT_DONE,
        .retry_after_ns = 1200 * MS);
    start();
    run_for(100 * MS);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    world->db_step_us = -2000000; // somebody sets the database's clock back
    run_to_end(SETTLE_END_COMPLETE);
    assert_true(record_of(1, RECORD_ATTEMPT, 1)->attempt.send_before_us >=
                record_of(1, RECORD_INTENT, 1)->intent.send_before_us);
    assert_settled(1);
}

static void a_permission_runs_out_though_the_database_s_clock_is_set_back(void **state)
{
    (void)state;
    world->config.banks[0].calls_max = 1;
    add_under_way(STEP_HOLD);
    // It comes first: the highest position.
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 3 * S);
    start();
    run_for(100 * MS);
    assert_int_equal(count_records(1, RECORD_INTENT), 1);
    world->db_step_us = INT64_C(-3600000000);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    assert_int_equal(count_records(1, RECORD_ATTEMPT), 1);
}

static void a_key_grows_old_though_the_database_s_clock_is_set_back(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_REPEAT;
    world->config.banks[0].repeat_delay_ns = 2 * S;
    world->config.banks[0].key_lifetime_ns = 20 * S;
    world->config.resolve_wait_ns = 100 * S;
    struct account *account = add_under_way(STEP_HOLD);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    account->scripts[CALL_TRANSFER].is_endless = true;
    start();
    run_for(1 * S);
    world->db_step_us = INT64_C(-3600000000);
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_KEY_EXPIRED);
    uint32_t sends = count_calls(1, CALL_TRANSFER);
    assert_in_range(sends, 5, 10);
    assert_true(call_of(1, CALL_TRANSFER, sends)->at_ns < START_NS + 20 * S);
}

static void giving_up_waits_for_a_record_that_is_being_written(void **state)
{
    (void)state;
    world->config.banks[0].rate_per_s = 2;
    world->config.send_before_ns = 2 * S;
    world->config.banks[0].burst = 1;
    // Asks first, and is told to slow down when the transfer waits for its second token.
    struct account *other = add_under_way(STEP_HOLD);
    add_intent(other, STEP_PAYOUT, 650, 60 * S);
    SAY(other, CALL_INQUIRY, .answer = ANSWER_NOT_DONE, .throttled = true, .after_ns = 700 * MS,
        .retry_after_ns = 9300 * MS);
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_NOT_DONE);
    start();
    run_for(10 * S);
    assert_int_equal(count_records(2, RECORD_ATTEMPT), 1);
    world->holds_chunks = true;
    run_for(1500 * MS); // the renewed permission is being written when the wait is over
    assert_int_equal(world->chunk->records[0].record_kind, RECORD_ATTEMPT);
    world->holds_chunks = false;
    answer_chunk(STATUS_OK);
    run_to_end(SETTLE_END_DOUBT);
    assert_int_equal(count_calls(2, CALL_TRANSFER), 1);
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
    assert_int_equal(count_calls(1, CALL_INQUIRY), 1 + 2 + 1 + 2); // two too early
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
    assert_int_equal(count_calls(1, CALL_INQUIRY), 1 + 2 + 1 + 2); // two too early
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
        account->row.transfer.state = OUTCOME_REJECTED_LATER;
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

static void a_rejection_of_an_earlier_run_may_have_to_wait_for_a_later_one(void **state)
{
    (void)state;
    world->config.banks[0].later_wait_ns = 3600 * S;
    struct account *account = add_under_way(STEP_HOLD);
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    account->row.transfer.state = OUTCOME_REJECTED_LATER;
    account->row.transfer.decided_at_us = db_us(START_NS - 59 * S);
    run_to_end_within(1 * S, SETTLE_END_DOUBT);
    assert_int_equal(world->chunk_count, 0);
    assert_int_equal(world->seen_count, 0);
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
    assert_parked(1, PARK_ATTEMPTS);
    assert_int_equal(count_calls(2, CALL_TRANSFER), 0);
    assert_parked(2, PARK_ATTEMPTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(nothing_is_repeated_under_a_key_that_the_bank_may_have_forgotten),
        WORLD_TEST(a_pause_of_the_bank_does_not_carry_a_repeat_past_the_key_s_lifetime),
        WORLD_TEST(not_done_for_longer_than_the_key_lives_parks_only_what_may_have_arrived),
        WORLD_TEST(a_not_found_after_the_key_s_lifetime_proves_nothing),
        WORLD_TEST(a_no_to_a_resend_is_not_proven_by_a_not_found_after_the_key_s_lifetime),
        WORLD_TEST(an_unknown_linger_rejects_nothing_and_repeats_under_no_key_that_expires),
        WORLD_TEST(a_database_clock_known_only_roughly_makes_no_not_found_count_early),
        WORLD_TEST(a_permission_never_ends_earlier_than_an_older_one),
        WORLD_TEST(a_permission_runs_out_though_the_database_s_clock_is_set_back),
        WORLD_TEST(a_key_grows_old_though_the_database_s_clock_is_set_back),
        WORLD_TEST(giving_up_waits_for_a_record_that_is_being_written),
        WORLD_TEST(a_changed_body_is_inquired_then_parked),
        WORLD_TEST(a_changed_body_parks_where_only_a_repeat_would_ask),
        WORLD_TEST(an_intent_without_outcome_is_asked_about_before_anything_is_sent),
        WORLD_TEST(a_young_intent_that_nobody_sent_is_sent_after_two_not_founds_that_count),
        WORLD_TEST(a_4xx_to_an_intent_of_an_earlier_run_is_not_clean),
        WORLD_TEST(pending_of_an_earlier_run_is_asked_and_not_recorded_again),
        WORLD_TEST(rejected_in_an_earlier_run_goes_on_with_the_next_generation),
        WORLD_TEST(a_rejection_of_an_earlier_run_may_have_to_wait_for_a_later_one),
        WORLD_TEST(a_settlement_goes_on_after_each_step_that_an_earlier_run_finished),
        WORLD_TEST(attempts_end_with_a_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
