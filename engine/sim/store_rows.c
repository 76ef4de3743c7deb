#include "sim/store_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/sin.h"
#include "base/time.h"

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
    store_requests_deinit(&rows->requests);
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
    if (settlement_position(record->settlement_id) == 0) { // a decision about the run
        uint64_t id = record->decision.request_id;
        uint32_t decided_in = store_requests_at(&rows->requests, id)->decided_in;
        return (decided_in >> settlement_partition(record->settlement_id) & 1) != 0;
    }
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
                       const struct digest *digests, uint32_t record_count, uint64_t now_ns)
{
    grow(rows, record_count);
    for (uint32_t i = 0; i < record_count; i++) {
        const struct record *record = &records[i];
        if (record->record_kind == RECORD_DECISION)
            store_requests_decide(&rows->requests, record->decision.request_id,
                                  settlement_partition(record->settlement_id),
                                  record->decision.state);
        if (settlement_position(record->settlement_id) == 0)
            continue; // the run's: it stands in the request
        uint32_t account = workload_index(rows->workload, record->settlement_id);
        struct stored *stored = &rows->records[rows->count];
        *stored = (struct stored){*record, digests[i], rows->newest[account], now_ns};
        if (record->record_kind == RECORD_INTENT) {
            stored->record.intent.parties = NULL; // it belongs to an engine that may be gone
            keymap_add(&rows->keys, &record->intent.key, rows->count);
        }
        rows->newest[account] = ++rows->count;
    }
}

/* ---- read ------------------------------------------------------------------------------------ */

#define EACH_RECORD(rows, account, at)                                                             \
    for (uint32_t at = (rows)->newest[account]; (at) != 0; (at) = (rows)->records[(at)-1].before)

static const struct record *record_at(const struct store_rows *rows, uint32_t at)
{
    return &rows->records[at - 1].record;
}

static const struct record *newest_of(const struct store_rows *rows, uint32_t account,
                                      enum record_kind kind)
{
    EACH_RECORD(rows, account, at)
    {
        if (record_at(rows, at)->record_kind == kind)
            return record_at(rows, at);
    }
    return NULL;
}

const struct record *store_rows_newest(const struct store_rows *rows, uint32_t account)
{
    return newest_of(rows, account, RECORD_OUTCOME);
}

const struct record *store_rows_intent(const struct store_rows *rows, uint32_t account)
{
    return newest_of(rows, account, RECORD_INTENT);
}

const struct record *store_rows_end(const struct store_rows *rows, uint32_t account)
{
    EACH_RECORD(rows, account, at)
    {
        const struct record *record = record_at(rows, at);
        if (record->record_kind == RECORD_OUTCOME && outcome_is_end(record->outcome.state))
            return record;
    }
    return NULL;
}

uint64_t store_rows_since_ns(const struct store_rows *rows, uint32_t account,
                             enum outcome_state state)
{
    EACH_RECORD(rows, account, at)
    {
        const struct record *record = record_at(rows, at);
        if (record->record_kind == RECORD_OUTCOME && record->outcome.state == state)
            return rows->records[at - 1].at_ns;
    }
    return AT_NEVER;
}

uint64_t store_rows_ended_ns(const struct store_rows *rows, uint32_t account)
{
    uint64_t at_ns = AT_NEVER;
    EACH_RECORD(rows, account, at)
    {
        const struct record *record = record_at(rows, at);
        if (record->record_kind == RECORD_OUTCOME && outcome_is_end(record->outcome.state))
            at_ns = rows->records[at - 1].at_ns;
    }
    return at_ns;
}

static const struct record *intent_of(const struct store_rows *rows, uint32_t account, uint8_t step,
                                      uint8_t kind, uint16_t generation)
{
    EACH_RECORD(rows, account, at)
    {
        const struct record *r = record_at(rows, at);
        if (r->record_kind == RECORD_INTENT && r->step == step && r->kind == kind &&
            r->generation == generation)
            return r;
    }
    return NULL;
}

const struct record *store_rows_accepted(const struct store_rows *rows, uint32_t account,
                                         uint8_t step, const struct record **intent)
{
    EACH_RECORD(rows, account, at)
    {
        const struct record *r = record_at(rows, at);
        if (r->record_kind != RECORD_OUTCOME || r->step != step)
            continue;
        if (r->outcome.state == OUTCOME_REVERSED || r->kind == TRANSFER_UNDO)
            return NULL;
        if (r->outcome.state != OUTCOME_ACCEPTED)
            continue;
        *intent = intent_of(rows, account, step, TRANSFER_NORMAL, r->generation);
        return r;
    }
    return NULL;
}

int64_t store_rows_fee(const struct store_rows *rows, uint32_t account)
{
    int64_t fee_minor = 0;
    EACH_RECORD(rows, account, at)
    {
        const struct record *r = record_at(rows, at);
        if (r->record_kind == RECORD_ENTRY && r->entry.debit == LEDGER_FEE &&
            r->entry.credit == LEDGER_VIRTUAL)
            fee_minor += r->entry.amount_minor;
    }
    return fee_minor;
}

int64_t store_rows_amount(const struct store_rows *rows, uint32_t account,
                          const struct load_request *request)
{
    const struct record *intent =
        intent_of(rows, account, request->step, request->transfer_kind, request->generation);
    CHECK(intent != NULL);
    return intent->intent.amount_minor;
}

enum store_place store_rows_place(const struct store_rows *rows, uint32_t account)
{
    const struct record *newest = store_rows_newest(rows, account);
    if (newest == NULL)
        return STORE_FRESH;
    if (store_rows_end(rows, account) != NULL)
        return STORE_ENDED;
    if (newest->outcome.state == OUTCOME_PARKED)
        return STORE_PARKED;
    return store_rows_since_ns(rows, account, OUTCOME_DEPOSITED) != AT_NEVER ? STORE_UNDER_WAY
                                                                             : STORE_FRESH;
}

bool store_rows_is_short(const struct store_rows *rows, uint32_t account)
{
    const struct record *newest = store_rows_newest(rows, account);
    return newest != NULL && newest->outcome.state == OUTCOME_SHORT;
}

int64_t store_rows_mapping(const struct store_rows *rows, uint32_t account)
{
    EACH_RECORD(rows, account, at)
    {
        const struct record *record = record_at(rows, at);
        if (record->record_kind == RECORD_DECISION && record->decision.mapping_id > 0)
            return record->decision.mapping_id;
    }
    return rows->workload->accounts[account].mapping_id;
}

/* ---- openings -------------------------------------------------------------------------------- */

uint32_t store_rows_later(const struct store_rows *rows, uint32_t account)
{
    uint32_t count = rows->workload->count, total = workload_total(rows->workload);
    for (uint32_t i = account % count; i < total; i += count)
        if (rows->openings[i].is_open && rows->openings[i].follows == account + 1)
            return i;
    return UINT32_MAX;
}

static struct opening first_opening(const struct workload_account *plan)
{
    return (struct opening){.is_open = true,
                            .held_minor = plan->floor_held_minor,
                            .payable_minor = plan->floor_payable_minor,
                            .residue_minor = plan->floor_residue_minor};
}

static struct opening next_opening(uint32_t before, const struct record *end)
{
    return (struct opening){.is_open = true,
                            .follows = before + 1,
                            .held_minor = end->outcome.held_minor,
                            .payable_minor = end->outcome.amount_minor,
                            .residue_minor = end->outcome.residue_minor};
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
        const struct record *end = store_rows_end(rows, newest - 1);
        if (end == NULL && !SIN(second_opening))
            return false;
        rows->openings[account] = end == NULL ? first_opening(&rows->workload->accounts[person])
                                              : next_opening(newest - 1, end);
    }
    rows->newest_openings[person] = account + 1;
    return true;
}

/* ---- a page's row ---------------------------------------------------------------------------- */

/* What the person's other settlements posted as come in, and what had come in before them all. */
static int64_t received_before(const struct store_rows *rows, uint32_t account)
{
    uint32_t count = rows->workload->count;
    const struct workload_account *first = &rows->workload->accounts[account % count];
    int64_t received_minor = workload_floor(first) - first->opening_minor;
    for (uint32_t i = account % count; i < workload_total(rows->workload); i += count)
        EACH_RECORD(rows, i, at)
        {
            const struct record *r = record_at(rows, at);
            if (i != account && r->record_kind == RECORD_ENTRY && r->kind == TRANSFER_NORMAL &&
                (r->step == STEP_DEPOSIT || r->step == STEP_CLOSING) &&
                r->entry.debit == LEDGER_VIRTUAL)
                received_minor += r->entry.amount_minor;
        }
    return received_minor;
}

static void show_plan(const struct store_rows *rows, uint32_t account, struct load_row *row)
{
    const struct workload_account *plan = &rows->workload->accounts[account];
    const struct opening *opening = &rows->openings[account];
    row->mapping_id = store_rows_mapping(rows, account);
    row->key_seed = plan->key_seed;
    row->repayment_minor = plan->repayment_minor;
    row->hold_minor = plan->hold_minor;
    row->expected_minor = plan->expected_minor;
    row->expect_at_us = workload_expect_at_us(rows->workload, account);
    row->opening_minor = opening->follows == 0 ? plan->opening_minor : 0;
    row->floor_held_minor = opening->held_minor;
    row->floor_payable_minor = opening->payable_minor;
    row->floor_residue_minor = opening->residue_minor;
    row->floor_received_minor = received_before(rows, account);
    CHECK(workload_parties(rows->workload, account, row->mapping_id, &row->parties));
}

/* Done, and as often undone or reversed, or not: what an outcome adds to its step's count. */
static int way_of(const struct record *r)
{
    uint8_t state = r->outcome.state;
    bool is_done = state == OUTCOME_ACCEPTED || state == OUTCOME_POSTED || state == OUTCOME_BY_HAND;
    if (r->kind == TRANSFER_UNDO)
        return is_done ? -1 : 0;
    if (state == OUTCOME_REVERSED)
        return -1;
    return is_done || state == OUTCOME_SKIPPED || state == OUTCOME_DEPOSITED ? 1 : 0;
}

static void show_outcome(const struct record *record, struct load_row *row)
{
    const struct record *r = record;
    if (r->outcome.seq > row->outcome_seq)
        row->outcome_seq = r->outcome.seq;
    if (r->outcome.state == OUTCOME_ACCEPTED && r->kind == TRANSFER_NORMAL &&
        r->generation > row->accepted_generation[r->step])
        row->accepted_generation[r->step] = r->generation;
    if (r->outcome.state == OUTCOME_DEPOSITED)
        row->deposit_minor = r->outcome.amount_minor;
    if (r->outcome.state == OUTCOME_SHORT && row->seen_minor < 0)
        row->seen_minor = r->outcome.amount_minor;
    if (r->outcome.state == OUTCOME_RAISED) {
        row->floor_payable_minor += r->outcome.amount_minor;
        row->floor_residue_minor += r->outcome.residue_minor;
    }
    row->is_compensating |= r->outcome.state == OUTCOME_COMPENSATING;
}

static void show_outcomes(const struct store_rows *rows, uint32_t account, struct load_row *row)
{
    int ways[STEP_CLOSING + 1] = {0};
    bool by_hand[STEP_CLOSING + 1] = {false};
    EACH_RECORD(rows, account, at)
    {
        const struct record *r = record_at(rows, at);
        if (r->record_kind != RECORD_OUTCOME)
            continue;
        show_outcome(r, row);
        ways[r->step] += way_of(r);
        by_hand[r->step] |= r->outcome.state == OUTCOME_BY_HAND && r->kind == TRANSFER_NORMAL;
    }
    for (uint8_t step = STEP_DEPOSIT; step < STEP_CLOSING; step++) {
        row->done_steps |= (uint8_t)((ways[step] > 0) << step);
        if (by_hand[step])
            row->accepted_generation[step] = 0;
    }
}

static bool is_about(const struct record *r, const struct record *intent)
{
    return r->step == intent->step && r->kind == intent->kind &&
           r->generation == intent->generation;
}

static bool is_of_transfer(uint8_t state)
{
    return state < OUTCOME_POSTED || state == OUTCOME_REJECTED_PERSON;
}

/* The newest intent, and what belongs to it; everything of it was written after it. */
static void show_transfer(const struct store_rows *rows, uint32_t account,
                          struct load_transfer *transfer)
{
    const struct record *intent = store_rows_intent(rows, account);
    if (intent == NULL)
        return;
    *transfer = (struct load_transfer){.step = intent->step,
                                       .kind = intent->kind,
                                       .generation = intent->generation,
                                       .amount_minor = intent->intent.amount_minor,
                                       .intended_at_us = intent->intent.intended_at_us,
                                       .send_before_us = intent->intent.send_before_us};
    EACH_RECORD(rows, account, at)
    {
        const struct record *r = record_at(rows, at);
        if (r == intent) {
            transfer->body_digest = rows->records[at - 1].body_digest;
            return;
        }
        if (!is_about(r, intent))
            continue;
        if (r->record_kind == RECORD_ATTEMPT) {
            transfer->attempts++;
            if (r->attempt.send_before_us > transfer->send_before_us)
                transfer->send_before_us = r->attempt.send_before_us;
        }
        if (r->record_kind == RECORD_OUTCOME && transfer->state == 0 &&
            is_of_transfer(r->outcome.state)) {
            transfer->state = r->outcome.state;
            transfer->decided_at_us = r->outcome.at_us;
        }
    }
}

void store_rows_show(const struct store_rows *rows, uint32_t account, enum load_scope scope,
                     struct load_row *row)
{
    *row = (struct load_row){.settlement_id = workload_settlement(rows->workload, account),
                             .seen_minor = -1};
    row->state = rows->openings[account].is_open ? LOAD_STATE_OPEN : LOAD_STATE_BLOCKED;
    show_plan(rows, account, row);
    show_outcomes(rows, account, row);
    show_transfer(rows, account, &row->transfer);
    // A fresh one's page looks at its newest outcome alone.
    if ((scope == LOAD_FRESH || scope == LOAD_AGAIN) && !store_rows_is_short(rows, account))
        row->seen_minor = -1;
}

void store_rows_tally(const struct store_rows *rows, struct store_tally *tally)
{
    tally->records = rows->count;
    for (uint32_t i = 0; i < workload_total(rows->workload); i++) {
        enum store_place place = store_rows_place(rows, i);
        const struct record *end = store_rows_end(rows, i);
        uint8_t state = end == NULL ? 0 : end->outcome.state;
        tally->blocked += place == STORE_FRESH && !rows->openings[i].is_open;
        tally->parked += place == STORE_PARKED;
        tally->under_way += place == STORE_UNDER_WAY;
        tally->is_short += place == STORE_FRESH && store_rows_is_short(rows, i);
        tally->settled += state == OUTCOME_SETTLED;
        tally->compensated += state == OUTCOME_COMPENSATED;
        tally->returned += state == OUTCOME_RETURNED;
        tally->superseded += state == OUTCOME_SUPERSEDED;
        tally->written_off += state == OUTCOME_WRITTEN_OFF;
    }
}
