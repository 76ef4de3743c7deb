/* Every expected number is computed by hand beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "jobs/outlook.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define POINTS 10

static const struct outlook_options as_measured = {NAN, NAN};

/* A point of two lanes on two cores, with nothing measured but what is given. */
static struct bench_results_point point_of(double concurrency, double per_s)
{
    struct bench_results_point point = {
        .number = concurrency,
        .concurrency = concurrency,
        .rate_per_s = NAN,
        .chunk_records = NAN,
        .lanes = 2,
        .bank_latency_ns = NAN,
        .bank_rate_per_s = NAN,
        .per_s = per_s,
        .per_s_least = per_s,
        .per_s_most = per_s,
        .seconds = NAN,
        .engine_ns = NAN,
        .bank_ns = NAN,
        .postgres_ns = NAN,
        .memory_bytes = NAN,
        .trace_dropped = NAN,
    };
    for (size_t i = 0; i < BENCH_OF; i++)
        point.shares[i] = NAN;
    for (size_t i = 0; i < BENCH_TIMED; i++)
        for (size_t mark = 0; mark < BENCH_MARKS; mark++)
            point.latencies[i].response[mark] = point.latencies[i].service[mark] = NAN;
    return point;
}

static struct bench_results results_of(struct bench_results_point *points, size_t count)
{
    return (struct bench_results){
        .file = "a.json",
        .swept = count > 1 ? "concurrency" : NULL,
        .environment = {.cores = 2, .memory_bytes = NAN, .fsync = -1},
        .workload = {.accounts = 50000,
                     .seed = 1,
                     .rate_per_s = NAN,
                     .repeats = NAN,
                     .warm_up_accounts = NAN,
                     .bank_latency_ns = NAN,
                     .bank_rate_per_s = NAN},
        .points = points,
        .point_count = count,
    };
}

static double law(double n)
{
    return 260 * n / (1 + 0.018 * (n - 1) + 2.2e-5 * n * (n - 1));
}

/* 1, 2, 4 … 512 exactly on the curve, whose knee is at sqrt(0.982 / 2.2e-5) = 211.3; three repeats
   of each, a hundredth apart. */
static void fill_sweep(struct bench_results_point points[POINTS])
{
    for (size_t i = 0; i < POINTS; i++) {
        double concurrency = pow(2, (double)i), per_s = law(concurrency);
        points[i] = point_of(concurrency, per_s);
        points[i].repeat_count = 3;
        points[i].repeats[0] = 0.99 * per_s;
        points[i].repeats[1] = per_s;
        points[i].repeats[2] = 1.01 * per_s;
        points[i].engine_ns = 40000;
        points[i].bank_ns = 30000;
        points[i].postgres_ns = 50000;
    }
}

static void sentence_is(const struct bench_results *results, const struct outlook_options *options,
                        uint64_t accounts, uint32_t rate, int64_t start_minute,
                        const char *expected)
{
    struct outlook_basis basis;
    struct outlook outlook;
    char text[OUTLOOK_SENTENCE_BYTES];
    outlook_basis_make(results, 1, options, &basis);
    outlook_make(&basis, &(struct outlook_question){accounts, rate}, &outlook);
    assert_string_equal(outlook_sentence(&outlook, start_minute, text), expected);
}

static void the_bank_rate_is_the_limit(void **state)
{
    (void)state;
    struct bench_results_point points[POINTS];
    fill_sweep(points);
    struct bench_results results = results_of(points, POINTS);
    // 150,000 calls / 400 a second = 375 s = 6 min 15 s. The repeats differ by 1 % with 20 degrees
    // of freedom, t = 1.325: 375 / (1 - 0.01325) = 380.04 s. Near the knee it is the machine: CPU
    // is 9,473 x 120 us / 2 = 57 % busy, a session of the database 24 %.
    sentence_is(&results, &as_measured, 50000, 400, -1,
                "50,000 accounts take 6 min 15 s, p90 6 min 21 s; limit: bank rate 400/s; next: "
                "CPU at 9,473 settlements/s");
    sentence_is(&results, &as_measured, 50000, 100, 2 * 60,
                "50,000 accounts finish at 02:25, p90 02:26; limit: bank rate 100/s; next: CPU at "
                "9,473 settlements/s");
}

static void the_database_is_the_limit(void **state)
{
    (void)state;
    struct bench_results_point points[POINTS];
    fill_sweep(points);
    for (size_t i = 0; i < POINTS; i++) {
        points[i].lanes = 1; // 1 s / 90 us = 11,111/s: 85 % busy; CPU: 2 / 110 us = 18,182/s
        points[i].engine_ns = 20000;
        points[i].bank_ns = NAN;
        points[i].postgres_ns = 90000;
    }
    struct bench_results results = results_of(points, POINTS);
    // 1,005,000 / 9,473 = 106.1 s; nine of ten: 9,473 - 1.325 x sqrt(94.7^2 + 18.8^2) = 9,345,
    // where 18.8 is the standard error of the curve there: 107.5 s
    sentence_is(&results, &as_measured, 1005000, 0, -1,
                "1,005,000 accounts take 1 min 47 s, p90 1 min 48 s; limit: database at 9,473 "
                "settlements/s; next: CPU at 18,182 settlements/s");
}

static void the_cpu_is_the_limit(void **state)
{
    (void)state;
    struct bench_results_point point = point_of(256, 10000);
    point.engine_ns = 50000;
    point.bank_ns = 40000;
    point.postgres_ns = 70000; // 2 / 160 us = 12,500/s, 80 % busy; 2 lanes / 70 us = 28,571/s
    struct bench_results results = results_of(&point, 1);
    sentence_is(&results, &as_measured, 600000, 0, 23 * 60 + 59,
                "600,000 accounts finish at 00:00:00 the next day, p90 not known; limit: CPU at "
                "10,000 settlements/s; next: database at 28,571 settlements/s");
    // An engine's own thread is a processor that it cannot have twice: 2 / 160 us, 1 / 90 us.
    point.engine_ns = 90000;
    point.lanes = 1;
    struct outlook_basis basis;
    outlook_basis_make(&results, 1, &as_measured, &basis);
    assert_true(fabs(basis.cpu_per_s - 2e9 / 200000) < 1e-6);
    point.bank_ns = point.postgres_ns = 1000;
    outlook_basis_make(&results, 1, &as_measured, &basis);
    assert_true(fabs(basis.cpu_per_s - 1e9 / 90000) < 1e-6);
}

static void concurrency_is_the_limit(void **state)
{
    (void)state;
    struct bench_results_point points[POINTS];
    fill_sweep(points);
    struct bench_results results = results_of(points, POINTS);
    // At 4 the curve still rises by 95 % of any more: 260 x 4 / (1 + 0.054 + 0.000264) = 986.4
    sentence_is(&results, &(struct outlook_options){4, NAN}, 98630, 0, -1,
                "98,630 accounts take 1 min 40 s, p90 1 min 42 s; limit: 4 calls in flight at 986 "
                "settlements/s; next: CPU at 16,667 settlements/s");
}

/* With another latency the measured throughput at a concurrency says nothing; Little's law does. */
static void another_latency_is_the_limit(void **state)
{
    (void)state;
    struct bench_results_point points[POINTS];
    fill_sweep(points);
    struct bench_results results = results_of(points, POINTS);
    // 64 / (3 x 100 ms) = 213.3/s; 150,000 calls x 100 ms / 64 = 234.4 s, and the end of the path,
    // 300 ms x 4 / 6. What the machine carries is the curve at its knee.
    sentence_is(&results, &(struct outlook_options){64, 1e8}, 50000, 0, -1,
                "50,000 accounts take 3 min 55 s, p90 3 min 58 s; limit: 64 calls in flight at 213 "
                "settlements/s; next: CPU at 9,533 settlements/s");
}

static void waiting_tells_the_limit_where_nothing_is_busy(void **state)
{
    (void)state;
    const struct {
        double shares[BENCH_OF];
        enum outlook_cause cause;
    } rows[] = {
        {{0.3, 0.3, 0.35, 0.05}, OUTLOOK_CONCURRENCY},
        {{0, 0.2, 0.7, 0.1}, OUTLOOK_DATABASE},
        {{0, 0.2, 0.1, 0.7}, OUTLOOK_CPU},
        {{NAN, NAN, NAN, NAN}, OUTLOOK_MACHINE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench_results_point point = point_of(16, 1000);
        memcpy(point.shares, rows[i].shares, sizeof point.shares);
        struct bench_results results = results_of(&point, 1);
        struct outlook_basis basis;
        outlook_basis_make(&results, 1, &as_measured, &basis);
        assert_int_equal(basis.carried_by, rows[i].cause);
        assert_true(basis.carried_per_s == 1000 && isnan(basis.reached_per_s));
    }
}

/* The bank's own rate, or that of arrival, held these: they say nothing of the machine. */
static void points_that_a_rate_held_are_left_out(void **state)
{
    (void)state;
    struct bench_results_point points[POINTS];
    fill_sweep(points);
    for (size_t i = 0; i < 4; i++) {
        points[i].bank_rate_per_s = 3 * points[i].per_s / 0.95; // 95 % of what it allows
        points[9 - i].rate_per_s = points[9 - i].per_s / 0.89;  // 89 % of what arrives
    }
    struct bench_results results = results_of(points, POINTS);
    struct outlook_basis basis;
    outlook_basis_make(&results, 1, &as_measured, &basis);
    assert_int_equal(basis.held, 4);
    assert_int_equal(basis.used, 6);
    assert_true(basis.concurrency_least == 16 && basis.concurrency_most == 512);
    assert_int_equal(basis.fitted, USL_FITTED);
    for (size_t i = 0; i < POINTS; i++)
        points[i].rate_per_s = points[i].per_s / 0.95;
    outlook_basis_make(&results, 1, &as_measured, &basis);
    assert_int_equal(basis.held, POINTS);
    assert_int_equal(basis.fitted, USL_TOO_FEW);
    assert_null(basis.nearest);
    sentence_is(&results, &as_measured, 50000, 400, -1,
                "50,000 accounts take 6 min 15 s, p90 6 min 21 s; limit: bank rate 400/s; next: "
                "not measured");
    sentence_is(&results, &as_measured, 1, 0, -1,
                "How long 1 account takes is not known: these results hold no throughput");
}

static void the_first_sweep_over_concurrency_counts(void **state)
{
    (void)state;
    struct bench_results_point points[POINTS], single = point_of(8, 5);
    fill_sweep(points);
    struct bench_results files[] = {results_of(&single, 1), results_of(points, POINTS),
                                    results_of(points, POINTS)};
    struct outlook_basis basis;
    outlook_basis_make(files, COUNT(files), &as_measured, &basis);
    assert_ptr_equal(basis.results, &files[1]);
    assert_ptr_equal(basis.nearest, &points[8]); // 256, nearest to the knee, is the fastest
    assert_true(basis.concurrency == 256 && !basis.is_beyond);
    outlook_basis_make(files, COUNT(files), &(struct outlook_options){2000, NAN}, &basis);
    assert_true(basis.is_beyond && basis.nearest == &points[9]);
    outlook_basis_make(files, 1, &as_measured, &basis);
    assert_ptr_equal(basis.results, &files[0]);
}

/* Few accounts: whatever the machine carries, a settlement has its own way to go. */
static void a_settlements_own_path_bounds_few_accounts(void **state)
{
    (void)state;
    struct bench_results_point point = point_of(64, 5000);
    point.latencies[BENCH_SETTLEMENT].response[BENCH_P50] = 3e8;
    for (size_t i = BENCH_DEPOSIT; i <= BENCH_PAYOUT; i++)
        point.latencies[i].service[BENCH_P50] = 2e7;
    struct bench_results results = results_of(&point, 1);
    struct outlook_basis basis;
    struct outlook outlook;
    outlook_basis_make(&results, 1, &as_measured, &basis);
    assert_true(fabs(basis.call_ns - 2e7) < 1);
    outlook_make(&basis, &(struct outlook_question){10, 0}, &outlook);
    assert_int_equal(outlook.limits[0].cause, OUTLOOK_PATH);
    // the path, and ten looks of 20 ms by 64 calls in flight: 3.125 ms
    assert_true(outlook.duration_ns > 302 * NS_PER_MS && outlook.duration_ns < 304 * NS_PER_MS);
}

static void spans_and_times_are_rounded_up(void **state)
{
    (void)state;
    char text[OUTLOOK_TEXT_BYTES];
    const struct {
        uint64_t ns;
        const char *span, *clock;
    } rows[] = {
        {0, "0.0 s", "23:50:00"},
        {1, "0.1 s", "23:50:01"},
        {9900 * NS_PER_MS, "9.9 s", "23:50:10"},
        {10 * NS_PER_S, "10 s", "23:50:10"},
        {59 * NS_PER_S + 1, "1 min 00 s", "23:51:00"},
        {599 * NS_PER_S, "9 min 59 s", "23:59:59"},
        {600 * NS_PER_S, "10 min 00 s", "00:00 the next day"},
        {3600 * NS_PER_S, "1 h 00 min", "00:50 the next day"},
        {3601 * NS_PER_S, "1 h 01 min", "00:51 the next day"},
        {172800 * NS_PER_S, "2 days 00 h", "23:50 2 days later"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(outlook_span(rows[i].ns, text), rows[i].span);
        assert_string_equal(outlook_clock(23 * 60 + 50, rows[i].ns, text), rows[i].clock);
    }
}

/* Files are written by others: no point may bring the outlook down. */
static void points_off_the_curve_do_no_harm(void **state)
{
    (void)state;
    const double odd[] = {NAN, 0, 0.5};
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct bench_results_point points[POINTS + 1];
        fill_sweep(points);
        points[POINTS] = point_of(odd[i], 1e6);
        struct bench_results results = results_of(points, POINTS + 1);
        struct outlook_basis basis;
        outlook_basis_make(&results, 1, &as_measured, &basis);
        assert_int_equal(basis.fitted, USL_FITTED);
        assert_true(basis.concurrency == 256 && basis.concurrency_least == 1);
    }
    struct bench_results_point point = point_of(64, 1e-12);
    struct bench_results results = results_of(&point, 1);
    struct outlook_basis basis;
    struct outlook outlook;
    outlook_basis_make(&results, 1, &as_measured, &basis);
    outlook_make(&basis, &(struct outlook_question){1000000000, 1}, &outlook);
    assert_true(outlook.duration_ns == UINT64_C(3000000000000000000));
}

static void one_account_is_not_many(void **state)
{
    (void)state;
    struct bench_results_point point = point_of(64, 5000);
    struct bench_results results = results_of(&point, 1);
    sentence_is(&results, &as_measured, 1, 1, 0,
                "1 account finishes at 00:00:03, p90 not known; limit: bank rate 1/s; next: this "
                "machine at 5,000 settlements/s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bank_rate_is_the_limit),
        cmocka_unit_test(the_database_is_the_limit),
        cmocka_unit_test(the_cpu_is_the_limit),
        cmocka_unit_test(concurrency_is_the_limit),
        cmocka_unit_test(another_latency_is_the_limit),
        cmocka_unit_test(waiting_tells_the_limit_where_nothing_is_busy),
        cmocka_unit_test(points_that_a_rate_held_are_left_out),
        cmocka_unit_test(the_first_sweep_over_concurrency_counts),
        cmocka_unit_test(a_settlements_own_path_bounds_few_accounts),
        cmocka_unit_test(spans_and_times_are_rounded_up),
        cmocka_unit_test(points_off_the_curve_do_no_harm),
        cmocka_unit_test(one_account_is_not_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
