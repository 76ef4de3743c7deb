/*
 * bench_metric: what is measured, by its name: "settlements_per_s", "payout.response.p99".
 *
 * The same names stand in a results file (there latencies lie under "latency_ns"), in the tables
 * of `bench compare`, and in --require.
 */
#ifndef DAYBOOK_JOBS_BENCH_METRIC_H
#define DAYBOOK_JOBS_BENCH_METRIC_H

#include <jansson.h>
#include <stdbool.h>

#include "base/check.h"

#define BENCH_METRIC_NAME_BYTES 48
#define BENCH_METRIC_TEXT_BYTES 32

enum bench_unit {
    BENCH_RATE,     /* a second */
    BENCH_SECONDS,  /* of the whole run */
    BENCH_DURATION, /* ns */
    BENCH_BYTES,
    BENCH_SHARE, /* 0 … 1 */
    BENCH_COUNT,
};

struct bench_metric {
    char name[BENCH_METRIC_NAME_BYTES];
    enum bench_unit unit;
    bool more_is_better;
    bool is_compared; /* by `bench compare` when it is not asked for others */
};

/* All of them, by index, in the order in which they are shown; false: there is no such index. */
MUST_USE bool bench_metric_at(size_t index, struct bench_metric *metric);
/* False: no metric has this name; *near is the most similar one's name, or "". */
MUST_USE bool bench_metric_find(const char *name, struct bench_metric *metric,
                                char near[BENCH_METRIC_NAME_BYTES]);

/* Of a point: where it holds several repeats, their median. Of a single repeat (an element of the
   point's "runs"): its own. False: it is not known there. */
MUST_USE bool bench_metric_of(const struct bench_metric *metric, const json_t *point,
                              double *value);

/* The spread over a point's repeats. False: the point has no repeats with that metric. */
struct bench_spread {
    double least, median, most;
    size_t count;
};
MUST_USE bool bench_metric_spread(const struct bench_metric *metric, const json_t *point,
                                  struct bench_spread *spread);

/* For people; returns `text`. */
const char *bench_metric_text(const struct bench_metric *metric, double value,
                              char text[BENCH_METRIC_TEXT_BYTES]);

/* The middle one; of an even count the mean of the two. Sorts them. 0 of none. */
double bench_median(double *values, size_t count);

#endif
