/*
 * store_sim_state: what the parts of store_sim share: chunks, sessions and heads (store_sim.c),
 * pages (store_sim_pages.c). Nothing else includes it.
 */
#ifndef DAYBOOK_SIM_STORE_SIM_STATE_H
#define DAYBOOK_SIM_STORE_SIM_STATE_H

#include "base/prng.h"
#include "sim/store_rows.h"
#include "sim/store_sim.h"

#define TICKETS_MAX (4U * SEATS_MAX)

/* A chunk under way. It outlives its engine. */
struct ticket {
    bool is_used;
    uint32_t engine, incarnation;
    enum chunk_fate fate;
    bool is_half;    /* not handed over whole: waits for its engine */
    bool is_decided; /* applied or refused; only its answer is still to come */
    struct chunk chunk;
    struct record *records;
    struct digest *digests;
    uint32_t capacity;
    uint64_t asked_at_ns;
    enum status status; /* once applied */
    int64_t db_now_us;
};

struct page {
    bool is_used;
    struct store_load load;
    uint32_t positions[LOAD_ROWS_MAX];
    struct load_row *rows;
    uint32_t row_count;
    bool at_end;
    enum status status;
    uint64_t asked_at_ns;
    int64_t db_now_us;
};

/* What one engine has open. */
struct session {
    bool is_used;
    bool is_ended; /* by a takeover; the engine may not know it yet */
    bool is_gone;  /* the engine was told */
    uint32_t incarnation;
    uint32_t month, partition, epoch;
    uint64_t frozen_until_ns;
    uint64_t beat_asked_ns;
    struct page page;
};

struct head {
    uint32_t epoch, number;
    struct digest hash;
};

struct store_sim {
    struct store_sim_config config;
    struct {
        struct prng delays, chunks, pages, beats, takeovers, requests;
    } prng;
    struct store_rows rows;
    struct ticket tickets[TICKETS_MAX];
    struct session sessions[SEATS_MAX];
    uint32_t incarnations;
    uint32_t chunks_asked;
    uint64_t shut_until_ns;
    struct head heads[MONTHS_MAX][WORLD_PARTITIONS_MAX];
};

static inline bool store_draws(struct prng *prng, uint64_t in_a_million)
{
    return prng_chance(prng, (uint32_t)in_a_million, SWARM_MILLION);
}

static inline uint64_t store_now(const struct store_sim *store)
{
    return store->config.world->now_ns;
}

static inline uint64_t store_delay(struct store_sim *store)
{
    const struct swarm *swarm = store->config.swarm;
    uint64_t most = store_draws(&store->prng.delays, swarm->store_slow) ? swarm->store_slow_ns
                                                                        : swarm->store_delay_ns;
    return prng_between(&store->prng.delays, 0, most);
}

/* Whose it is: the incarnation, the seat, and what of it. */
static inline uint64_t store_what(const struct store_sim *store, uint32_t engine, uint32_t part)
{
    return (uint64_t)store->sessions[engine].incarnation << 32 | engine << 16 | part;
}

static inline void store_plan(struct store_sim *store, uint32_t engine, uint64_t delay_ns,
                              enum happening_kind kind, uint32_t part)
{
    world_plan(store->config.world, store_now(store) + delay_ns, kind,
               store_what(store, engine, part));
}

static inline bool store_is_shut(const struct store_sim *store)
{
    return store->config.swarm->store_shut > 0 && store_now(store) < store->shut_until_ns;
}

/* The backend was ended: the engine finds out when it writes to it. */
static inline void store_tell_lost(struct store_sim *store, uint32_t engine)
{
    store_plan(store, engine, store_delay(store), HAPPENING_LOST, 0);
}

static inline struct store_time store_time_of(int64_t db_now_us, uint64_t asked_at_ns)
{
    return (struct store_time){.db_now_us = db_now_us, .asked_at_ns = asked_at_ns};
}

/* A page is read, and its answer planned. */
void store_pages_read(struct store_sim *store, uint32_t engine);
/* It comes to the engine. */
bool store_pages_loaded(struct page *page, struct event *event);

#endif
