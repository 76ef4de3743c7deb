/*
 * run_end: what a status, and the end of a run, mean as exit code. For run*.c.
 */
#ifndef DAYBOOK_JOBS_RUN_END_H
#define DAYBOOK_JOBS_RUN_END_H

#include "jobs/run_state.h"

/* Tells an error of the engine's parts, which may end in a line "HINT: …"; returns the exit code.
   `failure` as for job_fail. */
int run_end_fail(int failure, char *error);
/* What a status of the engine's parts is told as. */
int run_end_failure(enum status status);
/* The same by its status; run->lost: whether a further start may find it mended. */
int run_end_fail_status(struct run *run, enum status status, char *error);
/* The most serious end of all partitions; what the first that ended so is told to have ended by. */
enum settle_end run_end_of(const struct run *run);
enum status run_end_fatal(const struct run *run);
/* All partitions together. */
struct settle_counts run_end_counts(const struct run *run);
/* The core went to its end, though the database would not have some records. */
bool run_end_is_refused(const struct run *run);
/* Of a run whose cores all ended. */
int run_end_exit_code(const struct run *run);

#endif
