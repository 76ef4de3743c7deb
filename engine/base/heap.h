/*
 * heap: the timers. A binary min-heap of (instant, item), one entry an item at most.
 *
 * Equal instants leave in the order in which they were set, so the order is always defined.
 * Items are indexes 0 .. capacity-1 into the owner's pool; setting and clearing are O(log n).
 * A plain value over memory from an arena.
 */
#ifndef DAYBOOK_BASE_HEAP_H
#define DAYBOOK_BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct heap_entry {
    uint64_t at_ns;
    uint64_t order;
    uint32_t item;
};

struct heap {
    struct heap_entry *entries;
    uint32_t *places; /* by item: place in entries + 1, or 0 when not set */
    uint32_t count;
    uint32_t capacity;
    uint64_t next_order;
};

void heap_init(struct heap *heap, struct arena *arena, uint32_t capacity);
/* Set or move the item's instant. */
void heap_set(struct heap *heap, uint32_t item, uint64_t at_ns);
/* Clear the item's instant; nothing when it has none. */
void heap_clear(struct heap *heap, uint32_t item);
/* The earliest instant, or AT_NEVER. */
uint64_t heap_next_at(const struct heap *heap);
/* Take the earliest item if its instant is at or before now. */
bool heap_pop(struct heap *heap, uint64_t now_ns, uint32_t *item);

#endif
