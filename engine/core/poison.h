/*
 * poison: a chunk that the database refuses for its data (P4 of the protocol).
 *
 * It is halved between settlements until the refused one stands alone; that one is parked by one
 * record of ours, without any text from outside; what else of it was not written is dropped, and
 * its transfer stays in doubt. The rest goes on.
 */
#ifndef DAYBOOK_CORE_POISON_H
#define DAYBOOK_CORE_POISON_H

#include "core/settle_state.h"

/* The chunk handed out was refused. False: even the record that parks is refused; stop. */
MUST_USE bool poison_on_refused(struct settle *settle);
/* The reply came that kept a parked one in its slot; what it says is not looked at. */
void poison_on_reply(struct settle *settle, struct settlement *s);

#endif
