#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aborts.h"
#include "base/arena.h"

static _Alignas(64) uint8_t memory[1024];
static struct arena arena;

static int fresh(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    arena_init(&arena, memory, sizeof(memory));
    return 0;
}

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    uint8_t *a = ARENA_TAKE(&arena, 1, uint8_t);
    uint8_t *b = ARENA_TAKE(&arena, 65, uint8_t);
    uint64_t *c = ARENA_TAKE(&arena, 8, uint64_t);
    assert_ptr_equal(a, memory);
    assert_ptr_equal(b, memory + 64);
    assert_ptr_equal(c, memory + 192);
    assert_int_equal(arena.used_bytes, 256);
}

static void a_dry_run_counts_what_a_real_one_takes(void **state)
{
    (void)state;
    struct arena dry;
    arena_init(&dry, NULL, 0);
    assert_null(arena_take(&dry, 3, 100));
    assert_null(arena_take(&dry, 0, 100));
    assert_null(arena_take(&dry, 1, 1));
    assert_non_null(arena_take(&arena, 3, 100));
    assert_non_null(arena_take(&arena, 0, 100));
    assert_non_null(arena_take(&arena, 1, 1));
    assert_int_equal(dry.used_bytes, arena.used_bytes);
}

static void the_last_byte_can_be_taken(void **state)
{
    (void)state;
    assert_non_null(arena_take(&arena, 1, sizeof(memory)));
    assert_int_equal(arena.used_bytes, sizeof(memory));
}

static void take_one_byte_too_many(void)
{
    (void)arena_take(&arena, 1, sizeof(memory) + 1);
}

static void take_more_than_can_be_counted(void)
{
    (void)arena_take(&arena, SIZE_MAX / 2, 3);
}

static void take_from_a_sealed_arena(void)
{
    arena_seal(&arena);
    (void)arena_take(&arena, 1, 1);
}

static void begin_on_unaligned_memory(void)
{
    arena_init(&arena, memory + 8, 64);
}

static void what_the_arena_does_not_have_aborts(void **state)
{
    (void)state;
    assert_aborts(take_one_byte_too_many);
    assert_aborts(take_more_than_can_be_counted);
    assert_aborts(take_from_a_sealed_arena);
    assert_aborts(begin_on_unaligned_memory);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pieces_are_aligned_and_apart),
        TEST(a_dry_run_counts_what_a_real_one_takes),
        TEST(the_last_byte_can_be_taken),
        TEST(what_the_arena_does_not_have_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
