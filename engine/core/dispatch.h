/*
 * dispatch: who gets the next token and call.
 *
 * Per bank, in the order inquiry, transfer, confirmation, closing check, poll: finding out and
 * paying go before looking. A transfer whose permission has run out gets a new attempt record
 * instead of a call.
 */
#ifndef DAYBOOK_CORE_DISPATCH_H
#define DAYBOOK_CORE_DISPATCH_H

#include "core/settle_state.h"

/* Calls to make now, at most command_max. */
MUST_USE uint32_t dispatch_calls(struct settle *settle, struct command *commands,
                                 uint32_t command_max);
/* A bank that is paused for longer than a run waits: whoever waits for a turn there, and has no
   wait of its own, is left to a later run. */
void dispatch_give_up(struct settle *settle);
/* Intents for those that waited for room. */
void dispatch_intents(struct settle *settle);
/* A call ended: its desk gets the place back. */
void dispatch_on_reply(struct settle *settle, const struct call *call,
                       const struct bank_reply *reply);
uint64_t dispatch_next_at(const struct settle *settle);
/* No more calls: nobody gives way to this partition any more. */
void dispatch_end(struct settle *settle);

#endif
