/*
 * run_try: one try of a run, from the claim to the lane's end. For run.c.
 */
#ifndef DAYBOOK_JOBS_RUN_TRY_H
#define DAYBOOK_JOBS_RUN_TRY_H

#include "jobs/run_state.h"

/* What the core is told by the configuration, and by run->banks. */
struct settle_config run_try_settle_config(struct run *run, uint32_t partition);
/* A session for what is asked before and between the tries; bounded. NULL: as db_open. */
struct db *run_try_open_db(const struct run *run, int *exit_code);
/* A new one in run->db. JOB_DONE, or as db_open. */
int run_try_reopen_db(struct run *run);
/* Leaves nothing open but run->db. run->lost: it may start over. */
int run_try_once(struct run *run);

#endif
