/*
 * compensate: going backwards, newest step first, after a rejection that the plan does not leave to
 * a person.
 *
 * A step that moved money is undone by a transfer of its own key and entries (TRANSFER_UNDO), one
 * that only posted by posting; one of amount 0 had nothing to undo. In doubt it is resolved like
 * any transfer; refused it parks. At the end the money lies in the account as carried payable, for
 * a later batch.
 *
 * Promise   only steps that are done are undone, none in doubt, and by itself each at most once.
 */
#ifndef DAYBOOK_CORE_COMPENSATE_H
#define DAYBOOK_CORE_COMPENSATE_H

#include "core/settle_state.h"

/* Does the plan undo what was done when a person would have to decide about its step? Not where the
   payout is done: what follows then is no machine's. */
bool compensate_is_wanted(const struct settle *settle, const struct settlement *s);
/* The step in s->step is rejected, and recorded so: backwards from now on. */
void compensate_begin(struct settle *settle, struct settlement *s);
/* The next one to undo, or the end. */
void compensate_next(struct settle *settle, struct settlement *s);
/* The undo in s->order is done at the bank. */
void compensate_on_accepted(struct settle *settle, struct settlement *s,
                            const struct bank_reply *reply);

#endif
