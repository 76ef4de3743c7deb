/*
 * ledger_rows: what the database would say of an account, from where it began and the committed
 * records alone, as sql/queries/store_load_under_way.sql and its brothers do. Part of harness.h;
 * shares no code with the core.
 */
#ifndef DAYBOOK_TESTS_CORE_LEDGER_ROWS_H
#define DAYBOOK_TESTS_CORE_LEDGER_ROWS_H

/* The committed decision about a request, or NULL. */
static inline const struct record *decision_of(uint64_t request_id)
{
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *record = &world->written[i].record;
        if (record->record_kind == RECORD_DECISION && record->decision.request_id == request_id)
            return record;
    }
    return NULL;
}

static inline const struct wish *wish_of(uint64_t request_id)
{
    assert_in_range(request_id, 1, world->wish_count);
    return &world->wishes[request_id - 1];
}

/* Whom this record does (1), undoes (-1), or neither. */
static inline int way_of(const struct record *r)
{
    uint8_t state = r->outcome.state;
    bool is_doing =
        state == OUTCOME_ACCEPTED || state == OUTCOME_POSTED || state == OUTCOME_BY_HAND;
    if (r->kind == TRANSFER_UNDO)
        return is_doing ? -1 : 0;
    if (state == OUTCOME_REVERSED)
        return -1;
    return is_doing || state == OUTCOME_SKIPPED || state == OUTCOME_DEPOSITED;
}

static inline void place_from(struct load_row *row, const struct record *r)
{
    row->park_code[0] = 0;
    if (row->place == LOAD_PLACE_PARKED)
        row->place = (row->done_steps & 2) != 0 ? LOAD_PLACE_UNDER_WAY : LOAD_PLACE_FRESH;
    if (r->outcome.state == OUTCOME_DEPOSITED)
        row->place = LOAD_PLACE_UNDER_WAY;
    if (r->outcome.state == OUTCOME_PARKED && row->place != LOAD_PLACE_ENDED) {
        row->place = LOAD_PLACE_PARKED;
        strcpy(row->park_code, r->outcome.text.code);
    }
    if (!outcome_is_end(r->outcome.state))
        return;
    row->place = LOAD_PLACE_ENDED;
    row->end_state = r->outcome.state;
    row->end_held_minor = r->outcome.held_minor;
    row->end_payable_minor = r->outcome.amount_minor;
    row->end_residue_minor = r->outcome.residue_minor;
}

static inline void transfer_from(struct load_row *row, const struct record *r)
{
    struct load_transfer *transfer = &row->transfer;
    bool is_its = r->step == transfer->step && r->kind == transfer->kind &&
                  r->generation == transfer->generation;
    if (r->record_kind == RECORD_INTENT) {
        *transfer = (struct load_transfer){.step = r->step,
                                           .kind = r->kind,
                                           .generation = r->generation,
                                           .amount_minor = r->intent.amount_minor,
                                           .intended_at_us = r->intent.intended_at_us,
                                           .send_before_us = r->intent.send_before_us};
    } else if (r->record_kind == RECORD_ATTEMPT) {
        transfer->attempts = r->attempt.number;
        transfer->send_before_us = r->attempt.send_before_us;
    } else if (is_its && (r->outcome.state <= OUTCOME_REVERSED ||
                          r->outcome.state == OUTCOME_REJECTED_PERSON)) {
        transfer->state = r->outcome.state;
        transfer->decided_at_us = r->outcome.at_us;
    }
}

static inline void outcome_from(struct load_row *row, const struct record *r)
{
    row->outcome_seq = r->outcome.seq;
    place_from(row, r);
    transfer_from(row, r);
    if (r->outcome.state == OUTCOME_DEPOSITED)
        row->deposit_minor = r->outcome.amount_minor;
    if (r->outcome.state == OUTCOME_SHORT)
        row->seen_minor = r->outcome.amount_minor;
    row->is_compensating |= r->outcome.state == OUTCOME_COMPENSATING;
    if (r->outcome.state == OUTCOME_RAISED) {
        row->floor_payable_minor += r->outcome.amount_minor;
        row->floor_residue_minor += r->outcome.residue_minor;
    }
    int way = way_of(r);
    if (way != 0)
        row->done_steps = (uint8_t)(way > 0 ? row->done_steps | 1U << r->step
                                            : row->done_steps & ~(1U << r->step));
    if (r->kind == TRANSFER_NORMAL && r->outcome.state == OUTCOME_ACCEPTED)
        row->accepted_generation[r->step] = r->generation;
    if (r->kind == TRANSFER_NORMAL && r->outcome.state == OUTCOME_BY_HAND)
        row->accepted_generation[r->step] = 0;
}

static inline void decision_from(struct load_row *row, const struct record *r)
{
    if (r->decision.mapping_id == 0)
        return;
    row->mapping_id = r->decision.mapping_id;
    row->parties = wish_of(r->decision.request_id)->request.parties;
}

static inline struct load_row recorded_row(uint32_t position)
{
    const struct account *account = account_at(position);
    struct load_row row = world->is_begun ? account->first_row : account->row;
    if (row.place == LOAD_PLACE_FRESH && account->is_under_way)
        row.place = LOAD_PLACE_UNDER_WAY;
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        bool is_earlier = world->written[i].chunk == 0; // it is in the first row
        if (is_earlier || settlement_position(r->settlement_id) != position)
            continue;
        if (r->record_kind == RECORD_OUTCOME)
            outcome_from(&row, r);
        else if (r->record_kind == RECORD_DECISION)
            decision_from(&row, r);
        else if (r->record_kind != RECORD_ENTRY)
            transfer_from(&row, r);
    }
    return row;
}

/* Taken by the bank out of the account. */
static inline int64_t fee_of(uint32_t position)
{
    int64_t sum_minor = 0;
    for (uint32_t i = 0; i < world->written_count; i++) {
        const struct record *r = &world->written[i].record;
        if (settlement_position(r->settlement_id) == position && r->record_kind == RECORD_ENTRY &&
            r->entry.debit == LEDGER_FEE && r->entry.credit == LEDGER_VIRTUAL)
            sum_minor += r->entry.amount_minor;
    }
    return sum_minor;
}

static inline struct load_row wished_row(const struct wish *wish)
{
    struct load_row row = {.bank = wish->bank};
    if (wish->position > 0)
        row = recorded_row(wish->position);
    else
        row.settlement_id = settlement_id(BATCH, PARTITION, 0);
    row.later = wish->later;
    row.fee_minor = wish->position > 0 ? fee_of(wish->position) : 0;
    row.request = wish->request;
    return row;
}

#endif
