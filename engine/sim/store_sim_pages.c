/* store_sim_pages: what a page shows, as of the instant at which it is read. */
#include <stdlib.h>
#include <string.h>

#include "sim/store_sim_state.h"

void store_sim_load(struct store_sim *store, uint32_t engine, const struct store_load *load)
{
    struct page *page = &store->sessions[engine].page;
    CHECK(!page->is_used && load->row_max >= 1 && load->row_max <= LOAD_ROWS_MAX);
    CHECK(load->scope != LOAD_AGAIN || load->position_count <= load->row_max);
    page->is_used = true;
    page->load = *load;
    if (load->scope == LOAD_AGAIN)
        memcpy(page->positions, load->positions, load->position_count * sizeof(uint32_t));
    page->load.positions = page->positions;
    page->asked_at_ns = store_now(store);
    if (page->rows == NULL)
        page->rows = calloc(LOAD_ROWS_MAX, sizeof(*page->rows));
    CHECK(page->rows != NULL);
    if (store->sessions[engine].is_ended && prng_chance(&store->prng.takeovers, 1, 2))
        store_tell_lost(store, engine);
    else
        store_plan(store, engine, store_delay(store), HAPPENING_READ, 0);
}

/* Pages of those without a deposit open them: a plain INSERT of the same statement. */
static void open_account(struct store_sim *store, uint32_t account)
{
    if (!store_rows_open(&store->rows, account))
        return;
    const struct opening *opening = &store->rows.openings[account];
    struct audited_floor floor = {.follows = opening->follows,
                                  .held_minor = opening->held_minor,
                                  .payable_minor = opening->payable_minor,
                                  .residue_minor = opening->residue_minor};
    auditor_opened(store->config.auditor, account, &floor);
}

static void show(struct store_sim *store, struct page *page, uint32_t account)
{
    if (page->load.scope != LOAD_UNDER_WAY)
        open_account(store, account);
    store_rows_show(&store->rows, account, page->load.scope, &page->rows[page->row_count++]);
}

/* Requests in their order; their settlements are opened, where that is possible. */
static void read_requested(struct store_sim *store, struct page *page,
                           const struct session *session)
{
    const struct store_requests *requests = &store->rows.requests;
    uint64_t id = page->load.after_request;
    while ((id = store_requests_next(&store->rows, session->month, session->partition, id)) != 0) {
        if (page->row_count == page->load.row_max)
            return;
        uint32_t account = store_requests_at(requests, id)->account;
        if (account != UINT32_MAX)
            open_account(store, account);
        store_requests_show(&store->rows, id, session->partition, &page->rows[page->row_count++]);
    }
    page->at_end = page->row_count < page->load.row_max || prng_chance(&store->prng.pages, 1, 2);
}

/* The account at that position of the session's partition, UINT32_MAX: none. */
static uint32_t account_at(const struct store_sim *store, const struct session *session,
                           uint32_t position)
{
    return workload_at(store->config.workload, session->month, session->partition, position);
}

static void read_listed(struct store_sim *store, struct page *page, const struct session *session)
{
    for (uint32_t i = 0; i < page->load.position_count; i++) {
        uint32_t account = account_at(store, session, page->positions[i]);
        CHECK(account != UINT32_MAX);
        if (store_rows_place(&store->rows, account) == STORE_FRESH)
            show(store, page, account);
    }
}

static void read_in_order(struct store_sim *store, struct page *page, const struct session *session)
{
    bool is_fresh = page->load.scope == LOAD_FRESH;
    enum store_place wanted = is_fresh ? STORE_FRESH : STORE_UNDER_WAY;
    uint32_t way = is_fresh ? 1 : UINT32_MAX; // down
    uint32_t position = page->load.after_position + way, last = store->config.workload->count;
    for (; position >= 1 && position <= last; position += way) {
        uint32_t account = account_at(store, session, position);
        if (account == UINT32_MAX || store_rows_place(&store->rows, account) != wanted)
            continue;
        if (page->row_count == page->load.row_max)
            return;
        show(store, page, account);
    }
    // A page that is just full may or may not know that nothing comes after it.
    page->at_end = page->row_count < page->load.row_max || prng_chance(&store->prng.pages, 1, 2);
}

static enum status read_status(struct store_sim *store, const struct session *session)
{
    if (store_draws(&store->prng.pages, store->config.swarm->store_busy))
        return STATUS_STORE_BUSY;
    if (store_is_shut(store) && session->page.load.scope != LOAD_UNDER_WAY)
        return STATUS_STORE_BUSY;
    uint32_t epoch = store->heads[session->month][session->partition].epoch;
    return session->epoch == epoch ? STATUS_OK : STATUS_STORE_FENCED;
}

void store_pages_read(struct store_sim *store, uint32_t engine)
{
    struct session *session = &store->sessions[engine];
    struct page *page = &session->page;
    page->row_count = 0;
    page->at_end = false;
    page->db_now_us = world_db_now_us(store->config.world);
    page->status = read_status(store, session);
    if (page->status == STATUS_OK && page->load.scope == LOAD_REQUESTED)
        read_requested(store, page, session);
    else if (page->status == STATUS_OK && page->load.scope == LOAD_AGAIN)
        read_listed(store, page, session);
    else if (page->status == STATUS_OK)
        read_in_order(store, page, session);
    bool is_lost = store_draws(&store->prng.pages, store->config.swarm->store_load_lost);
    store_plan(store, engine, store_delay(store), is_lost ? HAPPENING_LOST : HAPPENING_LOADED, 0);
}

bool store_pages_loaded(struct page *page, struct event *event)
{
    page->is_used = false;
    *event = (struct event){.kind = EVENT_STORE_LOADED,
                            .store_loaded = {.scope = page->load.scope,
                                             .status = page->status,
                                             .at_end = page->at_end,
                                             .rows = page->rows,
                                             .row_count = page->row_count},
                            .time = store_time_of(page->db_now_us, page->asked_at_ns)};
    return true;
}
