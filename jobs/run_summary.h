/*
 * run_summary: the two forms of a run's summary. For run_report.c and run.c.
 */
#ifndef DAYBOOK_JOBS_RUN_SUMMARY_H
#define DAYBOOK_JOBS_RUN_SUMMARY_H

#include "jobs/run_report.h"

#define RUN_SUMMARY_LEFT_MAX 100 /* accounts of each kind that are named */
#define RUN_SUMMARY_LINE_BYTES 512

struct run_summary {
    const struct run_report *report;
    const struct batch_counts *counts;
    struct batch_money money;
    PGresult *groups; /* batch_groups */
    PGresult *left;   /* kind, count of the kind, account, step, amount, code, since */
    PGresult *heads;  /* partition, chunk, records, entries, hash */
    int exit_code;
};

/* All of it in one line, for a quiet run. */
void run_summary_line(const struct run_report *report, const struct batch_counts *counts,
                      int exit_code, char out[RUN_SUMMARY_LINE_BYTES]);
void run_summary_print(const struct run_summary *summary);
/* Of a batch in which nothing is left to do: what it came to. */
void run_summary_print_closed(const struct batch *batch, const struct batch_counts *counts);
void run_summary_print_json(const struct run_summary *summary);

#endif
