/*
 * batch: what commands ask the database about one batch. Reads only.
 */
#ifndef DAYBOOK_JOBS_BATCH_H
#define DAYBOOK_JOBS_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/transfer.h"
#include "jobs/db.h"

struct batch {
    char id[16], revision[16]; /* as parameters of statements */
    uint32_t batch_id;
    char cohort[65], date[11], currency[4];
    char state[16]; /* planned, running, idle, closed */
    char digest[2 * DIGEST_BYTES + 1];
    uint32_t accounts, partitions;
    bool frozen, closed, has_run;
    bool hold_by_transfer, unhold; /* false before it is frozen */
    bool is_asked;                 /* a request waits for its answer */
};

/* Where its settlements stand. */
struct batch_counts {
    uint64_t accounts;
    uint64_t settled;
    uint64_t compensated, returned, superseded, written_off; /* the other ends */
    uint64_t is_short, parked;
    uint64_t active;          /* deposit recorded, neither ended nor parked */
    uint64_t pending;         /* transfers, also of parked settlements */
    uint64_t in_doubt;        /* the same */
    uint64_t parked_in_doubt; /* of these, those of parked settlements */
    uint64_t blocked;
    uint64_t waiting; /* no deposit looked for in vain, and not blocked */
};

/* Those that have an end record. */
static inline uint64_t batch_ended(const struct batch_counts *counts)
{
    return counts->settled + counts->compensated + counts->returned + counts->superseded +
           counts->written_off;
}

struct batch_money {
    int64_t repayment_minor, hold_minor; /* planned */
    int64_t deposited_minor, collected_minor, held_minor, paid_minor, residue_minor;
};

struct batch_bank {
    char name[BANK_TEXT_MAX + 1];
    uint64_t accounts, collects, holds; /* all; with a repayment; with a hold */
    int64_t repayment_minor, hold_minor, expected_minor;
};

/* JOB_DONE, or the exit code of what was reported: no such batch is JOB_BAD_INPUT. */
int batch_find(struct db *db, const char *cohort, const char *date, struct batch *batch);

/* Makes the day of a --date that was given as `today` or `yesterday`: by the database's clock, in
   the configuration's time zone. JOB_DONE, or the exit code of what was reported. */
int batch_settle_date(struct job *job, struct db *db, const struct config *config);

MUST_USE bool batch_count(struct db *db, const struct batch *batch, struct batch_counts *counts);
MUST_USE bool batch_sum(struct db *db, const struct batch *batch, struct batch_money *money);
/* At most BANKS_MAX; false: reported. */
MUST_USE bool batch_list_banks(struct db *db, const struct batch *batch,
                               struct batch_bank banks[BANKS_MAX], uint32_t *count);

/* Parked settlements by step and code. To be cleared; NULL: reported. Columns: step, code,
   accounts, deposit_minor. */
PGresult *batch_groups(struct db *db, const struct batch *batch);

/* What a run that left these counts ends with: 0 where all are settled, or were given up by a
   person or for a newer batch; whether transfers are in doubt only the core knows, for what was
   surely not done is an intent without an outcome, too. */
int batch_exit_code(const struct batch_counts *counts, bool is_in_doubt);

#endif
