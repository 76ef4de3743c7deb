/*
 * audit: what must hold for every call and every record, whatever a test is about. Part of
 * harness.h; shares no code with the core.
 */
#ifndef DAYBOOK_TESTS_CORE_AUDIT_H
#define DAYBOOK_TESTS_CORE_AUDIT_H

static inline bool is_of(const struct record *record, uint32_t position)
{
    return settlement_position(record->settlement_id) == position;
}

/* An earlier run's records of a transfer, as if they had been committed. */
static inline void audit_earlier_intent(const struct account *account)
{
    struct written *written = &world->written[world->written_count++];
    const struct load_transfer *transfer = &account->row.transfer;
    written->record = (struct record){.settlement_id = account->row.settlement_id,
                                      .record_kind = RECORD_INTENT,
                                      .step = transfer->step,
                                      .kind = transfer->kind,
                                      .generation = transfer->generation};
    written->record.intent.amount_minor = transfer->amount_minor;
    written->record.intent.send_before_us = transfer->send_before_us;
}

/* ---- a call ---------------------------------------------------------------------------------- */

static inline void audit_one_at_a_time(const struct seen *call)
{
    uint32_t of_bank = 0;
    for (uint32_t i = 0; i < world->seen_count; i++) {
        const struct seen *other = &world->seen[i];
        if (other == call || other->ended_ns != AT_NEVER)
            continue;
        assert_int_not_equal(other->position, call->position);
        assert_int_not_equal(other->slot.index, call->slot.index);
        of_bank += other->bank == call->bank;
    }
    assert_true(of_bank < world->config.banks[call->bank].calls_max);
}

/* May the generation after one that ended so begin? After a "later" by itself, else only when a
   person released it since. */
static inline bool may_follow(uint32_t position, uint8_t step, uint8_t kind, uint16_t generation)
{
    const struct load_row *first = &account_at(position)->first_row;
    const struct load_transfer *transfer = &first->transfer;
    uint8_t state = 0;
    if (transfer->step == step && transfer->kind == kind && transfer->generation == generation)
        state = transfer->state;
    else if (kind == TRANSFER_NORMAL && first->accepted_generation[step] == generation)
        state = OUTCOME_REVERSED;
    bool is_released = false;
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        if (!is_of(r, position) || r->record_kind != RECORD_OUTCOME)
            continue;
        is_released |= r->outcome.state == OUTCOME_RELEASED;
        bool is_its = r->step == step && r->kind == kind && r->generation == generation;
        if (is_its && r->outcome.state != OUTCOME_PARKED) {
            state = r->outcome.state;
            is_released = false;
        }
    }
    return state == OUTCOME_REJECTED_LATER ||
           (is_released && (state == OUTCOME_REJECTED_PERSON || state == OUTCOME_REVERSED));
}

/* Forwards, every step before it is done and itself not; backwards, itself is and none after it. */
static inline void audit_order(const struct seen *call)
{
    struct load_row row = recorded_row(call->position);
    uint8_t before = (uint8_t)((1U << call->step) - 2);
    assert_true(row.place == LOAD_PLACE_UNDER_WAY);
    assert_int_equal(row.is_compensating, call->kind == TRANSFER_UNDO);
    if (call->kind == TRANSFER_UNDO)
        assert_int_equal(row.done_steps >> call->step, 1);
    else
        assert_int_equal(row.done_steps & (before | 1U << call->step), before);
}

/* Its intent and a permission not yet passed are committed, and it is its turn. */
static inline void audit_transfer(const struct seen *call)
{
    int64_t permitted_us = 0;
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        bool is_own = is_of(r, call->position) && r->step == call->step && r->kind == call->kind &&
                      r->generation == call->generation;
        if (is_own && r->record_kind == RECORD_INTENT) {
            assert_int_equal(r->intent.amount_minor, call->amount_minor);
            permitted_us = r->intent.send_before_us;
        }
        if (is_own && r->record_kind == RECORD_ATTEMPT) {
            assert_true(r->attempt.send_before_us >= permitted_us);
            permitted_us = r->attempt.send_before_us;
        }
    }
    audit_order(call);
    assert_true(call->generation == 1 || may_follow(call->position, call->step, call->kind,
                                                    (uint16_t)(call->generation - 1)));
    assert_true(db_us(world->now_ns) < permitted_us);
}

/* What the bank may be told since the last change of it. */
static inline uint64_t rate_of(uint8_t bank)
{
    uint64_t rate_per_s = world->config.banks[bank].rate_per_s;
    for (uint32_t i = 0; i < world->wish_count; i++) {
        const struct load_request *request = &world->wishes[i].request;
        if (request->kind == REQUEST_RATE && world->wishes[i].bank == bank &&
            (uint64_t)request->amount_minor > rate_per_s)
            rate_per_s = (uint64_t)request->amount_minor;
    }
    return rate_per_s;
}

/* In any window at most burst + rate x w calls a bank. */
static inline void audit_rate(const struct seen *call)
{
    const struct bank_rules *rules = &world->config.banks[call->bank];
    uint64_t rate_per_s = rate_of(call->bank);
    uint64_t count = 0;
    for (uint32_t i = world->seen_count; i-- > 0;) {
        const struct seen *other = &world->seen[i];
        if (other->bank != call->bank)
            continue;
        count++;
        uint64_t span_ns = call->at_ns - other->at_ns;
        assert_true(count <= rules->burst + span_ns * rate_per_s / NS_PER_S);
        if (count > 4 * (uint64_t)rules->burst + 200)
            return;
    }
}

static inline void audit_call(const struct seen *call)
{
    audit_one_at_a_time(call);
    audit_rate(call);
    if (call->call_kind == CALL_TRANSFER)
        audit_transfer(call);
    if (call->call_kind == CALL_INQUIRY)
        assert_int_equal(world->config.banks[call->bank].inquiry, INQUIRY_BY_KEY);
}

/* ---- a page ---------------------------------------------------------------------------------- */

/* What is decided and not committed would be read as undecided. */
static inline void audit_asks(void)
{
    for (uint32_t i = 0; world->chunk != NULL && i < world->chunk->record_count; i++)
        assert_int_not_equal(world->chunk->records[i].record_kind, RECORD_DECISION);
}

/* ---- a chunk --------------------------------------------------------------------------------- */

/* Handed out: the next in order, or the same once more. */
static inline void audit_chunk(const struct chunk *chunk)
{
    bool is_again = world->chunk != NULL && world->chunk->number == chunk->number;
    if (is_again)
        assert_memory_equal(&chunk->hash, &world->chunk_hash, sizeof(chunk->hash));
    world->chunk_hash = chunk->hash;
    assert_int_equal(chunk->number, world->chunk_count + 1);
    assert_memory_equal(&chunk->prev_hash, &world->head_hash, sizeof(chunk->prev_hash));
    assert_int_equal(chunk->batch_id, BATCH);
    assert_int_equal(chunk->partition, PARTITION);
    assert_true(chunk->record_count > 0);
    uint32_t entries = 0;
    int64_t debit_minor = 0;
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *r = &chunk->records[i];
        assert_int_equal(settlement_batch(r->settlement_id), BATCH);
        assert_int_equal(settlement_partition(r->settlement_id), PARTITION);
        if (r->record_kind != RECORD_ENTRY)
            continue;
        assert_true(r->entry.amount_minor > 0 && r->entry.debit != r->entry.credit);
        entries++;
        debit_minor += r->entry.amount_minor;
    }
    assert_int_equal(chunk->entry_count, entries);
    assert_int_equal(chunk->debit_total_minor, debit_minor);
}

/* What the database refuses to hold twice. */
static inline bool is_same_name(const struct record *a, const struct record *b)
{
    if (a->settlement_id != b->settlement_id || a->record_kind != b->record_kind)
        return false;
    if (a->record_kind == RECORD_OUTCOME)
        return a->outcome.seq == b->outcome.seq;
    if (a->record_kind == RECORD_DECISION)
        return a->decision.request_id == b->decision.request_id;
    if (a->step != b->step || a->kind != b->kind || a->generation != b->generation)
        return false;
    if (a->record_kind == RECORD_ENTRY)
        return a->entry.line == b->entry.line;
    return a->record_kind == RECORD_INTENT || a->attempt.number == b->attempt.number;
}

/* The n-th (from 0) outcome of the settlement in the chunk. */
static inline const struct record *nth_outcome(const struct chunk *chunk, uint64_t id, uint32_t n)
{
    for (uint32_t i = 0; i < chunk->record_count; i++)
        if (chunk->records[i].settlement_id == id &&
            chunk->records[i].record_kind == RECORD_OUTCOME && n-- == 0)
            return &chunk->records[i];
    return NULL;
}

static inline bool has_outcome(const struct chunk *chunk, uint64_t id, enum outcome_state state)
{
    const struct record *r;
    for (uint32_t n = 0; (r = nth_outcome(chunk, id, n)) != NULL; n++)
        if (r->outcome.state == state)
            return true;
    return false;
}

static inline bool has_done(const struct chunk *chunk, uint64_t id)
{
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *r = &chunk->records[i];
        if (r->settlement_id == id && r->record_kind == RECORD_DECISION &&
            r->decision.state == DECISION_DONE)
            return true;
    }
    return false;
}

/* A settlement's outcomes are numbered without a gap, and after its end or a park comes only what
   somebody asked for. */
static inline void audit_seq(const struct chunk *chunk, const struct record *record)
{
    uint32_t position = settlement_position(record->settlement_id);
    struct load_row row = recorded_row(position);
    bool is_at_rest = row.place == LOAD_PLACE_PARKED || row.place == LOAD_PLACE_ENDED;
    assert_int_equal(record->outcome.seq, row.outcome_seq + 1);
    bool stands_in = record->outcome.state == OUTCOME_PARKED && world->is_poison != NULL &&
                     strcmp(record->outcome.text.code, PARK_RECORD_REFUSED) == 0;
    if (is_at_rest && !(stands_in && row.place == LOAD_PLACE_PARKED))
        assert_true(has_done(chunk, record->settlement_id));
    if (row.place == LOAD_PLACE_ENDED)
        assert_true(outcome_is_end(record->outcome.state) ||
                    record->outcome.state == OUTCOME_REVERSED);
}

static inline bool has_effect(const struct chunk *chunk, const struct record *record)
{
    uint64_t id = record->settlement_id;
    switch ((enum request_kind)record->decision.request_kind) {
    case REQUEST_PAID:
        return has_outcome(chunk, id, OUTCOME_ACCEPTED);
    case REQUEST_PAID_BY_HAND:
        return has_outcome(chunk, id, OUTCOME_REJECTED_PERSON) &&
               has_outcome(chunk, id, OUTCOME_BY_HAND);
    case REQUEST_NOT_PAID:
        return has_outcome(chunk, id, OUTCOME_REJECTED_LATER);
    case REQUEST_PARK:
        return has_outcome(chunk, id, OUTCOME_PARKED);
    case REQUEST_RELEASE:
        return has_outcome(chunk, id, OUTCOME_RELEASED) ||
               outcome_is_end(nth_outcome(chunk, id, 0)->outcome.state);
    case REQUEST_AMEND:
        return record->decision.mapping_id > 0;
    case REQUEST_WRITE_OFF:
        return has_outcome(chunk, id, OUTCOME_WRITTEN_OFF);
    case REQUEST_SUPERSEDE:
        return has_outcome(chunk, id, OUTCOME_SUPERSEDED);
    case REQUEST_RETURN:
        return has_outcome(chunk, id, OUTCOME_REVERSED) && has_outcome(chunk, id, OUTCOME_RETURNED);
    case REQUEST_RAISE:
        return has_outcome(chunk, id, OUTCOME_RAISED);
    case REQUEST_RATE:
        return true;
    }
    return false;
}

/* It answers what was asked; what is done stands in the same chunk, what is not says why. */
static inline void audit_decision(const struct chunk *chunk, const struct record *record)
{
    const struct wish *wish = wish_of(record->decision.request_id);
    bool is_done = record->decision.state == DECISION_DONE;
    assert_int_equal(settlement_position(record->settlement_id), wish->position);
    assert_int_equal(record->decision.request_kind, wish->request.kind);
    assert_int_equal(record->decision.amount_minor, wish->request.amount_minor);
    assert_int_equal(record->decision.mapping_id, is_done ? wish->request.mapping_id : 0);
    assert_in_range(record->decision.state, DECISION_DONE, DECISION_STALE);
    assert_int_equal(record->decision.code[0] == 0, is_done);
    assert_int_equal(record->step + record->kind + record->generation, 0);
    if (is_done)
        assert_true(has_effect(chunk, record));
}

static inline void audit_record(const struct chunk *chunk, const struct record *record)
{
    if (record->record_kind == RECORD_OUTCOME)
        audit_seq(chunk, record);
    if (record->record_kind == RECORD_DECISION)
        audit_decision(chunk, record);
    if (record->record_kind == RECORD_INTENT)
        assert_int_equal(record->intent.mapping_id,
                         recorded_row(settlement_position(record->settlement_id)).mapping_id);
    for (uint32_t k = 0; k < world->written_count; k++)
        if (is_same_name(&world->written[k].record, record))
            fail_msg("a record was written twice");
}

static inline void audit_commit(const struct chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *record = &chunk->records[i];
        audit_record(chunk, record);
        assert_true(world->written_count < WRITTEN_MAX);
        world->written[world->written_count++] =
            (struct written){.record = *record, .chunk = chunk->number};
    }
    world->chunk_count = chunk->number;
    world->head_hash = chunk->hash;
    world->chunk = NULL;
}

/* ---- the end --------------------------------------------------------------------------------- */

static inline int64_t balance_of(uint32_t position, enum ledger_account ledger)
{
    int64_t balance_minor = 0;
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        if (!is_of(r, position) || r->record_kind != RECORD_ENTRY)
            continue;
        if (r->entry.debit == ledger)
            balance_minor += r->entry.amount_minor;
        if (r->entry.credit == ledger)
            balance_minor -= r->entry.amount_minor;
    }
    return balance_minor;
}

/* What is recorded as accepted was done, or a person says so. */
static inline void audit_accepted(const struct record *record)
{
    if (strcmp(record->outcome.text.code, "by_person") == 0)
        return;
    for (uint32_t i = 0; i < world->seen_count; i++) {
        const struct seen *call = &world->seen[i];
        bool is_own = is_of(record, call->position) && call->step == record->step &&
                      call->kind == record->kind && call->generation == record->generation;
        if (is_own && (call->said.is_done || call->said.answer == ANSWER_ACCEPTED))
            return;
    }
    fail_msg("recorded as accepted, but never done");
}

/* Did it fail later at the bank, as the records have it? */
static inline bool is_reversed(const struct seen *call)
{
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        if (is_of(r, call->position) && r->record_kind == RECORD_OUTCOME &&
            r->outcome.state == OUTCOME_REVERSED && r->step == call->step &&
            r->generation == call->generation && call->kind == TRANSFER_NORMAL)
            return true;
    }
    return false;
}

/* No step was carried out twice but after it was reversed, and none by hand that was. */
static inline void audit_twice(const struct seen *a)
{
    if (!a->said.is_done || is_reversed(a))
        return;
    for (uint32_t k = 0; k < world->seen_count; k++) {
        const struct seen *b = &world->seen[k];
        if (b->said.is_done && b->position == a->position && b->step == a->step &&
            b->kind == a->kind && !is_reversed(b))
            assert_memory_equal(&a->key, &b->key, sizeof(a->key));
    }
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        if (r->record_kind == RECORD_OUTCOME && r->outcome.state == OUTCOME_BY_HAND)
            assert_false(is_of(r, a->position) && r->step == a->step && r->kind == a->kind);
    }
}

/* Money of earlier settlements that was raised: payable, or (residue) residue. */
static inline int64_t raised_of(uint32_t position, bool residue)
{
    int64_t sum_minor = 0;
    for (uint32_t i = 0; i < world->wish_count; i++) {
        const struct load_request *request = &world->wishes[i].request;
        const struct record *decision = decision_of(request->id);
        if (request->kind == REQUEST_RAISE && world->wishes[i].position == position &&
            decision != NULL && decision->decision.state == DECISION_DONE)
            sum_minor += residue ? request->residue_minor : request->amount_minor;
    }
    return sum_minor;
}

/* Residue that somebody made payable after the end. */
static inline int64_t released_of(uint32_t position)
{
    int64_t sum_minor = 0;
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        if (is_of(r, position) && r->record_kind == RECORD_ENTRY &&
            r->entry.debit == LEDGER_RESIDUE && r->entry.credit == LEDGER_PAYABLE)
            sum_minor += r->entry.amount_minor;
    }
    return sum_minor;
}

/* What an end says is left is what the ledger has; for who began here. */
static inline void audit_left(uint32_t position)
{
    const struct load_row *first = &account_at(position)->first_row;
    struct load_row row = recorded_row(position);
    bool is_whole =
        first->done_steps == 0 && first->place == LOAD_PLACE_FRESH && row.place == LOAD_PLACE_ENDED;
    if (!is_whole)
        return;
    int64_t held_minor = balance_of(position, LEDGER_HELD) + balance_of(position, LEDGER_SUSPENSE);
    assert_int_equal(row.end_payable_minor, first->floor_payable_minor +
                                                raised_of(position, false) -
                                                balance_of(position, LEDGER_PAYABLE));
    assert_int_equal(row.end_held_minor, first->floor_held_minor - held_minor);
    assert_int_equal(row.end_residue_minor, first->floor_residue_minor + raised_of(position, true) -
                                                balance_of(position, LEDGER_RESIDUE));
    assert_int_equal(balance_of(position, LEDGER_RECEIVABLE),
                     (row.done_steps >> STEP_COLLECT & 1) != 0 ? -first->repayment_minor : 0);
    assert_int_equal(balance_of(position, LEDGER_COLLECTION) + balance_of(position, LEDGER_FEE),
                     -balance_of(position, LEDGER_RECEIVABLE));
    if (row.end_state == OUTCOME_SETTLED)
        assert_int_equal(row.end_payable_minor, released_of(position));
}

static inline void audit_end(void)
{
    for (uint32_t i = 0; i < world->seen_count; i++)
        audit_twice(&world->seen[i]);
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        if (r->record_kind == RECORD_OUTCOME && r->outcome.state == OUTCOME_ACCEPTED)
            audit_accepted(r);
    }
    for (uint32_t position = 1; position <= world->account_count; position++)
        audit_left(position);
}

/* A run that ends by itself leaves no request without its answer. */
static inline void audit_answered(void)
{
    for (uint32_t i = 0; i < world->wish_count; i++)
        if (decision_of(world->wishes[i].request.id) == NULL)
            fail_msg("request %u was not answered", i + 1);
}

#endif
