#include "sim/store_sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/sin.h"
#include "base/time.h"
#include "sim/store_sim_state.h"

#define GONE_WITHIN_NS (15 * NS_PER_S) /* keepalives tell of a session that was ended elsewhere */

static uint32_t part_of(const struct happening *happening)
{
    return (uint32_t)happening->what & 0xffff;
}

uint32_t store_sim_engine(const struct happening *happening)
{
    return (uint32_t)happening->what >> 16;
}

struct store_sim *store_sim_open(const struct store_sim_config *config)
{
    struct store_sim *store = calloc(1, sizeof(*store));
    CHECK(store != NULL);
    store->config = *config;
    store->prng.delays = prng_split(config->seed, "store delays");
    store->prng.chunks = prng_split(config->seed, "store chunks");
    store->prng.pages = prng_split(config->seed, "store pages");
    store->prng.beats = prng_split(config->seed, "store beats");
    store->prng.takeovers = prng_split(config->seed, "store takeovers");
    store->prng.requests = prng_split(config->seed, "store requests");
    store_rows_init(&store->rows, config->workload);
    return store;
}

void store_sim_close(struct store_sim *store)
{
    for (uint32_t i = 0; i < TICKETS_MAX; i++) {
        free(store->tickets[i].records);
        free(store->tickets[i].digests);
    }
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        free(store->sessions[i].page.rows);
    store_rows_deinit(&store->rows);
    free(store);
}

static struct head *head_of(struct store_sim *store, const struct chunk *chunk)
{
    uint32_t month = chunk->batch_id - WORKLOAD_BATCH;
    CHECK(month < store->config.workload->months &&
          chunk->partition < store->config.workload->partitions);
    return &store->heads[month][chunk->partition];
}

/* ---- read-only, or out of space -------------------------------------------------------------- */

uint64_t store_sim_shut_until(const struct store_sim *store)
{
    return store->shut_until_ns;
}

static void draw_shut(struct store_sim *store)
{
    const struct swarm *swarm = store->config.swarm;
    if (!store_is_shut(store) && store_draws(&store->prng.chunks, swarm->store_shut))
        store->shut_until_ns =
            store_now(store) + prng_between(&store->prng.chunks, 1, swarm->store_shut_ns);
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

static void fill_ticket(struct store_sim *store, struct ticket *ticket, uint32_t engine,
                        const struct chunk *chunk)
{
    ticket->is_used = true;
    ticket->is_half = ticket->is_decided = false;
    ticket->engine = engine;
    ticket->incarnation = store->sessions[engine].incarnation;
    ticket->chunk = *chunk;
    ticket->chunk.records = ticket->records;
    ticket->asked_at_ns = store_now(store);
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
    struct prng *prng = &store->prng.chunks;
    store->chunks_asked++;
    if (store->config.decide != NULL)
        return store->config.decide(store->config.context, chunk, store->chunks_asked);
    draw_shut(store);
    if (store_draws(prng, swarm->store_busy))
        return CHUNK_BUSY;
    if (store_draws(prng, swarm->store_lost_before))
        return CHUNK_LOST_BEFORE;
    if (store_draws(prng, swarm->store_rolled_back))
        return CHUNK_ROLLED_BACK;
    return store_draws(prng, swarm->store_lost_after) ? CHUNK_LOST_AFTER : CHUNK_GOOD;
}

static bool is_waiting(const struct store_sim *store, const struct ticket *ticket)
{
    return ticket->is_used && ticket->incarnation == store->sessions[ticket->engine].incarnation;
}

void store_sim_chunk(struct store_sim *store, uint32_t engine, const struct chunk *chunk)
{
    auditor_writes(store->config.auditor, engine, chunk);
    for (uint32_t i = 0; i < TICKETS_MAX; i++) // at most one outstanding: n+1 only after n
        CHECK(store->tickets[i].engine != engine || !is_waiting(store, &store->tickets[i]));
    struct ticket *ticket = take_ticket(store, chunk->record_count);
    fill_ticket(store, ticket, engine, chunk);
    ticket->fate = decide(store, chunk);
    // A session that the takeover ended is lost; one that it missed still meets the epoch.
    if (store->sessions[engine].is_ended && prng_chance(&store->prng.takeovers, 1, 2))
        ticket->fate = CHUNK_LOST_BEFORE;
    store_plan(store, engine, store_delay(store), HAPPENING_COMMIT,
               (uint32_t)(ticket - store->tickets));
}

/* Of every second poisoned settlement the deposit cannot be written, of the others what the bank
   accepted: a byte that the column does not take. */
static bool is_poison(const struct store_sim *store, const struct chunk *chunk)
{
    const struct workload *workload = store->config.workload;
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *record = &chunk->records[i];
        if (settlement_position(record->settlement_id) == 0)
            continue;
        uint32_t index = workload_index(workload, record->settlement_id);
        uint8_t refused = index % 2 == 0 ? OUTCOME_ACCEPTED : OUTCOME_DEPOSITED;
        if (workload->accounts[index].is_poison && record->record_kind == RECORD_OUTCOME &&
            record->outcome.state == refused)
            return true;
    }
    return false;
}

/* Who asked hears what became of it. */
static void tell_decided(struct store_sim *store, const struct chunk *chunk)
{
    for (uint32_t i = 0; store->config.decided != NULL && i < chunk->record_count; i++)
        if (chunk->records[i].record_kind == RECORD_DECISION)
            store->config.decided(store->config.decided_context,
                                  chunk->records[i].decision.request_id);
}

static enum status apply(struct store_sim *store, const struct ticket *ticket)
{
    const struct chunk *chunk = &ticket->chunk;
    struct head *head = head_of(store, chunk);
    if (store_is_shut(store))
        return STATUS_STORE_BUSY;
    if (chunk->epoch != head->epoch && !SIN(no_epoch_check))
        return STATUS_STORE_FENCED;
    if (SIN(differing_is_done) && chunk->number <= head->number)
        return STATUS_STORE_ALREADY;
    if (chunk->number == head->number && !SIN(no_head_check))
        return memcmp(&chunk->hash, &head->hash, sizeof(head->hash)) == 0 ? STATUS_STORE_ALREADY
                                                                          : STATUS_STORE_DIFFERS;
    if (chunk->number != head->number + 1 && !SIN(no_head_check))
        return STATUS_STORE_BROKEN;
    if (is_poison(store, chunk))
        return STATUS_STORE_REFUSED;
    if (store_rows_clash(&store->rows, chunk->records, chunk->record_count))
        return STATUS_STORE_TWICE;
    store_rows_append(&store->rows, chunk->records, ticket->digests, chunk->record_count,
                      store_now(store));
    head->number = chunk->number;
    head->hash = chunk->hash;
    auditor_committed(store->config.auditor, chunk, store_now(store));
    tell_decided(store, chunk);
    return STATUS_OK;
}

static void commit(struct store_sim *store, struct ticket *ticket)
{
    switch (ticket->fate) {
    case CHUNK_BUSY:
        ticket->status = STATUS_STORE_BUSY;
        break;
    case CHUNK_ROLLED_BACK:
        ticket->status = STATUS_STORE_BROKEN;
        break;
    case CHUNK_LOST_BEFORE:
        break;
    case CHUNK_GOOD:
    case CHUNK_LOST_AFTER:
        ticket->status = apply(store, ticket);
        break;
    }
    ticket->db_now_us = world_db_now_us(store->config.world);
}

static void on_commit(struct store_sim *store, uint32_t at)
{
    struct ticket *ticket = &store->tickets[at];
    uint64_t frozen_until_ns = store->sessions[ticket->engine].frozen_until_ns;
    if (ticket->is_half && is_waiting(store, ticket) && store_now(store) < frozen_until_ns) {
        store_plan(store, ticket->engine, frozen_until_ns - store_now(store), HAPPENING_COMMIT, at);
        return;
    }
    commit(store, ticket);
    ticket->is_decided = true;
    bool is_lost = ticket->fate == CHUNK_LOST_BEFORE || ticket->fate == CHUNK_LOST_AFTER;
    bool is_waited_for = is_waiting(store, ticket);
    if (is_waited_for)
        store_plan(store, ticket->engine, store_delay(store),
                   is_lost ? HAPPENING_LOST : HAPPENING_WRITTEN, at);
    ticket->is_used = is_waited_for && !is_lost;
}

static bool gone(struct session *session, struct event *event)
{
    session->is_gone = true;
    *event = (struct event){.kind = EVENT_STORE_GONE, .store_gone = STATUS_STORE_LOST};
    return true;
}

static bool on_written(struct store_sim *store, uint32_t at, struct event *event)
{
    struct ticket *ticket = &store->tickets[at];
    ticket->is_used = false;
    *event = (struct event){.kind = EVENT_STORE_WRITTEN,
                            .store_written = {ticket->status, ticket->chunk.number},
                            .time = store_time_of(ticket->db_now_us, ticket->asked_at_ns)};
    return true;
}

/* ---- the control session --------------------------------------------------------------------- */

static void plan_beat(struct store_sim *store, uint32_t engine)
{
    const struct swarm *swarm = store->config.swarm;
    struct prng *prng = &store->prng.beats;
    store->sessions[engine].beat_asked_ns = store_now(store) + swarm->store_beat_ns;
    uint64_t late_ns = store_draws(prng, swarm->store_beat_late) ? swarm->store_slow_ns : 0;
    bool is_lost = store_draws(prng, swarm->store_beat_lost);
    store_plan(store, engine,
               swarm->store_beat_ns + late_ns + prng_between(prng, 0, swarm->store_delay_ns),
               is_lost ? HAPPENING_LOST : HAPPENING_BEAT, 0);
}

static bool on_beat(struct store_sim *store, uint32_t engine, struct event *event)
{
    struct session *session = &store->sessions[engine];
    if (session->is_ended)
        return false; // nobody answers there; that it is lost comes later
    *event = (struct event){
        .kind = EVENT_STORE_ALIVE,
        .time = store_time_of(world_db_now_us(store->config.world), session->beat_asked_ns)};
    plan_beat(store, engine);
    return true;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The notice comes late, twice, or not at all now and then. */
static void notify(struct store_sim *store, uint32_t engine)
{
    struct prng *prng = &store->prng.requests;
    bool is_odd = store_draws(prng, store->config.swarm->request_told);
    uint64_t drawn = is_odd ? prng_below(prng, 3) : 3;
    if (drawn == 0)
        return;
    uint64_t late_ns = drawn == 1 ? prng_between(prng, 0, store->config.swarm->store_slow_ns) : 0;
    for (uint32_t i = 0; i < (drawn == 2 ? 2U : 1U); i++)
        store_plan(store, engine,
                   late_ns + prng_between(prng, 0, store->config.swarm->store_delay_ns),
                   HAPPENING_REQUESTED, 0);
}

uint64_t store_sim_file(struct store_sim *store, const struct stored_request *request)
{
    uint64_t id = store_requests_add(&store->rows.requests, request);
    auditor_requested(store->config.auditor, request->account, request->after,
                      &store_requests_at(&store->rows.requests, id)->request);
    for (uint32_t i = 0; i < SEATS_MAX; i++) {
        const struct session *session = &store->sessions[i];
        if (session->is_used && !session->is_ended && session->month == request->month)
            notify(store, i);
    }
    return id;
}

const struct store_rows *store_sim_rows(const struct store_sim *store)
{
    return &store->rows;
}

/* ---- engines come and go --------------------------------------------------------------------- */

void store_sim_freeze(struct store_sim *store, uint32_t engine, uint64_t until_ns)
{
    store->sessions[engine].frozen_until_ns = until_ns;
    for (uint32_t i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &store->tickets[i];
        if (ticket->engine == engine && is_waiting(store, ticket) && !ticket->is_decided)
            ticket->is_half = prng_chance(&store->prng.takeovers, 1, 2);
    }
}

void store_sim_drop(struct store_sim *store, uint32_t engine)
{
    for (uint32_t i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &store->tickets[i];
        // What had not left yet is lost; the rest goes its way.
        if (ticket->engine == engine && is_waiting(store, ticket) && !ticket->is_decided &&
            (ticket->is_half || prng_chance(&store->prng.takeovers, 1, 3)))
            ticket->fate = CHUNK_LOST_BEFORE;
    }
    struct session *session = &store->sessions[engine];
    session->is_used = session->page.is_used = false;
    session->incarnation = ++store->incarnations;
    session->frozen_until_ns = 0;
}

/* What the takeover does to chunks that are still under way: their backends end, having committed
   or not; one may even come to the head after the epoch was raised. */
static void end_tickets(struct store_sim *store, uint32_t month, uint32_t partition)
{
    for (uint32_t i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &store->tickets[i];
        if (!ticket->is_used || ticket->is_decided ||
            ticket->chunk.batch_id != WORKLOAD_BATCH + month ||
            ticket->chunk.partition != partition)
            continue;
        uint64_t drawn = prng_below(&store->prng.takeovers, 3);
        if (drawn == 0 && !ticket->is_half)
            commit(store, ticket);
        if (drawn <= 1 || ticket->is_half)
            ticket->fate = CHUNK_LOST_BEFORE;
    }
}

static void end_sessions(struct store_sim *store, uint32_t month, uint32_t partition)
{
    for (uint32_t i = 0; i < SEATS_MAX; i++) {
        struct session *session = &store->sessions[i];
        if (!session->is_used || session->is_ended || session->month != month ||
            session->partition != partition)
            continue;
        session->is_ended = true;
        store_plan(store, i, prng_between(&store->prng.takeovers, 0, GONE_WITHIN_NS),
                   HAPPENING_LOST, 0);
    }
}

void store_sim_claim(struct store_sim *store, uint32_t engine, uint32_t month, uint32_t partition,
                     struct settle_start *start)
{
    struct world *world = store->config.world;
    struct head *head = &store->heads[month][partition];
    CHECK(!store->sessions[engine].is_used);
    struct head seen = *head; // only who sins looks before the older ones are ended
    end_tickets(store, month, partition);
    end_sessions(store, month, partition);
    head->epoch++;
    if (!SIN(no_head_check) && !SIN(differing_is_done))
        seen = *head;
    struct session *session = &store->sessions[engine];
    session->is_used = true;
    session->is_ended = session->is_gone = session->page.is_used = false;
    session->incarnation = ++store->incarnations;
    session->month = month;
    session->partition = partition;
    session->epoch = head->epoch;
    session->frozen_until_ns = 0;
    *start = (struct settle_start){.batch_id = WORKLOAD_BATCH + month,
                                   .partition = partition,
                                   .epoch = head->epoch,
                                   .chunk = seen.number,
                                   .hash = seen.hash,
                                   .accounts = store->config.workload->count,
                                   .time = store_time_of(world_db_now_us(world), world->now_ns)};
    plan_beat(store, engine);
}

static bool happen_to(struct store_sim *store, uint32_t engine, const struct happening *happening,
                      struct event *event)
{
    struct session *session = &store->sessions[engine];
    switch (happening->kind) {
    case HAPPENING_READ:
        store_pages_read(store, engine);
        return false;
    case HAPPENING_WRITTEN:
        return on_written(store, part_of(happening), event);
    case HAPPENING_LOADED:
        return store_pages_loaded(&session->page, event);
    case HAPPENING_BEAT:
        return on_beat(store, engine, event);
    case HAPPENING_LOST:
        return gone(session, event);
    case HAPPENING_REQUESTED:
        *event = (struct event){.kind = EVENT_REQUESTED};
        return !session->is_ended;
    case HAPPENING_PERSONS:
    case HAPPENING_DEPOSIT:
    case HAPPENING_CONNECTED:
    case HAPPENING_ARRIVED:
    case HAPPENING_ANSWERED:
    case HAPPENING_CANCELLED:
    case HAPPENING_TOLD_AGAIN:
    case HAPPENING_COMMIT:
    case HAPPENING_STOP:
    case HAPPENING_NEWS:
    case HAPPENING_CLOCK:
        break;
    }
    CHECK(false);
    return false;
}

bool store_sim_happen(struct store_sim *store, const struct happening *happening,
                      struct event *event)
{
    uint32_t engine = store_sim_engine(happening);
    const struct session *session = &store->sessions[engine];
    if (happening->kind == HAPPENING_COMMIT) {
        on_commit(store, part_of(happening)); // of whatever incarnation
        return false;
    }
    if (happening->what >> 32 == session->incarnation && session->is_used && !session->is_gone)
        return happen_to(store, engine, happening, event);
    if (happening->kind == HAPPENING_WRITTEN)
        store->tickets[part_of(happening)].is_used = false;
    return false;
}

struct store_tally store_sim_tally(const struct store_sim *store)
{
    struct store_tally tally = {0};
    for (uint32_t i = 0; i < MONTHS_MAX; i++)
        for (uint32_t k = 0; k < WORLD_PARTITIONS_MAX; k++)
            tally.chunks += store->heads[i][k].number;
    store_rows_tally(&store->rows, &tally);
    return tally;
}
