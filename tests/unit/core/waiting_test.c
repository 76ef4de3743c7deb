#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"
#include "memory.h"

#include "base/prng.h"
#include "core/waiting.h"

#define CAPACITY 6U
#define MINUTE_MS 60000

static struct memory memory;
static struct waiting waiting;

static void take(struct arena *arena)
{
    waiting_init(&waiting, arena, CAPACITY);
}

static int begin(void **state)
{
    (void)state;
    memory_open(&memory, take);
    waiting_begin(&waiting);
    return 0;
}

static int end(void **state)
{
    (void)state;
    memory_close(&memory);
    return 0;
}

static void push(uint32_t bank, enum waiting_line line, uint32_t position)
{
    waiting_push(&waiting, bank, line,
                 &(struct waiting_account){.position = position,
                                           .polled_at_ms = position * 10,
                                           .seen_minor = -(int64_t)position});
}

/* The line's first one leaves; 0: nobody is there. */
static uint32_t pop(uint32_t bank, enum waiting_line line)
{
    struct waiting_account first;
    if (!waiting_first(&waiting, bank, line, &first))
        return 0;
    assert_int_equal(first.polled_at_ms, first.position * 10);
    assert_int_equal(first.seen_minor, -(int64_t)first.position);
    waiting_pop(&waiting, bank, line);
    return first.position;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void the_line_follows_from_when_the_money_is_expected(void **state)
{
    (void)state;
    static const struct {
        int64_t ahead_ms;
        enum waiting_line line;
    } rows[] = {
        {INT64_MIN / 2, LINE_SWEEP},       {-120 * MINUTE_MS, LINE_SWEEP},
        {-120 * MINUTE_MS + 1, LINE_LATE}, {-15 * MINUTE_MS, LINE_LATE},
        {-15 * MINUTE_MS + 1, LINE_NEAR},  {0, LINE_NEAR},
        {6 * MINUTE_MS - 1, LINE_NEAR}, // its slice began less than five minutes ahead
        {6 * MINUTE_MS, LINE_SLICE + 3},   {8 * MINUTE_MS, LINE_SLICE + 4},
        {240 * MINUTE_MS, LINE_SLICE},     {246 * MINUTE_MS - 1, LINE_SLICE + 2},
        {246 * MINUTE_MS, LINE_SWEEP},     {INT64_MAX / 2, LINE_SWEEP},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(waiting_line(&waiting, 0, rows[i].ahead_ms), rows[i].line);
    assert_int_equal(waiting_line_new(LINE_NEAR), LINE_NEW_NEAR);
    assert_int_equal(waiting_line_new(LINE_LATE), LINE_NEW);
    assert_int_equal(waiting_line_new(LINE_SLICE + 9), LINE_NEW);
}

static void the_nearer_one_is_more_urgent_and_the_one_that_waited_longer(void **state)
{
    (void)state;
    assert_int_equal(waiting_urgency(&waiting, LINE_SWEEP, 100), 100);
    static const struct {
        int64_t ahead_ms;
        uint64_t urgency;
    } rows[] = {{7 * MINUTE_MS, 400},  {29 * MINUTE_MS, 400}, {30 * MINUTE_MS, 200},
                {59 * MINUTE_MS, 200}, {60 * MINUTE_MS, 100}, {239 * MINUTE_MS, 100}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            waiting_urgency(&waiting, waiting_line(&waiting, 0, rows[i].ahead_ms), 100),
            rows[i].urgency);
    // Wherever the slices begin by then.
    waiting_advance(&waiting, 1000 * MINUTE_MS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(waiting_urgency(&waiting,
                                         waiting_line(&waiting, 1000 * MINUTE_MS, rows[i].ahead_ms),
                                         100),
                         rows[i].urgency);
    assert_int_equal(waiting_urgency(&waiting, LINE_LATE, 100), 400);
    assert_int_equal(waiting_urgency(&waiting, LINE_NEW, 100), 400);
    assert_int_equal(waiting_urgency(&waiting, LINE_NEAR, 100), 1600);
    assert_int_equal(waiting_urgency(&waiting, LINE_NEW_NEAR, UINT32_MAX),
                     UINT64_C(16) * UINT32_MAX);
}

static void a_slice_that_comes_near_goes_to_the_near_ones_as_it_stands(void **state)
{
    (void)state;
    enum waiting_line soon = waiting_line(&waiting, 0, 10 * MINUTE_MS);
    enum waiting_line later = waiting_line(&waiting, 0, 12 * MINUTE_MS);
    push(0, LINE_NEAR, 1);
    push(0, soon, 4);
    push(0, soon, 3);
    push(0, later, 2);
    push(15, soon, 5);
    waiting_advance(&waiting, 5 * MINUTE_MS - 1);
    assert_int_equal(pop(15, LINE_NEAR), 0);
    waiting_advance(&waiting, 5 * MINUTE_MS);
    assert_int_equal(waiting.count, 5);
    assert_int_equal(pop(15, LINE_NEAR), 5);
    assert_int_equal(pop(0, LINE_NEAR), 1);
    assert_int_equal(pop(0, LINE_NEAR), 4);
    assert_int_equal(pop(0, LINE_NEAR), 3);
    assert_int_equal(pop(0, LINE_NEAR), 0);
    assert_int_equal(pop(0, soon), 0);
    push(0, soon, 3); // the place is another slice's now
    assert_int_equal(waiting_line(&waiting, 5 * MINUTE_MS, 5 * MINUTE_MS), LINE_NEAR);
    assert_int_equal(waiting_line(&waiting, 5 * MINUTE_MS, 245 * MINUTE_MS), soon);
    waiting_advance(&waiting, 7 * MINUTE_MS);
    assert_int_equal(pop(0, LINE_NEAR), 2);
    // After days in which nobody came, all slices have passed.
    waiting_advance(&waiting, 5000 * MINUTE_MS);
    assert_int_equal(pop(0, LINE_NEAR), 3);
    assert_int_equal(waiting.count, 0);
}

/* ---- who stands there ------------------------------------------------------------------------ */

static void who_came_first_leaves_first_and_each_line_for_itself(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 3; round++) {
        push(0, LINE_SWEEP, 3);
        push(1, LINE_SWEEP, 2);
        push(0, LINE_SWEEP, 1);
        push(0, LINE_LATE, 6);
        assert_int_equal(waiting.counts[0], 3);
        assert_int_equal(waiting.counts[1], 1);
        assert_int_equal(pop(0, LINE_SWEEP), 3);
        push(0, LINE_SWEEP, 3);
        assert_int_equal(pop(0, LINE_SWEEP), 1);
        assert_int_equal(pop(0, LINE_SWEEP), 3);
        assert_int_equal(pop(0, LINE_SWEEP), 0);
        assert_int_equal(pop(0, LINE_LATE), 6);
        assert_int_equal(pop(1, LINE_SWEEP), 2);
        assert_int_equal(waiting.count, 0);
    }
}

/* Whoever is taken out of a line, the others stay in their order. */
static void whoever_is_taken_out_the_others_stay_in_their_order(void **state)
{
    (void)state;
    for (uint32_t out = 1; out <= 4; out++) {
        push(2, LINE_NEAR, 6);
        for (uint32_t position = 1; position <= 4; position++)
            push(3, LINE_SLICE + 9, position);
        struct waiting_account removed = {0};
        assert_true(waiting_remove(&waiting, out, &removed));
        assert_int_equal(removed.position, out);
        assert_int_equal(removed.polled_at_ms, out * 10);
        assert_int_equal(removed.seen_minor, -(int64_t)out);
        assert_false(waiting_remove(&waiting, out, &removed));
        push(3, LINE_SLICE + 9, 5);
        for (uint32_t position = 1; position <= 5; position++)
            if (position != out)
                assert_int_equal(pop(3, LINE_SLICE + 9), position);
        assert_int_equal(pop(2, LINE_NEAR), 6);
        assert_int_equal(waiting.count, 0);
    }
}

static void who_is_not_there_is_not_taken_out(void **state)
{
    (void)state;
    struct waiting_account removed = {.position = 77};
    assert_false(waiting_remove(&waiting, 1, &removed));
    push(0, LINE_NEAR, 1);
    assert_int_equal(pop(0, LINE_NEAR), 1);
    assert_false(waiting_remove(&waiting, 1, &removed));
    assert_int_equal(removed.position, 77);
}

static void it_is_counted_who_was_not_looked_at_since_the_mark(void **state)
{
    (void)state;
    push(0, LINE_SWEEP, 1);
    assert_int_equal(waiting.unlooked, 0);
    push(0, LINE_SWEEP, 2);
    waiting_mark(&waiting, 30);
    assert_int_equal(waiting.unlooked, 2);
    push(0, LINE_SWEEP, 3); // at 30
    assert_true(waiting_is_looked(&waiting, 30));
    assert_false(waiting_is_looked(&waiting, 29));
    assert_int_equal(waiting.unlooked, 2);
    waiting_push(
        &waiting, 1, LINE_NEW,
        &(struct waiting_account){.position = 4, .polled_at_ms = WAITING_NEVER, .seen_minor = -1});
    assert_false(waiting_is_looked(&waiting, WAITING_NEVER));
    assert_int_equal(waiting.unlooked, 3);
    assert_int_equal(pop(0, LINE_SWEEP), 1);
    assert_int_equal(waiting.unlooked, 2);
    struct waiting_account removed;
    assert_true(waiting_remove(&waiting, 3, &removed));
    assert_int_equal(waiting.unlooked, 2);
    assert_true(waiting_remove(&waiting, 4, &removed));
    waiting_pop(&waiting, 0, LINE_SWEEP);
    assert_int_equal(waiting.unlooked, 0);
}

/* ---- nobody starves ---------------------------------------------------------------------------
 */

static uint64_t urgency_of(enum waiting_line line, uint32_t now_ms)
{
    struct waiting_account first;
    return waiting_first(&waiting, 0, line, &first)
               ? 1 + waiting_urgency(&waiting, line, now_ms - first.polled_at_ms)
               : 0;
}

/* One token a ms: the most urgent one is looked at, and stands in a line drawn anew. Of N that wait
   so, none waits for longer than the header says. */
static void nobody_waits_for_longer_than_the_bound(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct prng prng = prng_split(seed, "starving");
        waiting_begin(&waiting);
        for (uint32_t i = 1; i <= CAPACITY; i++)
            waiting_push(&waiting, 0, LINE_SWEEP, &(struct waiting_account){.position = i});
        for (uint32_t now_ms = 1; now_ms < 4000; now_ms++) {
            enum waiting_line next = LINE_NEW_NEAR;
            for (enum waiting_line line = LINE_NEW_NEAR; line <= LINE_SWEEP; line++)
                if (urgency_of(line, now_ms) > urgency_of(next, now_ms))
                    next = line;
            struct waiting_account first;
            assert_true(waiting_first(&waiting, 0, next, &first));
            assert_true(now_ms - first.polled_at_ms <= 40 * CAPACITY);
            waiting_pop(&waiting, 0, next);
            first.polled_at_ms = now_ms;
            // The first one is swept, the others are near at most times.
            bool is_swept = first.position == 1 || prng_chance(&prng, 1, 20);
            waiting_push(&waiting, 0, is_swept ? LINE_SWEEP : LINE_NEAR, &first);
        }
    }
}

/* ---- what must not be -------------------------------------------------------------------------
 */

static void push_twice(void)
{
    push(0, LINE_NEAR, 1);
    push(1, LINE_LATE, 1);
}

static void push_none(void)
{
    push(0, LINE_NEAR, 0);
}

static void push_one_too_far(void)
{
    push(0, LINE_NEAR, CAPACITY + 1);
}

static void pop_nothing(void)
{
    waiting_pop(&waiting, 0, LINE_NEAR);
}

static void one_that_waits_twice_or_nowhere_aborts(void **state)
{
    (void)state;
    assert_aborts(push_twice);
    assert_aborts(push_none);
    assert_aborts(push_one_too_far);
    assert_aborts(pop_nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_line_follows_from_when_the_money_is_expected, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            the_nearer_one_is_more_urgent_and_the_one_that_waited_longer, begin, end),
        cmocka_unit_test_setup_teardown(a_slice_that_comes_near_goes_to_the_near_ones_as_it_stands,
                                        begin, end),
        cmocka_unit_test_setup_teardown(who_came_first_leaves_first_and_each_line_for_itself, begin,
                                        end),
        cmocka_unit_test_setup_teardown(whoever_is_taken_out_the_others_stay_in_their_order, begin,
                                        end),
        cmocka_unit_test_setup_teardown(who_is_not_there_is_not_taken_out, begin, end),
        cmocka_unit_test_setup_teardown(it_is_counted_who_was_not_looked_at_since_the_mark, begin,
                                        end),
        cmocka_unit_test_setup_teardown(nobody_waits_for_longer_than_the_bound, begin, end),
        cmocka_unit_test_setup_teardown(one_that_waits_twice_or_nowhere_aborts, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
