/*
 * store_sim: the database, as far as a run can see it: what was committed, and nothing else.
 *
 * Same semantics as Postgres under P4: a chunk is applied whole or not at all, by compare-and-set
 * on the head (epoch = mine, number = head + 1), with the unique keys of the tables. A chunk in
 * flight when its engine dies is lost, or commits before the takeover raises the epoch, or comes
 * after it and is refused. Delays, refusals and lost sessions are drawn. Reading pages and writing
 * chunks are two sessions: a page may show what was before a chunk that is already acknowledged.
 */
#ifndef DAYBOOK_SIM_STORE_SIM_H
#define DAYBOOK_SIM_STORE_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "core/settle.h"
#include "sim/auditor.h"
#include "sim/swarm.h"
#include "sim/workload.h"
#include "sim/world.h"
#include "wire/profile.h"

/* What becomes of one chunk. */
enum chunk_fate {
    CHUNK_GOOD,
    CHUNK_BUSY,        /* serialization failure: not applied, try again */
    CHUNK_LOST_BEFORE, /* the session breaks, nothing was applied */
    CHUNK_LOST_AFTER,  /* applied, and the session breaks before the answer */
};

struct store_sim_config {
    struct world *world;
    const struct swarm *swarm; /* read at every draw: healing it heals the store */
    const struct workload *workload;
    const struct profile *profile;
    struct hash *hash;
    struct auditor *auditor;
    uint64_t seed;
    /* A script instead of chance; NULL: drawn. `nth` counts chunks from 1, over all engines. */
    enum chunk_fate (*decide)(void *context, const struct chunk *chunk, uint32_t nth);
    void *context;
};

struct store_sim;

struct store_sim *store_sim_open(const struct store_sim_config *config);
void store_sim_close(struct store_sim *store);

/* P0: the next epoch; chunks still under way are decided. Fills in where the partition stands. */
void store_sim_claim(struct store_sim *store, struct settle_start *start);
/* The engine is gone; what it had under way goes on without it. */
void store_sim_drop(struct store_sim *store);

void store_sim_load(struct store_sim *store, const struct store_load *load);
void store_sim_chunk(struct store_sim *store, const struct chunk *chunk);
/* One of the store's happenings. True: *event is for the engine; its rows hold until the next. */
MUST_USE bool store_sim_happen(struct store_sim *store, const struct happening *happening,
                               struct event *event);

/* Settlements by their committed state. */
struct store_tally {
    uint32_t settled, parked, is_short, under_way, blocked;
    uint64_t records;
    uint32_t chunks;
};
struct store_tally store_sim_tally(const struct store_sim *store);

#endif
