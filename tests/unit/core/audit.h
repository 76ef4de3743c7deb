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

static inline bool is_final(const struct record *record)
{
    return record->record_kind == RECORD_OUTCOME &&
           (record->outcome.state == OUTCOME_ACCEPTED || record->outcome.state == OUTCOME_POSTED ||
            record->outcome.state == OUTCOME_SKIPPED || record->outcome.state == OUTCOME_DEPOSITED);
}

static inline uint8_t step_done_of(const struct load_row *row)
{
    uint8_t done = 0;
    for (uint8_t step = STEP_DEPOSIT; step <= STEP_PAYOUT; step++)
        if ((row->done_steps >> step & 1) != 0)
            done = step;
    return done;
}

/* Its intent and a permission not yet passed are committed, and so is every step before it. */
static inline void audit_transfer(const struct seen *call)
{
    int64_t permitted_us = 0;
    const struct load_row *first = &account_at(call->position)->first_row;
    uint8_t done = step_done_of(first);
    bool is_rejected = call->generation == 1;
    if (first->transfer.step == call->step)
        is_rejected |= call->generation == first->transfer.generation +
                                               (first->transfer.state == OUTCOME_REJECTED_LATER);
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        if (!is_of(r, call->position))
            continue;
        if (is_final(r)) {
            assert_true(r->step < call->step); // not after its own end
            assert_true(r->step == done + 1);
            done = r->step;
        }
        if (r->step != call->step)
            continue;
        bool is_own = r->generation == call->generation;
        if (r->record_kind == RECORD_INTENT && is_own) {
            assert_int_equal(r->intent.amount_minor, call->amount_minor);
            permitted_us = r->intent.send_before_us;
        }
        if (r->record_kind == RECORD_ATTEMPT && is_own) {
            assert_true(r->attempt.send_before_us >= permitted_us);
            permitted_us = r->attempt.send_before_us;
        }
        if (r->record_kind == RECORD_OUTCOME && r->outcome.state == OUTCOME_REJECTED_LATER) {
            assert_true(r->generation < call->generation);
            is_rejected |= r->generation == call->generation - 1;
        }
    }
    assert_int_equal(done, call->step - 1);
    assert_true(is_rejected);
    assert_true(db_us(world->now_ns) < permitted_us);
}

/* In any window at most burst + rate x w calls a bank. */
static inline void audit_rate(const struct seen *call)
{
    const struct bank_rules *rules = &world->config.banks[call->bank];
    uint64_t count = 0;
    for (uint32_t i = world->seen_count; i-- > 0;) {
        const struct seen *other = &world->seen[i];
        if (other->bank != call->bank)
            continue;
        count++;
        uint64_t span_ns = call->at_ns - other->at_ns;
        assert_true(count <= rules->burst + span_ns * rules->rate_per_s / NS_PER_S);
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
    if (a->step != b->step || a->kind != b->kind || a->generation != b->generation)
        return false;
    if (a->record_kind == RECORD_ENTRY)
        return a->entry.line == b->entry.line;
    return a->record_kind == RECORD_INTENT || a->attempt.number == b->attempt.number;
}

/* A settlement's outcomes are numbered without a gap, and none follows its end. */
static inline void audit_seq(const struct record *record)
{
    uint32_t position = settlement_position(record->settlement_id);
    uint16_t seq = account_at(position)->first_row.outcome_seq;
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        if (r->record_kind != RECORD_OUTCOME || !is_of(r, position))
            continue;
        seq = r->outcome.seq;
        assert_int_not_equal(r->outcome.state, OUTCOME_PARKED);
        assert_int_not_equal(r->outcome.state, OUTCOME_SETTLED);
    }
    assert_int_equal(record->outcome.seq, seq + 1);
}

static inline void audit_commit(const struct chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *record = &chunk->records[i];
        if (record->record_kind == RECORD_OUTCOME)
            audit_seq(record);
        for (uint32_t k = 0; k < world->written_count; k++)
            if (is_same_name(&world->written[k].record, record))
                fail_msg("a record was written twice");
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

/* What is recorded as accepted was done. */
static inline void audit_accepted(const struct record *record)
{
    for (uint32_t i = 0; i < world->seen_count; i++) {
        const struct seen *call = &world->seen[i];
        bool is_own = is_of(record, call->position) && call->step == record->step &&
                      call->generation == record->generation;
        if (is_own && (call->said.is_done || call->said.answer == ANSWER_ACCEPTED))
            return;
    }
    fail_msg("recorded as accepted, but never done");
}

/* No step was carried out twice; who began and settled here ends as the protocol says. */
static inline void audit_end(void)
{
    for (uint32_t i = 0; i < world->seen_count; i++) {
        const struct seen *a = &world->seen[i];
        for (uint32_t k = 0; a->said.is_done && k < i; k++) {
            const struct seen *b = &world->seen[k];
            if (b->said.is_done && b->position == a->position && b->step == a->step)
                assert_memory_equal(&a->key, &b->key, sizeof(a->key));
        }
    }
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        uint32_t position = settlement_position(r->settlement_id);
        if (r->record_kind == RECORD_OUTCOME && r->outcome.state == OUTCOME_ACCEPTED)
            audit_accepted(r);
        const struct load_row *row = &account_at(position)->first_row;
        if (r->record_kind != RECORD_OUTCOME || r->outcome.state != OUTCOME_SETTLED ||
            row->done_steps != 0 || row->floor_payable_minor != 0)
            continue;
        assert_int_equal(balance_of(position, LEDGER_PAYABLE), 0);
        assert_int_equal(balance_of(position, LEDGER_RECEIVABLE), -row->repayment_minor);
        assert_int_equal(balance_of(position, LEDGER_COLLECTION) + balance_of(position, LEDGER_FEE),
                         row->repayment_minor);
        assert_int_equal(balance_of(position, LEDGER_VIRTUAL) +
                             balance_of(position, LEDGER_SUSPENSE),
                         -balance_of(position, LEDGER_HELD) - balance_of(position, LEDGER_RESIDUE));
    }
}

#endif
