#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "jobs/bench_results.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD "'format': 'daybook-bench', 'version': 1, "

/* Quotes are written as ' here. */
static json_t *parse(const char *text)
{
    static char copy[8192];
    snprintf(copy, sizeof copy, "%s", text);
    for (char *at = copy; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    json_error_t problem;
    json_t *document = json_loads(copy, JSON_REJECT_DUPLICATES, &problem);
    if (document == NULL)
        fail_msg("%s", problem.text);
    return document;
}

static void what_is_there_is_read(void **state)
{
    (void)state;
    char error[BENCH_RESULTS_ERROR_BYTES];
    struct bench_results results;
    json_t *document = parse(
        "{" HEAD "'kind': 'sweep', 'swept': 'concurrency', 'started_at': 'T',"
        " 'environment': {'cpu': 'Xeon', 'cores': 2, 'fsync': false, 'later': {}},"
        " 'workload': {'accounts': 50000, 'seed': 18446744073709551615.0, 'closing_check': 'all',"
        "              'bank_latency_ns': 20000000, 'bank_rate_per_s': 400},"
        " 'points': [{'value': 256, 'concurrency': 256, 'lanes': 2, 'bank_latency_ns': 0,"
        "   'settlements_per_s': {'median': 150.5, 'least': 100, 'most': 200,"
        "                         'all': [100, 150.5, 200]},"
        "   'seconds': {'median': 3.5}, 'memory_bytes': 4096,"
        "   'cpu_ns_per_settlement': {'engine': 41000, 'postgres': {'median': 67000}},"
        "   'time_share': {'tokens': 0.25, 'bank': 0.5, 'database': 0.2, 'cpu': 0.05},"
        "   'latency_ns': {'payout': {'response': {'p50': 1, 'p90': 2, 'p99': 3, 'p999': 4,"
        "                                          'max': 5}, 'service': {'p99': 7}},"
        "                  'settlement': {'response': {'p50': 10}}}},"
        "  {'value': 'x', 'settlements_per_s': 12}]}");
    assert_true(bench_results_take(&results, "a.json", document, error));
    assert_int_equal(results.point_count, 2);
    assert_string_equal(results.swept, "concurrency");
    assert_string_equal(results.environment.cpu, "Xeon");
    assert_null(results.environment.kernel);
    assert_int_equal(results.environment.fsync, 0);
    assert_true(results.workload.accounts == 50000 && results.environment.cores == 2);
    const struct bench_results_point *point = &results.points[0];
    assert_string_equal(point->value, "256");
    assert_true(point->number == 256 && point->concurrency == 256 && point->lanes == 2);
    assert_true(point->per_s == 150.5 && point->per_s_least == 100 && point->per_s_most == 200);
    assert_int_equal(point->repeat_count, 3);
    assert_true(point->repeats[2] == 200 && point->seconds == 3.5 && point->memory_bytes == 4096);
    assert_true(point->engine_ns == 41000 && point->postgres_ns == 67000 && isnan(point->bank_ns));
    assert_true(point->shares[BENCH_OF_DATABASE] == 0.2);
    assert_true(point->latencies[BENCH_PAYOUT].response[BENCH_P999] == 4);
    assert_true(point->latencies[BENCH_PAYOUT].service[BENCH_P99] == 7);
    assert_true(isnan(point->latencies[BENCH_PAYOUT].service[BENCH_P50]));
    assert_true(point->latencies[BENCH_SETTLEMENT].response[BENCH_P50] == 10);
    assert_true(isnan(point->latencies[BENCH_DEPOSIT].response[BENCH_P50]));
    // 400 is the workload's; the point's own latency of 0 counts before the workload's 20 ms.
    assert_true(bench_results_bank_rate(&results, point) == 400);
    assert_true(isnan(bench_results_bank_latency(&results, point)));
    assert_true(bench_results_bank_latency(&results, &results.points[1]) == 2e7);
    assert_true(bench_results_calls(&results) == 4);
    assert_true(results.points[1].per_s == 12 && results.points[1].repeat_count == 0);
    assert_true(isnan(results.points[1].number));
    bench_results_free(&results);
}

static void what_is_missing_or_null_is_not_known(void **state)
{
    (void)state;
    char error[BENCH_RESULTS_ERROR_BYTES];
    struct bench_results results;
    json_t *document = parse("{" HEAD "'swept': null, 'environment': {'cpu': null}, 'workload': {},"
                             " 'points': [{'value': null, 'settlements_per_s': null,"
                             "             'latency_ns': {'deposit': null}, 'time_share': null}]}");
    assert_true(bench_results_take(&results, "a.json", document, error));
    assert_null(results.swept);
    assert_null(results.environment.cpu);
    assert_int_equal(results.environment.fsync, -1);
    assert_true(isnan(results.workload.accounts) && isnan(results.points[0].per_s));
    assert_true(isnan(results.points[0].shares[BENCH_OF_CPU]));
    assert_string_equal(results.points[0].value, "");
    assert_true(bench_results_calls(&results) == 3);
    bench_results_free(&results);
}

/* Repeats stand in "runs", where the spread does not list them; traced ones have no throughput. */
static void repeats_are_found_in_runs(void **state)
{
    (void)state;
    char error[BENCH_RESULTS_ERROR_BYTES];
    struct bench_results results;
    json_t *document = parse("{" HEAD "'environment': {}, 'workload': {}, 'points': [{"
                             "'settlements_per_s': {'median': 15}, 'runs': ["
                             "{'settlements_per_s': 10}, {'traced': true},"
                             "{'settlements_per_s': 20}]}]}");
    assert_true(bench_results_take(&results, "a.json", document, error));
    assert_int_equal(results.points[0].repeat_count, 2);
    assert_true(results.points[0].repeats[1] == 20);
    bench_results_free(&results);
}

static void what_is_wrong_is_refused_with_its_place(void **state)
{
    (void)state;
    const struct {
        const char *members, *expected;
    } rows[] = {
        {"'swept': 7, 'points': [{}]", "a.json: swept: not a text"},
        {"'points': 7", "a.json: points: not a list of 1 to 256 points"},
        {"'points': []", "a.json: points: not a list of 1 to 256 points"},
        {"'points': [{}, 7]", "a.json: points[1]: not an object"},
        {"'environment': {'cores': '2'}, 'points': [{}]",
         "a.json: environment.cores: not a number"},
        {"'environment': {'fsync': 'on'}, 'points': [{}]",
         "a.json: environment.fsync: neither true nor false"},
        {"'workload': [], 'points': [{}]", "a.json: workload: not an object"},
        {"'workload': {'accounts': -1}, 'points': [{}]",
         "a.json: workload.accounts: -1 is out of range, 0 to 1e+18"},
        {"'points': [{'value': {}}]", "a.json: points[0].value: neither a number nor a text"},
        {"'points': [{}, {}, {'settlements_per_s': 'fast'}]",
         "a.json: points[2].settlements_per_s: not a number"},
        {"'points': [{'settlements_per_s': {'median': true}}]",
         "a.json: points[0].settlements_per_s.median: not a number"},
        {"'points': [{'settlements_per_s': {'median': 5, 'least': 6}}]",
         "a.json: points[0].settlements_per_s.median: not between least and most"},
        {"'points': [{'settlements_per_s': {'median': 5, 'all': 5}}]",
         "a.json: points[0].settlements_per_s.all: not a list"},
        {"'points': [{'settlements_per_s': {'median': 5, 'all': [5, 'x']}}]",
         "a.json: points[0].settlements_per_s.all[1]: not a number"},
        {"'points': [{'runs': {}}]", "a.json: points[0].runs: not a list"},
        {"'points': [{'runs': [{'settlements_per_s': -2}]}]",
         "a.json: points[0].runs[0].settlements_per_s: -2 is out of range, 0 to 1e+18"},
        {"'points': [{'time_share': {'cpu': 1.5}}]",
         "a.json: points[0].time_share.cpu: 1.5 is out of range, 0 to 1"},
        {"'points': [{'time_share': {'bank': 0.7, 'cpu': 0.7}}]",
         "a.json: points[0].time_share.cpu: the shares add up to 1.4, more than 1"},
        {"'points': [{'latency_ns': {'payout': {'response': {'p50': 9, 'p90': 8}}}}]",
         "a.json: points[0].latency_ns.payout.response.p90: less than the percentile before it"},
        {"'points': [{'latency_ns': {'payout': {'service': 7}}}]",
         "a.json: points[0].latency_ns.payout.service: not an object"},
        {"'points': [{'cpu_ns_per_settlement': {'engine': 1e19}}]",
         "a.json: points[0].cpu_ns_per_settlement.engine: 1e+19 is out of range, 0 to 1e+18"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[1024], error[BENCH_RESULTS_ERROR_BYTES] = "";
        struct bench_results results;
        snprintf(text, sizeof text, "{" HEAD "%s}", rows[i].members);
        assert_false(bench_results_take(&results, "a.json", parse(text), error));
        assert_string_equal(error, rows[i].expected);
    }
}

static void too_many_points_or_repeats_are_refused(void **state)
{
    (void)state;
    char error[BENCH_RESULTS_ERROR_BYTES];
    struct bench_results results;
    json_t *document = parse("{" HEAD "'points': []}"),
           *points = json_object_get(document, "points");
    for (size_t i = 0; i <= BENCH_RESULTS_POINTS_MAX; i++)
        json_array_append_new(points, json_object());
    assert_false(bench_results_take(&results, "a.json", document, error));
    assert_string_equal(error, "a.json: points: not a list of 1 to 256 points");
    document = parse("{" HEAD "'points': [{'settlements_per_s': {'all': []}}]}");
    json_t *point = json_array_get(json_object_get(document, "points"), 0);
    json_t *all = json_object_get(json_object_get(point, "settlements_per_s"), "all");
    for (size_t i = 0; i <= BENCH_RESULTS_REPEATS_MAX; i++)
        json_array_append_new(all, json_integer(1));
    assert_false(bench_results_take(&results, "a.json", document, error));
    assert_string_equal(error, "a.json: points[0].settlements_per_s.all: 129 repeats, at most 128");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_read),
        cmocka_unit_test(what_is_missing_or_null_is_not_known),
        cmocka_unit_test(repeats_are_found_in_runs),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
        cmocka_unit_test(too_many_points_or_repeats_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
