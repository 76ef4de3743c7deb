#include "sim/store_rows.h"

#include "base/sin.h"

#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t count, size_t item_bytes)
{
    void *memory = calloc(count, item_bytes);
    CHECK(memory != NULL);
    return memory;
}

void store_rows_init(struct store_rows *rows, const struct workload *workload)
{
    *rows = (struct store_rows){.workload = workload};
    rows->newest = zeroed(workload_total(workload), sizeof(*rows->newest));
    rows->openings = zeroed(workload_total(workload), sizeof(*rows->openings));
    rows->newest_openings = zeroed(workload->count, sizeof(*rows->newest_openings));
    keymap_init(&rows->keys);
}

void store_rows_deinit(struct store_rows *rows)
{
    keymap_deinit(&rows->keys);
    free(rows->newest);
    free(rows->openings);
    free(rows->newest_openings);
    free(rows->records);
}

/* ---- unique keys ----------------------------------------------------------------------------- */

static bool same_place(const struct record *a, const struct record *b)
{
    return a->settlement_id == b->settlement_id && a->record_kind == b->record_kind &&
           a->step == b->step && a->kind == b->kind && a->generation == b->generation;
}

static bool is_twice(const struct record *a, const struct record *b)
{
    switch ((enum record_kind)a->record_kind) {
    case RECORD_INTENT:
        return same_place(a, b);
    case RECORD_ATTEMPT:
        return same_place(a, b) && a->attempt.number == b->attempt.number;
    case RECORD_OUTCOME:
        return a->settlement_id == b->settlement_id && a->record_kind == b->record_kind &&
               a->outcome.seq == b->outcome.seq;
    case RECORD_ENTRY:
        return same_place(a, b) && a->entry.line == b->entry.line;
    case RECORD_DECISION:
        return a->settlement_id == b->settlement_id && a->record_kind == b->record_kind &&
               a->decision.request_id == b->decision.request_id;
    }
    return true;
}

static bool is_stored(const struct store_rows *rows, const struct record *record)
{
    uint32_t account = workload_index(rows->workload, record->settlement_id);
    for (uint32_t at = rows->newest[account]; at != 0; at = rows->records[at - 1].before)
        if (is_twice(record, &rows->records[at - 1].record))
            return true;
    return record->record_kind == RECORD_INTENT &&
           keymap_find(&rows->keys, &record->intent.key) != KEYMAP_NONE;
}

/* Records of one settlement lie close together in a chunk: the nearest few are looked at. */
static bool is_beside(const struct record *records, uint32_t index)
{
    uint32_t first = index > 32 ? index - 32 : 0;
    for (uint32_t i = first; i < index; i++)
        if (is_twice(&records[index], &records[i]))
            return true;
    return false;
}

bool store_rows_clash(struct store_rows *rows, const struct record *records, uint32_t record_count)
{
    for (uint32_t i = 0; i < record_count; i++)
        if (is_stored(rows, &records[i]) || is_beside(records, i))
            return true;
    return false;
}

/* ---- append ---------------------------------------------------------------------------------- */

static void grow(struct store_rows *rows, uint32_t more)
{
    if (rows->count + more <= rows->capacity)
        return;
    rows->capacity = 2 * (rows->count + more);
    rows->records = realloc(rows->records, rows->capacity * sizeof(*rows->records));
    CHECK(rows->records != NULL);
}

void store_rows_append(struct store_rows *rows, const struct record *records,
                       const struct digest *digests, uint32_t record_count)
{
    grow(rows, record_count);
    for (uint32_t i = 0; i < record_count; i++) {
        uint32_t account = workload_index(rows->workload, records[i].settlement_id);
        struct stored *stored = &rows->records[rows->count];
        *stored = (struct stored){records[i], digests[i], rows->newest[account]};
        if (records[i].record_kind == RECORD_INTENT) {
            stored->record.intent.parties = NULL; // it belongs to an engine that may be gone
            keymap_add(&rows->keys, &records[i].intent.key, rows->count);
        }
        rows->newest[account] = ++rows->count;
    }
}

/* ---- read ------------------------------------------------------------------------------------ */

static bool is_good(uint8_t state)
{
    return state == OUTCOME_ACCEPTED || state == OUTCOME_POSTED || state == OUTCOME_SKIPPED ||
           state == OUTCOME_DEPOSITED;
}

enum store_place store_rows_place(const struct store_rows *rows, uint32_t account)
{
    bool has_deposit = false;
    for (uint32_t at = rows->newest[account]; at != 0; at = rows->records[at - 1].before) {
        const struct record *record = &rows->records[at - 1].record;
        if (record->record_kind != RECORD_OUTCOME)
            continue;
        if (record->outcome.state == OUTCOME_SETTLED)
            return STORE_ENDED;
        if (record->outcome.state == OUTCOME_PARKED)
            return STORE_PARKED;
        has_deposit |= record->outcome.state == OUTCOME_DEPOSITED;
    }
    return has_deposit ? STORE_UNDER_WAY : STORE_FRESH;
}

bool store_rows_is_short(const struct store_rows *rows, uint32_t account)
{
    uint32_t at = rows->newest[account];
    if (at == 0)
        return false;
    const struct record *record = &rows->records[at - 1].record;
    return record->record_kind == RECORD_OUTCOME && record->outcome.state == OUTCOME_SHORT;
}

/* ---- openings -------------------------------------------------------------------------------- */

static const struct record *end_of(const struct store_rows *rows, uint32_t account)
{
    for (uint32_t at = rows->newest[account]; at != 0; at = rows->records[at - 1].before) {
        const struct record *record = &rows->records[at - 1].record;
        if (record->record_kind == RECORD_OUTCOME && record->outcome.state == OUTCOME_SETTLED)
            return record;
    }
    return NULL;
}

static int64_t deposit_of(const struct store_rows *rows, uint32_t account)
{
    for (uint32_t at = rows->newest[account]; at != 0; at = rows->records[at - 1].before) {
        const struct record *record = &rows->records[at - 1].record;
        if (record->record_kind == RECORD_OUTCOME && record->outcome.state == OUTCOME_DEPOSITED)
            return record->outcome.amount_minor;
    }
    return 0;
}

static struct opening first_opening(const struct workload_account *plan)
{
    return (struct opening){.is_open = true,
                            .held_minor = plan->floor_held_minor,
                            .payable_minor = plan->floor_payable_minor,
                            .residue_minor = plan->floor_residue_minor,
                            .received_minor = workload_floor(plan) - plan->opening_minor};
}

static struct opening next_opening(const struct store_rows *rows, uint32_t before,
                                   const struct record *end)
{
    const struct opening *last = &rows->openings[before];
    int64_t opening_minor = last->follows == 0 ? rows->workload->accounts[before].opening_minor : 0;
    return (struct opening){.is_open = true,
                            .follows = before + 1,
                            .held_minor = end->outcome.held_minor,
                            .payable_minor = end->outcome.amount_minor,
                            .residue_minor = end->outcome.residue_minor,
                            .received_minor = last->received_minor + opening_minor +
                                              deposit_of(rows, before) +
                                              end->outcome.residue_minor - last->residue_minor};
}

bool store_rows_open(struct store_rows *rows, uint32_t account)
{
    uint32_t person = workload_person(rows->workload, account);
    uint32_t newest = rows->newest_openings[person];
    if (rows->openings[account].is_open || rows->workload->accounts[account].is_blocked)
        return false;
    if (newest == 0) {
        rows->openings[account] = first_opening(&rows->workload->accounts[person]);
    } else {
        const struct record *end = end_of(rows, newest - 1);
        if (end == NULL && !SIN(second_opening))
            return false;
        rows->openings[account] = end == NULL ? first_opening(&rows->workload->accounts[person])
                                              : next_opening(rows, newest - 1, end);
    }
    rows->newest_openings[person] = account + 1;
    return true;
}

/* ---- a page's row ---------------------------------------------------------------------------- */

static void show_plan(const struct workload_account *plan, const struct opening *opening,
                      struct load_row *row)
{
    row->mapping_id = plan->mapping_id;
    row->key_seed = plan->key_seed;
    row->repayment_minor = plan->repayment_minor;
    row->hold_minor = plan->hold_minor;
    row->expected_minor = plan->expected_minor;
    row->opening_minor = opening->follows == 0 ? plan->opening_minor : 0;
    row->floor_held_minor = opening->held_minor;
    row->floor_payable_minor = opening->payable_minor;
    row->floor_residue_minor = opening->residue_minor;
    row->floor_received_minor = opening->received_minor;
    row->parties = plan->parties;
}

static void show_outcome(const struct record *record, struct load_row *row)
{
    if (record->outcome.seq > row->outcome_seq)
        row->outcome_seq = record->outcome.seq;
    if (is_good(record->outcome.state) && record->kind == TRANSFER_NORMAL)
        row->done_steps |= (uint8_t)(1U << record->step);
    if (record->outcome.state == OUTCOME_ACCEPTED && record->kind == TRANSFER_NORMAL &&
        record->step < STEP_CLOSING && row->accepted_generation[record->step] == 0)
        row->accepted_generation[record->step] = record->generation;
    if (record->outcome.state == OUTCOME_DEPOSITED)
        row->deposit_minor = record->outcome.amount_minor;
    if (record->outcome.state == OUTCOME_SHORT && row->seen_minor < 0)
        row->seen_minor = record->outcome.amount_minor;
}

/* The newest intent, and what belongs to it; everything of it was written after it. */
static void show_transfer(const struct store_rows *rows, uint32_t account,
                          struct load_transfer *transfer)
{
    uint8_t state = 0, state_step = 0;
    uint16_t state_generation = 0, attempts = 0;
    int64_t send_before_us = 0, decided_at_us = 0;
    for (uint32_t at = rows->newest[account]; at != 0; at = rows->records[at - 1].before) {
        const struct record *r = &rows->records[at - 1].record;
        if (r->record_kind == RECORD_OUTCOME && state == 0 && r->outcome.state < OUTCOME_POSTED) {
            state = r->outcome.state;
            decided_at_us = r->outcome.at_us;
            state_step = r->step;
            state_generation = r->generation;
        }
        if (r->record_kind == RECORD_ATTEMPT && attempts == 0) {
            attempts = r->attempt.number;
            send_before_us = r->attempt.send_before_us;
        }
        if (r->record_kind != RECORD_INTENT)
            continue;
        bool is_its = state_step == r->step && state_generation == r->generation;
        *transfer = (struct load_transfer){
            .step = r->step,
            .kind = r->kind,
            .state = is_its ? state : 0,
            .decided_at_us = is_its ? decided_at_us : 0,
            .generation = r->generation,
            .attempts = attempts,
            .amount_minor = r->intent.amount_minor,
            .intended_at_us = r->intent.intended_at_us,
            .send_before_us = attempts > 0 ? send_before_us : r->intent.send_before_us,
            .body_digest = rows->records[at - 1].body_digest,
        };
        return;
    }
}

void store_rows_show(const struct store_rows *rows, uint32_t account, struct load_row *row)
{
    const struct workload_account *plan = &rows->workload->accounts[account];
    *row = (struct load_row){.settlement_id = workload_settlement(rows->workload, account),
                             .seen_minor = -1};
    row->state = rows->openings[account].is_open ? LOAD_STATE_OPEN : LOAD_STATE_BLOCKED;
    show_plan(plan, &rows->openings[account], row);
    for (uint32_t at = rows->newest[account]; at != 0; at = rows->records[at - 1].before)
        if (rows->records[at - 1].record.record_kind == RECORD_OUTCOME)
            show_outcome(&rows->records[at - 1].record, row);
    show_transfer(rows, account, &row->transfer);
}
