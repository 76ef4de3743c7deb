/*
 * account: what the ledger says of one settlement's account; sums of the plan, the floor and the
 * deposit, in minor units. Values only.
 */
#ifndef DAYBOOK_CORE_ACCOUNT_H
#define DAYBOOK_CORE_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bank_rules.h"
#include "core/step.h"

/* A balance that a bank may show: within our range, of whatever sign. */
bool account_is_amount(int64_t amount_minor);

/* New money in what a poll showed: what lies there beyond the floor, or came in beyond what was
   posted as come in before. */
int64_t account_new_money(const struct settlement *s, enum pool_kind pool, int64_t shown_minor);
/* Repayment and hold. */
int64_t account_dues(const struct settlement *s);
/* What a step moves or posts; the payout once the deposit is known. */
int64_t account_step_amount(const struct settlement *s, enum step_kind step);
/* Does the step move money at the bank? The hold does where the plan says so. */
bool account_is_transfer(enum step_kind step, bool hold_by_transfer);
static inline bool account_is_done(const struct settlement *s, enum step_kind step)
{
    return (s->done_steps >> step & 1) != 0;
}
/* What the account's owner is still owed, by the steps done so far. */
int64_t account_payable(const struct settlement *s);
/* Held in the account itself, by the steps done so far. */
int64_t account_held(const struct settlement *s, bool hold_by_transfer);
/* The ledger's balance of the account, by the steps done so far. */
int64_t account_left(const struct settlement *s, bool hold_by_transfer);
/* What a look shows then, if all is right. */
int64_t account_shown(const struct settlement *s, enum pool_kind pool, bool hold_by_transfer);

#endif
