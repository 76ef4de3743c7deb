#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/compensate.h"
#include "core/request.h"
#include "harness.h"
#include "stranger.h"

#define ALL_STEPS (1U << STEP_COLLECT | 1U << STEP_HOLD | 1U << STEP_PAYOUT)

static void again(bool hold_by_transfer)
{
    world_close(NULL);
    world_open(NULL);
    world->config.hold_by_transfer = hold_by_transfer;
    world->config.compensated_steps = ALL_STEPS;
}

/* Its transfers before this step are accepted, and this one is refused for good. */
static struct account *add_refused(enum step_kind step)
{
    struct account *account = add_usual();
    if (step > STEP_COLLECT)
        SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED);
    if (step > STEP_HOLD && world->config.hold_by_transfer)
        SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "CLOSED");
    return account;
}

/* The n-th (from 1) call that undoes something. */
static const struct seen *undo_of(uint32_t position, uint32_t n)
{
    const struct seen *call;
    for (uint32_t i = 1; (call = call_of(position, CALL_TRANSFER, i)) != NULL; i++)
        if (call->kind == TRANSFER_UNDO && --n == 0)
            return call;
    return NULL;
}

/* All of it lies in the account again, and is owed. */
static void assert_compensated(uint32_t position)
{
    const struct record *end = outcome_of(position, OUTCOME_COMPENSATED);
    assert_non_null(end);
    assert_int_equal(end->outcome.amount_minor, 1000);
    assert_int_equal(end->outcome.held_minor, 0);
    assert_int_equal(account_at(position)->balance_minor, 1000);
    assert_int_equal(balance_of(position, LEDGER_PAYABLE), -1000);
    assert_int_equal(balance_of(position, LEDGER_VIRTUAL), 1000);
    for (enum ledger_account ledger = LEDGER_COLLECTION; ledger <= LEDGER_RESIDUE; ledger++)
        assert_int_equal(balance_of(position, ledger), 0);
}

/* ---- what is undone -------------------------------------------------------------------------- */

static void what_was_done_before_a_refused_step_is_undone_newest_first(void **state)
{
    (void)state;
    static const struct {
        bool by_transfer;
        enum step_kind refused;
        enum step_kind undone[2]; /* by transfers, in order; 0: no more */
    } rows[] = {
        {false, STEP_COLLECT, {0}},
        {false, STEP_PAYOUT, {STEP_COLLECT}},
        {true, STEP_COLLECT, {0}},
        {true, STEP_HOLD, {STEP_COLLECT}},
        {true, STEP_PAYOUT, {STEP_HOLD, STEP_COLLECT}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        again(rows[i].by_transfer);
        add_refused(rows[i].refused);
        run_to_end(SETTLE_END_COMPLETE);
        assert_compensated(1);
        uint32_t undone = 0;
        while (undone < 2 && rows[i].undone[undone] != 0) {
            const struct seen *undo = undo_of(1, undone + 1);
            assert_int_equal(undo->step, rows[i].undone[undone]);
            assert_int_equal(undo->generation, 1);
            assert_int_equal(undo->amount_minor, undo->step == STEP_HOLD ? 50 : 300);
            undone++;
        }
        assert_null(undo_of(1, undone + 1));
        const struct record *no = outcome_of(1, OUTCOME_REJECTED_PERSON);
        const struct record *turn = outcome_of(1, OUTCOME_COMPENSATING);
        assert_int_equal(turn->outcome.seq, no->outcome.seq + 1);
        assert_int_equal(turn->step, rows[i].refused);
        const struct settle_counts *counts = settle_counts(world->settle);
        assert_int_equal(counts->ended, 1);
        assert_int_equal(counts->settled + counts->parked, 0);
        assert_int_equal(counts->collected_minor + counts->paid_minor, 0);
    }
}

static void a_posted_hold_is_undone_by_posting(void **state)
{
    (void)state;
    add_refused(STEP_PAYOUT);
    run_to_end(SETTLE_END_COMPLETE);
    const struct record *posted = outcome_of(1, OUTCOME_POSTED);
    assert_int_equal(posted->kind, TRANSFER_UNDO);
    assert_int_equal(posted->step, STEP_HOLD);
    assert_int_equal(posted->outcome.amount_minor, 50);
}

static void an_undo_has_a_key_of_its_own(void **state)
{
    (void)state;
    add_refused(STEP_PAYOUT);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(call_of(1, CALL_TRANSFER, 1)->step, STEP_COLLECT);
    assert_false(is_same_key(call_of(1, CALL_TRANSFER, 1), undo_of(1, 1)));
}

static void a_step_that_the_plan_leaves_to_a_person_parks(void **state)
{
    (void)state;
    for (enum step_kind step = STEP_COLLECT; step <= STEP_PAYOUT; step++) {
        again(true);
        world->config.compensated_steps = (uint8_t)(ALL_STEPS & ~(1U << step));
        add_refused(step);
        run_to_end(SETTLE_END_COMPLETE);
        assert_parked(1, "CLOSED");
        assert_null(outcome_of(1, OUTCOME_COMPENSATING));
    }
}

static void a_no_for_later_goes_on_forwards(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_LATER);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
}

static void a_no_that_an_inquiry_brings_is_compensated_too(void **state)
{
    (void)state;
    struct account *account = add_usual();
    SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_PERSON);
    run_to_end(SETTLE_END_COMPLETE);
    assert_compensated(1);
}

static void what_was_nothing_is_not_undone(void **state)
{
    (void)state;
    struct account *account = add_account(0, 0, 1000, 1000);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON);
    run_to_end(SETTLE_END_COMPLETE);
    assert_compensated(1);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    assert_null(outcome_of(1, OUTCOME_POSTED));
}

static void what_lay_there_before_is_left_as_it_was(void **state)
{
    (void)state;
    for (uint32_t unhold = 0; unhold < 2; unhold++) {
        again(false);
        world->config.unhold = unhold != 0;
        struct account *account = add_refused(STEP_PAYOUT);
        account->row.floor_held_minor = 70;
        account->row.floor_payable_minor = 20;
        account->row.floor_residue_minor = 5;
        account->balance_minor += 95;
        run_to_end(SETTLE_END_COMPLETE);
        const struct record *end = outcome_of(1, OUTCOME_COMPENSATED);
        assert_int_equal(end->outcome.amount_minor, unhold ? 1090 : 1020);
        assert_int_equal(end->outcome.held_minor, unhold ? 0 : 70);
        assert_int_equal(end->outcome.residue_minor, 5);
        assert_int_equal(account->balance_minor, 1095);
    }
}

/* ---- an undo's answers ----------------------------------------------------------------------- */

static void a_refused_undo_parks_and_a_release_tries_it_under_a_new_key(void **state)
{
    (void)state;
    static const struct {
        enum answer answer;
        const char *said, *code;
    } rows[] = {
        {ANSWER_REJECTED_PERSON, "E9", "E9"},
        {ANSWER_REJECTED_LATER, "E9", "E9"},
        {ANSWER_REJECTED_PERSON, "", PARK_UNDO_REFUSED},
        {ANSWER_REJECTED_LATER, "", PARK_UNDO_REFUSED},
    };
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        again(true);
        world->config.slots = i % 2 == 0 ? 16 : 1;
        struct account *account = add_refused(STEP_PAYOUT);
        SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED); // the hold is back
        SAY(account, CALL_TRANSFER, .answer = rows[i / 2].answer, .code = rows[i / 2].said);
        run_to_end(SETTLE_END_COMPLETE);
        assert_parked(1, rows[i / 2].code);
        assert_int_equal(newest_of(1)->kind, TRANSFER_UNDO);
        assert_int_equal(newest_of(1)->step, STEP_COLLECT);
        struct load_request *release = ask(1, REQUEST_RELEASE);
        drop_and_start(false);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(release);
        assert_compensated(1);
        assert_int_equal(undo_of(1, 3)->step, STEP_COLLECT);
        assert_int_equal(undo_of(1, 3)->generation, 2);
        assert_null(undo_of(1, 4));
    }
}

static void an_undo_that_is_not_clear_at_once_is_found_out(void **state)
{
    (void)state;
    static const struct {
        struct said sent, asked;
        uint32_t sends;
    } rows[] = {
        {{.answer = ANSWER_PENDING, .is_done = true}, {.answer = ANSWER_ACCEPTED}, 1},
        {{.answer = ANSWER_IN_DOUBT, .is_done = true}, {.answer = ANSWER_ACCEPTED}, 1},
        {{.answer = ANSWER_IN_DOUBT}, {.answer = ANSWER_NOT_FOUND}, 2},
        {{.answer = ANSWER_NOT_DONE}, {.answer = ANSWER_NOT_FOUND}, 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        again(false);
        struct account *account = add_refused(STEP_PAYOUT);
        say(account, CALL_TRANSFER, rows[i].sent);
        say(account, CALL_INQUIRY, rows[i].asked);
        run_to_end(SETTLE_END_COMPLETE);
        assert_compensated(1);
        assert_non_null(undo_of(1, rows[i].sends));
        assert_null(undo_of(1, rows[i].sends + 1));
        if (rows[i].sends == 2)
            assert_true(is_same_key(undo_of(1, 1), undo_of(1, 2)));
        assert_int_equal(outcome_of(1, OUTCOME_ACCEPTED)->kind, TRANSFER_UNDO);
    }
}

/* The bank takes it from who pays, and that is not the person's account. */
static void a_fee_for_an_undo_is_ours_in_any_case(void **state)
{
    (void)state;
    for (uint32_t is_ours = 0; is_ours < 2; is_ours++) {
        for (uint32_t by_transfer = 0; by_transfer < 2; by_transfer++) {
            again(by_transfer != 0);
            world->config.banks[0].fee_is_ours = is_ours != 0;
            struct account *account = add_refused(STEP_PAYOUT);
            SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED, .fee_minor = 3);
            run_to_end(SETTLE_END_COMPLETE);
            assert_int_equal(balance_of(1, LEDGER_FEE), 3);
            assert_int_equal(outcome_of(1, OUTCOME_COMPENSATED)->outcome.amount_minor, 1000);
            assert_int_equal(balance_of(1, LEDGER_VIRTUAL), 1000);
        }
    }
}

static void a_fee_for_an_undo_that_cannot_be_one_parks(void **state)
{
    (void)state;
    again(false);
    SAY(add_refused(STEP_PAYOUT), CALL_TRANSFER, .answer = ANSWER_ACCEPTED, .fee_minor = -1);
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_FEE_UNCLEAR);
    assert_int_equal(outcome_of(1, OUTCOME_ACCEPTED)->kind, TRANSFER_UNDO);
    assert_int_equal(balance_of(1, LEDGER_FEE), 0);
}

static void a_word_about_an_undo_in_doubt_counts_as_about_any_other(void **state)
{
    (void)state;
    static const enum request_kind words[] = {REQUEST_PAID, REQUEST_PAID_BY_HAND, REQUEST_NOT_PAID};
    for (size_t i = 0; i < 3; i++) {
        again(false);
        world->config.banks[0].inquiry = INQUIRY_NONE;
        struct account *account = add_refused(STEP_PAYOUT);
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = words[i] == REQUEST_PAID);
        run_to_end(SETTLE_END_COMPLETE);
        assert_parked(1, PARK_NO_INQUIRY);
        if (words[i] == REQUEST_PAID_BY_HAND)
            account->balance_minor += 300;
        world->now_ns += 60 * S;
        struct load_request *word = ask_word(1, words[i]);
        assert_int_equal(word->transfer_kind, TRANSFER_UNDO);
        drop_and_start(false);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(word);
        assert_compensated(1);
        if (words[i] == REQUEST_NOT_PAID)
            assert_int_equal(undo_of(1, 2)->generation, 2);
        else
            assert_null(undo_of(1, 2));
        if (words[i] == REQUEST_PAID_BY_HAND)
            assert_int_equal(outcome_of(1, OUTCOME_BY_HAND)->kind, TRANSFER_UNDO);
    }
}

/* ---- the last look --------------------------------------------------------------------------- */

static void the_last_look_finds_what_is_beyond_the_ledger_or_less(void **state)
{
    (void)state;
    for (int64_t off_minor = -7; off_minor <= 7; off_minor += 14) {
        again(false);
        struct account *account = add_refused(STEP_PAYOUT);
        SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
        for (uint32_t i = 0; i < 2; i++)
            SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true,
                .balance_minor = 1000 + off_minor);
        run_to_end(SETTLE_END_COMPLETE);
        // What was undone is asked about no more.
        assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
        if (off_minor > 0) {
            assert_int_equal(outcome_of(1, OUTCOME_COMPENSATED)->outcome.residue_minor, 7);
            continue;
        }
        assert_parked(1, PARK_BALANCE_LESS);
        struct load_request *release = ask(1, REQUEST_RELEASE);
        drop_and_start(false);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(release);
        assert_compensated(1);
        assert_null(undo_of(1, 2));
    }
}

static void without_a_last_look_it_ends_at_once(void **state)
{
    (void)state;
    world->config.closing = CLOSING_OFF;
    add_refused(STEP_PAYOUT);
    add_refused(STEP_COLLECT);
    run_to_end(SETTLE_END_COMPLETE);
    assert_compensated(1);
    assert_compensated(2);
    assert_int_equal(count_calls(1, CALL_BALANCE), 1);
}

/* ---- crashes --------------------------------------------------------------------------------- */

/* The core is dropped when so many chunks are committed, or (else) while one more is. */
static void crash_after(uint32_t chunks, bool commits)
{
    start();
    while (!is_done() && world->chunk_count < chunks)
        run_until(next_at());
    while (commits && !is_done() && world->chunk == NULL)
        run_until(next_at());
    if (!is_done())
        drop_and_start(commits);
}

static bool was_sent(const struct seen *call)
{
    for (uint32_t i = 0; i < world->seen_count; i++)
        if (world->seen[i].call_kind == CALL_TRANSFER && is_same_key(&world->seen[i], call))
            return true;
    return false;
}

/* It refuses every payout, and says so when it is asked; all else goes by the book. */
static void no_payout(struct seen *call)
{
    bool is_payout = call->step == STEP_PAYOUT && call->call_kind != CALL_BALANCE;
    if (is_payout && was_sent(call))
        call->said = (struct said){.answer = ANSWER_REJECTED_PERSON, .code = "CLOSED"};
    else
        bank_decides(call);
}

static void a_crash_anywhere_on_the_way_back_ends_the_same(void **state)
{
    (void)state;
    uint32_t chunks = 1;
    for (uint32_t i = 0; i < 2 * 2 * chunks; i++) {
        bool by_transfer = i % 2 == 1;
        again(by_transfer);
        world->on_call = no_payout;
        struct account *account = add_usual();
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
        crash_after(i / 4 + 1, i / 2 % 2 == 1);
        run_to_end(SETTLE_END_COMPLETE);
        assert_compensated(1);
        assert_non_null(undo_of(1, by_transfer ? 2 : 1));
        chunks = world->chunk_count > chunks ? world->chunk_count : chunks;
    }
    assert_true(chunks > 6);
}

static void one_that_an_earlier_run_turned_round_goes_on_backwards(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_HOLD);
    account->row.is_compensating = true;
    account->row.outcome_seq = 5;
    add_intent(account, STEP_PAYOUT, 650, 60 * S);
    account->row.transfer.state = OUTCOME_REJECTED_PERSON;
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(undo_of(1, 1)->step, STEP_COLLECT);
    assert_int_equal(outcome_of(1, OUTCOME_COMPENSATED)->outcome.amount_minor, 1000);
}

/* Its undo was put off, and is not needed any more: no new key for it. */
static void an_undo_whose_step_is_undone_is_not_sent_again(void **state)
{
    (void)state;
    again(true);
    struct account *account = add_under_way(STEP_COLLECT);
    account->row.is_compensating = true;
    account->row.outcome_seq = 5;
    add_intent(account, STEP_HOLD, 350, 60 * S);
    account->row.transfer.kind = TRANSFER_UNDO;
    account->row.transfer.state = OUTCOME_REJECTED_LATER;
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(undo_of(1, 1)->step, STEP_COLLECT);
    assert_null(undo_of(1, 2));
    assert_int_equal(outcome_of(1, OUTCOME_COMPENSATED)->outcome.amount_minor, 1000);
}

/* The payout is done, the collect came back and was released: its second no is a person's, for
   there is no way back behind a payout. */
static void behind_a_payout_there_is_no_way_back(void **state)
{
    (void)state;
    again(false);
    struct account *account = add_under_way(STEP_PAYOUT);
    account->row.done_steps &= (uint8_t) ~(1U << STEP_COLLECT);
    account->balance_minor += 300;
    SAY(account, CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "CLOSED");
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, "CLOSED");
    assert_null(outcome_of(1, OUTCOME_COMPENSATING));
}

/* ---- whatever the bank does ------------------------------------------------------------------ */

static void a_stranger_s_way_back_never_moves_money_twice(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        again(seed % 2 == 0);
        for (uint32_t i = 0; i < 6; i++)
            add_usual();
        stranger_open(seed);
        start();
        for (uint32_t crash = 0; crash < 4 && !is_done(); crash++) {
            run_for(prng_below(&stranger_prng, 400 * MS));
            if (!is_done())
                drop_and_start(chance(50));
        }
        run_for(600 * S);
        assert_true(is_done());
        audit_end();
        stranger_audit();
    }
}

/* ---- refused by the database ----------------------------------------------------------------- */

static bool is_undone(const struct record *record)
{
    return settlement_position(record->settlement_id) == 1 && record->kind == TRANSFER_UNDO &&
           record->record_kind == RECORD_OUTCOME && record->outcome.state == OUTCOME_ACCEPTED;
}

static void an_undo_that_cannot_be_recorded_was_not_undone_as_far_as_the_ledger_knows(void **state)
{
    (void)state;
    add_refused(STEP_PAYOUT);
    add_refused(STEP_PAYOUT);
    world->is_poison = is_undone;
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_RECORD_REFUSED);
    assert_compensated(2);
    assert_int_equal(settle_counts(world->settle)->collected_minor, 300);
}

#define COMPENSATED_TEST(name) cmocka_unit_test_setup_teardown(name, open_compensated, world_close)

static int open_compensated(void **state)
{
    world_open(state);
    world->config.compensated_steps = ALL_STEPS;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        COMPENSATED_TEST(what_was_done_before_a_refused_step_is_undone_newest_first),
        COMPENSATED_TEST(a_posted_hold_is_undone_by_posting),
        COMPENSATED_TEST(an_undo_has_a_key_of_its_own),
        COMPENSATED_TEST(a_step_that_the_plan_leaves_to_a_person_parks),
        COMPENSATED_TEST(a_no_for_later_goes_on_forwards),
        COMPENSATED_TEST(a_no_that_an_inquiry_brings_is_compensated_too),
        COMPENSATED_TEST(what_was_nothing_is_not_undone),
        COMPENSATED_TEST(what_lay_there_before_is_left_as_it_was),
        COMPENSATED_TEST(a_refused_undo_parks_and_a_release_tries_it_under_a_new_key),
        COMPENSATED_TEST(an_undo_that_is_not_clear_at_once_is_found_out),
        COMPENSATED_TEST(a_fee_for_an_undo_is_ours_in_any_case),
        COMPENSATED_TEST(a_fee_for_an_undo_that_cannot_be_one_parks),
        COMPENSATED_TEST(a_word_about_an_undo_in_doubt_counts_as_about_any_other),
        COMPENSATED_TEST(the_last_look_finds_what_is_beyond_the_ledger_or_less),
        COMPENSATED_TEST(without_a_last_look_it_ends_at_once),
        COMPENSATED_TEST(a_crash_anywhere_on_the_way_back_ends_the_same),
        COMPENSATED_TEST(one_that_an_earlier_run_turned_round_goes_on_backwards),
        COMPENSATED_TEST(an_undo_whose_step_is_undone_is_not_sent_again),
        COMPENSATED_TEST(behind_a_payout_there_is_no_way_back),
        COMPENSATED_TEST(a_stranger_s_way_back_never_moves_money_twice),
        COMPENSATED_TEST(an_undo_that_cannot_be_recorded_was_not_undone_as_far_as_the_ledger_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
