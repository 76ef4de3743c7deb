/*
 * options_bench_report: the options of `bench report`.
 */
#ifndef DAYBOOK_JOBS_OPTIONS_BENCH_REPORT_H
#define DAYBOOK_JOBS_OPTIONS_BENCH_REPORT_H

#include "jobs/job.h"

#define OPTIONS_BENCH_REPORT 7

extern const struct job_option options_bench_report[OPTIONS_BENCH_REPORT];
extern const char options_bench_report_details[];

#endif
