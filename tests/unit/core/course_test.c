#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"

#include "base/money.h"

static uint32_t chunk_of(const struct record *record)
{
    const struct written *written =
        (const struct written *)(const void *)((const char *)record -
                                               offsetof(struct written, record));
    return written->chunk;
}

/* The account's committed outcomes, in order. */
static void assert_outcomes(uint32_t position, const enum outcome_state *states, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct record *record = record_of(position, RECORD_OUTCOME, i + 1);
        assert_non_null(record);
        assert_int_equal(record->outcome.state, states[i]);
        assert_int_equal(record->outcome.seq, i + 1);
    }
    assert_int_equal(count_records(position, RECORD_OUTCOME), count);
}

#define ASSERT_OUTCOMES(position, ...)                                                             \
    assert_outcomes(position, (const enum outcome_state[]){__VA_ARGS__},                           \
                    sizeof((const enum outcome_state[]){__VA_ARGS__}) /                            \
                        sizeof(enum outcome_state))

/* ---- the way of a settlement ----------------------------------------------------------------- */

static void a_settlement_goes_deposit_collect_hold_payout_closing(void **state)
{
    (void)state;
    add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    ASSERT_OUTCOMES(1, OUTCOME_DEPOSITED, OUTCOME_ACCEPTED, OUTCOME_POSTED, OUTCOME_ACCEPTED,
                    OUTCOME_SETTLED);
    assert_int_equal(call_of(1, CALL_TRANSFER, 1)->step, STEP_COLLECT);
    assert_int_equal(call_of(1, CALL_TRANSFER, 1)->amount_minor, 300);
    assert_int_equal(call_of(1, CALL_TRANSFER, 2)->step, STEP_PAYOUT);
    assert_int_equal(call_of(1, CALL_TRANSFER, 2)->amount_minor, 650);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 2);
    assert_int_equal(count_calls(1, CALL_BALANCE), 2);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
    assert_int_equal(account_at(1)->balance_minor, 50);
    const struct record *end = outcome_of(1, OUTCOME_SETTLED);
    assert_int_equal(end->outcome.available_minor, 50);
    assert_int_equal(end->outcome.held_minor, 50);
    assert_int_equal(end->outcome.residue_minor, 0);
    const struct settle_counts *counts = settle_counts(world->settle);
    assert_int_equal(counts->settled, 1);
    assert_int_equal(counts->paid_minor, 650);
    assert_int_equal(counts->collected_minor, 300);
    assert_int_equal(counts->active + counts->waiting + counts->in_doubt, 0);
}

static void available_and_new_money_are_recorded_with_the_deposit(void **state)
{
    (void)state;
    struct account *account = add_account(300, 50, 0, 1400);
    account->row.floor_held_minor = 100;
    account->row.floor_residue_minor = 60;
    account->row.floor_payable_minor = 40;
    account->row.opening_minor = 200;
    run_to_end(SETTLE_END_COMPLETE);
    const struct record *deposit = outcome_of(1, OUTCOME_DEPOSITED);
    assert_int_equal(deposit->outcome.available_minor, 1400);
    assert_int_equal(deposit->outcome.amount_minor, 1000);
    // The carried payable is paid out too; what is held and the residue stay.
    assert_int_equal(call_of(1, CALL_TRANSFER, 2)->amount_minor, 1000 + 40 - 350);
    const struct record *end = outcome_of(1, OUTCOME_SETTLED);
    assert_int_equal(end->outcome.held_minor, 100 + 200 + 50);
    assert_int_equal(end->outcome.residue_minor, 60);
    // Opening: Dr virtual / Cr held, on a line of its own.
    assert_int_equal(balance_of(1, LEDGER_HELD), -(200 + 50));
}

static void a_held_amount_by_transfer_leaves_the_account(void **state)
{
    (void)state;
    world->config.hold_by_transfer = true;
    add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 3);
    assert_int_equal(call_of(1, CALL_TRANSFER, 2)->step, STEP_HOLD);
    assert_int_equal(call_of(1, CALL_TRANSFER, 2)->amount_minor, 50);
    assert_int_equal(balance_of(1, LEDGER_SUSPENSE), 50);
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.held_minor, 0);
    assert_int_equal(account_at(1)->balance_minor, 0);
}

static void steps_of_amount_zero_are_skipped_without_intent_or_entry(void **state)
{
    (void)state;
    static const struct {
        int64_t repayment_minor, hold_minor, balance_minor;
        uint32_t skipped, transfers;
    } rows[] = {
        {0, 0, 1000, 2, 1},    {300, 0, 1000, 1, 2},  {0, 50, 1000, 1, 1},
        {0, 1000, 1000, 2, 0}, {950, 50, 1000, 1, 1},
    };
    uint32_t count = sizeof(rows) / sizeof(rows[0]);
    for (uint32_t i = 0; i < count; i++)
        add_account(rows[i].repayment_minor, rows[i].hold_minor, 1000, rows[i].balance_minor);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t skipped = 0;
        for (uint32_t k = 1; k <= 5; k++) {
            const struct record *r = record_of(i + 1, RECORD_OUTCOME, k);
            skipped += r->outcome.state == OUTCOME_SKIPPED;
        }
        assert_int_equal(skipped, rows[i].skipped);
        assert_int_equal(count_calls(i + 1, CALL_TRANSFER), rows[i].transfers);
        assert_int_equal(count_records(i + 1, RECORD_INTENT), rows[i].transfers);
        assert_settled(i + 1);
    }
}

static void the_next_step_s_intent_is_never_handed_out_before_the_outcome(void **state)
{
    (void)state;
    world->config.chunk_records = 1; // every record a chunk of its own, where it can be
    for (uint32_t i = 0; i < 6; i++)
        add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 6; position++) {
        const struct record *payout = record_of(position, RECORD_INTENT, 2);
        const struct record *collected = record_of(position, RECORD_OUTCOME, 2);
        assert_int_equal(payout->step, STEP_PAYOUT);
        assert_true(chunk_of(collected) <= chunk_of(payout));
        assert_true(collected < payout); // committed in order
        assert_settled(position);
    }
}

static void entries_stand_in_the_chunk_of_their_outcome(void **state)
{
    (void)state;
    world->config.chunk_records = 3;
    for (uint32_t i = 0; i < 6; i++)
        add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 6; position++) {
        for (uint32_t n = 1; n <= count_records(position, RECORD_ENTRY); n++) {
            const struct record *entry = record_of(position, RECORD_ENTRY, n);
            bool is_found = false;
            for (uint32_t k = 1; k <= count_records(position, RECORD_OUTCOME); k++) {
                const struct record *outcome = record_of(position, RECORD_OUTCOME, k);
                is_found |= outcome->step == entry->step &&
                            outcome->generation == entry->generation &&
                            chunk_of(outcome) == chunk_of(entry);
            }
            assert_true(is_found);
        }
    }
}

/* ---- the deposit ----------------------------------------------------------------------------- */

static void a_deposit_below_the_threshold_waits_and_one_at_it_does_not(void **state)
{
    (void)state;
    static const struct {
        int64_t repayment_minor, hold_minor, expected_minor, floor_minor, balance_minor;
        bool is_deposit;
    } rows[] = {
        {300, 50, 1000, 0, 999, false},   {300, 50, 1000, 0, 1000, true},
        {300, 50, 0, 0, 349, false},      {300, 50, 0, 0, 350, true},
        {0, 0, 0, 0, 0, false},           {0, 0, 0, 0, 1, true},
        {300, 50, 1000, 70, 1069, false}, {300, 50, 1000, 70, 1070, true},
        {0, 0, 0, 0, -5, false},
    };
    uint32_t count = sizeof(rows) / sizeof(rows[0]);
    for (uint32_t i = 0; i < count; i++)
        add_account(rows[i].repayment_minor, rows[i].hold_minor, rows[i].expected_minor,
                    rows[i].balance_minor)
            ->row.floor_residue_minor = rows[i].floor_minor;
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(outcome_of(i + 1, OUTCOME_DEPOSITED) != NULL, rows[i].is_deposit);
        assert_int_equal(outcome_of(i + 1, OUTCOME_SHORT) != NULL, !rows[i].is_deposit);
        assert_int_equal(count_calls(i + 1, CALL_TRANSFER) > 0, rows[i].is_deposit);
    }
}

static void a_part_of_the_money_posts_nothing_and_shows_as_seen(void **state)
{
    (void)state;
    add_account(300, 50, 1000, 420);
    run_to_end(SETTLE_END_COMPLETE);
    ASSERT_OUTCOMES(1, OUTCOME_SHORT);
    assert_int_equal(outcome_of(1, OUTCOME_SHORT)->outcome.amount_minor, 420);
    assert_int_equal(count_records(1, RECORD_ENTRY), 0);
    assert_int_equal(settle_counts(world->settle)->is_short, 1);
}

static void more_than_half_as_much_again_is_parked_unless_the_policy_pays(void **state)
{
    (void)state;
    static const struct {
        int64_t expected_minor, balance_minor;
        bool is_over;
    } rows[] = {{1000, 1500, false},
                {1000, 1501, true},
                {1001, 1501, false},
                {1001, 1502, true},
                {0, 900000, false}};
    uint32_t count = sizeof(rows) / sizeof(rows[0]);
    for (uint32_t i = 0; i < count; i++)
        add_account(300, 50, rows[i].expected_minor, rows[i].balance_minor);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].is_over) {
            assert_parked(i + 1, PARK_OVER_DEPOSIT);
            assert_int_equal(count_calls(i + 1, CALL_TRANSFER), 0);
            assert_non_null(outcome_of(i + 1, OUTCOME_DEPOSITED)); // seen, and in the ledger
        } else {
            assert_settled(i + 1);
        }
    }
}

static void an_over_deposit_is_paid_where_the_policy_says_so(void **state)
{
    (void)state;
    world->config.over = OVER_PAY;
    add_account(300, 50, 1000, 5000);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(call_of(1, CALL_TRANSFER, 2)->amount_minor, 4650);
    assert_settled(1);
}

static void a_deposit_below_the_dues_is_parked_and_nothing_sent(void **state)
{
    (void)state;
    add_account(900, 200, 1000, 1000); // import refuses it; the core does not rely on that
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_BELOW_DUES);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
}

static void a_balance_out_of_all_reason_is_no_balance(void **state)
{
    (void)state;
    static const int64_t mad_minor[] = {INT64_MAX, INT64_MIN, AMOUNT_MAX + 1, -AMOUNT_MAX - 1};
    for (uint32_t i = 0; i < 4; i++) {
        struct account *account = add_account(0, 0, 0, 700);
        SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true,
            .balance_minor = mad_minor[i]);
        // And once more at the closing check.
        SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
        SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true,
            .balance_minor = mad_minor[i]);
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 4; position++) {
        assert_int_equal(outcome_of(position, OUTCOME_DEPOSITED)->outcome.amount_minor, 700);
        assert_settled(position);
    }
}

static void the_greatest_balances_do_not_abort(void **state)
{
    (void)state;
    add_account(0, 0, 0, AMOUNT_MAX);
    struct account *account = add_account(1, 1, 0, AMOUNT_MAX);
    account->row.floor_payable_minor = AMOUNT_MAX - 5;
    account->row.floor_held_minor = 2;
    account->row.floor_residue_minor = 1;
    world->config.over = OVER_PAY;
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(outcome_of(1, OUTCOME_DEPOSITED)->outcome.amount_minor, AMOUNT_MAX);
    assert_settled(1);
    assert_settled(2);
}

/* ---- the closing check ----------------------------------------------------------------------- */

static void money_beyond_the_ledger_is_residue_after_a_second_look(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 57);
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 58);
    run_to_end(SETTLE_END_COMPLETE);
    const struct seen *first = call_of(1, CALL_BALANCE, 2);
    const struct seen *second = call_of(1, CALL_BALANCE, 3);
    assert_true(second->at_ns - first->at_ns >= world->config.banks[0].processing_ns);
    const struct record *end = outcome_of(1, OUTCOME_SETTLED);
    assert_int_equal(end->outcome.available_minor, 58);
    assert_int_equal(end->outcome.residue_minor, 8);
    assert_int_equal(balance_of(1, LEDGER_RESIDUE), -8);
    assert_int_equal(balance_of(1, LEDGER_VIRTUAL), 58);
}

static void money_that_was_under_way_at_the_first_look_is_no_residue(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 700);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 0);
}

static void less_than_the_ledger_says_parks(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 49);
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 49);
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_BALANCE_LESS);
    assert_null(outcome_of(1, OUTCOME_SETTLED));
}

static void the_closing_check_never_looks_before_the_payout_is_written(void **state)
{
    (void)state;
    world->holds_chunks = true;
    struct account *account = add_under_way(STEP_HOLD);
    (void)account;
    start();
    run_for(100 * MS);
    answer_chunk(STATUS_OK); // the intent
    run_for(500 * MS);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    assert_int_equal(count_calls(1, CALL_BALANCE), 0); // the outcome's chunk is being written
    world->holds_chunks = false;
    answer_chunk(STATUS_OK);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_BALANCE), 1);
}

static void without_a_closing_check_the_end_follows_the_payout(void **state)
{
    (void)state;
    world->config.closing = CLOSING_OFF;
    add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_int_equal(count_calls(1, CALL_BALANCE), 1);
}

static void a_sample_looks_at_the_same_ones_in_every_run(void **state)
{
    (void)state;
    world->config.closing = CLOSING_SAMPLE;
    for (uint32_t i = 0; i < 32; i++)
        add_usual()->row.key_seed.bytes[0] = (uint8_t)(i * 8);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t i = 0; i < 32; i++)
        assert_int_equal(count_calls(i + 1, CALL_BALANCE), i * 8 < 16 ? 2 : 1);
}

static void a_closing_check_that_cannot_be_made_is_left_to_a_later_run(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    say_often(account, CALL_BALANCE, 30, (struct said){.answer = ANSWER_IN_DOUBT});
    run_to_end(SETTLE_END_DOUBT);
    assert_null(outcome_of(1, OUTCOME_SETTLED));
    assert_int_equal(count_calls(1, CALL_BALANCE), 1 + world->config.poll_tries);
    assert_int_equal(settle_counts(world->settle)->pending, 1);
}

/* ---- parked ---------------------------------------------------------------------------------- */

static void a_rejected_person_parks_with_the_bank_s_own_code(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "ACCOUNT_CLOSED");
    run_to_end(SETTLE_END_COMPLETE);
    ASSERT_OUTCOMES(1, OUTCOME_DEPOSITED, OUTCOME_ACCEPTED, OUTCOME_POSTED, OUTCOME_REJECTED_PERSON,
                    OUTCOME_PARKED);
    assert_parked(1, "ACCOUNT_CLOSED");
    assert_string_equal(outcome_of(1, OUTCOME_REJECTED_PERSON)->outcome.text.code,
                        "ACCOUNT_CLOSED");
    assert_int_equal(settle_counts(world->settle)->parked, 1);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_settlement_goes_deposit_collect_hold_payout_closing),
        WORLD_TEST(available_and_new_money_are_recorded_with_the_deposit),
        WORLD_TEST(a_held_amount_by_transfer_leaves_the_account),
        WORLD_TEST(steps_of_amount_zero_are_skipped_without_intent_or_entry),
        WORLD_TEST(the_next_step_s_intent_is_never_handed_out_before_the_outcome),
        WORLD_TEST(entries_stand_in_the_chunk_of_their_outcome),
        WORLD_TEST(a_deposit_below_the_threshold_waits_and_one_at_it_does_not),
        WORLD_TEST(a_part_of_the_money_posts_nothing_and_shows_as_seen),
        WORLD_TEST(more_than_half_as_much_again_is_parked_unless_the_policy_pays),
        WORLD_TEST(an_over_deposit_is_paid_where_the_policy_says_so),
        WORLD_TEST(a_deposit_below_the_dues_is_parked_and_nothing_sent),
        WORLD_TEST(a_balance_out_of_all_reason_is_no_balance),
        WORLD_TEST(the_greatest_balances_do_not_abort),
        WORLD_TEST(money_beyond_the_ledger_is_residue_after_a_second_look),
        WORLD_TEST(money_that_was_under_way_at_the_first_look_is_no_residue),
        WORLD_TEST(less_than_the_ledger_says_parks),
        WORLD_TEST(the_closing_check_never_looks_before_the_payout_is_written),
        WORLD_TEST(without_a_closing_check_the_end_follows_the_payout),
        WORLD_TEST(a_sample_looks_at_the_same_ones_in_every_run),
        WORLD_TEST(a_closing_check_that_cannot_be_made_is_left_to_a_later_run),
        WORLD_TEST(a_rejected_person_parks_with_the_bank_s_own_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
