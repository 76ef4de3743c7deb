/*
 * verify_book: the ledger's accepted transfers against a bank's own book. Reads only.
 */
#ifndef DAYBOOK_JOBS_VERIFY_BOOK_H
#define DAYBOOK_JOBS_VERIFY_BOOK_H

#include <stdbool.h>

#include "jobs/db.h"

struct verify_book_scope {
    const char *file;
    const char *bank;   /* NULL: all banks */
    const char *cohort; /* NULL: all batches; else with its date */
    const char *date;
    bool quiet;
};

/* JOB_DONE, JOB_SOME_LEFT: they differ, or the exit code of what else was reported. */
int verify_book(struct db *db, const struct verify_book_scope *scope);

#endif
