/*
 * auditor_park: why a settlement may be parked. A reason of the engine's own needs its cause in
 * what the auditor has seen; any other code is the bank's, of a rejection that is recorded.
 */
#include <string.h>

#include "base/time.h"
#include "sim/auditor_state.h"

bool auditor_is_over(const struct auditor *auditor, uint32_t who)
{
    int64_t expected = auditor->workload->accounts[who].expected_minor;
    return auditor->rules.parks_over && expected > 0 &&
           2 * auditor->accounts[who].deposit_minor > 3 * expected;
}

/* A permission given then could outlive the key; a clock that was set is no witness. */
static bool key_may_end(const struct auditor *auditor, const struct audited_transfer *transfer,
                        int64_t at_us)
{
    const struct auditor_rules *rules = &auditor->rules;
    if (rules->key_lifetime_ns == 0)
        return false;
    if (rules->linger_unknown || transfer->clock_steps != auditor->clock_steps)
        return true;
    uint64_t ahead_ns =
        rules->send_before_ns + rules->linger_ns + rules->processing_ns + rules->unsure_ns;
    return at_us + (int64_t)(ahead_ns / NS_PER_US) >=
           transfer->intended_at_us + (int64_t)(rules->key_lifetime_ns / NS_PER_US);
}

/* Reasons that leave the newest transfer in doubt, and when each is one. */
static bool is_doubt(const struct auditor *auditor, const struct audited_transfer *transfer,
                     const struct record *record, bool *is_allowed)
{
    const char *code = record->outcome.text.code;
    const struct auditor_rules *rules = &auditor->rules;
    const struct {
        const char *code;
        bool is_allowed;
    } rows[] = {
        {"no_inquiry", rules->inquiry == INQUIRY_NONE},
        {"key_expired", key_may_end(auditor, transfer, record->outcome.at_us)},
        {"refused_repeat", rules->inquiry != INQUIRY_BY_KEY && transfer->was_refused},
        {"linger_unknown", rules->linger_unknown && transfer->was_refused},
        {"body_changed", transfer->was_changed},
        {"record_refused", auditor->workload->accounts[transfer->account].is_poison},
        {"attempts_used_up", transfer->attempts > AUDITED_ATTEMPTS_LEAST},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].code, code) == 0) {
            *is_allowed = rows[i].is_allowed;
            return true;
        }
    }
    return false;
}

bool auditor_is_sum(const struct auditor *auditor, uint32_t who, int64_t sum_minor, bool came_back)
{
    int64_t amounts[STEP_CLOSING];
    uint32_t count = 0;
    for (uint32_t i = 0; i < auditor->transfer_count; i++) {
        const struct audited_transfer *transfer = &auditor->transfers[i];
        if (transfer->account == who && transfer->state == OUTCOME_ACCEPTED &&
            (!came_back || transfer->is_reversed) && count < STEP_CLOSING)
            amounts[count++] = transfer->amount_minor;
    }
    for (uint32_t some = 1; some < 1U << count; some++) {
        int64_t some_minor = 0;
        for (uint32_t i = 0; i < count; i++)
            some_minor += (some >> i & 1) != 0 ? amounts[i] : 0;
        if (some_minor == sum_minor)
            return true;
    }
    return false;
}

/* A look showed as much too much as was sent, by a bank that need not know what became of it. */
static bool is_unconfirmed(const struct auditor *auditor, uint32_t who)
{
    const struct audited_account *account = &auditor->accounts[who];
    int64_t ledger_minor = auditor->rules.pool == POOL_RECEIVED
                               ? auditor_shown_before(auditor, who) + account->deposit_minor
                               : account->ledger[LEDGER_VIRTUAL];
    // What is undone is not asked about: it may have come back by itself, too.
    bool can_tell = auditor->rules.asks_always || !auditor_is_done(account, STEP_PAYOUT);
    if (can_tell && !account->is_compensating)
        return false;
    for (uint32_t i = 0; i < account->told_count && i < AUDITED_LOOKS; i++)
        if (auditor_is_sum(auditor, who, account->told_minor[i] - ledger_minor, false))
            return true;
    return false;
}

/* A no of the bank, for a person: where the plan does not want it undone, or it is the undo. */
static bool is_rejected(const struct auditor *auditor, uint32_t who, const char *code)
{
    const struct audited_transfer *newest = auditor_newest(auditor, who);
    if (newest == NULL || !outcome_is_rejected(newest->state))
        return false;
    if (newest->kind == TRANSFER_UNDO)
        return true;
    return strcmp(code, "undo_refused") != 0 && newest->state == OUTCOME_REJECTED_PERSON &&
           (auditor->rules.compensated_steps >> newest->step & 1) == 0;
}

static bool is_reason(const struct auditor *auditor, uint32_t who, const char *code)
{
    const struct workload_account *plan = &auditor->workload->accounts[who];
    const struct audited_account *account = &auditor->accounts[who];
    if (strcmp(code, "over_deposit") == 0)
        return auditor_is_over(auditor, who);
    if (strcmp(code, "below_dues") == 0)
        return account->deposit_minor + account->floor_payable_minor + account->unheld_minor <
               plan->repayment_minor + plan->hold_minor;
    if (strcmp(code, "reversed") == 0)
        return account->has_reversal;
    if (strcmp(code, "unconfirmed") == 0)
        return is_unconfirmed(auditor, who);
    if (strcmp(code, "fee_taken") == 0)
        return account->newest != 0 && !auditor->rules.fee_is_ours &&
               auditor->transfers[account->newest - 1].fee_minor > 0;
    if (strcmp(code, "parked_by_person") == 0)
        return true; // a decision says so
    if (strcmp(code, "balance_less") == 0)
        return auditor_person(auditor, who)->is_clouded;
    if (strcmp(code, "record_refused") == 0)
        return plan->is_poison;
    if (strcmp(code, "tries_used_up") == 0)
        return account->newest != 0 &&
               outcome_is_rejected(auditor->transfers[account->newest - 1].state) &&
               auditor->transfers[account->newest - 1].generation >= auditor->rules.later_tries;
    return is_rejected(auditor, who, code);
}

bool auditor_may_park(struct auditor *auditor, uint32_t who, const struct record *record)
{
    const char *code = record->outcome.text.code;
    struct audited_account *account = &auditor->accounts[who];
    const struct audited_transfer *transfer =
        account->newest == 0 ? NULL : &auditor->transfers[account->newest - 1];
    bool is_open = transfer != NULL && (transfer->state == 0 || transfer->state == OUTCOME_PENDING);
    bool is_allowed = false;
    account->is_left_in_doubt = is_open && strcmp(code, "parked_by_person") == 0;
    if (!is_open || !is_doubt(auditor, transfer, record, &is_allowed))
        return is_reason(auditor, who, code);
    account->is_left_in_doubt = true;
    return is_allowed;
}
