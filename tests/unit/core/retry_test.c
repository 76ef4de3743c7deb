#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"
#include "core/retry.h"

static void waits_double_up_to_the_cap_and_jitter_takes_at_most_half(void **state)
{
    (void)state;
    static const struct {
        uint32_t tries;
        uint64_t most_ns;
    } rows[] = {{1, 100}, {2, 200}, {3, 400}, {4, 800}, {5, 1000}, {6, 1000}, {UINT32_MAX, 1000}};
    const struct retry retry = {.base_ns = 100, .cap_ns = 1000};
    struct prng prng;
    prng_init(&prng, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t least_ns = UINT64_MAX;
        uint64_t most_ns = 0;
        for (uint32_t k = 0; k < 20000; k++) {
            uint64_t wait_ns = retry_wait_ns(&retry, rows[i].tries, &prng);
            least_ns = wait_ns < least_ns ? wait_ns : least_ns;
            most_ns = wait_ns > most_ns ? wait_ns : most_ns;
        }
        // Both ends are drawn, nothing beyond them.
        assert_int_equal(most_ns, rows[i].most_ns);
        assert_int_equal(least_ns, rows[i].most_ns - rows[i].most_ns / 2);
    }
}

static void a_huge_cap_does_not_overflow(void **state)
{
    (void)state;
    const struct retry retry = {.base_ns = 1, .cap_ns = UINT64_MAX / 2};
    struct prng prng;
    prng_init(&prng, 1);
    uint64_t wait_ns = retry_wait_ns(&retry, 1000, &prng);
    assert_true(wait_ns >= UINT64_MAX / 4 && wait_ns <= UINT64_MAX / 2);
}

static void the_least_base_still_waits(void **state)
{
    (void)state;
    const struct retry retry = {.base_ns = 1, .cap_ns = 1};
    struct prng prng;
    prng_init(&prng, 1);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(retry_wait_ns(&retry, 1, &prng), 1);
}

static void wait_after_no_try(void)
{
    const struct retry retry = {.base_ns = 1, .cap_ns = 1};
    struct prng prng;
    prng_init(&prng, 1);
    (void)retry_wait_ns(&retry, 0, &prng);
}

static void wait_without_a_base(void)
{
    const struct retry retry = {.base_ns = 0, .cap_ns = 1};
    struct prng prng;
    prng_init(&prng, 1);
    (void)retry_wait_ns(&retry, 1, &prng);
}

static void asking_without_a_try_or_a_base_aborts(void **state)
{
    (void)state;
    assert_aborts(wait_after_no_try);
    assert_aborts(wait_without_a_base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_the_cap_and_jitter_takes_at_most_half),
        cmocka_unit_test(a_huge_cap_does_not_overflow),
        cmocka_unit_test(the_least_base_still_waits),
        cmocka_unit_test(asking_without_a_try_or_a_base_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
