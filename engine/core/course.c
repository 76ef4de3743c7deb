#include "core/course.h"

#include <string.h>

#include "base/money.h"
#include "base/sin.h"
#include "base/time.h"
#include "core/account.h"
#include "core/closing.h"
#include "core/compensate.h"
#include "core/doubt.h"

/* ---- records --------------------------------------------------------------------------------- */

static void fill(struct settle *settle, const struct settlement *s, struct record *record,
                 enum record_kind kind)
{
    record->settlement_id = s->id;
    record->record_kind = (uint8_t)kind;
    record->step = s->step;
    record->bank = s->bank;
    // What concerns a transfer is of its kind.
    if (s->order.step == s->step)
        record->kind = s->order.kind;
    settle->counts.records++;
}

static void fill_outcome(struct settle *settle, struct settlement *s, struct record *record,
                         enum outcome_state state)
{
    CHECK(s->outcome_seq < INT16_MAX);
    fill(settle, s, record, RECORD_OUTCOME);
    record->outcome.seq = ++s->outcome_seq;
    record->outcome.state = (uint8_t)state;
    record->outcome.at_us = settle_record_us(settle);
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
    if (text != NULL)
        record->outcome.text = *text;
    return record;
}

void course_step_done(struct settlement *s)
{
    CHECK(!account_is_done(s, s->step));
    s->done_steps |= (uint8_t)(1U << s->step);
}

struct record *course_entry(struct settle *settle, struct settlement *s, uint8_t line,
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
    return record;
}

uint8_t course_step_entries(struct settle *settle, struct settlement *s, int64_t amount_minor)
{
    struct ledger_line lines[LEDGER_LINES_MAX];
    uint32_t count = ledger_lines(s->step, settle->config.hold_by_transfer, lines);
    for (uint32_t i = 0; i < count; i++)
        (void)course_entry(settle, s, (uint8_t)(i + 1), lines[i], amount_minor);
    return (uint8_t)count;
}

uint8_t course_back_entries(struct settle *settle, struct settlement *s, uint8_t kind,
                            int64_t amount_minor)
{
    struct ledger_line lines[LEDGER_LINES_MAX];
    uint32_t count = ledger_lines(s->step, settle->config.hold_by_transfer, lines);
    for (uint32_t i = 0; i < count; i++) {
        struct ledger_line back = {.debit = lines[i].credit, .credit = lines[i].debit};
        course_entry(settle, s, (uint8_t)(i + 1), back, amount_minor)->kind = kind;
    }
    return (uint8_t)count;
}

void course_decide(struct settle *settle, struct settlement *s, const struct record *decision)
{
    if (SIN(decision_dropped) && decision->decision.state == DECISION_DONE)
        return;
    struct record *record = chunk_append(&settle->chunks, settle->now_ns);
    *record = *decision;
    record->record_kind = RECORD_DECISION;
    record->decision.at_us = settle_record_us(settle);
    // Only what is done changes it: who was answered no goes on without waiting for that to be
    // written, whatever it is about to do.
    if (s != NULL && decision->decision.state == DECISION_DONE)
        s->written_by = chunk_ticket(&settle->chunks);
    settle->decided_by = chunk_ticket(&settle->chunks);
    settle->decisions++;
    settle->counts.records++;
}

static void permit_send(struct settle *settle, struct settlement *s, int64_t now_us)
{
    s->send_before_us = now_us + (int64_t)(settle->config.send_before_ns / NS_PER_US);
    s->permitted_ns = settle_later_ns(settle->now_ns, settle->config.send_before_ns);
}

void course_write_intent(struct settle *settle, struct settlement *s)
{
    int64_t now_us = settle_record_us(settle);
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
    if (SIN(intent_after_send))
        step_move(&settle->steps, s, AWAIT_SEND_TURN);
}

void course_write_attempt(struct settle *settle, struct settlement *s)
{
    CHECK(s->attempts < ATTEMPTS_MAX);
    int64_t now_us = settle_record_us(settle);
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

bool course_has_queue(const struct settle *settle, uint32_t bank)
{
    return step_count(&settle->steps, bank, AWAIT_SEND_ROOM) +
               step_count(&settle->steps, bank, AWAIT_INTENT_ROOM) >
           0;
}

bool course_has_room(const struct settle *settle, uint32_t bank)
{
    const struct desk *desk = &settle->desks[bank];
    if (settle->now_ns < desk->paused_until_ns)
        return false;
    uint32_t sharers = settle->config.sharers > 0 ? settle->config.sharers : 1;
    uint64_t most = desk->rules.rate_per_s / sharers;
    if (desk->transfer_ns > 0) {
        uint64_t by_slots = desk->rules.calls_max * NS_PER_S / desk->transfer_ns;
        most = by_slots < most ? by_slots : most;
    } else {
        most = desk->rules.calls_max < most ? desk->rules.calls_max : most;
    }
    // Permissions run out in a pause: after one, no more than the bank turns out to take.
    uint64_t proven = 1 + desk->answered / 2;
    most = proven < most ? proven : most;
    uint64_t ahead = (uint64_t)step_count(&settle->steps, bank, AWAIT_INTENT_WRITE) +
                     step_count(&settle->steps, bank, AWAIT_SEND_TURN);
    return ahead < (most > 0 ? most : 1);
}

void course_begin_generation(struct settle *settle, struct settlement *s, uint16_t generation)
{
    CHECK(generation > s->order.generation);
    s->order.generation = generation;
    enum transfer_kind kind = SIN(undo_key) ? TRANSFER_NORMAL : s->order.kind;
    s->order.key = ledger_key(settle->hash, &s->key_seed, s->order.step, kind, generation);
    s->has_digest = false;
    s->is_clean = true;
    s->is_pending = s->is_unsendable = s->is_refused_later = false;
    s->wants_generation = false;
    s->renewals = 0;
    s->attempts = 0;
    s->tries = s->inquiries = 0;
    s->not_found_count = 0;
    s->doubt_since_ns = 0;
    if (settle_is_open(settle) && chunk_has_room(&settle->chunks) &&
        !course_has_queue(settle, s->bank) && course_has_room(settle, s->bank))
        course_write_intent(settle, s);
    else if (s->await != AWAIT_INTENT_ROOM)
        step_move(&settle->steps, s, AWAIT_INTENT_ROOM);
}

/* Of the step in s->step: what was tried last, or accepted and then reversed. */
static uint16_t newest_generation(const struct settlement *s, enum transfer_kind kind)
{
    uint16_t newest = kind == TRANSFER_NORMAL ? s->accepted_generation[s->step] : 0;
    // uncovered: an undo follows the no to another step
    bool is_its = s->order.step == s->step && s->order.kind == kind;
    return is_its && s->order.generation > newest ? s->order.generation : newest;
}

void course_begin_transfer(struct settle *settle, struct settlement *s, enum transfer_kind kind,
                           int64_t amount_minor)
{
    CHECK(amount_minor > 0);
    uint16_t newest = newest_generation(s, kind);
    // Where many share one account of the bank, nobody but us protects the others' money.
    if (kind == TRANSFER_NORMAL &&
        account_left(s, settle->config.hold_by_transfer) < amount_minor) {
        course_park_code(settle, s, PARK_OVERDRAWN);
        return;
    }
    if (newest >= GENERATIONS_MAX) {
        course_park_code(settle, s, PARK_GENERATIONS);
        return;
    }
    s->order = (struct transfer_order){.settlement_id = s->id,
                                       .amount_minor = amount_minor,
                                       .step = s->step,
                                       .kind = (uint8_t)kind};
    course_begin_generation(settle, s, (uint16_t)(newest + 1));
}

void course_next(struct settle *settle, struct settlement *s)
{
    CHECK(!s->is_compensating);
    while (s->step < STEP_PAYOUT) {
        s->step++;
        if (account_is_done(s, s->step))
            continue;
        int64_t amount_minor = account_step_amount(s, s->step);
        CHECK(amount_minor >= 0);
        if (amount_minor == 0) {
            course_outcome(settle, s, OUTCOME_SKIPPED, 0, NULL);
            course_step_done(s);
        } else if (account_is_transfer(s->step, settle->config.hold_by_transfer)) {
            course_begin_transfer(settle, s, TRANSFER_NORMAL, amount_minor);
            return;
        } else {
            course_outcome(settle, s, OUTCOME_POSTED, amount_minor, NULL);
            course_step_entries(settle, s, amount_minor);
            course_step_done(s);
        }
    }
    closing_begin(settle, s);
}

/* Ours to bear, it goes on; taken from the person's account, a person decides who bears it. An undo
   is paid by us, wherever the bank takes fees from. */
bool course_fee(struct settle *settle, struct settlement *s, uint8_t line, int64_t fee_minor)
{
    bool is_ours = settle_desk(settle, s)->rules.fee_is_ours || s->order.kind == TRANSFER_UNDO;
    if (fee_minor == 0 || SIN(fee_forgotten))
        return true;
    if (fee_minor < 0 || fee_minor > AMOUNT_MAX) {
        course_park_code(settle, s, PARK_FEE_UNCLEAR);
        return false;
    }
    (void)course_entry(settle, s, line, ledger_fee_line(is_ours), fee_minor);
    if (!is_ours)
        course_park_code(settle, s, PARK_FEE_TAKEN);
    return is_ours;
}

void course_step_accepted(struct settle *settle, struct settlement *s,
                          const struct bank_reply *reply)
{
    int64_t amount_minor = s->order.amount_minor;
    CHECK(s->order.step == s->step && amount_minor > 0);
    if (s->order.kind == TRANSFER_UNDO) {
        compensate_on_accepted(settle, s, reply);
        return;
    }
    struct record *record = course_outcome(settle, s, OUTCOME_ACCEPTED, amount_minor, reply->text);
    record->generation = s->order.generation;
    s->accepted_generation[s->step] = s->order.generation;
    course_step_done(s);
    uint8_t lines = course_step_entries(settle, s, amount_minor);
    if (s->step == STEP_PAYOUT)
        settle->counts.paid_minor = money_add(settle->counts.paid_minor, amount_minor);
    if (s->step == STEP_COLLECT)
        settle->counts.collected_minor = money_add(settle->counts.collected_minor, amount_minor);
    if (course_fee(settle, s, (uint8_t)(lines + 1), reply->fee_minor))
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

/* ---- looks ----------------------------------------------------------------------------------- */

bool course_is_balance(const struct bank_reply *reply)
{
    return reply->answer == ANSWER_BALANCE && account_is_amount(reply->balance_minor);
}

bool course_may_look_again(struct settle *settle, struct settlement *s, bool throttled)
{
    if (s->doubt_since_ns == 0)
        s->doubt_since_ns = settle_since_ns(settle);
    if (!throttled)
        s->tries++;
    return s->tries < settle->config.poll_tries &&
           settle->now_ns - s->doubt_since_ns < settle->config.resolve_wait_ns;
}

uint64_t course_look_wait_ns(struct settle *settle, const struct settlement *s)
{
    return retry_wait_ns(&settle->retry, s->tries, &settle->prng);
}

/* ---- written --------------------------------------------------------------------------------- */

void course_on_written(struct settle *settle, struct settlement *s)
{
    switch ((enum await)s->await) { // uncovered: who awaits another thing is not here
    case AWAIT_INTENT_WRITE:
        doubt_on_written(settle, s);
        return;
    case AWAIT_OUTCOME_WRITE:
        step_move(&settle->steps, s, AWAIT_CLOSING_TURN);
        return;
    case AWAIT_LAST_WRITE:
        if (s->step != STEP_DEPOSIT || s->deposit_minor != 0)
            settle_rest_finished(settle);
        step_move(&settle->steps, s, AWAIT_NOTHING);
        return;
    case AWAIT_NOTHING: // uncovered: the same
    case AWAIT_POLL_TURN:
    case AWAIT_POLL_REPLY:
    case AWAIT_POLL_AGAIN:
    case AWAIT_INTENT_ROOM:
    case AWAIT_SEND_ROOM:
    case AWAIT_SEND_TURN:
    case AWAIT_SEND_REPLY:
    case AWAIT_SEND_AGAIN:
    case AWAIT_INQUIRY_TURN:
    case AWAIT_INQUIRY_REPLY:
    case AWAIT_INQUIRY_AGAIN:
    case AWAIT_CLOSING_TURN:
    case AWAIT_CLOSING_REPLY:
    case AWAIT_CLOSING_AGAIN:
    case AWAIT_CONFIRM_TURN:
    case AWAIT_CONFIRM_REPLY:
    case AWAIT_CONFIRM_AGAIN:
    case AWAIT_COUNT:
        break;
    }
    CHECK(false);
}
