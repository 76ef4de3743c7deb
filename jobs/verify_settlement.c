#include "jobs/verify_settlement.h"

#include <string.h>

#include "core/ledger.h"

/* Which entry may stand on which line of a step. */
struct rule {
    uint8_t step, line, debit, credit;
};

static const struct rule rules[] = {
    {STEP_DEPOSIT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE},
    {STEP_DEPOSIT, 2, LEDGER_VIRTUAL, LEDGER_HELD}, // opening
    {STEP_COLLECT, 1, LEDGER_COLLECTION, LEDGER_VIRTUAL},
    {STEP_COLLECT, 2, LEDGER_PAYABLE, LEDGER_RECEIVABLE},
    {STEP_HOLD, 1, LEDGER_PAYABLE, LEDGER_HELD},
    {STEP_HOLD, 2, LEDGER_SUSPENSE, LEDGER_VIRTUAL},
    {STEP_PAYOUT, 1, LEDGER_PAYABLE, LEDGER_VIRTUAL},
    {STEP_CLOSING, 1, LEDGER_VIRTUAL, LEDGER_RESIDUE},
};

static bool add(int64_t *sum, int64_t amount)
{
    return !__builtin_add_overflow(*sum, amount, sum);
}

static bool is_open_transfer(const struct verify_settlement *s, const struct record *record)
{
    return s->open_step != 0 && s->open_step == record->step && s->open_kind == record->kind &&
           s->generation == record->generation;
}

/* What lies in the account for the person to get. */
static int64_t payable_of(const struct verify_settlement *s)
{
    return s->floor_payable_minor - s->balance_minor[LEDGER_PAYABLE];
}

static int64_t amount_of(const struct verify_settlement *s, uint8_t step)
{
    if (step == STEP_COLLECT)
        return s->repayment_minor;
    return step == STEP_HOLD ? s->hold_minor : payable_of(s);
}

/* The entries that an outcome asks for, before anything else comes. */
static const char *close_entries(struct verify_settlement *s)
{
    bool complete = s->lines >= s->due_lines;
    s->due_step = s->due_lines = s->lines = s->due_kind = 0;
    s->may_fee = false;
    return complete ? NULL : "entries of the outcome before are missing";
}

static void ask_entries(struct verify_settlement *s, uint8_t step, uint8_t lines, int64_t amount)
{
    s->due_step = step;
    s->due_lines = lines;
    s->due_minor = amount;
    s->due_kind = TRANSFER_NORMAL;
}

/* ---- intent, attempt ---- */

static const char *on_intent(struct verify_settlement *s, struct hash *hash,
                             const struct record *record)
{
    struct idem_key key;
    if (s->is_ended)
        return "an intent after the settlement's end";
    if (s->step_done < STEP_DEPOSIT)
        return "an intent before the deposit";
    if (record->step != s->step_done + 1 || record->step > STEP_PAYOUT)
        return "an intent out of the order of steps";
    if (record->step == STEP_HOLD && !s->hold_by_transfer)
        return "a transfer for the hold, which this batch posts";
    if (record->generation == 0)
        return "an intent without a generation";
    if (record->generation == 1 && s->open_step != 0)
        return "an intent while another transfer is open";
    if (record->generation > 1 &&
        (s->open_step != record->step || s->open_state != OUTCOME_REJECTED_LATER ||
         s->generation + 1 != record->generation))
        return "a new generation although the old one was not rejected for now";
    if (record->intent.amount_minor <= 0 ||
        record->intent.amount_minor != amount_of(s, record->step))
        return "an intent with another amount than the plan gives";
    if (record->intent.mapping_id != s->mapping_id)
        return "an intent with another mapping than the plan";
    key = ledger_key(hash, &s->key_seed, (enum step_kind)record->step,
                     (enum transfer_kind)record->kind, record->generation);
    if (memcmp(key.bytes, record->intent.key.bytes, sizeof key.bytes) != 0)
        return "an intent with a key that is not its own";
    s->open_step = record->step;
    s->open_kind = record->kind;
    s->open_state = 0;
    s->generation = record->generation;
    s->open_minor = record->intent.amount_minor;
    s->attempts = 0;
    return NULL;
}

static const char *on_attempt(struct verify_settlement *s, const struct record *record)
{
    if (!is_open_transfer(s, record))
        return "an attempt without its intent";
    if (s->open_state != 0 && s->open_state != OUTCOME_PENDING)
        return "an attempt after the transfer was decided";
    if (record->attempt.number != ++s->attempts)
        return "an attempt out of its order";
    return NULL;
}

/* ---- outcomes ---- */

static const char *on_done_step(struct verify_settlement *s, const struct record *record)
{
    int64_t amount = record->outcome.amount_minor;
    if (record->step != s->step_done + 1 || record->step > STEP_PAYOUT)
        return "an outcome out of the order of steps";
    if (s->open_step != 0)
        return "a step went on while a transfer is open";
    s->step_done = record->step;
    if (record->outcome.state == OUTCOME_SKIPPED)
        return amount == 0 && amount_of(s, record->step) == 0 ? NULL : "a step skipped with money";
    if (record->step != STEP_HOLD || amount != s->hold_minor || amount <= 0)
        return "a step posted that must move money";
    if (s->hold_by_transfer)
        return "a hold posted, which this batch transfers";
    ask_entries(s, record->step, 1, amount);
    return NULL;
}

static const char *on_deposit(struct verify_settlement *s, const struct record *record)
{
    if (s->step_done != 0 || record->step != STEP_DEPOSIT)
        return "a second deposit";
    if (!s->is_opened)
        return "a deposit of a settlement that never opened";
    if (record->outcome.amount_minor <= 0)
        return "a deposit without money";
    s->step_done = STEP_DEPOSIT;
    ask_entries(s, STEP_DEPOSIT, s->opening_minor > 0 ? 2 : 1, record->outcome.amount_minor);
    return NULL;
}

static uint8_t transfer_lines(uint8_t step)
{
    return step == STEP_PAYOUT ? 1 : 2;
}

static const char *on_transfer_outcome(struct verify_settlement *s, const struct record *record)
{
    if (!is_open_transfer(s, record))
        return "an outcome of a transfer that is not open";
    if (outcome_is_rejected(s->open_state))
        return "a second decision about one transfer";
    s->open_state = record->outcome.state;
    s->must_park |= record->outcome.state == OUTCOME_REJECTED_PERSON;
    if (record->outcome.state != OUTCOME_ACCEPTED)
        return NULL;
    if (record->outcome.amount_minor != s->open_minor)
        return "an accepted transfer with another amount than was intended";
    s->step_done = record->step;
    s->open_step = 0;
    s->accepted_generation[record->step] = record->generation;
    s->accepted_minor[record->step] = s->open_minor;
    ask_entries(s, record->step, transfer_lines(record->step), s->open_minor);
    s->may_fee = true;
    return NULL;
}

/* Accepted first, failed later: it takes back exactly what was accepted, once. */
static const char *on_reversed(struct verify_settlement *s, const struct record *record)
{
    if (record->step < STEP_COLLECT || record->step > STEP_PAYOUT ||
        record->kind != TRANSFER_NORMAL || record->generation == 0 ||
        s->accepted_generation[record->step] != record->generation)
        return "a transfer reversed that was not accepted";
    if (s->is_ended)
        return "a transfer reversed after the end";
    if (record->outcome.amount_minor != s->accepted_minor[record->step])
        return "a transfer reversed with another amount than was accepted";
    s->accepted_generation[record->step] = 0;
    s->must_park = true;
    ask_entries(s, record->step, transfer_lines(record->step), record->outcome.amount_minor);
    s->due_kind = KIND_REVERSAL;
    return NULL;
}

static const char *on_settled(struct verify_settlement *s, const struct record *record)
{
    const int64_t *balance = s->balance_minor;
    int64_t held = s->floor_held_minor - balance[LEDGER_HELD];
    int64_t residue = s->floor_residue_minor - balance[LEDGER_RESIDUE];
    // Virtual and suspense together changed by what is owed for them, no more and no less.
    int64_t moved = balance[LEDGER_VIRTUAL] + balance[LEDGER_SUSPENSE] + balance[LEDGER_HELD] +
                    balance[LEDGER_RESIDUE] + balance[LEDGER_PAYABLE];
    if (s->is_ended)
        return "a second end";
    if (s->step_done < STEP_PAYOUT || s->open_step != 0)
        return "an end before the last step is done";
    if (payable_of(s) != record->outcome.amount_minor || payable_of(s) != 0)
        return "an end with money still to be paid out";
    if (moved != 0)
        return "virtual and suspense differ from held and residue at the end";
    if (held - balance[LEDGER_SUSPENSE] != record->outcome.held_minor)
        return "an end with another held amount than the entries give";
    if (residue != record->outcome.residue_minor)
        return "an end with another residue than the entries give";
    s->is_ended = true;
    return NULL;
}

static const char *on_outcome(struct verify_settlement *s, const struct record *record)
{
    if (record->outcome.seq != ++s->outcome_seq)
        return "an outcome is missing or out of its order";
    if (s->must_park && record->outcome.state != OUTCOME_PARKED &&
        record->outcome.state != OUTCOME_REVERSED)
        return "an outcome where a final no, a reversal or the person's fee must park";
    switch ((enum outcome_state)record->outcome.state) {
    case OUTCOME_DEPOSITED:
        return on_deposit(s, record);
    case OUTCOME_SHORT:
        return s->step_done == 0 ? NULL : "short after the deposit";
    case OUTCOME_SKIPPED:
    case OUTCOME_POSTED:
        return on_done_step(s, record);
    case OUTCOME_ACCEPTED:
    case OUTCOME_PENDING:
    case OUTCOME_REJECTED_LATER:
    case OUTCOME_REJECTED_PERSON:
        return on_transfer_outcome(s, record);
    case OUTCOME_REVERSED:
        return on_reversed(s, record);
    case OUTCOME_PARKED:
        s->must_park = false;
        return s->is_ended ? "parked after the end" : NULL;
    case OUTCOME_SETTLED:
        return on_settled(s, record);
    case OUTCOME_BY_HAND:
    case OUTCOME_COMPENSATED:
    case OUTCOME_RETURNED:
    case OUTCOME_SUPERSEDED:
    case OUTCOME_WRITTEN_OFF:
    case OUTCOME_COMPENSATING:
    case OUTCOME_RELEASED:
    case OUTCOME_RAISED:
        break;
    }
    return "an outcome that this program does not know";
}

/* ---- entries ---- */

/* What is taken back stands the other way round. */
static bool has_rule(const struct record *record)
{
    bool is_back = record->kind == KIND_REVERSAL;
    uint8_t debit = is_back ? record->entry.credit : record->entry.debit;
    uint8_t credit = is_back ? record->entry.debit : record->entry.credit;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].step == record->step && rules[i].line == record->entry.line &&
            rules[i].debit == debit && rules[i].credit == credit)
            return true;
    }
    return false;
}

static const char *post(struct verify_settlement *s, const struct record *record)
{
    int64_t amount = record->entry.amount_minor;
    if (!add(&s->balance_minor[record->entry.debit], amount) ||
        !add(&s->balance_minor[record->entry.credit], -amount))
        return "the balances pass what a number can hold";
    return NULL;
}

/* After the lines of an accepted transfer: what the bank took for it, from the house or, and then
   a person decides, from the account. */
static const char *on_fee(struct verify_settlement *s, const struct record *record)
{
    uint8_t from = record->entry.credit;
    if (!s->may_fee || record->step != s->due_step || record->kind != TRANSFER_NORMAL ||
        s->lines != s->due_lines || record->entry.line != s->lines + 1 ||
        (from != LEDGER_COLLECTION && from != LEDGER_VIRTUAL))
        return "a fee that no accepted transfer asks for";
    s->lines++;
    s->may_fee = false;
    s->must_park |= from == LEDGER_VIRTUAL;
    return post(s, record);
}

/* A residue is posted by itself, between the last step and the end. */
static const char *begin_residue(struct verify_settlement *s, const struct record *record)
{
    const char *wrong = close_entries(s);
    if (wrong == NULL && (s->step_done != STEP_PAYOUT || s->is_ended))
        return "a residue before the last step is done, or after the end";
    ask_entries(s, STEP_CLOSING, 1, record->entry.amount_minor);
    return wrong;
}

static const char *on_entry(struct verify_settlement *s, const struct record *record)
{
    int64_t amount = record->entry.amount_minor;
    bool is_opening = record->step == STEP_DEPOSIT && record->entry.line == 2;
    const char *wrong = NULL;
    if (amount > 0 && record->entry.debit == LEDGER_FEE)
        return on_fee(s, record);
    if (amount <= 0 || !has_rule(record))
        return "an entry that its step does not have";
    if (record->step == STEP_CLOSING && s->due_step != STEP_CLOSING)
        wrong = begin_residue(s, record);
    if (wrong != NULL)
        return wrong;
    if (record->step != s->due_step || record->kind != s->due_kind)
        return "an entry without the outcome it belongs to";
    if (record->entry.line != ++s->lines)
        return "an entry is missing or out of its order";
    if (amount != (is_opening ? s->opening_minor : s->due_minor))
        return "an entry with another amount than its step";
    return post(s, record);
}

const char *verify_settlement_record(struct verify_settlement *settlement, struct hash *hash,
                                     const struct record *record)
{
    if (record->record_kind == RECORD_ENTRY)
        return on_entry(settlement, record);
    const char *wrong = close_entries(settlement);
    if (wrong != NULL)
        return wrong;
    if (settlement->must_park && record->record_kind != RECORD_OUTCOME)
        return "a record where a final no, a reversal or the person's fee must park";
    if (record->record_kind == RECORD_INTENT)
        return on_intent(settlement, hash, record);
    return record->record_kind == RECORD_ATTEMPT ? on_attempt(settlement, record)
                                                 : on_outcome(settlement, record);
}

const char *verify_settlement_end(const struct verify_settlement *settlement)
{
    if (settlement->must_park)
        return "a final no, a reversal or the person's fee did not park";
    return settlement->lines >= settlement->due_lines ? NULL
                                                      : "entries of the last outcome are missing";
}
