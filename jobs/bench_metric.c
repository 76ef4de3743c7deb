#include "jobs/bench_metric.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/report.h"
#include "jobs/value.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Those besides the latencies. */
static const struct bench_metric plain[] = {
    {"settlements_per_s", BENCH_RATE, true, true},
    {"seconds", BENCH_SECONDS, false, false},
    {"cpu_ns_per_settlement.engine", BENCH_DURATION, false, true},
    {"cpu_ns_per_settlement.bank", BENCH_DURATION, false, false},
    {"cpu_ns_per_settlement.postgres", BENCH_DURATION, false, true},
    {"memory_bytes", BENCH_BYTES, false, true},
    {"time_share.tokens", BENCH_SHARE, false, false},
    {"time_share.bank", BENCH_SHARE, false, false},
    {"time_share.database", BENCH_SHARE, false, false},
    {"time_share.cpu", BENCH_SHARE, false, false},
    {"trace_dropped", BENCH_COUNT, false, false},
};

/* A settlement as a whole has no service time: it is many calls. */
static const char *const timed[] = {"deposit.response",   "deposit.service", "collect.response",
                                    "collect.service",    "payout.response", "payout.service",
                                    "settlement.response"};
static const char *const marks[] = {"p50", "p90", "p99", "p999", "max"};

#define MARKS COUNT(marks)
#define METRICS (COUNT(plain) + COUNT(timed) * MARKS)
#define LATENCIES "latency_ns"

/* Single late ones say little about the rest: half and most of them do. */
static bool is_compared(const char *of, const char *mark)
{
    return strstr(of, ".response") != NULL &&
           (strcmp(mark, "p50") == 0 || strcmp(mark, "p99") == 0);
}

bool bench_metric_at(size_t index, struct bench_metric *metric)
{
    if (index >= METRICS)
        return false;
    if (index < COUNT(plain)) {
        *metric = plain[index];
        return true;
    }
    const char *of = timed[(index - COUNT(plain)) / MARKS];
    const char *mark = marks[(index - COUNT(plain)) % MARKS];
    *metric = (struct bench_metric){.unit = BENCH_DURATION, .is_compared = is_compared(of, mark)};
    snprintf(metric->name, sizeof metric->name, "%s.%s", of, mark);
    return true;
}

static const char *name_at(size_t index, void *context)
{
    char(*names)[BENCH_METRIC_NAME_BYTES] = context;
    return names[index];
}

bool bench_metric_find(const char *name, struct bench_metric *metric,
                       char near[BENCH_METRIC_NAME_BYTES])
{
    char names[METRICS][BENCH_METRIC_NAME_BYTES];
    near[0] = '\0';
    for (size_t i = 0; i < METRICS; i++) {
        CHECK(bench_metric_at(i, metric));
        if (strcmp(metric->name, name) == 0)
            return true;
        memcpy(names[i], metric->name, sizeof names[i]);
    }
    const char *nearest = value_nearest(name, name_at, METRICS, names);
    snprintf(near, BENCH_METRIC_NAME_BYTES, "%s", nearest == NULL ? "" : nearest);
    return false;
}

/* "a.b.c" from here on down, NULL: nothing is there. */
static const json_t *walk(const json_t *from, const char *path)
{
    char part[BENCH_METRIC_NAME_BYTES];
    while (from != NULL && *path != '\0') {
        size_t bytes = strcspn(path, ".");
        CHECK(bytes < sizeof part);
        memcpy(part, path, bytes);
        part[bytes] = '\0';
        from = json_object_get(from, part);
        path += bytes + (path[bytes] == '.');
    }
    return from;
}

bool bench_metric_of(const struct bench_metric *metric, const json_t *point, double *value)
{
    const json_t *found = walk(point, metric->name);
    if (found == NULL)
        found = walk(json_object_get(point, LATENCIES), metric->name);
    if (json_is_object(found))
        found = json_object_get(found, "median");
    *value = json_number_value(found);
    return json_is_number(found);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof *values, by_size);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

bool bench_metric_spread(const struct bench_metric *metric, const json_t *point,
                         struct bench_spread *spread)
{
    const json_t *runs = json_object_get(point, "runs");
    size_t run_count = json_array_size(runs), count = 0;
    double *values = calloc(run_count + 1, sizeof *values);
    CHECK(values != NULL);
    for (size_t i = 0; i < run_count; i++)
        count += bench_metric_of(metric, json_array_get(runs, i), &values[count]);
    double median = bench_median(values, count);
    if (count > 0)
        *spread = (struct bench_spread){
            .least = values[0], .median = median, .most = values[count - 1], .count = count};
    free(values);
    return count > 0;
}

const char *bench_metric_text(const struct bench_metric *metric, double value,
                              char text[BENCH_METRIC_TEXT_BYTES])
{
    char more[MONEY_TEXT_BYTES];
    _Static_assert(REPORT_DURATION_BYTES <= BENCH_METRIC_TEXT_BYTES, "a duration fits");
    switch (metric->unit) {
    case BENCH_RATE:
        if (value >= 1000)
            snprintf(text, BENCH_METRIC_TEXT_BYTES, "%.24s/s",
                     report_count((uint64_t)(value + 0.5), more));
        else
            snprintf(text, BENCH_METRIC_TEXT_BYTES, "%.1f/s", value);
        break;
    case BENCH_SECONDS:
        snprintf(text, BENCH_METRIC_TEXT_BYTES, "%.2f s", value);
        break;
    case BENCH_DURATION:
        return value < 1e6 ? (snprintf(text, BENCH_METRIC_TEXT_BYTES, "%.1f us", value / 1e3), text)
                           : report_duration((uint64_t)(value + 0.5), text);
    case BENCH_BYTES:
        snprintf(text, BENCH_METRIC_TEXT_BYTES, "%.1f MiB", value / (1 << 20));
        break;
    case BENCH_SHARE:
        snprintf(text, BENCH_METRIC_TEXT_BYTES, "%.1f %%", 100 * value);
        break;
    case BENCH_COUNT:
        snprintf(text, BENCH_METRIC_TEXT_BYTES, "%.24s",
                 report_count((uint64_t)(value + 0.5), more));
        break;
    }
    return text;
}
