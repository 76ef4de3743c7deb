/*
 * claim: P0, ownership of a batch. The control session and everything that is done before and
 * after the loop; its calls block. While the loop runs, the heartbeat is driven without blocking.
 */
#ifndef DAYBOOK_REAL_CLAIM_H
#define DAYBOOK_REAL_CLAIM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/status.h"
#include "core/settle.h"
#include "real/store.h"

#define CLAIM_START_BYTES 40
#define CLAIM_COUNT_FACTOR 5 /* so many times longer may take what counts a whole batch */

/*
 * The session that held the batch for an earlier try of this very process: all zero at first, kept
 * by claim_open. Where the network was cut without a word, the server goes on with it for a while;
 * only who knows it by pid and start may end it as its own.
 */
struct claim_former {
    int pid;
    char start[CLAIM_START_BYTES]; /* as the server writes it */
};

/* A head that was seen before, outside the database or by an earlier try. */
struct claim_known {
    uint32_t partition;
    uint32_t chunk;
    bool has_hash;
    struct digest hash;
    const char *from; /* for people: where it is known from */
};

struct claim_config {
    const char *conninfo;
    uint32_t batch_id;
    bool hold_by_transfer;  /* as in settle_config; the batch's first run freezes it */
    bool unhold;            /* the same */
    bool take_over;         /* even where the owner's heartbeat is fresh */
    uint64_t lock_wait_ns;  /* 3 s */
    uint64_t stale_ns;      /* heartbeat older than this may be taken over, and an unanswered one of
                               ours is the end: 30 s */
    uint64_t heartbeat_ns;  /* 1 s */
    uint64_t raise_wait_ns; /* how long sessions in the way may take to end: 30 s */
    uint64_t answer_ns;     /* no answer for so long: the session is lost; 60 s */
    struct claim_former *former;
    const volatile sig_atomic_t
        *stop;            /* set by a signal: waits no longer for the lock; NULL: never */
    const char *host;     /* for people: who owns it */
    const char *run_kind; /* "run", "resume", "rerun" */
    const char *reason;   /* why, where somebody said it; NULL: nobody did */
    const char *operator_name;
};

struct claim;

/*
 * The control session: what the server promises is checked (BAD_CONFIG), then the batch's lock is
 * taken. STATUS_OWNED: `error` names the owner; BAD_CONFIG, too: the batch began with the other
 * hold_by_transfer or unhold. Nothing is changed yet but the lock.
 */
enum status claim_open(const struct claim_config *config, struct claim **out,
                       char error[STORE_ERROR_BYTES]);
/*
 * Only for who holds the lock: next epoch, end older sessions, raise the heads; a row in
 * daybook.run tells of it. STATUS_STORE_BEHIND, and nothing is changed: the server's timeline is
 * another one than the last run saw, or a head is not what is known of it.
 */
enum status claim_take(struct claim *claim, const struct claim_known *known, uint32_t known_count,
                       char error[STORE_ERROR_BYTES]);
uint32_t claim_epoch(const struct claim *claim);
/* The frozen plan's revision and partitions; the run's row. */
uint32_t claim_revision(const struct claim *claim);
uint32_t claim_partitions(const struct claim *claim);
uint64_t claim_run_id(const struct claim *claim);
/* Head of the partition, read after the takeover. */
enum status claim_start(struct claim *claim, uint32_t partition, struct settle_start *start,
                        uint64_t now_ns, char error[STORE_ERROR_BYTES]);

/* Heartbeat: begins one when due, reads what came. Gives EVENT_STORE_ALIVE or EVENT_STORE_GONE, and
   EVENT_REQUESTED where somebody told of a request to this batch; two events at most. */
uint32_t claim_turn(struct claim *claim, struct event *events, uint64_t now_ns);
struct store_wait claim_wait(const struct claim *claim);
uint64_t claim_next_at(const struct claim *claim);

/* Why it is gone; "" where it is not. */
const char *claim_error(const struct claim *claim);

/* P6: the partition's closing record (counts, totals, head hash) under the head's lock. */
enum status claim_finish(struct claim *claim, const struct settle *settle, uint32_t partition,
                         char error[STORE_ERROR_BYTES]);
/*
 * The run's end with its exit code, once. The batch is closed where every partition was finished
 * and every settlement has ended, by their records in the database: a core's count may be ahead of
 * them.
 */
enum status claim_end(struct claim *claim, int exit_code, bool has_all_ended,
                      char error[STORE_ERROR_BYTES]);
void claim_close(struct claim *claim);

#endif
