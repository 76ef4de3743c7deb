#include "jobs/verify_settlement.h"

#include <string.h>

#include "core/course.h"
#include "jobs/verify_rules.h"

#define ALL_STEPS ((uint8_t)(STEP_BIT(STEP_COLLECT) | STEP_BIT(STEP_HOLD) | STEP_BIT(STEP_PAYOUT)))

static bool is_code(const struct record *record, const char *code)
{
    return strcmp(record->outcome.text.code, code) == 0;
}

static const char *not_what_must_follow(const struct verify_settlement *s)
{
    if (s->must_park)
        return "a record where a final no, a reversal or the person's fee must park";
    return s->granted != NULL ? "a record between a decision and what it does"
                              : "a record between a residue and the end";
}

/* ---- outcomes ---- */

static const char *on_parked(struct verify_settlement *s, const struct record *record,
                             const struct verify_leave *leave)
{
    if (is_code(record, PARK_BY_PERSON) && leave->granted == NULL)
        return "parked by a person who did not ask for it";
    s->is_parked = true;
    return NULL;
}

/* Whatever was refused or reversed may be tried again. */
static const char *on_released(struct verify_settlement *s, const struct verify_leave *leave)
{
    if (!verify_is_granted(leave, REQUEST_RELEASE))
        return "a settlement released that nobody asked for";
    s->is_parked = false;
    s->may_again[TRANSFER_NORMAL] |= ALL_STEPS;
    s->may_again[TRANSFER_UNDO] |= ALL_STEPS;
    return NULL;
}

static const char *on_compensating(struct verify_settlement *s, const struct verify_leave *leave)
{
    if (!leave->after_no || s->is_compensating || verify_is_done(s, STEP_PAYOUT))
        return "a compensation without a final no";
    s->is_compensating = true;
    return NULL;
}

static const char *by_state(struct verify_settlement *s, const struct record *record,
                            const struct verify_leave *leave)
{
    switch ((enum outcome_state)record->outcome.state) {
    case OUTCOME_DEPOSITED:
        return verify_on_deposit(s, record);
    case OUTCOME_SHORT:
        return s->done_steps == 0 ? NULL : "short after the deposit";
    case OUTCOME_SKIPPED:
    case OUTCOME_POSTED:
        return verify_on_done_step(s, record);
    case OUTCOME_ACCEPTED:
    case OUTCOME_PENDING:
    case OUTCOME_REJECTED_LATER:
    case OUTCOME_REJECTED_PERSON:
        return verify_on_transfer(s, record, leave);
    case OUTCOME_BY_HAND:
        return verify_on_by_hand(s, record, leave);
    case OUTCOME_REVERSED:
        return verify_on_reversed(s, record, leave);
    case OUTCOME_PARKED:
        return on_parked(s, record, leave);
    case OUTCOME_RELEASED:
        return on_released(s, leave);
    case OUTCOME_COMPENSATING:
        return on_compensating(s, leave);
    case OUTCOME_RAISED:
        return verify_on_raised(s, record, leave);
    case OUTCOME_SETTLED:
    case OUTCOME_COMPENSATED:
    case OUTCOME_RETURNED:
    case OUTCOME_SUPERSEDED:
    case OUTCOME_WRITTEN_OFF:
        return verify_on_end(s, record, leave);
    }
    return "an outcome that this program does not know";
}

/* By itself: it neither ended nor is parked, but a refused record may park it a second time. */
static const char *may_go_on(const struct verify_settlement *s, const struct record *record)
{
    uint8_t state = record->outcome.state;
    if (s->next_states != 0)
        return state < 64 && (s->next_states & STATE_BIT(state)) != 0 ? NULL
                                                                      : not_what_must_follow(s);
    if (s->end_state != 0)
        return "an outcome after the settlement's end";
    if (s->is_parked && !(state == OUTCOME_PARKED && is_code(record, PARK_RECORD_REFUSED)))
        return "a parked settlement went on without a person";
    return NULL;
}

static const char *on_outcome(struct verify_settlement *s, const struct record *record)
{
    if (record->outcome.seq != ++s->outcome_seq)
        return "an outcome is missing or out of its order";
    const char *wrong = may_go_on(s, record);
    if (wrong != NULL)
        return wrong;
    const struct verify_leave leave = {.granted = s->granted, .after_no = s->must_park};
    s->granted = NULL;
    s->next_states = 0;
    s->must_park = false;
    wrong = by_state(s, record, &leave);
    s->moved_minor = 0;
    return wrong;
}

const char *verify_settlement_record(struct verify_settlement *settlement, struct hash *hash,
                                     const struct record *record)
{
    if (record->record_kind == RECORD_ENTRY)
        return verify_on_entry(settlement, record);
    const char *wrong = verify_close_entries(settlement);
    if (wrong != NULL)
        return wrong;
    if (record->record_kind == RECORD_OUTCOME)
        return on_outcome(settlement, record);
    if (settlement->next_states != 0)
        return not_what_must_follow(settlement);
    return record->record_kind == RECORD_INTENT ? verify_on_intent(settlement, hash, record)
                                                : verify_on_attempt(settlement, record);
}

/* ---- decisions ---- */

static bool is_about_open_transfer(const struct verify_settlement *s,
                                   const struct verify_request *request)
{
    return s->open_step != 0 && request->step == s->open_step &&
           request->transfer_kind == s->open_kind &&
           request->generation == s->newest_generation[s->open_kind][s->open_step] &&
           request->attempts == s->attempts;
}

static bool is_about_accepted_transfer(const struct verify_settlement *s,
                                       const struct verify_request *request)
{
    return request->step >= STEP_COLLECT && request->step <= STEP_PAYOUT &&
           request->transfer_kind == TRANSFER_NORMAL && request->generation > 0 &&
           s->accepted_generation[request->step] == request->generation;
}

/* May it be done, as the settlement stands? */
static bool may_be_done(const struct verify_settlement *s, const struct verify_request *request)
{
    bool has_ended = s->end_state != 0, has_deposit = verify_is_done(s, STEP_DEPOSIT);
    switch ((enum request_kind)request->kind) {
    case REQUEST_PAID:
    case REQUEST_PAID_BY_HAND:
    case REQUEST_NOT_PAID:
        return !has_ended && is_about_open_transfer(s, request);
    case REQUEST_PARK:
        return !has_ended && !s->is_parked;
    case REQUEST_RELEASE:
        return has_ended ? verify_residue(s) > 0 : s->is_parked;
    case REQUEST_AMEND:
        return !has_ended && !verify_is_done(s, STEP_PAYOUT) && s->open_step == 0;
    case REQUEST_WRITE_OFF:
        return !has_ended && s->open_step == 0 && (!has_deposit || s->is_parked);
    case REQUEST_SUPERSEDE:
        return !has_ended && !has_deposit && !s->is_parked;
    case REQUEST_RAISE:
        return !has_ended;
    case REQUEST_RETURN:
        return has_ended && is_about_accepted_transfer(s, request);
    case REQUEST_RATE:
        break;
    }
    return false;
}

/* The outcome that must come next. */
static uint64_t effect_of(const struct verify_settlement *s, enum request_kind kind)
{
    switch (kind) {
    case REQUEST_PAID:
        return STATE_BIT(OUTCOME_ACCEPTED);
    case REQUEST_PAID_BY_HAND:
        return STATE_BIT(OUTCOME_REJECTED_PERSON);
    case REQUEST_NOT_PAID:
        return STATE_BIT(OUTCOME_REJECTED_LATER);
    case REQUEST_PARK:
        return STATE_BIT(OUTCOME_PARKED);
    case REQUEST_RELEASE:
        return STATE_BIT(s->end_state != 0 ? s->end_state : OUTCOME_RELEASED);
    case REQUEST_WRITE_OFF:
        return STATE_BIT(OUTCOME_WRITTEN_OFF);
    case REQUEST_SUPERSEDE:
        return STATE_BIT(OUTCOME_SUPERSEDED);
    case REQUEST_RAISE:
        return STATE_BIT(OUTCOME_RAISED);
    case REQUEST_RETURN:
        return STATE_BIT(OUTCOME_REVERSED);
    case REQUEST_AMEND:
    case REQUEST_RATE:
        break;
    }
    return 0;
}

const char *verify_settlement_decision(struct verify_settlement *settlement,
                                       const struct record *record,
                                       const struct verify_request *request)
{
    struct verify_settlement *s = settlement;
    const char *wrong = verify_close_entries(s);
    if (wrong != NULL)
        return wrong;
    if (s->next_states != 0)
        return not_what_must_follow(s);
    if (record->decision.state != DECISION_DONE)
        return NULL;
    if (!may_be_done(s, request))
        return "a decision that cannot be done as the settlement stands";
    if (request->kind == REQUEST_AMEND) {
        s->mapping_id = request->mapping_id;
        s->parties = request->parties;
        return NULL;
    }
    s->granted = request;
    s->next_states = effect_of(s, (enum request_kind)request->kind);
    return NULL;
}

/* ---- the end ---- */

const char *verify_settlement_end(const struct verify_settlement *settlement)
{
    if (settlement->must_park)
        return "a final no, a reversal or the person's fee did not park";
    if (settlement->lines < settlement->due_lines)
        return "entries of the last outcome are missing";
    return settlement->next_states == 0 ? NULL : "what was decided, or the end, did not follow";
}

bool verify_settlement_counts(const struct verify_settlement *settlement,
                              const struct record *record)
{
    if (record->outcome.state == OUTCOME_PARKED)
        return settlement->granted == NULL || settlement->granted->kind != REQUEST_RAISE;
    return settlement->end_state == 0;
}
