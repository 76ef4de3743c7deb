/*
 * chunk: the ordered chunks of one partition: one buffer fills while the other is written.
 *
 * A closed buffer usually leaves as one chunk. When the database refuses its data, it leaves in
 * parts, each a chunk of its own: whole settlements only, halved until the refused one stands
 * alone; one record of the caller's then takes its place. Who waits for what was appended waits
 * for the buffer's ticket: it is written when the last part is.
 *
 * Promise    chunk n+1 is handed out only after n was reported as written; a chunk handed out is
 *            never changed, and handing it out again (chunk_again) gives the same bytes; another
 *            one comes under its number only after it was refused. Numbers are dense.
 * Ownership  a value over memory from the arena.
 */
#ifndef DAYBOOK_CORE_CHUNK_H
#define DAYBOOK_CORE_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "core/limits.h"
#include "core/port.h"

struct chunk_buffer {
    struct record *records;
    uint32_t record_count;
    uint64_t first_at_ns; /* when the first record came; AT_NEVER: empty */
};

struct chunks {
    struct chunk_buffer buffers[CHUNKS_HELD];
    uint32_t filling;  /* index of the one that fills */
    uint32_t ticket;   /* of the one that fills: 1, 2, 3 … */
    uint32_t mark;     /* records at which a buffer closes */
    uint32_t capacity; /* records that fit */
    uint64_t delay_ns; /* longest wait of a first record */

    /* the closed one */
    bool is_closed;       /* there is one, and it is not wholly written */
    bool is_handed;       /* a part of it is handed out */
    bool is_grouped;      /* settlement by settlement, since something of it was refused */
    bool is_stand_in;     /* the part is the one record in the place of a refused settlement */
    uint32_t first;       /* records before it are written */
    uint32_t part_count;  /* records handed out, from `first` */
    uint32_t suspect_end; /* something refused lies between `first` and here */
    uint32_t *order;      /* room for grouping */

    struct chunk handed;
    uint32_t number;    /* newest written */
    struct digest hash; /* of the newest written */
    struct hash *hasher;
};

struct chunks_config {
    uint32_t batch_id, partition, epoch;
    uint32_t number; /* where the partition's head stands */
    struct digest hash;
    uint32_t mark;
    uint32_t calls; /* calls in flight at most: their answers must find room */
    uint64_t delay_ns;
};

/* What a refusal of the part handed out leads to. */
enum chunk_refusal {
    CHUNK_HALVED,   /* a smaller part is due */
    CHUNK_ALONE,    /* one settlement stands alone: see chunk_replace */
    CHUNK_HOPELESS, /* even what stands in for one was refused */
};

void chunk_init(struct chunks *chunks, struct arena *arena, struct hash *hasher,
                const struct chunks_config *config);
/* The next record, zeroed, to be filled in at once. There must be room (CHECK). */
struct record *chunk_append(struct chunks *chunks, uint64_t now_ns);
/* Below the mark: new work may begin. */
bool chunk_has_room(const struct chunks *chunks);
/* What is appended now is written when this ticket is. */
uint32_t chunk_ticket(const struct chunks *chunks);
bool chunk_is_written(const struct chunks *chunks, uint32_t ticket);
/* Is there something to write and nobody writing? `hurry`: do not wait for more records. */
bool chunk_is_due(const struct chunks *chunks, bool hurry, uint64_t now_ns);
/* The next chunk, hashed. */
const struct chunk *chunk_hand_out(struct chunks *chunks);
/* The one handed out, again. */
const struct chunk *chunk_again(const struct chunks *chunks);
/* The one handed out is written. */
void chunk_written(struct chunks *chunks);

/* The one handed out was refused for its data, so it is not written and never will be. */
MUST_USE enum chunk_refusal chunk_refused(struct chunks *chunks);
/* ALONE: which one. */
uint64_t chunk_alone(const struct chunks *chunks);
/* Records of this settlement that are not written yet, in order; *cursor begins at 0. NULL: no
   more. */
const struct record *chunk_unwritten_of(const struct chunks *chunks, uint64_t settlement_id,
                                        uint32_t *cursor);
/* ALONE: all its records that are not written are dropped. The one that stands in their place,
   zeroed, to be filled in at once; it is due next, alone. */
struct record *chunk_replace(struct chunks *chunks);

/* When a buffer falls due by time; AT_NEVER. */
uint64_t chunk_next_at(const struct chunks *chunks);
bool chunk_is_idle(const struct chunks *chunks);

#endif
