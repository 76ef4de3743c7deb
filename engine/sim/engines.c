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
#define DEEP_MOMENTS 20U /* a crash during the recovery from one */

_Static_assert(EVENTS_A_TURN <= BANK_SIM_TEXTS, "replies of one turn keep their texts");

/* ---- moments --------------------------------------------------------------------------------- */

static uint32_t used_seats(const struct payday *payday)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ENGINES_MAX; i++)
        count += payday->engines[i].is_used;
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

static void crash(struct payday *payday, struct engine *engine)
{
    payday->crashes_done++;
    payday->result->crashes++;
    payday->crash_at = 0;
    engine->is_crashed = true;
    tape_note(payday->tape, payday->world.now_ns, "crash", payday->result->moments);
}

/* It stands still from here on, and somebody may take over meanwhile. */
static void freeze(struct payday *payday, struct engine *engine)
{
    const struct swarm *swarm = &payday->swarm;
    struct prng *prng = &payday->prng.freezes;
    uint64_t now_ns = payday->world.now_ns;
    engine->is_frozen = true;
    engine->frozen_until_ns = now_ns + prng_between(prng, 1, swarm->process_freeze_ns);
    engine->taken_over_at_ns = now_ns + prng_between(prng, 0, swarm->process_takeover_ns);
    payday->result->freezes++;
    store_sim_freeze(payday->store, engine->seat, engine->frozen_until_ns);
    tape_note(payday->tape, now_ns, "freeze", engine->frozen_until_ns);
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
    if (chance == 0 || used_seats(payday) == ENGINES_MAX ||
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

static struct engine *of_run(struct payday *payday, uint64_t run)
{
    for (uint32_t i = 0; i < ENGINES_MAX; i++)
        if (payday->engines[i].is_used && payday->engines[i].run == run)
            return &payday->engines[i];
    return NULL;
}

static void look_meanwhile(struct payday *payday, uint64_t run)
{
    const struct engine *engine = of_run(payday, run);
    if (engine != NULL && !engine->is_taken_over)
        people_look_meanwhile(payday, engine->month);
}

/* The engine that this is for, or NULL. */
static struct engine *addressee(struct payday *payday, const struct happening *happening)
{
    uint32_t seat = ENGINES_MAX;
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
        return of_run(payday, happening->what);
    case HAPPENING_DEPOSIT:
    case HAPPENING_ARRIVED:
    case HAPPENING_COMMIT:
    case HAPPENING_READ:
    case HAPPENING_PERSONS:
    case HAPPENING_CLOCK:
        break;
    }
    return seat < ENGINES_MAX && payday->engines[seat].is_used ? &payday->engines[seat] : NULL;
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
    if (payday->tape_run == engine->run)
        return;
    payday->tape_run = engine->run;
    tape_note(payday->tape, payday->world.now_ns, "engine", engine->run);
}

struct inbox {
    struct event events[EVENTS_A_TURN];
    uint32_t count;
};

static uint32_t collect(struct payday *payday, struct inbox inboxes[ENGINES_MAX])
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

/* One that was taken over, and has found out, is gone; so is one that died. */
static void bury(struct payday *payday, struct engine *engine)
{
    if (engine->is_used && engine->is_taken_over &&
        (engine->is_crashed || settle_phase(engine->settle) == SETTLE_DONE)) {
        tape_note(payday->tape, payday->world.now_ns, "buried", engine->run);
        engines_end(payday, engine);
    }
}

/* ---- one turn -------------------------------------------------------------------------------- */

static uint64_t next_at(const struct payday *payday)
{
    uint64_t at_ns = world_next_at(&payday->world);
    for (uint32_t i = 0; i < ENGINES_MAX; i++) {
        const struct engine *engine = &payday->engines[i];
        if (!engine->is_used)
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
    for (uint32_t i = 0; i < ENGINES_MAX; i++)
        count += wake(payday, &payday->engines[i]);
    struct inbox inboxes[ENGINES_MAX];
    for (uint32_t i = 0; i < ENGINES_MAX; i++)
        inboxes[i].count = 0;
    count += collect(payday, inboxes);
    for (uint32_t i = 0; i < ENGINES_MAX; i++)
        count += step(payday, &payday->engines[i], &inboxes[i]);
    for (uint32_t i = 0; i < ENGINES_MAX; i++)
        bury(payday, &payday->engines[i]);
    check_idle(payday, count == 0 && before_ns == payday->world.now_ns);
    return true;
}

bool engines_linger(const struct payday *payday)
{
    return used_seats(payday) > 0;
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
    world_plan(&payday->world, payday->world.now_ns + after_ns, HAPPENING_STOP, engine->run);
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
    if (!prng_chance(&payday->prng.stops, (uint32_t)swarm->process_deadline, SWARM_MILLION))
        return AT_NEVER;
    return payday->world.now_ns + prng_between(&payday->prng.stops, 0, swarm->process_deadline_ns);
}

static struct engine *free_seat(struct payday *payday)
{
    uint32_t seat = 0;
    while (payday->engines[seat].is_used)
        CHECK(++seat < ENGINES_MAX);
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

struct engine *engines_begin(struct payday *payday, uint32_t month, enum settle_scope scope)
{
    struct settle_start start;
    struct settle_config config;
    struct engine *engine = free_seat(payday);
    bank_sim_advance(payday->bank);
    store_sim_claim(payday->store, engine->seat, month, &start);
    swarm_config(&payday->swarm, profile_rules(payday->profile), &config);
    engine->is_used = true;
    engine->month = month;
    engine->run = ++payday->result->runs;
    engine->taken_over_at_ns = AT_NEVER;
    config.seed = payday->plan->seed + engine->run;
    config.scope = scope;
    config.unhold = (payday->swarm.unhold >> month & 1) != 0;
    config.deadline_at_ns = draw_deadline(payday);
    name_on_tape(payday, engine);
    tape_claim(payday->tape, payday->world.now_ns, &start);
    auditor_begins(payday->auditor, engine->seat, month, start.epoch, payday->world.now_ns);
    engine->settle = place_settle(payday, engine->seat, &config, &start);
    plan_stop(payday, engine);
    plan_clock(payday);
    if (scope == SETTLE_ALL)
        plan_persons(payday, engine);
    return engine;
}

void engines_end(struct payday *payday, struct engine *engine)
{
    bank_sim_drop(payday->bank, engine->seat);
    store_sim_drop(payday->store, engine->seat);
    engine->is_used = false;
}
