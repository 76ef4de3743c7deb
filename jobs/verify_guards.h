/*
 * verify_guards: what keeps the ledger from being changed (owner, triggers, rights, functions), and
 * rows that belong to nothing. Of the whole database, not of one batch.
 */
#ifndef DAYBOOK_JOBS_VERIFY_GUARDS_H
#define DAYBOOK_JOBS_VERIFY_GUARDS_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs/db.h"

/* Prints what is wrong to stderr, adds to *faults. False: the database could not be asked
   (reported). */
MUST_USE bool verify_guards(struct db *db, uint64_t *faults);

#endif
