/*
 * world: virtual time, and what will happen when.
 *
 * Time jumps to the next happening; an hour of waiting costs one jump. Happenings at one instant
 * come in the order in which they were planned, so a run is the same each time. The clock of the
 * database is the virtual time plus an offset.
 */
#ifndef DAYBOOK_SIM_WORLD_H
#define DAYBOOK_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

/* Processes alive at once: one that works, and those that were taken over while they stood still.
   Each has an engine for each partition of its batch, and each engine a seat. */
#define PROCESSES_MAX 4U
#define WORLD_PARTITIONS_MAX 3U
#define SEATS_MAX (PROCESSES_MAX * WORLD_PARTITIONS_MAX)

enum happening_kind {
    HAPPENING_DEPOSIT,    /* what: index of the deposit */
    HAPPENING_CONNECTED,  /* what: the flight */
    HAPPENING_ARRIVED,    /* what: the flight */
    HAPPENING_ANSWERED,   /* what: the flight */
    HAPPENING_CANCELLED,  /* what: the flight */
    HAPPENING_TOLD_AGAIN, /* an answer that was given comes once more; what: the echo */
    HAPPENING_COMMIT,     /* the store applies the chunk; what: its ticket */
    HAPPENING_WRITTEN,    /* … and answers */
    HAPPENING_READ,       /* the store reads a page; what: its ticket */
    HAPPENING_LOADED,     /* … and answers */
    HAPPENING_BEAT,       /* the control session answers; what: the incarnation */
    HAPPENING_LOST,       /* a session breaks; what: the incarnation */
    HAPPENING_STOP,       /* a person stops the run; what: the seat, and the run << 8 */
    HAPPENING_NEWS,       /* what another partition of its run ended by; what: the same */
    HAPPENING_REQUESTED,  /* the control session tells of requests; what: the incarnation */
    HAPPENING_PERSONS,    /* persons look at the run, and ask for something; what: the run */
    HAPPENING_CLOCK,      /* the database's clock is set; what: the new offset, us */
};

struct happening {
    uint64_t at_ns;
    uint64_t seq;
    enum happening_kind kind;
    uint64_t what;
};

struct world {
    uint64_t now_ns;
    int64_t db_offset_us;
    struct happening *heap;
    uint32_t count, capacity;
    uint64_t next_seq;
};

void world_init(struct world *world, int64_t db_offset_us);
void world_deinit(struct world *world);
/* Plan something for an instant, now or later. */
void world_plan(struct world *world, uint64_t at_ns, enum happening_kind kind, uint64_t what);
/* The next instant at which something happens, AT_NEVER: nothing is planned. */
uint64_t world_next_at(const struct world *world);
/* Take the next happening if it is due. */
bool world_take(struct world *world, struct happening *happening);
void world_jump(struct world *world, uint64_t now_ns);
int64_t world_db_now_us(const struct world *world);

#endif
