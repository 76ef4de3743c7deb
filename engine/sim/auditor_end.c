/*
 * auditor_end: what must be true when all faults are over and the engine says that it is done.
 */
#include <inttypes.h>

#include "sim/auditor_state.h"

/* I13: what the bank accepted is what the store accepted. */
static void check_transfers(struct auditor *auditor)
{
    for (uint32_t i = 0; i < auditor->transfer_count; i++) {
        const struct audited_transfer *transfer = &auditor->transfers[i];
        const struct audited_account *account = &auditor->accounts[transfer->account];
        bool is_open = transfer->state == 0 || transfer->state == OUTCOME_PENDING;
        if (is_open && account->is_left_in_doubt && account->newest == i + 1)
            continue; // a person's now: nobody can say, and nobody guessed
        if (transfer->is_by_hand && !transfer->is_booked)
            continue;
        if (transfer->is_reversed &&
            (transfer->state == OUTCOME_ACCEPTED || transfer->state == OUTCOME_REVERSED))
            continue; // noticed or not: what looked before it came back cannot know
        if (transfer->is_booked != (transfer->state == OUTCOME_ACCEPTED))
            auditor_complain(auditor, "I13: account %u step %u: bank %d, store's outcome %u",
                             transfer->account + 1, transfer->step, transfer->is_booked,
                             transfer->state);
    }
}

static bool must_park(const struct auditor *auditor, uint32_t index)
{
    const struct workload_account *plan = &auditor->workload->accounts[index];
    const struct audited_account *account = &auditor->accounts[index];
    bool is_over = auditor->rules.parks_over && plan->expected_minor > 0 &&
                   2 * account->deposit_minor > 3 * plan->expected_minor;
    bool pays = auditor_step_amount(auditor, index, STEP_PAYOUT) > 0;
    const struct audited_transfer *newest = auditor_newest(auditor, index);
    // Whom a person helped, or who goes backwards, comes to another end; that was judged then.
    bool is_helped = account->was_released || account->is_compensating ||
                     account->mapping_id != plan->mapping_id ||
                     (newest != NULL && newest->is_by_hand) ||
                     (account->is_ended && account->end_state != OUTCOME_SETTLED);
    return !is_helped && (is_over || (plan->is_payout_stopped && pays));
}

/* It waits for money: rightly, and it says so. */
static void check_waiting(struct auditor *auditor, uint32_t index)
{
    const struct audited_account *account = &auditor->accounts[index];
    if (account->is_parked || account->is_ended)
        return; // the reason was judged then
    int64_t new_minor = auditor_shown(auditor, index) - auditor_shown_before(auditor, index);
    if (auditor_person(auditor, index)->is_clouded)
        return;
    if (new_minor >= workload_threshold(&auditor->workload->accounts[index]))
        auditor_complain(auditor, "account %u: its deposit was not found", index + 1);
    else if (!account->is_short)
        auditor_complain(auditor, "account %u got no deposit and is not short", index + 1);
}

/* It was never opened: the settlement before it is the reason. */
static void check_unopened(struct auditor *auditor, uint32_t index)
{
    uint32_t newest = auditor_person(auditor, index)->newest_open;
    if (auditor->accounts[index].outcome_seq > 0)
        auditor_complain(auditor, "account %u is blocked and has outcomes", index + 1);
    if (!auditor->workload->accounts[index].is_blocked &&
        (newest == 0 || auditor->accounts[newest - 1].is_ended))
        auditor_complain(auditor, "account %u was not opened, and nothing is in its way",
                         index + 1);
}

/* Every settlement has come to the end that the plan and its money lead to. */
static void check_account(struct auditor *auditor, uint32_t index)
{
    const struct audited_account *account = &auditor->accounts[index];
    if (!account->is_open)
        check_unopened(auditor, index);
    else if (!account->has_deposit)
        check_waiting(auditor, index);
    else if (must_park(auditor, index)) {
        if (!account->is_parked)
            auditor_complain(auditor, "account %u should be parked", index + 1);
    } else if (!account->is_ended && !account->is_parked) { // the reason was judged then
        auditor_complain(auditor, "account %u has not ended (steps %x done, parked %d)", index + 1,
                         account->done_steps, account->is_parked);
    }
}

/* Over all months: what the bank has beyond the ledger is money that nobody has looked at yet, and
   what is held was held or brought in. */
static void check_person(struct auditor *auditor, uint32_t at)
{
    const struct audited_person *person = &auditor->persons[at];
    const struct workload_account *first = &auditor->workload->accounts[at];
    int64_t held_minor = first->floor_held_minor;
    bool is_known = !first->is_blocked && person->newest_open != 0 && !person->is_clouded;
    for (uint32_t i = at; i < workload_total(auditor->workload); i += auditor->workload->count) {
        const struct audited_account *account = &auditor->accounts[i];
        is_known &= !account->is_parked && account->back_minor == 0; // a person's now
        if (account->has_deposit || account->is_ended)
            held_minor += auditor->workload->accounts[i].opening_minor;
        if (auditor_is_done(account, STEP_HOLD))
            held_minor += auditor->workload->accounts[i].hold_minor;
        held_minor -= account->unheld_minor;
    }
    int64_t unseen_minor = person->bank_minor - person->virtual_minor;
    if (is_known && (unseen_minor < 0 || unseen_minor > person->came_minor + first->opening_minor))
        auditor_complain(auditor,
                         "I13: person %u has %" PRId64 " at the bank, %" PRId64 " in the ledger",
                         at + 1, person->bank_minor, person->virtual_minor);
    if (is_known && person->held_minor != held_minor)
        auditor_complain(auditor, "I12: person %u: %" PRId64 " is held, %" PRId64 " should be",
                         at + 1, person->held_minor, held_minor);
}

void auditor_ends(struct auditor *auditor)
{
    check_transfers(auditor);
    auditor_check_requests(auditor);
    for (uint32_t i = 0; i < workload_total(auditor->workload); i++)
        check_account(auditor, i);
    for (uint32_t i = 0; i < auditor->workload->count; i++)
        check_person(auditor, i);
}
