#include "sim/world.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/time.h"

void world_init(struct world *world, int64_t db_offset_us)
{
    *world = (struct world){.now_ns = NS_PER_S, .db_offset_us = db_offset_us};
}

void world_deinit(struct world *world)
{
    free(world->heap);
    world->heap = NULL;
}

static bool is_before(const struct happening *a, const struct happening *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->seq < b->seq;
}

static void grow(struct world *world)
{
    if (world->count < world->capacity)
        return;
    world->capacity = world->capacity == 0 ? 256 : 2 * world->capacity;
    world->heap = realloc(world->heap, world->capacity * sizeof(*world->heap));
    CHECK(world->heap != NULL);
}

void world_plan(struct world *world, uint64_t at_ns, enum happening_kind kind, uint64_t what)
{
    CHECK(at_ns >= world->now_ns && at_ns != AT_NEVER);
    grow(world);
    struct happening added = {at_ns, world->next_seq++, kind, what};
    uint32_t place = world->count++;
    while (place > 0 && is_before(&added, &world->heap[(place - 1) / 2])) {
        world->heap[place] = world->heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    world->heap[place] = added;
}

uint64_t world_next_at(const struct world *world)
{
    return world->count == 0 ? AT_NEVER : world->heap[0].at_ns;
}

static void take_top(struct world *world)
{
    struct happening last = world->heap[--world->count];
    uint32_t place = 0;
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child >= world->count)
            break;
        if (child + 1 < world->count && is_before(&world->heap[child + 1], &world->heap[child]))
            child++;
        if (!is_before(&world->heap[child], &last))
            break;
        world->heap[place] = world->heap[child];
        place = child;
    }
    world->heap[place] = last;
}

bool world_take(struct world *world, struct happening *happening)
{
    if (world->count == 0 || world->heap[0].at_ns > world->now_ns)
        return false;
    *happening = world->heap[0];
    take_top(world);
    return true;
}

void world_jump(struct world *world, uint64_t now_ns)
{
    CHECK(now_ns >= world->now_ns && now_ns != AT_NEVER);
    world->now_ns = now_ns;
}

int64_t world_db_now_us(const struct world *world)
{
    return world->db_offset_us + (int64_t)(world->now_ns / NS_PER_US);
}
