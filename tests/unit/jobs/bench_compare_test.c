#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "jobs/bench_compare.h"

static struct bench_metric metric_named(const char *name)
{
    struct bench_metric metric;
    char near[BENCH_METRIC_NAME_BYTES];
    assert_true(bench_metric_find(name, &metric, near));
    return metric;
}

/* ---- names ---- */

static void every_metric_is_found_by_its_name_and_no_two_share_one(void **state)
{
    (void)state;
    struct bench_metric metric, found, other;
    char near[BENCH_METRIC_NAME_BYTES];
    size_t count = 0, compared = 0;
    for (; bench_metric_at(count, &metric); count++) {
        assert_true(bench_metric_find(metric.name, &found, near));
        assert_int_equal(found.unit, metric.unit);
        compared += metric.is_compared;
        for (size_t j = 0; j < count; j++) {
            assert_true(bench_metric_at(j, &other));
            assert_string_not_equal(other.name, metric.name);
        }
    }
    assert_int_equal(count, 11 + 7 * 5);
    assert_int_equal(compared, 4 + 4 * 2);
}

static void a_misspelt_metric_has_a_neighbour(void **state)
{
    (void)state;
    struct bench_metric metric;
    char near[BENCH_METRIC_NAME_BYTES];
    assert_false(bench_metric_find("payout.responce.p99", &metric, near));
    assert_string_equal(near, "payout.response.p99");
    assert_false(bench_metric_find("settlement.service.p50", &metric, near));
    assert_false(bench_metric_find("x", &metric, near));
    assert_string_equal(near, "");
}

static void a_point_says_what_it_knows(void **state)
{
    (void)state;
    double value;
    struct bench_spread spread;
    json_t *point = json_loads(
        "{\"settlements_per_s\": {\"median\": 150.5, \"least\": 1, \"most\": 200},"
        " \"memory_bytes\": 4096, \"cpu_ns_per_settlement\": {\"engine\": 41000, \"postgres\": "
        "null}, \"latency_ns\": {\"payout\": {\"response\": {\"p99\": 50000000}}},"
        " \"runs\": [{\"settlements_per_s\": 100, \"memory_bytes\": 1}, {\"settlements_per_s\": "
        "300}, {\"settlements_per_s\": 201}, {\"settlements_per_s\": 200}]}",
        0, NULL);
    assert_non_null(point);
    struct bench_metric rate = metric_named("settlements_per_s"),
                        memory = metric_named("memory_bytes");
    assert_true(bench_metric_of(&rate, point, &value) && value == 150.5);
    assert_true(bench_metric_of(&memory, point, &value) && value == 4096);
    struct bench_metric p99 = metric_named("payout.response.p99");
    assert_true(bench_metric_of(&p99, point, &value) && value == 5e7);
    struct bench_metric postgres = metric_named("cpu_ns_per_settlement.postgres"),
                        p50 = metric_named("payout.response.p50");
    assert_false(bench_metric_of(&postgres, point, &value));
    assert_false(bench_metric_of(&p50, point, &value));
    assert_true(bench_metric_spread(&rate, point, &spread));
    assert_true(spread.least == 100 && spread.median == 200.5 && spread.most == 300);
    assert_int_equal(spread.count, 4);
    assert_true(bench_metric_spread(&memory, point, &spread));
    assert_int_equal(spread.count, 1);
    assert_false(bench_metric_spread(&p99, point, &spread));
    json_decref(point);
}

static void values_are_told_in_units_of_people(void **state)
{
    (void)state;
    const struct {
        const char *name;
        double value;
        const char *text;
    } rows[] = {
        {"settlements_per_s", 10440.4, "10,440/s"},
        {"settlements_per_s", 99.94, "99.9/s"},
        {"seconds", 4.789, "4.79 s"},
        {"payout.response.p99", 50000000, "50.0 ms"},
        {"payout.response.p99", 41500, "41.5 us"},
        {"memory_bytes", 3 << 20, "3.0 MiB"},
        {"time_share.bank", 0.125, "12.5 %"},
        {"trace_dropped", 1234, "1,234"},
    };
    char text[BENCH_METRIC_TEXT_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_metric metric = metric_named(rows[i].name);
        assert_string_equal(bench_metric_text(&metric, rows[i].value, text), rows[i].text);
    }
}

/* ---- the rule ---- */

static void a_difference_counts_by_tolerance_and_noise(void **state)
{
    (void)state;
    const struct {
        const char *metric;
        struct bench_spread a, b;
        enum bench_noise noise;
        enum bench_verdict verdict;
    } rows[] = {
        // least, median, most, repeats; more settlements are better
        {"settlements_per_s", {90, 100, 110, 3}, {90, 100, 110, 3}, BENCH_WITHIN, BENCH_SAME},
        {"settlements_per_s", {90, 100, 110, 3}, {90, 95, 110, 3}, BENCH_WITHIN, BENCH_SAME},
        {"settlements_per_s", {90, 100, 110, 3}, {80, 94, 96, 3}, BENCH_WITHIN, BENCH_UNCLEAR},
        {"settlements_per_s", {90, 100, 110, 3}, {80, 85, 90, 3}, BENCH_WITHIN, BENCH_UNCLEAR},
        {"settlements_per_s", {90, 100, 110, 3}, {80, 85, 89, 3}, BENCH_BEYOND, BENCH_WORSE},
        {"settlements_per_s", {90, 100, 110, 3}, {111, 112, 113, 3}, BENCH_BEYOND, BENCH_BETTER},
        {"settlements_per_s", {99, 100, 101, 3}, {102, 103, 104, 3}, BENCH_BEYOND, BENCH_SAME},
        // one repeat: the medians alone
        {"settlements_per_s", {100, 100, 100, 1}, {94, 94, 94, 1}, BENCH_UNKNOWN, BENCH_WORSE},
        {"settlements_per_s", {100, 100, 100, 1}, {96, 96, 96, 1}, BENCH_UNKNOWN, BENCH_SAME},
        {"settlements_per_s", {90, 100, 110, 3}, {94, 94, 94, 1}, BENCH_UNKNOWN, BENCH_WORSE},
        // less time is better
        {"payout.response.p99", {9, 10, 11, 2}, {12, 13, 14, 2}, BENCH_BEYOND, BENCH_WORSE},
        {"payout.response.p99", {9, 10, 11, 2}, {6, 7, 8, 2}, BENCH_BEYOND, BENCH_BETTER},
        {"payout.response.p99", {0, 0, 0, 2}, {0, 0, 0, 2}, BENCH_WITHIN, BENCH_SAME},
        {"payout.response.p99", {0, 0, 0, 2}, {1, 1, 1, 2}, BENCH_BEYOND, BENCH_WORSE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_metric metric = metric_named(rows[i].metric);
        struct bench_comparison comparison = bench_compare(&metric, &rows[i].a, &rows[i].b, 0.05);
        assert_int_equal(comparison.noise, rows[i].noise);
        assert_int_equal(comparison.verdict, rows[i].verdict);
        double ratio = rows[i].a.median == 0 ? 0 : rows[i].b.median / rows[i].a.median;
        assert_true(comparison.ratio == ratio);
    }
}

static void medians_do_not_depend_on_the_order(void **state)
{
    (void)state;
    double odd[] = {5, 1, 9}, even[] = {4, 1, 3, 2}, one[] = {7};
    assert_true(bench_median(odd, 3) == 5);
    assert_true(bench_median(even, 4) == 2.5);
    assert_true(bench_median(one, 1) == 7);
    assert_true(bench_median(NULL, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_is_found_by_its_name_and_no_two_share_one),
        cmocka_unit_test(a_misspelt_metric_has_a_neighbour),
        cmocka_unit_test(a_point_says_what_it_knows),
        cmocka_unit_test(values_are_told_in_units_of_people),
        cmocka_unit_test(a_difference_counts_by_tolerance_and_noise),
        cmocka_unit_test(medians_do_not_depend_on_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
