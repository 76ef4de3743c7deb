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

static void end_closed(struct settle *settle, struct settlement *s, int64_t shown_minor,
                       int64_t residue_minor)
{
    s->step = STEP_CLOSING;
    int64_t payable_minor = account_payable(s);
    CHECK(s->is_compensating || payable_minor == 0 || SIN(hold_paid_out));
    if (residue_minor > 0)
        course_step_entries(settle, s, residue_minor);
    struct record *end =
        course_outcome(settle, s, s->is_compensating ? OUTCOME_COMPENSATED : OUTCOME_SETTLED,
                       s->is_compensating ? payable_minor : 0, NULL);
    end->outcome.available_minor = shown_minor;
    end->outcome.held_minor = account_held(s, settle->config.hold_by_transfer);
    end->outcome.residue_minor = money_add(s->floor_residue_minor, residue_minor);
    if (s->is_compensating)
        settle->counts.ended++;
    else
        settle->counts.settled++;
    step_move(&settle->steps, s, AWAIT_LAST_WRITE);
}

/* A fee that the bank took out of the account lies there no more: who gives the settlement up lets
   its owner bear it, as far as there is something to bear it from. */
static int64_t payable_after_fee(struct settle *settle, struct settlement *s)
{
    static const struct ledger_line borne = {LEDGER_PAYABLE, LEDGER_FEE};
    int64_t payable_minor = account_payable(s);
    int64_t fee_minor = s->fee_minor < payable_minor ? s->fee_minor : payable_minor;
    if (fee_minor <= 0)
        return payable_minor;
    (void)course_entry(settle, s, 3, borne, fee_minor);
    return money_sub(payable_minor, fee_minor);
}

void closing_end_as_it_stands(struct settle *settle, struct settlement *s, enum outcome_state end)
{
    static const struct ledger_line opening = {LEDGER_VIRTUAL, LEDGER_HELD};
    bool has_deposit = account_is_done(s, STEP_DEPOSIT);
    int64_t payable_minor = s->floor_payable_minor;
    int64_t held_minor = money_add(s->floor_held_minor, s->opening_minor);
    s->step = STEP_CLOSING;
    if (has_deposit) {
        payable_minor = payable_after_fee(settle, s);
        held_minor = account_held(s, settle->config.hold_by_transfer);
    } else if (s->opening_minor > 0) {
        // What was held from the beginning is posted with the deposit, and else here.
        (void)course_entry(settle, s, 2, opening, s->opening_minor);
    }
    struct record *record = course_outcome(settle, s, end, payable_minor, NULL);
    record->outcome.held_minor = held_minor;
    record->outcome.residue_minor = s->floor_residue_minor;
    settle->counts.ended++;
    step_move(&settle->steps, s, AWAIT_LAST_WRITE);
}

void closing_end_again(struct settle *settle, struct settlement *s, enum outcome_state end)
{
    CHECK(s->is_ended && outcome_is_end((uint8_t)end));
    s->step = STEP_CLOSING;
    struct record *record = course_outcome(settle, s, end, s->end_payable_minor, NULL);
    record->outcome.held_minor = s->end_held_minor;
    record->outcome.residue_minor = s->end_residue_minor;
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
        end_closed(settle, s, 0, 0);
        return;
    }
    if (SIN(closing_skipped)) {
        enum pool_kind pool = rules_of(settle, s)->pool;
        end_closed(settle, s, account_shown(s, pool, settle->config.hold_by_transfer), 0);
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

/* A look failed: once more after a while, at least so long, or left to a later run. */
static void look_again(struct settle *settle, struct settlement *s, uint64_t least_ns,
                       enum await again)
{
    if (!course_may_look_again(settle, s, false)) {
        closing_leave(settle, s);
        return;
    }
    uint64_t wait_ns = course_look_wait_ns(settle, s);
    wait_ns = wait_ns > least_ns ? wait_ns : least_ns;
    settle_timer(settle, s, settle_later_ns(settle->now_ns, wait_ns));
    step_move(&settle->steps, s, again);
}

/* The bank said slow down: its desk waits. */
static void look_when_told(struct settle *settle, struct settlement *s, enum await turn)
{
    if (course_may_look_again(settle, s, true))
        step_move(&settle->steps, s, turn);
    else
        closing_leave(settle, s);
}

/* ---- accepted first, failed later ------------------------------------------------------------ */

static void record_reversal(struct settle *settle, struct settlement *s, enum step_kind step)
{
    struct bank_text text = {0};
    int64_t amount_minor = account_step_amount(s, step);
    memcpy(text.code, s->reversal_codes[step], sizeof(text.code));
    s->order.generation = s->accepted_generation[step];
    closing_reverse(settle, s, step, amount_minor, &text);
}

void closing_reverse(struct settle *settle, struct settlement *s, enum step_kind step,
                     int64_t amount_minor, const struct bank_text *text)
{
    CHECK(account_is_done(s, step));
    s->step = (uint8_t)step;
    s->order.step = (uint8_t)step;
    s->order.kind = TRANSFER_NORMAL;
    struct record *record = course_outcome(settle, s, OUTCOME_REVERSED, amount_minor, text);
    record->generation = s->order.generation;
    course_back_entries(settle, s, KIND_REVERSAL, amount_minor);
    s->done_steps &= (uint8_t) ~(1U << step);
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

/* Is that what came back, if some of the transfers that nobody confirms failed after all? */
static bool may_have_come_back(const struct settlement *s, int64_t surplus_minor)
{
    if (SIN(unconfirmed_is_residue))
        return false;
    for (uint8_t some = s->unconfirmed_steps; some != 0;
         some = (uint8_t)((some - 1U) & s->unconfirmed_steps)) {
        int64_t sum_minor = 0;
        for (enum step_kind step = STEP_COLLECT; step <= STEP_PAYOUT; step++)
            if ((some >> step & 1) != 0)
                sum_minor = money_add(sum_minor, account_step_amount(s, step));
        if (sum_minor == surplus_minor)
            return true;
    }
    return false;
}

/* Everything that could be asked has been. */
static void conclude(struct settle *settle, struct settlement *s)
{
    int64_t shown_minor = s->closing_minor;
    int64_t ledger_minor =
        account_shown(s, rules_of(settle, s)->pool, settle->config.hold_by_transfer);
    if (s->reversed_steps != 0 && !SIN(reversal_is_residue))
        record_reversals(settle, s);
    else if (shown_minor > ledger_minor &&
             may_have_come_back(s, money_sub(shown_minor, ledger_minor)))
        course_park_code(settle, s, PARK_UNCONFIRMED);
    else if (shown_minor > ledger_minor)
        end_closed(settle, s, shown_minor, money_sub(shown_minor, ledger_minor));
    else
        course_park_code(settle, s, PARK_BALANCE_LESS);
}

/* The next older transfer to ask about, below s->confirming. */
static void confirm_next(struct settle *settle, struct settlement *s)
{
    bool can_ask = rules_of(settle, s)->inquiry == INQUIRY_BY_KEY;
    while (s->confirming > STEP_COLLECT) {
        s->confirming--;
        enum step_kind step = s->confirming;
        uint16_t generation = s->accepted_generation[step];
        if (generation == 0)
            continue;
        // Undone by us; where it came back by itself, too, that money is the other side's.
        bool is_undone = !account_is_done(s, step);
        if (is_undone && !s->is_compensating)
            continue;
        if (is_undone || !can_ask) {
            s->unconfirmed_steps |= (uint8_t)(1U << step);
            continue;
        }
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

/* The tries of one paid by this run span the bank's processing time: what lags comes to light. */
static uint64_t span_ns(struct settle *settle, const struct settlement *s)
{
    CHECK(settle->config.poll_tries > 1); // another try follows
    uint32_t gaps = settle->config.poll_tries - 1;
    return s->paid_at_us == 0 ? rules_of(settle, s)->processing_ns / gaps : 0;
}

/* It was there once, so a bank that finds it no more says nothing about it: asked often enough, it
   is unconfirmed. */
static void on_not_found(struct settle *settle, struct settlement *s)
{
    if (s->tries + 1U < settle->config.poll_tries) {
        look_again(settle, s, span_ns(settle, s), AWAIT_CONFIRM_AGAIN);
        return;
    }
    s->unconfirmed_steps |= (uint8_t)(1U << s->confirming);
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
        on_not_found(settle, s);
        return;
    case ANSWER_IN_DOUBT:
    case ANSWER_PENDING:
    case ANSWER_NOT_DONE:
    case ANSWER_BALANCE:
    case ANSWER_CHANGED:
        break;
    }
    if (reply->throttled)
        look_when_told(settle, s, AWAIT_CONFIRM_TURN);
    else
        look_again(settle, s, 0, AWAIT_CONFIRM_AGAIN);
}

/* ---- looks ----------------------------------------------------------------------------------- */

/* How long something of it may still be under way at the bank. */
static uint64_t under_way_ns(struct settle *settle, const struct settlement *s)
{
    uint64_t processing_ns = rules_of(settle, s)->processing_ns;
    if (s->paid_at_us == 0)
        return processing_ns;
    int64_t age_us = settle_db_least_us(settle) - s->paid_at_us;
    uint64_t age_ns = age_us > 0 ? (uint64_t)age_us * NS_PER_US : 0;
    return age_ns < processing_ns ? processing_ns - age_ns : 0;
}

/* Paid by an earlier run, and so long ago that the first look is the last. */
static bool is_old(struct settle *settle, const struct settlement *s)
{
    return s->paid_at_us != 0 && under_way_ns(settle, s) == 0;
}

/* After the bank's processing time, where this run may wait so long. */
static void look_once_more(struct settle *settle, struct settlement *s)
{
    uint64_t wait_ns = under_way_ns(settle, s);
    uint64_t at_ns = settle_later_ns(settle->now_ns, wait_ns);
    if (wait_ns > settle->config.resolve_wait_ns || at_ns > settle->config.deadline_at_ns) {
        closing_leave(settle, s);
        return;
    }
    s->is_second_look = true;
    begin_looks(s);
    settle_timer(settle, s, at_ns);
    step_move(&settle->steps, s, AWAIT_CLOSING_AGAIN);
}

void closing_on_balance(struct settle *settle, struct settlement *s, const struct bank_reply *reply)
{
    CHECK(s->await == AWAIT_CLOSING_REPLY);
    if (!course_is_balance(reply)) {
        if (reply->throttled)
            look_when_told(settle, s, AWAIT_CLOSING_TURN);
        else
            look_again(settle, s, 0, AWAIT_CLOSING_AGAIN);
        return;
    }
    const struct bank_rules *rules = rules_of(settle, s);
    int64_t shown_minor = reply->balance_minor;
    if (shown_minor == account_shown(s, rules->pool, settle->config.hold_by_transfer)) {
        end_closed(settle, s, shown_minor, 0);
    } else if (!s->is_second_look && !is_old(settle, s)) {
        look_once_more(settle, s);
    } else {
        s->closing_minor = shown_minor;
        s->confirming = STEP_CLOSING;
        s->reversed_steps = s->unconfirmed_steps = 0;
        confirm_next(settle, s);
    }
}
