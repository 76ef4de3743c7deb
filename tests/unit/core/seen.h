/*
 * seen: questions about the calls and records that a world saw. Part of harness.h.
 */
#ifndef DAYBOOK_TESTS_CORE_SEEN_H
#define DAYBOOK_TESTS_CORE_SEEN_H

/* The n-th (from 1) call of this kind for the account, or NULL. */
static inline const struct seen *call_of(uint32_t position, enum call_kind kind, uint32_t n)
{
    for (uint32_t i = 0; i < world->seen_count; i++)
        if (world->seen[i].position == position && world->seen[i].call_kind == kind && --n == 0)
            return &world->seen[i];
    return NULL;
}

static inline uint32_t count_calls(uint32_t position, enum call_kind kind)
{
    uint32_t count = 0;
    while (call_of(position, kind, count + 1) != NULL)
        count++;
    return count;
}

/* The n-th (from 1) committed record of this kind for the account, or NULL. */
static inline const struct record *record_of(uint32_t position, enum record_kind kind, uint32_t n)
{
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *record = &world->written[i].record;
        if (settlement_position(record->settlement_id) == position && record->record_kind == kind &&
            --n == 0)
            return record;
    }
    return NULL;
}

static inline uint32_t count_records(uint32_t position, enum record_kind kind)
{
    uint32_t count = 0;
    while (record_of(position, kind, count + 1) != NULL)
        count++;
    return count;
}

/* The newest committed outcome in this state, or NULL. */
static inline const struct record *outcome_of(uint32_t position, enum outcome_state state)
{
    const struct record *found = NULL;
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *record = &world->written[i].record;
        if (settlement_position(record->settlement_id) == position &&
            record->record_kind == RECORD_OUTCOME && record->outcome.state == state)
            found = record;
    }
    return found;
}

static inline void assert_parked(uint32_t position, const char *code)
{
    const struct record *outcome = outcome_of(position, OUTCOME_PARKED);
    assert_non_null(outcome);
    assert_string_equal(outcome->outcome.text.code, code);
}

/* What was answered to a request, and why. */
static inline void assert_decided(const struct load_request *request, enum decision_state state,
                                  const char *code)
{
    const struct record *decision = decision_of(request->id);
    if (decision == NULL)
        fail_msg("request %u was not answered", (unsigned)request->id);
    assert_string_equal(decision->decision.code, code);
    assert_int_equal(decision->decision.state, state);
}

#define assert_done(request) assert_decided(request, DECISION_DONE, "")
#define assert_refused_as(request, code) assert_decided(request, DECISION_REFUSED, code)

/* The newest committed outcome of all. */
static inline const struct record *newest_of(uint32_t position)
{
    const struct record *found = NULL;
    const struct record *r;
    for (uint32_t n = 1; (r = record_of(position, RECORD_OUTCOME, n)) != NULL; n++)
        found = r;
    return found;
}

/* The most records of this kind in one committed chunk. */
static inline uint32_t most_in_a_chunk(enum record_kind kind)
{
    uint32_t most = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->written_count; i++) {
        if (i > 0 && world->written[i].chunk != world->written[i - 1].chunk)
            count = 0;
        count += world->written[i].record.record_kind == kind;
        most = count > most ? count : most;
    }
    return most;
}

#define assert_settled(position) assert_non_null(outcome_of(position, OUTCOME_SETTLED))

static inline bool is_same_key(const struct seen *a, const struct seen *b)
{
    return memcmp(&a->key, &b->key, sizeof(a->key)) == 0;
}

#endif
