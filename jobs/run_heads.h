/*
 * run_heads: where the ledger of a batch ended, as it is known outside the database: by an earlier
 * try of this process, by --expect-head, by the state file. A database that lacks one of them is an
 * older copy. The state file is advice: losing it loses only the warning.
 */
#ifndef DAYBOOK_JOBS_RUN_HEADS_H
#define DAYBOOK_JOBS_RUN_HEADS_H

#include "base/id.h"
#include "jobs/batch.h"
#include "real/claim.h"

#define RUN_HEADS_MAX (3 * PARTITIONS_MAX) /* of each source as many as there are partitions */

struct run_heads {
    struct claim_known known[RUN_HEADS_MAX];
    uint32_t count;
    char *file; /* NULL: none is kept */
};

/* Where the state file is kept, to be freed; NULL: nowhere. */
char *run_heads_folder(const struct config *config);
/* Makes it where it is missing: the last two folders of the default, the last one of what is
   configured. Where that fails, the first write tells. */
void run_heads_make_folder(const struct config *config, const char *folder);
/* "PARTITION:CHUNK[:HASH]". False: it is not one. */
MUST_USE bool run_heads_parse(const char *text, struct claim_known *known);

/* Reads --expect-head and the state file. JOB_DONE, or the exit code of what was reported. */
int run_heads_open(struct run_heads *heads, const struct job *job, const struct config *config,
                   struct db *db, const struct batch *batch);
/* This process saw it committed. */
void run_heads_note(struct run_heads *heads, uint32_t partition, uint32_t chunk,
                    const struct digest *hash);
/* Into the state file; a warning where that fails. */
void run_heads_save(const struct run_heads *heads);
/* Only these stay known, here and in the state file: for a ledger that was shown to lack nothing,
   although it went back. A warning where that fails. */
void run_heads_replace(struct run_heads *heads, const struct claim_known *known, uint32_t count);
void run_heads_close(struct run_heads *heads);

#endif
