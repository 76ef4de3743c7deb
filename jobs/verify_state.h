/*
 * verify_state: one batch under verification; shared by the verify_*.c files alone.
 */
#ifndef DAYBOOK_JOBS_VERIFY_STATE_H
#define DAYBOOK_JOBS_VERIFY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs/verify_batch.h"
#include "jobs/verify_body.h"
#include "jobs/verify_settlement.h"

/* A chunk as the chain tells of it, and what was counted in its records. */
struct verify_link {
    uint32_t partition, number, epoch;
    uint32_t records, entries;
    uint32_t settled, ended, parked; /* as its run's closing record counts them */
    int64_t debit_total_minor;
    struct digest hash, prev_hash;
};

struct verify {
    struct db *db;
    struct hash *hash;
    const struct batch *batch;
    struct verify_totals *totals;
    uint64_t faults;
    uint64_t settlement_faults;
    /* the plan */
    struct verify_settlement *settlements;
    uint32_t settlement_count;
    uint32_t partition_at[PARTITIONS_MAX + 1]; /* first index of each partition */
    struct verify_bodies *bodies;
    struct verify_request *requests; /* by id */
    uint32_t request_count, request_capacity;
    /* the chain */
    struct verify_link *links;
    uint32_t link_count, next_link;
    struct record *records; /* of the chunk being read */
    uint32_t record_count, record_capacity;
    int64_t position;                      /* of its newest record */
    uint32_t stray_partition, stray_chunk; /* the newest that is not in the chain */
};

/* Counts and, unless there are too many already, prints it. `chunk` 0: of no chunk. */
__attribute__((format(printf, 4, 5))) void verify_fault(struct verify *verify, uint32_t partition,
                                                        uint32_t chunk, const char *format, ...);

/* ---- verify_plan.c, verify_chain.c; false: the database could not be asked (reported) ---- */

/* The plan, with its digest; the settlements are ready for their records. */
MUST_USE bool verify_plan_read(struct verify *verify);
/* The chunks of the batch, in order. */
MUST_USE bool verify_chain_read(struct verify *verify);
/* The next chunk of the chain is read: its records against it, and it against the one before. */
void verify_chain_close(struct verify *verify);
/* After all records: heads, closing records, runs, and the heads that a person expects. */
MUST_USE bool verify_chain_ends(struct verify *verify, const struct verify_wanted *wanted);

#endif
