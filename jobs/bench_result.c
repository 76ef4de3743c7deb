/* What was measured, as the results document (bench_file.h). */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "jobs/bench.h"
#include "jobs/bench_file.h"
#include "jobs/bench_metric.h"

/* ---- numbers --------------------------------------------------------------------------------- */

static json_t *integer(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* 0 where it is not given. */
static json_t *integer_or_null(uint64_t value)
{
    return value == 0 ? json_null() : integer(value);
}

static double seconds(uint64_t duration_ns)
{
    return (double)duration_ns / (double)NS_PER_S;
}

static double per_second(const struct bench_run *run)
{
    return run->took_ns == 0 ? 0 : (double)run->settled / seconds(run->took_ns);
}

static json_t *each_settlement(uint64_t all_ns, uint64_t settled)
{
    return all_ns == UINT64_MAX || settled == 0 ? json_null()
                                                : integer((all_ns + settled / 2) / settled);
}

/* ---- latencies and shares -------------------------------------------------------------------- */

static json_t *percentiles(const struct histogram *histogram)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "p50", integer(histogram_at(histogram, 500)),
                     "p90", integer(histogram_at(histogram, 900)), "p99",
                     integer(histogram_at(histogram, 990)), "p999",
                     integer(histogram_at(histogram, 999)), "max", integer(histogram->most_ns),
                     "count", integer(histogram->count));
}

static void add_step(json_t *latencies, const char *name, const struct histogram *response,
                     const struct histogram *service)
{
    json_t *step = json_object();
    if (response->count > 0)
        json_object_set_new(step, "response", percentiles(response));
    if (service != NULL && service->count > 0)
        json_object_set_new(step, "service", percentiles(service));
    if (json_object_size(step) > 0)
        json_object_set(latencies, name, step);
    json_decref(step);
}

/* Only what there was: no hold by transfer, no closing check, nothing of them. */
static json_t *latencies_json(const struct bench_times *times)
{
    static const char *const names[BENCH_STEPS] = {
        [STEP_DEPOSIT] = "deposit", [STEP_COLLECT] = "collect", [STEP_HOLD] = "hold",
        [STEP_PAYOUT] = "payout",   [STEP_CLOSING] = "closing",
    };
    json_t *latencies = json_object();
    for (size_t i = STEP_DEPOSIT; i < BENCH_STEPS; i++)
        add_step(latencies, names[i], &times->response[i], &times->service[i]);
    add_step(latencies, "settlement", &times->response[BENCH_WHOLE], NULL);
    if (times->commit.count > 0)
        json_object_set_new(latencies, "commit",
                            json_pack("{s:o}", "service", percentiles(&times->commit)));
    return latencies;
}

/*
 * The time of calls, split: the mock bank says how long it held answers back; the rest of each call
 * is work of the two processes and the kernel between them. Of a real bank nobody knows.
 */
static uint64_t work_of_calls(const struct bench_times *times, uint64_t held_ns)
{
    if (held_ns == UINT64_MAX || times->answered_ns <= held_ns)
        return 0;
    double share = (double)(times->answered_ns - held_ns) / (double)times->answered_ns;
    return (uint64_t)((double)times->part_ns[BENCH_BANK] * share);
}

static json_t *shares_json(const struct bench_times *times, uint64_t held_ns, json_t **within)
{
    uint64_t all_ns = 0, work_ns = work_of_calls(times, held_ns);
    for (size_t i = 0; i < BENCH_PARTS; i++)
        all_ns += times->part_ns[i];
    *within = NULL;
    if (all_ns == 0)
        return json_null();
    double all = (double)all_ns;
    *within = json_pack("{s:f, s:f}", "gathering", (double)times->gathering_ns / all, "poll",
                        (double)times->poll_ns / all);
    return json_pack("{s:f, s:f, s:f, s:f}", "tokens", (double)times->part_ns[BENCH_TOKENS] / all,
                     "bank", (double)(times->part_ns[BENCH_BANK] - work_ns) / all, "database",
                     (double)times->part_ns[BENCH_DATABASE] / all, "cpu",
                     (double)(times->part_ns[BENCH_CPU] + work_ns) / all);
}

static void add_times(json_t *to, const struct bench_times *times, uint64_t held_ns)
{
    json_t *within;
    json_object_set_new(to, "time_share", shares_json(times, held_ns, &within));
    if (within != NULL)
        json_object_set_new(to, "time_share_within", within);
    json_object_set_new(to, "latency_ns", latencies_json(times));
    json_object_set_new(to, "trace_dropped", integer(times->dropped));
}

/* ---- one run --------------------------------------------------------------------------------- */

static json_t *cpu_json(const struct bench_run *run)
{
    return json_pack("{s:o, s:o, s:o}", "engine",
                     each_settlement(run->cpu_ns[BENCH_ENGINE], run->settled), "bank",
                     each_settlement(run->cpu_ns[BENCH_BANK_SIDE], run->settled), "postgres",
                     each_settlement(run->cpu_ns[BENCH_POSTGRES], run->settled));
}

/* What a trace costs is in no throughput, but told. */
static json_t *run_json(const struct bench_run *run)
{
    json_t *object = json_pack("{s:b, s:o, s:o, s:o}", "traced", run->is_traced, "settled",
                               integer(run->settled), "accounts", integer(run->accounts),
                               "memory_bytes", integer_or_null(run->memory_bytes));
    if (run->is_timed) {
        json_object_set_new(object, "settlements_per_s", json_real(per_second(run)));
        json_object_set_new(object, "seconds", json_real(seconds(run->took_ns)));
        json_object_set_new(object, "settling_seconds", json_real(seconds(run->settling_ns)));
        json_object_set_new(object, "cpu_ns_per_settlement", cpu_json(run));
    } else {
        json_object_set_new(object, "traced_settlements_per_s", json_real(per_second(run)));
    }
    if (run->times != NULL)
        add_times(object, run->times, run->held_ns);
    return object;
}

/* ---- a point --------------------------------------------------------------------------------- */

/* {"median", "least", "most", "all"} of a number of the timed runs. */
static json_t *spread_json(const struct bench_run *runs, size_t count,
                           double (*number_of)(const struct bench_run *))
{
    double values[BENCH_REPEATS_MAX];
    json_t *all = json_array();
    size_t timed = 0;
    for (size_t i = 0; i < count; i++) {
        if (!runs[i].is_timed)
            continue;
        CHECK(timed < BENCH_REPEATS_MAX);
        values[timed++] = number_of(&runs[i]);
        json_array_append_new(all, json_real(values[timed - 1]));
    }
    double median = bench_median(values, timed); // sorts them
    return json_pack("{s:f, s:f, s:f, s:o}", "median", median, "least", timed > 0 ? values[0] : 0,
                     "most", timed > 0 ? values[timed - 1] : 0, "all", all);
}

static double took(const struct bench_run *run)
{
    return seconds(run->took_ns);
}

/* The median over the timed runs; null where one does not know it. */
static json_t *median_cpu(const struct bench_run *runs, size_t count, size_t whose)
{
    double values[BENCH_REPEATS_MAX];
    size_t timed = 0;
    for (size_t i = 0; i < count; i++) {
        if (!runs[i].is_timed)
            continue;
        if (runs[i].cpu_ns[whose] == UINT64_MAX || runs[i].settled == 0)
            return json_null();
        CHECK(timed < BENCH_REPEATS_MAX);
        values[timed++] = (double)runs[i].cpu_ns[whose] / (double)runs[i].settled;
    }
    return timed == 0 ? json_null() : integer((uint64_t)(bench_median(values, timed) + 0.5));
}

static uint64_t most_memory(const struct bench_run *runs, size_t count)
{
    uint64_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = runs[i].memory_bytes > most ? runs[i].memory_bytes : most;
    return most;
}

/* Latencies of all traced runs together. */
static void add_all_times(json_t *point, const struct bench_run *runs, size_t count)
{
    struct bench_times *all = calloc(1, sizeof *all);
    CHECK(all != NULL);
    uint64_t held_ns = 0;
    bool is_traced = false;
    for (size_t i = 0; i < count; i++) {
        if (runs[i].times == NULL)
            continue;
        is_traced = true;
        bench_times_merge(all, runs[i].times);
        held_ns = runs[i].held_ns == UINT64_MAX || held_ns == UINT64_MAX
                      ? UINT64_MAX
                      : held_ns + runs[i].held_ns;
    }
    if (is_traced)
        add_times(point, all, held_ns);
    free(all);
}

static json_t *parameters(const struct bench *bench, const struct bench_point *point)
{
    bool is_mock = bench->workload.bank == NULL;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "concurrency", integer(point->connections),
                     "rate_per_s", integer_or_null(point->rate_per_s), "chunk_records",
                     integer_or_null(point->chunk_records), "lanes", integer_or_null(point->lanes),
                     "bank_latency_ns", is_mock ? integer(point->latency_ns) : json_null(),
                     "bank_rate_per_s",
                     is_mock ? integer_or_null(bench->workload.bank_rate_per_s) : json_null());
}

json_t *bench_result_point(const struct bench *bench, const struct bench_point *point,
                           json_t *value, const struct bench_run *runs, size_t run_count)
{
    json_t *object = parameters(bench, point), *list = json_array();
    json_object_set_new(object, "value", value);
    json_object_set_new(object, "settlements_per_s", spread_json(runs, run_count, per_second));
    json_object_set_new(object, "seconds", spread_json(runs, run_count, took));
    json_object_set_new(object, "cpu_ns_per_settlement",
                        json_pack("{s:o, s:o, s:o}", "engine",
                                  median_cpu(runs, run_count, BENCH_ENGINE), "bank",
                                  median_cpu(runs, run_count, BENCH_BANK_SIDE), "postgres",
                                  median_cpu(runs, run_count, BENCH_POSTGRES)));
    json_object_set_new(object, "memory_bytes", integer_or_null(most_memory(runs, run_count)));
    add_all_times(object, runs, run_count);
    for (size_t i = 0; i < run_count; i++)
        json_array_append_new(list, run_json(&runs[i]));
    json_object_set_new(object, "runs", list);
    return object;
}

/* ---- the document ---------------------------------------------------------------------------- */

static const char *swept_name(enum bench_over over)
{
    switch (over) {
    case BENCH_OVER_NOTHING:
        return NULL;
    case BENCH_OVER_CONCURRENCY:
        return "concurrency";
    case BENCH_OVER_RATE:
        return "rate";
    case BENCH_OVER_CHUNK_RECORDS:
        return "chunk-records";
    case BENCH_OVER_LANES:
        return "lanes";
    case BENCH_OVER_LATENCY:
        return "latency";
    }
    CHECK(!"what a sweep goes over");
    return NULL;
}

static json_t *workload_json(const struct bench *bench, const struct bench_point *first)
{
    const struct bench_workload *workload = &bench->workload;
    bool is_mock = workload->bank == NULL;
    return json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "accounts",
        integer(workload->accounts), "seed", is_mock ? integer(workload->seed) : json_null(),
        "loop", first->rate_per_s > 0 ? "open" : "closed", "rate_per_s",
        integer_or_null(first->rate_per_s), "repeats", integer(workload->repeats),
        "latency_repeats", integer(workload->latency_repeats), "warm_up_accounts",
        integer(workload->warm_up), "closing_check", workload->closing_check, "bank",
        is_mock ? "mock" : workload->bank, "bank_latency_ns",
        is_mock ? integer(first->latency_ns) : json_null(), "bank_latency_spread_ns",
        is_mock ? integer(workload->spread_ns) : json_null(), "bank_rate_per_s",
        is_mock ? integer_or_null(workload->bank_rate_per_s) : json_null(), "poll_interval_ns",
        is_mock ? integer(workload->poll_interval_ns) : json_null());
}

json_t *bench_result_document(const struct bench *bench, const struct bench_point *first,
                              json_t *points)
{
    char finished_at[32];
    const char *swept = swept_name(bench->over);
    bench_write_time(finished_at);
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:O, s:o, s:o, s:o}", "format", BENCH_FILE_FORMAT,
                     "version", BENCH_FILE_VERSION, "kind", swept == NULL ? "run" : "sweep",
                     "started_at", bench->started_at, "finished_at", finished_at, "environment",
                     bench->environment, "workload", workload_json(bench, first), "swept",
                     swept == NULL ? json_null() : json_string(swept), "points", points);
}
