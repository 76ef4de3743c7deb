/*
 * runs: the runs of batches, newest first, as lines for people and rows for programs.
 */
#ifndef DAYBOOK_JOBS_RUNS_H
#define DAYBOOK_JOBS_RUNS_H

#include <jansson.h>

#include "jobs/db.h"

/* `cohort`, `date` NULL: all; `limit` as a number's text. To be cleared; NULL: reported. */
PGresult *runs_read(struct db *db, const char *cohort, const char *date, const char *limit);
/* A table on stdout, each line after so many blanks. */
void runs_print(const PGresult *runs, int indent);
/* One of them, with the meaning of its exit code. */
json_t *runs_json(const PGresult *runs, int row);

#endif
