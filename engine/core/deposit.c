#include "core/deposit.h"

#include "base/money.h"
#include "base/sin.h"
#include "base/time.h"
#include "core/account.h"
#include "core/course.h"
#include "core/intake.h"

static enum pool_kind pool_of(struct settle *settle, const struct settlement *s)
{
    return settle_desk(settle, s)->rules.pool;
}

static int64_t threshold_of(const struct settlement *s)
{
    if (s->expected_minor > 0)
        return s->expected_minor;
    int64_t dues_minor = account_dues(s);
    return dues_minor > 1 ? dues_minor : 1;
}

static void record_deposit(struct settle *settle, struct settlement *s, int64_t shown_minor)
{
    static const struct ledger_line opening = {LEDGER_VIRTUAL, LEDGER_HELD};
    static const struct ledger_line unhold = {LEDGER_HELD, LEDGER_PAYABLE};
    struct record *record = course_outcome(settle, s, OUTCOME_DEPOSITED, s->deposit_minor, NULL);
    record->outcome.available_minor = shown_minor;
    course_step_entries(settle, s, s->deposit_minor);
    if (s->opening_minor > 0)
        (void)course_entry(settle, s, 2, opening, s->opening_minor);
    // The plan gives back what was held: from now on it is to be paid out.
    if (s->unheld_minor > 0)
        (void)course_entry(settle, s, s->opening_minor > 0 ? 3 : 2, unhold, s->unheld_minor);
    course_step_done(s);
}

static void on_deposit(struct settle *settle, struct settlement *s, int64_t shown_minor)
{
    s->deposit_minor = account_new_money(s, pool_of(settle, s), shown_minor);
    if (s->looked_at_ns > 0)
        histogram_add(&settle->detection, settle->now_ns - s->looked_at_ns);
    record_deposit(settle, s, shown_minor);
    bool is_over =
        s->expected_minor > 0 && s->deposit_minor - s->expected_minor > s->expected_minor / 2;
    if (account_step_amount(s, STEP_PAYOUT) < 0)
        course_park_code(settle, s, PARK_BELOW_DUES);
    else if (is_over && settle->config.over == OVER_PARK && !SIN(over_is_paid))
        course_park_code(settle, s, PARK_OVER_DEPOSIT);
    else
        course_next(settle, s);
}

void deposit_short(struct settle *settle, struct settlement *s)
{
    settle->counts.is_short++;
    // Where no look was told, what an earlier run saw stands.
    bool is_told = s->seen_minor >= 0 || s->seen_recorded_minor < 0;
    int64_t seen_minor = s->seen_minor > 0 ? s->seen_minor : 0;
    if (!is_told || s->seen_recorded_minor == seen_minor) {
        step_move(&settle->steps, s, AWAIT_NOTHING);
        return;
    }
    s->step = STEP_DEPOSIT;
    course_outcome(settle, s, OUTCOME_SHORT, seen_minor, NULL);
    step_move(&settle->steps, s, AWAIT_LAST_WRITE);
}

void deposit_missing(struct settle *settle, struct settlement *s)
{
    if (settle->intake.is_last_look)
        deposit_short(settle, s);
    else
        intake_wait(settle, s);
}

/*
 * An account is looked at once a poll interval, told or not: it waits outside the slots. Only in
 * the last look it stays, since nobody would come back to it. Slow down is no look at all: it is
 * the bank that waits, not the account.
 */
static void on_failed(struct settle *settle, struct settlement *s, bool throttled)
{
    bool is_last = settle->intake.is_last_look && !settle->is_past_deadline;
    if (!settle_is_open(settle) || !(throttled || is_last) ||
        !course_may_look_again(settle, s, throttled)) {
        deposit_missing(settle, s);
        return;
    }
    if (throttled) {
        step_move(&settle->steps, s, AWAIT_POLL_TURN);
        return;
    }
    uint64_t wait_ns = course_look_wait_ns(settle, s);
    uint64_t interval_ns = settle_desk(settle, s)->rules.poll_interval_ns;
    settle_timer(settle, s,
                 settle_later_ns(settle->now_ns, wait_ns > interval_ns ? wait_ns : interval_ns));
    step_move(&settle->steps, s, AWAIT_POLL_AGAIN);
}

void deposit_on_balance(struct settle *settle, struct settlement *s, const struct bank_reply *reply)
{
    CHECK(s->await == AWAIT_POLL_REPLY);
    if (!course_is_balance(reply)) {
        on_failed(settle, s, reply->throttled);
        return;
    }
    int64_t new_minor = account_new_money(s, pool_of(settle, s), reply->balance_minor);
    if (new_minor >= threshold_of(s) || (SIN(part_is_deposit) && new_minor > 0)) {
        on_deposit(settle, s, reply->balance_minor);
        return;
    }
    s->seen_minor = new_minor > 0 ? new_minor : 0;
    deposit_missing(settle, s);
}
