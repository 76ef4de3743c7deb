/*
 * reconcile_resolve: what the bank's own list proves, filed as requests and answered: `paid` for a
 * transfer in doubt that the bank shows as done, under the same key, with the same amount and
 * parties; `return` for one that was accepted and failed after its settlement's end. Never "not
 * paid": that the bank shows nothing proves nothing.
 */
#ifndef DAYBOOK_JOBS_RECONCILE_RESOLVE_H
#define DAYBOOK_JOBS_RECONCILE_RESOLVE_H

#include "jobs/db.h"
#include "jobs/reconcile_match.h"

struct resolve_item {
    bool is_return;
    uint64_t settlement_id;
    uint8_t step, kind;
    uint16_t generation;
    char reference[BANK_REF_MAX + 1];
    /* once it is filed */
    char request_id[24]; /* "": it is not; asked for already, or not so any more */
    char cohort[65], date[11];
};

struct resolve {
    struct resolve_item *items;
    uint32_t count, capacity;
    uint64_t filed, done; /* new requests; of these, done */
};

/* Keeps it where it proves something. */
void resolve_note(struct resolve *resolve, const struct bank_lines *lines,
                  const struct reconcile_break *found);
/* All of them in one transaction. False: reported, and none is filed. */
MUST_USE bool resolve_file(struct resolve *resolve, struct db *db, const char *reason);
/*
 * Answered: by the runs that are active, or else here, batch by batch, with the batch's lock free.
 * JOB_DONE, or the exit code of what was reported; what has no answer then stays filed, and the
 * next run answers it.
 */
int resolve_apply(struct resolve *resolve, struct job *job, const char *reason);
void resolve_free(struct resolve *resolve);

#endif
