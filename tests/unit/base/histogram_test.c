#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "aborts.h"
#include "base/histogram.h"
#include "base/prng.h"

static struct histogram histogram;

static int empty(void **state)
{
    (void)state;
    histogram_init(&histogram);
    return 0;
}

static void without_durations_every_percentile_is_0(void **state)
{
    (void)state;
    assert_int_equal(histogram_at(&histogram, 0), 0);
    assert_int_equal(histogram_at(&histogram, 500), 0);
    assert_int_equal(histogram_at(&histogram, 1000), 0);
}

static void one_duration_is_every_percentile(void **state)
{
    (void)state;
    histogram_add(&histogram, 123456789);
    assert_int_equal(histogram_at(&histogram, 1), 123456789);
    assert_int_equal(histogram_at(&histogram, 500), 123456789);
    assert_int_equal(histogram_at(&histogram, 1000), 123456789);
}

static void small_durations_are_exact(void **state)
{
    (void)state;
    for (uint64_t ns = 0; ns < 256; ns++) // one bucket a value up to 255
        histogram_add(&histogram, ns);
    assert_int_equal(histogram_at(&histogram, 500), 127);
    assert_int_equal(histogram_at(&histogram, 1000), 255);
    assert_int_equal(histogram_at(&histogram, 1), 0);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void percentiles_are_right_to_one_part_in_128(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static uint64_t durations[COUNT];
    struct prng prng;
    prng_init(&prng, 99);
    for (uint32_t bits = 1; bits <= 41; bits++) {
        histogram_init(&histogram);
        for (int i = 0; i < COUNT; i++) {
            durations[i] = prng_below(&prng, UINT64_C(1) << bits);
            histogram_add(&histogram, durations[i]);
        }
        qsort(durations, COUNT, sizeof(durations[0]), compare);
        for (uint32_t per_mille = 1; per_mille <= 1000; per_mille++) {
            uint64_t exact = durations[(COUNT * per_mille + 999) / 1000 - 1];
            uint64_t told = histogram_at(&histogram, per_mille);
            assert_true(told >= exact && told - exact <= exact / 128);
        }
    }
}

static void no_percentile_exceeds_the_longest_duration(void **state)
{
    (void)state;
    histogram_add(&histogram, 1000001);
    assert_int_equal(histogram.most_ns, 1000001);
    assert_int_equal(histogram_at(&histogram, 1000), 1000001);
}

static void durations_beyond_the_range_count_as_the_longest(void **state)
{
    (void)state;
    histogram_add(&histogram, 5);
    histogram_add(&histogram, UINT64_MAX);
    assert_int_equal(histogram.count, 2);
    assert_int_equal(histogram_at(&histogram, 500), 5);
    assert_true(histogram_at(&histogram, 1000) >= (UINT64_C(1) << 42) - 1);
}

static void merged_ones_are_as_if_counted_in_one(void **state)
{
    (void)state;
    static struct histogram other, both;
    histogram_init(&other);
    histogram_init(&both);
    for (uint64_t ns = 1; ns < 1000000; ns = ns * 3 + 7) {
        histogram_add(&histogram, ns);
        histogram_add(&other, 5 * ns);
        histogram_add(&both, ns);
        histogram_add(&both, 5 * ns);
    }
    histogram_merge(&histogram, &other);
    assert_memory_equal(&histogram, &both, sizeof(both));
    histogram_init(&other);
    histogram_merge(&histogram, &other);
    assert_memory_equal(&histogram, &both, sizeof(both));
}

static void ask_beyond_1000_per_mille(void)
{
    (void)histogram_at(&histogram, 1001);
}

static void a_share_over_1_aborts(void **state)
{
    (void)state;
    assert_aborts(ask_beyond_1000_per_mille);
}

#define TEST(f) cmocka_unit_test_setup(f, empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_durations_every_percentile_is_0),
        TEST(one_duration_is_every_percentile),
        TEST(small_durations_are_exact),
        TEST(percentiles_are_right_to_one_part_in_128),
        TEST(no_percentile_exceeds_the_longest_duration),
        TEST(durations_beyond_the_range_count_as_the_longest),
        TEST(merged_ones_are_as_if_counted_in_one),
        TEST(a_share_over_1_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
