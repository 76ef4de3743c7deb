#include "core/closing.h"

#include <string.h>

#include "base/money.h"
#include "base/sin.h"
#include "base/time.h"
#include "core/account.h"
#include "core/course.h"
#include "core/ledger.h"

static const struct bank_rules *rules_of(struct settle *settle, const struct settlement *s)
{
    return &settle_desk(settle, s)->rules;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void end_settled(struct settle *settle, struct settlement *s, int64_t shown_minor,
                        int64_t residue_minor)
{
    s->step = STEP_CLOSING;
    if (residue_minor > 0)
        course_step_entries(settle, s, residue_minor);
    struct record *end = course_outcome(settle, s, OUTCOME_SETTLED, 0, NULL);
    end->outcome.available_minor = shown_minor;
    end->outcome.held_minor = account_held(s, settle->config.hold_by_transfer);
    end->outcome.residue_minor = money_add(s->floor_residue_minor, residue_minor);
    settle->counts.settled++;
    step_move(&settle->steps, s, AWAIT_LAST_WRITE);
}

static bool is_wanted(const struct settle *settle, const struct settlement *s)
{
    switch (settle->config.closing) {
    case CLOSING_ALL:
        return true;
    case CLOSING_SAMPLE:
        // One in sixteen, by the settlement's own seed: the same one in every run.
        return s->key_seed.bytes[0] < 16;
    case CLOSING_OFF:
        return false;
    }
    CHECK(false);
    return true;
}

static void begin_looks(struct settlement *s)
{
    s->tries = 0;
    s->doubt_since_ns = 0;
}

void closing_begin(struct settle *settle, struct settlement *s)
{
    if (!is_wanted(settle, s)) {
        end_settled(settle, s, 0, 0);
        return;
    }
    if (SIN(closing_skipped)) {
        enum pool_kind pool = rules_of(settle, s)->pool;
        end_settled(settle, s, account_shown_at_end(s, pool, settle->config.hold_by_transfer), 0);
        return;
    }
    s->step = STEP_CLOSING;
    s->is_second_look = false;
    begin_looks(s);
    bool is_written = chunk_is_written(&settle->chunks, s->written_by);
    step_move(&settle->steps, s, is_written ? AWAIT_CLOSING_TURN : AWAIT_OUTCOME_WRITE);
}

void closing_leave(struct settle *settle, struct settlement *s)
{
    settle->left_pending++;
    step_move(&settle->steps, s, AWAIT_NOTHING);
}

/* A look failed: once more after a while, or left to a later run. */
static void look_again(struct settle *settle, struct settlement *s, bool throttled, enum await turn,
                       enum await again)
{
    if (!course_may_look_again(settle, s, throttled)) {
        closing_leave(settle, s);
    } else if (throttled) {
        step_move(&settle->steps, s, turn);
    } else {
        settle_timer(settle, s, settle_later_ns(settle->now_ns, course_look_wait_ns(settle, s)));
        step_move(&settle->steps, s, again);
    }
}

/* ---- accepted first, failed later ------------------------------------------------------------ */

static void record_reversal(struct settle *settle, struct settlement *s, enum step_kind step)
{
    struct bank_text text = {0};
    int64_t amount_minor = account_step_amount(s, step);
    memcpy(text.code, s->reversal_codes[step], sizeof(text.code));
    s->step = (uint8_t)step;
    s->order.step = (uint8_t)step;
    s->order.generation = s->accepted_generation[step];
    struct record *record = course_outcome(settle, s, OUTCOME_REVERSED, amount_minor, &text);
    record->generation = s->order.generation;
    course_reversing_entries(settle, s, amount_minor);
    settle->counts.reversed++;
}

/* All that failed, oldest first, and a person: what else of it is to be undone is no machine's. */
static void record_reversals(struct settle *settle, struct settlement *s)
{
    for (enum step_kind step = STEP_COLLECT; step <= STEP_PAYOUT; step++)
        if ((s->reversed_steps >> step & 1) != 0)
            record_reversal(settle, s, step);
    course_park_code(settle, s, PARK_REVERSED);
}

/* Everything that could be asked has been. */
static void conclude(struct settle *settle, struct settlement *s)
{
    int64_t shown_minor = s->closing_minor;
    int64_t ledger_minor =
        account_shown_at_end(s, rules_of(settle, s)->pool, settle->config.hold_by_transfer);
    if (s->reversed_steps != 0 && !SIN(reversal_is_residue))
        record_reversals(settle, s);
    else if (shown_minor > ledger_minor)
        end_settled(settle, s, shown_minor, money_sub(shown_minor, ledger_minor));
    else
        course_park_code(settle, s, PARK_BALANCE_LESS);
}

/* The next older transfer to ask about, below s->confirming. */
static void confirm_next(struct settle *settle, struct settlement *s)
{
    bool can_ask = rules_of(settle, s)->inquiry == INQUIRY_BY_KEY;
    while (can_ask && s->confirming > STEP_COLLECT) {
        s->confirming--;
        enum step_kind step = s->confirming;
        uint16_t generation = s->accepted_generation[step];
        if (generation == 0)
            continue;
        s->order = (struct transfer_order){
            .settlement_id = s->id,
            .amount_minor = account_step_amount(s, step),
            .step = (uint8_t)step,
            .kind = TRANSFER_NORMAL,
            .generation = generation,
            .key = ledger_key(settle->hash, &s->key_seed, step, TRANSFER_NORMAL, generation)};
        begin_looks(s);
        step_move(&settle->steps, s, AWAIT_CONFIRM_TURN);
        return;
    }
    conclude(settle, s);
}

static void on_failed_later(struct settle *settle, struct settlement *s,
                            const struct bank_reply *reply)
{
    s->reversed_steps |= (uint8_t)(1U << s->confirming);
    memcpy(s->reversal_codes[s->confirming], reply->text->code, sizeof(reply->text->code));
    confirm_next(settle, s);
}

void closing_on_confirm(struct settle *settle, struct settlement *s, const struct bank_reply *reply)
{
    CHECK(s->await == AWAIT_CONFIRM_REPLY);
    switch ((enum answer)reply->answer) {
    case ANSWER_ACCEPTED:
        confirm_next(settle, s);
        return;
    case ANSWER_REJECTED_LATER:
    case ANSWER_REJECTED_PERSON:
        on_failed_later(settle, s, reply);
        return;
    case ANSWER_NOT_FOUND:
        // It was there once: a bank that has forgotten it says nothing about it. After a few tries
        // the record stands as it is.
        if (s->tries + 1U >= settle->config.poll_tries) {
            confirm_next(settle, s);
            return;
        }
        break;
    case ANSWER_IN_DOUBT:
    case ANSWER_PENDING:
    case ANSWER_NOT_DONE:
    case ANSWER_BALANCE:
    case ANSWER_CHANGED:
        break;
    }
    look_again(settle, s, reply->throttled, AWAIT_CONFIRM_TURN, AWAIT_CONFIRM_AGAIN);
}

/* ---- looks ----------------------------------------------------------------------------------- */

void closing_on_balance(struct settle *settle, struct settlement *s, const struct bank_reply *reply)
{
    CHECK(s->await == AWAIT_CLOSING_REPLY);
    if (!course_is_balance(reply)) {
        look_again(settle, s, reply->throttled, AWAIT_CLOSING_TURN, AWAIT_CLOSING_AGAIN);
        return;
    }
    const struct bank_rules *rules = rules_of(settle, s);
    int64_t shown_minor = reply->balance_minor;
    if (shown_minor == account_shown_at_end(s, rules->pool, settle->config.hold_by_transfer)) {
        end_settled(settle, s, shown_minor, 0);
    } else if (!s->is_second_look) {
        // Something may still be under way at the bank: look once more after its processing time.
        s->is_second_look = true;
        begin_looks(s);
        settle_timer(settle, s, settle_later_ns(settle->now_ns, rules->processing_ns));
        step_move(&settle->steps, s, AWAIT_CLOSING_AGAIN);
    } else {
        s->closing_minor = shown_minor;
        s->confirming = STEP_CLOSING;
        s->reversed_steps = 0;
        confirm_next(settle, s);
    }
}
