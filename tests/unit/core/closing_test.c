#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"

#include "base/money.h"

/* What the closing check sees, twice. */
static void show_at_the_end(struct account *account, int64_t balance_minor)
{
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    account->scripts[CALL_BALANCE].is_endless = true;
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true,
        .balance_minor = balance_minor);
}

static uint32_t count_reversed(uint32_t position)
{
    uint32_t count = 0;
    for (uint32_t n = 1; n <= count_records(position, RECORD_OUTCOME); n++)
        count += record_of(position, RECORD_OUTCOME, n)->outcome.state == OUTCOME_REVERSED;
    return count;
}

/* Each reversing entry takes back one of the step's, line by line. */
static void assert_mirrored(uint32_t position, enum step_kind step, uint16_t generation)
{
    uint32_t lines = 0, mirrored = 0;
    for (uint32_t n = 1; n <= count_records(position, RECORD_ENTRY); n++) {
        const struct record *e = record_of(position, RECORD_ENTRY, n);
        lines += e->step == step && e->kind == TRANSFER_NORMAL;
        if (e->step != step || e->kind != KIND_REVERSAL)
            continue;
        for (uint32_t k = 1; k < n; k++) {
            const struct record *o = record_of(position, RECORD_ENTRY, k);
            if (o->step != step || o->kind != TRANSFER_NORMAL || o->entry.line != e->entry.line)
                continue;
            assert_int_equal(o->entry.debit, e->entry.credit);
            assert_int_equal(o->entry.credit, e->entry.debit);
            assert_int_equal(o->entry.amount_minor, e->entry.amount_minor);
            assert_int_equal(o->generation, generation);
            assert_int_equal(e->generation, generation);
            mirrored++;
        }
    }
    assert_true(lines > 0);
    assert_int_equal(mirrored, lines);
}

static void a_payout_that_failed_after_it_was_accepted_is_reversed_and_parked(void **state)
{
    (void)state;
    struct account *account = add_usual();
    show_at_the_end(account, 700);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_PERSON, .code = "RETURNED");
    SAY(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_REVERSED);
    const struct record *reversed = outcome_of(1, OUTCOME_REVERSED);
    assert_int_equal(reversed->step, STEP_PAYOUT);
    assert_int_equal(reversed->kind, TRANSFER_NORMAL);
    assert_int_equal(reversed->generation, 1);
    assert_int_equal(reversed->outcome.amount_minor, 650);
    assert_string_equal(reversed->outcome.text.code, "RETURNED");
    assert_int_equal(outcome_of(1, OUTCOME_PARKED)->step, STEP_PAYOUT);
    assert_int_equal(outcome_of(1, OUTCOME_PARKED)->generation, 1);
    assert_int_equal(count_reversed(1), 1);
    assert_mirrored(1, STEP_PAYOUT, 1);
    assert_int_equal(balance_of(1, LEDGER_VIRTUAL), 700);
    assert_int_equal(balance_of(1, LEDGER_PAYABLE), -650);
    assert_int_equal(settle_counts(world->settle)->reversed, 1);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 2); // nothing is sent for it
    // The newest was asked about first.
    assert_int_equal(call_of(1, CALL_INQUIRY, 1)->step, STEP_PAYOUT);
    assert_int_equal(call_of(1, CALL_INQUIRY, 2)->step, STEP_COLLECT);
    assert_true(is_same_key(call_of(1, CALL_INQUIRY, 1), call_of(1, CALL_TRANSFER, 2)));
    assert_true(is_same_key(call_of(1, CALL_INQUIRY, 2), call_of(1, CALL_TRANSFER, 1)));
}

static void all_that_failed_is_reversed_together_and_in_order(void **state)
{
    (void)state;
    world->config.hold_by_transfer = true;
    struct account *account = add_usual();
    show_at_the_end(account, 1000);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_PERSON, .code = "P");
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_LATER, .code = "H");
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_LATER, .code = "C");
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_REVERSED);
    assert_int_equal(count_reversed(1), 3);
    for (enum step_kind step = STEP_COLLECT; step <= STEP_PAYOUT; step++)
        assert_mirrored(1, step, 1);
    static const char *const codes[] = {"C", "H", "P"};
    uint32_t seen = 0;
    for (uint32_t n = 1; n <= count_records(1, RECORD_OUTCOME); n++) {
        const struct record *r = record_of(1, RECORD_OUTCOME, n);
        if (r->outcome.state == OUTCOME_REVERSED)
            assert_string_equal(r->outcome.text.code, codes[seen++]);
    }
    assert_int_equal(balance_of(1, LEDGER_VIRTUAL), 1000);
    assert_int_equal(balance_of(1, LEDGER_PAYABLE), -1000);
    assert_int_equal(balance_of(1, LEDGER_SUSPENSE), 0);
    assert_int_equal(most_in_a_chunk(RECORD_OUTCOME), 4); // with the park: all or nothing
}

static void a_collect_of_a_later_generation_is_asked_about_under_its_own_key(void **state)
{
    (void)state;
    struct account *account = add_usual();
    show_at_the_end(account, 350);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_PERSON, .code = "RETURNED");
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_REVERSED);
    assert_int_equal(outcome_of(1, OUTCOME_REVERSED)->generation, 2);
    assert_true(is_same_key(call_of(1, CALL_INQUIRY, 2), call_of(1, CALL_TRANSFER, 2)));
    assert_mirrored(1, STEP_COLLECT, 2);
}

static void what_is_accepted_still_makes_the_difference_residue_or_parks(void **state)
{
    (void)state;
    show_at_the_end(add_usual(), 58);
    show_at_the_end(add_usual(), 49);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 8);
    assert_parked(2, PARK_BALANCE_LESS);
    for (uint32_t position = 1; position <= 2; position++) {
        assert_int_equal(count_calls(position, CALL_INQUIRY), 2);
        assert_int_equal(count_reversed(position), 0);
    }
}

static void a_difference_that_is_gone_at_the_second_look_asks_nobody(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 700);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
    assert_settled(1);
}

static void a_bank_that_cannot_be_asked_by_key_is_not_asked(void **state)
{
    (void)state;
    static const enum inquiry_kind kinds[] = {INQUIRY_NONE, INQUIRY_REPEAT};
    for (uint32_t i = 0; i < 2; i++) {
        world_close(NULL);
        world_open(NULL);
        world->config.banks[0].inquiry = kinds[i];
        show_at_the_end(add_usual(), 58);
        run_to_end(SETTLE_END_COMPLETE);
        assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 8);
        assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
        assert_int_equal(count_calls(1, CALL_TRANSFER), 2); // least of all by sending
    }
}

static void a_transfer_of_an_earlier_run_is_asked_about_too(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_PAYOUT);
    account->row.accepted_generation[STEP_PAYOUT] = 3;
    account->scripts[CALL_BALANCE].is_endless = true;
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 700);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_LATER, .code = "RETURNED");
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_REVERSED);
    assert_int_equal(call_of(1, CALL_INQUIRY, 1)->generation, 3);
    assert_int_equal(outcome_of(1, OUTCOME_REVERSED)->generation, 3);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 1); // of the others nothing is known
}

/* ---- answers that say nothing ---------------------------------------------------------------- */

/* What is beyond the ledger at the end, and whether it may be what was sent: 300, 50 and 650. */
static const struct {
    int64_t surplus_minor;
    bool is_hold_sent, is_park;
} surpluses[] = {
    {300, false, true}, {650, false, true},  {950, false, true},  {350, false, false},
    {8, false, false},  {649, false, false}, {50, false, false},  {50, true, true},
    {350, true, true},  {1000, true, true},  {1001, true, false},
};
#define SURPLUSES (sizeof(surpluses) / sizeof(surpluses[0]))

static void show_surplus(size_t row)
{
    world_close(NULL);
    world_open(NULL);
    world->config.hold_by_transfer = surpluses[row].is_hold_sent;
    int64_t held_minor = surpluses[row].is_hold_sent ? 0 : 50;
    show_at_the_end(add_usual(), held_minor + surpluses[row].surplus_minor);
}

static void assert_surplus_ended(size_t row)
{
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(count_reversed(1), 0);
    if (surpluses[row].is_park) {
        assert_parked(1, PARK_UNCONFIRMED);
        assert_int_equal(balance_of(1, LEDGER_RESIDUE), 0);
        return;
    }
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor,
                     surpluses[row].surplus_minor);
}

static void what_a_bank_finds_no_more_may_have_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SURPLUSES; i++) {
        show_surplus(i);
        account_at(1)->scripts[CALL_INQUIRY].is_endless = true;
        SAY(account_at(1), CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
        assert_surplus_ended(i);
        uint32_t transfers = surpluses[i].is_hold_sent ? 3 : 2;
        assert_int_equal(count_calls(1, CALL_INQUIRY), transfers * world->config.poll_tries);
    }
}

static void what_a_bank_cannot_be_asked_about_may_have_come_back(void **state)
{
    (void)state;
    static const enum inquiry_kind kinds[] = {INQUIRY_NONE, INQUIRY_REPEAT};
    for (size_t i = 0; i < 2 * SURPLUSES; i++) {
        show_surplus(i / 2);
        world->config.banks[0].inquiry = kinds[i % 2];
        assert_surplus_ended(i / 2);
        assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
    }
}

static void what_the_bank_confirms_has_not_come_back(void **state)
{
    (void)state;
    show_at_the_end(add_usual(), 700);
    SAY(account_at(1), CALL_INQUIRY, .answer = ANSWER_ACCEPTED); // the payout
    account_at(1)->scripts[CALL_INQUIRY].is_endless = true;
    SAY(account_at(1), CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 650);
}

static void the_tries_to_find_it_span_the_processing_time(void **state)
{
    (void)state;
    world->config.banks[0].processing_ns = 20 * S;
    world->config.resolve_wait_ns = 60 * S;
    show_at_the_end(add_usual(), 700);
    account_at(1)->scripts[CALL_INQUIRY].is_endless = true;
    SAY(account_at(1), CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
    run_to_end(SETTLE_END_COMPLETE);
    uint64_t first_ns = call_of(1, CALL_INQUIRY, 1)->at_ns;
    uint64_t last_ns = call_of(1, CALL_INQUIRY, world->config.poll_tries)->at_ns;
    assert_true(last_ns - first_ns >= 20 * S - S);
    assert_parked(1, PARK_UNCONFIRMED);
}

/* ---- a bank that takes long ------------------------------------------------------------------ */

static void a_second_look_that_a_run_may_not_wait_for_is_left_at_once(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        world_close(NULL);
        world_open(NULL);
        world->config.banks[0].processing_ns = 100 * S;
        world->config.resolve_wait_ns = i == 0 ? 99 * S : 200 * S;
        world->config.deadline_at_ns = i == 0 ? AT_NEVER : START_NS + 90 * S;
        show_at_the_end(add_usual(), 58);
        run_to_end_within(10 * S, SETTLE_END_DOUBT);
        assert_null(outcome_of(1, OUTCOME_SETTLED));
        assert_null(outcome_of(1, OUTCOME_PARKED));
        assert_int_equal(settle_counts(world->settle)->pending, 1);
        assert_int_equal(settle_counts(world->settle)->in_doubt, 0);
    }
}

/* Paid by an earlier run so long ago. */
static void show_paid(uint64_t ago_ns)
{
    world->config.banks[0].processing_ns = 1000 * S;
    world->config.resolve_wait_ns = 60 * S;
    struct account *account = add_under_way(STEP_PAYOUT);
    account->row.transfer = (struct load_transfer){.step = STEP_PAYOUT,
                                                   .state = OUTCOME_ACCEPTED,
                                                   .generation = 1,
                                                   .amount_minor = 650,
                                                   .decided_at_us = db_us(START_NS - ago_ns)};
    account->row.accepted_generation[STEP_PAYOUT] = 1;
    account->scripts[CALL_BALANCE].is_endless = true;
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 58);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
}

static void a_later_run_counts_from_when_it_was_paid(void **state)
{
    (void)state;
    static const struct {
        uint64_t ago_ns;
        enum settle_end end;
        uint32_t looks;
    } rows[] = {
        {900 * S, SETTLE_END_DOUBT, 1},     // 100 s are left, more than it may wait
        {950 * S, SETTLE_END_COMPLETE, 2},  // so it waits for the 50 that are left
        {1010 * S, SETTLE_END_COMPLETE, 1}, // the first look is the last
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        show_paid(rows[i].ago_ns);
        run_to_end_within(rows[i].looks == 2 ? 70 * S : 10 * S, rows[i].end);
        assert_int_equal(count_calls(1, CALL_BALANCE), rows[i].looks);
        if (rows[i].end == SETTLE_END_COMPLETE)
            assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 8);
    }
}

/* The database's clock was set back since. */
static void what_was_paid_later_than_now_is_not_old(void **state)
{
    (void)state;
    show_paid(0);
    account_at(1)->row.transfer.decided_at_us += 3600 * (int64_t)US_PER_S;
    run_to_end_within(10 * S, SETTLE_END_DOUBT);
    assert_int_equal(count_calls(1, CALL_BALANCE), 1);
    assert_null(outcome_of(1, OUTCOME_SETTLED));
}

static void the_tries_to_find_what_was_paid_long_ago_follow_each_other_soon(void **state)
{
    (void)state;
    show_paid(1010 * S);
    account_at(1)->scripts[CALL_BALANCE].said[0].balance_minor = 700;
    account_at(1)->scripts[CALL_INQUIRY].said[0].answer = ANSWER_NOT_FOUND;
    account_at(1)->scripts[CALL_INQUIRY].is_endless = true;
    run_to_end_within(10 * S, SETTLE_END_COMPLETE);
    assert_parked(1, PARK_UNCONFIRMED);
    assert_int_equal(count_calls(1, CALL_INQUIRY), world->config.poll_tries);
}

static void a_status_that_flaps_is_asked_again(void **state)
{
    (void)state;
    struct account *account = add_usual();
    show_at_the_end(account, 700);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_PENDING);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_DONE, .throttled = true);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_PERSON, .code = "RETURNED");
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_REVERSED);
    assert_int_equal(count_calls(1, CALL_INQUIRY), 5);
}

static void who_cannot_be_asked_now_is_left_to_a_later_run(void **state)
{
    (void)state;
    static const enum answer answers[] = {ANSWER_IN_DOUBT, ANSWER_PENDING, ANSWER_NOT_DONE,
                                          ANSWER_BALANCE, ANSWER_CHANGED};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_usual();
        show_at_the_end(account, 700);
        account->scripts[CALL_INQUIRY].is_endless = true;
        SAY(account, CALL_INQUIRY, .answer = answers[i]);
        run_to_end_within(15 * S, SETTLE_END_DOUBT);
        assert_int_equal(settle_counts(world->settle)->pending, 1);
        assert_int_equal(settle_counts(world->settle)->in_doubt, 0);
        assert_null(outcome_of(1, OUTCOME_SETTLED));
        assert_null(outcome_of(1, OUTCOME_PARKED));
    }
}

static void who_cannot_be_asked_for_a_day_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_HOLD);
    account->scripts[CALL_BALANCE].is_endless = true;
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 700);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 86400 * S);
    run_to_end_within(15 * S, SETTLE_END_DOUBT);
    assert_int_equal(settle_counts(world->settle)->pending, 1);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 0); // it was accepted
    assert_int_equal(count_calls(1, CALL_INQUIRY), 2);
    assert_int_equal(count_reversed(1), 0);
    assert_null(outcome_of(1, OUTCOME_PARKED));
}

static void a_stop_while_it_is_asked_about_leaves_it_to_a_later_run(void **state)
{
    (void)state;
    for (uint64_t ms = 600; ms < 1000; ms += 20) {
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_usual();
        show_at_the_end(account, 700);
        SAY(account, CALL_INQUIRY, .answer = ANSWER_IN_DOUBT);
        SAY(account, CALL_INQUIRY, .answer = ANSWER_IN_DOUBT, .after_ns = AT_NEVER);
        stop_at(START_NS + ms * MS);
        run_to_end(SETTLE_END_STOPPED);
        assert_null(outcome_of(1, OUTCOME_REVERSED));
        assert_int_equal(settle_counts(world->settle)->in_doubt, 0);
    }
}

/* Here, for the stop: the bank has it and says so at every look. */
static void a_stop_while_the_bank_works_on_it_leaves_it_pending_not_in_doubt(void **state)
{
    (void)state;
    for (uint64_t ms = 200; ms < 1400; ms += 50) {
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = ANSWER_PENDING, .is_done = true);
        account->scripts[CALL_INQUIRY].is_endless = true;
        SAY(account, CALL_INQUIRY, .answer = ANSWER_PENDING, .after_ns = 200 * MS);
        stop_at(START_NS + ms * MS);
        run_to_end(SETTLE_END_STOPPED);
        if (outcome_of(1, OUTCOME_PENDING) != NULL)
            assert_int_equal(settle_counts(world->settle)->in_doubt, 0);
    }
    assert_non_null(outcome_of(1, OUTCOME_PENDING));
}

/* ---- fees ------------------------------------------------------------------------------------ */

static void a_fee_that_is_ours_is_posted_and_goes_on(void **state)
{
    (void)state;
    world->config.banks[0].fee_is_ours = true;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED, .fee_minor = 4);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED, .fee_minor = 5);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_int_equal(balance_of(1, LEDGER_FEE), 9);
    assert_int_equal(balance_of(1, LEDGER_COLLECTION), 300 - 9);
    assert_int_equal(balance_of(1, LEDGER_VIRTUAL), 50);
}

static void a_fee_taken_from_the_person_parks_after_the_step(void **state)
{
    (void)state;
    static const enum call_kind told_by[] = {CALL_TRANSFER, CALL_INQUIRY};
    for (uint32_t i = 0; i < 2; i++) {
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_usual();
        if (told_by[i] == CALL_INQUIRY)
            SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
        SAY(account, told_by[i], .answer = ANSWER_ACCEPTED, .fee_minor = 4);
        run_to_end(SETTLE_END_COMPLETE);
        assert_parked(1, PARK_FEE_TAKEN);
        assert_int_equal(outcome_of(1, OUTCOME_PARKED)->step, STEP_COLLECT);
        assert_non_null(outcome_of(1, OUTCOME_ACCEPTED));
        assert_int_equal(balance_of(1, LEDGER_FEE), 4);
        assert_int_equal(balance_of(1, LEDGER_VIRTUAL), 1000 - 300 - 4);
        assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
        const struct record *fee = record_of(1, RECORD_ENTRY, 4);
        assert_int_equal(fee->entry.line, 3);
        assert_int_equal(fee->generation, 1);
    }
}

static void a_fee_out_of_all_reason_is_posted_nowhere_and_parks(void **state)
{
    (void)state;
    static const int64_t fees_minor[] = {-1, AMOUNT_MAX + 1, INT64_MAX};
    for (uint32_t i = 0; i < 3; i++) {
        world->config.banks[0].fee_is_ours = true;
        SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_ACCEPTED, .fee_minor = fees_minor[i]);
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 3; position++) {
        assert_parked(position, PARK_FEE_UNCLEAR);
        assert_non_null(outcome_of(position, OUTCOME_ACCEPTED));
        assert_int_equal(balance_of(position, LEDGER_FEE), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_payout_that_failed_after_it_was_accepted_is_reversed_and_parked),
        WORLD_TEST(all_that_failed_is_reversed_together_and_in_order),
        WORLD_TEST(a_collect_of_a_later_generation_is_asked_about_under_its_own_key),
        WORLD_TEST(what_is_accepted_still_makes_the_difference_residue_or_parks),
        WORLD_TEST(a_difference_that_is_gone_at_the_second_look_asks_nobody),
        WORLD_TEST(a_bank_that_cannot_be_asked_by_key_is_not_asked),
        WORLD_TEST(a_transfer_of_an_earlier_run_is_asked_about_too),
        WORLD_TEST(what_a_bank_finds_no_more_may_have_come_back),
        WORLD_TEST(what_a_bank_cannot_be_asked_about_may_have_come_back),
        WORLD_TEST(what_the_bank_confirms_has_not_come_back),
        WORLD_TEST(the_tries_to_find_it_span_the_processing_time),
        WORLD_TEST(a_second_look_that_a_run_may_not_wait_for_is_left_at_once),
        WORLD_TEST(a_later_run_counts_from_when_it_was_paid),
        WORLD_TEST(what_was_paid_later_than_now_is_not_old),
        WORLD_TEST(the_tries_to_find_what_was_paid_long_ago_follow_each_other_soon),
        WORLD_TEST(a_status_that_flaps_is_asked_again),
        WORLD_TEST(who_cannot_be_asked_now_is_left_to_a_later_run),
        WORLD_TEST(who_cannot_be_asked_for_a_day_does_not_hold_up_the_end),
        WORLD_TEST(a_stop_while_it_is_asked_about_leaves_it_to_a_later_run),
        WORLD_TEST(a_stop_while_the_bank_works_on_it_leaves_it_pending_not_in_doubt),
        WORLD_TEST(a_fee_that_is_ours_is_posted_and_goes_on),
        WORLD_TEST(a_fee_taken_from_the_person_parks_after_the_step),
        WORLD_TEST(a_fee_out_of_all_reason_is_posted_nowhere_and_parks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
