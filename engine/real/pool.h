/*
 * pool: which of one bank's connections lie idle, and which are closed.
 *
 * Two stacks over the same links: the connection used last is taken first, so that few stay warm
 * and the others may go. A value; the links belong to the owner, one for each connection.
 */
#ifndef DAYBOOK_REAL_POOL_H
#define DAYBOOK_REAL_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

#define POOL_NONE UINT32_MAX

enum pool_stack { POOL_IDLE, POOL_CLOSED, POOL_STACKS };

struct pool_link {
    uint32_t above;
    uint32_t below;
    bool is_in; /* in one of the stacks */
};

struct pool {
    struct pool_link *links; /* by index - first */
    uint32_t first;
    uint32_t count;
    uint32_t tops[POOL_STACKS];
    uint32_t sizes[POOL_STACKS];
};

/* Connections first .. first + count - 1, all of them closed. */
void pool_init(struct pool *pool, struct pool_link *links, uint32_t first, uint32_t count);
void pool_push(struct pool *pool, enum pool_stack stack, uint32_t index);
/* The one pushed last, or POOL_NONE; it stays in. */
MUST_USE uint32_t pool_top(const struct pool *pool, enum pool_stack stack);
/* Take this one out, wherever it lies in that stack. */
void pool_remove(struct pool *pool, enum pool_stack stack, uint32_t index);
uint32_t pool_size(const struct pool *pool, enum pool_stack stack);

#endif
