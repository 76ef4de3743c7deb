#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/time.h"
#include "sim/payday.h"
#include "sim/people.h"

#define IDLE_TURNS_MAX 100U /* turns at one instant without an event or a command */
#define VIRTUAL_DAY_NS (24 * 3600 * NS_PER_S)
#define SCRIPTED_LOOKS 400U
#define SCRIPTED_GAP_NS (25 * NS_PER_MS)
#define MEANWHILE_NS (10 * NS_PER_S)
#define NEWS_WITHIN_NS (NS_PER_S / 8) /* that partitions of a run have for each other */
#define DEEP_MOMENTS 20U              /* a crash during the recovery from one */

_Static_assert(EVENTS_A_TURN <= BANK_SIM_TEXTS, "replies of one turn keep their texts");

/* ---- moments --------------------------------------------------------------------------------- */

static uint32_t live_processes(const struct payday *payday)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        count += payday->engines[i].is_used && payday->engines[i].partition == 0;
    return count;
}

/* When the next drawn crash comes: often soon after the one before it. */
static void draw_crash(struct payday *payday)
{
    const struct swarm *swarm = &payday->swarm;
    struct prng *prng = &payday->prng.crashes;
    bool is_deep = payday->crashes_done > 0 &&
                   prng_chance(prng, (uint32_t)swarm->process_crash_deep, SWARM_MILLION);
    uint64_t most = is_deep ? DEEP_MOMENTS : 2 * swarm->process_crash_gap;
    payday->crash_at = payday->result->moments + prng_between(prng, 1, most);
}

static bool is_crash_due(struct payday *payday, uint64_t number)
{
    const struct sim_plan *plan = payday->plan;
    if (plan->crashes != NULL)
        return payday->crashes_done < plan->crash_count &&
               plan->crashes[payday->crashes_done] <= number;
    if (payday->crashes_done >= payday->swarm.process_crashes)
        return false;
    if (payday->crash_at == 0)
        draw_crash(payday);
    return payday->crash_at <= number;
}

static void crash(struct payday *payday, const struct engine *engine)
{
    payday->crashes_done++;
    payday->result->crashes++;
    payday->crash_at = 0;
    struct engine *one = NULL;
    while ((one = engines_next(payday, engine->run, one)) != NULL)
        one->is_crashed = true;
    tape_note(payday->tape, payday->world.now_ns, "crash", payday->result->moments);
}

/* It stands still from here on, and somebody may take over meanwhile. */
static void freeze(struct payday *payday, const struct engine *engine)
{
    const struct swarm *swarm = &payday->swarm;
    struct prng *prng = &payday->prng.freezes;
    uint64_t now_ns = payday->world.now_ns;
    uint64_t until_ns = now_ns + prng_between(prng, 1, swarm->process_freeze_ns);
    uint64_t taken_over_at_ns = now_ns + prng_between(prng, 0, swarm->process_takeover_ns);
    struct engine *one = NULL;
    while ((one = engines_next(payday, engine->run, one)) != NULL) {
        one->is_frozen = true;
        one->frozen_until_ns = until_ns;
        one->taken_over_at_ns = taken_over_at_ns;
        store_sim_freeze(payday->store, one->seat, until_ns);
    }
    payday->result->freezes++;
    tape_note(payday->tape, now_ns, "freeze", until_ns);
}

/* True: the engine dies or stands still now. */
static bool moment(struct payday *payday, struct engine *engine)
{
    uint64_t number = ++payday->result->moments;
    if (is_crash_due(payday, number)) {
        crash(payday, engine);
        return true;
    }
    uint64_t chance = payday->swarm.process_freeze;
    if (chance == 0 || live_processes(payday) == PROCESSES_MAX ||
        !prng_chance(&payday->prng.freezes, (uint32_t)chance, SWARM_MILLION))
        return false;
    freeze(payday, engine);
    return true;
}

static bool is_still(const struct engine *engine)
{
    return engine->is_crashed || engine->is_frozen;
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void set_clock(struct payday *payday, int64_t offset_us)
{
    payday->world.db_offset_us = offset_us;
    auditor_clock_steps(payday->auditor);
    tape_note(payday->tape, payday->world.now_ns, "clock", (uint64_t)offset_us);
}

struct engine *engines_next(struct payday *payday, uint32_t run, const struct engine *engine)
{
    for (uint32_t i = engine == NULL ? 0 : engine->seat + 1; i < SEATS_MAX; i++)
        if (payday->engines[i].is_used && payday->engines[i].run == run)
            return &payday->engines[i];
    return NULL;
}

/* Plan something for one engine, unless its seat is another's by then. */
static void plan_for(struct payday *payday, const struct engine *engine, uint64_t after_ns,
                     enum happening_kind kind)
{
    world_plan(&payday->world, payday->world.now_ns + after_ns, kind,
               (uint64_t)engine->run << 8 | engine->seat);
}

static struct engine *planned_for(struct payday *payday, uint64_t what)
{
    struct engine *engine = &payday->engines[what & 0xff];
    return engine->is_used && engine->run == what >> 8 ? engine : NULL;
}

static void look_meanwhile(struct payday *payday, uint64_t run)
{
    const struct engine *engine = engines_next(payday, (uint32_t)run, NULL);
    if (engine != NULL && !engine->is_taken_over)
        people_look_meanwhile(payday, engine->month);
}

/* The engine that this is for, or NULL. */
static struct engine *addressee(struct payday *payday, const struct happening *happening)
{
    uint32_t seat = SEATS_MAX;
    switch (happening->kind) {
    case HAPPENING_CONNECTED:
    case HAPPENING_ANSWERED:
    case HAPPENING_CANCELLED:
    case HAPPENING_TOLD_AGAIN:
        seat = bank_sim_engine(payday->bank, happening);
        break;
    case HAPPENING_WRITTEN:
    case HAPPENING_LOADED:
    case HAPPENING_BEAT:
    case HAPPENING_LOST:
    case HAPPENING_REQUESTED:
        seat = store_sim_engine(happening);
        break;
    case HAPPENING_STOP:
    case HAPPENING_NEWS:
        return planned_for(payday, happening->what);
    case HAPPENING_DEPOSIT:
    case HAPPENING_ARRIVED:
    case HAPPENING_COMMIT:
    case HAPPENING_READ:
    case HAPPENING_PERSONS:
    case HAPPENING_CLOCK:
        break;
    }
    return seat < SEATS_MAX && payday->engines[seat].is_used ? &payday->engines[seat] : NULL;
}

/* Let it happen. True: *event is for the addressee. */
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
    case HAPPENING_TOLD_AGAIN:
        return bank_sim_happen(payday->bank, happening, event);
    case HAPPENING_COMMIT:
    case HAPPENING_WRITTEN:
    case HAPPENING_READ:
    case HAPPENING_LOADED:
    case HAPPENING_BEAT:
    case HAPPENING_LOST:
    case HAPPENING_REQUESTED:
        bank_sim_advance(payday->bank); // the book first: the auditor compares with it
        return store_sim_happen(payday->store, happening, event);
    case HAPPENING_PERSONS:
        look_meanwhile(payday, happening->what);
        return false;
    case HAPPENING_STOP:
        *event = (struct event){.kind = EVENT_STOP};
        return true;
    case HAPPENING_NEWS:
        *event = (struct event){.kind = EVENT_STORE_GONE, .store_gone = STATUS_STORE_LOST};
        return true;
    case HAPPENING_CLOCK:
        set_clock(payday, (int64_t)happening->what);
        return false;
    }
    CHECK(false);
    return false;
}

/* Says on the tape whose lines follow. */
static void name_on_tape(struct payday *payday, const struct engine *engine)
{
    uint64_t name = (uint64_t)engine->partition << 32 | engine->run;
    if (payday->tape_engine == name)
        return;
    payday->tape_engine = name;
    tape_note(payday->tape, payday->world.now_ns, "engine", name);
}

struct inbox {
    struct event events[EVENTS_A_TURN];
    uint32_t count;
};

static uint32_t collect(struct payday *payday, struct inbox inboxes[SEATS_MAX])
{
    uint32_t count = 0;
    struct happening happening;
    while (count < EVENTS_A_TURN && world_take(&payday->world, &happening)) {
        struct engine *engine = addressee(payday, &happening);
        if (engine != NULL && engine->is_frozen) { // it lies in a buffer until then
            world_plan(&payday->world, engine->frozen_until_ns, happening.kind, happening.what);
            continue;
        }
        struct event event;
        if (!happen(payday, &happening, &event) || engine == NULL)
            continue;
        struct inbox *inbox = &inboxes[engine->seat];
        inbox->events[inbox->count++] = event;
        count++;
        name_on_tape(payday, engine);
        tape_event(payday->tape, payday->world.now_ns, &event);
        if (happening.kind != HAPPENING_TOLD_AGAIN)
            auditor_hears(payday->auditor, engine->seat, &event, payday->world.now_ns);
        if (moment(payday, engine))
            break;
    }
    return count;
}

/* ---- what an engine does --------------------------------------------------------------------- */

static void carry_out_one(struct payday *payday, struct engine *engine,
                          const struct command *command)
{
    switch (command->kind) {
    case COMMAND_BANK_CALL:
        bank_sim_call(payday->bank, engine->seat, &command->bank_call, engine->given);
        payday->result->polls += command->bank_call.call_kind == CALL_BALANCE;
        payday->result->transfers += command->bank_call.call_kind == CALL_TRANSFER;
        payday->result->inquiries += command->bank_call.call_kind == CALL_INQUIRY;
        return;
    case COMMAND_BANK_CANCEL:
        bank_sim_cancel(payday->bank, engine->seat, command->bank_cancel);
        return;
    case COMMAND_STORE_LOAD:
        store_sim_load(payday->store, engine->seat, &command->store_load);
        return;
    case COMMAND_STORE_CHUNK:
        store_sim_chunk(payday->store, engine->seat, command->store_chunk);
        return;
    }
}

/* Returns how many it carried out. */
static uint32_t carry_out(struct payday *payday, struct engine *engine)
{
    uint32_t first = engine->next;
    name_on_tape(payday, engine);
    while (engine->next < engine->command_count && !is_still(engine)) {
        const struct command *command = &engine->commands[engine->next++];
        tape_command(payday->tape, payday->world.now_ns, command);
        carry_out_one(payday, engine, command);
        (void)moment(payday, engine);
    }
    return engine->next - first;
}

static uint32_t decide_and_act(struct payday *payday, struct engine *engine)
{
    uint32_t total = 0;
    do {
        engine->next = 0;
        engine->command_count =
            settle_output(engine->settle, engine->commands, COMMANDS_MAX, engine->given.at_ns);
        total += carry_out(payday, engine);
    } while (engine->command_count == COMMANDS_MAX && !is_still(engine));
    return total;
}

static void look_at_clock(const struct payday *payday, struct engine *engine)
{
    engine->given = (struct call_given){.at_ns = payday->world.now_ns,
                                        .db_us = world_db_now_us(&payday->world)};
}

/* Continued: first it does what it had decided, as if no time had passed. */
static uint32_t wake(struct payday *payday, struct engine *engine)
{
    if (!engine->is_used || !engine->is_frozen || payday->world.now_ns < engine->frozen_until_ns)
        return 0;
    engine->is_frozen = false;
    uint32_t count = carry_out(payday, engine);
    if (!is_still(engine) && engine->owes_output) {
        engine->owes_output = false;
        count += decide_and_act(payday, engine);
    }
    return count;
}

static uint32_t step(struct payday *payday, struct engine *engine, const struct inbox *inbox)
{
    bool was_still = is_still(engine) && inbox->count == 0;
    if (!engine->is_used || was_still)
        return 0;
    settle_input(engine->settle, inbox->events, inbox->count, payday->world.now_ns);
    look_at_clock(payday, engine);
    engine->owes_output = engine->is_frozen;
    engine->command_count = engine->next = 0;
    return is_still(engine) ? 0 : decide_and_act(payday, engine);
}

/* What one ended by, the others of its run hear of within a turn of theirs: that the batch may be
   lost; or they drain, where it found a defect. */
static void spread_news(struct payday *payday, struct engine *engine)
{
    if (!engine->is_used || is_still(engine) || engine->is_told ||
        settle_phase(engine->settle) != SETTLE_DONE)
        return;
    engine->is_told = true;
    enum settle_end end = settle_end(engine->settle);
    if (end != SETTLE_END_GONE && end != SETTLE_END_FATAL)
        return;
    struct engine *one = NULL;
    while ((one = engines_next(payday, engine->run, one)) != NULL)
        if (one != engine && settle_phase(one->settle) != SETTLE_DONE)
            plan_for(payday, one, prng_below(&payday->prng.news, NEWS_WITHIN_NS),
                     end == SETTLE_END_GONE ? HAPPENING_NEWS : HAPPENING_STOP);
}

bool engines_are_done(struct payday *payday, uint32_t run)
{
    const struct engine *engine = NULL;
    while ((engine = engines_next(payday, run, engine)) != NULL)
        if (!engine->is_crashed && settle_phase(engine->settle) != SETTLE_DONE)
            return false;
    return true;
}

/* One that was taken over, and has found out, is gone; so is one that died. */
static void bury(struct payday *payday, const struct engine *engine)
{
    if (engine->is_used && engine->is_taken_over && engine->partition == 0 &&
        engines_are_done(payday, engine->run)) {
        tape_note(payday->tape, payday->world.now_ns, "buried", engine->run);
        engines_end(payday, engine->run);
    }
}

/* ---- one turn -------------------------------------------------------------------------------- */

static uint64_t next_at(const struct payday *payday)
{
    uint64_t at_ns = world_next_at(&payday->world);
    for (uint32_t i = 0; i < SEATS_MAX; i++) {
        const struct engine *engine = &payday->engines[i];
        if (!engine->is_used || settle_phase(engine->settle) == SETTLE_DONE)
            continue;
        uint64_t its_ns =
            engine->is_frozen ? engine->frozen_until_ns : settle_next_at(engine->settle);
        at_ns = its_ns < at_ns ? its_ns : at_ns;
    }
    return at_ns;
}

/* The engines stand still until then; what is on its way without them goes on meanwhile. */
static void pause_engines(struct payday *payday, uint64_t until_ns)
{
    struct happening happening;
    struct event event;
    while (world_next_at(&payday->world) < until_ns) {
        if (world_next_at(&payday->world) > payday->world.now_ns)
            world_jump(&payday->world, world_next_at(&payday->world));
        CHECK(world_take(&payday->world, &happening));
        if (addressee(payday, &happening) != NULL)
            world_plan(&payday->world, until_ns, happening.kind, happening.what);
        else
            (void)happen(payday, &happening, &event);
    }
    world_jump(&payday->world, until_ns);
}

static bool jump(struct payday *payday, uint64_t until_ns)
{
    uint64_t at_ns = next_at(payday);
    if (at_ns == AT_NEVER && until_ns == AT_NEVER) {
        payday_fail(payday, SIM_STUCK, "nothing will ever happen again");
        return false;
    }
    if (at_ns > until_ns) {
        if (until_ns > payday->world.now_ns)
            world_jump(&payday->world, until_ns);
        return false;
    }
    if (at_ns < payday->world.now_ns)
        at_ns = payday->world.now_ns;
    if (prng_chance(&payday->prng.pauses, (uint32_t)payday->swarm.process_pause, SWARM_MILLION))
        pause_engines(
            payday, at_ns + prng_between(&payday->prng.pauses, 0, payday->swarm.process_pause_ns));
    else
        world_jump(&payday->world, at_ns);
    return true;
}

static void check_idle(struct payday *payday, bool is_idle)
{
    payday->idle_turns = is_idle ? payday->idle_turns + 1 : 0;
    if (payday->idle_turns > IDLE_TURNS_MAX)
        payday_fail(payday, SIM_STUCK,
                    "the engine asks to come back at once, again and again, at %" PRIu64 " ms",
                    payday->world.now_ns / NS_PER_MS);
    if (++payday->result->turns > payday->turns_max ||
        payday->world.now_ns > 9 * MONTHS_MAX * VIRTUAL_DAY_NS)
        payday_fail(payday, SIM_STUCK,
                    "not finished after %" PRIu64 " turns, %" PRIu64 " virtual s",
                    payday->result->turns, payday->world.now_ns / NS_PER_S);
}

bool engines_turn(struct payday *payday, uint64_t until_ns)
{
    uint64_t before_ns = payday->world.now_ns;
    if (!payday_is_good(payday) || !jump(payday, until_ns))
        return false;
    uint32_t count = 0;
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        count += wake(payday, &payday->engines[i]);
    struct inbox inboxes[SEATS_MAX];
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        inboxes[i].count = 0;
    count += collect(payday, inboxes);
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        count += step(payday, &payday->engines[i], &inboxes[i]);
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        spread_news(payday, &payday->engines[i]);
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        bury(payday, &payday->engines[i]);
    check_idle(payday, count == 0 && before_ns == payday->world.now_ns);
    return true;
}

bool engines_linger(const struct payday *payday)
{
    return live_processes(payday) > 0;
}

/* ---- engines come and go --------------------------------------------------------------------- */

/* Zeroed memory for an engine, most of which it never touches: pages, which come as they are used,
   where clearing all of it took a quarter of the time of a payday. */
static void *engine_memory(struct payday *payday, uint32_t seat, size_t byte_count)
{
    struct sim *sim = payday->sim;
    size_t had = sim->memories[seat].byte_count;
    if (byte_count <= had) {
        CHECK(madvise(sim->memories[seat].bytes, had, MADV_DONTNEED) == 0);
        return sim->memories[seat].bytes;
    }
    engines_memory_free(sim, seat);
    void *bytes =
        mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(bytes != MAP_FAILED);
    sim->memories[seat].bytes = bytes;
    sim->memories[seat].byte_count = byte_count;
    return bytes;
}

void engines_memory_free(struct sim *sim, uint32_t seat)
{
    if (sim->memories[seat].bytes != NULL)
        CHECK(munmap(sim->memories[seat].bytes, sim->memories[seat].byte_count) == 0);
    sim->memories[seat].bytes = NULL;
}

static struct settle *place_settle(struct payday *payday, uint32_t seat,
                                   const struct settle_config *config,
                                   const struct settle_start *start)
{
    struct sim *sim = payday->sim;
    uint64_t now_ns = payday->world.now_ns;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    CHECK(settle_init(&arena, sim->hash, config, start, now_ns) == NULL);
    size_t bytes = arena.used_bytes;
    arena_init(&arena, engine_memory(payday, seat, bytes), bytes);
    struct settle *settle = settle_init(&arena, sim->hash, config, start, now_ns);
    arena_seal(&arena);
    return settle;
}

static void plan_stop(struct payday *payday, const struct engine *engine)
{
    struct prng *prng = &payday->prng.stops;
    if (!prng_chance(prng, (uint32_t)payday->swarm.process_stop, SWARM_MILLION))
        return;
    uint64_t after_ns = prng_between(prng, 0, 20 * NS_PER_S);
    struct engine *one = NULL;
    while ((one = engines_next(payday, engine->run, one)) != NULL)
        plan_for(payday, one, after_ns, HAPPENING_STOP);
}

/* Somebody sets the database server's clock, forward or back. */
static void plan_clock(struct payday *payday)
{
    const struct swarm *swarm = &payday->swarm;
    struct prng *prng = &payday->prng.clock;
    // Ages of keys go by this clock: where it is set back, no record tells how old a key is.
    if (swarm->key_lifetime_ns != 0 ||
        !prng_chance(prng, (uint32_t)swarm->clock_step, SWARM_MILLION))
        return;
    int64_t most_us = (int64_t)(swarm->clock_step_ns / NS_PER_US);
    int64_t off_us = (int64_t)prng_below(prng, 2 * (uint64_t)most_us + 1) - most_us;
    uint64_t after_ns = prng_between(prng, 0, 20 * NS_PER_S);
    world_plan(&payday->world, payday->world.now_ns + after_ns, HAPPENING_CLOCK,
               (uint64_t)(payday->true_offset_us + off_us));
}

static uint64_t draw_deadline(struct payday *payday)
{
    const struct swarm *swarm = &payday->swarm;
    uint64_t first_ns = payday->plan->first_deadline_ns;
    if (first_ns > 0)
        return payday->result->runs == 1 ? payday->world.now_ns + first_ns : AT_NEVER;
    if (!prng_chance(&payday->prng.stops, (uint32_t)swarm->process_deadline, SWARM_MILLION))
        return AT_NEVER;
    return payday->world.now_ns + prng_between(&payday->prng.stops, 0, swarm->process_deadline_ns);
}

static struct engine *free_seat(struct payday *payday)
{
    uint32_t seat = 0;
    while (payday->engines[seat].is_used)
        CHECK(++seat < SEATS_MAX);
    struct command **commands = &payday->sim->memories[seat].commands;
    if (*commands == NULL)
        *commands = calloc(COMMANDS_MAX, sizeof(**commands));
    CHECK(*commands != NULL);
    payday->engines[seat] = (struct engine){.seat = seat, .commands = *commands};
    return &payday->engines[seat];
}

/* During the run persons look at it, soon and later. */
static void plan_persons(struct payday *payday, const struct engine *engine)
{
    struct prng *prng = &payday->prng.commands;
    for (uint64_t i = 1; payday->plan->persons != NULL && i <= SCRIPTED_LOOKS; i++)
        world_plan(&payday->world, payday->world.now_ns + i * SCRIPTED_GAP_NS, HAPPENING_PERSONS,
                   engine->run);
    for (uint64_t most_ns = MEANWHILE_NS; payday->swarm.person_meanwhile > 0 && most_ns > NS_PER_MS;
         most_ns /= 8)
        world_plan(&payday->world, payday->world.now_ns + prng_between(prng, 0, most_ns),
                   HAPPENING_PERSONS, engine->run);
}

/* A part of what the process may use. */
static uint32_t share(uint32_t whole, uint32_t partition, uint32_t partitions)
{
    uint32_t part = whole / partitions + (partition < whole % partitions);
    return part > 0 ? part : 1;
}

static struct settle_config config_of(const struct payday *payday, const struct engine *engine,
                                      struct throttle *throttle)
{
    uint32_t partitions = payday->workload.partitions;
    struct settle_config config;
    swarm_config(&payday->swarm, profile_rules(payday->profile), &config);
    config.seed = payday->plan->seed + engine->run + ((uint64_t)engine->partition << 32);
    config.unhold = (payday->swarm.unhold >> engine->month & 1) != 0;
    config.slots = share(config.slots, engine->partition, partitions);
    config.banks[0].calls_max = share(config.banks[0].calls_max, engine->partition, partitions);
    config.throttles[0] = throttle;
    config.sharers = partitions;
    config.sharer = engine->partition;
    return config;
}

static struct engine *begin_partition(struct payday *payday, uint32_t month, uint32_t partition)
{
    struct engine *engine = free_seat(payday);
    engine->is_used = true;
    engine->month = month;
    engine->partition = partition;
    engine->run = payday->result->runs;
    engine->taken_over_at_ns = AT_NEVER;
    return engine;
}

static void begin_core(struct payday *payday, struct engine *engine, struct settle_config *config)
{
    struct settle_start start;
    store_sim_claim(payday->store, engine->seat, engine->month, engine->partition, &start);
    name_on_tape(payday, engine);
    tape_claim(payday->tape, payday->world.now_ns, &start);
    auditor_begins(payday->auditor, engine->seat, &start, payday->world.now_ns);
    engine->settle = place_settle(payday, engine->seat, config, &start);
}

struct engine *engines_begin(struct payday *payday, uint32_t month, enum settle_scope scope)
{
    payday->result->runs++;
    bank_sim_advance(payday->bank);
    uint64_t deadline_at_ns = draw_deadline(payday);
    struct engine *first = NULL;
    for (uint32_t i = 0; i < payday->workload.partitions; i++) {
        struct engine *engine = begin_partition(payday, month, i);
        first = first == NULL ? engine : first;
        struct settle_config config = config_of(payday, engine, &first->throttle);
        config.scope = scope;
        config.deadline_at_ns = deadline_at_ns;
        if (i == 0)
            throttle_init(&first->throttle, config.banks[0].rate_per_s, config.banks[0].burst,
                          payday->world.now_ns);
        begin_core(payday, engine, &config);
    }
    plan_stop(payday, first);
    plan_clock(payday);
    if (scope == SETTLE_ALL)
        plan_persons(payday, first);
    return first;
}

void engines_hand_over(struct payday *payday, uint32_t run)
{
    struct engine *engine = NULL;
    while ((engine = engines_next(payday, run, engine)) != NULL)
        engine->is_taken_over = true;
    payday->result->takeovers++;
}

void engines_end(struct payday *payday, uint32_t run)
{
    struct engine *engine = NULL;
    while ((engine = engines_next(payday, run, engine)) != NULL) {
        bank_sim_drop(payday->bank, engine->seat);
        store_sim_drop(payday->store, engine->seat);
        engine->is_used = false;
    }
}
