/*
 * arena: memory taken once, at start.
 *
 * The caller brings the bytes; the arena hands out zeroed pieces and frees nothing. After
 * arena_seal a further request is a programmer error (CHECK), which proves that the steady state
 * does not allocate. The same requests made of an arena without memory (NULL) first tell the size:
 * used_bytes.
 */
#ifndef DAYBOOK_BASE_ARENA_H
#define DAYBOOK_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena {
    uint8_t *memory; /* NULL: a dry run that only counts */
    size_t capacity_bytes;
    size_t used_bytes;
    bool sealed;
};

/* `memory` is zeroed, aligned to 64 and outlives the arena. */
void arena_init(struct arena *arena, void *memory, size_t capacity_bytes);
/* Aligned to 64 bytes. Returns NULL only in a dry run. */
void *arena_take(struct arena *arena, size_t count, size_t item_bytes);
void arena_seal(struct arena *arena);

#define ARENA_TAKE(arena, count, type) ((type *)arena_take(arena, count, sizeof(type)))

#endif
