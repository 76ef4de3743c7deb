#include "core/poison.h"

#include "base/money.h"
#include "core/course.h"

/* Who has records that are not written is still in a slot. */
static struct settlement *find(struct settle *settle, uint64_t id)
{
    for (uint32_t i = 0; i < settle->config.slots; i++) { // uncovered: it is there
        struct settlement *s = step_at(&settle->steps, i);
        if (s->await != AWAIT_NOTHING && s->id == id)
            return s;
    }
    CHECK(false);
    return NULL;
}

/* A record that will not be written has not happened. */
static void uncount_outcome(struct settle *settle, const struct record *record)
{
    struct settle_counts *counts = &settle->counts;
    int64_t amount_minor = record->outcome.amount_minor;
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
    case OUTCOME_PENDING:
    case OUTCOME_REJECTED_LATER:
    case OUTCOME_REJECTED_PERSON:
    case OUTCOME_REVERSED:
    case OUTCOME_POSTED:
    case OUTCOME_SKIPPED:
    case OUTCOME_DEPOSITED:
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
    if (s->await == AWAIT_INQUIRY_REPLY) {
        s->is_refused = true; // its call names this slot: not before its reply
        return;
    }
    settle_timer_clear(settle, s);
    if (s->await != AWAIT_LAST_WRITE)
        step_move(&settle->steps, s, AWAIT_LAST_WRITE);
}

static void park_alone(struct settle *settle)
{
    struct settlement *s = find(settle, chunk_alone(&settle->chunks));
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
}

bool poison_on_refused(struct settle *settle)
{
    settle->chunk_tries = 0;
    switch (chunk_refused(&settle->chunks)) {
    case CHUNK_HALVED:
        return true;
    case CHUNK_ALONE:
        park_alone(settle);
        return true;
    case CHUNK_HOPELESS:
        return false;
    }
    CHECK(false);
    return false;
}

void poison_on_reply(struct settle *settle, struct settlement *s)
{
    CHECK(s->is_refused && s->await == AWAIT_INQUIRY_REPLY);
    bool is_written = chunk_is_written(&settle->chunks, s->written_by);
    step_move(&settle->steps, s, is_written ? AWAIT_NOTHING : AWAIT_LAST_WRITE);
}
