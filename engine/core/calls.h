/*
 * calls: the bank calls in flight, each named by a slot that its reply must echo.
 *
 * A reply for an earlier tenant of the slot is stale and finds nothing. Values over an arena.
 */
#ifndef DAYBOOK_CORE_CALLS_H
#define DAYBOOK_CORE_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/port.h"

struct call {
    uint32_t generation; /* odd while in flight */
    uint32_t settlement; /* index of its slot in steps */
    uint32_t next_free;
    uint8_t bank;
    uint8_t call_kind;
    bool is_cancelled;
    uint64_t handed_at_ns;
};

struct calls {
    struct call *calls;
    uint32_t *cancels; /* ring of calls to be cancelled */
    uint32_t cancel_first, cancel_count;
    uint32_t capacity;
    uint32_t free_head;
    uint32_t in_flight;
};

void calls_init(struct calls *calls, struct arena *arena, uint32_t capacity);
bool calls_has_room(const struct calls *calls);
/* There must be room (CHECK). */
struct slot calls_begin(struct calls *calls, uint32_t settlement, uint8_t bank,
                        enum call_kind call_kind, uint64_t now_ns);
/* The call it names, ended and freed, copied to *ended; false: stale. */
MUST_USE bool calls_end(struct calls *calls, struct slot slot, struct call *ended);
/* Ask that it be cancelled; once is enough. */
void calls_cancel(struct calls *calls, struct slot slot);
/* The next one to cancel that is still in flight. */
MUST_USE bool calls_next_cancel(struct calls *calls, struct slot *slot);

#endif
