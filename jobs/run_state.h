/*
 * run_state: what the parts of a run share. For run*.c.
 */
#ifndef DAYBOOK_JOBS_RUN_STATE_H
#define DAYBOOK_JOBS_RUN_STATE_H

#include <signal.h>

#include "jobs/run_banks.h"
#include "jobs/run_heads.h"
#include "jobs/run_report.h"
#include "real/claim.h"
#include "real/lane.h"
#include "real/store.h"

/* One partition of the batch, within a try. */
struct run_partition {
    struct hash *hash;
    struct store *store;
    struct settle *settle;
    void *memory;
    size_t memory_bytes;
};

struct run {
    struct job *job;
    enum settle_scope scope;
    const char *reason; /* of a person; NULL: none */
    bool take_over, is_quiet;
    bool is_silent; /* neither progress nor summary: the caller tells what became of it */
    const char *cohort, *date; /* of the batch */
    /* Once the batch is this run's, before anything is read of it; NULL: nothing. */
    int (*on_taken)(struct run *run);
    const void *context; /* of the command */
    void *taken_context; /* of on_taken */
    struct config *config;
    char *conninfo;
    struct db *db;
    struct batch batch;
    struct batch_counts counts;
    struct run_banks banks;
    struct run_report report;
    struct trace_file *traces[PARTITIONS_MAX]; /* by partition; NULL: none was asked for */
    bool unplanned;                            /* no batch has the date, and none must */
    uint64_t deadline_at_ns;
    const volatile sig_atomic_t *stop; /* set by a signal: drain, and start nothing new */
    struct claim_former former;
    struct run_heads heads;
    /* one try */
    struct db *left; /* the session that was asked what is left to do; NULL: none */
    uint64_t left_at_ns;
    bool has_zone; /* this machine knows the configuration's time zone */
    bool lost;     /* the database: may start over */
    struct hash *hash;
    struct claim *claim;
    struct run_partition partitions[PARTITIONS_MAX];
    uint32_t partition_count;
    struct throttle throttles[BANKS_MAX]; /* that the partitions share */
};

#endif
