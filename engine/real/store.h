/*
 * store: one partition's records in Postgres, driven from the ring; never blocks after open.
 *
 * Two sessions: chunks (COPY) and reading pages. Carries out COMMAND_STORE_LOAD and
 * COMMAND_STORE_CHUNK, and gives their events. A lost session gives EVENT_STORE_GONE.
 * "Written" means: every result to the end came on this connection without error, and COMMIT has
 * the tag COMMIT.
 */
#ifndef DAYBOOK_REAL_STORE_H
#define DAYBOOK_REAL_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "core/port.h"
#include "core/settle.h"
#include "wire/profile.h"

#define STORE_ERROR_BYTES 512

struct store_bank {
    const char *name;              /* as in the mapping and the plan */
    const struct profile *profile; /* renders bodies for their digests */
    int32_t profile_id;            /* row of the frozen profile text */
};

struct store_config {
    const char *conninfo; /* explicit; PG* environment does not redirect it */
    uint64_t answer_ns;   /* a chunk or page without an answer for so long: the session is lost */
    uint32_t batch_id;
    uint32_t partition;
    uint32_t epoch;
    uint32_t plan_revision;
    uint32_t bank_count;
    struct store_bank banks[BANKS_MAX];
    struct hash *hash;
};

struct store;

/* Opens both sessions (blocks; start only). NULL: see `error`. */
struct store *store_open(const struct store_config *config, char error[STORE_ERROR_BYTES]);
void store_close(struct store *store);

/* Begin; the event comes from store_turn. One of each at a time (CHECKed). */
void store_load(struct store *store, const struct store_load *load, uint64_t now_ns);
void store_chunk(struct store *store, const struct chunk *chunk, uint64_t now_ns);

/* What each session waits for: index 0 chunks, 1 pages. fd is -1 when idle. */
struct store_wait {
    int fd;
    bool readable;
    bool writable;
};
void store_waits(const struct store *store, struct store_wait waits[2]);

/*
 * Move on whatever can move without blocking. Returns events written to `events` (at most 4).
 * Their rows stay valid until the next store_load.
 */
uint32_t store_turn(struct store *store, struct event *events, uint64_t now_ns);
/* When a session that has not answered by then is given up; AT_NEVER: nothing is asked. */
uint64_t store_next_at(const struct store *store);
/* What the database said of the newest failure: SQLSTATE and message, cleaned. */
const char *store_error(const struct store *store);

#endif
