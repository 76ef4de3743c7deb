/* bench compare: two results files beside each other. */
#include "jobs/bench_compare.h"

#include <string.h>

#include "jobs/bench_file.h"
#include "jobs/job.h"
#include "jobs/report.h"

#define METRICS_MAX 64
#define MILLION 1e6

/* ---- the rule -------------------------------------------------------------------------------- */

static enum bench_noise noise_of(const struct bench_spread *a, const struct bench_spread *b)
{
    if (a->count < 2 || b->count < 2)
        return BENCH_UNKNOWN;
    return a->most < b->least || b->most < a->least ? BENCH_BEYOND : BENCH_WITHIN;
}

struct bench_comparison bench_compare(const struct bench_metric *metric,
                                      const struct bench_spread *a, const struct bench_spread *b,
                                      double tolerance)
{
    struct bench_comparison comparison = {
        .ratio = a->median == 0 ? 0 : b->median / a->median,
        .noise = noise_of(a, b),
    };
    double gain = metric->more_is_better ? b->median - a->median : a->median - b->median;
    double allowed = tolerance * a->median;
    if (gain <= allowed && gain >= -allowed)
        comparison.verdict = BENCH_SAME;
    else if (comparison.noise == BENCH_WITHIN)
        comparison.verdict = BENCH_UNCLEAR;
    else
        comparison.verdict = gain > 0 ? BENCH_BETTER : BENCH_WORSE;
    return comparison;
}

const char *bench_verdict_name(enum bench_verdict verdict)
{
    switch (verdict) {
    case BENCH_SAME:
        return "same";
    case BENCH_BETTER:
        return "better";
    case BENCH_WORSE:
        return "worse";
    case BENCH_UNCLEAR:
        return "unclear";
    }
    CHECK(!"a verdict");
    return "";
}

const char *bench_noise_name(enum bench_noise noise)
{
    switch (noise) {
    case BENCH_WITHIN:
        return "within";
    case BENCH_BEYOND:
        return "beyond";
    case BENCH_UNKNOWN:
        return "unknown";
    }
    CHECK(!"a kind of noise");
    return "";
}

/* ---- the command ----------------------------------------------------------------------------- */

struct compare {
    struct job *job;
    const char *names[2];
    json_t *documents[2];
    struct bench_metric metrics[METRICS_MAX];
    size_t metric_count;
    double tolerance;
    size_t verdicts[BENCH_UNCLEAR + 1];
    size_t compared; /* lines */
    struct report_table *table;
    struct report_doc *doc; /* NULL: a table */
};

static int choose_metrics(struct compare *compare)
{
    struct bench_metric metric;
    char near[BENCH_METRIC_NAME_BYTES], hint[96];
    const char *name;
    size_t i = 0;
    for (; (name = job_text_at(compare->job, "metric", i)) != NULL; i++) {
        if (compare->metric_count == METRICS_MAX)
            return job_fail(JOB_USAGE, NULL, "too many --metric");
        if (!bench_metric_find(name, &metric, near)) {
            snprintf(hint, sizeof hint, "did you mean %s?", near);
            return job_fail(JOB_USAGE,
                            near[0] != '\0' ? hint : "`daybook bench run --help` tells them",
                            "--metric %.60s: nothing is measured by that name", name);
        }
        compare->metrics[compare->metric_count++] = metric;
    }
    if (i > 0)
        return JOB_DONE;
    for (; bench_metric_at(i, &metric); i++)
        if (metric.is_compared)
            compare->metrics[compare->metric_count++] = metric;
    return JOB_DONE;
}

static int read_files(struct compare *compare)
{
    char error[BENCH_FILE_ERROR_BYTES];
    for (size_t i = 0; i < 2; i++) {
        compare->names[i] = job_operand(compare->job, i);
        compare->documents[i] = bench_file_read(compare->names[i], error);
        if (compare->documents[i] == NULL)
            return job_fail(JOB_BAD_INPUT, "`daybook bench run --out FILE` writes one", "%s",
                            error);
    }
    return JOB_DONE;
}

/* What makes two results comparable with care only. */
static void warn_of_difference(const struct compare *compare, const char *part,
                               const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *a = json_object_get(json_object_get(compare->documents[0], part), names[i]);
        const json_t *b = json_object_get(json_object_get(compare->documents[1], part), names[i]);
        if (a == b || json_equal(a, b))
            continue;
        char *a_text = json_dumps(a, JSON_ENCODE_ANY), *b_text = json_dumps(b, JSON_ENCODE_ANY);
        job_warn(NULL, "%s.%s differs: %s in A, %s in B", part, names[i],
                 a_text == NULL ? "nothing" : a_text, b_text == NULL ? "nothing" : b_text);
        free(a_text);
        free(b_text);
    }
}

static void warn_of_differences(const struct compare *compare)
{
    static const char *const environment[] = {"cpu",    "cores",    "memory_bytes",
                                              "kernel", "postgres", "fsync"};
    static const char *const workload[] = {"accounts",
                                           "seed",
                                           "loop",
                                           "closing_check",
                                           "bank",
                                           "bank_latency_ns",
                                           "bank_rate_per_s",
                                           "warm_up_accounts"};
    warn_of_difference(compare, "environment", environment,
                       sizeof environment / sizeof environment[0]);
    warn_of_difference(compare, "workload", workload, sizeof workload / sizeof workload[0]);
}

/* A single result is one range of no width. */
static bool spread_of(const struct bench_metric *metric, const json_t *point,
                      struct bench_spread *spread)
{
    double value;
    if (bench_metric_spread(metric, point, spread))
        return true;
    if (!bench_metric_of(metric, point, &value))
        return false;
    *spread = (struct bench_spread){.least = value, .median = value, .most = value, .count = 1};
    return true;
}

static void add_cells(struct compare *compare, const struct bench_metric *metric,
                      const struct bench_spread *spread)
{
    char text[BENCH_METRIC_TEXT_BYTES], least[BENCH_METRIC_TEXT_BYTES],
        range[2 * BENCH_METRIC_TEXT_BYTES + 4];
    report_table_add(compare->table, bench_metric_text(metric, spread->median, text));
    snprintf(range, sizeof range, "%s to %s", bench_metric_text(metric, spread->least, least),
             bench_metric_text(metric, spread->most, text));
    report_table_add(compare->table, spread->count > 1 ? range : "");
}

static json_t *spread_json(const struct bench_spread *spread)
{
    return json_pack("{s:f, s:f, s:f, s:I}", "median", spread->median, "least", spread->least,
                     "most", spread->most, "repeats", (json_int_t)spread->count);
}

static void show(struct compare *compare, const char *value, const struct bench_metric *metric,
                 const struct bench_spread spreads[2], const struct bench_comparison *comparison)
{
    char ratio[32] = "";
    if (compare->doc != NULL) {
        report_doc_row(
            compare->doc, "metrics", "metric",
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:s}", "value", value, "metric", metric->name,
                      "a", spread_json(&spreads[0]), "b", spread_json(&spreads[1]), "ratio",
                      comparison->ratio == 0 ? json_null() : json_real(comparison->ratio), "noise",
                      bench_noise_name(comparison->noise), "verdict",
                      bench_verdict_name(comparison->verdict)));
        return;
    }
    if (comparison->ratio != 0)
        snprintf(ratio, sizeof ratio, "%.3f", comparison->ratio);
    report_table_add(compare->table, value);
    report_table_add(compare->table, metric->name);
    add_cells(compare, metric, &spreads[0]);
    add_cells(compare, metric, &spreads[1]);
    report_table_add(compare->table, ratio);
    report_table_add(compare->table, bench_noise_name(comparison->noise));
    report_table_add(compare->table, bench_verdict_name(comparison->verdict));
}

static void compare_points(struct compare *compare, const char *value, const json_t *a,
                           const json_t *b)
{
    struct bench_spread spreads[2];
    for (size_t i = 0; i < compare->metric_count; i++) {
        const struct bench_metric *metric = &compare->metrics[i];
        if (!spread_of(metric, a, &spreads[0]) || !spread_of(metric, b, &spreads[1]))
            continue;
        struct bench_comparison comparison =
            bench_compare(metric, &spreads[0], &spreads[1], compare->tolerance);
        compare->verdicts[comparison.verdict]++;
        compare->compared++;
        show(compare, value, metric, spreads, &comparison);
    }
}

/* Points belong together by the value that was swept; single ones always do. */
static void compare_all(struct compare *compare)
{
    const json_t *a = json_object_get(compare->documents[0], "points");
    const json_t *b = json_object_get(compare->documents[1], "points");
    bool are_single = json_array_size(a) == 1 && json_array_size(b) == 1;
    for (size_t i = 0; i < json_array_size(a); i++) {
        const json_t *point = json_array_get(a, i), *value = json_object_get(point, "value");
        for (size_t j = 0; j < json_array_size(b); j++) {
            const json_t *other = json_array_get(b, j);
            if (!are_single && !json_equal(value, json_object_get(other, "value")))
                continue;
            char *text = json_dumps(value, JSON_ENCODE_ANY);
            compare_points(compare, text == NULL || are_single ? "" : text, point, other);
            free(text);
            break;
        }
    }
}

static int conclude(const struct compare *compare)
{
    size_t worse = compare->verdicts[BENCH_WORSE], unclear = compare->verdicts[BENCH_UNCLEAR];
    if (compare->compared == 0)
        return job_fail(JOB_BAD_INPUT, "compare results of the same sweep, or of two single runs",
                        "%s and %s have nothing in common that could be compared",
                        compare->names[0], compare->names[1]);
    if (unclear > 0)
        job_warn("measure with more --repeats, on a quiet machine",
                 "%zu of %zu differ by more than the tolerance, but within the noise", unclear,
                 compare->compared);
    if (worse == 0)
        return JOB_DONE;
    return job_fail(JOB_THRESHOLD, NULL, "B is worse than A by more than %s in %zu of %zu",
                    job_text(compare->job, "tolerance"), worse, compare->compared);
}

static void open_output(struct compare *compare)
{
    static const struct report_column columns[] = {
        {"value", true}, {"metric", false}, {"A", true},      {"range", true},    {"B", true},
        {"range", true}, {"B/A", true},     {"noise", false}, {"verdict", false},
    };
    enum report_form form = (enum report_form)job_number(compare->job, "output");
    if (form == REPORT_TABLE) {
        compare->table = report_table_open(columns, sizeof columns / sizeof columns[0]);
        return;
    }
    compare->doc = report_doc_open(form, "comparison", stdout);
    report_doc_set(compare->doc, "a", json_string(compare->names[0]));
    report_doc_set(compare->doc, "b", json_string(compare->names[1]));
    report_doc_set(compare->doc, "tolerance", json_real(compare->tolerance));
    report_doc_list(compare->doc, "metrics");
}

static void close_output(struct compare *compare)
{
    if (compare->doc != NULL)
        report_doc_close(compare->doc);
    if (compare->table == NULL)
        return;
    report_table_print(compare->table, 0, stdout);
    if (compare->compared > 0)
        printf("noise: beyond where the ranges over the repeats do not meet; unknown with one "
               "repeat\n"
               "verdict: better or worse by more than %s of A's median, and not within the noise\n",
               job_text(compare->job, "tolerance"));
    report_table_close(compare->table);
}

int job_bench_compare(struct job *job)
{
    struct compare compare = {.job = job,
                              .tolerance = (double)job_number(job, "tolerance") / MILLION};
    int exit_code = choose_metrics(&compare);
    if (exit_code == JOB_DONE)
        exit_code = read_files(&compare);
    if (exit_code == JOB_DONE) {
        warn_of_differences(&compare);
        open_output(&compare);
        compare_all(&compare);
        close_output(&compare);
        exit_code = conclude(&compare);
    }
    json_decref(compare.documents[0]);
    json_decref(compare.documents[1]);
    return exit_code;
}
