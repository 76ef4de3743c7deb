/*
 * supersede: settlements of older batches that are still without their deposit end, so that their
 * accounts can open in a newer batch; each in its own batch's chain, which is claimed for it.
 */
#ifndef DAYBOOK_JOBS_SUPERSEDE_H
#define DAYBOOK_JOBS_SUPERSEDE_H

#include "jobs/run_batch.h"

/* Before a run of this batch. Where another run holds an older batch, its accounts stay blocked.
   The exit code of what was reported; JOB_DONE where nothing hinders the run. */
int supersede_older(struct run *run, const char *cohort, const char *date);

#endif
