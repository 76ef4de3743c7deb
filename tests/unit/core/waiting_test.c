#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"
#include "memory.h"

#include "core/waiting.h"

static struct memory memory;
static struct waiting waiting;

static void take(struct arena *arena)
{
    waiting_init(&waiting, arena, 4);
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

static void push(uint32_t position)
{
    waiting_push(&waiting, (struct waiting_account){.position = position,
                                                    .polled_at_ms = position * 10,
                                                    .seen_minor = -(int64_t)position});
}

static void who_came_first_leaves_first_around_the_ring(void **state)
{
    (void)state;
    uint32_t next_in = 1;
    uint32_t next_out = 1;
    for (uint32_t round = 0; round < 50; round++) {
        while (waiting.count < round % 4 + 1)
            push(next_in++);
        while (waiting.count > round % 3) {
            const struct waiting_account *first = waiting_first(&waiting);
            assert_int_equal(first->position, next_out);
            assert_int_equal(first->polled_at_ms, next_out * 10);
            assert_int_equal(first->seen_minor, -(int64_t)next_out);
            waiting_pop(&waiting);
            next_out++;
        }
    }
    assert_true(next_out > 20);
}

/* Wherever the ring begins and whoever is taken out, the others stay in their order. */
static void whoever_is_taken_out_the_others_stay_in_their_order(void **state)
{
    (void)state;
    for (uint32_t begins = 0; begins < 4; begins++) {
        for (uint32_t out = 1; out <= 4; out++) {
            for (uint32_t i = 0; i < begins; i++) {
                push(9);
                waiting_pop(&waiting);
            }
            for (uint32_t position = 1; position <= 4; position++)
                push(position);
            struct waiting_account removed = {0};
            assert_true(waiting_remove(&waiting, out, &removed));
            assert_int_equal(removed.position, out);
            assert_int_equal(removed.polled_at_ms, out * 10);
            assert_int_equal(removed.seen_minor, -(int64_t)out);
            assert_int_equal(waiting.count, 3);
            push(5); // there is room for one more, at the end
            for (uint32_t position = 1; position <= 5; position++) {
                if (position == out)
                    continue;
                assert_int_equal(waiting_first(&waiting)->position, position);
                waiting_pop(&waiting);
            }
            assert_int_equal(waiting.count, 0);
        }
    }
}

static void who_is_not_there_is_not_taken_out(void **state)
{
    (void)state;
    struct waiting_account removed = {.position = 77};
    assert_false(waiting_remove(&waiting, 1, &removed));
    push(1);
    push(2);
    waiting_pop(&waiting);
    assert_false(waiting_remove(&waiting, 1, &removed)); // its place in the ring still names it
    assert_int_equal(removed.position, 77);
    assert_int_equal(waiting.count, 1);
    assert_int_equal(waiting_first(&waiting)->position, 2);
}

static void push_five_into_four(void)
{
    for (uint32_t i = 0; i < 5; i++)
        push(i);
}

static void pop_nothing(void)
{
    waiting_pop(&waiting);
}

static void see_nothing(void)
{
    (void)waiting_first(&waiting);
}

static void too_many_and_too_few_abort(void **state)
{
    (void)state;
    assert_aborts(push_five_into_four);
    assert_aborts(pop_nothing);
    assert_aborts(see_nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_came_first_leaves_first_around_the_ring, begin, end),
        cmocka_unit_test_setup_teardown(whoever_is_taken_out_the_others_stay_in_their_order, begin,
                                        end),
        cmocka_unit_test_setup_teardown(who_is_not_there_is_not_taken_out, begin, end),
        cmocka_unit_test_setup_teardown(too_many_and_too_few_abort, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
