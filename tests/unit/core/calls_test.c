#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"
#include "memory.h"

#include "base/prng.h"
#include "core/calls.h"

#define CALLS 8

static struct memory memory;
static struct calls calls;

static void take(struct arena *arena)
{
    calls_init(&calls, arena, CALLS);
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

static struct slot call(uint32_t settlement)
{
    return calls_begin(&calls, settlement, 3, CALL_TRANSFER, settlement * 100);
}

static void a_call_ends_once_with_what_it_began_with(void **state)
{
    (void)state;
    struct slot slot = call(42);
    struct call ended;
    assert_int_equal(calls.in_flight, 1);
    assert_true(calls_end(&calls, slot, &ended));
    assert_int_equal(ended.settlement, 42);
    assert_int_equal(ended.bank, 3);
    assert_int_equal(ended.call_kind, CALL_TRANSFER);
    assert_int_equal(ended.handed_at_ns, 4200);
    assert_int_equal(calls.in_flight, 0);
    assert_false(calls_end(&calls, slot, &ended));
    assert_int_equal(calls.in_flight, 0);
}

static void a_reply_for_an_earlier_tenant_finds_nothing(void **state)
{
    (void)state;
    struct slot old = call(1);
    struct call ended;
    assert_true(calls_end(&calls, old, &ended));
    struct slot young = call(2);
    assert_int_equal(young.index, old.index);
    assert_int_not_equal(young.generation, old.generation);
    assert_false(calls_end(&calls, old, &ended));
    assert_true(calls_end(&calls, young, &ended));
    assert_int_equal(ended.settlement, 2);
}

static void names_that_were_never_given_find_nothing(void **state)
{
    (void)state;
    struct slot slot = call(1);
    struct call ended;
    const struct slot wrong[] = {
        {.index = slot.index, .generation = slot.generation + 1},
        {.index = slot.index, .generation = slot.generation + 2},
        {.index = slot.index, .generation = 0},
        {.index = slot.index + 1, .generation = slot.generation},
        {.index = CALLS, .generation = 1},
        {.index = UINT32_MAX, .generation = UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(calls_end(&calls, wrong[i], &ended));
    assert_true(calls_end(&calls, slot, &ended));
    // Nor does the name that the free slot has now.
    slot.generation = calls.calls[slot.index].generation;
    assert_false(calls_end(&calls, slot, &ended));
}

static void there_is_room_for_as_many_as_were_asked_for(void **state)
{
    (void)state;
    struct slot slots[CALLS];
    for (uint32_t i = 0; i < CALLS; i++) {
        assert_true(calls_has_room(&calls));
        slots[i] = call(i);
        for (uint32_t k = 0; k < i; k++)
            assert_int_not_equal(slots[k].index, slots[i].index);
    }
    assert_false(calls_has_room(&calls));
    struct call ended;
    assert_true(calls_end(&calls, slots[5], &ended));
    assert_true(calls_has_room(&calls));
}

static void a_cancelled_call_is_named_once(void **state)
{
    (void)state;
    struct slot slot = call(1);
    struct slot cancelled;
    calls_cancel(&calls, slot);
    calls_cancel(&calls, slot);
    assert_true(calls_next_cancel(&calls, &cancelled));
    assert_int_equal(slot_pack(cancelled), slot_pack(slot));
    assert_false(calls_next_cancel(&calls, &cancelled));
}

static void a_call_that_ended_first_is_not_cancelled(void **state)
{
    (void)state;
    struct slot slot = call(1);
    struct slot other = call(2);
    struct slot cancelled;
    struct call ended;
    calls_cancel(&calls, slot);
    calls_cancel(&calls, other);
    assert_true(calls_end(&calls, slot, &ended));
    assert_true(ended.is_cancelled);
    assert_true(calls_next_cancel(&calls, &cancelled));
    assert_int_equal(slot_pack(cancelled), slot_pack(other));
    assert_false(calls_next_cancel(&calls, &cancelled));
}

static void who_has_the_slot_next_is_not_cancelled_instead(void **state)
{
    (void)state;
    struct slot slot = calls_begin(&calls, 1, 0, CALL_BALANCE, 1);
    struct slot cancelled;
    struct call ended;
    calls_cancel(&calls, slot);
    assert_true(calls_end(&calls, slot, &ended));
    assert_int_equal(calls_begin(&calls, 2, 0, CALL_BALANCE, 2).index, slot.index);
    assert_false(calls_next_cancel(&calls, &cancelled));
}

static void all_calls_may_be_cancelled_again_and_again(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 20; round++) {
        struct slot slots[CALLS];
        struct slot cancelled;
        struct call ended;
        for (uint32_t i = 0; i < CALLS; i++)
            slots[i] = call(i);
        for (uint32_t i = 0; i < CALLS; i++)
            calls_cancel(&calls, slots[i]);
        for (uint32_t i = 0; i < CALLS; i++) {
            assert_true(calls_next_cancel(&calls, &cancelled));
            assert_int_equal(slot_pack(cancelled), slot_pack(slots[i]));
        }
        assert_false(calls_next_cancel(&calls, &cancelled));
        for (uint32_t i = 0; i < CALLS; i++)
            assert_true(calls_end(&calls, slots[(i + round) % CALLS], &ended));
    }
}

static void one_too_many(void)
{
    for (uint32_t i = 0; i <= CALLS; i++)
        (void)call(i);
}

static void cancel_what_ended(void)
{
    struct slot slot = call(1);
    struct call ended;
    if (calls_end(&calls, slot, &ended))
        calls_cancel(&calls, slot);
}

static void one_call_too_many_and_a_cancel_of_no_call_abort(void **state)
{
    (void)state;
    assert_aborts(one_too_many);
    assert_aborts(cancel_what_ended);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_ends_once_with_what_it_began_with),
        TEST(a_reply_for_an_earlier_tenant_finds_nothing),
        TEST(names_that_were_never_given_find_nothing),
        TEST(there_is_room_for_as_many_as_were_asked_for),
        TEST(a_cancelled_call_is_named_once),
        TEST(a_call_that_ended_first_is_not_cancelled),
        TEST(who_has_the_slot_next_is_not_cancelled_instead),
        TEST(all_calls_may_be_cancelled_again_and_again),
        TEST(one_call_too_many_and_a_cancel_of_no_call_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
