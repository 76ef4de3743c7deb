/*
 * deposit: looking for an account's new money, and what becomes of the settlement with or without
 * it.
 */
#ifndef DAYBOOK_CORE_DEPOSIT_H
#define DAYBOOK_CORE_DEPOSIT_H

#include "core/settle_state.h"

/* An answer came to the poll. */
void deposit_on_balance(struct settle *settle, struct settlement *s,
                        const struct bank_reply *reply);
/* Looked at, or no look to be had: it waits outside the slots, or is short when nobody looks any
   more. */
void deposit_missing(struct settle *settle, struct settlement *s);
/* No deposit, and nobody looks any more in this run: recorded as short unless it already is. */
void deposit_short(struct settle *settle, struct settlement *s);

#endif
