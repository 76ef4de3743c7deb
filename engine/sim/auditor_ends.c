/*
 * auditor_ends: judges a settlement's end records, the first one and those that follow it.
 */
#include <inttypes.h>

#include "sim/auditor_state.h"

/* What its owner is owed, by the steps done. */
static int64_t owed_minor(const struct auditor *auditor, uint32_t who)
{
    const struct audited_account *account = &auditor->accounts[who];
    int64_t payable_minor =
        account->deposit_minor + account->floor_payable_minor + account->unheld_minor;
    for (uint8_t step = STEP_COLLECT; step <= STEP_PAYOUT; step++)
        payable_minor -=
            auditor_is_done(account, step) ? auditor_step_amount(auditor, who, step) : 0;
    return payable_minor;
}

/* Given up after a fee was taken out of the account: its owner bears it, as far as there is
   something to bear it from; what is left of it no record has. */
static void owe_borne(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    int64_t payable_minor = owed_minor(auditor, who);
    int64_t borne_minor = account->fee_minor < payable_minor ? account->fee_minor : payable_minor;
    if (borne_minor > 0) {
        auditor_owe(auditor, r, TRANSFER_NORMAL, LEDGER_PAYABLE, LEDGER_FEE, borne_minor);
        account->fee_minor -= borne_minor;
    }
    auditor_person(auditor, who)->is_clouded |= account->fee_minor != 0;
}

static void on_first_end(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    const struct workload_account *plan = &auditor->workload->accounts[who];
    int64_t residue = r->outcome.residue_minor - account->floor_residue_minor;
    bool is_closed = r->outcome.state == OUTCOME_SETTLED || r->outcome.state == OUTCOME_COMPENSATED;
    const struct audited_transfer *newest = auditor_newest(auditor, who);
    bool is_open = newest != NULL && (newest->state == 0 || newest->state == OUTCOME_PENDING);
    bool is_back = true;
    for (uint8_t step = STEP_COLLECT; step <= STEP_PAYOUT; step++)
        is_back &= !auditor_is_to_undo(auditor, who, step);
    if (r->outcome.state == OUTCOME_SETTLED && auditor_last_done(account) != STEP_PAYOUT)
        auditor_complain(auditor, "account %u ends with step %u done", who + 1,
                         auditor_last_done(account));
    if (r->outcome.state == OUTCOME_COMPENSATED && (!account->is_compensating || !is_back))
        auditor_complain(auditor, "account %u ends compensated with steps %x done", who + 1,
                         account->done_steps);
    if (r->outcome.state == OUTCOME_SUPERSEDED && account->has_deposit)
        auditor_complain(auditor, "account %u is superseded and has its deposit", who + 1);
    if (r->outcome.state == OUTCOME_RETURNED || is_open)
        auditor_complain(auditor, "account %u ends in doubt, or returned at first", who + 1);
    if (account->fee_minor != 0)
        owe_borne(auditor, r, who);
    auditor_person(auditor, who)->received_minor += residue;
    account->first_end_seq = r->outcome.seq;
    if (residue < 0 || (residue > 0 && !is_closed))
        auditor_complain(auditor, "I12: account %u ends with less residue than before", who + 1);
    else if (residue > 0)
        auditor_owe(auditor, r, TRANSFER_NORMAL, LEDGER_VIRTUAL, LEDGER_RESIDUE, residue);
    if (!account->has_deposit && plan->opening_minor > 0) {
        auditor_owe(auditor, r, TRANSFER_NORMAL, LEDGER_VIRTUAL, LEDGER_HELD, plan->opening_minor);
        auditor_person(auditor, who)->received_minor += plan->opening_minor;
    }
}

static void on_further_end(struct auditor *auditor, const struct record *r, uint32_t who)
{
    const struct audited_account *account = &auditor->accounts[who];
    if (r->outcome.state == OUTCOME_RETURNED && account->granted_kind == REQUEST_RETURN)
        return;
    if (r->outcome.state != account->end_state || account->end_residue_minor <= 0)
        auditor_complain(auditor, "account %u ends again, %u after %u", who + 1, r->outcome.state,
                         account->end_state);
    auditor_owe_closing(auditor, r, LEDGER_RESIDUE, LEDGER_PAYABLE, account->end_residue_minor);
}

void auditor_on_end(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    if (r->step != STEP_CLOSING)
        auditor_complain(auditor, "account %u ends with step %u", who + 1, r->step);
    if (account->is_ended)
        on_further_end(auditor, r, who);
    else
        on_first_end(auditor, r, who);
    account->is_ended = true;
    account->end_state = r->outcome.state;
    account->end_held_minor = r->outcome.held_minor;
    account->end_payable_minor = r->outcome.amount_minor;
    account->end_residue_minor = r->outcome.residue_minor;
}

/* What was looked at last is what the ledger has; what came back before it was found out. */
static void check_closing(struct auditor *auditor, const struct record *r, uint32_t who,
                          int64_t in_account)
{
    const struct audited_account *account = &auditor->accounts[who];
    int64_t before_minor = account->floor_residue_minor;
    bool is_received = auditor->rules.pool == POOL_RECEIVED;
    int64_t shown_minor = is_received
                              ? auditor_shown_before(auditor, who) + account->deposit_minor +
                                    r->outcome.residue_minor - before_minor
                              : in_account;
    bool is_more =
        shown_minor > auditor_shown(auditor, who) && !auditor_person(auditor, who)->is_clouded;
    if (r->outcome.available_minor != shown_minor || is_more)
        auditor_complain(auditor, "account %u ends with %" PRId64 " at the bank", who + 1,
                         auditor_shown(auditor, who));
    if (!auditor_was_told(auditor, who, r->outcome.available_minor))
        auditor_complain(auditor, "account %u ends with %" PRId64 ", which no bank told", who + 1,
                         r->outcome.available_minor);
    if (auditor->rules.asks_always && !is_received && account->back_seen_minor > 0)
        auditor_complain(auditor, "I9: account %u ends, and %" PRId64 " had come back", who + 1,
                         account->back_seen_minor);
}

/* The ledger sums to what the record says: nothing payable when settled, nothing collected when
   compensated, and all that is left in the account. */
void auditor_check_end(struct auditor *auditor, const struct record *r, uint32_t who)
{
    const struct audited_account *account = &auditor->accounts[who];
    const int64_t *ledger = account->ledger;
    int64_t in_account = ledger[LEDGER_VIRTUAL];
    int64_t collected_minor = auditor_is_done(account, STEP_COLLECT)
                                  ? auditor->workload->accounts[who].repayment_minor
                                  : 0;
    bool is_first = r->outcome.seq == account->first_end_seq;
    bool is_settled = is_first && r->outcome.state == OUTCOME_SETTLED;
    if (r->outcome.amount_minor != -ledger[LEDGER_PAYABLE] ||
        (is_settled && r->outcome.amount_minor != 0))
        auditor_complain(auditor, "I12: account %u ends with payable %" PRId64, who + 1,
                         -ledger[LEDGER_PAYABLE]);
    if (ledger[LEDGER_RECEIVABLE] != -collected_minor)
        auditor_complain(auditor, "I12: account %u ends with receivable %" PRId64, who + 1,
                         ledger[LEDGER_RECEIVABLE]);
    if (in_account + account->fee_minor !=
            r->outcome.held_minor + r->outcome.amount_minor + r->outcome.residue_minor ||
        r->outcome.residue_minor != -ledger[LEDGER_RESIDUE] ||
        r->outcome.held_minor != -ledger[LEDGER_HELD] - ledger[LEDGER_SUSPENSE])
        auditor_complain(auditor, "I12: account %u ends with held %" PRId64 ", residue %" PRId64,
                         who + 1, r->outcome.held_minor, r->outcome.residue_minor);
    bool is_looked_at = is_settled || (is_first && r->outcome.state == OUTCOME_COMPENSATED);
    if (auditor->rules.closing_seen && is_looked_at)
        check_closing(auditor, r, who, in_account);
    int64_t residue_minor = r->outcome.residue_minor - account->floor_residue_minor;
    if (is_settled && residue_minor > 0 && auditor_is_sum(auditor, who, residue_minor, true))
        auditor_complain(auditor, "I9: account %u: %" PRId64 " that came back ends as residue",
                         who + 1, residue_minor);
}
