/* What banks and networks do to a transfer, one fault a test; what must come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doubt_looks.h"
#include "harness.h"

/* How many keys the step was given, how often it was sent. */
static uint32_t keys_of(uint32_t position, enum step_kind step)
{
    uint32_t keys = 0;
    for (uint32_t n = 1; n <= count_records(position, RECORD_INTENT); n++)
        keys += record_of(position, RECORD_INTENT, n)->step == step;
    return keys;
}

static uint32_t sends_of(uint32_t position, enum step_kind step)
{
    uint32_t sends = 0;
    for (uint32_t n = 1; n <= count_calls(position, CALL_TRANSFER); n++)
        sends += call_of(position, CALL_TRANSFER, n)->step == step;
    return sends;
}

/* ---- the four endings of a call -------------------------------------------------------------- */

static void a_first_send_ends_in_one_of_four_ways(void **state)
{
    (void)state;
    static const struct {
        enum answer answer;
        uint32_t keys, sends, inquiries; /* of the collect */
        enum outcome_state outcome;
        const char *parked; /* NULL: settles */
    } rows[] = {
        {ANSWER_ACCEPTED, 1, 1, 0, OUTCOME_ACCEPTED, NULL},
        {ANSWER_REJECTED_LATER, 2, 2, 0, OUTCOME_REJECTED_LATER, NULL},
        {ANSWER_REJECTED_PERSON, 1, 1, 0, OUTCOME_REJECTED_PERSON, "CODE"},
        {ANSWER_NOT_DONE, 1, 2, 0, OUTCOME_ACCEPTED, NULL},
        {ANSWER_IN_DOUBT, 1, 1, 1, OUTCOME_ACCEPTED, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        SAY(add_usual(), CALL_TRANSFER, .answer = rows[i].answer, .code = "CODE",
            .is_done = rows[i].answer == ANSWER_IN_DOUBT);
        run_to_end(SETTLE_END_COMPLETE);
        assert_int_equal(keys_of(1, STEP_COLLECT), rows[i].keys);
        assert_int_equal(sends_of(1, STEP_COLLECT), rows[i].sends);
        assert_int_equal(count_calls(1, CALL_INQUIRY), rows[i].inquiries);
        assert_non_null(outcome_of(1, rows[i].outcome));
        if (rows[i].parked != NULL)
            assert_parked(1, rows[i].parked);
        else
            assert_settled(1);
    }
}

/* A parked record tells which kind of no it was: a bank's code or `rejected` is a person's,
   `tries_used_up` is "later" too often. */
static void a_no_for_later_and_a_no_for_a_person_stay_apart_to_the_end(void **state)
{
    (void)state;
    static const struct {
        enum answer answer;
        const char *code, *parked;
        uint32_t keys;
    } rows[] = {
        {ANSWER_REJECTED_PERSON, "CLOSED", "CLOSED", 1},
        {ANSWER_REJECTED_PERSON, "", PARK_REJECTED, 1},
        {ANSWER_REJECTED_LATER, "LIMIT", PARK_GENERATIONS, 3},
        {ANSWER_REJECTED_LATER, "", PARK_GENERATIONS, 3},
    };
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        size_t row = i / 2;
        bool when_asked = i % 2 == 1; // the same, said to an inquiry
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_usual();
        if (when_asked) {
            account->scripts[CALL_TRANSFER].is_endless = true;
            SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
        }
        enum call_kind kind = when_asked ? CALL_INQUIRY : CALL_TRANSFER;
        account->scripts[kind].is_endless = true;
        SAY(account, kind, .answer = rows[row].answer, .code = rows[row].code);
        run_to_end(SETTLE_END_COMPLETE);
        assert_parked(1, rows[row].parked);
        assert_int_equal(keys_of(1, STEP_COLLECT), rows[row].keys);
        enum outcome_state no = rows[row].answer == ANSWER_REJECTED_PERSON ? OUTCOME_REJECTED_PERSON
                                                                           : OUTCOME_REJECTED_LATER;
        assert_string_equal(outcome_of(1, no)->outcome.text.code, rows[row].code);
        assert_int_equal(settle_counts(world->settle)->rejected, rows[row].keys);
    }
}

/* ---- one fault each -------------------------------------------------------------------------- */

static void a_late_accept_after_not_found_is_found_and_never_paid_twice(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND); // too early, and before it landed
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(sends_of(1, STEP_COLLECT), 1);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 2);
    assert_settled(1);
    assert_int_equal(account->balance_minor, 50);
}

static void under_an_expired_key_is_asked_only_and_then_parked(void **state)
{
    (void)state;
    world->config.banks[0].key_lifetime_ns = 3600 * S;
    struct account *found = add_under_way(STEP_HOLD);
    add_intent(found, STEP_PAYOUT, 650, 3700 * S);
    SAY(found, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
    found->balance_minor = 50;
    struct account *lost = add_under_way(STEP_HOLD);
    add_intent(lost, STEP_PAYOUT, 650, 3700 * S);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_parked(2, PARK_KEY_EXPIRED);
    assert_int_equal(sends_of(1, STEP_PAYOUT) + sends_of(2, STEP_PAYOUT), 0);
    assert_true(count_calls(2, CALL_INQUIRY) > 0);
    assert_int_equal(keys_of(2, STEP_PAYOUT), 1);
}

static void a_clock_that_was_set_back_makes_no_key_younger(void **state)
{
    (void)state;
    world->config.banks[0].key_lifetime_ns = 3600 * S;
    struct account *account = add_under_way(STEP_HOLD);
    add_intent(account, STEP_PAYOUT, 650, 600 * S);
    struct account *other = add_under_way(STEP_HOLD); // a record from the hour that is gone
    add_intent(other, STEP_PAYOUT, 650, 600 * S);
    other->row.transfer.state = OUTCOME_REJECTED_LATER;
    other->row.transfer.decided_at_us = db_us(START_NS + 3600 * S);
    run_to_end(SETTLE_END_DOUBT);
    assert_parked(1, PARK_KEY_EXPIRED);
    assert_int_equal(sends_of(1, STEP_PAYOUT), 0);
}

static void a_resend_answered_4xx_after_the_first_was_accepted_is_accepted(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    say_often(account, CALL_INQUIRY, 3, (struct said){.answer = ANSWER_NOT_FOUND});
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER, .code = "BALANCE");
    run_to_end(SETTLE_END_COMPLETE);
    assert_null(outcome_of(1, OUTCOME_REJECTED_LATER));
    assert_int_equal(keys_of(1, STEP_COLLECT), 1);
    assert_settled(1);
}

/* The first request is under way, its repeat is refused and leaves no trace: the first may still be
   carried out, so the refusal proves nothing before a not-found that counts. */
static void
a_refused_key_without_a_record_makes_no_new_one_while_the_first_is_under_way(void **state)
{
    (void)state;
    static const uint64_t landed_after_ns[] = {0, 300 * MS, 900 * MS, 1400 * MS};
    for (size_t i = 0; i < sizeof(landed_after_ns) / sizeof(landed_after_ns[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
        SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER, .code = "BALANCE");
        start();
        while (count_calls(1, CALL_TRANSFER) < 2 ||
               call_of(1, CALL_TRANSFER, 2)->ended_ns == AT_NEVER)
            run_for(1 * MS);
        run_for(landed_after_ns[i]);
        if (keys_of(1, STEP_COLLECT) == 1) { // the first arrives now
            world->seen[1].said.is_done = true;
            assert_int_equal(world->seen[1].call_kind, CALL_TRANSFER);
            account->balance_minor -= 300;
        }
        run_to_end(SETTLE_END_COMPLETE);
        int64_t newest_us = record_of(1, RECORD_ATTEMPT, 1)->attempt.send_before_us;
        assert_true(landed_after_ns[i] == 0 ||
                    db_us(call_of(1, CALL_TRANSFER, 2)->at_ns) < counts_from_us(newest_us));
        assert_int_equal(keys_of(1, STEP_COLLECT), 1);
        assert_null(outcome_of(1, OUTCOME_REJECTED_LATER));
        assert_settled(1);
    }
}

static void an_inquiry_that_forgets_what_it_has_shown_sends_nothing_again(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_PENDING);
    say_often(account, CALL_INQUIRY, 20, (struct said){.answer = ANSWER_NOT_FOUND});
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(sends_of(1, STEP_COLLECT), 1);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 22);
    assert_settled(1);
}

static void a_foreign_answer_is_in_doubt_and_asked_about(void **state)
{
    (void)state;
    static const char *const codes[] = {"echo_key", "echo_amount", "echo_currency", "echo_to"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct account *account = add_usual();
        // So the adapter says of an answer that is not about what was asked.
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .code = codes[i], .is_done = true);
        SAY(account, CALL_INQUIRY, .answer = ANSWER_IN_DOUBT, .code = codes[i]);
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 4; position++) {
        assert_int_equal(sends_of(position, STEP_COLLECT), 1);
        assert_int_equal(count_calls(position, CALL_INQUIRY), 2);
        assert_settled(position);
    }
}

static void pending_then_done_is_accepted_once(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING, .is_done = true);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_PENDING);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(sends_of(1, STEP_COLLECT), 1);
    assert_non_null(outcome_of(1, OUTCOME_PENDING));
    assert_settled(1);
}

static void pending_then_failed_is_rejected_as_the_bank_says(void **state)
{
    (void)state;
    static const enum answer answers[] = {ANSWER_REJECTED_LATER, ANSWER_REJECTED_PERSON};
    for (uint32_t i = 0; i < 2; i++) {
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING);
        SAY(account, CALL_INQUIRY, .answer = ANSWER_PENDING);
        SAY(account, CALL_INQUIRY, .answer = answers[i], .code = "FAILED");
    }
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(keys_of(1, STEP_COLLECT), 2);
    assert_settled(1);
    assert_int_equal(keys_of(2, STEP_COLLECT), 1);
    assert_parked(2, "FAILED");
    for (uint32_t position = 1; position <= 2; position++)
        assert_int_equal(count_records(position, RECORD_ATTEMPT), 0);
}

static void a_status_that_flaps_ends_with_the_first_final_one(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING, .is_done = true);
    static const enum answer flaps[] = {ANSWER_NOT_FOUND, ANSWER_PENDING,  ANSWER_IN_DOUBT,
                                        ANSWER_NOT_FOUND, ANSWER_NOT_DONE, ANSWER_PENDING};
    for (size_t i = 0; i < sizeof(flaps) / sizeof(flaps[0]); i++)
        SAY(account, CALL_INQUIRY, .answer = flaps[i]);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(sends_of(1, STEP_COLLECT), 1);
    assert_settled(1);
}

static void an_answer_that_comes_twice_is_counted_and_changes_nothing(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    start();
    while (count_calls(1, CALL_TRANSFER) < 1 || call_of(1, CALL_TRANSFER, 1)->ended_ns == AT_NEVER)
        run_for(1 * MS);
    // The other answer to the same call: as if the first had been of another generation.
    static const enum answer again[] = {ANSWER_ACCEPTED, ANSWER_REJECTED_LATER, ANSWER_IN_DOUBT};
    for (size_t i = 0; i < 3; i++) {
        struct pending *pending = expect(world->now_ns + (5 + i) * MS, EVENT_BANK_REPLY);
        pending->event.bank_reply = (struct bank_reply){.call = call_of(1, CALL_TRANSFER, 1)->slot,
                                                        .answer = (uint8_t)again[i],
                                                        .http_status = 200};
    }
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(settle_counts(world->settle)->stale_replies, 3);
    assert_int_equal(keys_of(1, STEP_COLLECT), 2);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
    assert_settled(1);
}

static void a_bank_without_inquiry_parks_what_is_in_doubt(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_NONE;
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_NOT_DONE);       // this is no doubt
    SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER); // nor is this
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_NO_INQUIRY);
    assert_int_equal(sends_of(1, STEP_COLLECT), 1);
    assert_settled(2);
    assert_settled(3);
}

static void where_linger_is_unknown_a_4xx_to_a_resend_is_never_a_rejection(void **state)
{
    (void)state;
    world->config.banks[0].linger_ns = AT_NEVER;
    static const enum answer nos[] = {ANSWER_REJECTED_LATER, ANSWER_REJECTED_PERSON};
    for (uint32_t i = 0; i < 2; i++) {
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
        SAY(account, CALL_TRANSFER, .answer = nos[i], .code = "NO");
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 2; position++) {
        assert_parked(position, PARK_LINGER_UNKNOWN);
        assert_null(outcome_of(position, OUTCOME_REJECTED_LATER));
        assert_int_equal(keys_of(position, STEP_COLLECT), 1);
    }
}

static void where_repeating_asks_a_4xx_to_the_repeat_parks(void **state)
{
    (void)state;
    world->config.banks[0].inquiry = INQUIRY_REPEAT;
    static const enum answer nos[] = {ANSWER_REJECTED_LATER, ANSWER_REJECTED_PERSON};
    for (uint32_t i = 0; i < 2; i++) {
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
        SAY(account, CALL_TRANSFER, .answer = nos[i], .code = "NO");
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 2; position++) {
        assert_parked(position, PARK_REFUSED_REPEAT);
        assert_null(outcome_of(position, OUTCOME_REJECTED_LATER));
        assert_int_equal(keys_of(position, STEP_COLLECT), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_first_send_ends_in_one_of_four_ways),
        WORLD_TEST(a_no_for_later_and_a_no_for_a_person_stay_apart_to_the_end),
        WORLD_TEST(a_late_accept_after_not_found_is_found_and_never_paid_twice),
        WORLD_TEST(under_an_expired_key_is_asked_only_and_then_parked),
        WORLD_TEST(a_clock_that_was_set_back_makes_no_key_younger),
        WORLD_TEST(a_resend_answered_4xx_after_the_first_was_accepted_is_accepted),
        WORLD_TEST(a_refused_key_without_a_record_makes_no_new_one_while_the_first_is_under_way),
        WORLD_TEST(an_inquiry_that_forgets_what_it_has_shown_sends_nothing_again),
        WORLD_TEST(a_foreign_answer_is_in_doubt_and_asked_about),
        WORLD_TEST(pending_then_done_is_accepted_once),
        WORLD_TEST(pending_then_failed_is_rejected_as_the_bank_says),
        WORLD_TEST(a_status_that_flaps_ends_with_the_first_final_one),
        WORLD_TEST(an_answer_that_comes_twice_is_counted_and_changes_nothing),
        WORLD_TEST(a_bank_without_inquiry_parks_what_is_in_doubt),
        WORLD_TEST(where_linger_is_unknown_a_4xx_to_a_resend_is_never_a_rejection),
        WORLD_TEST(where_repeating_asks_a_4xx_to_the_repeat_parks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
