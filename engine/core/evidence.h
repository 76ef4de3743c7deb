/*
 * evidence: what the bank's word, or that it cannot be asked, makes of a person's.
 *
 * A word about a transfer in doubt counts only where the bank does not contradict:
 *
 *   paid          not, where the bank has it pending or refused, or surely never received it
 *   not paid,     not before the newest attempt's last possible send + processing time, not where
 *   paid by hand  linger is unknown, and not where the bank has it
 *   return        not, where the bank has it as paid
 *
 * so a person's payment by hand and a send of ours can never both happen. Where a bank can be
 * asked and gives no answer, nothing is decided.
 */
#ifndef DAYBOOK_CORE_EVIDENCE_H
#define DAYBOOK_CORE_EVIDENCE_H

#include "core/settle_state.h"

/* The bank cannot be asked by key. False: it is refused, and the settlement is where it was. */
bool evidence_none(struct settle *settle, struct settlement *s);
/* … and its word waited until nothing sent before can arrive any more. */
void evidence_on_timer(struct settle *settle, struct settlement *s);
/* The bank's answer to the inquiry. False: the request has its decision, and the answer means to
   the settlement what it would have meant without. */
MUST_USE bool evidence_on_reply(struct settle *settle, struct settlement *s,
                                const struct bank_reply *reply);
/* The bank's word is waited for no longer. */
void evidence_leave(struct settle *settle, struct settlement *s);

#endif
