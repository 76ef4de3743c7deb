#include "sim/store_requests.h"

#include <stdlib.h>
#include <string.h>

#include "sim/store_rows.h"

void store_requests_deinit(struct store_requests *requests)
{
    free(requests->items);
}

uint64_t store_requests_add(struct store_requests *requests, const struct stored_request *request)
{
    if (requests->count == requests->capacity) {
        requests->capacity = 2 * requests->capacity + 64;
        requests->items = realloc(requests->items, requests->capacity * sizeof(*requests->items));
        CHECK(requests->items != NULL);
    }
    CHECK(request->after <= requests->count);
    struct stored_request *added = &requests->items[requests->count++];
    *added = *request;
    added->request.id = requests->count;
    added->decision = 0;
    return requests->count;
}

const struct stored_request *store_requests_at(const struct store_requests *requests, uint64_t id)
{
    CHECK(id >= 1 && id <= requests->count);
    return &requests->items[id - 1];
}

static bool is_for(const struct store_rows *rows, const struct stored_request *request,
                   uint32_t partition)
{
    if (request->account == UINT32_MAX)
        return (request->decided_in >> partition & 1) == 0;
    uint64_t id = workload_settlement(rows->workload, request->account);
    return request->decision == 0 && settlement_partition(id) == partition;
}

uint64_t store_requests_next(const struct store_rows *rows, uint32_t month, uint32_t partition,
                             uint64_t above)
{
    const struct store_requests *requests = &rows->requests;
    for (uint64_t id = above + 1; id <= requests->count; id++) {
        const struct stored_request *request = store_requests_at(requests, id);
        bool is_its_turn =
            request->after == 0 || store_requests_at(requests, request->after)->decision != 0;
        if (request->month == month && is_for(rows, request, partition) && is_its_turn)
            return id;
    }
    return 0;
}

bool store_requests_has_open(const struct store_requests *requests, uint32_t account)
{
    for (uint32_t i = 0; i < requests->count; i++)
        if (requests->items[i].account == account && requests->items[i].decision == 0)
            return true;
    return false;
}

void store_requests_decide(struct store_requests *requests, uint64_t id, uint32_t partition,
                           uint8_t state)
{
    CHECK(id >= 1 && id <= requests->count);
    requests->items[id - 1].decision = state;
    requests->items[id - 1].decided_in |= 1U << partition;
}

/* ---- a page's row ---------------------------------------------------------------------------- */

static void show_place(const struct store_rows *rows, uint32_t account, struct load_row *row)
{
    static const uint8_t places[] = {[STORE_FRESH] = LOAD_PLACE_FRESH,
                                     [STORE_UNDER_WAY] = LOAD_PLACE_UNDER_WAY,
                                     [STORE_PARKED] = LOAD_PLACE_PARKED,
                                     [STORE_ENDED] = LOAD_PLACE_ENDED};
    const struct record *end = store_rows_end(rows, account);
    row->place = places[store_rows_place(rows, account)];
    if (row->place == LOAD_PLACE_PARKED)
        memcpy(row->park_code, store_rows_newest(rows, account)->outcome.text.code,
               sizeof(row->park_code));
    row->fee_minor = store_rows_fee(rows, account);
    if (end != NULL) {
        row->end_state = end->outcome.state;
        row->end_held_minor = end->outcome.held_minor;
        row->end_payable_minor = end->outcome.amount_minor;
        row->end_residue_minor = end->outcome.residue_minor;
    }
    uint32_t later = store_rows_later(rows, account);
    if (later != UINT32_MAX)
        row->later = store_rows_end(rows, later) == NULL ? LOAD_LATER_OPEN : LOAD_LATER_ENDED;
}

void store_rows_look(const struct store_rows *rows, uint32_t account, struct load_row *row)
{
    store_rows_show(rows, account, LOAD_REQUESTED, row);
    show_place(rows, account, row);
}

void store_requests_show(const struct store_rows *rows, uint64_t id, uint32_t partition,
                         struct load_row *row)
{
    const struct stored_request *request = store_requests_at(&rows->requests, id);
    if (request->account == UINT32_MAX) {
        *row = (struct load_row){.settlement_id =
                                     settlement_id(WORKLOAD_BATCH + request->month, partition, 0)};
    } else {
        store_rows_look(rows, request->account, row);
    }
    row->request = request->request;
    row->request.is_off =
        request->after != 0 &&
        store_requests_at(&rows->requests, request->after)->decision != DECISION_DONE;
    if (row->request.mapping_id != 0)
        CHECK(workload_parties(rows->workload, request->account, row->request.mapping_id,
                               &row->request.parties));
}
