/*
 * reconcile_ledger: the ledger's transfers, read once and matched with the bank's lines. Reads
 * only, in the caller's transaction, which must show one moment.
 */
#ifndef DAYBOOK_JOBS_RECONCILE_LEDGER_H
#define DAYBOOK_JOBS_RECONCILE_LEDGER_H

#include "jobs/db.h"
#include "jobs/reconcile_match.h"
#include "wire/profile.h"

#define RECONCILE_AT_BYTES 40

/* What the bank is asked about. */
struct reconcile_scope {
    const char *batch;             /* its id; NULL: all */
    const char *bank;              /* NULL: all */
    const struct profile *profile; /* how the bank tells keys; NULL: whole */
    /* What was accepted in it the bank must show. As Postgres reads them, "-infinity" too. */
    char from[RECONCILE_AT_BYTES], to[RECONCILE_AT_BYTES];
    bool by_intent;        /* … and was intended in it: the bank lists by when it was told */
    bool is_bounded;       /* look at what was intended around it first: of all batches */
    int64_t open_after_us; /* open for longer is a break */
};

/* False: reported. */
MUST_USE bool reconcile_ledger(struct db *db, const struct reconcile_scope *scope,
                               struct matching *matching);

#endif
