/*
 * verify_rules: what the parts of verify_settlement share; for the verify_*.c files alone.
 *
 * Each on_… takes a record after what came before it was closed, and returns NULL or what is wrong.
 */
#ifndef DAYBOOK_JOBS_VERIFY_RULES_H
#define DAYBOOK_JOBS_VERIFY_RULES_H

#include "jobs/verify_settlement.h"

#define STATE_BIT(state) (UINT64_C(1) << (state))
#define STEP_BIT(step) ((uint8_t)(1U << (step)))

/* What permits an outcome besides where the settlement stands. */
struct verify_leave {
    const struct verify_request *granted; /* NULL: no decision */
    bool after_no;                        /* a final no, a reversal, a fee came just before */
};

static inline bool verify_is_done(const struct verify_settlement *s, uint8_t step)
{
    return (s->done_steps >> step & 1) != 0;
}

/* Was a decision of this kind just made? */
static inline bool verify_is_granted(const struct verify_leave *leave, enum request_kind kind)
{
    return leave->granted != NULL && leave->granted->kind == kind;
}

/* ---- verify_steps.c ---- */

/* The first step that is not done; STEP_CLOSING: all are. */
uint8_t verify_next_step(const struct verify_settlement *s);
/* The newest step that is done and moved money; 0: none. */
uint8_t verify_next_undo(const struct verify_settlement *s);
const char *verify_on_intent(struct verify_settlement *s, struct hash *hash,
                             const struct record *record);
const char *verify_on_attempt(struct verify_settlement *s, const struct record *record);
const char *verify_on_deposit(struct verify_settlement *s, const struct record *record);
const char *verify_on_done_step(struct verify_settlement *s, const struct record *record);
const char *verify_on_transfer(struct verify_settlement *s, const struct record *record,
                               const struct verify_leave *leave);
const char *verify_on_by_hand(struct verify_settlement *s, const struct record *record,
                              const struct verify_leave *leave);
const char *verify_on_reversed(struct verify_settlement *s, const struct record *record,
                               const struct verify_leave *leave);

/* ---- verify_entries.c ---- */

/* What lies in the account for the person to get; held there; beyond all that. */
int64_t verify_payable(const struct verify_settlement *s);
int64_t verify_held(const struct verify_settlement *s);
int64_t verify_residue(const struct verify_settlement *s);
/* The entries that an outcome asks for, before anything else comes. */
const char *verify_close_entries(struct verify_settlement *s);
/* … of the step of this outcome, of this kind. */
void verify_ask_entries(struct verify_settlement *s, const struct record *outcome, uint8_t kind,
                        uint8_t lines);
/* False: more than a number can hold. */
bool verify_add(int64_t *sum, int64_t amount);
const char *verify_post(struct verify_settlement *s, const struct record *record);
const char *verify_on_entry(struct verify_settlement *s, const struct record *record);

/* ---- verify_end.c ---- */

/* An entry of the closing step: it comes before its outcome. */
const char *verify_on_closing_entry(struct verify_settlement *s, const struct record *record);
const char *verify_on_end(struct verify_settlement *s, const struct record *record,
                          const struct verify_leave *leave);
const char *verify_on_raised(struct verify_settlement *s, const struct record *record,
                             const struct verify_leave *leave);

#endif
