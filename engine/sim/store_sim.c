#include "sim/store_sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "base/time.h"
#include "sim/store_rows.h"

/* A chunk under way. It outlives its engine. */
struct ticket {
    bool is_used;
    uint32_t incarnation;
    enum chunk_fate fate;
    bool is_decided; /* applied or refused; only its answer is still to come */
    struct chunk chunk;
    struct record *records;
    struct digest *digests;
    uint32_t capacity;
    uint64_t asked_at_ns;
    enum status status; /* once applied */
    int64_t db_now_us;
};

struct page {
    bool is_used;
    struct store_load load;
    uint32_t positions[LOAD_ROWS_MAX];
    struct load_row *rows;
    uint32_t row_count;
    bool at_end;
    enum status status;
    uint64_t asked_at_ns;
    int64_t db_now_us;
};

#define TICKETS_MAX 8U

struct store_sim {
    struct store_sim_config config;
    struct prng prng;
    struct store_rows rows;
    struct ticket tickets[TICKETS_MAX];
    struct page page;
    uint32_t incarnation;
    bool is_gone; /* the present engine's sessions are broken */
    uint64_t beat_asked_ns;
    uint32_t chunks_asked;

    /* the head row */
    uint32_t epoch, number;
    struct digest hash;
};

static bool happens(struct store_sim *store, uint64_t in_a_million)
{
    return prng_chance(&store->prng, (uint32_t)in_a_million, SWARM_MILLION);
}

static uint64_t delay(struct store_sim *store)
{
    const struct swarm *swarm = store->config.swarm;
    uint64_t most =
        happens(store, swarm->store_slow) ? swarm->store_slow_ns : swarm->store_delay_ns;
    return prng_between(&store->prng, 0, most);
}

/* Which incarnation a happening belongs to, and what of it. */
static uint64_t what(const struct store_sim *store, uint32_t part)
{
    return (uint64_t)store->incarnation << 32 | part;
}

static void plan(struct store_sim *store, uint64_t delay_ns, enum happening_kind kind,
                 uint32_t part)
{
    struct world *world = store->config.world;
    world_plan(world, world->now_ns + delay_ns, kind, what(store, part));
}

struct store_sim *store_sim_open(const struct store_sim_config *config)
{
    struct store_sim *store = calloc(1, sizeof(*store));
    CHECK(store != NULL);
    store->config = *config;
    store->prng = prng_split(config->seed, "store");
    store_rows_init(&store->rows, config->workload);
    store->page.rows = calloc(LOAD_ROWS_MAX, sizeof(*store->page.rows));
    CHECK(store->page.rows != NULL);
    return store;
}

void store_sim_close(struct store_sim *store)
{
    for (uint32_t i = 0; i < TICKETS_MAX; i++) {
        free(store->tickets[i].records);
        free(store->tickets[i].digests);
    }
    free(store->page.rows);
    store_rows_deinit(&store->rows);
    free(store);
}

/* ---- chunks ---------------------------------------------------------------------------------- */

static struct ticket *take_ticket(struct store_sim *store, uint32_t record_count)
{
    uint32_t at = 0;
    while (store->tickets[at].is_used)
        CHECK(++at < TICKETS_MAX);
    struct ticket *ticket = &store->tickets[at];
    if (ticket->capacity < record_count) {
        ticket->capacity = record_count;
        ticket->records = realloc(ticket->records, record_count * sizeof(*ticket->records));
        ticket->digests = realloc(ticket->digests, record_count * sizeof(*ticket->digests));
        CHECK(ticket->records != NULL && ticket->digests != NULL);
    }
    return ticket;
}

static struct digest body_digest(struct store_sim *store, const struct record *record)
{
    struct transfer_order order = {.settlement_id = record->settlement_id,
                                   .key = record->intent.key,
                                   .amount_minor = record->intent.amount_minor,
                                   .step = record->step,
                                   .kind = record->kind,
                                   .generation = record->generation};
    return profile_body_digest(store->config.profile, store->config.hash, &order,
                               record->intent.parties);
}

static void fill_ticket(struct store_sim *store, struct ticket *ticket, const struct chunk *chunk)
{
    ticket->is_used = true;
    ticket->is_decided = false;
    ticket->incarnation = store->incarnation;
    ticket->chunk = *chunk;
    ticket->chunk.records = ticket->records;
    ticket->asked_at_ns = store->config.world->now_ns;
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        ticket->records[i] = chunk->records[i];
        if (chunk->records[i].record_kind == RECORD_INTENT)
            ticket->digests[i] = body_digest(store, &chunk->records[i]);
        else
            ticket->digests[i] = (struct digest){0};
    }
}

static enum chunk_fate decide(struct store_sim *store, const struct chunk *chunk)
{
    const struct swarm *swarm = store->config.swarm;
    store->chunks_asked++;
    if (store->config.decide != NULL)
        return store->config.decide(store->config.context, chunk, store->chunks_asked);
    if (happens(store, swarm->store_busy))
        return CHUNK_BUSY;
    if (happens(store, swarm->store_lost_before))
        return CHUNK_LOST_BEFORE;
    return happens(store, swarm->store_lost_after) ? CHUNK_LOST_AFTER : CHUNK_GOOD;
}

void store_sim_chunk(struct store_sim *store, const struct chunk *chunk)
{
    auditor_writes(store->config.auditor, chunk);
    for (uint32_t i = 0; i < TICKETS_MAX; i++) // at most one outstanding
        CHECK(!store->tickets[i].is_used || store->tickets[i].incarnation != store->incarnation);
    struct ticket *ticket = take_ticket(store, chunk->record_count);
    fill_ticket(store, ticket, chunk);
    ticket->fate = decide(store, chunk);
    plan(store, delay(store), HAPPENING_COMMIT, (uint32_t)(ticket - store->tickets));
}

static enum status apply(struct store_sim *store, const struct ticket *ticket)
{
    const struct chunk *chunk = &ticket->chunk;
    if (chunk->epoch != store->epoch)
        return STATUS_STORE_FENCED;
    if (chunk->number == store->number)
        return memcmp(&chunk->hash, &store->hash, sizeof(store->hash)) == 0 ? STATUS_STORE_ALREADY
                                                                            : STATUS_STORE_DIFFERS;
    if (chunk->number != store->number + 1)
        return STATUS_STORE_BROKEN;
    if (store_rows_clash(&store->rows, chunk->records, chunk->record_count))
        return STATUS_STORE_TWICE;
    store_rows_append(&store->rows, chunk->records, ticket->digests, chunk->record_count);
    store->number = chunk->number;
    store->hash = chunk->hash;
    auditor_committed(store->config.auditor, chunk);
    return STATUS_OK;
}

static void commit(struct store_sim *store, struct ticket *ticket)
{
    if (ticket->fate == CHUNK_BUSY)
        ticket->status = STATUS_STORE_BUSY;
    else if (ticket->fate != CHUNK_LOST_BEFORE)
        ticket->status = apply(store, ticket);
    ticket->db_now_us = world_db_now_us(store->config.world);
}

static void on_commit(struct store_sim *store, uint32_t at)
{
    struct ticket *ticket = &store->tickets[at];
    commit(store, ticket);
    ticket->is_decided = true;
    bool is_lost = ticket->fate == CHUNK_LOST_BEFORE || ticket->fate == CHUNK_LOST_AFTER;
    bool is_waited_for = ticket->incarnation == store->incarnation;
    if (is_waited_for)
        plan(store, delay(store), is_lost ? HAPPENING_LOST : HAPPENING_WRITTEN, at);
    ticket->is_used = is_waited_for && !is_lost;
}

static struct store_time time_of(int64_t db_now_us, uint64_t asked_at_ns)
{
    return (struct store_time){.db_now_us = db_now_us, .asked_at_ns = asked_at_ns};
}

static bool gone(struct store_sim *store, struct event *event)
{
    store->is_gone = true;
    *event = (struct event){.kind = EVENT_STORE_GONE, .store_gone = STATUS_STORE_LOST};
    return true;
}

static bool on_written(struct store_sim *store, uint32_t at, struct event *event)
{
    struct ticket *ticket = &store->tickets[at];
    ticket->is_used = false;
    *event = (struct event){.kind = EVENT_STORE_WRITTEN,
                            .store_written = {ticket->status, ticket->chunk.number},
                            .time = time_of(ticket->db_now_us, ticket->asked_at_ns)};
    return true;
}

/* ---- pages ----------------------------------------------------------------------------------- */

void store_sim_load(struct store_sim *store, const struct store_load *load)
{
    struct page *page = &store->page;
    CHECK(!page->is_used && load->row_max >= 1 && load->row_max <= LOAD_ROWS_MAX);
    CHECK(load->scope != LOAD_AGAIN || load->position_count <= load->row_max);
    page->is_used = true;
    page->load = *load;
    if (load->scope == LOAD_AGAIN)
        memcpy(page->positions, load->positions, load->position_count * sizeof(uint32_t));
    page->load.positions = page->positions;
    page->asked_at_ns = store->config.world->now_ns;
    plan(store, delay(store), HAPPENING_READ, 0);
}

static void show(struct store_sim *store, uint32_t account)
{
    struct page *page = &store->page;
    store_rows_show(&store->rows, account, &page->rows[page->row_count++]);
}

static void read_listed(struct store_sim *store)
{
    struct page *page = &store->page;
    for (uint32_t i = 0; i < page->load.position_count; i++) {
        uint32_t position = page->positions[i];
        CHECK(position >= 1 && position <= store->config.workload->count);
        if (store_rows_place(&store->rows, position - 1) == STORE_FRESH)
            show(store, position - 1);
    }
}

static void read_in_order(struct store_sim *store)
{
    struct page *page = &store->page;
    enum store_place wanted = page->load.scope == LOAD_FRESH ? STORE_FRESH : STORE_UNDER_WAY;
    uint32_t account = page->load.after_position; // of the position after it
    for (; account < store->config.workload->count; account++) {
        if (store_rows_place(&store->rows, account) != wanted)
            continue;
        if (page->row_count == page->load.row_max)
            return;
        show(store, account);
    }
    // A page that is just full may or may not know that nothing comes after it.
    page->at_end = page->row_count < page->load.row_max || prng_chance(&store->prng, 1, 2);
}

static void on_read(struct store_sim *store)
{
    struct page *page = &store->page;
    page->row_count = 0;
    page->at_end = false;
    page->db_now_us = world_db_now_us(store->config.world);
    page->status = happens(store, store->config.swarm->store_busy) ? STATUS_STORE_BUSY : STATUS_OK;
    if (page->status != STATUS_OK)
        page->row_count = 0;
    else if (page->load.scope == LOAD_AGAIN)
        read_listed(store);
    else
        read_in_order(store);
    bool is_lost = happens(store, store->config.swarm->store_load_lost);
    plan(store, delay(store), is_lost ? HAPPENING_LOST : HAPPENING_LOADED, 0);
}

static bool on_loaded(struct store_sim *store, struct event *event)
{
    struct page *page = &store->page;
    page->is_used = false;
    *event = (struct event){.kind = EVENT_STORE_LOADED,
                            .store_loaded = {.scope = page->load.scope,
                                             .status = page->status,
                                             .at_end = page->at_end,
                                             .rows = page->rows,
                                             .row_count = page->row_count},
                            .time = time_of(page->db_now_us, page->asked_at_ns)};
    return true;
}

/* ---- the control session --------------------------------------------------------------------- */

static void plan_beat(struct store_sim *store)
{
    const struct swarm *swarm = store->config.swarm;
    struct world *world = store->config.world;
    store->beat_asked_ns = world->now_ns + swarm->store_beat_ns;
    uint64_t late_ns = happens(store, swarm->store_beat_late) ? swarm->store_slow_ns : 0;
    bool is_lost = happens(store, swarm->store_beat_lost);
    plan(store,
         swarm->store_beat_ns + late_ns + prng_between(&store->prng, 0, swarm->store_delay_ns),
         is_lost ? HAPPENING_LOST : HAPPENING_BEAT, 0);
}

static bool on_beat(struct store_sim *store, struct event *event)
{
    *event =
        (struct event){.kind = EVENT_STORE_ALIVE,
                       .time = time_of(world_db_now_us(store->config.world), store->beat_asked_ns)};
    plan_beat(store);
    return true;
}

/* ---- engines come and go --------------------------------------------------------------------- */

void store_sim_drop(struct store_sim *store)
{
    store->incarnation++;
    store->is_gone = false;
    store->page.is_used = false;
    for (uint32_t i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &store->tickets[i];
        // What had not left yet is lost; the rest goes its way.
        if (ticket->is_used && !ticket->is_decided && prng_chance(&store->prng, 1, 3))
            ticket->fate = CHUNK_LOST_BEFORE;
    }
}

/* What the takeover does to chunks that are still under way: their backends end, having committed
   or not; one may even come to the head after the epoch was raised. */
static void end_tickets(struct store_sim *store)
{
    for (uint32_t i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &store->tickets[i];
        if (!ticket->is_used || ticket->is_decided)
            continue;
        uint64_t drawn = prng_below(&store->prng, 3);
        if (drawn == 0)
            commit(store, ticket);
        if (drawn <= 1)
            ticket->fate = CHUNK_LOST_BEFORE;
    }
}

void store_sim_claim(struct store_sim *store, struct settle_start *start)
{
    struct world *world = store->config.world;
    end_tickets(store);
    store->epoch++;
    *start = (struct settle_start){.batch_id = WORKLOAD_BATCH,
                                   .partition = 0,
                                   .epoch = store->epoch,
                                   .chunk = store->number,
                                   .hash = store->hash,
                                   .accounts = store->config.workload->count,
                                   .time = time_of(world_db_now_us(world), world->now_ns)};
    plan_beat(store);
}

bool store_sim_happen(struct store_sim *store, const struct happening *happening,
                      struct event *event)
{
    uint32_t at = (uint32_t)happening->what;
    bool is_present = happening->what >> 32 == store->incarnation && !store->is_gone;
    if (happening->kind == HAPPENING_COMMIT) {
        on_commit(store, at); // of whatever incarnation
        return false;
    }
    if (!is_present) {
        if (happening->kind == HAPPENING_WRITTEN)
            store->tickets[at].is_used = false;
        return false;
    }
    if (happening->kind == HAPPENING_READ) {
        on_read(store);
        return false;
    }
    if (happening->kind == HAPPENING_WRITTEN)
        return on_written(store, at, event);
    if (happening->kind == HAPPENING_LOADED)
        return on_loaded(store, event);
    if (happening->kind == HAPPENING_BEAT)
        return on_beat(store, event);
    CHECK(happening->kind == HAPPENING_LOST);
    return gone(store, event);
}

struct store_tally store_sim_tally(const struct store_sim *store)
{
    struct store_tally tally = {.records = store->rows.count, .chunks = store->number};
    for (uint32_t i = 0; i < store->config.workload->count; i++) {
        enum store_place place = store_rows_place(&store->rows, i);
        tally.blocked += store->config.workload->accounts[i].is_blocked;
        tally.settled += place == STORE_ENDED;
        tally.parked += place == STORE_PARKED;
        tally.under_way += place == STORE_UNDER_WAY;
        tally.is_short += place == STORE_FRESH && store_rows_is_short(&store->rows, i);
    }
    return tally;
}
