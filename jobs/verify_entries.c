/* Entries: which may stand where, and what they come to. */
#include "jobs/verify_rules.h"

/* Which entry may stand on which line of a step. */
struct rule {
    uint8_t step, line, debit, credit;
};

static const struct rule rules[] = {
    {STEP_DEPOSIT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE},
    {STEP_DEPOSIT, 2, LEDGER_VIRTUAL, LEDGER_HELD}, // opening
    {STEP_DEPOSIT, 2, LEDGER_HELD, LEDGER_PAYABLE}, // given back, without an opening
    {STEP_DEPOSIT, 3, LEDGER_HELD, LEDGER_PAYABLE}, // … and after one
    {STEP_COLLECT, 1, LEDGER_COLLECTION, LEDGER_VIRTUAL},
    {STEP_COLLECT, 2, LEDGER_PAYABLE, LEDGER_RECEIVABLE},
    {STEP_HOLD, 1, LEDGER_PAYABLE, LEDGER_HELD},
    {STEP_HOLD, 2, LEDGER_SUSPENSE, LEDGER_VIRTUAL},
    {STEP_PAYOUT, 1, LEDGER_PAYABLE, LEDGER_VIRTUAL},
};

int64_t verify_payable(const struct verify_settlement *s)
{
    return s->floor_payable_minor - s->balance_minor[LEDGER_PAYABLE];
}

/* In the account itself: what was moved to suspense is not. */
int64_t verify_held(const struct verify_settlement *s)
{
    return s->floor_held_minor - s->balance_minor[LEDGER_HELD] - s->balance_minor[LEDGER_SUSPENSE];
}

int64_t verify_residue(const struct verify_settlement *s)
{
    return s->floor_residue_minor - s->balance_minor[LEDGER_RESIDUE];
}

/* What the plan gives back with the deposit: all that was held before it. */
static int64_t unheld_of(const struct verify_settlement *s)
{
    return s->unhold ? s->floor_held_minor + s->opening_minor : 0;
}

const char *verify_close_entries(struct verify_settlement *s)
{
    bool complete = s->lines >= s->due_lines;
    s->due_step = s->due_lines = s->lines = s->due_kind = 0;
    s->due_generation = 0;
    s->may_fee = false;
    return complete ? NULL : "entries of the outcome before are missing";
}

void verify_ask_entries(struct verify_settlement *s, const struct record *outcome, uint8_t kind,
                        uint8_t lines)
{
    s->due_step = outcome->step;
    s->due_lines = lines;
    s->due_minor = outcome->outcome.amount_minor;
    s->due_kind = kind;
    s->due_generation = outcome->generation;
    if (outcome->step == STEP_DEPOSIT)
        s->due_lines = (uint8_t)(lines + (s->opening_minor > 0) + (unheld_of(s) > 0));
}

bool verify_add(int64_t *sum, int64_t amount)
{
    return !__builtin_add_overflow(*sum, amount, sum);
}

const char *verify_post(struct verify_settlement *s, const struct record *record)
{
    int64_t amount = record->entry.amount_minor;
    if (!verify_add(&s->balance_minor[record->entry.debit], amount) ||
        !verify_add(&s->balance_minor[record->entry.credit], -amount))
        return "the balances pass what a number can hold";
    return NULL;
}

/* What is taken back stands the other way round. */
static bool has_rule(const struct record *record)
{
    bool is_back = record->kind != TRANSFER_NORMAL;
    uint8_t debit = is_back ? record->entry.credit : record->entry.debit;
    uint8_t credit = is_back ? record->entry.debit : record->entry.credit;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].step == record->step && rules[i].line == record->entry.line &&
            rules[i].debit == debit && rules[i].credit == credit)
            return true;
    }
    return false;
}

/* An undo is paid by the house. */
static bool may_pay_fee(const struct record *record)
{
    uint8_t from = record->entry.credit;
    return from == LEDGER_COLLECTION || (from == LEDGER_VIRTUAL && record->kind != TRANSFER_UNDO);
}

/* After the lines of an accepted transfer: what the bank took for it; from a person's account, a
   person decides. */
static const char *on_fee(struct verify_settlement *s, const struct record *record)
{
    uint8_t from = record->entry.credit;
    if (!s->may_fee || record->step != s->due_step || record->kind != s->due_kind ||
        record->generation != s->due_generation || s->lines != s->due_lines ||
        record->entry.line != s->lines + 1 || !may_pay_fee(record))
        return "a fee that no accepted transfer asks for";
    s->lines++;
    s->may_fee = false;
    if (from == LEDGER_VIRTUAL) {
        s->must_park = true;
        s->next_states = STATE_BIT(OUTCOME_PARKED);
        s->fee_minor = record->entry.amount_minor;
    }
    return verify_post(s, record);
}

/* What this line of the step before must come to; 0: there is no such line. */
static int64_t amount_due(const struct verify_settlement *s, const struct record *record)
{
    if (record->step != STEP_DEPOSIT || record->entry.line == 1)
        return s->due_minor;
    if (record->entry.debit == LEDGER_VIRTUAL)
        return s->opening_minor;
    return record->entry.line == (s->opening_minor > 0 ? 3 : 2) ? unheld_of(s) : 0;
}

const char *verify_on_entry(struct verify_settlement *s, const struct record *record)
{
    int64_t amount = record->entry.amount_minor;
    if (amount > 0 && record->entry.debit == LEDGER_FEE)
        return on_fee(s, record);
    if (amount > 0 && record->step == STEP_CLOSING)
        return verify_on_closing_entry(s, record);
    if (amount <= 0 || !has_rule(record))
        return "an entry that its step does not have";
    if (record->step != s->due_step || record->kind != s->due_kind ||
        record->generation != s->due_generation)
        return "an entry without the outcome it belongs to";
    if (record->entry.line != ++s->lines || s->lines > s->due_lines)
        return "an entry is missing or out of its order";
    if (amount != amount_due(s, record))
        return "an entry with another amount than its step";
    return verify_post(s, record);
}
