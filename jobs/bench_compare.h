/*
 * bench_compare: is B another than A, and is it worse? Of two results of `daybook bench`.
 *
 * A metric differs beyond the noise where the ranges of the two (least to most over the repeats)
 * do not meet. Where a side has fewer than two repeats its noise is not known, and the medians
 * alone decide. B is worse where its median is worse by more than the tolerance, and that is beyond
 * the noise or the noise is not known.
 */
#ifndef DAYBOOK_JOBS_BENCH_COMPARE_H
#define DAYBOOK_JOBS_BENCH_COMPARE_H

#include "jobs/bench_metric.h"

enum bench_noise { BENCH_WITHIN, BENCH_BEYOND, BENCH_UNKNOWN };

enum bench_verdict {
    BENCH_SAME,    /* the medians differ by no more than the tolerance */
    BENCH_BETTER,  /* by more than that, and not within the noise */
    BENCH_WORSE,   /* the same */
    BENCH_UNCLEAR, /* by more than that, but within the noise */
};

struct bench_comparison {
    double ratio; /* of the medians, B to A; 0: A is 0 */
    enum bench_noise noise;
    enum bench_verdict verdict;
};

struct bench_comparison bench_compare(const struct bench_metric *metric,
                                      const struct bench_spread *a, const struct bench_spread *b,
                                      double tolerance);

const char *bench_verdict_name(enum bench_verdict verdict);
const char *bench_noise_name(enum bench_noise noise);

#endif
