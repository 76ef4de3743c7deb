#include "core/evidence.h"

#include <string.h>

#include "base/money.h"
#include "base/sin.h"
#include "core/account.h"
#include "core/closing.h"
#include "core/compensate.h"
#include "core/course.h"
#include "core/doubt.h"
#include "core/request.h"

#define NOT_FOUNDS_WANTED 2

/* What is known of the transfer besides the person's word. */
enum proof {
    PROOF_NONE,     /* the bank cannot be asked, or keeps the key no longer */
    PROOF_ACCEPTED, /* the bank has it, done */
    PROOF_PENDING,  /* … and still works on it */
    PROOF_REJECTED, /* … refused */
    PROOF_ABSENT,   /* it never received it, and never will */
    PROOF_EARLY,    /* it has not received it yet */
};

/* ---- decisions ------------------------------------------------------------------------------- */

static void decide(struct settle *settle, struct settlement *s, enum decision_state state,
                   const char *code)
{
    struct record record = {.settlement_id = s->id,
                            .bank = s->bank,
                            .decision = {.request_id = s->request_id,
                                         .request_kind = s->request_kind,
                                         .state = (uint8_t)state}};
    memcpy(record.decision.code, code, strlen(code));
    course_decide(settle, s, &record);
    s->request_id = 0;
}

static void done(struct settle *settle, struct settlement *s)
{
    settle_timer_clear(settle, s);
    decide(settle, s, DECISION_DONE, "");
    s->is_parked = s->is_visitor = false;
}

/* Why a word that it was paid does not count; NULL: it does. */
static const char *why_not_paid(enum proof proof)
{
    switch (proof) {
    case PROOF_NONE:
    case PROOF_ACCEPTED:
        return NULL;
    case PROOF_PENDING:
        return REQUEST_CODE_BANK_PENDING;
    case PROOF_REJECTED:
        return REQUEST_CODE_BANK_REJECTED;
    case PROOF_ABSENT:
        return REQUEST_CODE_BANK_UNKNOWN;
    case PROOF_EARLY:
        return REQUEST_CODE_TOO_EARLY;
    }
    CHECK(false);
    return NULL;
}

/* The same of a word that it was not, and will not be. */
static const char *why_paid(struct settle *settle, const struct settlement *s, enum proof proof)
{
    if (proof == PROOF_ACCEPTED)
        return REQUEST_CODE_BANK_PAID;
    if (proof == PROOF_PENDING)
        return REQUEST_CODE_BANK_PENDING;
    if (proof == PROOF_REJECTED || SIN(word_is_proof))
        return NULL;
    if (settle->desks[s->bank].rules.linger_ns == AT_NEVER)
        return PARK_LINGER_UNKNOWN;
    bool is_late = doubt_is_late(settle, s, settle_db_least_us(settle), settle->now_ns);
    return is_late && proof != PROOF_EARLY ? NULL : REQUEST_CODE_TOO_EARLY;
}

static const char *why_not_returned(enum proof proof)
{
    if (proof == PROOF_EARLY)
        return REQUEST_CODE_TOO_EARLY;
    return proof == PROOF_ACCEPTED || proof == PROOF_PENDING ? REQUEST_CODE_BANK_PAID : NULL;
}

static const char *why_not(struct settle *settle, const struct settlement *s, enum proof proof)
{
    if (SIN(word_is_not_asked))
        return NULL;
    switch ((enum request_kind)s->request_kind) { // uncovered: the others ask for no evidence
    case REQUEST_PAID:
        return why_not_paid(proof);
    case REQUEST_PAID_BY_HAND:
    case REQUEST_NOT_PAID:
        return why_paid(settle, s, proof);
    case REQUEST_RETURN:
        return why_not_returned(proof);
    case REQUEST_PARK: // uncovered: the same
    case REQUEST_RELEASE:
    case REQUEST_AMEND:
    case REQUEST_WRITE_OFF:
    case REQUEST_RATE:
    case REQUEST_SUPERSEDE:
    case REQUEST_RAISE:
        break;
    }
    CHECK(false);
    return NULL;
}

/* ---- what is done ---------------------------------------------------------------------------- */

static void carry_on(struct settle *settle, struct settlement *s)
{
    if (s->is_compensating)
        compensate_next(settle, s);
    else
        course_next(settle, s);
}

/* The bank's own no, where it said one, else the person's. */
static void record_no(struct settle *settle, struct settlement *s, bool by_person,
                      const struct bank_reply *reply)
{
    struct bank_text text = {0};
    if (reply != NULL)
        text = *reply->text;
    if (text.code[0] == 0)
        memcpy(text.code, REQUEST_WORD_NOT_PAID, sizeof(REQUEST_WORD_NOT_PAID));
    doubt_record_no(settle, s, by_person, &text);
}

static void pay_again(struct settle *settle, struct settlement *s, const struct bank_reply *no)
{
    record_no(settle, s, false, no);
    course_begin_transfer(settle, s, s->order.kind, s->order.amount_minor);
}

static void done_by_hand(struct settle *settle, struct settlement *s, const struct bank_reply *no)
{
    int64_t amount_minor = s->order.amount_minor;
    record_no(settle, s, true, no);
    struct record *record = course_outcome(settle, s, OUTCOME_BY_HAND, amount_minor, &s->word);
    record->generation = s->order.generation;
    if (s->order.kind == TRANSFER_UNDO) {
        course_back_entries(settle, s, TRANSFER_UNDO, amount_minor);
        s->done_steps &= (uint8_t) ~(1U << s->step);
    } else {
        course_step_entries(settle, s, amount_minor);
        course_step_done(s);
        s->accepted_generation[s->step] = 0; // none that a bank could still confirm
    }
    carry_on(settle, s);
}

static void paid(struct settle *settle, struct settlement *s, const struct bank_reply *reply)
{
    const struct bank_reply word = {.answer = ANSWER_ACCEPTED, .text = &s->word};
    course_step_accepted(settle, s, reply != NULL ? reply : &word);
}

static void returned(struct settle *settle, struct settlement *s, const struct bank_reply *reply)
{
    int64_t amount_minor = s->order.amount_minor;
    closing_reverse(settle, s, s->step, amount_minor, reply != NULL ? reply->text : &s->word);
    s->end_payable_minor = money_add(s->end_payable_minor, amount_minor);
    closing_end_again(settle, s, OUTCOME_RETURNED);
}

static void do_it(struct settle *settle, struct settlement *s, enum proof proof,
                  const struct bank_reply *reply)
{
    uint8_t kind = s->request_kind;
    done(settle, s);
    if (kind == REQUEST_PAID)
        paid(settle, s, proof == PROOF_ACCEPTED ? reply : NULL);
    else if (kind == REQUEST_RETURN)
        returned(settle, s, proof == PROOF_REJECTED ? reply : NULL);
    else if (kind == REQUEST_NOT_PAID)
        pay_again(settle, s, proof == PROOF_REJECTED ? reply : NULL);
    else
        done_by_hand(settle, s, proof == PROOF_REJECTED ? reply : NULL);
}

/* ---- what is known --------------------------------------------------------------------------- */

/* What is to be done with a not-found. */
enum next { NEXT_DECIDE, NEXT_ASK_AGAIN, NEXT_WAIT };

/* As it counts for a transfer in doubt; what came back a bank may have forgotten, but one that lags
   behind says the same of what it did a moment ago. What is late enough for a person, and not yet
   for us, waits. */
static enum next weigh_not_found(struct settle *settle, struct settlement *s, enum proof *proof)
{
    bool is_kept = doubt_key_is_kept(settle, s), is_return = s->request_kind == REQUEST_RETURN;
    *proof = PROOF_NONE;
    if (!is_kept && (is_return || s->request_kind == REQUEST_PAID))
        return NEXT_DECIDE;
    *proof = is_kept ? PROOF_EARLY : PROOF_NONE;
    if ((is_kept && s->is_pending) || !doubt_is_late_by_records(settle, s, s->asked_at_us))
        return NEXT_DECIDE;
    // That it was accepted stands in the records: no send of it may still be on its way.
    if (!is_return && !doubt_is_late(settle, s, s->asked_at_us, s->asked_at_ns))
        return NEXT_WAIT;
    if (!is_kept)
        return NEXT_DECIDE;
    *proof = PROOF_ABSENT;
    return ++s->not_found_count < NOT_FOUNDS_WANTED ? NEXT_ASK_AGAIN : NEXT_DECIDE;
}

/* False: the bank said nothing about it. */
static bool weigh(struct settle *settle, struct settlement *s, const struct bank_reply *reply,
                  enum proof *proof, enum next *next)
{
    *next = NEXT_DECIDE;
    switch ((enum answer)reply->answer) {
    case ANSWER_ACCEPTED:
        *proof = PROOF_ACCEPTED;
        return true;
    case ANSWER_PENDING:
        *proof = PROOF_PENDING;
        return true;
    case ANSWER_REJECTED_LATER:
    case ANSWER_REJECTED_PERSON:
        *proof = PROOF_REJECTED;
        return true;
    case ANSWER_NOT_FOUND:
        *next = weigh_not_found(settle, s, proof);
        return true;
    case ANSWER_IN_DOUBT:
    case ANSWER_NOT_DONE:
    case ANSWER_BALANCE:
    case ANSWER_CHANGED:
        return false;
    }
    CHECK(false);
    return false;
}

/* What stays as it was and is not under way leaves its slot. */
static bool stays(struct settle *settle, struct settlement *s)
{
    if (!s->is_parked && !s->is_ended && !s->is_visitor)
        return false;
    course_release(settle, s);
    return true;
}

/* Refused as too early: but it is late by the records, and only this process has not waited long
   enough itself. */
static bool may_wait(struct settle *settle, const struct settlement *s)
{
    bool is_no = s->request_kind == REQUEST_NOT_PAID || s->request_kind == REQUEST_PAID_BY_HAND;
    int64_t now_us = settle_db_least_us(settle);
    bool is_known = settle->desks[s->bank].rules.linger_ns != AT_NEVER;
    return is_no && is_known && (s->is_parked || s->is_visitor) && s->await == AWAIT_INTENT_ROOM &&
           doubt_is_late_by_records(settle, s, now_us);
}

bool evidence_none(struct settle *settle, struct settlement *s)
{
    // Who is asked nothing proves nothing, but what never left this process was never received.
    enum proof proof = s->is_clean ? PROOF_ABSENT : PROOF_NONE;
    const char *code = why_not(settle, s, proof);
    if (code == NULL) {
        do_it(settle, s, proof, NULL);
        return true;
    }
    if (may_wait(settle, s)) {
        doubt_wait_for_late(settle, s);
        return true;
    }
    decide(settle, s, DECISION_REFUSED, code);
    return false;
}

void evidence_on_timer(struct settle *settle, struct settlement *s)
{
    if (!evidence_none(settle, s))
        course_release(settle, s);
}

bool evidence_on_reply(struct settle *settle, struct settlement *s, const struct bank_reply *reply)
{
    enum proof proof = PROOF_NONE;
    enum next next;
    if (!weigh(settle, s, reply, &proof, &next)) {
        if (++s->tries < settle->config.poll_tries) {
            doubt_ask_again(settle, s);
            return true;
        }
        decide(settle, s, DECISION_BUSY, REQUEST_CODE_BANK_SILENT);
        return stays(settle, s);
    }
    if (next == NEXT_WAIT)
        doubt_wait_for_late(settle, s);
    else if (next == NEXT_ASK_AGAIN)
        doubt_ask_again(settle, s);
    if (next != NEXT_DECIDE)
        return true;
    const char *code = why_not(settle, s, proof);
    if (code == NULL) {
        do_it(settle, s, proof, reply);
        return true;
    }
    decide(settle, s, DECISION_REFUSED, code);
    return stays(settle, s);
}

void evidence_leave(struct settle *settle, struct settlement *s)
{
    decide(settle, s, DECISION_BUSY, REQUEST_CODE_BANK_SILENT);
}
