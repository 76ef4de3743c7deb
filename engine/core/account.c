#include "core/account.h"

#include "base/money.h"
#include "base/sin.h"

static int64_t floor_of(const struct settlement *s)
{
    return money_add(money_add(s->floor_held_minor, s->opening_minor),
                     money_add(s->floor_payable_minor, s->floor_residue_minor));
}

/* All that was posted as come in before this deposit. */
static int64_t received_before(const struct settlement *s)
{
    return money_add(s->floor_received_minor, s->opening_minor);
}

bool account_is_amount(int64_t amount_minor)
{
    return amount_minor <= AMOUNT_MAX && amount_minor >= -AMOUNT_MAX;
}

int64_t account_new_money(const struct settlement *s, enum pool_kind pool, int64_t shown_minor)
{
    if (SIN(floor_ignored))
        return shown_minor;
    return money_sub(shown_minor, pool == POOL_RECEIVED ? received_before(s) : floor_of(s));
}

int64_t account_dues(const struct settlement *s)
{
    return money_add(s->repayment_minor, s->hold_minor);
}

int64_t account_step_amount(const struct settlement *s, enum step_kind step)
{
    switch (step) { // uncovered: no other step has an amount
    case STEP_COLLECT:
        return s->repayment_minor;
    case STEP_HOLD:
        return s->hold_minor;
    case STEP_PAYOUT:
        return money_sub(
            money_add(money_add(s->deposit_minor, s->floor_payable_minor), s->unheld_minor),
            SIN(hold_paid_out) ? s->repayment_minor : account_dues(s));
    case STEP_DEPOSIT: // uncovered: the same
    case STEP_CLOSING:
        break;
    }
    CHECK(false);
    return 0;
}

bool account_is_transfer(enum step_kind step, bool hold_by_transfer)
{
    return step == STEP_HOLD ? hold_by_transfer : step == STEP_COLLECT || step == STEP_PAYOUT;
}

int64_t account_payable(const struct settlement *s)
{
    int64_t payable_minor =
        money_add(money_add(s->deposit_minor, s->floor_payable_minor), s->unheld_minor);
    for (enum step_kind step = STEP_COLLECT; step <= STEP_PAYOUT; step++)
        if (account_is_done(s, step))
            payable_minor = money_sub(payable_minor, account_step_amount(s, step));
    return payable_minor;
}

int64_t account_held(const struct settlement *s, bool hold_by_transfer)
{
    int64_t held_minor =
        money_sub(money_add(s->floor_held_minor, s->opening_minor), s->unheld_minor);
    return account_is_done(s, STEP_HOLD) && !hold_by_transfer ? money_add(held_minor, s->hold_minor)
                                                              : held_minor;
}

int64_t account_left(const struct settlement *s, bool hold_by_transfer)
{
    int64_t left_minor = money_add(floor_of(s), s->deposit_minor);
    for (enum step_kind step = STEP_COLLECT; step <= STEP_PAYOUT; step++)
        if (account_is_done(s, step) && account_is_transfer(step, hold_by_transfer))
            left_minor = money_sub(left_minor, account_step_amount(s, step));
    return left_minor;
}

int64_t account_shown(const struct settlement *s, enum pool_kind pool, bool hold_by_transfer)
{
    if (pool == POOL_RECEIVED)
        return money_add(received_before(s), s->deposit_minor);
    return account_left(s, hold_by_transfer);
}
