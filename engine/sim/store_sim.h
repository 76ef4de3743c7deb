/*
 * store_sim: the database, as far as a run can see it: what was committed, and nothing else.
 *
 * Same semantics as Postgres under P4: a chunk is applied whole or not at all, by compare-and-set
 * on its batch's head (epoch = mine, number = head + 1), with the unique keys of the tables. A
 * chunk in flight when its engine is taken over is lost, or commits before the epoch is raised, or
 * comes after it and is refused. Delays, refusals and lost sessions are drawn. Reading pages and
 * writing chunks are two sessions: a page may show what was before a chunk that is already
 * acknowledged.
 *
 * Engines are known by their seat (below SEATS_MAX). A claim ends the sessions of whoever had
 * the batch before; that one may live on and hear of it late.
 */
#ifndef DAYBOOK_SIM_STORE_SIM_H
#define DAYBOOK_SIM_STORE_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "core/settle.h"
#include "sim/auditor.h"
#include "sim/store_rows.h"
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
    CHUNK_ROLLED_BACK, /* COMMIT is answered with the tag ROLLBACK: not applied */
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
    /* A decision about this request is committed; NULL: nobody wants to know. */
    void (*decided)(void *context, uint64_t request_id);
    void *decided_context;
};

struct store_sim;

struct store_sim *store_sim_open(const struct store_sim_config *config);
void store_sim_close(struct store_sim *store);

/* Until when the database takes no writes, and so no claim; in the past: it takes them. */
uint64_t store_sim_shut_until(const struct store_sim *store);
/* P0: the next epoch; whoever had the partition loses its sessions, and chunks of it that are still
   under way are decided. Fills in where the partition stands. */
void store_sim_claim(struct store_sim *store, uint32_t engine, uint32_t month, uint32_t partition,
                     struct settle_start *start);
/* The engine stands still until then: what it had not handed over whole waits for it. */
void store_sim_freeze(struct store_sim *store, uint32_t engine, uint64_t until_ns);
/* The engine is gone; what it had under way goes on without it. */
void store_sim_drop(struct store_sim *store, uint32_t engine);

void store_sim_load(struct store_sim *store, uint32_t engine, const struct store_load *load);
void store_sim_chunk(struct store_sim *store, uint32_t engine, const struct chunk *chunk);
/* Somebody asks for something; the engine that has the month is told. Returns the request's id. */
uint64_t store_sim_file(struct store_sim *store, const struct stored_request *request);
/* The tables, for who looks into them. */
const struct store_rows *store_sim_rows(const struct store_sim *store);
/* Which engine a happening of the store is for. */
uint32_t store_sim_engine(const struct happening *happening);
/* One of the store's happenings. True: *event is for that engine; its rows hold until the next. */
MUST_USE bool store_sim_happen(struct store_sim *store, const struct happening *happening,
                               struct event *event);

/* Over all months. */
struct store_tally store_sim_tally(const struct store_sim *store);

#endif
