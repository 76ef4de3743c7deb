/*
 * chunk: the ordered chunks of one partition: one fills while one is written.
 *
 * Promise    chunk n+1 is handed out only after n was reported as written; a chunk handed out is
 *            never changed, and handing it out again (chunk_again) gives the same bytes.
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
    uint32_t entry_count;
    int64_t debit_total_minor;
    uint64_t first_at_ns; /* when the first record came; AT_NEVER: empty */
};

struct chunks {
    struct chunk_buffer buffers[CHUNKS_HELD];
    uint32_t filling; /* index of the one that fills; the other may be being written */
    bool is_writing;
    uint32_t mark;     /* records at which a chunk closes */
    uint32_t capacity; /* records that fit */
    uint64_t delay_ns; /* longest wait of a first record */
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

void chunk_init(struct chunks *chunks, struct arena *arena, struct hash *hasher,
                const struct chunks_config *config);
/* The next record, zeroed, to be filled in at once. There must be room (CHECK). */
struct record *chunk_append(struct chunks *chunks, uint64_t now_ns);
/* Balance sheet of an entry just filled in. */
void chunk_count_entry(struct chunks *chunks, int64_t amount_minor);
/* Below the mark: new work may begin. */
bool chunk_has_room(const struct chunks *chunks);
/* Number of the chunk that fills: what is appended now is written with it. */
uint32_t chunk_filling_number(const struct chunks *chunks);
/* Is there something to write and nobody writing? `hurry`: do not wait for more records. */
bool chunk_is_due(const struct chunks *chunks, bool hurry, uint64_t now_ns);
/* Close it, hash it and hand it out. */
const struct chunk *chunk_hand_out(struct chunks *chunks);
/* The one handed out, again. */
const struct chunk *chunk_again(const struct chunks *chunks);
/* The one handed out is written. */
void chunk_written(struct chunks *chunks);
/* When a filling chunk falls due by time; AT_NEVER. */
uint64_t chunk_next_at(const struct chunks *chunks);
bool chunk_is_idle(const struct chunks *chunks);

#endif
