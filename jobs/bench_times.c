#include "jobs/bench_times.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define NOBODY UINT32_MAX
#define TURN_MOST_NS (2 * NS_PER_MS)

enum phase {
    PHASE_TURN,   /* waits for its turn: nothing holds it up but the allowance */
    PHASE_CALL,   /* a call is under way */
    PHASE_ANSWER, /* it is answered; a chunk is to say what follows */
    PHASE_COMMIT, /* its chunk is with the database */
};

struct one {
    uint64_t id;
    uint64_t start_ns;  /* 0: not known yet */
    uint64_t cursor_ns; /* up to here the time is given to a part */
    uint64_t due_ns;    /* until then the poll interval keeps it from being polled again */
    uint64_t part_ns[BENCH_PARTS];
    uint64_t gathering_ns, poll_ns;
    uint8_t phase;
    bool is_deposited;
    bool is_whole; /* seen from its start on */
};

/* What a chunk says of one settlement, durable once it is written. */
struct pending {
    uint32_t index;
    uint8_t step;  /* final by it; 0: none */
    bool is_ended; /* settled by it */
};

/* Each engine of a trace has chunks of its own. */
struct engine {
    bool is_out; /* a chunk is with the database */
    uint64_t chunk, out_ns, written_ns;
    struct pending *pending;
    size_t pending_count, pending_capacity;
};

struct bench_trace {
    uint64_t poll_interval_ns;
    uint64_t event_ns; /* of the newest event: commands follow from it */
    struct one *ones;
    uint32_t count, capacity;
    uint32_t *table; /* places by id; NOBODY: free */
    uint32_t table_mask;
    struct engine engines[TRACE_ENGINES];
    struct trace_calls calls;
    struct bench_times times;
};

static struct one *find(struct bench_trace *trace, uint64_t id);
static struct one *find_or_add(struct bench_trace *trace, uint64_t id);
static void on_row(struct bench_trace *trace, const struct trace_item *item);
static void on_call(struct bench_trace *trace, const struct trace_item *item);
static void on_reply(struct bench_trace *trace, const struct trace_item *item,
                     const struct trace_call *call);
static void on_chunk(struct engine *engine, const struct trace_item *item);
static void on_record(struct bench_trace *trace, struct engine *engine,
                      const struct trace_item *item);
static void on_written(struct bench_trace *trace, struct engine *engine,
                       const struct trace_item *item);
static void on_claim(struct bench_trace *trace, struct engine *engine);

static void *take_memory(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    CHECK(memory != NULL);
    return memory;
}

struct bench_trace *bench_trace_open(uint32_t accounts, uint64_t poll_interval_ns)
{
    struct bench_trace *trace = take_memory(1, sizeof *trace);
    uint32_t places = 16;
    while (places < 2 * (uint64_t)accounts)
        places *= 2;
    trace->poll_interval_ns = poll_interval_ns;
    trace->capacity = accounts;
    trace->ones = take_memory((size_t)accounts + 1, sizeof *trace->ones);
    trace->table = take_memory(places, sizeof *trace->table);
    trace->table_mask = places - 1;
    memset(trace->table, 0xff, places * sizeof *trace->table);
    trace_calls_init(&trace->calls);
    return trace;
}

void bench_trace_close(struct bench_trace *trace)
{
    if (trace == NULL)
        return;
    for (size_t i = 0; i < TRACE_ENGINES; i++)
        free(trace->engines[i].pending);
    free(trace->table);
    free(trace->ones);
    free(trace);
}

void bench_trace_expect(struct bench_trace *trace, uint64_t settlement_id, uint64_t at_ns)
{
    struct one *one = find_or_add(trace, settlement_id);
    if (one == NULL)
        return;
    one->start_ns = one->cursor_ns = at_ns;
    one->is_whole = true;
}

const struct bench_times *bench_trace_times(const struct bench_trace *trace)
{
    return &trace->times;
}

void bench_trace_take(struct bench_trace *trace, const struct trace_item *item)
{
    const struct trace_call *call = trace_calls_see(&trace->calls, item);
    struct engine *engine = &trace->engines[trace->calls.current];
    switch (item->form->kind) {
    case TRACE_KIND_ROW:
        on_row(trace, item);
        break;
    case TRACE_KIND_POLL:
    case TRACE_KIND_TRANSFER:
    case TRACE_KIND_INQUIRY:
        on_call(trace, item);
        break;
    case TRACE_KIND_REPLY:
        on_reply(trace, item, call);
        break;
    case TRACE_KIND_CHUNK_OUT:
        on_chunk(engine, item);
        break;
    case TRACE_KIND_INTENT:
    case TRACE_KIND_ATTEMPT:
    case TRACE_KIND_OUTCOME:
    case TRACE_KIND_ENTRY:
    case TRACE_KIND_DECISION:
        on_record(trace, engine, item);
        break;
    case TRACE_KIND_WRITTEN:
        on_written(trace, engine, item);
        break;
    case TRACE_KIND_CLAIM:
        on_claim(trace, engine);
        break;
    case TRACE_KIND_DROPPED:
        trace->times.dropped += trace_natural(item, TRACE_COUNT);
        break;
    case TRACE_KIND_HEADER:
    case TRACE_KIND_END_OF_RUN:
    case TRACE_KIND_NOTE:
    case TRACE_KIND_CANCEL:
    case TRACE_KIND_LOAD:
    case TRACE_KIND_LOADED:
    case TRACE_KIND_ALIVE:
    case TRACE_KIND_GONE:
    case TRACE_KIND_STOP:
    case TRACE_KIND_REQUESTED:
    case TRACE_KIND_REQUEST:
    case TRACE_KIND_END:
        break;
    }
}

/* ---- settlements by id ----------------------------------------------------------------------- */

static uint32_t *place_of(struct bench_trace *trace, uint64_t id)
{
    uint64_t mixed = id * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t place = (uint32_t)(mixed >> 32) & trace->table_mask;
    while (trace->table[place] != NOBODY && trace->ones[trace->table[place]].id != id)
        place = (place + 1) & trace->table_mask;
    return &trace->table[place];
}

static struct one *find(struct bench_trace *trace, uint64_t id)
{
    uint32_t index = *place_of(trace, id);
    return index == NOBODY ? NULL : &trace->ones[index];
}

static struct one *find_or_add(struct bench_trace *trace, uint64_t id)
{
    uint32_t *place = place_of(trace, id);
    if (*place != NOBODY)
        return &trace->ones[*place];
    if (trace->count == trace->capacity)
        return NULL;
    *place = trace->count;
    struct one *one = &trace->ones[trace->count++];
    one->id = id;
    return one;
}

/* ---- where the time goes --------------------------------------------------------------------- */

/* From the cursor up to `at_ns`; returns how much that was. */
static uint64_t give(struct one *one, enum bench_part part, uint64_t at_ns)
{
    if (at_ns <= one->cursor_ns)
        return 0;
    uint64_t given_ns = at_ns - one->cursor_ns;
    one->part_ns[part] += given_ns;
    one->cursor_ns = at_ns;
    return given_ns;
}

/* No event came between, and no timer: the command follows from it in the same turn. (A turn is not
   to be seen in a trace; none takes so long without a queue, whose waits are told by its events.)
 */
static bool follows_at_once(const struct bench_trace *trace, const struct one *one, uint64_t at_ns)
{
    return one->cursor_ns == trace->event_ns && at_ns < one->cursor_ns + TURN_MOST_NS;
}

static void wait_for_turn(const struct bench_trace *trace, struct one *one, uint64_t at_ns,
                          bool is_poll)
{
    if (follows_at_once(trace, one, at_ns)) {
        give(one, BENCH_CPU, at_ns);
        return;
    }
    if (is_poll)
        one->poll_ns += give(one, BENCH_TOKENS, one->due_ns < at_ns ? one->due_ns : at_ns);
    give(one, BENCH_TOKENS, at_ns);
}

/* An outcome waits for its chunk to be handed over: while the one before is with the database, and
   then for more records. */
static void wait_for_chunk(const struct engine *engine, struct one *one, uint64_t at_ns)
{
    give(one, BENCH_DATABASE, engine->written_ns < at_ns ? engine->written_ns : at_ns);
    one->gathering_ns += give(one, BENCH_DATABASE, at_ns);
}

/* ---- items ----------------------------------------------------------------------------------- */

static void on_row(struct bench_trace *trace, const struct trace_item *item)
{
    trace->event_ns = item->at_ns;
    struct one *one = find_or_add(trace, trace_natural(item, TRACE_SETTLEMENT));
    if (one == NULL || one->start_ns != 0)
        return;
    one->start_ns = one->cursor_ns = item->at_ns;
    // What was under way when the run began has no start here.
    one->is_whole = trace_natural(item, TRACE_SEQ) == 0 && trace_natural(item, TRACE_STEP) == 0 &&
                    trace_natural(item, TRACE_OPEN) == LOAD_STATE_OPEN;
}

static void on_call(struct bench_trace *trace, const struct trace_item *item)
{
    struct one *one = find(trace, trace_natural(item, TRACE_SETTLEMENT));
    if (one == NULL)
        return;
    wait_for_turn(trace, one, item->at_ns, item->form->kind == TRACE_KIND_POLL);
    one->phase = PHASE_CALL;
}

static void on_reply(struct bench_trace *trace, const struct trace_item *item,
                     const struct trace_call *call)
{
    trace->event_ns = item->at_ns;
    struct one *one = call == NULL ? NULL : find(trace, call->settlement);
    if (one == NULL)
        return;
    bool is_poll = call->form->kind == TRACE_KIND_POLL;
    uint64_t step = !is_poll ? call->step : one->is_deposited ? STEP_CLOSING : STEP_DEPOSIT;
    uint64_t service_ns = item->at_ns > call->at_ns ? item->at_ns - call->at_ns : 0;
    if (step < BENCH_STEPS)
        histogram_add(&trace->times.service[step], service_ns);
    if (trace_natural(item, TRACE_ANSWER) != ANSWER_IN_DOUBT)
        trace->times.answered_ns += service_ns;
    give(one, BENCH_BANK, item->at_ns);
    one->phase = PHASE_ANSWER;
    one->due_ns = is_poll ? item->at_ns + trace->poll_interval_ns : 0;
}

static void on_chunk(struct engine *engine, const struct trace_item *item)
{
    engine->is_out = true;
    engine->chunk = trace_natural(item, TRACE_CHUNK);
    engine->out_ns = item->at_ns;
    engine->pending_count = 0; // one that is tried again says all of it again
}

static struct pending *push(struct engine *engine)
{
    if (engine->pending_count == engine->pending_capacity) {
        engine->pending_capacity =
            engine->pending_capacity == 0 ? 1024 : 2 * engine->pending_capacity;
        engine->pending =
            realloc(engine->pending, engine->pending_capacity * sizeof *engine->pending);
        CHECK(engine->pending != NULL);
    }
    struct pending *pending = &engine->pending[engine->pending_count++];
    *pending = (struct pending){0};
    return pending;
}

/* Which step is final by this record; 0: none. */
static uint64_t final_step(const struct trace_item *item)
{
    if (item->form->kind != TRACE_KIND_OUTCOME ||
        trace_natural(item, TRACE_DIRECTION) != TRANSFER_NORMAL)
        return 0;
    uint64_t state = trace_natural(item, TRACE_STATE), step = trace_natural(item, TRACE_STEP);
    bool is_final = state == OUTCOME_ACCEPTED || state == OUTCOME_POSTED ||
                    state == OUTCOME_DEPOSITED || state == OUTCOME_BY_HAND;
    return is_final && step < BENCH_STEPS ? step : 0;
}

static void on_record(struct bench_trace *trace, struct engine *engine,
                      const struct trace_item *item)
{
    struct one *one = find(trace, trace_natural(item, TRACE_SETTLEMENT));
    if (one == NULL)
        return;
    if (one->phase == PHASE_ANSWER)
        wait_for_chunk(engine, one, item->at_ns);
    else if (one->phase == PHASE_TURN)
        wait_for_turn(trace, one, item->at_ns, false);
    one->phase = PHASE_COMMIT;
    struct pending *pending = push(engine);
    pending->index = (uint32_t)(one - trace->ones);
    pending->step = (uint8_t)final_step(item);
    pending->is_ended = item->form->kind == TRACE_KIND_OUTCOME &&
                        trace_natural(item, TRACE_STATE) == OUTCOME_SETTLED;
}

static void add_settled(struct bench_times *times, const struct one *one, uint64_t at_ns)
{
    for (size_t i = 0; i < BENCH_PARTS; i++)
        times->part_ns[i] += one->part_ns[i];
    times->gathering_ns += one->gathering_ns;
    times->poll_ns += one->poll_ns;
    if (times->settled++ == 0 || one->start_ns < times->first_ns)
        times->first_ns = one->start_ns;
    if (at_ns > times->last_ns)
        times->last_ns = at_ns;
}

static void make_durable(struct bench_trace *trace, const struct pending *pending, uint64_t at_ns)
{
    struct one *one = &trace->ones[pending->index];
    uint64_t response_ns = at_ns > one->start_ns ? at_ns - one->start_ns : 0;
    give(one, BENCH_DATABASE, at_ns);
    one->phase = PHASE_TURN;
    if (pending->step == STEP_DEPOSIT)
        one->is_deposited = true;
    if (!one->is_whole)
        return;
    if (pending->step != 0)
        histogram_add(&trace->times.response[pending->step], response_ns);
    if (pending->is_ended) {
        histogram_add(&trace->times.response[BENCH_WHOLE], response_ns);
        add_settled(&trace->times, one, at_ns);
        one->is_whole = false; // what may come behind its end is another story
    }
}

static bool is_done(const struct trace_item *item)
{
    const struct unpack_value *status = trace_value(item, TRACE_STATUS);
    static const enum status good[] = {STATUS_OK, STATUS_STORE_ALREADY};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *name = status_name(good[i]);
        if (status->byte_count == strlen(name) &&
            memcmp(status->text, name, status->byte_count) == 0)
            return true;
    }
    return false;
}

static void on_written(struct bench_trace *trace, struct engine *engine,
                       const struct trace_item *item)
{
    trace->event_ns = item->at_ns;
    if (!engine->is_out || engine->chunk != trace_natural(item, TRACE_CHUNK) || !is_done(item))
        return;
    if (item->at_ns > engine->out_ns)
        histogram_add(&trace->times.commit, item->at_ns - engine->out_ns);
    for (size_t i = 0; i < engine->pending_count; i++)
        make_durable(trace, &engine->pending[i], item->at_ns);
    engine->pending_count = 0;
    engine->is_out = false;
    engine->written_ns = item->at_ns;
}

/* A new start knows nothing of what the one before had in hand. */
static void on_claim(struct bench_trace *trace, struct engine *engine)
{
    trace->event_ns = 0;
    engine->is_out = false;
    engine->pending_count = 0;
}

/* ---- several runs ---------------------------------------------------------------------------- */

void bench_times_merge(struct bench_times *times, const struct bench_times *other)
{
    for (size_t i = 0; i < BENCH_STEPS; i++) {
        histogram_merge(&times->response[i], &other->response[i]);
        histogram_merge(&times->service[i], &other->service[i]);
    }
    histogram_merge(&times->commit, &other->commit);
    for (size_t i = 0; i < BENCH_PARTS; i++)
        times->part_ns[i] += other->part_ns[i];
    times->gathering_ns += other->gathering_ns;
    times->poll_ns += other->poll_ns;
    if (other->settled > 0) {
        if (times->settled == 0 || other->first_ns < times->first_ns)
            times->first_ns = other->first_ns;
        if (other->last_ns > times->last_ns)
            times->last_ns = other->last_ns;
    }
    times->settled += other->settled;
    times->answered_ns += other->answered_ns;
    times->dropped += other->dropped;
}
