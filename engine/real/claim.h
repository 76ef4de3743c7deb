/*
 * claim: P0, ownership of a batch. The control session and everything that is done before and
 * after the loop; its calls block. While the loop runs, the heartbeat is driven without blocking.
 */
#ifndef DAYBOOK_REAL_CLAIM_H
#define DAYBOOK_REAL_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "core/settle.h"
#include "real/store.h"

struct claim_config {
    const char *conninfo;
    uint32_t batch_id;
    bool take_over;        /* even where the owner's heartbeat is fresh */
    uint64_t lock_wait_ns; /* 3 s */
    uint64_t stale_ns;     /* heartbeat older than this may be taken over: 30 s */
    uint64_t heartbeat_ns; /* 1 s */
    const char *host;      /* for people: who owns it */
    const char *run_kind;  /* "run", "resume" */
    const char *operator_name;
};

struct claim;

/*
 * Lock, next epoch, end older sessions, raise the heads. STATUS_OWNED: `error` names the owner.
 * On STATUS_OK *out is the claim, and a row in daybook.run tells of it.
 */
enum status claim_open(const struct claim_config *config, struct claim **out,
                       char error[STORE_ERROR_BYTES]);
uint32_t claim_epoch(const struct claim *claim);
/* The frozen plan's revision and partitions; the run's row. */
uint32_t claim_revision(const struct claim *claim);
uint32_t claim_partitions(const struct claim *claim);
uint64_t claim_run_id(const struct claim *claim);
/* Head of the partition, read after the takeover. */
enum status claim_start(struct claim *claim, uint32_t partition, struct settle_start *start,
                        uint64_t now_ns, char error[STORE_ERROR_BYTES]);

/* Heartbeat: begins one when due, reads what came. Gives EVENT_STORE_ALIVE or EVENT_STORE_GONE. */
uint32_t claim_turn(struct claim *claim, struct event *events, uint64_t now_ns);
struct store_wait claim_wait(const struct claim *claim);
uint64_t claim_next_at(const struct claim *claim);

/*
 * P6: the partition's closing record (counts, totals, head hash) under the head's lock, the run's
 * end with its exit code, and where every settlement has ended the batch is closed.
 */
enum status claim_finish(struct claim *claim, const struct settle *settle, uint32_t partition,
                         int exit_code, char error[STORE_ERROR_BYTES]);
void claim_close(struct claim *claim);

#endif
