#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/time.h"
#include "mock/rate.h"

#define TAKES_MAX 4096

static void no_limit_lets_everything_pass(void **state)
{
    (void)state;
    struct rate rate;
    uint64_t wait_ns = 1;
    rate_init(&rate, 0, 0);
    for (int i = 0; i < 1000; i++)
        assert_true(rate_take(&rate, 0, &wait_ns));
    assert_int_equal(wait_ns, 0);
}

static void burst_passes_at_once_and_no_call_more(void **state)
{
    (void)state;
    struct rate rate;
    uint64_t wait_ns;
    rate_init(&rate, 10, 5);
    for (int i = 0; i < 5; i++)
        assert_true(rate_take(&rate, 0, &wait_ns));
    assert_false(rate_take(&rate, 0, &wait_ns));
    assert_int_equal(wait_ns, NS_PER_S / 10);
    assert_false(rate_take(&rate, wait_ns - 1, &wait_ns));
    assert_int_equal(wait_ns, 1);
    assert_true(rate_take(&rate, NS_PER_S / 10, &wait_ns));
}

static void long_silence_earns_the_burst_and_no_more(void **state)
{
    (void)state;
    struct rate rate;
    uint64_t wait_ns;
    rate_init(&rate, 1000000, 3);
    for (int i = 0; i < 3; i++)
        assert_true(rate_take(&rate, UINT64_MAX / 2, &wait_ns));
    assert_false(rate_take(&rate, UINT64_MAX / 2, &wait_ns));
}

/* passed <= burst + floor(w * rate / 1e9) between any two calls that passed. */
static void check_windows(const uint64_t *at_ns, uint32_t count, uint32_t per_s, uint32_t burst)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = i; j < count; j++)
            assert_true(j - i + 1 <= burst + (at_ns[j] - at_ns[i]) * per_s / NS_PER_S);
}

static void any_window_holds_at_most_burst_and_rate(void **state)
{
    (void)state;
    static uint64_t passed_ns[TAKES_MAX];
    struct prng prng = prng_split(7, "rate test");
    for (int bucket = 0; bucket < 60; bucket++) {
        struct rate rate;
        uint32_t per_s = (uint32_t)prng_between(&prng, 1, bucket < 30 ? 50 : RATE_PER_S_MAX);
        uint32_t burst = (uint32_t)prng_between(&prng, 1, 20);
        uint64_t now_ns = prng_below(&prng, NS_PER_S), wait_ns;
        uint32_t passed = 0, refused = 0;
        rate_init(&rate, per_s, burst);
        for (int i = 0; i < 500; i++) {
            if (rate_take(&rate, now_ns, &wait_ns))
                passed_ns[passed++] = now_ns;
            else
                refused++;
            if (prng_chance(&prng, 1, 2))
                now_ns += prng_below(&prng, 2 * NS_PER_S / per_s);
        }
        check_windows(passed_ns, passed, per_s, burst);
        assert_true(passed > 0 && refused > 0);
    }
}

static void whole_allowance_can_be_used(void **state)
{
    (void)state;
    struct rate rate;
    uint64_t wait_ns;
    uint32_t passed = 0;
    rate_init(&rate, 3, 1); // a third of a second is no whole number of ns
    for (uint64_t now_ns = 0; now_ns <= 1000 * NS_PER_S; now_ns += NS_PER_MS)
        passed += rate_take(&rate, now_ns, &wait_ns);
    assert_in_range(passed, 2990, 3001);
}

static void wait_told_is_the_wait_needed(void **state)
{
    (void)state;
    struct rate rate;
    uint64_t now_ns = 0, wait_ns;
    rate_init(&rate, 7, 1);
    assert_true(rate_take(&rate, now_ns, &wait_ns));
    for (int i = 0; i < 100; i++) {
        assert_false(rate_take(&rate, now_ns, &wait_ns));
        assert_true(wait_ns > 0);
        uint64_t short_of_ns;
        assert_false(rate_take(&rate, now_ns + wait_ns - 1, &short_of_ns));
        now_ns += wait_ns;
        assert_true(rate_take(&rate, now_ns, &wait_ns));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_limit_lets_everything_pass),
        cmocka_unit_test(burst_passes_at_once_and_no_call_more),
        cmocka_unit_test(long_silence_earns_the_burst_and_no_more),
        cmocka_unit_test(any_window_holds_at_most_burst_and_rate),
        cmocka_unit_test(whole_allowance_can_be_used),
        cmocka_unit_test(wait_told_is_the_wait_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
