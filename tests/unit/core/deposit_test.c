#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"
#include "stranger.h"

/* ---- how often an account is looked at ------------------------------------------------------- */

static void a_failed_poll_is_not_repeated_within_the_poll_interval(void **state)
{
    (void)state;
    struct account *account = add_usual();
    say_often(account, CALL_BALANCE, 6, (struct said){.answer = ANSWER_IN_DOUBT});
    struct account *other = add_usual(); // keeps the run going
    SAY(other, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .retry_after_ns = 9 * S);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    for (uint32_t n = 1; n <= 6; n++)
        assert_true(call_of(1, CALL_BALANCE, n + 1)->at_ns - call_of(1, CALL_BALANCE, n)->at_ns >=
                    world->config.banks[0].poll_interval_ns);
}

static void the_last_look_is_tried_poll_tries_times_and_keeps_the_interval(void **state)
{
    (void)state;
    struct account *account = add_usual();
    account->scripts[CALL_BALANCE].is_endless = true;
    SAY(account, CALL_BALANCE, .answer = ANSWER_IN_DOUBT);
    run_to_end_within(20 * S, SETTLE_END_COMPLETE);
    uint32_t polls = count_calls(1, CALL_BALANCE);
    assert_int_equal(polls, 1 + world->config.poll_tries);
    for (uint32_t n = 1; n < polls; n++)
        assert_true(call_of(1, CALL_BALANCE, n + 1)->at_ns - call_of(1, CALL_BALANCE, n)->at_ns >=
                    world->config.banks[0].poll_interval_ns);
    assert_non_null(outcome_of(1, OUTCOME_SHORT));
}

static void slow_down_is_no_look_and_is_repeated_when_the_bank_allows_it(void **state)
{
    (void)state;
    SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true);
    run_to_end_within(1 * S, SETTLE_END_COMPLETE);
    assert_int_equal(count_calls(1, CALL_BALANCE), 3); // slow down, deposit, closing
    assert_settled(1);
}

/* ---- short ----------------------------------------------------------------------------------- */

static void a_look_that_was_never_told_leaves_what_was_seen_before(void **state)
{
    (void)state;
    static const struct {
        int64_t recorded_minor;
        enum answer answer;
        int64_t balance_minor;
        int64_t written_minor; /* -1: nothing */
    } rows[] = {
        {400, ANSWER_IN_DOUBT, 0, -1}, {-1, ANSWER_IN_DOUBT, 0, 0},
        {0, ANSWER_IN_DOUBT, 0, -1},   {400, ANSWER_BALANCE, 400, -1},
        {400, ANSWER_BALANCE, 0, 0},   {400, ANSWER_BALANCE, 401, 401},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_account(300, 50, 1000, rows[i].balance_minor);
        account->row.seen_minor = rows[i].recorded_minor;
        account->row.outcome_seq = rows[i].recorded_minor >= 0;
        account->scripts[CALL_BALANCE].is_endless = true;
        SAY(account, CALL_BALANCE, .answer = rows[i].answer);
        run_to_end_within(30 * S, SETTLE_END_COMPLETE);
        const struct record *outcome = outcome_of(1, OUTCOME_SHORT);
        assert_int_equal(outcome != NULL, rows[i].written_minor >= 0);
        if (outcome != NULL)
            assert_int_equal(outcome->outcome.amount_minor, rows[i].written_minor);
        assert_int_equal(settle_counts(world->settle)->is_short, 1);
    }
}

/* ---- how soon it is seen --------------------------------------------------------------------- */

static void add_late(uint32_t looks_in_vain, enum answer answer)
{
    struct account *account = add_usual();
    for (uint32_t i = 0; i < looks_in_vain; i++)
        SAY(account, CALL_BALANCE, .answer = answer, .has_balance = true);
}

static void the_time_between_two_looks_is_counted_where_the_second_shows_the_deposit(void **state)
{
    (void)state;
    add_late(0, ANSWER_BALANCE); // there at the first look: when it came nobody knows
    add_late(1, ANSWER_BALANCE);
    add_late(3, ANSWER_BALANCE);
    add_late(2, ANSWER_IN_DOUBT);                          // the look before told nothing
    world->config.deadline_at_ns = world->now_ns + 60 * S; // else nobody waits so long
    run_to_end_within(60 * S, SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 4; position++)
        assert_settled(position);
    const struct histogram *detection = settle_detection(world->settle);
    assert_int_equal(detection->count, 2);
    uint64_t interval_ns = world->config.banks[0].poll_interval_ns;
    assert_in_range(histogram_at(detection, 1), interval_ns, interval_ns + 100 * MS);
    assert_in_range(detection->most_ns, interval_ns, interval_ns + 100 * MS);
}

/* ---- pools ----------------------------------------------------------------------------------- */

static void where_a_bank_shows_all_that_came_in_new_money_is_beyond_what_was_posted(void **state)
{
    (void)state;
    world->config.banks[0].pool = POOL_RECEIVED;
    world->on_call = NULL;
    static const struct {
        int64_t received_minor, opening_minor, shown_minor, deposit_minor;
    } rows[] = {{0, 0, 1000, 1000}, {5000, 0, 6000, 1000}, {0, 70, 1100, 1030}, {5000, 0, 5999, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct account *account = add_account(300, 50, 1000, 0);
        account->row.floor_received_minor = rows[i].received_minor;
        account->row.opening_minor = rows[i].opening_minor;
        account->row.floor_held_minor = rows[i].received_minor > 0 ? 120 : 0;
        account->scripts[CALL_BALANCE].is_endless = true;
        SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true,
            .balance_minor = rows[i].shown_minor);
    }
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 3; position++) {
        const struct record *deposit = outcome_of(position, OUTCOME_DEPOSITED);
        assert_int_equal(deposit->outcome.amount_minor, rows[position - 1].deposit_minor);
        assert_int_equal(deposit->outcome.available_minor, rows[position - 1].shown_minor);
        const struct record *end = outcome_of(position, OUTCOME_SETTLED);
        assert_int_equal(end->outcome.available_minor, rows[position - 1].shown_minor);
        assert_int_equal(end->outcome.residue_minor, 0);
        assert_int_equal(count_calls(position, CALL_BALANCE), 2); // all right at the first look
    }
    assert_int_equal(outcome_of(4, OUTCOME_SHORT)->outcome.amount_minor, 999);
}

static void what_came_in_after_the_deposit_is_residue_and_less_parks(void **state)
{
    (void)state;
    world->config.banks[0].pool = POOL_RECEIVED;
    static const int64_t shown_minor[] = {6025, 5999};
    for (uint32_t i = 0; i < 2; i++) {
        struct account *account = add_account(300, 50, 1000, 0);
        account->row.floor_received_minor = 5000;
        account->row.floor_residue_minor = 7;
        account->scripts[CALL_BALANCE].is_endless = true;
        SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true,
            .balance_minor = 6000);
        SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true,
            .balance_minor = shown_minor[i]);
    }
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 7 + 25);
    assert_int_equal(balance_of(1, LEDGER_RESIDUE), -25);
    assert_parked(2, PARK_BALANCE_LESS);
}

/* A person's share of a shared account, as the ledger has it, is all that may leave for her. */
static void no_transfer_is_intended_that_takes_more_than_the_person_s_share(void **state)
{
    (void)state;
    static const enum pool_kind pools[] = {POOL_NONE, POOL_AVAILABLE, POOL_RECEIVED};
    for (uint32_t i = 0; i < 3; i++) {
        world_close(NULL);
        world_open(NULL);
        world->config.banks[0].pool = pools[i];
        struct account *account = add_under_way(STEP_DEPOSIT);
        account->row.floor_payable_minor = 200; // carried over, the ledger says …
        account->row.floor_held_minor = -51;    // … but more than the rest of it has left
        struct account *enough = add_under_way(STEP_DEPOSIT);
        enough->row.floor_payable_minor = 200;
        enough->row.floor_held_minor = -50;
        SAY(enough, CALL_TRANSFER, .answer = ANSWER_ACCEPTED);
        SAY(enough, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true,
            .balance_minor = pools[i] == POOL_RECEIVED ? 1000 : 0);
        run_to_end(SETTLE_END_COMPLETE);
        assert_parked(1, PARK_OVERDRAWN);
        assert_int_equal(outcome_of(1, OUTCOME_PARKED)->step, STEP_PAYOUT);
        assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
        assert_int_equal(count_records(1, RECORD_INTENT), 1);
        assert_int_equal(count_calls(2, CALL_TRANSFER), 2);
    }
}

/* ---- what was held is given back ------------------------------------------------------------- */

static void what_was_held_before_is_paid_out_with_the_deposit_where_the_plan_says_so(void **state)
{
    (void)state;
    static const struct {
        bool unhold;
        int64_t floor_held_minor, opening_minor, hold_minor;
        int64_t payout_minor, held_minor; /* then */
        uint8_t line;                     /* of the entry that gives it back; 0: none */
    } rows[] = {
        {false, 120, 0, 50, 650, 170, 0}, {true, 120, 0, 50, 770, 50, 2},
        {true, 0, 120, 50, 770, 50, 3},   {true, 80, 40, 0, 820, 0, 3},
        {true, 0, 0, 50, 650, 50, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        world->config.unhold = rows[i].unhold;
        int64_t before_minor = rows[i].floor_held_minor + rows[i].opening_minor;
        struct account *account = add_account(300, rows[i].hold_minor, 1000, 1000 + before_minor);
        account->row.floor_held_minor = rows[i].floor_held_minor;
        account->row.opening_minor = rows[i].opening_minor;
        run_to_end(SETTLE_END_COMPLETE);
        const struct record *end = outcome_of(1, OUTCOME_SETTLED);
        assert_int_equal(end->outcome.held_minor, rows[i].held_minor);
        assert_int_equal(end->outcome.residue_minor, 0);
        assert_int_equal(account->balance_minor, rows[i].held_minor);
        assert_int_equal(call_of(1, CALL_TRANSFER, 2)->amount_minor, rows[i].payout_minor);
        uint8_t line = 0;
        for (uint32_t n = 1; n <= count_records(1, RECORD_ENTRY); n++) {
            const struct record *entry = record_of(1, RECORD_ENTRY, n);
            if (entry->entry.debit != LEDGER_HELD)
                continue;
            line = entry->entry.line;
            assert_int_equal(entry->entry.credit, LEDGER_PAYABLE);
            assert_int_equal(entry->entry.amount_minor, before_minor);
            assert_int_equal(entry->step, STEP_DEPOSIT);
        }
        assert_int_equal(line, rows[i].line);
    }
}

static void what_was_given_back_is_told_from_the_records_after_a_crash(void **state)
{
    (void)state;
    uint32_t chunks = 1;
    for (uint32_t crash = 1; crash <= chunks; crash++) {
        world_close(NULL);
        world_open(NULL);
        world->config.unhold = true;
        struct account *account = add_account(300, 50, 1000, 1120);
        account->row.floor_held_minor = 120;
        start();
        while (!is_done() && world->chunk_count < crash)
            run_until(next_at());
        if (!is_done())
            drop_and_start(false);
        run_to_end(SETTLE_END_COMPLETE);
        assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.held_minor, 50);
        assert_int_equal(account->balance_minor, 50);
        chunks = world->chunk_count > chunks ? world->chunk_count : chunks;
    }
    assert_true(chunks > 3);
}

static void who_owes_more_than_came_in_and_was_held_is_parked(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        world_close(NULL);
        world_open(NULL);
        world->config.unhold = true;
        struct account *account = add_account(1000, 121 - i, 1000, 1120);
        account->row.floor_held_minor = 120;
        run_to_end(SETTLE_END_COMPLETE);
        if (i == 0)
            assert_parked(1, PARK_BELOW_DUES);
        else
            assert_settled(1); // to the last
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_failed_poll_is_not_repeated_within_the_poll_interval),
        WORLD_TEST(the_last_look_is_tried_poll_tries_times_and_keeps_the_interval),
        WORLD_TEST(slow_down_is_no_look_and_is_repeated_when_the_bank_allows_it),
        WORLD_TEST(a_look_that_was_never_told_leaves_what_was_seen_before),
        WORLD_TEST(the_time_between_two_looks_is_counted_where_the_second_shows_the_deposit),
        WORLD_TEST(where_a_bank_shows_all_that_came_in_new_money_is_beyond_what_was_posted),
        WORLD_TEST(what_came_in_after_the_deposit_is_residue_and_less_parks),
        WORLD_TEST(no_transfer_is_intended_that_takes_more_than_the_person_s_share),
        WORLD_TEST(what_was_held_before_is_paid_out_with_the_deposit_where_the_plan_says_so),
        WORLD_TEST(what_was_given_back_is_told_from_the_records_after_a_crash),
        WORLD_TEST(who_owes_more_than_came_in_and_was_held_is_parked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
