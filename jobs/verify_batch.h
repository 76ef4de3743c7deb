/*
 * verify_batch: one batch's ledger, recomputed from the tables.
 */
#ifndef DAYBOOK_JOBS_VERIFY_BATCH_H
#define DAYBOOK_JOBS_VERIFY_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "jobs/batch.h"

struct verify_totals {
    uint64_t batches, chunks, records, entries, settled;
    uint64_t faults; /* at most 20 of a batch are printed, to stderr */
};

/*
 * Adds to the totals. `quiet`: closing hashes are not printed. False: the database could not be
 * asked (reported).
 */
MUST_USE bool verify_batch(struct db *db, struct hash *hash, const struct batch *batch, bool quiet,
                           struct verify_totals *totals);

#endif
