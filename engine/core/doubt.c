#include "core/doubt.h"

#include "base/sin.h"
#include "base/time.h"
#include "core/compensate.h"
#include "core/course.h"
#include "core/evidence.h"
#include "core/ledger.h"

#define NOT_FOUNDS_WANTED 2

static const struct bank_rules *rules_of(struct settle *settle, const struct settlement *s)
{
    return &settle_desk(settle, s)->rules;
}

static int64_t to_us(uint64_t duration_ns)
{
    // So written, AT_NEVER stays far away instead of becoming nothing.
    return (int64_t)(duration_ns / NS_PER_US + (duration_ns % NS_PER_US != 0));
}

/* ---- waits ----------------------------------------------------------------------------------- */

static void begin_doubt(struct settle *settle, struct settlement *s)
{
    if (s->doubt_since_ns == 0)
        s->doubt_since_ns = settle_since_ns(settle);
}

/* A run waits so long and no longer: then the transfer stays as the records have it. */
static uint64_t give_up_at_ns(const struct settle *settle, const struct settlement *s)
{
    return s->doubt_since_ns == 0
               ? AT_NEVER
               : settle_later_ns(s->doubt_since_ns, settle->config.resolve_wait_ns);
}

static bool is_waited_out(const struct settle *settle, const struct settlement *s)
{
    return settle->now_ns >= give_up_at_ns(settle, s);
}

static void wait_for(struct settle *settle, struct settlement *s, uint64_t wait_ns, enum await to)
{
    uint64_t at_ns = settle_later_ns(settle->now_ns, wait_ns);
    uint64_t give_up_ns = give_up_at_ns(settle, s);
    settle_timer(settle, s, at_ns < give_up_ns ? at_ns : give_up_ns);
    step_move(&settle->steps, s, to);
}

static void inquire_after(struct settle *settle, struct settlement *s, uint64_t wait_ns)
{
    begin_doubt(settle, s);
    wait_for(settle, s, wait_ns, AWAIT_INQUIRY_AGAIN);
}

static uint64_t growing_wait_ns(struct settle *settle, struct settlement *s)
{
    s->inquiries++;
    return retry_wait_ns(&settle->retry, s->inquiries, &settle->prng);
}

static void inquire_after_growing_wait(struct settle *settle, struct settlement *s)
{
    inquire_after(settle, s, growing_wait_ns(settle, s));
}

/* The same key again, after a wait; its attempt record comes first. */
static void send_again_after(struct settle *settle, struct settlement *s, uint64_t wait_ns)
{
    begin_doubt(settle, s);
    s->wants_generation = false;
    wait_for(settle, s, wait_ns, AWAIT_SEND_AGAIN);
}

/* Ask what became of it, in the way in which its bank can be asked. */
static void find_out(struct settle *settle, struct settlement *s)
{
    uint64_t wait_ns = growing_wait_ns(settle, s);
    switch (rules_of(settle, s)->inquiry) {
    case INQUIRY_NONE:
        course_park_code(settle, s, PARK_NO_INQUIRY);
        return;
    case INQUIRY_BY_KEY:
        inquire_after(settle, s, wait_ns);
        return;
    case INQUIRY_REPEAT:
        if (wait_ns < rules_of(settle, s)->repeat_delay_ns)
            wait_ns = rules_of(settle, s)->repeat_delay_ns;
        send_again_after(settle, s, wait_ns);
        return;
    }
    CHECK(false);
}

void doubt_leave(struct settle *settle, struct settlement *s)
{
    settle_timer_clear(settle, s);
    if (s->request_id != 0)
        evidence_leave(settle, s);
    if (s->is_parked || s->is_ended || s->is_visitor) { // it counts as what it did before
        course_release(settle, s);
        return;
    }
    if (s->is_pending || s->is_clean)
        settle->left_pending++;
    else
        settle->left_in_doubt++;
    settle_rest_finished(settle);
    course_release(settle, s);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static uint64_t known_linger_ns(const struct bank_rules *rules)
{
    return rules->linger_ns == AT_NEVER || SIN(linger_ignored) ? 0 : rules->linger_ns;
}

/* Database instant after which a not-found proves that no send so far was received. */
static int64_t counts_from_us(struct settle *settle, const struct settlement *s)
{
    const struct bank_rules *rules = rules_of(settle, s);
    uint64_t linger_ns = known_linger_ns(rules);
    return s->send_before_us + to_us(linger_ns) + to_us(rules->processing_ns);
}

/*
 * The same on our own clock, for the database's may be set meanwhile: our sends are known, and who
 * had the batch before us sends nothing after what it was permitted, nor longer without hearing
 * from the database than anybody does.
 */
static uint64_t counts_from_ns(struct settle *settle, const struct settlement *s)
{
    const struct bank_rules *rules = rules_of(settle, s);
    const struct settle_config *config = &settle->config;
    uint64_t before_us_ns =
        config->alive_ns < config->send_before_ns ? config->alive_ns : config->send_before_ns;
    uint64_t last_ns = s->has_digest ? settle_later_ns(settle->started_at_ns, before_us_ns) : 0;
    if (s->sent_at_ns > last_ns)
        last_ns = s->sent_at_ns;
    return settle_later_ns(settle_later_ns(last_ns, known_linger_ns(rules)), rules->processing_ns);
}

/* A key's age is told by the database's clock, and by the records where that was set back. */
static int64_t latest_now_us(const struct settle *settle)
{
    int64_t now_us = settle_db_most_us(settle);
    int64_t newest_us = settle_newest_us(settle);
    return now_us > newest_us ? now_us : newest_us;
}

/* Would a permission given now still reach the bank while it keeps the key? */
static bool key_outlives_resend(struct settle *settle, const struct settlement *s)
{
    const struct bank_rules *rules = rules_of(settle, s);
    if (rules->key_lifetime_ns == AT_NEVER || SIN(key_lifetime_ignored))
        return true;
    if (rules->linger_ns == AT_NEVER)
        return false;
    int64_t latest_us = latest_now_us(settle) + to_us(settle->config.send_before_ns) +
                        to_us(rules->linger_ns) + to_us(rules->processing_ns);
    return latest_us < s->intended_at_us + (int64_t)(rules->key_lifetime_ns / NS_PER_US);
}

static bool key_is_kept(struct settle *settle, const struct settlement *s)
{
    const struct bank_rules *rules = rules_of(settle, s);
    return rules->key_lifetime_ns == AT_NEVER || SIN(key_lifetime_ignored) ||
           latest_now_us(settle) <
               s->intended_at_us + (int64_t)(rules->key_lifetime_ns / NS_PER_US);
}

bool doubt_is_late(struct settle *settle, const struct settlement *s, int64_t at_us, uint64_t at_ns)
{
    return at_us > counts_from_us(settle, s) && at_ns >= counts_from_ns(settle, s);
}

bool doubt_is_late_by_records(struct settle *settle, const struct settlement *s, int64_t at_us)
{
    return at_us > counts_from_us(settle, s);
}

bool doubt_key_is_kept(struct settle *settle, const struct settlement *s)
{
    return key_is_kept(settle, s);
}

/* ---- rejected -------------------------------------------------------------------------------- */

/* "Later" may be hours away: then a later run takes it up. */
static void wait_for_generation(struct settle *settle, struct settlement *s, int64_t rejected_at_us)
{
    if (s->order.generation >= GENERATIONS_MAX) {
        course_park_code(settle, s, PARK_GENERATIONS);
        return;
    }
    int64_t from_us = rejected_at_us + to_us(rules_of(settle, s)->later_wait_ns);
    uint64_t from_ns = server_time_reaches_ns(&settle->server_time, from_us);
    uint64_t wait_ns = from_ns > settle->now_ns ? from_ns - settle->now_ns : 0;
    if (wait_ns <= settle->config.resolve_wait_ns) {
        s->wants_generation = true;
        wait_for(settle, s, wait_ns, AWAIT_SEND_AGAIN);
        return;
    }
    settle->left_pending++;
    course_release(settle, s);
}

static struct record *record_rejected(struct settle *settle, struct settlement *s, bool by_person,
                                      const struct bank_text *text)
{
    enum outcome_state state = by_person ? OUTCOME_REJECTED_PERSON : OUTCOME_REJECTED_LATER;
    struct record *record = course_outcome(settle, s, state, s->order.amount_minor, text);
    record->generation = s->order.generation;
    settle->counts.rejected++;
    s->doubt_since_ns = 0;
    return record;
}

static void park_rejected(struct settle *settle, struct settlement *s, const struct bank_text *text,
                          const char *code)
{
    if (text->code[0] != 0)
        course_park(settle, s, text);
    else
        course_park_code(settle, s, code);
}

/* A proven no: recorded, then the next generation after a wait, or backwards, or a person. */
static void on_rejected(struct settle *settle, struct settlement *s, bool by_person,
                        const struct bank_text *text)
{
    struct record *record = record_rejected(settle, s, by_person, text);
    if (s->order.kind == TRANSFER_UNDO) {
        park_rejected(settle, s, text, PARK_UNDO_REFUSED);
    } else if (by_person && compensate_is_wanted(settle, s)) {
        compensate_begin(settle, s);
    } else if (by_person) {
        park_rejected(settle, s, text, PARK_REJECTED);
    } else if (s->order.generation >= rules_of(settle, s)->later_tries) {
        course_park_code(settle, s, PARK_GENERATIONS);
    } else {
        wait_for_generation(settle, s, record->outcome.at_us);
    }
}

/* ---- answers to a send ----------------------------------------------------------------------- */

static void on_pending(struct settle *settle, struct settlement *s, const struct bank_text *text)
{
    if (!s->is_pending) {
        struct record *record =
            course_outcome(settle, s, OUTCOME_PENDING, s->order.amount_minor, text);
        record->generation = s->order.generation;
        s->is_pending = true;
    }
    s->is_clean = false; // the bank has it: a no to a repeat proves nothing
    find_out(settle, s);
}

static void on_send_rejected(struct settle *settle, struct settlement *s, bool by_person,
                             const struct bank_text *text)
{
    if (s->is_clean || SIN(unproven_generation)) {
        on_rejected(settle, s, by_person, text);
        return;
    }
    // An earlier send has no whole answer, so this no may be about the repeat alone.
    if (rules_of(settle, s)->inquiry != INQUIRY_BY_KEY) {
        course_park_code(settle, s, PARK_REFUSED_REPEAT);
        return;
    }
    s->is_refused_later = true;
    s->refused_by_person = by_person;
    s->refusal = *text;
    s->not_found_count = 0;
    inquire_after_growing_wait(settle, s);
}

static void on_send_in_doubt(struct settle *settle, struct settlement *s)
{
    if (SIN(doubt_undone) && s->order.kind == TRANSFER_NORMAL && compensate_is_wanted(settle, s)) {
        on_rejected(settle, s, true, &s->refusal);
        return;
    }
    s->is_clean = false;
    s->not_found_count = 0;
    settle->counts.doubts++;
    find_out(settle, s);
}

/* Nothing was sent, for it would read differently now: whoever cannot be asked parks. */
static void on_send_changed(struct settle *settle, struct settlement *s)
{
    s->is_unsendable = true;
    s->not_found_count = 0;
    if (rules_of(settle, s)->inquiry == INQUIRY_BY_KEY)
        inquire_after_growing_wait(settle, s);
    else
        course_park_code(settle, s, PARK_BODY_CHANGED);
}

static void on_send_not_done(struct settle *settle, struct settlement *s,
                             const struct bank_reply *reply)
{
    settle->counts.not_done++;
    s->tries++;
    uint64_t wait_ns = retry_wait_ns(&settle->retry, s->tries, &settle->prng);
    if (reply->retry_after_ns > wait_ns)
        wait_ns = reply->retry_after_ns;
    send_again_after(settle, s, wait_ns);
}

void doubt_on_send_reply(struct settle *settle, struct settlement *s,
                         const struct bank_reply *reply)
{
    CHECK(s->await == AWAIT_SEND_REPLY);
    if (SIN(error_is_rejected) && reply->http_status >= 500) {
        on_rejected(settle, s, false, reply->text);
        return;
    }
    switch ((enum answer)reply->answer) {
    case ANSWER_ACCEPTED:
        course_step_accepted(settle, s, reply);
        return;
    case ANSWER_PENDING:
        if (SIN(pending_is_accepted))
            course_step_accepted(settle, s, reply);
        else
            on_pending(settle, s, reply->text);
        return;
    case ANSWER_REJECTED_LATER:
        on_send_rejected(settle, s, false, reply->text);
        return;
    case ANSWER_REJECTED_PERSON:
        on_send_rejected(settle, s, true, reply->text);
        return;
    case ANSWER_NOT_DONE:
        on_send_not_done(settle, s, reply);
        return;
    case ANSWER_CHANGED:
        on_send_changed(settle, s);
        return;
    case ANSWER_IN_DOUBT:
    case ANSWER_BALANCE:
    case ANSWER_NOT_FOUND:
        if (SIN(doubt_is_accepted) || (SIN(undo_in_doubt) && s->order.kind == TRANSFER_UNDO))
            course_step_accepted(settle, s, reply);
        else
            on_send_in_doubt(settle, s);
        return;
    }
    CHECK(false);
}

void doubt_wait_for_late(struct settle *settle, struct settlement *s)
{
    uint64_t counts_ns = counts_from_ns(settle, s);
    uint64_t from_ns = server_time_reaches_ns(&settle->server_time, counts_from_us(settle, s) + 1);
    from_ns = counts_ns > from_ns ? counts_ns : from_ns;
    uint64_t wait_ns = from_ns > settle->now_ns ? from_ns - settle->now_ns : 0;
    inquire_after(settle, s, wait_ns + NS_PER_MS);
}

/* ---- answers to an inquiry ------------------------------------------------------------------- */

/* Two not-founds that count: no send so far was received, and none still can be. */
static void on_never_received(struct settle *settle, struct settlement *s)
{
    if (s->is_unsendable) {
        course_park_code(settle, s, PARK_BODY_CHANGED);
    } else if (s->is_refused_later) {
        if (rules_of(settle, s)->linger_ns == AT_NEVER)
            course_park_code(settle, s, PARK_LINGER_UNKNOWN);
        else
            on_rejected(settle, s, s->refused_by_person, &s->refusal);
    } else {
        s->not_found_count = 0;
        send_again_after(settle, s, rules_of(settle, s)->repeat_delay_ns);
    }
}

static void on_not_found(struct settle *settle, struct settlement *s)
{
    // The bank said once that it has it: then not-found proves nothing, and a bank that has
    // forgotten the key will never say more.
    if (s->is_pending) {
        if (key_is_kept(settle, s))
            inquire_after_growing_wait(settle, s);
        else
            course_park_code(settle, s, PARK_KEY_EXPIRED);
        return;
    }
    if (SIN(not_found_is_rejected)) {
        on_rejected(settle, s, false, &s->refusal);
        return;
    }
    if (SIN(not_found_resends)) {
        send_again_after(settle, s, 0);
        return;
    }
    if (!doubt_is_late(settle, s, s->asked_at_us, s->asked_at_ns)) {
        doubt_wait_for_late(settle, s);
        return;
    }
    if (!key_is_kept(settle, s)) {
        course_park_code(settle, s, PARK_KEY_EXPIRED);
        return;
    }
    s->not_found_count++;
    if (s->not_found_count >= NOT_FOUNDS_WANTED || SIN(one_not_found))
        on_never_received(settle, s);
    else
        inquire_after(settle, s, retry_wait_ns(&settle->retry, 1, &settle->prng));
}

void doubt_on_inquiry_reply(struct settle *settle, struct settlement *s,
                            const struct bank_reply *reply)
{
    CHECK(s->await == AWAIT_INQUIRY_REPLY);
    if (s->request_id != 0 && evidence_on_reply(settle, s, reply))
        return;
    switch ((enum answer)reply->answer) {
    case ANSWER_ACCEPTED:
        course_step_accepted(settle, s, reply);
        return;
    case ANSWER_PENDING:
        on_pending(settle, s, reply->text);
        return;
    case ANSWER_REJECTED_LATER:
        on_rejected(settle, s, false, reply->text);
        return;
    case ANSWER_REJECTED_PERSON:
        on_rejected(settle, s, true, reply->text);
        return;
    case ANSWER_NOT_FOUND:
        on_not_found(settle, s);
        return;
    case ANSWER_IN_DOUBT:
    case ANSWER_NOT_DONE:
    case ANSWER_BALANCE:
    case ANSWER_CHANGED:
        inquire_after_growing_wait(settle, s);
        return;
    }
    CHECK(false);
}

/* ---- waits that are over, and earlier runs --------------------------------------------------- */

/* Turns come by tokens, and a bank that said slow down gives none: no longer than a run waits. */
static void take_turn(struct settle *settle, struct settlement *s, enum await turn)
{
    if (s->doubt_since_ns != 0)
        settle_timer(settle, s, give_up_at_ns(settle, s));
    step_move(&settle->steps, s, turn);
}

void doubt_permit(struct settle *settle, struct settlement *s)
{
    CHECK(s->await == AWAIT_SEND_ROOM);
    settle_timer_clear(settle, s);
    // What was never received may be sent at any age; what may have been, only under a key that
    // the bank still keeps when the last byte arrives.
    if (!s->is_clean && !key_outlives_resend(settle, s))
        course_park_code(settle, s, PARK_KEY_EXPIRED);
    else if (s->attempts >= ATTEMPTS_MAX)
        course_park_code(settle, s, PARK_ATTEMPTS);
    else
        course_write_attempt(settle, s);
}

/* Did the bank say slow down while a permission that runs out now was good? */
static bool was_paused_lately(struct settle *settle, const struct settlement *s)
{
    uint64_t until_ns = settle_desk(settle, s)->paused_until_ns;
    return until_ns > 0 &&
           settle->now_ns < settle_later_ns(until_ns, settle->config.send_before_ns);
}

void doubt_expire(struct settle *settle, struct settlement *s)
{
    CHECK(s->await == AWAIT_SEND_TURN);
    // Records that are written more slowly than permissions run out lead nowhere.
    if (!was_paused_lately(settle, s))
        s->renewals++;
    if (s->renewals > RENEWALS_MAX)
        doubt_leave(settle, s);
    else
        step_move(&settle->steps, s, AWAIT_SEND_ROOM);
}

void doubt_on_timer(struct settle *settle, struct settlement *s)
{
    bool sends = s->await == AWAIT_SEND_AGAIN;
    CHECK(sends || s->await == AWAIT_INQUIRY_AGAIN);
    if (s->request_id != 0 && rules_of(settle, s)->inquiry != INQUIRY_BY_KEY)
        evidence_on_timer(settle, s);
    else if (sends && (s->wants_generation || SIN(new_key_on_retry)))
        course_begin_generation(settle, s, (uint16_t)(s->order.generation + 1));
    else if (is_waited_out(settle, s))
        doubt_leave(settle, s);
    else
        take_turn(settle, s, sends ? AWAIT_SEND_ROOM : AWAIT_INQUIRY_TURN);
}

void doubt_on_written(struct settle *settle, struct settlement *s)
{
    take_turn(settle, s, AWAIT_SEND_TURN);
}

void doubt_on_turn_timer(struct settle *settle, struct settlement *s)
{
    CHECK(is_waited_out(settle, s));
    doubt_leave(settle, s);
}

void doubt_take_up(struct settle *settle, struct settlement *s,
                   const struct load_transfer *transfer)
{
    s->order = (struct transfer_order){.settlement_id = s->id,
                                       .amount_minor = transfer->amount_minor,
                                       .step = transfer->step,
                                       .kind = transfer->kind,
                                       .generation = transfer->generation};
    s->order.key = ledger_key(settle->hash, &s->key_seed, transfer->step, transfer->kind,
                              transfer->generation);
    s->step = transfer->step;
    s->intended_at_us = transfer->intended_at_us;
    s->send_before_us = transfer->send_before_us;
    s->attempts = transfer->attempts;
    s->body_digest = transfer->body_digest;
    s->has_digest = true;
    s->is_clean = false; // what was sent before this run is not known
    s->is_pending = transfer->state == OUTCOME_PENDING;
    settle_recorded_us(settle, transfer->intended_at_us);
    settle_recorded_us(settle, transfer->decided_at_us);
}

void doubt_resume(struct settle *settle, struct settlement *s, const struct load_transfer *transfer)
{
    CHECK(s->order.generation == transfer->generation && s->step == transfer->step);
    CHECK(transfer->state != OUTCOME_REJECTED_PERSON); // parked with it, so not under way
    if (transfer->state == OUTCOME_REJECTED_LATER) {
        wait_for_generation(settle, s, transfer->decided_at_us);
        return;
    }
    begin_doubt(settle, s);
    switch (rules_of(settle, s)->inquiry) {
    case INQUIRY_NONE:
        course_park_code(settle, s, PARK_NO_INQUIRY);
        return;
    case INQUIRY_BY_KEY:
        inquire_after(settle, s, 0);
        return;
    case INQUIRY_REPEAT:
        send_again_after(settle, s, rules_of(settle, s)->repeat_delay_ns);
        return;
    }
    CHECK(false);
}

/* ---- a person's word ------------------------------------------------------------------------- */

void doubt_ask(struct settle *settle, struct settlement *s)
{
    settle_timer_clear(settle, s);
    s->tries = s->inquiries = 0;
    s->not_found_count = 0;
    s->doubt_since_ns = 0;
    begin_doubt(settle, s);
    if (s->await != AWAIT_INQUIRY_TURN)
        take_turn(settle, s, AWAIT_INQUIRY_TURN);
    else
        settle_timer(settle, s, give_up_at_ns(settle, s));
}

void doubt_ask_again(struct settle *settle, struct settlement *s)
{
    inquire_after_growing_wait(settle, s);
}

void doubt_record_no(struct settle *settle, struct settlement *s, bool by_person,
                     const struct bank_text *text)
{
    settle_timer_clear(settle, s);
    (void)record_rejected(settle, s, by_person, text);
}
