/*
 * doubt: what a transfer's answers mean, and how one in doubt is resolved (P3, P5 of the
 * protocol, README.md).
 *
 * Promise   a transfer in doubt never gets a new key; the same key is sent again only after two
 *           not-founds that count and inside its lifetime; a new generation only after a rejection
 *           that is proven; what cannot be proven parks, or is left in doubt when the run may wait
 *           no longer.
 */
#ifndef DAYBOOK_CORE_DOUBT_H
#define DAYBOOK_CORE_DOUBT_H

#include "core/settle_state.h"

void doubt_on_send_reply(struct settle *settle, struct settlement *s,
                         const struct bank_reply *reply);
void doubt_on_inquiry_reply(struct settle *settle, struct settlement *s,
                            const struct bank_reply *reply);
/* A wait is over: AWAIT_SEND_AGAIN or AWAIT_INQUIRY_AGAIN. */
void doubt_on_timer(struct settle *settle, struct settlement *s);
/* The permission to send has run out before its turn came (AWAIT_SEND_TURN): it waits for room for
   a new one, or is left to a later run where that happens again and again. */
void doubt_expire(struct settle *settle, struct settlement *s);
/* There is room for its permission (AWAIT_SEND_ROOM): written, or a person where it may not be sent
   any more. */
void doubt_permit(struct settle *settle, struct settlement *s);
/* This run waits no longer: its transfer stays as the records have it. What was surely never
   carried out is not in doubt. */
void doubt_leave(struct settle *settle, struct settlement *s);
/* The permission to send is written. */
void doubt_on_written(struct settle *settle, struct settlement *s);
/* The run may wait no longer for a turn: AWAIT_SEND_ROOM, AWAIT_SEND_TURN or
   AWAIT_INQUIRY_TURN. */
void doubt_on_turn_timer(struct settle *settle, struct settlement *s);
/* A transfer of an earlier run, read from the store, becomes the one in s->order. */
void doubt_take_up(struct settle *settle, struct settlement *s,
                   const struct load_transfer *transfer);
/* … and is gone on with, where it has no final outcome or waits for its next generation; the slot
   awaits INTENT_ROOM. */
void doubt_resume(struct settle *settle, struct settlement *s,
                  const struct load_transfer *transfer);

/* ---- for a person's word about it (request.h) ---- */

/* Would a not-found count that was asked for at these instants (the database's, ours)? Then no send
   permitted so far can still arrive. */
bool doubt_is_late(struct settle *settle, const struct settlement *s, int64_t at_us,
                   uint64_t at_ns);
/* The same by the database's clock alone: what a person could know. */
bool doubt_is_late_by_records(struct settle *settle, const struct settlement *s, int64_t at_us);
/* Waits until it does by both; then the bank is asked, or (evidence.h) the word weighed again. */
void doubt_wait_for_late(struct settle *settle, struct settlement *s);
/* Does the bank surely still know the key, if it ever did? */
bool doubt_key_is_kept(struct settle *settle, const struct settlement *s);
/* The bank is asked as soon as there is a token; and again, after a wait that grows. */
void doubt_ask(struct settle *settle, struct settlement *s);
void doubt_ask_again(struct settle *settle, struct settlement *s);
/* The no is recorded; what comes next is the caller's. */
void doubt_record_no(struct settle *settle, struct settlement *s, bool by_person,
                     const struct bank_text *text);

#endif
