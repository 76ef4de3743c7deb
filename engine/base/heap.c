#include "base/heap.h"

#include "base/check.h"
#include "base/time.h"

void heap_init(struct heap *heap, struct arena *arena, uint32_t capacity)
{
    *heap = (struct heap){.capacity = capacity};
    heap->entries = ARENA_TAKE(arena, capacity, struct heap_entry);
    heap->places = ARENA_TAKE(arena, capacity, uint32_t);
}

static bool is_before(const struct heap_entry *a, const struct heap_entry *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void put(struct heap *heap, uint32_t place, struct heap_entry entry)
{
    heap->entries[place] = entry;
    heap->places[entry.item] = place + 1;
}

static void sift_up(struct heap *heap, uint32_t place, struct heap_entry entry)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (!is_before(&entry, &heap->entries[parent]))
            break;
        put(heap, place, heap->entries[parent]);
        place = parent;
    }
    put(heap, place, entry);
}

static void sift_down(struct heap *heap, uint32_t place, struct heap_entry entry)
{
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && is_before(&heap->entries[child + 1], &heap->entries[child]))
            child++;
        if (!is_before(&heap->entries[child], &entry))
            break;
        put(heap, place, heap->entries[child]);
        place = child;
    }
    put(heap, place, entry);
}

static void settle_at(struct heap *heap, uint32_t place, struct heap_entry entry)
{
    if (place > 0 && is_before(&entry, &heap->entries[(place - 1) / 2]))
        sift_up(heap, place, entry);
    else
        sift_down(heap, place, entry);
}

void heap_set(struct heap *heap, uint32_t item, uint64_t at_ns)
{
    CHECK(item < heap->capacity && at_ns != AT_NEVER);
    struct heap_entry entry = {.at_ns = at_ns, .order = heap->next_order++, .item = item};
    if (heap->places[item] != 0) {
        settle_at(heap, heap->places[item] - 1, entry);
    } else {
        CHECK(heap->count < heap->capacity);
        sift_up(heap, heap->count++, entry);
    }
}

void heap_clear(struct heap *heap, uint32_t item)
{
    CHECK(item < heap->capacity);
    if (heap->places[item] == 0)
        return;
    uint32_t place = heap->places[item] - 1;
    heap->places[item] = 0;
    struct heap_entry last = heap->entries[--heap->count];
    if (last.item != item)
        settle_at(heap, place, last);
}

uint64_t heap_next_at(const struct heap *heap)
{
    return heap->count == 0 ? AT_NEVER : heap->entries[0].at_ns;
}

bool heap_pop(struct heap *heap, uint64_t now_ns, uint32_t *item)
{
    if (heap->count == 0 || heap->entries[0].at_ns > now_ns)
        return false;
    *item = heap->entries[0].item;
    heap_clear(heap, *item);
    return true;
}
