#include "core/poison.h"

#include <string.h>

#include "base/money.h"
#include "core/course.h"

/* A record that will not be written has not happened. */
static void uncount_outcome(struct settle *settle, const struct record *record)
{
    struct settle_counts *counts = &settle->counts;
    bool is_undo = record->kind == TRANSFER_UNDO;
    int64_t amount_minor = is_undo ? -record->outcome.amount_minor : record->outcome.amount_minor;
    switch ((enum outcome_state)record->outcome.state) {
    case OUTCOME_ACCEPTED:
        if (record->step == STEP_PAYOUT)
            counts->paid_minor = money_sub(counts->paid_minor, amount_minor);
        if (record->step == STEP_COLLECT)
            counts->collected_minor = money_sub(counts->collected_minor, amount_minor);
        return;
    case OUTCOME_SHORT:
        counts->is_short--;
        return;
    case OUTCOME_PARKED:
        counts->parked--;
        return;
    case OUTCOME_SETTLED:
        counts->settled--;
        return;
    case OUTCOME_REVERSED:
        counts->reversed--;
        return;
    case OUTCOME_COMPENSATED:
    case OUTCOME_SUPERSEDED:
    case OUTCOME_WRITTEN_OFF:
        counts->ended--;
        return;
    case OUTCOME_PENDING:
    case OUTCOME_REJECTED_LATER:
    case OUTCOME_REJECTED_PERSON:
    case OUTCOME_POSTED:
    case OUTCOME_SKIPPED:
    case OUTCOME_DEPOSITED:
    case OUTCOME_BY_HAND:
    case OUTCOME_RETURNED:
    case OUTCOME_COMPENSATING:
    case OUTCOME_RELEASED:
    case OUTCOME_RAISED:
        return;
    }
    CHECK(false);
}

/* Takes back what its unwritten records did to the counts and to its numbering. */
static void uncount(struct settle *settle, struct settlement *s)
{
    uint32_t cursor = 0;
    bool is_first = true;
    const struct record *record;
    while ((record = chunk_unwritten_of(&settle->chunks, s->id, &cursor)) != NULL) {
        settle->counts.records--;
        settle->counts.entries -= record->record_kind == RECORD_ENTRY;
        if (record->record_kind != RECORD_OUTCOME)
            continue;
        if (is_first)
            s->outcome_seq = (uint16_t)(record->outcome.seq - 1);
        is_first = false;
        uncount_outcome(settle, record);
    }
}

static void let_go(struct settle *settle, struct settlement *s)
{
    static const uint32_t in_flight = 1U << AWAIT_POLL_REPLY | 1U << AWAIT_INQUIRY_REPLY |
                                      1U << AWAIT_CLOSING_REPLY | 1U << AWAIT_CONFIRM_REPLY;
    s->request_id = 0; // it has no decision, and is answered by a later run
    if ((in_flight >> s->await & 1) != 0) {
        s->is_refused = true; // its call names this slot: not before its reply
        return;
    }
    settle_timer_clear(settle, s);
    if (s->await != AWAIT_LAST_WRITE)
        step_move(&settle->steps, s, AWAIT_LAST_WRITE);
}

/* The answer whose effect was refused; others may have heard busy meanwhile. Nothing of one that
   ended is written unasked. */
static const struct record *answer_of(struct settle *settle, const struct settlement *s)
{
    uint32_t cursor = 0;
    const struct record *record;
    do {
        record = chunk_unwritten_of(&settle->chunks, s->id, &cursor);
        CHECK(record != NULL && record->record_kind == RECORD_DECISION);
    } while (record->decision.state != DECISION_DONE);
    return record;
}

/* What has ended stays as it is, and the request is refused. */
static void refuse_alone(struct settle *settle, struct settlement *s)
{
    struct record answer = *answer_of(settle, s);
    uncount(settle, s);
    answer.decision.state = DECISION_REFUSED;
    memcpy(answer.decision.code, PARK_RECORD_REFUSED, sizeof(PARK_RECORD_REFUSED));
    *chunk_replace(&settle->chunks) = answer;
    settle->counts.records++;
    s->written_by = chunk_ticket(&settle->chunks) - 1;
    let_go(settle, s);
}

/* False: what was refused is no settlement's in a slot; a decision alone, which has nothing that a
   database could refuse. */
static bool park_alone(struct settle *settle)
{
    struct settlement *s = step_find(&settle->steps, chunk_alone(&settle->chunks));
    if (s == NULL)
        return false;
    if (s->is_ended) {
        refuse_alone(settle, s);
        return true;
    }
    uint32_t cursor = 0;
    const struct record *first = chunk_unwritten_of(&settle->chunks, s->id, &cursor);
    uint8_t step = first->step;
    uint16_t generation = first->generation;
    uncount(settle, s);
    struct record *record = chunk_replace(&settle->chunks);
    s->written_by = chunk_ticket(&settle->chunks) - 1;
    course_fill_parked(settle, s, record, PARK_RECORD_REFUSED);
    record->step = step;
    record->generation = generation;
    settle->counts.refused++;
    let_go(settle, s);
    return true;
}

bool poison_on_refused(struct settle *settle)
{
    settle->chunk_tries = 0;
    switch (chunk_refused(&settle->chunks)) {
    case CHUNK_HALVED:
        return true;
    case CHUNK_ALONE:
        return park_alone(settle);
    case CHUNK_HOPELESS:
        return false;
    }
    CHECK(false);
    return false;
}

void poison_on_reply(struct settle *settle, struct settlement *s)
{
    CHECK(s->is_refused);
    bool is_written = chunk_is_written(&settle->chunks, s->written_by);
    step_move(&settle->steps, s, is_written ? AWAIT_NOTHING : AWAIT_LAST_WRITE);
}
