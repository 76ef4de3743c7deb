/* What is done for a request, and what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/request.h"
#include "harness.h"
#include "stranger.h"

static struct bank_rules *rules(void)
{
    return &world->config.banks[0];
}

/* Parked by an earlier run because its payout was refused for good. */
static struct account *add_parked(void)
{
    struct account *account = park_before(add_under_way(STEP_HOLD), "CLOSED");
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    account->row.transfer.state = OUTCOME_REJECTED_PERSON;
    return account;
}

/* ---- park and release ------------------------------------------------------------------------ */

/* One of every kind of park, made by a run, then released in another: the failed step is taken up,
   and none that was done is repeated. */
static const struct parked_row {
    const char *code;
    enum answer answer; /* to the payout */
    enum inquiry_kind inquiry;
    uint16_t generation; /* under which it is paid then */
} parked_rows[] = {
    {"CLOSED", ANSWER_REJECTED_PERSON, INQUIRY_BY_KEY, 2},
    {PARK_GENERATIONS, ANSWER_REJECTED_LATER, INQUIRY_BY_KEY, 2},
    {PARK_NO_INQUIRY, ANSWER_IN_DOUBT, INQUIRY_NONE, 1},
    {PARK_BODY_CHANGED, ANSWER_CHANGED, INQUIRY_REPEAT, 1},
};

static void a_released_one_goes_on_from_the_failed_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(parked_rows) / sizeof(parked_rows[0]); i++) {
        const struct parked_row *row = &parked_rows[i / 2];
        world_close(NULL);
        world_open(NULL);
        rules()->inquiry = row->inquiry;
        rules()->later_tries = 1;
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED);
        SAY(account, CALL_TRANSFER, .answer = row->answer, .code = "CLOSED");
        run_to_end(SETTLE_END_COMPLETE);
        assert_parked(1, row->code);
        world->config.scope = i % 2 == 0 ? SETTLE_ALL : SETTLE_REQUESTED;
        if (rules()->inquiry == INQUIRY_NONE)
            rules()->inquiry = INQUIRY_BY_KEY;
        struct load_request *release = ask(1, REQUEST_RELEASE);
        drop_and_start(false);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(release);
        assert_settled(1);
        assert_int_equal(account->balance_minor, 50);
        assert_int_equal(outcome_of(1, OUTCOME_ACCEPTED)->generation, row->generation);
        assert_int_equal(outcome_of(1, OUTCOME_ACCEPTED)->step, STEP_PAYOUT);
        for (uint32_t n = 2; n <= count_calls(1, CALL_TRANSFER); n++)
            assert_int_equal(call_of(1, CALL_TRANSFER, n)->step, STEP_PAYOUT);
    }
}

static void a_crash_anywhere_after_a_release_ends_the_same(void **state)
{
    (void)state;
    uint32_t chunks = 1;
    for (uint32_t i = 0; i < 2 * chunks; i++) {
        world_close(NULL);
        world_open(NULL);
        add_parked();
        ask(1, REQUEST_RELEASE);
        start();
        while (!is_done() && world->chunk_count < i / 2 + 1)
            run_until(next_at());
        while (i % 2 == 1 && !is_done() && world->chunk == NULL)
            run_until(next_at());
        if (!is_done())
            drop_and_start(i % 2 == 1);
        run_to_end(SETTLE_END_COMPLETE);
        assert_settled(1);
        assert_int_equal(account_at(1)->balance_minor, 50);
        assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
        chunks = world->chunk_count > chunks ? world->chunk_count : chunks;
    }
    assert_true(chunks >= 3);
}

static void a_released_reversed_payout_is_paid_under_a_new_generation(void **state)
{
    (void)state;
    struct account *account = park_before(add_under_way(STEP_HOLD), PARK_REVERSED);
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    account->row.transfer.state = OUTCOME_REVERSED;
    account->row.accepted_generation[STEP_PAYOUT] = 1;
    ask(1, REQUEST_RELEASE);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_int_equal(call_of(1, CALL_TRANSFER, 1)->generation, 2);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
}

/* Both came back, and the newest transfer is the payout. */
static void a_released_reversed_collect_is_collected_under_a_new_generation(void **state)
{
    (void)state;
    struct account *account = park_before(add_under_way(STEP_HOLD), PARK_REVERSED);
    account->balance_minor = 1000;
    account->row.done_steps = 1U << STEP_DEPOSIT | 1U << STEP_HOLD;
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    account->row.transfer.state = OUTCOME_REVERSED;
    account->row.accepted_generation[STEP_COLLECT] = 2;
    account->row.accepted_generation[STEP_PAYOUT] = 1;
    ask(1, REQUEST_RELEASE);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_int_equal(call_of(1, CALL_TRANSFER, 1)->step, STEP_COLLECT);
    assert_int_equal(call_of(1, CALL_TRANSFER, 1)->generation, 3);
    assert_int_equal(call_of(1, CALL_TRANSFER, 2)->generation, 2);
}

static void the_keys_of_a_transfer_run_out_however_often_it_is_released(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        uint16_t generation = (uint16_t)(GENERATIONS_MAX - i % 2);
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_parked();
        account->row.transfer.generation = generation;
        account->row.transfer.state = i / 2 == 0 ? OUTCOME_REJECTED_PERSON : OUTCOME_REJECTED_LATER;
        world->written[0].record.generation = generation;
        ask(1, REQUEST_RELEASE);
        run_to_end(SETTLE_END_COMPLETE);
        if (generation < GENERATIONS_MAX)
            assert_settled(1);
        else
            assert_parked(1, PARK_GENERATIONS);
    }
}

static void nobody_is_released_for_whom_going_on_is_no_help(void **state)
{
    (void)state;
    static const char *const codes[] = {PARK_BELOW_DUES, PARK_FEE_TAKEN, PARK_FEE_UNCLEAR};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        park_before(add_under_way(STEP_COLLECT), codes[i]);
        struct load_request *release = ask(1, REQUEST_RELEASE);
        run_to_end(SETTLE_END_COMPLETE);
        assert_refused_as(release, codes[i]);
        assert_int_equal(count_records(1, RECORD_OUTCOME), 0);
        // Who gives it up ends it.
        struct load_request *write_off = ask(1, REQUEST_WRITE_OFF);
        drop_and_start(false);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(write_off);
    }
}

static void one_released_without_a_deposit_is_looked_at_again(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        world_close(NULL);
        world_open(NULL);
        world->config.scope = SETTLE_REQUESTED;
        park_before(add_usual(), PARK_BY_PERSON)->balance_minor = i == 0 ? 1000 : 400;
        ask(1, REQUEST_RELEASE);
        run_to_end(SETTLE_END_COMPLETE);
        if (i == 0)
            assert_settled(1);
        else
            assert_int_equal(outcome_of(1, OUTCOME_SHORT)->outcome.amount_minor, 400);
    }
}

static void what_was_parked_by_a_person_sends_nothing_more(void **state)
{
    (void)state;
    rules()->rate_per_s = 2;
    rules()->burst = 1;
    add_under_way(STEP_HOLD); // its intent waits for a token
    start();
    run_for(100 * MS);
    struct load_request *park = ask(1, REQUEST_PARK);
    run_to_end(SETTLE_END_COMPLETE);
    assert_done(park);
    assert_parked(1, PARK_BY_PERSON);
    assert_int_equal(count_records(1, RECORD_INTENT), 1);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
    ask(1, REQUEST_RELEASE);
    drop_and_start(false);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
}

static void a_release_of_residue_makes_it_payable_while_no_later_settlement_has_it(void **state)
{
    (void)state;
    static const struct {
        int64_t residue_minor;
        enum load_later later;
        const char *code;
    } rows[] = {
        {7, LOAD_LATER_NONE, ""},
        {7, LOAD_LATER_OPEN, REQUEST_CODE_LATER},
        {7, LOAD_LATER_ENDED, REQUEST_CODE_LATER},
        {0, LOAD_LATER_NONE, REQUEST_CODE_NOTHING},
        {-7, LOAD_LATER_NONE, REQUEST_CODE_NOTHING},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        add_ended(OUTCOME_COMPENSATED, 20, rows[i].residue_minor);
        struct load_request *release = ask(1, REQUEST_RELEASE);
        asked_while_later(rows[i].later);
        run_to_end(SETTLE_END_COMPLETE);
        if (rows[i].code[0] != 0) {
            assert_refused_as(release, rows[i].code);
            continue;
        }
        const struct record *end = newest_of(1);
        assert_int_equal(end->outcome.state, OUTCOME_COMPENSATED);
        assert_int_equal(end->outcome.amount_minor, 27);
        assert_int_equal(end->outcome.residue_minor, 0);
        assert_int_equal(end->outcome.held_minor, 50);
        const struct record *entry = record_of(1, RECORD_ENTRY, 1);
        assert_int_equal(entry->generation, end->outcome.seq);
        assert_int_equal(balance_of(1, LEDGER_RESIDUE), 7);
        assert_int_equal(balance_of(1, LEDGER_PAYABLE), -7);
    }
}

static void a_return_counts_until_a_later_settlement_has_ended(void **state)
{
    (void)state;
    for (enum load_later later = LOAD_LATER_NONE; later <= LOAD_LATER_ENDED; later++) {
        world_close(NULL);
        world_open(NULL);
        add_ended(OUTCOME_SETTLED, 0, 0);
        struct load_request *request = ask_return(1, STEP_PAYOUT, 1);
        asked_while_later(later);
        run_to_end(SETTLE_END_COMPLETE);
        if (later == LOAD_LATER_ENDED)
            assert_refused_as(request, REQUEST_CODE_LATER);
        else
            assert_done(request);
    }
}

/* ---- amend ----------------------------------------------------------------------------------- */

static void what_is_intended_after_an_amend_goes_to_the_new_place(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        world_close(NULL);
        world_open(NULL);
        add_parked();
        struct load_request *amend = ask_amend(1, 77);
        if (i == 2)
            ask_amend(1, 78)->is_off = true; // one that does not count
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(amend);
        assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
        struct load_request *release = ask(1, REQUEST_RELEASE);
        world->config.scope = i == 0 ? SETTLE_ALL : SETTLE_REQUESTED;
        drop_and_start(false);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(release);
        assert_settled(1);
        assert_int_equal(record_of(1, RECORD_INTENT, 2)->intent.mapping_id, 77);
        assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    }
}

static void an_amend_in_the_wait_for_the_next_key_counts_for_that(void **state)
{
    (void)state;
    rules()->later_wait_ns = 2 * S;
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    start();
    run_for(500 * MS);
    struct load_request *amend = ask_amend(1, 77);
    run_to_end(SETTLE_END_COMPLETE);
    assert_done(amend);
    assert_settled(1);
    assert_int_equal(record_of(1, RECORD_INTENT, 1)->intent.mapping_id, 1001);
    assert_int_equal(record_of(1, RECORD_INTENT, 2)->intent.mapping_id, 77);
}

static void a_payout_that_is_done_is_not_amended(void **state)
{
    (void)state;
    world->config.scope = SETTLE_REQUESTED;
    add_under_way(STEP_PAYOUT);
    struct load_request *amend = ask_amend(1, 77);
    run_to_end(SETTLE_END_COMPLETE);
    assert_refused_as(amend, REQUEST_CODE_PAID);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void who_ends_without_a_deposit_leaves_what_lay_there(void **state)
{
    (void)state;
    static const struct {
        enum request_kind kind;
        enum outcome_state end;
    } rows[] = {{REQUEST_WRITE_OFF, OUTCOME_WRITTEN_OFF}, {REQUEST_SUPERSEDE, OUTCOME_SUPERSEDED}};
    for (uint32_t i = 0; i < 8; i++) {
        world_close(NULL);
        world_open(NULL);
        world->config.unhold = i / 2 % 2 == 1; // gives back nothing without a deposit
        struct account *account = add_account(300, 50, 1000, 135);
        account->row.floor_payable_minor = 20;
        account->row.floor_residue_minor = 5;
        account->row.floor_held_minor = i / 4 == 0 ? 110 : 0;
        account->row.opening_minor = i / 4 == 0 ? 0 : 110;
        struct load_request *request = ask(1, rows[i % 2].kind);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(request);
        const struct record *end = outcome_of(1, rows[i % 2].end);
        assert_int_equal(end->outcome.amount_minor, 20);
        assert_int_equal(end->outcome.held_minor, 110);
        assert_int_equal(end->outcome.residue_minor, 5);
        assert_int_equal(balance_of(1, LEDGER_HELD), i / 4 == 0 ? 0 : -110);
        assert_int_equal(settle_counts(world->settle)->ended, 1);
        assert_int_equal(world->seen_count, 0);
    }
}

static void who_is_written_off_in_the_middle_leaves_what_is_not_done(void **state)
{
    (void)state;
    for (uint32_t hold_by_transfer = 0; hold_by_transfer < 2; hold_by_transfer++) {
        world_close(NULL);
        world_open(NULL);
        world->config.hold_by_transfer = hold_by_transfer != 0;
        add_parked();
        ask(1, REQUEST_WRITE_OFF);
        run_to_end(SETTLE_END_COMPLETE);
        const struct record *end = outcome_of(1, OUTCOME_WRITTEN_OFF);
        assert_int_equal(end->outcome.amount_minor, 650);
        assert_int_equal(end->outcome.held_minor, hold_by_transfer ? 0 : 50);
    }
}

/* ---- raise ----------------------------------------------------------------------------------- */

static void money_raised_before_the_deposit_is_paid_out_with_it(void **state)
{
    (void)state;
    struct account *account = add_usual();
    account->row.floor_residue_minor = 15;
    account->balance_minor = 1000 + 15 + 25; // of 40 raised, 15 lay there as residue
    struct load_request *raise = ask_raise(1, 40, -15);
    run_to_end(SETTLE_END_COMPLETE);
    assert_done(raise);
    assert_int_equal(outcome_of(1, OUTCOME_DEPOSITED)->outcome.amount_minor, 1000);
    assert_int_equal(call_of(1, CALL_TRANSFER, 2)->amount_minor, 690);
    assert_int_equal(outcome_of(1, OUTCOME_RAISED)->outcome.amount_minor, 40);
    assert_int_equal(outcome_of(1, OUTCOME_RAISED)->outcome.residue_minor, -15);
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 0);
    assert_int_equal(account->balance_minor, 50);
}

static void money_raised_after_the_deposit_is_residue(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_COLLECT);
    account->balance_minor += 40;
    ask_raise(1, 40, 0);
    run_to_end(SETTLE_END_COMPLETE);
    const struct record *raised = outcome_of(1, OUTCOME_RAISED);
    assert_int_equal(raised->outcome.amount_minor, 0);
    assert_int_equal(raised->outcome.residue_minor, 40);
    assert_int_equal(record_of(1, RECORD_ENTRY, 1)->generation, raised->outcome.seq);
    assert_int_equal(call_of(1, CALL_TRANSFER, 1)->amount_minor, 650);
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 40);
    assert_int_equal(balance_of(1, LEDGER_RESIDUE), -40);
}

static void who_is_parked_stays_so_with_money_raised(void **state)
{
    (void)state;
    struct account *account = add_parked();
    account->balance_minor += 40;
    ask_raise(1, 40, 0);
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, "CLOSED");
    assert_int_equal(newest_of(1)->outcome.state, OUTCOME_PARKED);
    assert_int_equal(settle_counts(world->settle)->parked, 0); // it was counted where it parked
    ask(1, REQUEST_RELEASE);
    drop_and_start(false);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_released_one_goes_on_from_the_failed_step),
        WORLD_TEST(a_crash_anywhere_after_a_release_ends_the_same),
        WORLD_TEST(a_released_reversed_payout_is_paid_under_a_new_generation),
        WORLD_TEST(a_released_reversed_collect_is_collected_under_a_new_generation),
        WORLD_TEST(the_keys_of_a_transfer_run_out_however_often_it_is_released),
        WORLD_TEST(nobody_is_released_for_whom_going_on_is_no_help),
        WORLD_TEST(one_released_without_a_deposit_is_looked_at_again),
        WORLD_TEST(what_was_parked_by_a_person_sends_nothing_more),
        WORLD_TEST(a_release_of_residue_makes_it_payable_while_no_later_settlement_has_it),
        WORLD_TEST(a_return_counts_until_a_later_settlement_has_ended),
        WORLD_TEST(what_is_intended_after_an_amend_goes_to_the_new_place),
        WORLD_TEST(an_amend_in_the_wait_for_the_next_key_counts_for_that),
        WORLD_TEST(a_payout_that_is_done_is_not_amended),
        WORLD_TEST(who_ends_without_a_deposit_leaves_what_lay_there),
        WORLD_TEST(who_is_written_off_in_the_middle_leaves_what_is_not_done),
        WORLD_TEST(money_raised_before_the_deposit_is_paid_out_with_it),
        WORLD_TEST(money_raised_after_the_deposit_is_residue),
        WORLD_TEST(who_is_parked_stays_so_with_money_raised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
