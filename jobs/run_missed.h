/*
 * run_missed: paydays that are over and were not carried through, named at the next start of
 * whatever batch: nobody has to watch, but what nobody started must not be forgotten.
 */
#ifndef DAYBOOK_JOBS_RUN_MISSED_H
#define DAYBOOK_JOBS_RUN_MISSED_H

#include "jobs/db.h"

/* One line each on stderr, also for a quiet run, with the command to type. `cohort` and `date`:
   what is started now. False: the database could not be asked, reported. */
MUST_USE bool run_missed_tell(struct db *db, const struct config *config, const char *cohort,
                              const char *date);

#endif
