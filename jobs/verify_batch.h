/*
 * verify_batch: one batch's ledger, recomputed from the tables.
 */
#ifndef DAYBOOK_JOBS_VERIFY_BATCH_H
#define DAYBOOK_JOBS_VERIFY_BATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "jobs/batch.h"
#include "jobs/expect_head.h"

struct verify_totals {
    uint64_t batches, chunks, records, entries, settled;
    uint64_t faults; /* at most 20 of a batch are printed, to stderr */
    /* The first bad chunk of the first batch that has one. */
    bool has_first;
    char cohort[65], date[11];
    uint32_t partition, chunk;
};

/* What a person knows, and wants to see. */
struct verify_wanted {
    const struct expect_head *heads; /* the chain must have them */
    uint32_t head_count;
    bool quiet;      /* closing hashes are not printed */
    json_t *closing; /* … but added to this list; NULL: to none */
};

/* Adds to the totals. False: the database could not be asked (reported). */
MUST_USE bool verify_batch(struct db *db, struct hash *hash, const struct batch *batch,
                           const struct verify_wanted *wanted, struct verify_totals *totals);

#endif
