/* The results document: the names that readers rely on, and files of both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/bench.h"
#include "jobs/bench_file.h"
#include "jobs/bench_metric.h"

static struct bench_times times;
static char folder[] = "/tmp/daybook-bench-result.XXXXXX";

static struct bench bench = {
    .workload = {.accounts = 1000,
                 .warm_up = 100,
                 .seed = 7,
                 .repeats = 3,
                 .latency_repeats = 1,
                 .poll_interval_ns = NS_PER_S,
                 .bank_rate_per_s = 500,
                 .closing_check = "off"},
    .over = BENCH_OVER_CONCURRENCY,
    .started_at = "2026-03-25T09:00:00Z",
};
static const struct bench_point point = {.connections = 64, .latency_ns = 5 * NS_PER_MS};

/* Three timed ones of 1, 2 and 4 s, and a traced one. */
static void fill(struct bench_run runs[4])
{
    memset(&times, 0, sizeof times);
    for (size_t i = 0; i < 4; i++)
        runs[i] =
            (struct bench_run){.is_timed = i < 3,
                               .is_traced = i == 3,
                               .settled = 1000,
                               .accounts = 1000,
                               .took_ns = (i == 3 ? 10 : UINT64_C(1) << i) * NS_PER_S,
                               .settling_ns = NS_PER_S / 2,
                               .cpu_ns = {40 * NS_PER_MS * (i + 1), 30 * NS_PER_MS, UINT64_MAX},
                               .memory_bytes = (i + 1) << 20,
                               .held_ns = 0};
    for (uint64_t i = 1; i <= 1000; i++)
        histogram_add(&times.response[BENCH_WHOLE], i * NS_PER_MS);
    histogram_add(&times.service[STEP_PAYOUT], 3 * NS_PER_MS);
    times.part_ns[BENCH_TOKENS] = 100;
    times.part_ns[BENCH_BANK] = 400;
    times.part_ns[BENCH_DATABASE] = 450;
    times.part_ns[BENCH_CPU] = 50;
    times.gathering_ns = 200;
    times.answered_ns = 1000;
    times.dropped = 5;
    runs[3].times = &times;
    runs[3].held_ns = 750; // the rest of the calls' time is work
}

static double number(const json_t *from, const char *path)
{
    char part[64];
    for (; *path != '\0'; path += strspn(path, ".")) {
        size_t bytes = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)bytes, path);
        from = json_is_array(from) ? json_array_get(from, (size_t)(part[0] - '0'))
                                   : json_object_get(from, part);
        path += bytes;
    }
    if (!json_is_number(from))
        fail_msg("no number at a path that ends in %s", part);
    return json_number_value(from);
}

static void a_point_has_what_was_agreed(void **state)
{
    (void)state;
    struct bench_run runs[4];
    fill(runs);
    json_t *made = bench_result_point(&bench, &point, json_integer(64), runs, 4);
    const struct {
        const char *path;
        double value;
    } rows[] = {
        {"value", 64},
        {"concurrency", 64},
        {"bank_latency_ns", 5e6},
        {"bank_rate_per_s", 500},
        {"settlements_per_s.median", 500},
        {"settlements_per_s.least", 250},
        {"settlements_per_s.most", 1000},
        {"settlements_per_s.all.0", 1000},
        {"settlements_per_s.all.2", 250},
        {"seconds.median", 2},
        {"cpu_ns_per_settlement.engine", 80000},
        {"cpu_ns_per_settlement.bank", 30000},
        {"memory_bytes", 4 << 20},
        {"time_share.tokens", 0.1},
        {"time_share.bank", 0.3},
        {"time_share.database", 0.45},
        {"time_share.cpu", 0.15},
        {"time_share_within.gathering", 0.2},
        {"latency_ns.payout.service.p50", 3e6},
        {"latency_ns.settlement.response.max", 1e9},
        {"latency_ns.settlement.response.count", 1000},
        {"trace_dropped", 5},
        {"runs.0.settlements_per_s", 1000},
        {"runs.3.traced_settlements_per_s", 100},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value = number(made, rows[i].path);
        if (value < rows[i].value - 1e-9 || value > rows[i].value + 1e-9)
            fail_msg("%s is %f", rows[i].path, value);
    }
    // To less than 1 %.
    assert_in_range((uint64_t)number(made, "latency_ns.settlement.response.p99"), 990000000,
                    999900000);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(made, "settlements_per_s"), "all")), 3);
    const json_t *cpu = json_object_get(made, "cpu_ns_per_settlement");
    assert_true(json_is_null(json_object_get(cpu, "postgres")));
    assert_true(json_is_null(json_object_get(made, "rate_per_s")));
    assert_true(json_is_integer(json_object_get(made, "memory_bytes")));
    json_decref(made);
}

/* What the command measured, the command can compare and hold against thresholds. */
static void every_metric_of_a_point_is_found_in_it(void **state)
{
    (void)state;
    struct bench_run runs[4];
    struct bench_metric metric;
    double value;
    fill(runs);
    for (size_t i = STEP_DEPOSIT; i < BENCH_STEPS; i++) {
        histogram_add(&times.response[i], i);
        histogram_add(&times.service[i], i);
    }
    runs[0].cpu_ns[2] = runs[1].cpu_ns[2] = runs[2].cpu_ns[2] = 1;
    json_t *made = bench_result_point(&bench, &point, json_integer(64), runs, 4);
    for (size_t i = 0; bench_metric_at(i, &metric); i++)
        if (!bench_metric_of(&metric, made, &value))
            fail_msg("%s is missing", metric.name);
    json_decref(made);
}

static json_t *document(void)
{
    struct bench_run runs[4];
    fill(runs);
    json_t *points = json_array();
    json_array_append_new(points, bench_result_point(&bench, &point, json_integer(64), runs, 4));
    bench.environment = json_pack("{s:s}", "cpu", "one");
    json_t *made = bench_result_document(&bench, &point, points);
    json_decref(bench.environment);
    assert_non_null(made);
    return made;
}

static void a_file_holds_the_same_in_both_forms(void **state)
{
    (void)state;
    static const char *const names[] = {"a.json", "a.msgpack"};
    json_t *made = document();
    assert_string_equal(json_string_value(json_object_get(made, "kind")), "sweep");
    assert_string_equal(json_string_value(json_object_get(made, "swept")), "concurrency");
    const json_t *workload = json_object_get(made, "workload");
    assert_string_equal(json_string_value(json_object_get(workload, "loop")), "closed");
    assert_string_equal(json_string_value(json_object_get(workload, "bank")), "mock");
    for (size_t i = 0; i < 2; i++) {
        char name[64], error[BENCH_FILE_ERROR_BYTES];
        snprintf(name, sizeof name, "%s/%s", folder, names[i]);
        assert_true(bench_file_write(name, made, error));
        json_t *back = bench_file_read(name, error);
        assert_non_null(back);
        assert_true(json_equal(back, made));
        json_decref(back);
        FILE *file = fopen(name, "re");
        assert_int_equal(fgetc(file) == '{', i == 0);
        fclose(file);
        unlink(name);
    }
    json_decref(made);
}

static void what_is_no_result_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *error;
    } rows[] = {
        {"", "expected"},
        {"{\"format\": \"daybook-bench\"", "expected"},
        {"{}", "not results of `daybook bench`"},
        {"{\"format\": \"daybook-bench\", \"version\": 2}", "another version"},
        {"{\"format\": \"daybook-bench\", \"version\": 1, \"points\": []}", "holds no point"},
        {"{\"format\": \"daybook-bench\", \"version\": 1, \"points\": [1]}", "not an object"},
        {"{\"format\": \"daybook-bench\", \"version\": 1, \"points\": [{}]}", "missing"},
        {"\x81\xa6", "at byte 1: cut off"},
    };
    char name[64], error[BENCH_FILE_ERROR_BYTES];
    snprintf(name, sizeof name, "%s/bad", folder);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        FILE *file = fopen(name, "we");
        fputs(rows[i].text, file);
        fclose(file);
        assert_null(bench_file_read(name, error));
        if (strstr(error, rows[i].error) == NULL || strstr(error, name) == NULL)
            fail_msg("%s: %s", rows[i].text, error);
    }
    unlink(name);
    assert_null(bench_file_read(name, error));
}

static void what_cannot_be_written_leaves_nothing(void **state)
{
    (void)state;
    char error[BENCH_FILE_ERROR_BYTES];
    json_t *made = document();
    assert_false(bench_file_write("/nonexistent/a.json", made, error));
    assert_non_null(strstr(error, "/nonexistent/a.json"));
    assert_false(bench_file_write(folder, made, error)); // a folder is there
    json_decref(made);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); // fails where something was left
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_has_what_was_agreed),
        cmocka_unit_test(every_metric_of_a_point_is_found_in_it),
        cmocka_unit_test(a_file_holds_the_same_in_both_forms),
        cmocka_unit_test(what_is_no_result_is_refused),
        cmocka_unit_test(what_cannot_be_written_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
