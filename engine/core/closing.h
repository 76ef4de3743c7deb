/*
 * closing: the closing check and the settlement's end.
 *
 * One more balance. What differs from the ledger is looked at once more after the bank's
 * processing time; where a run may not wait so long, a later run does it, whose first look is the
 * last once the records are old enough. Still different, the transfers accepted here are asked
 * about again, newest first, where the bank can be asked by key: one that it now shows as refused
 * was accepted first and failed later; it gets reversing entries, and the settlement parks. What
 * is beyond the ledger's balance parks, too, where it is the sum of transfers that nobody
 * confirms, or that were undone, and may have come back by themselves besides; else it is residue.
 * Less parks.
 */
#ifndef DAYBOOK_CORE_CLOSING_H
#define DAYBOOK_CORE_CLOSING_H

#include "core/settle_state.h"

/* All steps are done, or undone. */
void closing_begin(struct settle *settle, struct settlement *s);
void closing_on_balance(struct settle *settle, struct settlement *s,
                        const struct bank_reply *reply);
/* An answer about a transfer that is recorded as accepted. */
void closing_on_confirm(struct settle *settle, struct settlement *s,
                        const struct bank_reply *reply);
/* The accepted transfer of this step, in the generation of s->order, failed later: recorded, with
   the entries that take it back. */
void closing_reverse(struct settle *settle, struct settlement *s, enum step_kind step,
                     int64_t amount_minor, const struct bank_text *text);
/* An end without a look: what stays in the account by the steps done so far is recorded. */
void closing_end_as_it_stands(struct settle *settle, struct settlement *s, enum outcome_state end);
/* A further end record of one that ended: what it left is now what s->end_… says. */
void closing_end_again(struct settle *settle, struct settlement *s, enum outcome_state end);
/* Paid, but not looked at: a later run closes it. */
void closing_leave(struct settle *settle, struct settlement *s);

#endif
