/*
 * run_trace: the trace that a run was asked for by --trace. NULL means that it was not; all but
 * run_trace_open take it.
 */
#ifndef DAYBOOK_JOBS_RUN_TRACE_H
#define DAYBOOK_JOBS_RUN_TRACE_H

#include "jobs/job.h"
#include "real/trace_file.h"

/* An exit code; all stay NULL where none was asked for. One file a partition: FILE, or where there
   are several FILE.0, FILE.1 … */
int run_trace_open(const struct job *job, struct trace_file **traces, uint32_t partition_count);
/* A new start's claim, and how its lane ended. */
void run_trace_claim(struct trace_file *trace, const struct settle_start *start);
void run_trace_end(struct trace_file *trace, const struct settle *settle);
/* Waits until it is written; a warning where it is not whole. */
void run_trace_close(struct trace_file **traces, uint32_t partition_count);

#endif
