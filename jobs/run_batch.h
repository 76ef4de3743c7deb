/*
 * run_batch: settles a batch, or goes on with it; for `run`, and with another scope for `rerun` and
 * whatever else people ask for.
 *
 * A struct run is begun with its job, scope and reason, opened once, may settle several batches one
 * after another, and is closed. Options that its job must have: quiet, expect-head, trace, output,
 * color.
 */
#ifndef DAYBOOK_JOBS_RUN_BATCH_H
#define DAYBOOK_JOBS_RUN_BATCH_H

#include "jobs/run_state.h"

/* Reads the configuration and opens the session that asks. The exit code of what was reported;
   closed by run_batch_close in any case. */
int run_batch_open(struct run *run);
/* The exit code. What it found stays in run->counts and run->batch. */
int run_batch(struct run *run, const char *cohort, const char *date);
void run_batch_close(struct run *run);

#endif
