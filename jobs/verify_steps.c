/* Steps: intents, attempts, and what became of them. */
#include <string.h>

#include "core/ledger.h"
#include "jobs/verify_rules.h"

static int64_t amount_of(const struct verify_settlement *s, uint8_t step)
{
    if (step == STEP_COLLECT)
        return s->repayment_minor;
    return step == STEP_HOLD ? s->hold_minor : verify_payable(s);
}

static uint8_t transfer_lines(uint8_t step)
{
    return step == STEP_PAYOUT ? 1 : 2;
}

uint8_t verify_next_step(const struct verify_settlement *s)
{
    uint8_t step = STEP_COLLECT;
    while (step < STEP_CLOSING && verify_is_done(s, step))
        step++;
    return step;
}

/* A step of amount 0 has nothing to undo. */
uint8_t verify_next_undo(const struct verify_settlement *s)
{
    for (uint8_t step = STEP_HOLD; step >= STEP_COLLECT; step--) {
        if (verify_is_done(s, step) && amount_of(s, step) > 0)
            return step;
    }
    return 0;
}

/* Undone or reversed, it can be neither again. */
static void is_taken_back(struct verify_settlement *s, uint8_t step)
{
    s->done_steps &= (uint8_t)~STEP_BIT(step);
    s->accepted_generation[step] = 0;
}

/* ---- intent, attempt ---- */

static bool is_open_transfer(const struct verify_settlement *s, const struct record *record)
{
    return s->open_step != 0 && s->open_step == record->step && s->open_kind == record->kind &&
           s->newest_generation[s->open_kind][s->open_step] == record->generation;
}

/* Forwards the first step that is not done, backwards the newest that is. */
static bool is_in_order(const struct verify_settlement *s, const struct record *record)
{
    if (record->kind == TRANSFER_UNDO)
        return s->is_compensating && record->step != 0 && record->step == verify_next_undo(s);
    return record->kind == TRANSFER_NORMAL && !s->is_compensating && record->step <= STEP_PAYOUT &&
           record->step == verify_next_step(s);
}

static const char *wrong_place(const struct verify_settlement *s, const struct record *record)
{
    if (s->end_state != 0)
        return "an intent after the settlement's end";
    if (!verify_is_done(s, STEP_DEPOSIT))
        return "an intent before the deposit";
    if (s->is_parked)
        return "an intent of a parked settlement";
    if (!is_in_order(s, record))
        return "an intent out of the order of steps";
    if (record->step == STEP_HOLD && !s->hold_by_transfer)
        return "a transfer for the hold, which this batch posts";
    return NULL;
}

/* Another key needs a no for now, or a person. */
static const char *wrong_generation(const struct verify_settlement *s, const struct record *record)
{
    uint16_t newest = s->newest_generation[record->kind][record->step];
    if (record->generation == 0)
        return "an intent without a generation";
    if (newest > 0 && (s->may_again[record->kind] >> record->step & 1) == 0)
        return "a new generation although the old one was not rejected for now";
    if (record->generation != newest + 1)
        return "an intent of another generation than the next";
    return s->open_step != 0 ? "an intent while another transfer is open" : NULL;
}

const char *verify_on_intent(struct verify_settlement *s, struct hash *hash,
                             const struct record *record)
{
    const char *wrong = wrong_place(s, record);
    if (wrong == NULL)
        wrong = wrong_generation(s, record);
    if (wrong != NULL)
        return wrong;
    if (record->intent.amount_minor <= 0 ||
        record->intent.amount_minor != amount_of(s, record->step))
        return "an intent with another amount than the plan gives";
    if (record->intent.mapping_id != s->mapping_id)
        return "an intent with another mapping than the plan";
    struct idem_key key = ledger_key(hash, &s->key_seed, (enum step_kind)record->step,
                                     (enum transfer_kind)record->kind, record->generation);
    if (memcmp(key.bytes, record->intent.key.bytes, sizeof key.bytes) != 0)
        return "an intent with a key that is not its own";
    s->open_step = record->step;
    s->open_kind = record->kind;
    s->open_minor = record->intent.amount_minor;
    s->newest_generation[record->kind][record->step] = record->generation;
    s->may_again[record->kind] &= (uint8_t)~STEP_BIT(record->step);
    s->attempts = 0;
    return NULL;
}

const char *verify_on_attempt(struct verify_settlement *s, const struct record *record)
{
    if (!is_open_transfer(s, record))
        return "an attempt without its intent";
    if (s->is_parked)
        return "an attempt of a parked settlement";
    if (record->attempt.number != ++s->attempts)
        return "an attempt out of its order";
    return NULL;
}

/* ---- without a transfer ---- */

const char *verify_on_deposit(struct verify_settlement *s, const struct record *record)
{
    if (s->done_steps != 0 || record->step != STEP_DEPOSIT)
        return "a second deposit";
    if (!s->is_opened)
        return "a deposit of a settlement that never opened";
    if (record->outcome.amount_minor <= 0)
        return "a deposit without money";
    s->done_steps = STEP_BIT(STEP_DEPOSIT);
    verify_ask_entries(s, record, TRANSFER_NORMAL, 1);
    return NULL;
}

static const char *on_undo_post(struct verify_settlement *s, const struct record *record)
{
    if (record->step != STEP_HOLD || record->outcome.amount_minor != s->hold_minor ||
        s->hold_by_transfer)
        return "a step undone by posting that must move money";
    is_taken_back(s, STEP_HOLD);
    verify_ask_entries(s, record, TRANSFER_UNDO, 1);
    return NULL;
}

const char *verify_on_done_step(struct verify_settlement *s, const struct record *record)
{
    int64_t amount = record->outcome.amount_minor;
    bool is_skipped = record->outcome.state == OUTCOME_SKIPPED;
    if (!verify_is_done(s, STEP_DEPOSIT) || !is_in_order(s, record) ||
        (is_skipped && record->kind != TRANSFER_NORMAL))
        return "an outcome out of the order of steps";
    if (s->open_step != 0)
        return "a step went on while a transfer is open";
    if (record->kind == TRANSFER_UNDO)
        return on_undo_post(s, record);
    if (is_skipped) {
        bool is_nothing = amount == 0 && amount_of(s, record->step) == 0;
        s->done_steps |= STEP_BIT(record->step);
        return is_nothing ? NULL : "a step skipped with money";
    }
    if (record->step != STEP_HOLD || amount != s->hold_minor || amount <= 0)
        return "a step posted that must move money";
    if (s->hold_by_transfer)
        return "a hold posted, which this batch transfers";
    s->done_steps |= STEP_BIT(STEP_HOLD);
    verify_ask_entries(s, record, TRANSFER_NORMAL, 1);
    return NULL;
}

/* ---- of a transfer ---- */

/* The step is done, or undone; `generation` 0: not by us. */
static void is_carried_out(struct verify_settlement *s, const struct record *record,
                           uint16_t generation)
{
    if (record->kind == TRANSFER_UNDO) {
        is_taken_back(s, record->step);
    } else {
        s->done_steps |= STEP_BIT(record->step);
        s->accepted_generation[record->step] = generation;
        s->accepted_minor[record->step] = s->open_minor;
    }
    verify_ask_entries(s, record, record->kind, transfer_lines(record->step));
}

static void must_park(struct verify_settlement *s, uint64_t next_states)
{
    s->must_park = true;
    s->next_states = STATE_BIT(OUTCOME_PARKED) | next_states;
}

/* A no for now frees the next generation by itself, unless it is about an undoing; a final one only
   leaves the way back, or a person's own payment. */
static void on_rejected(struct verify_settlement *s, const struct record *record,
                        const struct verify_leave *leave)
{
    bool is_undo = record->kind == TRANSFER_UNDO;
    if (verify_is_granted(leave, REQUEST_PAID_BY_HAND)) {
        s->granted = leave->granted;
        s->next_states = STATE_BIT(OUTCOME_BY_HAND);
    } else if (record->outcome.state == OUTCOME_REJECTED_LATER &&
               (!is_undo || verify_is_granted(leave, REQUEST_NOT_PAID))) {
        s->may_again[record->kind] |= STEP_BIT(record->step);
    } else {
        bool may_go_back = !is_undo && record->outcome.state == OUTCOME_REJECTED_PERSON;
        must_park(s, may_go_back ? STATE_BIT(OUTCOME_COMPENSATING) : 0);
    }
}

const char *verify_on_transfer(struct verify_settlement *s, const struct record *record,
                               const struct verify_leave *leave)
{
    if (!is_open_transfer(s, record))
        return "an outcome of a transfer that is not open";
    if (record->outcome.amount_minor != s->open_minor)
        return "an outcome with another amount than was intended";
    if (record->outcome.state == OUTCOME_PENDING)
        return NULL;
    s->open_step = 0;
    s->is_parked = false;
    if (record->outcome.state == OUTCOME_ACCEPTED) {
        is_carried_out(s, record, record->generation);
        s->may_fee = true;
    } else {
        on_rejected(s, record, leave);
    }
    return NULL;
}

/* After the final no of the same transfer. */
const char *verify_on_by_hand(struct verify_settlement *s, const struct record *record,
                              const struct verify_leave *leave)
{
    if (!verify_is_granted(leave, REQUEST_PAID_BY_HAND) || record->step != leave->granted->step ||
        record->kind != leave->granted->transfer_kind ||
        record->generation != leave->granted->generation)
        return "a step done by hand that nobody told of";
    if (record->outcome.amount_minor != s->open_minor)
        return "a step done by hand with another amount than was intended";
    if (strcmp(record->outcome.text.bank_ref, leave->granted->bank_ref) != 0)
        return "a step done by hand under another reference than was told";
    is_carried_out(s, record, 0);
    return NULL;
}

/* Accepted first, failed later: it takes back exactly what was accepted, once. */
const char *verify_on_reversed(struct verify_settlement *s, const struct record *record,
                               const struct verify_leave *leave)
{
    uint8_t step = record->step;
    if (step < STEP_COLLECT || step > STEP_PAYOUT || record->kind != TRANSFER_NORMAL ||
        record->generation == 0 || s->accepted_generation[step] != record->generation)
        return "a transfer reversed that was not accepted";
    if (record->outcome.amount_minor != s->accepted_minor[step])
        return "a transfer reversed with another amount than was accepted";
    if (s->end_state == 0 && s->open_step != 0)
        return "a transfer reversed while another is open";
    if (verify_is_granted(leave, REQUEST_RETURN) &&
        (step != leave->granted->step || record->generation != leave->granted->generation))
        return "another transfer returned than was asked for";
    is_taken_back(s, step);
    verify_ask_entries(s, record, KIND_REVERSAL, transfer_lines(step));
    if (s->end_state == 0) {
        must_park(s, STATE_BIT(OUTCOME_REVERSED));
    } else {
        s->granted = leave->granted;
        s->next_states = STATE_BIT(OUTCOME_RETURNED);
    }
    return NULL;
}
