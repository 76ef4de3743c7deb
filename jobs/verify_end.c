/* The closing step: its entries, ends, further ends, and floors that were raised. */
#include "jobs/verify_rules.h"

/* ---- entries, before their outcome ---- */

static bool moves(const struct record *record, uint8_t line, enum ledger_account debit,
                  enum ledger_account credit)
{
    return record->entry.line == line && record->entry.debit == debit &&
           record->entry.credit == credit;
}

/* Found by the closing check: between the last step and the end. */
static const char *on_residue(struct verify_settlement *s, const struct record *record)
{
    bool is_over =
        s->is_compensating ? verify_next_undo(s) == 0 : verify_next_step(s) == STEP_CLOSING;
    if (!moves(record, 1, LEDGER_VIRTUAL, LEDGER_RESIDUE) || record->generation != 0)
        return "an entry that its step does not have";
    if (s->end_state != 0 || s->is_parked || s->open_step != 0 ||
        !verify_is_done(s, STEP_DEPOSIT) || !is_over)
        return "a residue before the last step is done, or after the end";
    s->next_states = STATE_BIT(OUTCOME_SETTLED) | STATE_BIT(OUTCOME_COMPENSATED);
    return NULL;
}

/* What an end as it stands posts: money that was held from the beginning, where there is no
   deposit, and else the fee that the owner bears, as far as the payable money goes. */
static int64_t owed_at_end(const struct verify_settlement *s)
{
    int64_t payable = verify_payable(s) + s->moved_minor;
    if (!verify_is_done(s, STEP_DEPOSIT))
        return s->opening_minor;
    if (payable <= 0)
        return 0;
    return s->fee_minor < payable ? s->fee_minor : payable;
}

/* What a decision moves: released residue, money raised after the deposit, and what an end as it
   stands posts. */
static const char *on_decided_entry(const struct verify_settlement *s, const struct record *record)
{
    const struct verify_request *granted = s->granted;
    bool has_deposit = verify_is_done(s, STEP_DEPOSIT);
    bool is_end = granted->kind == REQUEST_WRITE_OFF || granted->kind == REQUEST_SUPERSEDE;
    int64_t amount;
    if (granted->kind == REQUEST_RELEASE && s->end_state != 0 &&
        moves(record, 1, LEDGER_RESIDUE, LEDGER_PAYABLE))
        amount = verify_residue(s);
    else if (granted->kind == REQUEST_RAISE && has_deposit &&
             s->next_states == STATE_BIT(OUTCOME_RAISED) &&
             moves(record, 1, LEDGER_PAYABLE, LEDGER_RESIDUE))
        amount = granted->amount_minor;
    else if (is_end && (has_deposit ? moves(record, 3, LEDGER_PAYABLE, LEDGER_FEE)
                                    : moves(record, 2, LEDGER_VIRTUAL, LEDGER_HELD)))
        amount = owed_at_end(s);
    else
        return "an entry that its step does not have";
    if (record->generation != (is_end ? 0 : s->outcome_seq + 1))
        return "an entry without the outcome it belongs to";
    return record->entry.amount_minor == amount ? NULL
                                                : "an entry with another amount than was decided";
}

const char *verify_on_closing_entry(struct verify_settlement *s, const struct record *record)
{
    const char *wrong = verify_close_entries(s);
    if (wrong != NULL)
        return wrong;
    if (s->moved_minor != 0 || record->kind != TRANSFER_NORMAL || s->must_park)
        return "an entry that its step does not have";
    wrong = s->granted != NULL ? on_decided_entry(s, record) : on_residue(s, record);
    if (wrong != NULL)
        return wrong;
    s->moved_minor = record->entry.amount_minor;
    return verify_post(s, record);
}

/* ---- ends ---- */

/* Virtual and suspense together changed by what is owed for them, no more and no less. */
static bool is_even(const struct verify_settlement *s)
{
    const int64_t *balance = s->balance_minor;
    return balance[LEDGER_VIRTUAL] + balance[LEDGER_SUSPENSE] + balance[LEDGER_HELD] +
               balance[LEDGER_RESIDUE] + balance[LEDGER_PAYABLE] ==
           0;
}

static const char *on_first_end(const struct verify_settlement *s, const struct record *record,
                                const struct verify_leave *leave)
{
    bool has_deposit = verify_is_done(s, STEP_DEPOSIT);
    bool is_write_off = record->outcome.state == OUTCOME_WRITTEN_OFF;
    if (record->outcome.state == OUTCOME_SETTLED) {
        if (!has_deposit || s->is_compensating || verify_next_step(s) != STEP_CLOSING)
            return "an end before the last step is done";
        if (verify_payable(s) != 0 || record->outcome.amount_minor != 0)
            return "an end with money still to be paid out";
        return is_even(s) ? NULL : "virtual and suspense differ from held and residue at the end";
    }
    if (record->outcome.state == OUTCOME_COMPENSATED) {
        if (!s->is_compensating || verify_next_undo(s) != 0)
            return "compensated before all is undone";
        return is_even(s) ? NULL : "virtual and suspense differ from held and residue at the end";
    }
    if (!verify_is_granted(leave, is_write_off ? REQUEST_WRITE_OFF : REQUEST_SUPERSEDE))
        return "an end that nobody asked for";
    return s->moved_minor == owed_at_end(s) ? NULL : "entries of the end are missing";
}

/* What was released is payable, all of it; what came back, the reversal has posted. */
static const char *on_further_end(const struct verify_settlement *s, const struct record *record,
                                  const struct verify_leave *leave)
{
    uint8_t state = record->outcome.state;
    if (verify_is_granted(leave, REQUEST_RETURN) && state == OUTCOME_RETURNED)
        return NULL;
    if (!verify_is_granted(leave, REQUEST_RELEASE) || state != s->end_state)
        return "a second end";
    return s->moved_minor != 0 ? NULL : "entries of the end are missing";
}

const char *verify_on_end(struct verify_settlement *s, const struct record *record,
                          const struct verify_leave *leave)
{
    if (!s->is_opened)
        return "an end of a settlement that never opened";
    if (s->open_step != 0)
        return "an end while a transfer is open";
    const char *wrong =
        s->end_state != 0 ? on_further_end(s, record, leave) : on_first_end(s, record, leave);
    if (wrong != NULL)
        return wrong;
    if (record->outcome.amount_minor != verify_payable(s))
        return "an end with another payable amount than the entries give";
    if (record->outcome.held_minor != verify_held(s))
        return "an end with another held amount than the entries give";
    if (record->outcome.residue_minor != verify_residue(s))
        return "an end with another residue than the entries give";
    s->end_state = record->outcome.state;
    s->is_parked = false;
    return NULL;
}

/* ---- money of an earlier settlement ---- */

/* Before the deposit the floor rises; afterwards it does, too, and an entry makes residue of it. */
const char *verify_on_raised(struct verify_settlement *s, const struct record *record,
                             const struct verify_leave *leave)
{
    if (!verify_is_granted(leave, REQUEST_RAISE))
        return "a floor raised that nobody asked for";
    int64_t payable = leave->granted->amount_minor, residue = leave->granted->residue_minor;
    bool has_deposit = verify_is_done(s, STEP_DEPOSIT);
    if (s->moved_minor != (has_deposit ? payable : 0))
        return "entries of the raised floor are missing";
    if (record->outcome.amount_minor != (has_deposit ? 0 : payable) ||
        record->outcome.residue_minor != (has_deposit ? residue + payable : residue))
        return "a floor raised by another amount than was asked for";
    if (!verify_add(&s->floor_payable_minor, payable) ||
        !verify_add(&s->floor_residue_minor, residue))
        return "the balances pass what a number can hold";
    if (s->is_parked) { // and stays so
        s->granted = leave->granted;
        s->next_states = STATE_BIT(OUTCOME_PARKED);
    }
    return NULL;
}
