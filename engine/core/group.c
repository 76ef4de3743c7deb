#include "core/group.h"

#include <stdbool.h>

#include "base/check.h"

static bool is_before(const struct record *records, uint32_t a, uint32_t b)
{
    uint64_t a_id = records[a].settlement_id;
    uint64_t b_id = records[b].settlement_id;
    return a_id != b_id ? a_id < b_id : a < b;
}

/* The greater ones go up until order[from] has no greater child. */
static void sift(const struct record *records, uint32_t *order, uint32_t from, uint32_t count)
{
    uint32_t at = from;
    uint32_t moved = order[from];
    while (at < count / 2) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < count && is_before(records, order[child], order[child + 1]))
            child++;
        if (!is_before(records, moved, order[child]))
            break;
        order[at] = order[child];
        at = child;
    }
    order[at] = moved;
}

/* Heapsort: no recursion, no memory. Places are part of what is compared, so it is stable. */
static void sort(const struct record *records, uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count / 2; i-- > 0;)
        sift(records, order, i, count);
    for (uint32_t end = count; end-- > 1;) {
        uint32_t greatest = order[0];
        order[0] = order[end];
        order[end] = greatest;
        sift(records, order, 0, end);
    }
}

/* records[i] becomes what records[order[i]] was, cycle by cycle. */
static void arrange(struct record *records, uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (order[i] == i)
            continue;
        struct record first = records[i];
        uint32_t at = i;
        while (order[at] != i) {
            uint32_t from = order[at];
            records[at] = records[from];
            order[at] = at;
            at = from;
        }
        records[at] = first;
        order[at] = at;
    }
}

void group_by_settlement(struct record *records, uint32_t *order, uint32_t count)
{
    sort(records, order, count);
    arrange(records, order, count);
}

uint32_t group_half(const struct record *records, uint32_t first, uint32_t end)
{
    CHECK(first < end);
    uint32_t at = first + (end - first) / 2;
    uint64_t id = records[at].settlement_id;
    uint32_t begin = at;
    while (begin > first && records[begin - 1].settlement_id == id)
        begin--;
    if (begin > first)
        return begin - first;
    while (at < end && records[at].settlement_id == id)
        at++;
    return at - first;
}
