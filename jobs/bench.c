/* bench run, bench sweep: measure one workload, or one at several values. */
#include "jobs/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/limits.h"
#include "jobs/bench_file.h"
#include "jobs/bench_print.h"
#include "jobs/bench_require.h"
#include "jobs/child.h"
#include "jobs/report.h"

#define REQUIRES_MAX 32
#define OPEN_LOOP_MOST_S (3U * 3600)
#define WARM_UP_SHARE 10 /* of the accounts, unless --warm-up says */

enum form { FORM_TABLE, FORM_JSON };

struct values {
    size_t count;
    struct bench_point points[BENCH_VALUES_MAX];
    int64_t values[BENCH_VALUES_MAX]; /* of what is swept */
};

struct requires
{
    size_t count;
    const char *texts[REQUIRES_MAX];
    struct bench_require requires[REQUIRES_MAX];
};

/* ---- what is asked for ----------------------------------------------------------------------- */

static int read_bank_options(struct bench *bench)
{
    static const char *const mock_only[] = {
        "accounts",   "seed",  "rate",    "latency",       "spread",  "bank-rate",
        "bank-burst", "fault", "warm-up", "poll-interval", "repeats", "latency-repeats"};
    struct bench_workload *workload = &bench->workload;
    uint32_t files = 0;
    while (job_text_at(bench->job, "accounts-file", files) != NULL)
        files++;
    if (workload->bank == NULL)
        return files == 0 ? JOB_DONE
                          : job_fail(JOB_USAGE, "add --bank NAME",
                                     "--accounts-file is for a bank of the configuration");
    for (size_t i = 0; i < sizeof mock_only / sizeof mock_only[0]; i++)
        if (job_given(bench->job, mock_only[i]))
            return job_fail(JOB_USAGE, "leave it out, or leave --bank out",
                            "--%s is for the mock bank, and --bank names another", mock_only[i]);
    if (files == 0)
        return job_fail(JOB_USAGE,
                        "accounts at its sandbox, as for `daybook import`; one file for "
                        "each repeat: money moves only once",
                        "--bank %s needs --accounts-file FILE", workload->bank);
    if (bench->over != BENCH_OVER_NOTHING)
        return job_fail(JOB_USAGE, "run `daybook bench run` for each value",
                        "a sweep needs the mock bank: a sandbox's accounts are paid once");
    if (files > BENCH_REPEATS_MAX)
        return job_fail(JOB_USAGE, NULL, "more than %d --accounts-file", BENCH_REPEATS_MAX);
    workload->accounts = workload->warm_up = workload->latency_repeats = 0;
    workload->repeats = files;
    return JOB_DONE;
}

static int read_workload(struct bench *bench)
{
    static const char *const checks[] = {"off", "sample", "all"};
    struct job *job = bench->job;
    uint32_t accounts = (uint32_t)job_number(job, "accounts");
    bench->workload = (struct bench_workload){
        .accounts = accounts,
        .warm_up = job_given(job, "warm-up") ? (uint32_t)job_number(job, "warm-up")
                                             : accounts / WARM_UP_SHARE,
        .seed = (uint64_t)job_number(job, "seed"),
        .repeats = (uint32_t)job_number(job, "repeats"),
        .latency_repeats = (uint32_t)job_number(job, "latency-repeats"),
        .spread_ns = (uint64_t)job_number(job, "spread"),
        .poll_interval_ns = (uint64_t)job_number(job, "poll-interval"),
        .bank_rate_per_s = (uint32_t)job_number(job, "bank-rate"),
        .bank_burst = (uint32_t)job_number(job, "bank-burst"),
        .closing_check = checks[job_number(job, "closing-check")],
        .bank = job_text(job, "bank"),
    };
    return read_bank_options(bench);
}

/* Is there such a key in this program? */
static bool has_key(const char *name)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return true;
    return false;
}

static int read_point(const struct bench *bench, struct bench_point *point)
{
    const struct job *job = bench->job;
    *point = (struct bench_point){
        .connections = (uint32_t)job_number(job, "connections"),
        .rate_per_s = job_given(job, "rate") ? (uint32_t)job_number(job, "rate") : 0,
        .chunk_records =
            job_given(job, "chunk-records") ? (uint32_t)job_number(job, "chunk-records") : 0,
        .lanes = job_given(job, "lanes") ? (uint32_t)job_number(job, "lanes") : 0,
        .latency_ns = (uint64_t)job_number(job, "latency"),
    };
    return JOB_DONE;
}

/* Lanes of a program that has none: one is what it does anyway. */
static int check_lanes(struct values *values)
{
    for (size_t i = 0; i < values->count && !has_key("run.lanes"); i++) {
        if (values->points[i].lanes > 1)
            return job_fail(JOB_USAGE, NULL, "this daybook runs one lane, not %u",
                            values->points[i].lanes);
        values->points[i].lanes = 0;
    }
    return JOB_DONE;
}

/* ---- what a sweep goes over ------------------------------------------------------------------ */

static const struct value_rule over_rules[] = {
    [BENCH_OVER_CONCURRENCY] = {.kind = VALUE_INTEGER, .least = 1, .most = CALLS_MAX},
    [BENCH_OVER_RATE] = {.kind = VALUE_INTEGER, .least = 1, .most = 1000000},
    [BENCH_OVER_CHUNK_RECORDS] = {.kind = VALUE_INTEGER, .least = 1, .most = CHUNK_RECORDS_MAX},
    [BENCH_OVER_LANES] = {.kind = VALUE_INTEGER, .least = 1, .most = PARTITIONS_MAX},
    [BENCH_OVER_LATENCY] = {.kind = VALUE_DURATION, .least = 0, .most = INT64_C(3600000000000)},
};

static void put_value(struct bench_point *point, enum bench_over over, int64_t value)
{
    switch (over) {
    case BENCH_OVER_NOTHING:
        return;
    case BENCH_OVER_CONCURRENCY:
        point->connections = (uint32_t)value;
        return;
    case BENCH_OVER_RATE:
        point->rate_per_s = (uint32_t)value;
        return;
    case BENCH_OVER_CHUNK_RECORDS:
        point->chunk_records = (uint32_t)value;
        return;
    case BENCH_OVER_LANES:
        point->lanes = (uint32_t)value;
        return;
    case BENCH_OVER_LATENCY:
        point->latency_ns = (uint64_t)value;
        return;
    }
    CHECK(!"what a sweep goes over");
}

static int read_values(const struct bench *bench, const struct bench_point *base,
                       struct values *values)
{
    char word[64], error[VALUE_ERROR_BYTES];
    const char *text = job_text(bench->job, "values");
    for (size_t bytes; *text != '\0'; text += bytes + (text[bytes] == ',')) {
        int64_t value;
        bytes = strcspn(text, ",");
        snprintf(word, sizeof word, "%.*s", (int)(bytes < 60 ? bytes : 60), text);
        if (!value_parse(&over_rules[bench->over], word, &value, error))
            return job_fail(JOB_USAGE, "for example --values 1,2,4", "--values: %s", error);
        if (values->count == BENCH_VALUES_MAX)
            return job_fail(JOB_USAGE, NULL, "more than %d --values", BENCH_VALUES_MAX);
        values->points[values->count] = *base;
        values->values[values->count] = value;
        put_value(&values->points[values->count++], bench->over, value);
    }
    return JOB_DONE;
}

static int check_open_loop(const struct bench *bench, const struct bench_point *point)
{
    if (point->rate_per_s == 0)
        return JOB_DONE;
    if (job_given(bench->job, "latency-repeats"))
        return job_fail(JOB_USAGE, "leave it out",
                        "an open loop is traced in every repeat: no --latency-repeats");
    if (bench->workload.accounts / point->rate_per_s > OPEN_LOOP_MOST_S)
        return job_fail(JOB_USAGE, "fewer --accounts, or a higher --rate",
                        "%u accounts at %u a second take more than %u hours",
                        bench->workload.accounts, point->rate_per_s, OPEN_LOOP_MOST_S / 3600);
    return JOB_DONE;
}

static int read_points(const struct bench *bench, struct values *values)
{
    struct bench_point base;
    int exit_code = read_point(bench, &base);
    if (exit_code != JOB_DONE)
        return exit_code;
    if (bench->over != BENCH_OVER_NOTHING) {
        exit_code = read_values(bench, &base, values);
    } else {
        values->points[0] = base;
        values->count = 1;
    }
    if (exit_code == JOB_DONE)
        exit_code = check_lanes(values);
    for (size_t i = 0; i < values->count && exit_code == JOB_DONE; i++)
        exit_code = check_open_loop(bench, &values->points[i]);
    return exit_code;
}

/* Not only when all is measured: can the results be written there? */
static int check_out(const struct bench *bench)
{
    char folder[4096] = ".";
    const char *file = job_text(bench->job, "out");
    const char *slash = file == NULL ? NULL : strrchr(file, '/');
    if (file == NULL)
        return JOB_DONE;
    if (slash != NULL)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - file + 1), file);
    if (access(folder, W_OK | X_OK) == 0)
        return JOB_DONE;
    return job_fail(JOB_USAGE, "name a file in a folder that this user may write", "--out %s: %s",
                    file, strerror(errno));
}

/* ---- thresholds ------------------------------------------------------------------------------ */

static int read_requires(const struct bench *bench, struct requires *requires)
{
    char error[VALUE_ERROR_BYTES];
    const char *text;
    for (size_t i = 0; (text = job_text_at(bench->job, "require", i)) != NULL; i++) {
        if (requires->count == REQUIRES_MAX)
            return job_fail(JOB_USAGE, NULL, "more than %d --require", REQUIRES_MAX);
        if (!bench_require_parse(text, &requires->requires[requires->count], error))
            return job_fail(JOB_USAGE, "for example --require 'settlements_per_s>=10000'",
                            "--require: %s", error);
        requires->texts[requires->count++] = text;
    }
    return JOB_DONE;
}

static const char *const result_words[] = {
    [BENCH_MET] = "met", [BENCH_FAILED] = "failed", [BENCH_UNMEASURED] = "not measured"};

static void tell_require(const struct bench_require *require, enum bench_result result,
                         double measured, const json_t *value, FILE *out)
{
    char wanted[BENCH_METRIC_TEXT_BYTES], got[BENCH_METRIC_TEXT_BYTES];
    char *at = json_is_null(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    fprintf(out, "%-12s %s %s %s", result_words[result], require->metric.name,
            bench_relation_text(require->relation),
            bench_metric_text(&require->metric, require->value, wanted));
    if (result != BENCH_UNMEASURED)
        fprintf(out, ": %s", bench_metric_text(&require->metric, measured, got));
    if (at != NULL)
        fprintf(out, " at %s", at);
    fprintf(out, "\n");
    free(at);
}

/* Line by line; how many are not met. Into the document, too. */
static size_t judge(const struct requires *requires, json_t *document, FILE *out)
{
    size_t failed = 0;
    const json_t *points = json_object_get(document, "points");
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *point = json_array_get(points, i);
        json_t *value = json_object_get(point, "value");
        for (size_t j = 0; j < requires->count; j++) {
            double measured = 0;
            enum bench_result result =
                bench_require_judge(&requires->requires[j], point, &measured);
            failed += result != BENCH_MET;
            tell_require(&requires->requires[j], result, measured, value, out);
            json_array_append_new(
                list, json_pack("{s:s, s:O, s:o, s:s}", "require", requires->texts[j], "value",
                                value, "measured",
                                result == BENCH_UNMEASURED ? json_null() : json_real(measured),
                                "result", result_words[result]));
        }
    }
    json_object_set_new(document, "requirements", list);
    return failed;
}

/* ---- measuring ------------------------------------------------------------------------------- */

static void tell_beginning(const struct bench *bench, const struct values *values, size_t point,
                           uint32_t repeat, uint32_t repeats, bool is_traced)
{
    char count[MONEY_TEXT_BYTES], warm_up[MONEY_TEXT_BYTES], time[REPORT_DURATION_BYTES];
    if (bench->is_quiet)
        return;
    fprintf(stderr, "daybook: bench: ");
    if (bench->over != BENCH_OVER_NOTHING)
        fprintf(stderr, "%s %s (%zu of %zu), ", job_text(bench->job, "over"),
                bench->over == BENCH_OVER_LATENCY
                    ? report_duration((uint64_t)values->values[point], time)
                    : report_count((uint64_t)values->values[point], count),
                point + 1, values->count);
    fprintf(stderr, "repeat %u of %u%s", repeat + 1, repeats,
            is_traced ? ", traced for latencies" : "");
    if (bench->workload.bank == NULL)
        fprintf(stderr, ": warm-up of %s, then %s accounts",
                report_count(bench->workload.warm_up, warm_up),
                report_count(bench->workload.accounts, count));
    fprintf(stderr, "\n");
}

static void tell_end(const struct bench *bench, const struct bench_run *run)
{
    char rate[MONEY_TEXT_BYTES], took[REPORT_DURATION_BYTES];
    if (bench->is_quiet)
        return;
    uint64_t per_s =
        run->took_ns == 0 ? 0 : (uint64_t)((double)run->settled * 1e9 / (double)run->took_ns + 0.5);
    fprintf(stderr, "daybook: bench: %s settlements/s, in %s%s\n", report_count(per_s, rate),
            report_duration(run->took_ns, took),
            run->is_timed ? "" : "; not counted: a trace has its cost");
}

static int measure_point(struct bench *bench, const struct values *values, size_t index,
                         json_t *points)
{
    struct bench_run runs[2 * BENCH_REPEATS_MAX];
    const struct bench_point *point = &values->points[index];
    bool is_all_traced = point->rate_per_s > 0 || bench->workload.bank != NULL;
    uint32_t timed = bench->workload.repeats, count = 0;
    uint32_t repeats = timed + (is_all_traced ? 0 : bench->workload.latency_repeats);
    int exit_code = JOB_DONE;
    for (; count < repeats && exit_code == JOB_DONE; count++) {
        bool is_traced = is_all_traced || count >= timed;
        tell_beginning(bench, values, index, count, repeats, is_traced);
        exit_code = bench_once(bench, point, is_traced, &runs[count]);
        if (exit_code == JOB_DONE)
            tell_end(bench, &runs[count]);
    }
    if (exit_code == JOB_DONE) {
        if (bench->workload.accounts == 0 && count > 0)
            bench->workload.accounts = (uint32_t)runs[0].accounts;
        json_t *value =
            bench->over == BENCH_OVER_NOTHING ? json_null() : json_integer(values->values[index]);
        json_array_append_new(points, bench_result_point(bench, point, value, runs, count));
    }
    for (uint32_t i = 0; i < count; i++)
        bench_run_free(&runs[i]);
    return exit_code;
}

static int conclude(const struct bench *bench, const struct requires *requires, json_t *document)
{
    char error[BENCH_FILE_ERROR_BYTES];
    const char *file = job_text(bench->job, "out");
    bool is_json = job_number(bench->job, "output") == FORM_JSON;
    if (!is_json)
        bench_print(document);
    size_t failed = judge(requires, document, is_json ? stderr : stdout);
    if (is_json)
        report_json_print(json_incref(document));
    if (file != NULL && !bench_file_write(file, document, error))
        return job_fail(JOB_BAD_INPUT, "the results are lost, unless you redirected --output json",
                        "%s", error);
    if (failed == 0)
        return JOB_DONE;
    return job_fail(JOB_THRESHOLD, NULL, "%zu of %zu thresholds are not met", failed,
                    requires->count * json_array_size(json_object_get(document, "points")));
}

static int measure_all(struct bench *bench, struct values *values, const struct requires *requires)
{
    json_t *points = json_array();
    int exit_code = bench_open(bench);
    for (size_t i = 0; i < values->count && bench->bank_calls > 0; i++)
        if (!job_given(bench->job, "connections") ||
            values->points[i].connections > bench->bank_calls)
            values->points[i].connections = bench->bank_calls;
    for (size_t i = 0; i < values->count && exit_code == JOB_DONE; i++)
        exit_code = measure_point(bench, values, i, points);
    if (exit_code == JOB_DONE) {
        json_t *document = bench_result_document(bench, &values->points[0], points);
        CHECK(document != NULL);
        bench_machine_keep(bench, &values->points[0], document);
        exit_code = conclude(bench, requires, document);
        json_decref(document);
    } else {
        json_decref(points);
        if (child_signal() != 0)
            exit_code = job_fail(JOB_STOPPED, NULL, "stopped; nothing is kept");
    }
    bench_close(bench);
    return exit_code;
}

static int carry_out(struct job *job, enum bench_over over)
{
    struct bench bench = {.job = job, .over = over, .is_quiet = job_flag(job, "quiet")};
    struct values values = {.count = 0};
    struct requires requires = {.count = 0};
    int exit_code = read_workload(&bench);
    if (exit_code == JOB_DONE)
        exit_code = read_points(&bench, &values);
    if (exit_code == JOB_DONE)
        exit_code = read_requires(&bench, &requires);
    if (exit_code == JOB_DONE)
        exit_code = check_out(&bench);
    if (exit_code != JOB_DONE)
        return exit_code;
    child_catch_signals();
    return measure_all(&bench, &values, &requires);
}

int job_bench_run(struct job *job)
{
    return carry_out(job, BENCH_OVER_NOTHING);
}

int job_bench_sweep(struct job *job)
{
    return carry_out(job, (enum bench_over)(job_number(job, "over") + BENCH_OVER_CONCURRENCY));
}
