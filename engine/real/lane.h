/*
 * lane: one thread's loop over whole partitions: one ring, the connections to the banks, and in the
 * first lane the batch's heartbeat. `lane_run` turns until all cores are done.
 *
 * One turn: clock; settle_input; settle_output; carry out; one submit-and-wait on the ring until a
 * completion or settle_next_at.
 *
 * A run has one lane or several (lane_run_all), which share nothing but the banks' tokens, and tell
 * each other what all must know (real/news.h).
 */
#ifndef DAYBOOK_REAL_LANE_H
#define DAYBOOK_REAL_LANE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/settle.h"
#include "real/claim.h"
#include "real/news.h"
#include "real/ring.h"
#include "real/store.h"
#include "real/trace_file.h"
#include "wire/profile.h"

struct lane_bank {
    const char *name;
    const char *host; /* numeric or a name; resolved once, at open */
    uint16_t port;
    const struct profile *profile;
    const struct bank_rules *rules; /* as the core has them; NULL: the profile's own */
    uint32_t connections_max;       /* of each partition, 1 .. CALLS_MAX, at least its calls_max */
};

struct lane_partition { /* all of it is the caller's */
    struct settle *settle;
    struct store *store;
    struct hash *hash;
    struct trace_file *trace; /* what passes the port is written there; NULL: nowhere */
};

struct lane_config {
    uint32_t bank_count;
    struct lane_bank banks[BANKS_MAX];
    uint32_t partition_count; /* of the run; a lane works each that its number and `lanes` tell */
    struct lane_partition partitions[PARTITIONS_MAX];
    uint32_t lanes;      /* 1 .. partition_count */
    struct claim *claim; /* turned by the first lane */
    enum ring_io io;
    /* Called about every progress_ns by the first lane, between two turns; NULL: not at all. */
    void (*progress)(void *context, const struct news_view *view, uint64_t now_ns);
    void *progress_context;
    uint64_t progress_ns;
    /* Set by a signal handler: drain and stop. */
    const volatile sig_atomic_t *stop;
};

struct lane;

/* Opens the ring, for this thread alone, and resolves the banks. NULL: `error` says why and what to
 * do. */
struct lane *lane_open(const struct lane_config *config, uint32_t number, struct news *news,
                       char error[STORE_ERROR_BYTES]);
/* Until all its partitions are done; then every bank connection is closed, and nothing is left in
   the ring. */
void lane_run(struct lane *lane);
void lane_close(struct lane *lane);

/* All lanes of a run, each on a thread of its own but the first, which is the caller's: opens all
   of them, runs them to their end, closes them. False: one could not be opened, and nothing was
   done. */
MUST_USE bool lane_run_all(const struct lane_config *config, char error[STORE_ERROR_BYTES]);

/* Open files that so many connections to banks need. */
uint64_t lane_files_needed(uint64_t connections);
/* Does the bank take a connection now? Blocks up to wait_ns; for the start only. */
bool lane_bank_reachable(const char *host, uint16_t port, uint64_t wait_ns);

#endif
