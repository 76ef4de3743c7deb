#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aborts.h"
#include "memory.h"

#include "base/prng.h"
#include "core/limits.h"
#include "core/step.h"

#define SLOTS 12
#define BANKS 3

static struct memory memory;
static struct steps steps;

static void take(struct arena *arena)
{
    step_init(&steps, arena, SLOTS);
}

static int begin(void **state)
{
    (void)state;
    memory_open(&memory, take);
    return 0;
}

static int end(void **state)
{
    (void)state;
    memory_close(&memory);
    return 0;
}

/* One row a state, in the order of enum await; a column says whether the move to that state is
   legal. Written down a second time, so that a change of the table is a decision. */
static const char *const legal[AWAIT_COUNT] = {
    // clang-format off
    //                          nppp iissss iii occc cccl
    //                          ottr nwmtra tra wtra 123w
    //                                              (confirm turn, reply, again)
    [AWAIT_NOTHING]       = ".P..R................",
    [AWAIT_POLL_TURN]     = "N.P.................L",
    [AWAIT_POLL_REPLY]    = "NP.ARW.......O......L",
    [AWAIT_POLL_AGAIN]    = ".P..................L",
    [AWAIT_INTENT_ROOM]   = "NP...W...AT.IOC.....L",
    [AWAIT_INTENT_WRITE]  = ".......T............L",
    [AWAIT_SEND_ROOM]     = "N....W..............L",
    [AWAIT_SEND_TURN]     = "N.....M.R...........L",
    [AWAIT_SEND_REPLY]    = "....RW...A..IO......L",
    [AWAIT_SEND_AGAIN]    = "N...RWM...T..O......L",
    [AWAIT_INQUIRY_TURN]  = "N..........R........L",
    [AWAIT_INQUIRY_REPLY] = "N...RW...A..IO......L",
    [AWAIT_INQUIRY_AGAIN] = "N...RW....T..O......L",
    [AWAIT_OUTCOME_WRITE] = "..............C.....L",
    [AWAIT_CLOSING_TURN]  = "N..............R....L",
    [AWAIT_CLOSING_REPLY] = "N.............T.AF..L",
    [AWAIT_CLOSING_AGAIN] = "..............T.....L",
    [AWAIT_CONFIRM_TURN]  = "N.................R.L",
    [AWAIT_CONFIRM_REPLY] = "N................T.AL",
    [AWAIT_CONFIRM_AGAIN] = ".................T..L",
    [AWAIT_LAST_WRITE]    = "N....................",
    // clang-format on
};

static void exactly_the_written_moves_are_legal(void **state)
{
    (void)state;
    for (enum await from = 0; from < AWAIT_COUNT; from++) {
        assert_int_equal(strlen(legal[from]), AWAIT_COUNT);
        for (enum await to = 0; to < AWAIT_COUNT; to++)
            if (step_is_legal(from, to) != (legal[from][to] != '.'))
                fail_msg("%s to %s", step_await_name(from), step_await_name(to));
    }
}

static void every_state_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (enum await a = 0; a < AWAIT_COUNT; a++)
        for (enum await b = 0; b < a; b++)
            assert_string_not_equal(step_await_name(a), step_await_name(b));
}

static void every_state_can_be_reached_and_left(void **state)
{
    (void)state;
    bool is_reached[AWAIT_COUNT] = {[AWAIT_NOTHING] = true};
    for (uint32_t round = 0; round < AWAIT_COUNT; round++)
        for (enum await from = 0; from < AWAIT_COUNT; from++)
            for (enum await to = 0; is_reached[from] && to < AWAIT_COUNT; to++)
                is_reached[to] |= step_is_legal(from, to);
    bool ends[AWAIT_COUNT] = {[AWAIT_NOTHING] = true};
    for (uint32_t round = 0; round < AWAIT_COUNT; round++)
        for (enum await from = 0; from < AWAIT_COUNT; from++)
            for (enum await to = 0; to < AWAIT_COUNT; to++)
                ends[from] |= ends[to] && step_is_legal(from, to);
    for (enum await await = 0; await < AWAIT_COUNT; await++)
        assert_true(is_reached[await] && ends[await]);
}

/* Legal moves that bring a fresh slot to a state: found breadth first. */
static void bring_to(struct settlement *settlement, enum await goal)
{
    enum await before[AWAIT_COUNT];
    bool is_known[AWAIT_COUNT] = {false};
    enum await queue[AWAIT_COUNT];
    uint32_t count = 0;
    queue[count++] = settlement->await;
    is_known[settlement->await] = true;
    for (uint32_t i = 0; i < count; i++) {
        for (enum await to = 0; to < AWAIT_COUNT; to++) {
            if (is_known[to] || to == AWAIT_NOTHING || !step_is_legal(queue[i], to))
                continue;
            is_known[to] = true;
            before[to] = queue[i];
            queue[count++] = to;
        }
    }
    enum await path[AWAIT_COUNT];
    uint32_t length = 0;
    for (enum await at = goal; at != settlement->await; at = before[at])
        path[length++] = at;
    while (length > 0)
        step_move(&steps, settlement, path[--length]);
}

static enum await tried_from, tried_to;

static void try_move(void)
{
    struct settlement *settlement = step_begin(&steps, 1, 0, AWAIT_INTENT_ROOM);
    if (tried_from == AWAIT_POLL_TURN)
        settlement = step_begin(&steps, 1, 0, AWAIT_POLL_TURN);
    else if (tried_from == AWAIT_POLL_REPLY || tried_from == AWAIT_POLL_AGAIN)
        bring_to(settlement = step_begin(&steps, 1, 0, AWAIT_POLL_TURN), tried_from);
    else
        bring_to(settlement, tried_from);
    step_move(&steps, settlement, tried_to);
}

static void an_illegal_move_aborts_and_a_legal_one_does_not(void **state)
{
    (void)state;
    // One legal and one illegal move of every state.
    for (tried_from = AWAIT_POLL_TURN; tried_from < AWAIT_COUNT; tried_from++) {
        for (tried_to = 0; step_is_legal(tried_from, tried_to);)
            tried_to++;
        assert_aborts(try_move);
        for (tried_to = 0; !step_is_legal(tried_from, tried_to);)
            tried_to++;
        assert_false(aborts(try_move));
    }
}

static void a_list_is_first_in_first_out(void **state)
{
    (void)state;
    struct settlement *s[4];
    for (uint32_t i = 0; i < 4; i++)
        s[i] = step_begin(&steps, 1, 1, AWAIT_POLL_TURN);
    step_move(&steps, s[1], AWAIT_POLL_REPLY); // out of the middle, and to the end again
    step_move(&steps, s[1], AWAIT_POLL_TURN);
    const uint32_t order[] = {0, 2, 3, 1};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(step_count(&steps, 1, AWAIT_POLL_TURN), 4 - i);
        assert_ptr_equal(step_first(&steps, 1, AWAIT_POLL_TURN), s[order[i]]);
        step_move(&steps, s[order[i]], AWAIT_POLL_REPLY);
    }
    assert_null(step_first(&steps, 1, AWAIT_POLL_TURN));
}

static void banks_do_not_share_lists_but_share_the_free_slots(void **state)
{
    (void)state;
    struct settlement *a = step_begin(&steps, 1, 0, AWAIT_POLL_TURN);
    struct settlement *b = step_begin(&steps, 1, BANKS_MAX - 1, AWAIT_POLL_TURN);
    assert_ptr_equal(step_first(&steps, 0, AWAIT_POLL_TURN), a);
    assert_ptr_equal(step_first(&steps, BANKS_MAX - 1, AWAIT_POLL_TURN), b);
    assert_int_equal(step_count(&steps, 0, AWAIT_POLL_TURN), 1);
    assert_int_equal(step_free_count(&steps), SLOTS - 2);
    step_move(&steps, b, AWAIT_NOTHING);
    assert_int_equal(step_free_count(&steps), SLOTS - 1);
    assert_true(step_is_whole(&steps));
}

static void a_slot_comes_back_zeroed_and_as_late_as_possible(void **state)
{
    (void)state;
    struct settlement *first = step_begin(&steps, 1, 0, AWAIT_POLL_TURN);
    first->written_by = 77;
    first->is_pending = true;
    step_move(&steps, first, AWAIT_NOTHING);
    for (uint32_t i = 1; i < SLOTS; i++)
        assert_ptr_not_equal(step_begin(&steps, 1, 2, AWAIT_POLL_TURN), first);
    struct settlement *again = step_begin(&steps, 7, 2, AWAIT_INTENT_ROOM);
    assert_ptr_equal(again, first);
    assert_int_equal(again->written_by, 0);
    assert_int_equal(again->id, 7);
    assert_false(again->is_pending);
    assert_int_equal(again->bank, 2);
    assert_int_equal(step_free_count(&steps), 0);
}

static void a_settlement_is_found_by_its_id_as_long_as_it_has_a_slot(void **state)
{
    (void)state;
    struct settlement *a = step_begin(&steps, 11, 0, AWAIT_POLL_TURN);
    struct settlement *b = step_begin(&steps, 12, 1, AWAIT_INTENT_ROOM);
    assert_ptr_equal(step_find(&steps, 11), a);
    assert_ptr_equal(step_find(&steps, 12), b);
    assert_null(step_find(&steps, 13));
    step_move(&steps, a, AWAIT_POLL_REPLY);
    assert_ptr_equal(step_find(&steps, 11), a);
    step_move(&steps, a, AWAIT_NOTHING);
    assert_null(step_find(&steps, 11));
    assert_ptr_equal(step_find(&steps, 12), b);
}

static void who_had_a_slot_at_an_instant_is_remembered(void **state)
{
    (void)state;
    struct settlement *a = step_begin(&steps, 11, 0, AWAIT_POLL_TURN);
    assert_false(step_is_remembered(&steps, 11));
    step_remember(&steps);
    step_move(&steps, a, AWAIT_NOTHING);
    (void)step_begin(&steps, 12, 0, AWAIT_POLL_TURN);
    assert_true(step_is_remembered(&steps, 11));
    assert_false(step_is_remembered(&steps, 12));
    step_remember(&steps);
    assert_false(step_is_remembered(&steps, 11));
    assert_true(step_is_remembered(&steps, 12));
}

static void lists_stay_whole_whatever_legal_moves_are_made(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 9);
    uint32_t moves = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        struct settlement *settlement = step_at(&steps, (uint32_t)prng_below(&prng, SLOTS));
        enum await to = (enum await)prng_below(&prng, AWAIT_COUNT);
        if (settlement->await == AWAIT_NOTHING) {
            if (step_is_legal(AWAIT_NOTHING, to))
                (void)step_begin(&steps, 1, (uint8_t)prng_below(&prng, BANKS), to);
        } else if (step_is_legal(settlement->await, to)) {
            uint32_t before = step_count(&steps, settlement->bank, settlement->await);
            enum await from = settlement->await;
            step_move(&steps, settlement, to);
            assert_int_equal(step_count(&steps, settlement->bank, from), before - 1);
            moves++;
        }
        assert_true(step_is_whole(&steps));
    }
    assert_true(moves > 1000);
}

static void a_broken_link_is_noticed(void **state)
{
    (void)state;
    struct settlement *a = step_begin(&steps, 1, 0, AWAIT_POLL_TURN);
    struct settlement *b = step_begin(&steps, 1, 0, AWAIT_POLL_TURN);
    assert_true(step_is_whole(&steps));
    a->await = AWAIT_POLL_REPLY; // changed behind the mover's back
    assert_false(step_is_whole(&steps));
    a->await = AWAIT_POLL_TURN;
    b->prev = STEP_NONE;
    assert_false(step_is_whole(&steps));
    b->prev = step_index(&steps, a);
    b->bank = 1;
    assert_false(step_is_whole(&steps));
    b->bank = 0;
    assert_true(step_is_whole(&steps));
    steps.ids[step_index(&steps, b)] = 2;
    assert_false(step_is_whole(&steps));
    steps.ids[step_index(&steps, b)] = 1;
    uint64_t *free = &steps.ids[step_index(&steps, step_first(&steps, 0, AWAIT_NOTHING))];
    *free = 1;
    assert_false(step_is_whole(&steps));
    *free = 0;
    assert_true(step_is_whole(&steps));
    struct step_list *list = &steps.lists[0][AWAIT_POLL_TURN];
    list->count--;
    assert_false(step_is_whole(&steps));
    list->count++;
    list->tail = step_index(&steps, a);
    assert_false(step_is_whole(&steps));
    list->tail = step_index(&steps, b);
    steps.counts[AWAIT_POLL_TURN]++;
    assert_false(step_is_whole(&steps));
    steps.counts[AWAIT_POLL_TURN]--;
    assert_true(step_is_whole(&steps));
}

static void begin_one_too_many(void)
{
    for (uint32_t i = 0; i <= SLOTS; i++)
        (void)step_begin(&steps, 1, 0, AWAIT_POLL_TURN);
}

static void begin_in_the_middle(void)
{
    (void)step_begin(&steps, 1, 0, AWAIT_SEND_TURN);
}

static void begin_for_nobody(void)
{
    (void)step_begin(&steps, 0, 0, AWAIT_POLL_TURN);
}

static void find_nobody(void)
{
    (void)step_find(&steps, 0);
}

static void slots_that_are_not_there_abort(void **state)
{
    (void)state;
    assert_aborts(begin_one_too_many);
    assert_aborts(begin_in_the_middle);
    assert_aborts(begin_for_nobody);
    assert_aborts(find_nobody);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(exactly_the_written_moves_are_legal),
        TEST(every_state_has_a_name_of_its_own),
        TEST(every_state_can_be_reached_and_left),
        TEST(an_illegal_move_aborts_and_a_legal_one_does_not),
        TEST(a_list_is_first_in_first_out),
        TEST(banks_do_not_share_lists_but_share_the_free_slots),
        TEST(a_slot_comes_back_zeroed_and_as_late_as_possible),
        TEST(a_settlement_is_found_by_its_id_as_long_as_it_has_a_slot),
        TEST(who_had_a_slot_at_an_instant_is_remembered),
        TEST(lists_stay_whole_whatever_legal_moves_are_made),
        TEST(a_broken_link_is_noticed),
        TEST(slots_that_are_not_there_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
