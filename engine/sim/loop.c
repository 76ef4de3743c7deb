#include "sim/loop.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "sim/payday.h"
#include "sim/people.h"

#define RUNS_MAX 400U                 /* with faults, besides one a crash and four an account */
#define HEALED_RUNS_MAX 20U           /* and without */
#define DOUBT_WAIT_NS (10 * NS_PER_S) /* who is left in doubt comes back later each time */

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
    for (uint32_t i = 0; i < SEATS_MAX; i++) {
        engines_memory_free(sim, i);
        free(sim->memories[i].commands);
    }
    free(sim);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

void payday_fail(struct payday *payday, enum sim_verdict verdict, const char *format, ...)
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

bool payday_is_good(struct payday *payday)
{
    const char *complaint = auditor_complaint(payday->auditor);
    if (complaint != NULL)
        payday_fail(payday, SIM_WRONG, "at %" PRIu64 " ms, moment %" PRIu64 ": %s",
                    payday->world.now_ns / NS_PER_MS, payday->result->moments, complaint);
    return payday->result->verdict == SIM_GOOD;
}

/* ---- one run --------------------------------------------------------------------------------- */

/* The world goes on without an engine that works. */
static void pass(struct payday *payday, uint64_t ns)
{
    uint64_t until_ns = payday->world.now_ns + ns;
    while (engines_turn(payday, until_ns))
        continue;
}

/* A database that takes no writes takes no claim. */
static void wait_for_store(struct payday *payday)
{
    uint64_t until_ns = store_sim_shut_until(payday->store);
    if (payday->swarm.store_shut > 0 && until_ns > payday->world.now_ns)
        pass(payday, until_ns - payday->world.now_ns);
}

static bool is_takeover_due(const struct payday *payday, const struct engine *engine)
{
    return engine->is_frozen && payday->world.now_ns >= engine->taken_over_at_ns;
}

static enum settle_end judge_one(struct payday *payday, const struct engine *engine)
{
    enum settle_end end = engine->is_crashed ? SETTLE_END_GONE : settle_end(engine->settle);
    enum status fatal = settle_counts(engine->settle)->fatal;
    tape_end(payday->tape, payday->world.now_ns, end, fatal);
    // A COMMIT answered with ROLLBACK stops a run; nothing else of what is drawn may.
    bool may_stop = payday->swarm.store_rolled_back > 0 && fatal == STATUS_STORE_BROKEN;
    if (end == SETTLE_END_FATAL && !may_stop &&
        (payday->is_healed || status_class(fatal) != STATUS_CLASS_RETRY))
        payday_fail(payday, SIM_WRONG, "the engine ended: %s", status_name(fatal));
    return end;
}

/* The most serious of all partitions. */
static enum settle_end judge_end(struct payday *payday, uint32_t run)
{
    static const uint8_t weights[] = {
        [SETTLE_END_NONE] = 0,     [SETTLE_END_COMPLETE] = 1, [SETTLE_END_DOUBT] = 2,
        [SETTLE_END_DEADLINE] = 3, [SETTLE_END_STOPPED] = 4,  [SETTLE_END_GONE] = 5,
        [SETTLE_END_FATAL] = 6};
    enum settle_end worst = SETTLE_END_NONE;
    const struct engine *engine = NULL;
    while ((engine = engines_next(payday, run, engine)) != NULL) {
        enum settle_end end = judge_one(payday, engine);
        worst = weights[end] > weights[worst] ? end : worst;
    }
    return worst;
}

/* One process from its claim to its end, its crash, its takeover, or a complaint. */
static enum settle_end run_scope(struct payday *payday, uint32_t month, enum settle_scope scope)
{
    wait_for_store(payday);
    struct engine *engine = engines_begin(payday, month, scope);
    enum settle_end end = SETTLE_END_GONE;
    while (payday_is_good(payday) && !engine->is_crashed && !is_takeover_due(payday, engine) &&
           !engines_are_done(payday, engine->run))
        engines_turn(payday, engine->is_frozen ? engine->taken_over_at_ns : AT_NEVER);
    if (is_takeover_due(payday, engine)) {
        engines_hand_over(payday, engine->run);
        return end;
    }
    end = judge_end(payday, engine->run);
    engines_end(payday, engine->run);
    pass(payday, prng_between(&payday->prng.restarts, 0, payday->swarm.restart_ns));
    return end;
}

/* Now and then what persons ask for is answered by a command before it, and nothing else. */
static enum settle_end run(struct payday *payday, uint32_t month)
{
    // What came back from the month before is told of while this one is open.
    if (month > 0 && !engines_linger(payday) && people_return(payday, month - 1))
        (void)run_scope(payday, month - 1, SETTLE_REQUESTED);
    if (people_look(payday, month) &&
        prng_chance(&payday->prng.commands, (uint32_t)payday->swarm.request_alone, SWARM_MILLION))
        (void)run_scope(payday, month, SETTLE_REQUESTED);
    return run_scope(payday, month, SETTLE_ALL);
}

/* ---- the payday ------------------------------------------------------------------------------ */

/* While there are faults a month may remain unfinished; without them it must come to its end. */
static bool runs_until_complete(struct payday *payday, uint32_t month, uint32_t runs_max)
{
    uint64_t doubts = 0;
    for (uint32_t runs = 0; payday_is_good(payday); runs++) {
        enum settle_end end = run(payday, month);
        if (end == SETTLE_END_COMPLETE)
            return payday_is_good(payday);
        if (end == SETTLE_END_DOUBT)
            pass(payday, ++doubts * DOUBT_WAIT_NS);
        if (runs >= runs_max && !payday->is_healed)
            return payday_is_good(payday);
        if (runs >= runs_max)
            payday_fail(payday, SIM_STUCK, "not complete after %u runs", runs);
    }
    return false;
}

/* Commands that answer what is asked about an older month, and about one that follows it. */
static void answer(struct payday *payday, uint32_t month, bool later, uint32_t tries)
{
    for (uint32_t i = 0; i < tries && payday_is_good(payday); i++)
        if (run_scope(payday, month, SETTLE_REQUESTED) == SETTLE_END_COMPLETE)
            break;
    if (later && month + 1 < payday->workload.months)
        answer(payday, month + 1, later, tries);
}

/* Before a month begins: what is short is given up for it, what came back is told of. */
static void look_back(struct payday *payday, uint32_t month)
{
    for (uint32_t older = 0; older < month && payday_is_good(payday); older++) {
        if (people_supersede(payday, older))
            answer(payday, older, false, 3);
        if (people_return(payday, older))
            answer(payday, older, true, 3);
    }
}

static uint32_t crash_count(const struct payday *payday)
{
    return payday->plan->crash_count + (uint32_t)payday->swarm.process_crashes;
}

/* Once nothing is under way any more, persons look at what is left, and it is run again for them.
 */
static bool visit(struct payday *payday, uint32_t month, uint32_t runs_max)
{
    const struct swarm *swarm = &payday->swarm;
    uint64_t wait_ns =
        swarm->send_before_ns + swarm->linger_ns + swarm->processing_ns + 2 * NS_PER_S;
    for (uint64_t i = 0; i < swarm->person_visits && payday_is_good(payday); i++) {
        pass(payday, wait_ns);
        if (people_look(payday, month) && !runs_until_complete(payday, month, runs_max))
            return false;
    }
    return payday_is_good(payday);
}

/* The months in their order; now and then an older one is run again after a newer one. */
static bool run_months(struct payday *payday)
{
    const struct swarm *swarm = &payday->swarm;
    for (uint32_t month = 0; month < payday->workload.months; month++) {
        uint32_t runs_max = RUNS_MAX + 4 * payday->workload.count + crash_count(payday);
        look_back(payday, month);
        payday->workload.began_us[month] =
            payday->true_offset_us + (int64_t)(payday->world.now_ns / NS_PER_US);
        bank_sim_month(payday->bank, month);
        if (!runs_until_complete(payday, month, runs_max))
            return false;
        if (!visit(payday, month, runs_max))
            return false;
        pass(payday, prng_between(&payday->prng.months, 0, swarm->month_gap_ns));
        bool is_again =
            prng_chance(&payday->prng.months, (uint32_t)swarm->month_again, SWARM_MILLION);
        uint32_t older = (uint32_t)prng_below(&payday->prng.months, month + 1U);
        if (people_return(payday, month))
            answer(payday, month, true, 3);
        if (is_again && !runs_until_complete(payday, older, runs_max))
            return false;
    }
    return true;
}

/* All that was to come in has come, and what was missing comes now, for every other account. */
static void bring_money(struct payday *payday)
{
    uint64_t longest_ns = 0;
    for (uint32_t i = 0; i < workload_total(&payday->workload); i++) {
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

/* Who was taken over finds out, whenever it is continued. */
static void wait_for_the_taken_over(struct payday *payday)
{
    while (engines_linger(payday) && engines_turn(payday, AT_NEVER))
        continue;
}

static void heal(struct payday *payday)
{
    payday->is_healed = true;
    // A clock that was set back reads old instants again: what waits for them waits so long.
    uint64_t step_ns = payday->swarm.clock_step > 0 ? 2 * payday->swarm.clock_step_ns : 0;
    swarm_heal(&payday->swarm);
    bank_sim_heal(payday->bank);
    payday->result->healed = store_sim_tally(payday->store);
    tape_note(payday->tape, payday->world.now_ns, "healed", payday->result->healed.settled);
    if (payday->world.db_offset_us != payday->true_offset_us)
        world_plan(&payday->world, payday->world.now_ns, HAPPENING_CLOCK,
                   (uint64_t)payday->true_offset_us);
    bring_money(payday);
    wait_for_the_taken_over(payday);
    pass(payday, step_ns);
}

/* What an older month leaves open is in the way of a newer one, so each gets as many rounds. */
static bool run_to_the_end(struct payday *payday)
{
    uint32_t runs_max = HEALED_RUNS_MAX + crash_count(payday);
    for (uint32_t round = 0; round < payday->workload.months; round++)
        for (uint32_t month = 0; month < payday->workload.months; month++)
            if (!runs_until_complete(payday, month, runs_max))
                return false;
    return true;
}

/* Everything is done: a further run sends nothing. */
static bool run_once_more(struct payday *payday)
{
    uint64_t before = auditor_transfers(payday->auditor);
    for (uint32_t month = 0; month < payday->workload.months; month++)
        if (!runs_until_complete(payday, month, crash_count(payday) + 1))
            return false;
    payday->result->last_run_transfers = auditor_transfers(payday->auditor) - before;
    if (payday->result->last_run_transfers > 0)
        payday_fail(payday, SIM_WRONG, "I10: a run after the end sent %" PRIu64 " transfers",
                    payday->result->last_run_transfers);
    return payday_is_good(payday);
}

static void run_all(struct payday *payday)
{
    if (!run_months(payday))
        return;
    heal(payday);
    if (!run_to_the_end(payday) || !run_once_more(payday))
        return;
    if (payday->plan->persons != NULL)
        (void)payday->plan->persons(payday->plan->context, payday, 0, LOOK_END);
    auditor_ends(payday->auditor);
    (void)payday_is_good(payday);
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

/* Slots, calls and the way to bank and store leave nothing to wait for but the bank's tokens. */
static bool is_calm(const struct payday *payday)
{
    const struct swarm *f = &payday->swarm;
    uint64_t hindrances = f->bank_throttle + f->bank_hang + f->bank_slow + f->bank_lost_after +
                          f->net_lost_request + f->net_lost_answer + f->net_late_request +
                          f->store_slow + f->store_busy + f->store_shut + f->process_pause +
                          f->process_freeze + f->person_asks + f->person_meanwhile;
    return hindrances == 0 && f->slots >= 64 && f->calls >= 8 &&
           payday->plan->decide_call == NULL && payday->plan->persons == NULL;
}

/* core/waiting.h has the bound, where R is what payments leave: each account has some calls more,
   and a page and a call take their time. */
static uint64_t forgotten_ns(const struct payday *payday)
{
    const struct swarm *swarm = &payday->swarm;
    uint64_t sweep_ns = payday->workload.count * NS_PER_S / swarm->rate_per_s;
    return is_calm(payday) ? 4 * swarm->poll_interval_ns + 50 * sweep_ns + 5 * NS_PER_S : AT_NEVER;
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
        .send_before_ns = swarm->send_before_ns,
        .unsure_ns = swarm->alive_ns + swarm->store_slow_ns + swarm->process_pause_ns +
                     swarm->process_freeze_ns,
        .later_tries = (uint32_t)swarm->later_tries,
        .hold_by_transfer = swarm->hold_by_transfer != 0,
        .compensated_steps = (uint8_t)swarm->compensated_steps,
        .unhold = (uint32_t)swarm->unhold,
        .parks_over = swarm->over == OVER_PARK,
        .closing_seen = swarm->closing == CLOSING_ALL,
        .poll_interval_ns = swarm->poll_interval_ns,
        .forgotten_ns = forgotten_ns(payday),
    };
    payday->auditor = auditor_open(&payday->workload, &rules, payday->sim->hash);
}

static void split_streams(struct payday *payday)
{
    uint64_t seed = payday->plan->seed;
    payday->prng = (struct payday_streams){.crashes = prng_split(seed, "crashes"),
                                           .freezes = prng_split(seed, "freezes"),
                                           .pauses = prng_split(seed, "pauses"),
                                           .stops = prng_split(seed, "stops"),
                                           .restarts = prng_split(seed, "restarts"),
                                           .clock = prng_split(seed, "clock"),
                                           .months = prng_split(seed, "months"),
                                           .persons = prng_split(seed, "people"),
                                           .commands = prng_split(seed, "commands"),
                                           .news = prng_split(seed, "news")};
}

static void open_world(struct payday *payday)
{
    const struct sim_plan *plan = payday->plan;
    payday->profile = sim_profiles_pick(&payday->sim->profiles, &payday->swarm);
    split_streams(payday);
    payday->true_offset_us = (int64_t)prng_between(&payday->prng.clock, 0, 1U << 30) * US_PER_S;
    world_init(&payday->world, payday->true_offset_us);
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
                                   .context = payday,
                                   .decided = people_on_decided,
                                   .decided_context = payday});
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
