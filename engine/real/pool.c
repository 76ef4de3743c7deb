#include "real/pool.h"

static struct pool_link *link_of(struct pool *pool, uint32_t index);

void pool_init(struct pool *pool, struct pool_link *links, uint32_t first, uint32_t count)
{
    CHECK(count > 0 && first < POOL_NONE - count);
    *pool = (struct pool){
        .links = links, .first = first, .count = count, .tops = {POOL_NONE, POOL_NONE}};
    for (uint32_t i = 0; i < count; i++) {
        links[i] = (struct pool_link){POOL_NONE, POOL_NONE, false};
    }
    for (uint32_t i = count; i > 0; i--) {
        pool_push(pool, POOL_CLOSED, first + i - 1);
    }
}

void pool_push(struct pool *pool, enum pool_stack stack, uint32_t index)
{
    struct pool_link *link = link_of(pool, index);
    CHECK(!link->is_in);
    uint32_t top = pool->tops[stack];
    *link = (struct pool_link){.above = POOL_NONE, .below = top, .is_in = true};
    if (top != POOL_NONE) {
        link_of(pool, top)->above = index;
    }
    pool->tops[stack] = index;
    pool->sizes[stack]++;
}

uint32_t pool_top(const struct pool *pool, enum pool_stack stack)
{
    return pool->tops[stack];
}

void pool_remove(struct pool *pool, enum pool_stack stack, uint32_t index)
{
    struct pool_link *link = link_of(pool, index);
    CHECK(link->is_in && pool->sizes[stack] > 0);
    if (link->above == POOL_NONE) {
        CHECK(pool->tops[stack] == index);
        pool->tops[stack] = link->below;
    } else {
        link_of(pool, link->above)->below = link->below;
    }
    if (link->below != POOL_NONE) {
        link_of(pool, link->below)->above = link->above;
    }
    link->is_in = false;
    pool->sizes[stack]--;
}

uint32_t pool_size(const struct pool *pool, enum pool_stack stack)
{
    return pool->sizes[stack];
}

static struct pool_link *link_of(struct pool *pool, uint32_t index)
{
    CHECK(index >= pool->first && index - pool->first < pool->count);
    return &pool->links[index - pool->first];
}
