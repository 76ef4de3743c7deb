/*
 * Knowing when money is expected finds it at least twice as soon, where a bank's rate is what looks
 * have to wait for; and where nobody knows, all is as it would be without.
 */
#include "expecting.h"
#include "payday.h"

static struct expecting run(void **state, bool is_known)
{
    struct expecting e = {.seed = 1,
                          .accounts = 600,
                          .rate_per_s = 6,
                          .poll_interval_ns = 5 * NS_PER_S,
                          .over_ns = 120 * EXPECTING_MINUTE_NS,
                          .around_ns = 5 * EXPECTING_MINUTE_NS,
                          .late = 5,
                          .never = 3,
                          .is_known = is_known};
    expecting_run(*state, &e);
    if (e.wrong != NULL)
        fail_msg("seed %llu: %s", (unsigned long long)e.seed, e.wrong);
    return e;
}

static void money_is_found_twice_as_soon_where_it_is_known_when_it_is_expected(void **state)
{
    struct expecting known = run(state, true), unknown = run(state, false);
    print_message("mean %llu and %llu ms, p99 %llu and %llu ms\n",
                  (unsigned long long)(expecting_mean_ns(&known) / NS_PER_MS),
                  (unsigned long long)(expecting_mean_ns(&unknown) / NS_PER_MS),
                  (unsigned long long)(expecting_percentile_ns(&known, 99) / NS_PER_MS),
                  (unsigned long long)(expecting_percentile_ns(&unknown, 99) / NS_PER_MS));
    assert_int_equal(known.found, unknown.found);
    assert_in_range(known.found, 550, 599); // three in a hundred never come
    assert_true(2 * expecting_mean_ns(&known) <= expecting_mean_ns(&unknown));
    assert_true(2 * expecting_percentile_ns(&known, 99) <= expecting_percentile_ns(&unknown, 99));
    free(known.found_after_ns);
    free(unknown.found_after_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_is_found_twice_as_soon_where_it_is_known_when_it_is_expected),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
