/*
 * lane: one thread's loop: one core, one ring, the connections to the banks, the store, and the
 * heartbeat. `lane_run` turns until the core is done.
 *
 * One turn: clock; settle_input; settle_output; carry out; one io_uring submit-and-wait until a
 * completion or settle_next_at.
 */
#ifndef DAYBOOK_REAL_LANE_H
#define DAYBOOK_REAL_LANE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/settle.h"
#include "real/claim.h"
#include "real/store.h"
#include "real/trace_file.h"
#include "wire/profile.h"

struct lane_bank {
    const char *name;
    const char *host; /* numeric or a name; resolved once, at open */
    uint16_t port;
    const struct profile *profile;
    const struct bank_rules *rules; /* as the core has them; NULL: the profile's own */
    uint32_t connections_max;       /* 1 .. CALLS_MAX, at least the rules' calls_max */
};

struct lane_config {
    uint32_t bank_count;
    struct lane_bank banks[BANKS_MAX];
    struct store *store; /* both belong to the caller */
    struct claim *claim;
    struct settle *settle;
    struct hash *hash;
    /* Called about every progress_ns, between two turns; NULL: not at all. */
    void (*progress)(void *context, const struct settle *settle, uint64_t now_ns);
    void *progress_context;
    uint64_t progress_ns;
    struct trace_file *trace; /* what passes the port is written there; NULL: nowhere */
    /* Set by a signal handler: drain and stop. */
    const volatile sig_atomic_t *stop;
};

struct lane;

/* Opens the ring, for this thread alone, and resolves the banks. NULL: `error` says why and what to
 * do. */
struct lane *lane_open(const struct lane_config *config, char error[STORE_ERROR_BYTES]);
/* Until SETTLE_DONE; then every bank connection is closed, and nothing is left in the ring. */
void lane_run(struct lane *lane);
void lane_close(struct lane *lane);

/* Open files that so many connections to banks need. */
uint64_t lane_files_needed(uint64_t connections);
/* Does the bank take a connection now? Blocks up to wait_ns; for the start only. */
bool lane_bank_reachable(const char *host, uint16_t port, uint64_t wait_ns);

#endif
