/*
 * intake: which settlements come into the slots, and which wait outside.
 *
 * First of all come requests (request.h), and again whenever there may be some; where nothing else
 * is wanted (SETTLE_REQUESTED), only those they are about. Then those under way (money has moved),
 * then the fresh ones in the plan's order (soonest expected first); between them, and after, again
 * and again those that wait for their deposit, each at most once a poll interval, the most urgent
 * first (waiting.h). When only waiting ones are left, or at the deadline, comes the last look: who
 * still has no deposit is short.
 */
#ifndef DAYBOOK_CORE_INTAKE_H
#define DAYBOOK_CORE_INTAKE_H

#include "core/settle_state.h"

/* Its memory, for a partition of so many accounts. */
void intake_take(struct intake *intake, struct arena *arena, uint32_t accounts);
void intake_init(struct settle *settle);
/* A page to ask for now? Fills *load and remembers that it is under way. */
MUST_USE bool intake_load(struct settle *settle, struct store_load *load);
void intake_on_loaded(struct settle *settle, const struct store_loaded *loaded);
/* No deposit yet: out of the slot, to be looked at again. */
void intake_wait(struct settle *settle, struct settlement *s);
/* There may be requests to answer. */
void intake_on_requested(struct settle *settle);

/* ---- for requests ---- */

/* The newest transfer has no final outcome. */
bool intake_has_open_transfer(const struct load_row *row);
/* Into a slot (AWAIT_INTENT_ROOM), for a request about it; the caller says what becomes of it. */
struct settlement *intake_take_in_requested(struct settle *settle, const struct load_row *row);
/* It goes on from where its records have it. */
void intake_go_on(struct settle *settle, struct settlement *s, const struct load_row *row);
/* The request changed nothing about where it stands: it goes where it belongs. */
void intake_put_back(struct settle *settle, struct settlement *s, const struct load_row *row);

/* After the deadline: who waits for a turn to be polled gets none any more. */
void intake_end_looking(struct settle *settle);
/* Nothing is left to come in. */
bool intake_is_done(const struct settle *settle);
uint64_t intake_next_at(const struct settle *settle);

#endif
