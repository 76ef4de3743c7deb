#include "core/course.h"

#include <string.h>

#include "base/money.h"
#include "base/time.h"
#include "core/doubt.h"
#include "core/intake.h"
#include "core/ledger.h"

static const struct bank_text no_text;

/* ---- records --------------------------------------------------------------------------------- */

static void fill(struct settle *settle, const struct settlement *s, struct record *record,
                 enum record_kind kind)
{
    record->settlement_id = s->id;
    record->record_kind = (uint8_t)kind;
    record->step = s->step;
    record->bank = s->bank;
    settle->counts.records++;
}

static void fill_outcome(struct settle *settle, struct settlement *s, struct record *record,
                         enum outcome_state state)
{
    CHECK(s->outcome_seq < INT16_MAX);
    fill(settle, s, record, RECORD_OUTCOME);
    record->outcome.seq = ++s->outcome_seq;
    record->outcome.state = (uint8_t)state;
    record->outcome.at_us = settle_db_least_us(settle);
}

static struct record *append(struct settle *settle, struct settlement *s)
{
    struct record *record = chunk_append(&settle->chunks, settle->now_ns);
    s->written_by = chunk_ticket(&settle->chunks);
    return record;
}

struct record *course_outcome(struct settle *settle, struct settlement *s, enum outcome_state state,
                              int64_t amount_minor, const struct bank_text *text)
{
    struct record *record = append(settle, s);
    fill_outcome(settle, s, record, state);
    record->outcome.amount_minor = amount_minor;
    record->outcome.text = *text;
    return record;
}

static void append_entry(struct settle *settle, struct settlement *s, uint8_t line,
                         struct ledger_line accounts, int64_t amount_minor)
{
    CHECK(amount_minor > 0);
    CHECK(accounts.debit != accounts.credit);
    struct record *record = append(settle, s);
    fill(settle, s, record, RECORD_ENTRY);
    if (s->order.step == s->step)
        record->generation = s->order.generation;
    record->entry.line = line;
    record->entry.debit = (uint8_t)accounts.debit;
    record->entry.credit = (uint8_t)accounts.credit;
    record->entry.amount_minor = amount_minor;
    settle->counts.entries++;
}

static void append_step_entries(struct settle *settle, struct settlement *s, int64_t amount_minor)
{
    struct ledger_line lines[LEDGER_LINES_MAX];
    uint32_t count = ledger_lines(s->step, settle->config.hold_by_transfer, lines);
    for (uint32_t i = 0; i < count; i++)
        append_entry(settle, s, (uint8_t)(i + 1), lines[i], amount_minor);
}

static void permit_send(struct settle *settle, struct settlement *s, int64_t now_us)
{
    s->send_before_us = now_us + (int64_t)(settle->config.send_before_ns / NS_PER_US);
}

void course_write_intent(struct settle *settle, struct settlement *s)
{
    int64_t now_us = settle_db_least_us(settle);
    s->intended_at_us = now_us;
    permit_send(settle, s, now_us);
    struct record *record = append(settle, s);
    fill(settle, s, record, RECORD_INTENT);
    record->generation = s->order.generation;
    record->intent.key = s->order.key;
    record->intent.amount_minor = s->order.amount_minor;
    record->intent.mapping_id = s->mapping_id;
    record->intent.intended_at_us = s->intended_at_us;
    record->intent.send_before_us = s->send_before_us;
    record->intent.parties = &s->parties;
    step_move(&settle->steps, s, AWAIT_INTENT_WRITE);
}

void course_write_attempt(struct settle *settle, struct settlement *s)
{
    CHECK(s->attempts < ATTEMPTS_MAX);
    int64_t now_us = settle_db_least_us(settle);
    // Never earlier than an older permission: "newest" must mean both.
    int64_t before_us = s->send_before_us;
    permit_send(settle, s, now_us);
    if (s->send_before_us < before_us)
        s->send_before_us = before_us;
    struct record *record = append(settle, s);
    fill(settle, s, record, RECORD_ATTEMPT);
    record->generation = s->order.generation;
    record->attempt.number = ++s->attempts;
    record->attempt.at_us = now_us;
    record->attempt.send_before_us = s->send_before_us;
    step_move(&settle->steps, s, AWAIT_INTENT_WRITE);
}

/* ---- the steps ------------------------------------------------------------------------------- */

static int64_t held_in_account(const struct settle *settle, const struct settlement *s)
{
    int64_t held = money_add(s->floor_held_minor, s->opening_minor);
    return settle->config.hold_by_transfer ? held : money_add(held, s->hold_minor);
}

static int64_t step_amount(const struct settlement *s, enum step_kind step)
{
    switch (step) {
    case STEP_COLLECT:
        return s->repayment_minor;
    case STEP_HOLD:
        return s->hold_minor;
    case STEP_PAYOUT:
        return money_sub(money_add(s->deposit_minor, s->floor_payable_minor),
                         money_add(s->repayment_minor, s->hold_minor));
    case STEP_DEPOSIT:
    case STEP_CLOSING:
        break;
    }
    CHECK(false);
    return 0;
}

static bool is_transfer(const struct settle *settle, enum step_kind step)
{
    return step == STEP_HOLD ? settle->config.hold_by_transfer
                             : step == STEP_COLLECT || step == STEP_PAYOUT;
}

bool course_has_intent_room(const struct settle *settle, const struct settlement *s)
{
    const struct desk *desk = &settle->desks[s->bank];
    if (settle->now_ns < desk->paused_until_ns)
        return false;
    uint64_t most = desk->rules.rate_per_s;
    if (desk->transfer_ns > 0) {
        uint64_t by_slots = desk->rules.calls_max * NS_PER_S / desk->transfer_ns;
        most = by_slots < most ? by_slots : most;
    } else {
        most = desk->rules.calls_max < most ? desk->rules.calls_max : most;
    }
    uint64_t ahead = (uint64_t)step_count(&settle->steps, s->bank, AWAIT_INTENT_WRITE) +
                     step_count(&settle->steps, s->bank, AWAIT_SEND_TURN);
    return ahead < (most > 0 ? most : 1);
}

void course_begin_generation(struct settle *settle, struct settlement *s, uint16_t generation)
{
    CHECK(generation > s->order.generation);
    s->order.generation = generation;
    s->order.key = ledger_key(settle->hash, &s->key_seed, s->order.step, s->order.kind, generation);
    s->has_digest = false;
    s->is_clean = true;
    s->is_pending = s->is_unsendable = s->is_refused_later = false;
    s->wants_generation = false;
    s->attempts = s->tries = s->inquiries = 0;
    s->not_found_count = 0;
    s->doubt_since_ns = 0;
    if (settle_is_open(settle) && chunk_has_room(&settle->chunks) &&
        course_has_intent_room(settle, s))
        course_write_intent(settle, s);
    else if (s->await != AWAIT_INTENT_ROOM)
        step_move(&settle->steps, s, AWAIT_INTENT_ROOM);
}

static void begin_transfer(struct settle *settle, struct settlement *s, int64_t amount_minor)
{
    CHECK(amount_minor > 0);
    s->order = (struct transfer_order){.settlement_id = s->id,
                                       .amount_minor = amount_minor,
                                       .step = s->step,
                                       .kind = TRANSFER_NORMAL};
    course_begin_generation(settle, s, 1);
}

static void end_settled(struct settle *settle, struct settlement *s, int64_t available_minor,
                        int64_t residue_minor)
{
    s->step = STEP_CLOSING;
    if (residue_minor > 0) {
        struct ledger_line lines[LEDGER_LINES_MAX];
        ledger_lines(STEP_CLOSING, false, lines);
        append_entry(settle, s, 1, lines[0], residue_minor);
    }
    struct record *end = course_outcome(settle, s, OUTCOME_SETTLED, 0, &no_text);
    end->outcome.available_minor = available_minor;
    end->outcome.held_minor = held_in_account(settle, s);
    end->outcome.residue_minor = money_add(s->floor_residue_minor, residue_minor);
    settle->counts.settled++;
    step_move(&settle->steps, s, AWAIT_LAST_WRITE);
}

static bool wants_closing_check(const struct settle *settle, const struct settlement *s)
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

static void begin_closing(struct settle *settle, struct settlement *s)
{
    if (!wants_closing_check(settle, s)) {
        end_settled(settle, s, 0, 0);
        return;
    }
    s->step = STEP_CLOSING;
    s->tries = 0;
    s->is_second_look = false;
    s->doubt_since_ns = 0;
    bool is_written = chunk_is_written(&settle->chunks, s->written_by);
    step_move(&settle->steps, s, is_written ? AWAIT_CLOSING_TURN : AWAIT_OUTCOME_WRITE);
}

void course_next(struct settle *settle, struct settlement *s)
{
    while (s->step < STEP_PAYOUT) {
        s->step++;
        int64_t amount_minor = step_amount(s, s->step);
        CHECK(amount_minor >= 0);
        if (amount_minor == 0) {
            course_outcome(settle, s, OUTCOME_SKIPPED, 0, &no_text);
        } else if (is_transfer(settle, s->step)) {
            begin_transfer(settle, s, amount_minor);
            return;
        } else {
            course_outcome(settle, s, OUTCOME_POSTED, amount_minor, &no_text);
            append_step_entries(settle, s, amount_minor);
        }
    }
    begin_closing(settle, s);
}

void course_step_accepted(struct settle *settle, struct settlement *s, const struct bank_text *text)
{
    CHECK(s->order.step == s->step && s->order.amount_minor > 0);
    struct record *record =
        course_outcome(settle, s, OUTCOME_ACCEPTED, s->order.amount_minor, text);
    record->generation = s->order.generation;
    append_step_entries(settle, s, s->order.amount_minor);
    if (s->step == STEP_PAYOUT)
        settle->counts.paid_minor = money_add(settle->counts.paid_minor, s->order.amount_minor);
    if (s->step == STEP_COLLECT)
        settle->counts.collected_minor =
            money_add(settle->counts.collected_minor, s->order.amount_minor);
    course_next(settle, s);
}

void course_park(struct settle *settle, struct settlement *s, const struct bank_text *text)
{
    struct record *record = course_outcome(settle, s, OUTCOME_PARKED, 0, text);
    if (s->order.step == s->step)
        record->generation = s->order.generation;
    settle->counts.parked++;
    step_move(&settle->steps, s, AWAIT_LAST_WRITE);
}

static struct bank_text text_of(const char *code)
{
    struct bank_text text = {0};
    size_t bytes = strlen(code);
    CHECK(bytes <= CODE_TEXT_MAX);
    memcpy(text.code, code, bytes);
    return text;
}

void course_park_code(struct settle *settle, struct settlement *s, const char *code)
{
    struct bank_text text = text_of(code);
    course_park(settle, s, &text);
}

void course_fill_parked(struct settle *settle, struct settlement *s, struct record *record,
                        const char *code)
{
    fill_outcome(settle, s, record, OUTCOME_PARKED);
    record->outcome.text = text_of(code);
    settle->counts.parked++;
}

void course_release(struct settle *settle, struct settlement *s)
{
    bool is_written = chunk_is_written(&settle->chunks, s->written_by);
    step_move(&settle->steps, s, is_written ? AWAIT_NOTHING : AWAIT_LAST_WRITE);
}

/* ---- deposit --------------------------------------------------------------------------------- */

static int64_t floor_of(const struct settlement *s)
{
    return money_add(money_add(s->floor_held_minor, s->opening_minor),
                     money_add(s->floor_payable_minor, s->floor_residue_minor));
}

static int64_t threshold_of(const struct settlement *s)
{
    if (s->expected_minor > 0)
        return s->expected_minor;
    int64_t dues = money_add(s->repayment_minor, s->hold_minor);
    return dues > 1 ? dues : 1;
}

void course_short(struct settle *settle, struct settlement *s)
{
    int64_t seen_minor = s->seen_minor > 0 ? s->seen_minor : 0;
    settle->counts.is_short++;
    if (s->seen_recorded_minor == seen_minor) {
        step_move(&settle->steps, s, AWAIT_NOTHING);
        return;
    }
    s->step = STEP_DEPOSIT;
    course_outcome(settle, s, OUTCOME_SHORT, seen_minor, &no_text);
    step_move(&settle->steps, s, AWAIT_LAST_WRITE);
}

static void record_deposit(struct settle *settle, struct settlement *s, int64_t available_minor)
{
    static const struct ledger_line opening = {LEDGER_VIRTUAL, LEDGER_HELD};
    struct record *record =
        course_outcome(settle, s, OUTCOME_DEPOSITED, s->deposit_minor, &no_text);
    record->outcome.available_minor = available_minor;
    append_step_entries(settle, s, s->deposit_minor);
    if (s->opening_minor > 0)
        append_entry(settle, s, 2, opening, s->opening_minor);
}

static void on_deposit(struct settle *settle, struct settlement *s, int64_t available_minor)
{
    s->deposit_minor = money_sub(available_minor, floor_of(s));
    record_deposit(settle, s, available_minor);
    int64_t dues = money_add(s->repayment_minor, s->hold_minor);
    bool is_over =
        s->expected_minor > 0 && s->deposit_minor - s->expected_minor > s->expected_minor / 2;
    if (money_add(s->deposit_minor, s->floor_payable_minor) < dues)
        course_park_code(settle, s, PARK_BELOW_DUES);
    else if (is_over && settle->config.over == OVER_PARK)
        course_park_code(settle, s, PARK_OVER_DEPOSIT);
    else
        course_next(settle, s);
}

/* A balance out of all reason is no balance: what is beyond our range is read again. */
static bool is_balance(const struct bank_reply *reply)
{
    return reply->answer == ANSWER_BALANCE && reply->balance_minor <= AMOUNT_MAX &&
           reply->balance_minor >= -AMOUNT_MAX;
}

/* A look that failed may be tried again: not counted when the bank said slow down, but a run does
   not wait for ever. */
static bool may_look_again(struct settle *settle, struct settlement *s, bool throttled)
{
    if (s->doubt_since_ns == 0)
        s->doubt_since_ns = settle->now_ns > 0 ? settle->now_ns : 1;
    if (!throttled)
        s->tries++;
    return s->tries < settle->config.poll_tries &&
           settle->now_ns - s->doubt_since_ns < settle->config.resolve_wait_ns;
}

/* Looked at, and no deposit. */
static void no_deposit(struct settle *settle, struct settlement *s)
{
    if (settle->intake.is_last_look || settle->is_past_deadline)
        course_short(settle, s);
    else
        intake_wait(settle, s);
}

static void on_poll_failed(struct settle *settle, struct settlement *s, bool throttled)
{
    if (!may_look_again(settle, s, throttled) || !settle_is_open(settle)) {
        no_deposit(settle, s);
        return;
    }
    if (throttled) {
        step_move(&settle->steps, s, AWAIT_POLL_TURN);
        return;
    }
    settle_timer(settle, s,
                 settle->now_ns + retry_wait_ns(&settle->retry, s->tries, &settle->prng));
    step_move(&settle->steps, s, AWAIT_POLL_AGAIN);
}

void course_on_balance(struct settle *settle, struct settlement *s, const struct bank_reply *reply)
{
    CHECK(s->await == AWAIT_POLL_REPLY);
    if (!is_balance(reply)) {
        on_poll_failed(settle, s, reply->throttled);
        return;
    }
    int64_t new_money = money_sub(reply->balance_minor, floor_of(s));
    if (new_money >= threshold_of(s)) {
        on_deposit(settle, s, reply->balance_minor);
        return;
    }
    s->seen_minor = new_money > 0 ? new_money : 0;
    no_deposit(settle, s);
}

/* ---- closing check --------------------------------------------------------------------------- */

static void on_closing_failed(struct settle *settle, struct settlement *s, bool throttled)
{
    if (!may_look_again(settle, s, throttled)) {
        // Paid, but not looked at: a later run closes it.
        settle->left_pending++;
        step_move(&settle->steps, s, AWAIT_NOTHING);
        return;
    }
    if (throttled) {
        step_move(&settle->steps, s, AWAIT_CLOSING_TURN);
        return;
    }
    settle_timer(settle, s,
                 settle->now_ns + retry_wait_ns(&settle->retry, s->tries, &settle->prng));
    step_move(&settle->steps, s, AWAIT_CLOSING_AGAIN);
}

void course_on_closing(struct settle *settle, struct settlement *s, const struct bank_reply *reply)
{
    CHECK(s->await == AWAIT_CLOSING_REPLY);
    if (!is_balance(reply)) {
        on_closing_failed(settle, s, reply->throttled);
        return;
    }
    int64_t ledger_minor = money_add(held_in_account(settle, s), s->floor_residue_minor);
    int64_t beyond_minor = money_sub(reply->balance_minor, ledger_minor);
    if (beyond_minor == 0) {
        end_settled(settle, s, reply->balance_minor, 0);
    } else if (!s->is_second_look) {
        // Something may still be under way at the bank: look once more after its processing time.
        s->is_second_look = true;
        s->tries = 0;
        s->doubt_since_ns = 0;
        settle_timer(settle, s, settle->now_ns + settle_desk(settle, s)->rules.processing_ns);
        step_move(&settle->steps, s, AWAIT_CLOSING_AGAIN);
    } else if (beyond_minor > 0) {
        end_settled(settle, s, reply->balance_minor, beyond_minor);
    } else {
        course_park_code(settle, s, PARK_BALANCE_LESS);
    }
}

/* ---- written --------------------------------------------------------------------------------- */

void course_on_written(struct settle *settle, struct settlement *s)
{
    switch ((enum await)s->await) {
    case AWAIT_INTENT_WRITE:
        doubt_on_written(settle, s);
        return;
    case AWAIT_OUTCOME_WRITE:
        step_move(&settle->steps, s, AWAIT_CLOSING_TURN);
        return;
    case AWAIT_LAST_WRITE:
        if (s->step != STEP_DEPOSIT || s->deposit_minor != 0)
            settle->rest_finished_ns = settle->now_ns;
        step_move(&settle->steps, s, AWAIT_NOTHING);
        return;
    case AWAIT_NOTHING:
    case AWAIT_POLL_TURN:
    case AWAIT_POLL_REPLY:
    case AWAIT_POLL_AGAIN:
    case AWAIT_INTENT_ROOM:
    case AWAIT_SEND_TURN:
    case AWAIT_SEND_REPLY:
    case AWAIT_SEND_AGAIN:
    case AWAIT_INQUIRY_TURN:
    case AWAIT_INQUIRY_REPLY:
    case AWAIT_INQUIRY_AGAIN:
    case AWAIT_CLOSING_TURN:
    case AWAIT_CLOSING_REPLY:
    case AWAIT_CLOSING_AGAIN:
    case AWAIT_COUNT:
        break;
    }
    CHECK(false);
}
