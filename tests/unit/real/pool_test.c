#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "real/pool.h"

#define FIRST 100U
#define COUNT 5U

static struct pool_link links[COUNT];

static struct pool new_pool(void)
{
    struct pool pool;
    pool_init(&pool, links, FIRST, COUNT);
    return pool;
}

static uint32_t take(struct pool *pool, enum pool_stack stack)
{
    uint32_t index = pool_top(pool, stack);
    if (index != POOL_NONE) {
        pool_remove(pool, stack, index);
    }
    return index;
}

static void all_connections_begin_closed_and_none_idle(void **state)
{
    (void)state;
    struct pool pool = new_pool();
    assert_int_equal(pool_size(&pool, POOL_IDLE), 0);
    assert_int_equal(pool_top(&pool, POOL_IDLE), POOL_NONE);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(take(&pool, POOL_CLOSED), FIRST + i);
    }
    assert_int_equal(take(&pool, POOL_CLOSED), POOL_NONE);
}

static void the_connection_used_last_is_taken_first(void **state)
{
    (void)state;
    struct pool pool = new_pool();
    uint32_t a = take(&pool, POOL_CLOSED);
    uint32_t b = take(&pool, POOL_CLOSED);
    pool_push(&pool, POOL_IDLE, a);
    pool_push(&pool, POOL_IDLE, b);
    assert_int_equal(take(&pool, POOL_IDLE), b);
    assert_int_equal(take(&pool, POOL_IDLE), a);
}

static void one_that_the_bank_closed_leaves_from_anywhere(void **state)
{
    (void)state;
    for (uint32_t gone = 0; gone < COUNT; gone++) {
        struct pool pool = new_pool();
        for (uint32_t i = 0; i < COUNT; i++) {
            pool_push(&pool, POOL_IDLE, take(&pool, POOL_CLOSED));
        }
        pool_remove(&pool, POOL_IDLE, FIRST + gone);
        assert_int_equal(pool_size(&pool, POOL_IDLE), COUNT - 1);
        for (uint32_t i = COUNT; i > 0; i--) {
            if (i - 1 != gone) {
                assert_int_equal(take(&pool, POOL_IDLE), FIRST + i - 1);
            }
        }
        assert_int_equal(take(&pool, POOL_IDLE), POOL_NONE);
    }
}

static void drawn_moves_never_lose_or_double_a_connection(void **state)
{
    (void)state;
    struct pool pool = new_pool();
    enum { IN_IDLE, IN_CLOSED, OUT } where[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        where[i] = IN_CLOSED;
    }
    struct prng prng;
    prng_init(&prng, 1);
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t i = (uint32_t)prng_below(&prng, COUNT);
        if (where[i] == OUT) {
            bool idle = prng_chance(&prng, 1, 2);
            pool_push(&pool, idle ? POOL_IDLE : POOL_CLOSED, FIRST + i);
            where[i] = idle ? IN_IDLE : IN_CLOSED;
        } else {
            pool_remove(&pool, where[i] == IN_IDLE ? POOL_IDLE : POOL_CLOSED, FIRST + i);
            where[i] = OUT;
        }
        uint32_t idle_count = 0, closed_count = 0;
        for (uint32_t k = 0; k < COUNT; k++) {
            idle_count += where[k] == IN_IDLE;
            closed_count += where[k] == IN_CLOSED;
        }
        assert_int_equal(pool_size(&pool, POOL_IDLE), idle_count);
        assert_int_equal(pool_size(&pool, POOL_CLOSED), closed_count);
        uint32_t top = pool_top(&pool, POOL_IDLE);
        assert_int_equal(top == POOL_NONE, idle_count == 0);
        if (top != POOL_NONE) {
            assert_int_equal(where[top - FIRST], IN_IDLE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_connections_begin_closed_and_none_idle),
        cmocka_unit_test(the_connection_used_last_is_taken_first),
        cmocka_unit_test(one_that_the_bank_closed_leaves_from_anywhere),
        cmocka_unit_test(drawn_moves_never_lose_or_double_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
