/*
 * options_bench: the options of `bench run`, `bench sweep` and `bench compare`.
 *
 * Another word of `bench` is another command: a row in main.c, one in options.c, its options here.
 */
#ifndef DAYBOOK_JOBS_OPTIONS_BENCH_H
#define DAYBOOK_JOBS_OPTIONS_BENCH_H

#include "jobs/job.h"

#define OPTIONS_BENCH_RUN 27
#define OPTIONS_BENCH_SWEEP (OPTIONS_BENCH_RUN + 2)
#define OPTIONS_BENCH_COMPARE 3

extern const struct job_option options_bench_run[OPTIONS_BENCH_RUN];
extern const char options_bench_run_details[];
extern const struct job_option options_bench_sweep[OPTIONS_BENCH_SWEEP];
extern const char options_bench_sweep_details[];

extern const struct job_option options_bench_compare[OPTIONS_BENCH_COMPARE];
extern const char options_bench_compare_details[];

#endif
