#include "real/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/failpoint.h"
#include "base/time.h"
#include "real/pg.h"
#include "real/store_chunk.h"
#include "real/store_load.h"

_Static_assert(STORE_ERROR_BYTES == PG_ERROR_BYTES, "one size of error text");

struct store {
    struct store_config config;
    struct store_chunk chunk;
    struct store_pages pages;
    /* A session is lost: nothing more is sent, what is commanded is answered as lost. */
    bool gone;
    bool gone_told;
    uint32_t chunk_number;
    char error[STORE_ERROR_BYTES];
};

static enum status open_sessions(struct store *store, char error[STORE_ERROR_BYTES])
{
    char name[64];
    snprintf(name, sizeof(name), "daybook:%u:%u", store->config.batch_id, store->config.epoch);
    enum status status =
        pg_open(store->config.conninfo, name, store->config.answer_ns, &store->chunk.conn, error);
    FAILPOINT(store_session);
    if (status == STATUS_OK)
        status = pg_open(store->config.conninfo, name, store->config.answer_ns, &store->pages.conn,
                         error);
    if (status == STATUS_OK)
        status = store_pages_prepare(&store->pages, error);
    FAILPOINT(store_opened);
    return status;
}

struct store *store_open(const struct store_config *config, char error[STORE_ERROR_BYTES])
{
    CHECK(config->bank_count > 0 && config->bank_count <= BANKS_MAX);
    CHECK(config->partition < PARTITIONS_MAX && config->hash != NULL);
    struct store *store = calloc(1, sizeof(*store));
    CHECK(store != NULL);
    store->config = *config;
    store->chunk.config = &store->config;
    store->pages.config = &store->config;
    store->pages.rows = calloc(LOAD_ROWS_MAX, sizeof(struct load_row));
    CHECK(store->pages.rows != NULL);
    error[0] = 0;
    if (open_sessions(store, error) != STATUS_OK) {
        store_close(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    PQfinish(store->chunk.conn);
    PQfinish(store->pages.conn);
    free(store->pages.rows);
    free(store);
}

void store_load(struct store *store, const struct store_load *load, uint64_t now_ns)
{
    store_pages_begin(&store->pages, load, now_ns);
}

void store_chunk(struct store *store, const struct chunk *chunk, uint64_t now_ns)
{
    CHECK(chunk->batch_id == store->config.batch_id);
    CHECK(chunk->partition == store->config.partition && chunk->epoch == store->config.epoch);
    store->chunk_number = chunk->number;
    store_chunk_begin(&store->chunk, chunk, now_ns);
}

static struct store_wait wait_of(PGconn *conn, bool busy, bool writable_wanted)
{
    if (!busy)
        return (struct store_wait){.fd = -1};
    return (struct store_wait){.fd = PQsocket(conn), .readable = true, .writable = writable_wanted};
}

void store_waits(const struct store *store, struct store_wait waits[2])
{
    waits[0] = wait_of(store->chunk.conn, store->chunk.state != STORE_CHUNK_IDLE,
                       store->chunk.writable_wanted);
    waits[1] = wait_of(store->pages.conn, store->pages.busy, store->pages.writable_wanted);
}

/* A stopped server process, or a wire that was cut, answers no time-out of the server's own. */
static bool is_overdue(const struct store *store, uint64_t asked_at_ns, uint64_t now_ns)
{
    return now_ns >= asked_at_ns + store->config.answer_ns;
}

static uint32_t turn_chunk(struct store *store, struct event *event, uint64_t now_ns)
{
    enum status status = STATUS_OK;
    if (store->chunk.state == STORE_CHUNK_IDLE)
        return 0;
    if (!store_chunk_turn(&store->chunk, &status, store->error)) {
        if (!is_overdue(store, store->chunk.time.asked_at_ns, now_ns))
            return 0;
        status = store_chunk_give_up(&store->chunk, store->error);
    }
    FAILPOINT(chunk_written);
    store->gone = store->gone || status == STATUS_STORE_LOST;
    *event = (struct event){
        .kind = EVENT_STORE_WRITTEN,
        .store_written = {.status = status, .number = store->chunk_number},
        .time = store->chunk.time,
    };
    if (event->time.db_now_us == 0)
        event->time.asked_at_ns = 0;
    return 1;
}

static uint32_t turn_pages(struct store *store, struct event *event, uint64_t now_ns)
{
    struct store_pages *pages = &store->pages;
    if (!pages->busy)
        return 0;
    if (!store_pages_turn(pages, store->error)) {
        if (!is_overdue(store, pages->time.asked_at_ns, now_ns))
            return 0;
        snprintf(store->error, sizeof(store->error), "no answer to a page of settlements");
        pg_give_up(pages->conn);
        pages->status = STATUS_STORE_LOST;
        pages->row_count = 0;
        pages->busy = false;
    }
    FAILPOINT(page_read);
    store->gone = store->gone || pages->status == STATUS_STORE_LOST;
    *event = (struct event){
        .kind = EVENT_STORE_LOADED,
        .store_loaded = {.scope = pages->load.scope,
                         .status = pages->status,
                         .at_end = pages->at_end,
                         .rows = pages->rows,
                         .row_count = pages->row_count},
        .time = pages->time,
    };
    return 1;
}

uint32_t store_turn(struct store *store, struct event *events, uint64_t now_ns)
{
    uint32_t count = turn_chunk(store, events, now_ns);
    count += turn_pages(store, events + count, now_ns);
    if (store->gone && !store->gone_told) {
        store->gone_told = true;
        events[count++] = (struct event){.kind = EVENT_STORE_GONE, .store_gone = STATUS_STORE_LOST};
    }
    return count;
}

uint64_t store_next_at(const struct store *store)
{
    uint64_t at_ns = AT_NEVER;
    if (store->chunk.state != STORE_CHUNK_IDLE)
        at_ns = store->chunk.time.asked_at_ns + store->config.answer_ns;
    if (store->pages.busy && store->pages.time.asked_at_ns + store->config.answer_ns < at_ns)
        at_ns = store->pages.time.asked_at_ns + store->config.answer_ns;
    return at_ns;
}

const char *store_error(const struct store *store)
{
    return store->error;
}
