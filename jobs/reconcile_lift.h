/*
 * reconcile_lift: a batch that is refused because its database went back (engine/decisions.md) is
 * paid from again where it is proven that the bank has nothing which this ledger lacks. Proven is:
 *
 * - the batch's lock is held, and only after all that was sent before must have arrived and been
 *   worked on (send_before, linger, processing time) the list is read: linger must be known;
 * - it is the bank's own list, of every kind of transfer, from before the batch was made on;
 * - no transfer in it is unknown here, rejected, reversed or differs; what is in doubt here and
 * done there is under its own key, and a run asks the bank by it before anything else.
 */
#ifndef DAYBOOK_JOBS_RECONCILE_LIFT_H
#define DAYBOOK_JOBS_RECONCILE_LIFT_H

#include "jobs/reconcile_match.h"
#include "jobs/run_banks.h"
#include "jobs/run_heads.h"

struct lift {
    const struct config *config;
    struct db *db;
    const struct batch *batch;
    struct run_heads heads;
    struct claim_former former;
    struct claim *claim; /* NULL: the batch is not refused, or its lock is not held */
    bool is_refused;     /* a run of it would be */
    bool is_waited;      /* what was sent before has arrived */
    bool is_whole;       /* so far, for every bank that was compared */
    uint32_t green;      /* banks that have nothing which this ledger lacks */
    char heads_text[24]; /* the sum of the heads, in the moment that was compared */
    char why[160];       /* why it stays refused; "": not known yet */
};

/* Is it refused? Then the lock is taken, and waited for the bank. JOB_DONE, or the exit code of
   what was reported. */
int lift_begin(struct lift *lift, const struct job *job, const struct config *config, struct db *db,
               const struct batch *batch, const struct run_bank *banks, uint32_t bank_count);
/* In the transaction in which the ledger is compared. */
MUST_USE bool lift_look(struct lift *lift);

/* What a bank's comparison came to. */
struct lift_bank {
    const struct run_bank *bank;
    const struct matching *matching;
    const char *from, *to; /* what was listed */
    bool is_whole_span;    /* … and that is all there can be of this batch */
};
/* Recorded, whether it proves something or not. False: reported. */
MUST_USE bool lift_record(struct lift *lift, const struct lift_bank *compared);
/* `bank_count`: how many the batch has. What became of it, for people; NULL: it was not refused. */
const char *lift_end(struct lift *lift, uint32_t bank_count);
/* The batch may be run from here on. */
void lift_unlock(struct lift *lift);
void lift_close(struct lift *lift);

#endif
