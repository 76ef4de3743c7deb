/*
 * waiting: the accounts whose deposit has not come, 16 bytes each, first in first out.
 *
 * They wait outside the slots; their details are read again when they are due. Since every wait is
 * the bank's poll interval, the order of coming is (nearly) the order of falling due.
 */
#ifndef DAYBOOK_CORE_WAITING_H
#define DAYBOOK_CORE_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct waiting_account {
    uint32_t position;
    uint32_t polled_at_ms; /* since the core's start */
    int64_t seen_minor;    /* new money at that poll; -1: the poll failed */
};

_Static_assert(sizeof(struct waiting_account) == 16, "16 bytes a waiting account");

struct waiting {
    struct waiting_account *ring;
    uint32_t capacity, first, count;
};

void waiting_init(struct waiting *waiting, struct arena *arena, uint32_t capacity);
void waiting_push(struct waiting *waiting, struct waiting_account account);
/* The one that came first; there must be one (CHECK). */
const struct waiting_account *waiting_first(const struct waiting *waiting);
void waiting_pop(struct waiting *waiting);
/* Somebody asked about the one at this position: out of the line, wherever it stands in it. False:
   it is not there. O(waiting). */
bool waiting_remove(struct waiting *waiting, uint32_t position, struct waiting_account *removed);

#endif
