#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aborts.h"
#include "base/prng.h"
#include "base/time.h"
#include "core/throttle.h"

#define TAKES_MAX 400

struct row {
    uint64_t at_ns;
    uint32_t want;
    uint32_t granted;
};

static void run_rows(uint32_t rate_per_s, uint32_t burst, const struct row *rows, size_t count)
{
    struct throttle throttle;
    throttle_init(&throttle, rate_per_s, burst, 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(throttle_take(&throttle, rows[i].want, rows[i].at_ns), rows[i].granted);
}

static void a_bucket_starts_empty(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_init(&throttle, 10, 5, 7 * NS_PER_S);
    assert_int_equal(throttle_take(&throttle, 5, 7 * NS_PER_S), 0);
    assert_int_equal(throttle_next_at(&throttle), 7 * NS_PER_S + 100 * NS_PER_MS);
}

static void tokens_come_one_by_one_up_to_the_burst(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, 9, 0},
        {100 * NS_PER_MS - 1, 9, 0},
        {100 * NS_PER_MS, 9, 1},
        {100 * NS_PER_MS, 9, 0},
        {350 * NS_PER_MS, 1, 1},
        {350 * NS_PER_MS, 9, 1},
        {400 * NS_PER_MS, 9, 1},  // the half token was not lost
        {9000 * NS_PER_MS, 9, 3}, // silence earns the burst, not more
        {9000 * NS_PER_MS, 9, 0},
        {9099 * NS_PER_MS, 0, 0},
        {9100 * NS_PER_MS, 2, 1},
    };
    run_rows(10, 3, rows, sizeof(rows) / sizeof(rows[0]));
}

static void next_at_is_the_very_instant_of_the_next_token(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 11);
    for (uint32_t i = 0; i < 2000; i++) {
        uint32_t rate = (uint32_t)prng_between(&prng, 1, THROTTLE_RATE_MAX);
        uint32_t burst = (uint32_t)prng_between(&prng, 1, 9);
        uint64_t now_ns = prng_below(&prng, NS_PER_S);
        struct throttle throttle;
        throttle_init(&throttle, rate, burst, now_ns);
        for (uint32_t k = 0; k < 10; k++) {
            // Empty it, then look one ns before the promised instant and at it.
            now_ns += prng_below(&prng, 20 * NS_PER_S / rate);
            assert_true(throttle_take(&throttle, UINT32_MAX, now_ns) <= burst);
            uint64_t at_ns = throttle_next_at(&throttle);
            assert_true(at_ns > now_ns);
            struct throttle copy = throttle;
            assert_int_equal(throttle_take(&copy, 1, at_ns - 1), 0);
            assert_int_equal(throttle_take(&throttle, 1, at_ns), 1);
            now_ns = at_ns;
        }
    }
}

/* Every window between two takes; a window cannot hold more than from its first to its last. */
static void assert_every_window(const uint64_t *at_ns, const uint32_t *granted, uint32_t count,
                                uint32_t rate_per_s, uint32_t burst)
{
    for (uint32_t from = 0; from < count; from++) {
        uint64_t sum = 0;
        for (uint32_t to = from; to < count; to++) {
            sum += granted[to];
            uint64_t span_ns = at_ns[to] - at_ns[from];
            uint64_t most = burst + span_ns * rate_per_s / NS_PER_S;
            assert_true(sum <= most);
        }
    }
}

static void no_window_ever_holds_more_than_burst_and_rate_allow(void **state)
{
    (void)state;
    static uint64_t at_ns[TAKES_MAX];
    static uint32_t granted[TAKES_MAX];
    struct prng prng;
    prng_init(&prng, 5);
    for (uint32_t i = 0; i < 2000; i++) {
        uint32_t rate = (uint32_t)prng_between(&prng, 1, prng_chance(&prng, 1, 2) ? 50 : 1000000);
        uint32_t burst = (uint32_t)prng_between(&prng, 1, prng_chance(&prng, 1, 2) ? 3 : 300);
        uint64_t step_ns = NS_PER_S / rate * prng_between(&prng, 1, 5) + 1;
        uint32_t count = (uint32_t)prng_between(&prng, 2, 60);
        uint64_t now_ns = 0;
        struct throttle throttle;
        throttle_init(&throttle, rate, burst, now_ns);
        for (uint32_t k = 0; k < count; k++) {
            now_ns += prng_chance(&prng, 1, 20) ? prng_below(&prng, burst * step_ns)
                                                : prng_below(&prng, step_ns);
            at_ns[k] = now_ns;
            granted[k] =
                throttle_take(&throttle, (uint32_t)prng_below(&prng, 2 * burst + 2), now_ns);
        }
        assert_every_window(at_ns, granted, count, rate, burst);
    }
}

static void who_always_asks_gets_99_percent_of_the_allowance(void **state)
{
    (void)state;
    static const uint32_t rates[] = {1, 3, 7, 153, 999, 30001, 700001, 999983, 999999, 1000000};
    struct prng prng;
    prng_init(&prng, 6);
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        for (uint32_t burst = 1; burst <= 64; burst *= 8) {
            struct throttle throttle;
            throttle_init(&throttle, rates[i], burst, 0);
            uint64_t now_ns = 0;
            uint64_t granted = 0;
            while (granted < 5000) {
                now_ns = throttle_next_at(&throttle);
                granted += throttle_take(&throttle, (uint32_t)prng_between(&prng, 1, 9), now_ns);
            }
            uint64_t allowed = now_ns * rates[i] / NS_PER_S;
            assert_true(granted * 100 >= allowed * 99);
        }
    }
}

/* ---- lanes that share it ---- */

#define LANES 3U

struct take {
    uint64_t at_ns; /* by the taker's clock */
    uint32_t granted;
};

static int earlier(const void *a, const void *b)
{
    const struct take *x = a, *y = b;
    return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

/* Each lane reads the clock now and then, and goes by that: readings do not come in order. */
static void lanes_with_lagging_clocks_together_keep_to_every_window(void **state)
{
    (void)state;
    static struct take takes[TAKES_MAX];
    static uint64_t at_ns[TAKES_MAX];
    static uint32_t granted[TAKES_MAX];
    struct prng prng;
    prng_init(&prng, 7);
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t rate = (uint32_t)prng_between(&prng, 1, 100000);
        uint32_t burst = (uint32_t)prng_between(&prng, 1, 40);
        uint64_t step_ns = NS_PER_S / rate, now_ns = NS_PER_S;
        uint64_t read_ns[LANES] = {now_ns, now_ns, now_ns};
        struct throttle throttle;
        throttle_init(&throttle, rate, burst, now_ns);
        for (uint32_t k = 0; k < TAKES_MAX; k++) {
            uint32_t lane = (uint32_t)prng_below(&prng, LANES);
            now_ns += prng_below(&prng, step_ns + 1);
            if (prng_chance(&prng, 1, 2))
                read_ns[lane] = now_ns;
            uint32_t want = (uint32_t)prng_between(&prng, 0, burst);
            takes[k] = (struct take){read_ns[lane], throttle_take(&throttle, want, read_ns[lane])};
        }
        qsort(takes, TAKES_MAX, sizeof(takes[0]), earlier);
        for (uint32_t k = 0; k < TAKES_MAX; k++) {
            at_ns[k] = takes[k].at_ns;
            granted[k] = takes[k].granted;
        }
        assert_every_window(at_ns, granted, TAKES_MAX, rate, burst);
    }
}

struct taker {
    pthread_t thread;
    struct throttle *throttle;
    _Atomic uint64_t *now_ns;
    uint64_t until_ns;
    uint64_t granted;
};

static void *take_until(void *context)
{
    struct taker *taker = context;
    uint64_t now_ns;
    // All push the one clock on, and so its readings cross.
    while ((now_ns = atomic_fetch_add(taker->now_ns, 700)) < taker->until_ns)
        taker->granted += throttle_take(taker->throttle, 2, now_ns);
    return NULL;
}

static void threads_together_are_granted_the_allowance_and_no_more(void **state)
{
    (void)state;
    struct throttle throttle;
    _Atomic uint64_t now_ns = 0;
    struct taker takers[LANES];
    throttle_init(&throttle, 200000, 50, 0);
    for (uint32_t i = 0; i < LANES; i++) {
        takers[i] = (struct taker){.throttle = &throttle, .now_ns = &now_ns, .until_ns = NS_PER_S};
        assert_int_equal(pthread_create(&takers[i].thread, NULL, take_until, &takers[i]), 0);
    }
    uint64_t granted = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
        granted += takers[i].granted;
    }
    // It began empty: a second's tokens; at the very end a clock that lags may leave the burst.
    assert_in_range(granted, 200000 - 50 - 50, 200000);
}

static void a_new_rate_begins_empty_and_counts_once(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_init(&throttle, 1, 10, 0);
    assert_int_equal(throttle_take(&throttle, 10, 5 * NS_PER_S), 5);
    throttle_set_rate(&throttle, 100, 41, 6 * NS_PER_S);
    assert_int_equal(throttle_take(&throttle, 10, 6 * NS_PER_S), 0);
    assert_int_equal(throttle_take(&throttle, 10, 6 * NS_PER_S + 30 * NS_PER_MS), 3);
    // The other lanes come to the same request later, and to an older one.
    throttle_set_rate(&throttle, 100, 41, 6 * NS_PER_S + 40 * NS_PER_MS);
    throttle_set_rate(&throttle, 5, 40, 6 * NS_PER_S + 40 * NS_PER_MS);
    assert_int_equal(throttle_take(&throttle, 10, 6 * NS_PER_S + 60 * NS_PER_MS), 3);
    throttle_set_rate(&throttle, 1, 42, 6 * NS_PER_S);
    // By a reading older than what was granted last: empty as of that.
    assert_int_equal(throttle_take(&throttle, 10, 7 * NS_PER_S + 59 * NS_PER_MS), 0);
    assert_int_equal(throttle_take(&throttle, 10, 7 * NS_PER_S + 60 * NS_PER_MS), 1);
}

static void who_waits_for_something_urgent_goes_first(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_init(&throttle, 1000, 10, 0);
    throttle_wait(&throttle, 2, RANK_LOOK);
    assert_int_equal(throttle_turn(&throttle, 0, RANK_PAY, NS_PER_S), TURN_MINE);
    throttle_wait(&throttle, 1, RANK_PAY);
    assert_int_equal(throttle_turn(&throttle, 0, RANK_LOOK, NS_PER_S), TURN_URGENT);
    assert_int_equal(throttle_turn(&throttle, 1, RANK_PAY, NS_PER_S), TURN_MINE);
    throttle_wait(&throttle, 1, RANK_FIND_OUT);
    assert_int_equal(throttle_turn(&throttle, 0, RANK_PAY, NS_PER_S), TURN_URGENT);
    throttle_wait(&throttle, 1, RANK_NONE);
    assert_int_equal(throttle_turn(&throttle, 0, RANK_LOOK, NS_PER_S), TURN_MINE);
}

static void among_equals_who_waited_longest_goes_first_where_tokens_are_few(void **state)
{
    (void)state;
    struct throttle throttle;
    uint32_t served[LANES] = {0};
    throttle_init(&throttle, 10, 1, 0);
    for (uint32_t i = 0; i < LANES; i++)
        throttle_wait(&throttle, i, RANK_LOOK);
    for (uint64_t now_ns = 0; now_ns <= 30 * NS_PER_S; now_ns += 100 * NS_PER_MS) {
        for (uint32_t i = 0; i < LANES; i++) { // the first is always asked first
            if (throttle_turn(&throttle, i, RANK_LOOK, now_ns) != TURN_MINE ||
                throttle_take(&throttle, 1, now_ns) == 0)
                continue;
            throttle_served(&throttle, i);
            served[i]++;
        }
    }
    for (uint32_t i = 0; i < LANES; i++)
        assert_int_equal(served[i], 100);
}

static void where_there_are_tokens_for_all_nobody_gives_way_to_an_equal(void **state)
{
    (void)state;
    struct throttle throttle;
    throttle_init(&throttle, 10, 5, 0);
    throttle_wait(&throttle, 1, RANK_LOOK);
    throttle_served(&throttle, 0);
    throttle_wait(&throttle, 0, RANK_LOOK);
    assert_int_equal(throttle_turn(&throttle, 0, RANK_LOOK, 100 * NS_PER_MS), TURN_OLDER);
    assert_int_equal(throttle_turn(&throttle, 0, RANK_LOOK, 200 * NS_PER_MS), TURN_MINE);
    assert_int_equal(throttle_yield_ns(&throttle), NS_PER_MS);
    throttle_set_rate(&throttle, 4000, 1, NS_PER_S);
    assert_int_equal(throttle_yield_ns(&throttle), NS_PER_S / 4000);
}

static void a_rate_of_nothing(void)
{
    struct throttle throttle;
    throttle_init(&throttle, 0, 1, 0);
}

static void a_burst_of_nothing(void)
{
    struct throttle throttle;
    throttle_init(&throttle, 1, 0, 0);
}

static void a_rate_beyond_the_most(void)
{
    struct throttle throttle;
    throttle_init(&throttle, THROTTLE_RATE_MAX + 1, 1, 0);
}

static void rates_and_bursts_out_of_range_abort(void **state)
{
    (void)state;
    assert_aborts(a_rate_of_nothing);
    assert_aborts(a_burst_of_nothing);
    assert_aborts(a_rate_beyond_the_most);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_starts_empty),
        cmocka_unit_test(tokens_come_one_by_one_up_to_the_burst),
        cmocka_unit_test(next_at_is_the_very_instant_of_the_next_token),
        cmocka_unit_test(no_window_ever_holds_more_than_burst_and_rate_allow),
        cmocka_unit_test(who_always_asks_gets_99_percent_of_the_allowance),
        cmocka_unit_test(lanes_with_lagging_clocks_together_keep_to_every_window),
        cmocka_unit_test(threads_together_are_granted_the_allowance_and_no_more),
        cmocka_unit_test(a_new_rate_begins_empty_and_counts_once),
        cmocka_unit_test(who_waits_for_something_urgent_goes_first),
        cmocka_unit_test(among_equals_who_waited_longest_goes_first_where_tokens_are_few),
        cmocka_unit_test(where_there_are_tokens_for_all_nobody_gives_way_to_an_equal),
        cmocka_unit_test(rates_and_bursts_out_of_range_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
