/*
 * intake: which settlements come into the slots, and which wait outside.
 *
 * First those under way (money has moved), then the fresh ones in the plan's order (soonest
 * expected first), then again and again those that wait for their deposit, each at most once a
 * poll interval. When only waiting ones are left, or at the deadline, comes the last look: who
 * still has no deposit is short.
 */
#ifndef DAYBOOK_CORE_INTAKE_H
#define DAYBOOK_CORE_INTAKE_H

#include "core/settle_state.h"

void intake_init(struct settle *settle);
/* A page to ask for now? Fills *load and remembers that it is under way. */
MUST_USE bool intake_load(struct settle *settle, struct store_load *load);
void intake_on_loaded(struct settle *settle, const struct store_loaded *loaded);
/* No deposit yet: out of the slot, to be looked at again. */
void intake_wait(struct settle *settle, struct settlement *s);
/* After the deadline: who waits for a turn to be polled gets none any more. */
void intake_end_looking(struct settle *settle);
/* Nothing is left to come in. */
bool intake_is_done(const struct settle *settle);
uint64_t intake_next_at(const struct settle *settle);

#endif
