#include "sim/loop.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "base/time.h"
#include "sim/profiles.h"

#define EVENTS_A_TURN 64U
#define RUNS_MAX 400U       /* with faults, besides one a crash */
#define HEALED_RUNS_MAX 20U /* and without */
#define IDLE_TURNS_MAX 100U /* turns at one instant without an event or a command */
#define VIRTUAL_DAY_NS (24 * 3600 * NS_PER_S)

_Static_assert(EVENTS_A_TURN <= BANK_SIM_TEXTS, "replies of one turn keep their texts");

struct sim {
    struct sim_profiles profiles;
    struct profile_scratch *scratch;
    struct hash *hash;
    void *memory; /* of the engine; the next one takes it over */
    size_t memory_bytes;
};

/* One payday. */
struct payday {
    struct sim *sim;
    const struct sim_plan *plan;
    struct sim_result *result;
    struct tape *tape;
    struct swarm swarm;
    const struct profile *profile;
    struct world world;
    struct workload workload;
    struct auditor *auditor;
    struct bank_sim *bank;
    struct store_sim *store;
    struct prng prng; /* pauses, stops, restarts */
    uint32_t crashes_done;
    uint64_t turns_max;
    bool is_healed;
};

/* The engine that runs at present. */
struct engine {
    struct settle *settle;
    bool is_crashed;
    uint32_t idle_turns;
};

/* ---- what all paydays share ------------------------------------------------------------------ */

struct sim *sim_open(const char *profile_file, char error[PROFILE_ERROR_BYTES])
{
    struct sim *sim = calloc(1, sizeof(*sim));
    CHECK(sim != NULL);
    if (!sim_profiles_open(&sim->profiles, profile_file, error)) {
        free(sim);
        return NULL;
    }
    sim->scratch = profile_scratch_open(1U << 16);
    sim->hash = hash_open();
    CHECK(sim->scratch != NULL && sim->hash != NULL);
    return sim;
}

void sim_close(struct sim *sim)
{
    sim_profiles_close(&sim->profiles);
    profile_scratch_close(sim->scratch);
    hash_close(sim->hash);
    free(sim->memory);
    free(sim);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void fail(struct payday *payday, enum sim_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail(struct payday *payday, enum sim_verdict verdict, const char *format, ...)
{
    struct sim_result *result = payday->result;
    if (result->verdict != SIM_GOOD)
        return;
    result->verdict = verdict;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->text, sizeof(result->text), format, arguments);
    va_end(arguments);
    tape_note(payday->tape, payday->world.now_ns, verdict == SIM_WRONG ? "wrong" : "stuck",
              result->moments);
}

static bool is_good(struct payday *payday)
{
    const char *complaint = auditor_complaint(payday->auditor);
    if (complaint != NULL)
        fail(payday, SIM_WRONG, "at %" PRIu64 " ms, moment %" PRIu64 ": %s",
             payday->world.now_ns / NS_PER_MS, payday->result->moments, complaint);
    return payday->result->verdict == SIM_GOOD;
}

/* ---- one turn -------------------------------------------------------------------------------- */

/* True: the engine dies now. */
static bool moment(struct payday *payday, struct engine *engine)
{
    uint64_t number = ++payday->result->moments;
    if (payday->crashes_done == payday->plan->crash_count ||
        payday->plan->crashes[payday->crashes_done] > number)
        return false;
    payday->crashes_done++;
    payday->result->crashes++;
    engine->is_crashed = true;
    tape_note(payday->tape, payday->world.now_ns, "crash", number);
    return true;
}

/* Let it happen. True: *event is for the engine. */
static bool happen(struct payday *payday, const struct happening *happening, struct event *event)
{
    switch (happening->kind) {
    case HAPPENING_DEPOSIT:
        bank_sim_deposit(payday->bank, (uint32_t)happening->what);
        return false;
    case HAPPENING_CONNECTED:
    case HAPPENING_ARRIVED:
    case HAPPENING_ANSWERED:
    case HAPPENING_CANCELLED:
        return bank_sim_happen(payday->bank, happening, event);
    case HAPPENING_COMMIT:
    case HAPPENING_WRITTEN:
    case HAPPENING_READ:
    case HAPPENING_LOADED:
    case HAPPENING_BEAT:
    case HAPPENING_LOST:
        bank_sim_advance(payday->bank); // the book first: the auditor compares with it
        return store_sim_happen(payday->store, happening, event);
    case HAPPENING_STOP:
        *event = (struct event){.kind = EVENT_STOP};
        return happening->what == payday->result->runs;
    }
    CHECK(false);
    return false;
}

static uint32_t collect(struct payday *payday, struct engine *engine,
                        struct event events[EVENTS_A_TURN])
{
    uint32_t count = 0;
    struct happening happening;
    while (count < EVENTS_A_TURN && world_take(&payday->world, &happening)) {
        if (!happen(payday, &happening, &events[count]))
            continue;
        tape_event(payday->tape, payday->world.now_ns, &events[count]);
        auditor_hears(payday->auditor, &events[count], payday->world.now_ns);
        count++;
        if (moment(payday, engine))
            break;
    }
    return count;
}

static void carry_out(struct payday *payday, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_BANK_CALL:
        bank_sim_call(payday->bank, &command->bank_call);
        payday->result->polls += command->bank_call.call_kind == CALL_BALANCE;
        payday->result->transfers += command->bank_call.call_kind == CALL_TRANSFER;
        payday->result->inquiries += command->bank_call.call_kind == CALL_INQUIRY;
        return;
    case COMMAND_BANK_CANCEL:
        bank_sim_cancel(payday->bank, command->bank_cancel);
        return;
    case COMMAND_STORE_LOAD:
        store_sim_load(payday->store, &command->store_load);
        return;
    case COMMAND_STORE_CHUNK:
        store_sim_chunk(payday->store, command->store_chunk);
        return;
    }
}

static uint32_t decide_and_act(struct payday *payday, struct engine *engine)
{
    static const uint32_t most = COMMANDS_MAX;
    struct command commands[COMMANDS_MAX];
    uint32_t total = 0, count;
    do {
        count = settle_output(engine->settle, commands, most, payday->world.now_ns);
        for (uint32_t i = 0; i < count; i++) {
            tape_command(payday->tape, payday->world.now_ns, &commands[i]);
            carry_out(payday, &commands[i]);
            if (moment(payday, engine))
                return total + i + 1;
        }
        total += count;
    } while (count == most);
    return total;
}

static void check_idle(struct payday *payday, struct engine *engine, bool is_idle)
{
    engine->idle_turns = is_idle ? engine->idle_turns + 1 : 0;
    if (engine->idle_turns > IDLE_TURNS_MAX)
        fail(payday, SIM_STUCK,
             "the engine asks to come back at once, again and again, at %" PRIu64 " ms",
             payday->world.now_ns / NS_PER_MS);
    if (++payday->result->turns > payday->turns_max || payday->world.now_ns > 9 * VIRTUAL_DAY_NS)
        fail(payday, SIM_STUCK, "not finished after %" PRIu64 " turns, %" PRIu64 " virtual s",
             payday->result->turns, payday->world.now_ns / NS_PER_S);
}

static bool jump(struct payday *payday, const struct engine *engine)
{
    uint64_t at_ns = world_next_at(&payday->world);
    uint64_t settle_ns = settle_next_at(engine->settle);
    at_ns = settle_ns < at_ns ? settle_ns : at_ns;
    if (at_ns == AT_NEVER) {
        fail(payday, SIM_STUCK, "nothing will ever happen again");
        return false;
    }
    if (at_ns < payday->world.now_ns)
        at_ns = payday->world.now_ns;
    if (prng_chance(&payday->prng, (uint32_t)payday->swarm.process_pause, SWARM_MILLION))
        at_ns += prng_between(&payday->prng, 0, payday->swarm.process_pause_ns);
    world_jump(&payday->world, at_ns);
    return true;
}

static void turn(struct payday *payday, struct engine *engine)
{
    uint64_t before_ns = payday->world.now_ns;
    if (!jump(payday, engine))
        return;
    struct event events[EVENTS_A_TURN];
    uint32_t event_count = collect(payday, engine, events);
    settle_input(engine->settle, events, event_count, payday->world.now_ns);
    if (engine->is_crashed)
        return;
    uint32_t command_count = decide_and_act(payday, engine);
    check_idle(payday, engine,
               event_count == 0 && command_count == 0 && before_ns == payday->world.now_ns);
}

/* ---- one run --------------------------------------------------------------------------------- */

static struct settle *place_settle(struct payday *payday, const struct settle_config *config,
                                   const struct settle_start *start)
{
    struct sim *sim = payday->sim;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    CHECK(settle_init(&arena, sim->hash, config, start, payday->world.now_ns) == NULL);
    size_t bytes = arena.used_bytes;
    if (bytes > sim->memory_bytes) {
        free(sim->memory);
        sim->memory = aligned_alloc(64, bytes);
        CHECK(sim->memory != NULL);
        sim->memory_bytes = bytes;
    }
    memset(sim->memory, 0, bytes);
    arena_init(&arena, sim->memory, bytes);
    struct settle *settle = settle_init(&arena, sim->hash, config, start, payday->world.now_ns);
    arena_seal(&arena);
    return settle;
}

/* The world goes on without an engine. */
static void pass(struct payday *payday, uint64_t ns)
{
    uint64_t until_ns = payday->world.now_ns + ns;
    struct happening happening;
    struct event nobody_hears;
    while (world_next_at(&payday->world) <= until_ns) {
        uint64_t at_ns = world_next_at(&payday->world);
        world_jump(&payday->world, at_ns > payday->world.now_ns ? at_ns : payday->world.now_ns);
        if (world_take(&payday->world, &happening))
            (void)happen(payday, &happening, &nobody_hears);
    }
    world_jump(&payday->world, until_ns);
}

static void plan_stop(struct payday *payday)
{
    if (!prng_chance(&payday->prng, (uint32_t)payday->swarm.process_stop, SWARM_MILLION))
        return;
    uint64_t after_ns = prng_between(&payday->prng, 0, 20 * NS_PER_S);
    world_plan(&payday->world, payday->world.now_ns + after_ns, HAPPENING_STOP,
               payday->result->runs);
}

static uint64_t draw_deadline(struct payday *payday)
{
    const struct swarm *swarm = &payday->swarm;
    if (!prng_chance(&payday->prng, (uint32_t)swarm->process_deadline, SWARM_MILLION))
        return AT_NEVER;
    return payday->world.now_ns + prng_between(&payday->prng, 0, swarm->process_deadline_ns);
}

static void begin_run(struct payday *payday, struct engine *engine)
{
    struct settle_start start;
    struct settle_config config;
    payday->result->runs++;
    bank_sim_advance(payday->bank);
    store_sim_claim(payday->store, &start);
    swarm_config(&payday->swarm, profile_rules(payday->profile), &config);
    config.seed = payday->plan->seed + payday->result->runs;
    config.deadline_at_ns = draw_deadline(payday);
    tape_claim(payday->tape, payday->world.now_ns, &start);
    auditor_begins(payday->auditor, start.epoch, payday->world.now_ns);
    *engine = (struct engine){.settle = place_settle(payday, &config, &start)};
    plan_stop(payday);
}

static void end_run(struct payday *payday)
{
    bank_sim_drop(payday->bank);
    store_sim_drop(payday->store);
    pass(payday, prng_between(&payday->prng, 0, payday->swarm.restart_ns));
}

/* One engine from its claim to its end, its crash, or a complaint. */
static enum settle_end run(struct payday *payday)
{
    struct engine engine;
    begin_run(payday, &engine);
    while (is_good(payday) && !engine.is_crashed && settle_phase(engine.settle) != SETTLE_DONE)
        turn(payday, &engine);
    enum settle_end end = engine.is_crashed ? SETTLE_END_GONE : settle_end(engine.settle);
    enum status fatal = settle_counts(engine.settle)->fatal;
    tape_end(payday->tape, payday->world.now_ns, end, fatal);
    if (end == SETTLE_END_FATAL && (payday->is_healed || status_class(fatal) != STATUS_CLASS_RETRY))
        fail(payday, SIM_WRONG, "the engine ended: %s", status_name(fatal));
    end_run(payday);
    return end;
}

/* ---- the payday ------------------------------------------------------------------------------ */

static bool runs_until_complete(struct payday *payday, uint32_t runs_max)
{
    for (uint32_t runs = 0; is_good(payday); runs++) {
        if (run(payday) == SETTLE_END_COMPLETE)
            return is_good(payday);
        if (runs >= runs_max)
            fail(payday, SIM_STUCK, "not complete after %u runs", runs);
    }
    return false;
}

/* All that was to come in has come, and what was missing comes now, for every other account. */
static void bring_money(struct payday *payday)
{
    uint64_t longest_ns = 0;
    for (uint32_t i = 0; i < payday->workload.count; i++) {
        for (uint32_t part = 0; part < WORKLOAD_DEPOSITS_MAX; part++) {
            const struct workload_deposit *deposit = &payday->workload.accounts[i].deposits[part];
            if (deposit->amount_minor == 0)
                continue;
            if (deposit->at_ns != AT_NEVER)
                longest_ns = deposit->at_ns > longest_ns ? deposit->at_ns : longest_ns;
            else if (i % 2 == 0)
                bank_sim_deposit(payday->bank, i << 1 | part);
        }
    }
    pass(payday, longest_ns);
}

static void heal(struct payday *payday)
{
    payday->is_healed = true;
    swarm_heal(&payday->swarm);
    bank_sim_heal(payday->bank);
    payday->result->healed = store_sim_tally(payday->store);
    tape_note(payday->tape, payday->world.now_ns, "healed", payday->result->healed.settled);
    bring_money(payday);
}

/* Everything is done: a further run sends nothing. */
static void run_once_more(struct payday *payday)
{
    uint64_t before = auditor_transfers(payday->auditor);
    if (!runs_until_complete(payday, payday->plan->crash_count + 1))
        return;
    payday->result->last_run_transfers = auditor_transfers(payday->auditor) - before;
    if (payday->result->last_run_transfers > 0)
        fail(payday, SIM_WRONG, "I10: a run after the end sent %" PRIu64 " transfers",
             payday->result->last_run_transfers);
}

static void run_all(struct payday *payday)
{
    if (!runs_until_complete(payday, RUNS_MAX + payday->plan->crash_count))
        return;
    heal(payday);
    if (!runs_until_complete(payday, HEALED_RUNS_MAX + payday->plan->crash_count))
        return;
    run_once_more(payday);
    if (is_good(payday))
        auditor_ends(payday->auditor);
    (void)is_good(payday);
}

static struct call_plan script_call(void *context, const struct bank_call *call, uint32_t nth)
{
    struct payday *payday = context;
    if (payday->is_healed && !payday->plan->script_lasts)
        return (struct call_plan){.fate = FATE_GOOD};
    return payday->plan->decide_call(payday->plan->context, call, nth);
}

static enum chunk_fate script_chunk(void *context, const struct chunk *chunk, uint32_t nth)
{
    struct payday *payday = context;
    if (payday->is_healed && !payday->plan->script_lasts)
        return CHUNK_GOOD;
    return payday->plan->decide_chunk(payday->plan->context, chunk, nth);
}

static void open_auditor(struct payday *payday)
{
    const struct swarm *swarm = &payday->swarm;
    struct auditor_rules rules = {
        .collection_account = WORKLOAD_COLLECTION,
        .suspense_account = WORKLOAD_SUSPENSE,
        .rate_per_s = (uint32_t)swarm->rate_per_s,
        .burst = (uint32_t)swarm->burst,
        .calls_max = (uint32_t)swarm->calls,
        .processing_ns = swarm->processing_ns,
        .linger_ns = swarm->linger_ns,
        .linger_unknown = swarm->linger_unknown != 0,
        .inquiry = (enum inquiry_kind)swarm->inquiry,
        .key_lifetime_ns = swarm->key_lifetime_ns,
        .repeat_delay_ns = swarm->repeat_delay_ns,
        .pool = (enum pool_kind)swarm->pool,
        .pool_account = WORKLOAD_POOL,
        .fee_is_ours = swarm->fee_is_ours != 0,
        .asks_always = swarm->inquiry == INQUIRY_BY_KEY && swarm->key_lifetime_ns == 0 &&
                       swarm->bank_lagging == 0,
        .alive_ns = swarm->alive_ns,
        .hold_by_transfer = swarm->hold_by_transfer != 0,
        .parks_over = swarm->over == OVER_PARK,
        .closing_seen = swarm->closing == CLOSING_ALL,
    };
    payday->auditor = auditor_open(&payday->workload, &rules, payday->sim->hash);
}

static void open_world(struct payday *payday)
{
    const struct sim_plan *plan = payday->plan;
    payday->profile = sim_profiles_pick(&payday->sim->profiles, &payday->swarm);
    payday->prng = prng_split(plan->seed, "crash");
    world_init(&payday->world, (int64_t)prng_between(&payday->prng, 0, 1U << 30) * US_PER_S);
    workload_init(&payday->workload, plan->accounts, &payday->swarm, plan->seed);
    if (plan->arrange != NULL)
        plan->arrange(plan->context, &payday->workload);
    open_auditor(payday);
    payday->bank =
        bank_sim_open(&(struct bank_sim_config){.world = &payday->world,
                                                .swarm = &payday->swarm,
                                                .workload = &payday->workload,
                                                .profile = payday->profile,
                                                .scratch = payday->sim->scratch,
                                                .hash = payday->sim->hash,
                                                .auditor = payday->auditor,
                                                .seed = plan->seed,
                                                .decide = plan->decide_call ? script_call : NULL,
                                                .context = payday});
    payday->store = store_sim_open(
        &(struct store_sim_config){.world = &payday->world,
                                   .swarm = &payday->swarm,
                                   .workload = &payday->workload,
                                   .profile = payday->profile,
                                   .hash = payday->sim->hash,
                                   .auditor = payday->auditor,
                                   .seed = plan->seed,
                                   .decide = plan->decide_chunk ? script_chunk : NULL,
                                   .context = payday});
}

void sim_run(struct sim *sim, const struct sim_plan *plan, struct tape *tape,
             struct sim_result *result)
{
    *result = (struct sim_result){.verdict = SIM_GOOD};
    struct payday payday = {
        .sim = sim,
        .plan = plan,
        .result = result,
        .tape = tape,
        .swarm = plan->swarm,
        .turns_max = (uint64_t)plan->accounts * 20000 + 2000000,
    };
    tape_init(tape, plan->keep_trace, plan->trace);
    open_world(&payday);
    run_all(&payday);
    result->virtual_ns = payday.world.now_ns;
    result->trace_hash = tape->hash;
    result->end = store_sim_tally(payday.store);
    store_sim_close(payday.store);
    bank_sim_close(payday.bank);
    auditor_close(payday.auditor);
    workload_deinit(&payday.workload);
    world_deinit(&payday.world);
}
