#include "jobs/bench_results.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/bench_file.h"

#define PLACE_BYTES 160
#define NUMBER_MOST 1e18
#define TRANSFERS 2 /* of a benchmark's settlement */
#define SAMPLE_ONE_IN 16

static const char *const timed_names[BENCH_TIMED] = {"deposit", "collect", "payout", "closing",
                                                     "settlement"};
static const char *const mark_names[BENCH_MARKS] = {"p50", "p90", "p99", "p999", "max"};
static const char *const share_names[BENCH_OF] = {"tokens", "bank", "database", "cpu"};

/* The first thing that is wrong stays; what is read after it is NAN or NULL. */
struct reader {
    const char *file;
    char place[PLACE_BYTES]; /* of the object that is read: "points[3].latency_ns." */
    char *error;
    bool is_refused;
};

static void refuse(struct reader *reader, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void refuse(struct reader *reader, const char *name, const char *format, ...)
{
    if (reader->is_refused)
        return;
    reader->is_refused = true;
    char what[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(reader->error, BENCH_RESULTS_ERROR_BYTES, "%.400s: %s%.60s: %s", reader->file,
             reader->place, name, what);
}

/* ---- members ---- */

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *found = json_object_get(object, name);
    return json_is_null(found) ? NULL : found;
}

/* NAN: it is not there. */
static double number_of(struct reader *reader, const json_t *found, const char *name, double most)
{
    if (found == NULL || reader->is_refused)
        return NAN;
    if (!json_is_number(found)) {
        refuse(reader, name, "not a number");
        return NAN;
    }
    double value = json_number_value(found);
    if (!(value >= 0 && value <= most)) {
        refuse(reader, name, "%g is out of range, 0 to %g", value, most);
        return NAN;
    }
    return value;
}

static double number(struct reader *reader, const json_t *object, const char *name)
{
    return number_of(reader, member(object, name), name, NUMBER_MOST);
}

static const char *text(struct reader *reader, const json_t *object, const char *name)
{
    const json_t *found = member(object, name);
    if (found != NULL && !json_is_string(found))
        refuse(reader, name, "not a text");
    return json_string_value(found);
}

/* NULL: it is not there. */
static const json_t *object_in(struct reader *reader, const json_t *object, const char *name)
{
    const json_t *found = member(object, name);
    if (found != NULL && !json_is_object(found)) {
        refuse(reader, name, "not an object");
        return NULL;
    }
    return found;
}

/* Names of what is read from now on begin with this; returns what they began with before. */
static size_t enter(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static size_t enter(struct reader *reader, const char *format, ...)
{
    size_t before = strlen(reader->place);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reader->place + before, sizeof reader->place - before, format, arguments);
    va_end(arguments);
    return before;
}

static void leave(struct reader *reader, size_t before)
{
    reader->place[before] = '\0';
}

/* ---- points ---- */

/* A number, or an object with the median. */
static double median_of(struct reader *reader, const json_t *point, const char *name)
{
    const json_t *found = member(point, name);
    if (!json_is_object(found))
        return number_of(reader, found, name, NUMBER_MOST);
    size_t before = enter(reader, "%s.", name);
    double value = number(reader, found, "median");
    leave(reader, before);
    return value;
}

static void read_repeats(struct reader *reader, const json_t *all,
                         struct bench_results_point *point)
{
    if (all == NULL)
        return;
    if (!json_is_array(all)) {
        refuse(reader, "all", "not a list");
        return;
    }
    size_t count = json_array_size(all);
    if (count > BENCH_RESULTS_REPEATS_MAX) {
        refuse(reader, "all", "%zu repeats, at most %d", count, BENCH_RESULTS_REPEATS_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "all[%zu]", i);
        double value = number_of(reader, json_array_get(all, i), name, NUMBER_MOST);
        if (isfinite(value))
            point->repeats[point->repeat_count++] = value;
    }
}

/* Each run's own, where the spread does not list them. */
static void read_runs(struct reader *reader, const json_t *from, struct bench_results_point *point)
{
    const json_t *runs = member(from, "runs");
    if (runs != NULL && !json_is_array(runs))
        refuse(reader, "runs", "not a list");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        char name[64];
        snprintf(name, sizeof name, "runs[%zu].settlements_per_s", i);
        const json_t *found = member(json_array_get(runs, i), "settlements_per_s");
        double value = number_of(reader, found, name, NUMBER_MOST);
        if (isfinite(value) && point->repeat_count < BENCH_RESULTS_REPEATS_MAX)
            point->repeats[point->repeat_count++] = value;
    }
}

static void read_throughput(struct reader *reader, const json_t *from,
                            struct bench_results_point *point)
{
    point->per_s = median_of(reader, from, "settlements_per_s");
    point->per_s_least = point->per_s_most = point->per_s;
    const json_t *spread = member(from, "settlements_per_s");
    if (!json_is_object(spread))
        spread = NULL;
    size_t before = enter(reader, "settlements_per_s.");
    double least = number(reader, spread, "least"), most = number(reader, spread, "most");
    point->per_s_least = isfinite(least) ? least : point->per_s;
    point->per_s_most = isfinite(most) ? most : point->per_s;
    if (point->per_s_least > point->per_s || point->per_s > point->per_s_most)
        refuse(reader, "median", "not between least and most");
    read_repeats(reader, member(spread, "all"), point);
    leave(reader, before);
    if (point->repeat_count == 0)
        read_runs(reader, from, point);
}

static void read_marks(struct reader *reader, const json_t *from, const char *name,
                       double marks[BENCH_MARKS])
{
    const json_t *found = object_in(reader, from, name);
    size_t before = enter(reader, "%s.", name);
    double last = 0;
    for (size_t i = 0; i < BENCH_MARKS; i++) {
        marks[i] = number(reader, found, mark_names[i]);
        if (marks[i] < last)
            refuse(reader, mark_names[i], "less than the percentile before it");
        last = isfinite(marks[i]) ? marks[i] : last;
    }
    leave(reader, before);
}

static void read_latencies(struct reader *reader, const json_t *from,
                           struct bench_results_point *point)
{
    const json_t *all = object_in(reader, from, "latency_ns");
    size_t before = enter(reader, "latency_ns.");
    for (size_t i = 0; i < BENCH_TIMED; i++) {
        const json_t *found = object_in(reader, all, timed_names[i]);
        size_t outer = enter(reader, "%s.", timed_names[i]);
        read_marks(reader, found, "response", point->latencies[i].response);
        read_marks(reader, found, "service", point->latencies[i].service);
        leave(reader, outer);
    }
    leave(reader, before);
}

static void read_shares(struct reader *reader, const json_t *from,
                        struct bench_results_point *point)
{
    const json_t *found = object_in(reader, from, "time_share");
    size_t before = enter(reader, "time_share.");
    double sum = 0;
    for (size_t i = 0; i < BENCH_OF; i++) {
        point->shares[i] = number_of(reader, member(found, share_names[i]), share_names[i], 1);
        sum += isfinite(point->shares[i]) ? point->shares[i] : 0;
    }
    if (sum > 1.001)
        refuse(reader, "cpu", "the shares add up to %g, more than 1", sum);
    leave(reader, before);
}

static void read_value(struct reader *reader, const json_t *from, struct bench_results_point *point)
{
    const json_t *value = member(from, "value");
    point->number = json_is_number(value) ? json_number_value(value) : NAN;
    if (value == NULL)
        return;
    if (json_is_string(value))
        snprintf(point->value, sizeof point->value, "%s", json_string_value(value));
    else if (json_is_number(value))
        snprintf(point->value, sizeof point->value, "%.15g", json_number_value(value));
    else
        refuse(reader, "value", "neither a number nor a text");
}

static void read_point(struct reader *reader, const json_t *from, struct bench_results_point *point)
{
    read_value(reader, from, point);
    point->concurrency = number(reader, from, "concurrency");
    point->rate_per_s = number(reader, from, "rate_per_s");
    point->chunk_records = number(reader, from, "chunk_records");
    point->lanes = number(reader, from, "lanes");
    point->bank_latency_ns = number(reader, from, "bank_latency_ns");
    point->bank_rate_per_s = number(reader, from, "bank_rate_per_s");
    read_throughput(reader, from, point);
    point->seconds = median_of(reader, from, "seconds");
    const json_t *cpu = object_in(reader, from, "cpu_ns_per_settlement");
    size_t before = enter(reader, "cpu_ns_per_settlement.");
    point->engine_ns = median_of(reader, cpu, "engine");
    point->bank_ns = median_of(reader, cpu, "bank");
    point->postgres_ns = median_of(reader, cpu, "postgres");
    leave(reader, before);
    point->memory_bytes = median_of(reader, from, "memory_bytes");
    point->trace_dropped = median_of(reader, from, "trace_dropped");
    read_shares(reader, from, point);
    read_latencies(reader, from, point);
}

static void read_points(struct reader *reader, struct bench_results *results)
{
    const json_t *points = member(results->document, "points");
    if (!json_is_array(points) || json_array_size(points) == 0 ||
        json_array_size(points) > BENCH_RESULTS_POINTS_MAX) {
        refuse(reader, "points", "not a list of 1 to %d points", BENCH_RESULTS_POINTS_MAX);
        return;
    }
    results->point_count = json_array_size(points);
    results->points = calloc(results->point_count, sizeof *results->points);
    CHECK(results->points != NULL);
    for (size_t i = 0; i < results->point_count; i++) {
        size_t before = enter(reader, "points[%zu]", i);
        const json_t *point = json_array_get(points, i);
        if (!json_is_object(point))
            refuse(reader, "", "not an object");
        enter(reader, ".");
        read_point(reader, point, &results->points[i]);
        leave(reader, before);
    }
}

/* ---- the rest ---- */

static void read_environment(struct reader *reader, struct bench_results *results)
{
    const json_t *from = object_in(reader, results->document, "environment");
    size_t before = enter(reader, "environment.");
    results->environment.daybook = text(reader, from, "daybook");
    results->environment.cpu = text(reader, from, "cpu");
    results->environment.kernel = text(reader, from, "kernel");
    results->environment.postgres = text(reader, from, "postgres");
    results->environment.compiler = text(reader, from, "compiler");
    results->environment.command = text(reader, from, "command");
    results->environment.cores = number(reader, from, "cores");
    results->environment.memory_bytes = number(reader, from, "memory_bytes");
    const json_t *fsync = member(from, "fsync");
    results->environment.fsync = fsync == NULL ? -1 : json_is_true(fsync);
    if (fsync != NULL && !json_is_boolean(fsync))
        refuse(reader, "fsync", "neither true nor false");
    leave(reader, before);
}

static void read_workload(struct reader *reader, struct bench_results *results)
{
    const json_t *from = object_in(reader, results->document, "workload");
    size_t before = enter(reader, "workload.");
    results->workload.loop = text(reader, from, "loop");
    results->workload.closing_check = text(reader, from, "closing_check");
    results->workload.bank = text(reader, from, "bank");
    results->workload.accounts = number(reader, from, "accounts");
    results->workload.seed = number_of(reader, member(from, "seed"), "seed", 1.9e19);
    results->workload.rate_per_s = number(reader, from, "rate_per_s");
    results->workload.repeats = number(reader, from, "repeats");
    results->workload.warm_up_accounts = number(reader, from, "warm_up_accounts");
    results->workload.bank_latency_ns = number(reader, from, "bank_latency_ns");
    results->workload.bank_rate_per_s = number(reader, from, "bank_rate_per_s");
    leave(reader, before);
}

bool bench_results_take(struct bench_results *results, const char *file, json_t *document,
                        char error[BENCH_RESULTS_ERROR_BYTES])
{
    struct reader reader = {.file = file, .error = error};
    *results = (struct bench_results){.file = file, .document = document};
    results->kind = text(&reader, document, "kind");
    results->swept = text(&reader, document, "swept");
    results->started_at = text(&reader, document, "started_at");
    results->finished_at = text(&reader, document, "finished_at");
    read_environment(&reader, results);
    read_workload(&reader, results);
    read_points(&reader, results);
    if (reader.is_refused)
        bench_results_free(results);
    return !reader.is_refused;
}

bool bench_results_read(struct bench_results *results, const char *file,
                        char error[BENCH_RESULTS_ERROR_BYTES])
{
    _Static_assert(BENCH_FILE_ERROR_BYTES <= BENCH_RESULTS_ERROR_BYTES, "its text fits ours");
    json_t *document = bench_file_read(file, error);
    return document != NULL && bench_results_take(results, file, document, error);
}

void bench_results_free(struct bench_results *results)
{
    free(results->points);
    json_decref(results->document);
    *results = (struct bench_results){0};
}

const char *bench_timed_name(enum bench_timed timed)
{
    CHECK(timed < BENCH_TIMED);
    return timed_names[timed];
}

const char *bench_mark_name(enum bench_mark mark)
{
    CHECK(mark < BENCH_MARKS);
    return mark_names[mark];
}

const char *bench_share_name(enum bench_share_of share)
{
    CHECK(share < BENCH_OF);
    return share_names[share];
}

static double first_above_0(double first, double second)
{
    double value = isfinite(first) ? first : second;
    return value > 0 ? value : NAN;
}

double bench_results_bank_rate(const struct bench_results *results,
                               const struct bench_results_point *point)
{
    return first_above_0(point->bank_rate_per_s, results->workload.bank_rate_per_s);
}

double bench_results_bank_latency(const struct bench_results *results,
                                  const struct bench_results_point *point)
{
    return first_above_0(point->bank_latency_ns, results->workload.bank_latency_ns);
}

double bench_results_calls(const struct bench_results *results)
{
    const char *closing = results->workload.closing_check;
    double closings = 0;
    if (closing != NULL && strcmp(closing, "all") == 0)
        closings = 1;
    else if (closing != NULL && strcmp(closing, "sample") == 0)
        closings = 1.0 / SAMPLE_ONE_IN;
    return 1 + TRANSFERS + closings;
}
