/*
 * bench_require: thresholds, "settlements_per_s>=10000", "payout.response.p99<=50ms".
 *
 * NAME (bench_metric.h), one of < <= > >=, and a value in the unit of what is measured: a rate or a
 * count 10000 or 10000.5, seconds 4.5, a duration 50ms, a size 64MiB, a share 12% or 0.12.
 */
#ifndef DAYBOOK_JOBS_BENCH_REQUIRE_H
#define DAYBOOK_JOBS_BENCH_REQUIRE_H

#include "jobs/bench_metric.h"
#include "jobs/value.h"

enum bench_relation { BENCH_LESS, BENCH_AT_MOST, BENCH_MORE, BENCH_AT_LEAST };

struct bench_require {
    struct bench_metric metric;
    enum bench_relation relation;
    double value;
};

/* False: `error` says what is wrong. */
MUST_USE bool bench_require_parse(const char *text, struct bench_require *require,
                                  char error[VALUE_ERROR_BYTES]);

enum bench_result { BENCH_MET, BENCH_FAILED, BENCH_UNMEASURED };

/* At a point; *measured where it is known. What was not measured is not met. */
enum bench_result bench_require_judge(const struct bench_require *require, const json_t *point,
                                      double *measured);
/* "<=" */
const char *bench_relation_text(enum bench_relation relation);

#endif
