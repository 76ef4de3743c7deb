/*
 * course: what comes next for one settlement, and the records that say so.
 *
 * A settlement goes deposit, collect, hold, payout, closing check, end. A step of amount 0 is
 * skipped; a post needs no bank; a transfer begins with its intent. Every function leaves the
 * settlement awaiting something, or gone.
 */
#ifndef DAYBOOK_CORE_COURSE_H
#define DAYBOOK_CORE_COURSE_H

#include "core/ledger.h"
#include "core/settle_state.h"

/* Codes of parks that daybook decides by itself; a bank's own code is used otherwise. */
#define PARK_OVER_DEPOSIT "over_deposit"
#define PARK_BELOW_DUES "below_dues"
#define PARK_BALANCE_LESS "balance_less"
#define PARK_NO_INQUIRY "no_inquiry"
#define PARK_KEY_EXPIRED "key_expired"
#define PARK_BODY_CHANGED "body_changed"
#define PARK_LINGER_UNKNOWN "linger_unknown"
#define PARK_REFUSED_REPEAT "refused_repeat"
#define PARK_GENERATIONS "tries_used_up"
#define PARK_ATTEMPTS "attempts_used_up"
#define PARK_REJECTED "rejected" /* for a person, and the bank gave no code */
#define PARK_RECORD_REFUSED "record_refused"
#define PARK_REVERSED "reversed"
#define PARK_UNCONFIRMED "unconfirmed"
#define PARK_FEE_TAKEN "fee_taken"
#define PARK_FEE_UNCLEAR "fee_unclear"
#define PARK_OVERDRAWN "would_overdraw"
#define PARK_BY_PERSON "parked_by_person"
#define PARK_UNDO_REFUSED "undo_refused" /* and the bank gave no code */

/* The step under way is done at the bank: its outcome, its entries and the fee that the answer
   names, and on to the next; a fee that the person bears parks. */
void course_step_accepted(struct settle *settle, struct settlement *s,
                          const struct bank_reply *reply);
/* Go on after the step in s->step is done. */
void course_next(struct settle *settle, struct settlement *s);
/* Stop it for a person. */
void course_park(struct settle *settle, struct settlement *s, const struct bank_text *text);
void course_park_code(struct settle *settle, struct settlement *s, const char *code);
/* The same in a record of the caller's, which is not in the filling buffer. */
void course_fill_parked(struct settle *settle, struct settlement *s, struct record *record,
                        const char *code);
/* This run leaves it as the records have it: out of its slot as soon as they are written. */
void course_release(struct settle *settle, struct settlement *s);
/* Append an outcome of the settlement's step; text NULL: nothing was said. Returns it, for what the
   caller adds. */
struct record *course_outcome(struct settle *settle, struct settlement *s, enum outcome_state state,
                              int64_t amount_minor, const struct bank_text *text);
/* The step in s->step is done: its outcome is appended. */
void course_step_done(struct settlement *s);
/* Append an entry of the settlement's step; returns it. */
struct record *course_entry(struct settle *settle, struct settlement *s, uint8_t line,
                            struct ledger_line accounts, int64_t amount_minor);
/* Those that its outcome asks for, and those that take them back (of this kind: TRANSFER_UNDO or
   KIND_REVERSAL); how many. */
uint8_t course_step_entries(struct settle *settle, struct settlement *s, int64_t amount_minor);
uint8_t course_back_entries(struct settle *settle, struct settlement *s, uint8_t kind,
                            int64_t amount_minor);
/* The fee that an answer names, after the lines of its step. Ours to bear: true. Taken from the
   person's account, or unclear: parked. */
bool course_fee(struct settle *settle, struct settlement *s, uint8_t line, int64_t fee_minor);
/* Append the decision about a request: its settlement's, or (s NULL) the run's. */
void course_decide(struct settle *settle, struct settlement *s, const struct record *decision);

/* A balance out of all reason is no balance: what is beyond our range is read again. */
bool course_is_balance(const struct bank_reply *reply);
/* A look that failed may be tried again: not counted when the bank said slow down, but a run does
   not wait for ever. */
bool course_may_look_again(struct settle *settle, struct settlement *s, bool throttled);
/* … after such a wait. */
uint64_t course_look_wait_ns(struct settle *settle, const struct settlement *s);

/* Begin the transfer of the step in s->step, in the generation after the newest one; s->order is
   what was tried last. */
void course_begin_transfer(struct settle *settle, struct settlement *s, enum transfer_kind kind,
                           int64_t amount_minor);
/* Begin this generation of the transfer in s->order: a new key, and its intent as soon as there is
   room for one more. */
void course_begin_generation(struct settle *settle, struct settlement *s, uint16_t generation);
/* The intent of the transfer in s->order, or the permission to send it again. */
void course_write_intent(struct settle *settle, struct settlement *s);
void course_write_attempt(struct settle *settle, struct settlement *s);
/* Is there room for one more permission ahead of sending: one second of tokens and slots, and less
   after a pause? Never while the bank is paused. */
bool course_has_room(const struct settle *settle, uint32_t bank);
/* Does anybody wait for that room? */
bool course_has_queue(const struct settle *settle, uint32_t bank);
/* Its newest records are written. */
void course_on_written(struct settle *settle, struct settlement *s);

#endif
