#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"

/* Keeps a run going until it gives up: in doubt, and the bank will not say. */
static struct account *add_doubtful(void)
{
    struct account *account = add_under_way(STEP_HOLD);
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    account->scripts[CALL_INQUIRY].is_endless = true;
    SAY(account, CALL_INQUIRY, .answer = ANSWER_IN_DOUBT);
    return account;
}

static const struct record *deposit_of(uint32_t position)
{
    const struct record *deposit = outcome_of(position, OUTCOME_DEPOSITED);
    assert_non_null(deposit);
    return deposit;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void requests_come_first_then_those_under_way_then_the_fresh_ones(void **state)
{
    (void)state;
    add_usual();
    add_under_way(STEP_PAYOUT);
    start();
    assert_int_equal(world->loads[LOAD_REQUESTED], 1);
    assert_int_equal(world->loads[LOAD_UNDER_WAY], 0);
    run_for(1 * MS);
    assert_int_equal(world->loads[LOAD_UNDER_WAY], 1);
    assert_int_equal(world->loads[LOAD_FRESH], 0);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_settled(2);
    assert_int_equal(settle_counts(world->settle)->loaded, 2);
}

static void all_pages_come_in_however_few_the_slots(void **state)
{
    (void)state;
    static const uint32_t slots[] = {1, 2, 5, 8, 64, 300};
    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        if (i > 0) {
            world_close(NULL);
            world_open(NULL);
        }
        world->config.slots = slots[i];
        for (uint32_t k = 0; k < 20; k++) {
            add_usual();
            add_under_way(STEP_COLLECT);
        }
        run_to_end(SETTLE_END_COMPLETE);
        for (uint32_t position = 1; position <= 40; position++)
            assert_settled(position);
        assert_int_equal(settle_counts(world->settle)->loaded, 40);
    }
}

static void blocked_rows_are_counted_and_left_alone(void **state)
{
    (void)state;
    add_usual();
    add_usual()->row.state = LOAD_STATE_BLOCKED;
    add_usual()->row.state = LOAD_STATE_BLOCKED;
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(settle_counts(world->settle)->blocked, 2);
    assert_int_equal(settle_counts(world->settle)->loaded, 1);
    assert_int_equal(count_calls(2, CALL_BALANCE) + count_calls(3, CALL_BALANCE), 0);
    assert_null(record_of(2, RECORD_OUTCOME, 1));
    assert_settled(1);
}

static void a_run_without_accounts_ends_at_once(void **state)
{
    (void)state;
    run_to_end_within(1 * S, SETTLE_END_COMPLETE);
    assert_int_equal(world->chunk_count, 0);
    assert_int_equal(world->seen_count, 0);
}

static void a_page_is_asked_for_again_when_the_database_is_busy(void **state)
{
    (void)state;
    enum status statuses[] = {STATUS_STORE_BUSY, STATUS_STORE_BUSY, STATUS_OK};
    world->load_statuses = statuses;
    add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(world->loads[LOAD_REQUESTED], 3);
    assert_int_equal(world->loads[LOAD_UNDER_WAY], 1);
    assert_settled(1);
    // Not at once: 10 to 20 ms after the first no, 20 to 40 ms after the second.
    assert_true(call_of(1, CALL_BALANCE, 1)->at_ns >= START_NS + 30 * MS);
}

static void a_page_of_those_under_way_is_asked_for_again_from_the_same_place(void **state)
{
    (void)state;
    enum status statuses[] = {STATUS_STORE_BUSY, STATUS_OK};
    add_under_way(STEP_PAYOUT);
    start();
    world->load_statuses = statuses;
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(world->loads[LOAD_REQUESTED], 1);
    assert_int_equal(world->loads[LOAD_UNDER_WAY], 2);
    assert_settled(1);
}

static void a_page_of_waiting_accounts_is_not_lost_when_the_database_is_busy(void **state)
{
    (void)state;
    static enum status statuses[] = {STATUS_STORE_BUSY, STATUS_OK};
    add_doubtful();
    for (uint32_t i = 0; i < 5; i++)
        add_account(300, 50, 1000, 0);
    start();
    run_for(1 * S);
    world->load_statuses = statuses;
    for (uint32_t position = 2; position <= 6; position++)
        account_at(position)->balance_minor = 1000;
    run_to_end(SETTLE_END_DOUBT);
    for (uint32_t position = 2; position <= 6; position++)
        assert_settled(position);
}

static void a_page_that_cannot_be_had_ends_the_run(void **state)
{
    (void)state;
    static const struct {
        enum status statuses[8];
        enum settle_end end;
    } rows[] = {
        {{STATUS_STORE_BUSY, STATUS_STORE_BUSY, STATUS_STORE_BUSY, STATUS_STORE_BUSY,
          STATUS_STORE_BUSY, STATUS_OK},
         SETTLE_END_GONE},
        {{STATUS_STORE_LOST, STATUS_OK}, SETTLE_END_GONE},
        {{STATUS_STORE_FENCED, STATUS_OK}, SETTLE_END_GONE},
        {{STATUS_STORE_DENIED, STATUS_OK}, SETTLE_END_FATAL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (i > 0) {
            world_close(NULL);
            world_open(NULL);
        }
        enum status statuses[8];
        memcpy(statuses, rows[i].statuses, sizeof(statuses));
        world->load_statuses = statuses;
        add_usual();
        run_to_end_within(5 * S, rows[i].end);
        assert_int_equal(settle_counts(world->settle)->fatal, rows[i].statuses[0]);
        assert_int_equal(world->seen_count, 0);
    }
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void an_account_is_polled_once_every_poll_interval_and_not_more(void **state)
{
    (void)state;
    // Faster than the ms in which a wait is kept, and at odd instants.
    world->latency_ns = 100 * NS_PER_US;
    world->load_ns = 1 * NS_PER_US;
    world->config.banks[0].rate_per_s = 700;
    add_doubtful();
    for (uint32_t i = 0; i < 20; i++)
        add_account(300, 50, 1000, 0);
    run_to_end(SETTLE_END_DOUBT);
    for (uint32_t position = 2; position <= 21; position++) {
        uint32_t count = count_calls(position, CALL_BALANCE);
        assert_in_range(count, 5, 7); // in 10 s
        for (uint32_t n = 1; n < count; n++) {
            uint64_t apart_ns = call_of(position, CALL_BALANCE, n + 1)->at_ns -
                                call_of(position, CALL_BALANCE, n)->at_ns;
            assert_true(apart_ns >= world->config.banks[0].poll_interval_ns);
            assert_true(apart_ns <= world->config.banks[0].poll_interval_ns + 200 * MS);
        }
    }
}

static void a_deposit_that_comes_while_the_run_goes_on_is_found(void **state)
{
    (void)state;
    add_doubtful();
    add_account(300, 50, 1000, 0);
    add_account(300, 50, 1000, 400);
    start();
    run_for(3 * S);
    account_at(2)->balance_minor = 1000;
    account_at(3)->balance_minor = 1000;
    run_to_end(SETTLE_END_DOUBT);
    assert_settled(2);
    assert_settled(3);
    assert_int_equal(settle_counts(world->settle)->loaded, 3);
    assert_int_equal(settle_counts(world->settle)->is_short, 0);
}

static void who_is_left_waiting_is_looked_at_once_more_then_short(void **state)
{
    (void)state;
    world->latency_ns = 100 * MS;
    add_usual();
    add_account(300, 50, 1000, 420);
    run_to_end_within(10 * S, SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_int_equal(outcome_of(2, OUTCOME_SHORT)->outcome.amount_minor, 420);
    // The second look came after the other one had finished.
    assert_int_equal(count_calls(2, CALL_BALANCE), 2);
    assert_true(call_of(2, CALL_BALANCE, 2)->at_ns > call_of(1, CALL_BALANCE, 2)->ended_ns);
    assert_int_equal(count_records(2, RECORD_OUTCOME), 1);
}

static void money_that_comes_for_the_last_look_is_settled(void **state)
{
    (void)state;
    struct account *account = add_account(300, 50, 1000, 0);
    add_usual();
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true);
    account->balance_minor = 1000; // seen by the second poll
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_settled(2);
}

static void a_second_run_that_sees_the_same_writes_nothing(void **state)
{
    (void)state;
    add_account(300, 50, 1000, 420)->row.seen_minor = 420;
    add_account(300, 50, 1000, 0)->row.seen_minor = 0;
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(world->chunk_count, 0);
    assert_int_equal(settle_counts(world->settle)->is_short, 2);
}

static void a_second_run_that_sees_more_writes_it(void **state)
{
    (void)state;
    struct account *account = add_account(300, 50, 1000, 430);
    account->row.seen_minor = 420;
    account->row.outcome_seq = 1;
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(outcome_of(1, OUTCOME_SHORT)->outcome.amount_minor, 430);
    assert_int_equal(outcome_of(1, OUTCOME_SHORT)->outcome.seq, 2);
}

static void polls_that_always_fail_do_not_keep_a_run_for_ever(void **state)
{
    (void)state;
    struct account *account = add_account(300, 50, 1000, 0);
    account->scripts[CALL_BALANCE].is_endless = true;
    SAY(account, CALL_BALANCE, .answer = ANSWER_IN_DOUBT);
    add_usual();
    run_to_end_within(30 * S, SETTLE_END_COMPLETE);
    assert_int_equal(outcome_of(1, OUTCOME_SHORT)->outcome.amount_minor, 0);
    assert_settled(2);
}

/* Somebody's looks are always under way then, and nobody was ever seen. */
static void polls_that_fail_for_longer_than_the_poll_interval_do_not_either(void **state)
{
    (void)state;
    world->config.banks[0].poll_interval_ns = 40 * MS;
    world->config.banks[0].rate_per_s = 60;
    world->config.banks[0].burst = 1;
    for (uint32_t i = 0; i < 20; i++) {
        struct account *account = add_account(300, 50, 1000, 1000);
        account->scripts[CALL_BALANCE].is_endless = true;
        SAY(account, CALL_BALANCE, .answer = ANSWER_IN_DOUBT);
    }
    add_usual();
    run_to_end_within(60 * S, SETTLE_END_COMPLETE);
    assert_settled(21);
    assert_int_equal(settle_counts(world->settle)->is_short, 20);
}

static void a_bank_that_always_says_slow_down_does_not_keep_a_run_for_ever(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        struct account *account = i == 0 ? add_under_way(STEP_PAYOUT) : add_usual();
        account->scripts[CALL_BALANCE].is_endless = true;
        SAY(account, CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true);
    }
    run_to_end_within(60 * S, SETTLE_END_DOUBT);
    assert_null(outcome_of(1, OUTCOME_SETTLED)); // paid, never looked at
    assert_non_null(outcome_of(2, OUTCOME_SHORT));
    assert_non_null(outcome_of(3, OUTCOME_SHORT));
}

/* ---- when money is expected ------------------------------------------------------------------ */

#define MINUTE_US (INT64_C(60) * US_PER_S)

/* Many accounts without money, a bank that is asked ten times a second, and so much time. */
static void add_expecting(uint32_t count, int64_t ahead_us)
{
    for (uint32_t i = 0; i < count; i++)
        add_account(300, 50, 1000, 0)->row.expect_at_us = db_us(START_NS) + ahead_us;
}

static void look_for(uint64_t for_ns)
{
    world->config.banks[0].rate_per_s = 10;
    world->config.banks[0].burst = 1;
    world->config.banks[0].poll_interval_ns = 400 * MS;
    world->config.deadline_at_ns = START_NS + for_ns;
    run_to_end_within(for_ns + 3 * S, SETTLE_END_DEADLINE);
}

/* From the first look on, each is looked at in turn. */
static void assert_in_turn(uint32_t count)
{
    for (uint32_t i = 0; i < world->seen_count; i++)
        assert_int_equal(world->seen[i].position, 1 + i % count);
    assert_true(world->seen_count > 3 * count);
}

static void accounts_that_are_all_alike_are_looked_at_in_turn(void **state)
{
    (void)state;
    static const int64_t ahead_us[] = {-48 * 60 * MINUTE_US, -3 * 60 * MINUTE_US,  -20 * MINUTE_US,
                                       -1 * MINUTE_US,       2 * MINUTE_US,        30 * MINUTE_US,
                                       24 * 3600 * 9000,     9999 * 60 * MINUTE_US};
    for (size_t i = 0; i < sizeof(ahead_us) / sizeof(ahead_us[0]); i++) {
        if (i > 0) {
            world_close(NULL);
            world_open(NULL);
        }
        add_expecting(30, ahead_us[i]);
        look_for(20 * S);
        assert_in_turn(30);
    }
}

static void accounts_of_which_nobody_knows_are_looked_at_in_turn(void **state)
{
    (void)state;
    // As one of so many partitions that its share is less than a token a second.
    world->config.sharers = 20;
    for (uint32_t i = 0; i < 30; i++)
        add_account(300, 50, 1000, 0);
    look_for(20 * S);
    assert_in_turn(30);
}

/* It is near from some instant of the run on, or late, or out of the near ones: they stay in turn.
 */
static void accounts_that_are_all_alike_stay_in_turn_while_their_time_comes_and_goes(void **state)
{
    (void)state;
    static const int64_t ahead_us[] = {9 * MINUTE_US, -14 * MINUTE_US, -119 * MINUTE_US};
    for (size_t i = 0; i < sizeof(ahead_us) / sizeof(ahead_us[0]); i++) {
        if (i > 0) {
            world_close(NULL);
            world_open(NULL);
        }
        add_expecting(30, ahead_us[i]);
        look_for(240 * S);
        assert_in_turn(30);
    }
}

static void who_is_expected_by_now_is_looked_at_more_often_and_nobody_never(void **state)
{
    (void)state;
    add_expecting(2, 0);
    add_expecting(4, -30 * MINUTE_US);
    add_expecting(40, 60 * MINUTE_US);
    look_for(60 * S);
    for (uint32_t position = 1; position <= 46; position++) {
        uint32_t count = count_calls(position, CALL_BALANCE);
        if (position <= 2)
            assert_in_range(count, 40, 140); // every 0.4 s, and up to a second in the slots
        else if (position <= 6)
            assert_in_range(count, 20, 60);
        else
            assert_in_range(count, 3, 12); // a plain sweep: 13
    }
    assert_int_equal(settle_counts(world->settle)->loaded, 46);
    assert_int_equal(settle_counts(world->settle)->is_short, 46);
}

/* Tokens that the expected ones leave do not lie idle. */
static void who_is_not_expected_yet_gets_the_tokens_that_are_left(void **state)
{
    (void)state;
    add_expecting(1, 0);
    add_expecting(7, 60 * MINUTE_US);
    add_account(300, 50, 1000, 0);
    look_for(20 * S);
    assert_in_range(world->seen_count, 197, 200);
}

static void one_whose_time_comes_is_looked_at_more_often_from_then_on(void **state)
{
    (void)state;
    add_expecting(40, 3 * 60 * MINUTE_US);
    add_expecting(1, 8 * MINUTE_US); // near three minutes from now
    look_for(240 * S);
    uint32_t before = 0, after = 0;
    for (uint32_t i = 0; i < world->seen_count; i++) {
        bool is_it = world->seen[i].position == 41;
        before += is_it && world->seen[i].at_ns < START_NS + 60 * S;
        after += is_it && world->seen[i].at_ns >= START_NS + 180 * S;
    }
    assert_in_range(before, 25, 38); // soon, already; the others have 13
    assert_in_range(after, 45, 150);
}

/* Those of a slow bank stand aside and are looked at once it can; a quick one does not wait. */
static void a_slow_bank_keeps_nobody_of_a_quick_one_waiting(void **state)
{
    (void)state;
    world->config.bank_count = 2;
    for (uint32_t i = 0; i < 60; i++) {
        struct account *account = i < 30 ? add_account(300, 50, 1000, 0) : add_usual();
        account->row.bank = i >= 30;
        if (i % 3 == 0)
            account->row.expect_at_us = db_us(START_NS);
    }
    world->config.banks[1] = world->config.banks[0];
    look_for(20 * S);
    for (uint32_t position = 1; position <= 30; position++)
        assert_in_range(count_calls(position, CALL_BALANCE), 2, 30);
    for (uint32_t position = 31; position <= 60; position++) {
        assert_settled(position);
        assert_true(call_of(position, CALL_BALANCE, 1)->at_ns < START_NS + 1 * S);
    }
    assert_int_equal(settle_counts(world->settle)->loaded, 60);
    assert_int_equal(settle_counts(world->settle)->is_short, 30);
    assert_int_equal(settle_counts(world->settle)->settled, 30);
}

/* Whoever was never looked at when the rest has finished is looked at before he is short. */
static void a_run_without_a_deadline_looks_at_those_not_yet_expected_before_it_ends(void **state)
{
    (void)state;
    world->config.banks[0].rate_per_s = 10;
    world->config.banks[0].burst = 1;
    add_expecting(3, 0);
    add_expecting(30, 10 * 60 * MINUTE_US);
    account_at(2)->balance_minor = account_at(33)->balance_minor = 1000;
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(2);
    assert_settled(33);
    for (uint32_t position = 3; position <= 32; position++) {
        assert_non_null(outcome_of(position, OUTCOME_SHORT));
        uint32_t count = count_calls(position, CALL_BALANCE);
        assert_true(call_of(position, CALL_BALANCE, count)->at_ns >
                    call_of(33, CALL_BALANCE, count_calls(33, CALL_BALANCE))->at_ns);
    }
}

/* ---- the deadline ---------------------------------------------------------------------------- */

static void a_run_with_a_deadline_looks_until_then(void **state)
{
    (void)state;
    world->config.deadline_at_ns = START_NS + 9 * S;
    add_account(300, 50, 1000, 420);
    add_account(300, 50, 1000, 0);
    start();
    run_for(7 * S);
    assert_false(is_done());
    account_at(2)->balance_minor = 1000;
    run_to_end(SETTLE_END_DEADLINE);
    assert_in_range(world->now_ns, START_NS + 9 * S, START_NS + 9 * S + 500 * MS);
    assert_int_equal(outcome_of(1, OUTCOME_SHORT)->outcome.amount_minor, 420);
    assert_int_equal(count_calls(1, CALL_BALANCE), 5);
    assert_settled(2);
}

static void what_is_under_way_at_the_deadline_is_finished(void **state)
{
    (void)state;
    world->config.deadline_at_ns = START_NS + 2 * S;
    add_doubtful();
    struct account *slow = add_usual();
    SAY(slow, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .retry_after_ns = 4 * S);
    run_to_end(SETTLE_END_DOUBT);
    assert_settled(2);
    assert_true(call_of(2, CALL_TRANSFER, 2)->at_ns > START_NS + 4 * S);
}

static void a_deposit_on_the_way_at_the_deadline_is_taken(void **state)
{
    (void)state;
    world->config.deadline_at_ns = START_NS + 100 * MS;
    SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_BALANCE, .after_ns = 500 * MS);
    run_to_end(SETTLE_END_DEADLINE);
    assert_settled(1);
}

static void after_the_deadline_nobody_is_polled(void **state)
{
    (void)state;
    world->config.deadline_at_ns = START_NS + 1 * S;
    world->config.banks[0].rate_per_s = 10; // for 60 accounts: some never get a turn
    world->config.banks[0].burst = 1;
    for (uint32_t i = 0; i < 60; i++)
        add_account(300, 50, 1000, 0);
    run_to_end_within(3 * S, SETTLE_END_DEADLINE);
    for (uint32_t position = 1; position <= 60; position++)
        assert_non_null(outcome_of(position, OUTCOME_SHORT));
    assert_in_range(world->seen_count, 9, 11);
    assert_true(world->seen[world->seen_count - 1].at_ns < START_NS + 1 * S);
}

static void a_deadline_comes_also_when_the_bank_said_slow_down_for_a_day(void **state)
{
    (void)state;
    world->config.deadline_at_ns = START_NS + 3 * S;
    world->config.chunk_records = 2;
    SAY(add_account(300, 50, 1000, 0), CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 86400 * S);
    for (uint32_t i = 0; i < 19; i++)
        add_account(300, 50, 1000, 0);
    run_to_end_within(5 * S, SETTLE_END_DEADLINE);
    for (uint32_t position = 1; position <= 20; position++)
        assert_non_null(outcome_of(position, OUTCOME_SHORT));
}

/* ---- beside requests ------------------------------------------------------------------------- */

static void who_waits_is_read_again_only_once_what_was_decided_about_him_is_written(void **state)
{
    (void)state;
    add_doubtful();
    add_account(300, 50, 1000, 0);
    start();
    run_for(1 * S);
    world->write_ns = 4 * S; // longer than he waits to be looked at again
    struct load_request *raise = ask_raise(2, 100, 0);
    run_for(100 * MS);
    world->write_ns = 2 * MS;
    account_at(2)->balance_minor = 1100;
    run_to_end(SETTLE_END_DOUBT);
    assert_done(raise);
    assert_int_equal(deposit_of(2)->outcome.amount_minor, 1000);
    assert_int_equal(call_of(2, CALL_TRANSFER, 2)->amount_minor, 750);
    assert_settled(2);
}

static void a_request_about_one_that_a_page_would_bring_in_never_brings_it_in_twice(void **state)
{
    (void)state;
    // Each page is of one row, so most come in only after the requests about them were answered.
    for (uint64_t at_ns = 0; at_ns < 30 * MS; at_ns += 1 * MS) {
        world_close(NULL);
        world_open(NULL);
        world->config.slots = 7;
        for (uint32_t i = 0; i < 4; i++) {
            add_usual();
            add_under_way(STEP_COLLECT);
        }
        start();
        run_until(START_NS + at_ns);
        for (uint32_t position = 1; position <= 8; position++)
            ask_amend(position, 70 + position);
        run_to_end(SETTLE_END_COMPLETE);
        for (uint32_t position = 1; position <= 8; position++)
            assert_settled(position);
        assert_int_equal(settle_counts(world->settle)->loaded, 8);
    }
}

static void one_that_waits_and_is_asked_about_waits_in_one_place(void **state)
{
    (void)state;
    add_doubtful();
    for (uint32_t i = 0; i < 3; i++)
        add_account(300, 50, 1000, 0);
    start();
    run_for(1 * S);
    assert_int_equal(settle_counts(world->settle)->waiting, 3);
    struct load_request *park = ask(3, REQUEST_PARK);
    struct load_request *amend = ask_amend(2, 77);
    run_for(1 * S);
    assert_done(park);
    assert_done(amend);
    assert_int_equal(settle_counts(world->settle)->waiting, 2);
    account_at(3)->balance_minor = account_at(4)->balance_minor = 1000;
    run_to_end(SETTLE_END_DOUBT);
    assert_parked(3, PARK_BY_PERSON);
    assert_null(outcome_of(3, OUTCOME_DEPOSITED));
    assert_non_null(outcome_of(2, OUTCOME_SHORT));
    assert_settled(4);
    assert_int_equal(settle_counts(world->settle)->loaded, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(requests_come_first_then_those_under_way_then_the_fresh_ones),
        WORLD_TEST(all_pages_come_in_however_few_the_slots),
        WORLD_TEST(blocked_rows_are_counted_and_left_alone),
        WORLD_TEST(a_run_without_accounts_ends_at_once),
        WORLD_TEST(a_page_is_asked_for_again_when_the_database_is_busy),
        WORLD_TEST(a_page_of_those_under_way_is_asked_for_again_from_the_same_place),
        WORLD_TEST(a_page_of_waiting_accounts_is_not_lost_when_the_database_is_busy),
        WORLD_TEST(a_page_that_cannot_be_had_ends_the_run),
        WORLD_TEST(an_account_is_polled_once_every_poll_interval_and_not_more),
        WORLD_TEST(a_deposit_that_comes_while_the_run_goes_on_is_found),
        WORLD_TEST(who_is_left_waiting_is_looked_at_once_more_then_short),
        WORLD_TEST(money_that_comes_for_the_last_look_is_settled),
        WORLD_TEST(a_second_run_that_sees_the_same_writes_nothing),
        WORLD_TEST(a_second_run_that_sees_more_writes_it),
        WORLD_TEST(polls_that_always_fail_do_not_keep_a_run_for_ever),
        WORLD_TEST(polls_that_fail_for_longer_than_the_poll_interval_do_not_either),
        WORLD_TEST(a_bank_that_always_says_slow_down_does_not_keep_a_run_for_ever),
        WORLD_TEST(accounts_that_are_all_alike_are_looked_at_in_turn),
        WORLD_TEST(accounts_of_which_nobody_knows_are_looked_at_in_turn),
        WORLD_TEST(accounts_that_are_all_alike_stay_in_turn_while_their_time_comes_and_goes),
        WORLD_TEST(who_is_expected_by_now_is_looked_at_more_often_and_nobody_never),
        WORLD_TEST(who_is_not_expected_yet_gets_the_tokens_that_are_left),
        WORLD_TEST(one_whose_time_comes_is_looked_at_more_often_from_then_on),
        WORLD_TEST(a_slow_bank_keeps_nobody_of_a_quick_one_waiting),
        WORLD_TEST(a_run_without_a_deadline_looks_at_those_not_yet_expected_before_it_ends),
        WORLD_TEST(a_run_with_a_deadline_looks_until_then),
        WORLD_TEST(what_is_under_way_at_the_deadline_is_finished),
        WORLD_TEST(a_deposit_on_the_way_at_the_deadline_is_taken),
        WORLD_TEST(after_the_deadline_nobody_is_polled),
        WORLD_TEST(a_deadline_comes_also_when_the_bank_said_slow_down_for_a_day),
        WORLD_TEST(who_waits_is_read_again_only_once_what_was_decided_about_him_is_written),
        WORLD_TEST(a_request_about_one_that_a_page_would_bring_in_never_brings_it_in_twice),
        WORLD_TEST(one_that_waits_and_is_asked_about_waits_in_one_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
