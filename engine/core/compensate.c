#include "core/compensate.h"

#include "base/money.h"
#include "base/sin.h"
#include "core/account.h"
#include "core/closing.h"
#include "core/course.h"

bool compensate_is_wanted(const struct settle *settle, const struct settlement *s)
{
    return (settle->config.compensated_steps >> s->step & 1) != 0 &&
           !account_is_done(s, STEP_PAYOUT) && !SIN(park_not_compensate);
}

void compensate_begin(struct settle *settle, struct settlement *s)
{
    CHECK(!s->is_compensating && !account_is_done(s, s->step));
    s->is_compensating = true;
    course_outcome(settle, s, OUTCOME_COMPENSATING, 0, NULL);
    compensate_next(settle, s);
}

static void is_undone(struct settlement *s)
{
    CHECK(account_is_done(s, s->step));
    if (!SIN(undo_forgotten))
        s->done_steps &= (uint8_t) ~(1U << s->step);
}

static void undo_post(struct settle *settle, struct settlement *s, int64_t amount_minor)
{
    course_outcome(settle, s, OUTCOME_POSTED, amount_minor, NULL)->kind = TRANSFER_UNDO;
    course_back_entries(settle, s, TRANSFER_UNDO, amount_minor);
    is_undone(s);
}

void compensate_next(struct settle *settle, struct settlement *s)
{
    CHECK(s->is_compensating && !account_is_done(s, STEP_PAYOUT));
    for (enum step_kind step = STEP_HOLD; step >= STEP_COLLECT; step--) {
        if (!account_is_done(s, step))
            continue;
        int64_t amount_minor = account_step_amount(s, step);
        s->step = (uint8_t)step;
        if (amount_minor == 0) {
            is_undone(s);
        } else if (account_is_transfer(step, settle->config.hold_by_transfer)) {
            course_begin_transfer(settle, s, TRANSFER_UNDO, amount_minor);
            return;
        } else {
            undo_post(settle, s, amount_minor);
        }
    }
    closing_begin(settle, s);
}

void compensate_on_accepted(struct settle *settle, struct settlement *s,
                            const struct bank_reply *reply)
{
    int64_t amount_minor = s->order.amount_minor;
    struct record *record = course_outcome(settle, s, OUTCOME_ACCEPTED, amount_minor, reply->text);
    record->generation = s->order.generation;
    uint8_t lines = course_back_entries(settle, s, TRANSFER_UNDO, amount_minor);
    is_undone(s);
    if (s->step == STEP_COLLECT)
        settle->counts.collected_minor = money_sub(settle->counts.collected_minor, amount_minor);
    if (course_fee(settle, s, (uint8_t)(lines + 1), reply->fee_minor))
        compensate_next(settle, s);
}
