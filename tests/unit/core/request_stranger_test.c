/* People who ask for anything at any time, at a bank that draws what it does, through crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"
#include "stranger.h"

#define ACCOUNTS 5U

static uint64_t seed_now;
static uint32_t answers[REQUEST_RAISE + 1][DECISION_STALE + 1];

/* A failure's seed is printed when the test is left behind by it. */
static int tell_seed(void **state)
{
    if (seed_now != 0)
        print_error("with seed %u\n", (unsigned)seed_now);
    return world_close(state);
}

static void ask_anything(void)
{
    uint32_t position = 1 + (uint32_t)prng_below(&stranger_prng, ACCOUNTS);
    switch (prng_below(&stranger_prng, 10)) {
    case 0:
        ask(position, REQUEST_PARK);
        return;
    case 1:
        ask_word(position, REQUEST_PAID);
        return;
    case 2:
        ask_word(position, REQUEST_PAID_BY_HAND);
        return;
    case 3:
        ask_word(position, REQUEST_NOT_PAID);
        return;
    case 4:
        ask_amend(position, 100 + world->wish_count);
        return;
    case 5:
        ask(position, chance(30) ? REQUEST_WRITE_OFF : REQUEST_SUPERSEDE);
        return;
    case 6:
        ask_rate(0, 100 + (int64_t)prng_below(&stranger_prng, 2000));
        return;
    default:
        ask(position, REQUEST_RELEASE);
        return;
    }
}

static int64_t by_hand_of(uint32_t position)
{
    int64_t sum_minor = 0;
    for (uint32_t n = 1; n <= count_records(position, RECORD_OUTCOME); n++) {
        const struct record *r = record_of(position, RECORD_OUTCOME, n);
        if (r->outcome.state == OUTCOME_BY_HAND)
            sum_minor +=
                r->kind == TRANSFER_UNDO ? -r->outcome.amount_minor : r->outcome.amount_minor;
    }
    return sum_minor;
}

static int64_t done_of(uint32_t position)
{
    int64_t sum_minor = 0;
    for (uint32_t i = 0; i < truth_count; i++)
        if (truths[i].position == position && truths[i].truth == TRUTH_DONE)
            sum_minor +=
                truths[i].kind == TRANSFER_UNDO ? -truths[i].amount_minor : truths[i].amount_minor;
    return sum_minor;
}

/* What the bank and the people did is what the ledger says, once each. */
static void audit_people(void)
{
    for (uint32_t i = 0; i < truth_count; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_false(truths[i].truth == TRUTH_DONE && truths[k].truth == TRUTH_DONE &&
                         truths[i].position == truths[k].position &&
                         truths[i].step == truths[k].step && truths[i].kind == truths[k].kind);
    for (uint32_t position = 1; position <= ACCOUNTS; position++) {
        struct load_row row = recorded_row(position);
        if (row.place != LOAD_PLACE_ENDED || (row.done_steps & 2) == 0)
            continue;
        // What people say that they did by hand nobody took out of this bank's account: a look
        // finds it there, as residue.
        bool is_looked_at =
            row.end_state == OUTCOME_SETTLED || row.end_state == OUTCOME_COMPENSATED;
        int64_t moved_minor = done_of(position) + (is_looked_at ? 0 : by_hand_of(position));
        assert_int_equal(moved_minor,
                         1000 - row.end_payable_minor - row.end_held_minor - row.end_residue_minor);
    }
}

static void count_answers(void)
{
    for (uint32_t i = 0; i < world->wish_count; i++) {
        const struct record *decision = decision_of(world->wishes[i].request.id);
        answers[decision->decision.request_kind][decision->decision.state]++;
    }
}

static void assert_each_answer_was_given(void)
{
    static const enum request_kind kinds[] = {
        REQUEST_PAID,  REQUEST_PAID_BY_HAND, REQUEST_NOT_PAID,  REQUEST_PARK, REQUEST_RELEASE,
        REQUEST_AMEND, REQUEST_WRITE_OFF,    REQUEST_SUPERSEDE, REQUEST_RATE};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_true(answers[kinds[i]][DECISION_DONE] > 0);
        if (kinds[i] == REQUEST_RATE)
            continue;
        assert_true(answers[kinds[i]][DECISION_REFUSED] > 0);
        assert_true(answers[kinds[i]][DECISION_BUSY] > 0);
    }
    assert_true(answers[REQUEST_PAID][DECISION_STALE] > 0);
}

static void run_through_crashes(uint32_t crashes)
{
    start();
    for (uint32_t i = 0; i < crashes && !is_done(); i++) {
        for (uint32_t k = 0; k < 5 && !is_done(); k++) {
            ask_anything();
            run_for(prng_below(&stranger_prng, 300 * MS));
        }
        if (!is_done() && chance(70))
            drop_and_start(chance(50));
    }
    run_for(600 * S);
    assert_true(is_done());
}

static void whatever_people_ask_for_nothing_is_paid_twice_or_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        seed_now = seed;
        world_close(NULL);
        world_open(NULL);
        world->config.hold_by_transfer = seed % 2 == 0;
        world->config.compensated_steps = seed % 3 == 0 ? 0x1c : 0;
        world->config.slots = seed % 5 == 0 ? 3 : 16;
        world->load_ns = seed % 7 == 0 ? 60 * MS : 1 * MS;
        world->write_ns = seed % 11 == 0 ? 40 * MS : 2 * MS;
        world->config.banks[0].rate_per_s = seed % 4 == 0 ? 20 : 1000;
        for (uint32_t i = 0; i < ACCOUNTS; i++)
            add_usual();
        stranger_open(seed);
        run_through_crashes(6);
        audit_people();
        // Another run, alone or not, with all that is open released.
        for (uint32_t position = 1; position <= ACCOUNTS; position++)
            ask(position, REQUEST_RELEASE);
        world->config.scope = seed % 2 == 0 ? SETTLE_ALL : SETTLE_REQUESTED;
        drop_and_start(true);
        run_for(600 * S);
        assert_true(is_done());
        audit_end();
        audit_people();
        audit_answered();
        count_answers();
    }
    seed_now = 0;
    assert_each_answer_was_given();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whatever_people_ask_for_nothing_is_paid_twice_or_lost,
                                        world_open, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
