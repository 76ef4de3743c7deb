#include "core/settle.h"

#include "base/money.h"
#include "base/sin.h"
#include "base/time.h"
#include "core/closing.h"
#include "core/course.h"
#include "core/deposit.h"
#include "core/dispatch.h"
#include "core/doubt.h"
#include "core/intake.h"
#include "core/poison.h"
#include "core/settle_state.h"

/* ---- begin ----------------------------------------------------------------------------------- */

static uint32_t calls_wanted(const struct settle_config *config)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < config->bank_count; i++) {
        CHECK(config->banks[i].calls_max >= 1 && config->banks[i].calls_max <= CALLS_MAX);
        calls += config->banks[i].calls_max;
    }
    return calls < CALLS_MAX ? (uint32_t)calls : CALLS_MAX;
}

static void init_desks(struct settle *settle, uint64_t now_ns)
{
    for (uint32_t i = 0; i < settle->config.bank_count; i++) {
        struct desk *desk = &settle->desks[i];
        desk->rules = settle->config.banks[i];
        desk->answered = UINT32_MAX;
        desk->throttle = SIN(own_buckets) ? NULL : settle->config.throttles[i];
        if (desk->throttle == NULL) {
            desk->throttle = &desk->own;
            throttle_init(&desk->own, desk->rules.rate_per_s, desk->rules.burst, now_ns);
        }
        if (desk->rules.poll_interval_ns > settle->poll_interval_ns)
            settle->poll_interval_ns = desk->rules.poll_interval_ns;
    }
}

static void init_values(struct settle *settle, struct hash *hash, uint64_t now_ns)
{
    settle->hash = hash;
    settle->now_ns = settle->started_at_ns = settle->alive_at_ns = now_ns;
    waiting_begin(&settle->waiting);
    settle->chunk_again_ns = AT_NEVER;
    settle->stop_by_ns = AT_NEVER;
    settle->retry = (struct retry){.base_ns = settle->config.retry_base_ns,
                                   .cap_ns = settle->config.retry_cap_ns};
    prng_init(&settle->prng, settle->config.seed);
    server_time_init(&settle->server_time, settle->start.time.db_now_us,
                     settle->start.time.asked_at_ns, now_ns);
    for (uint32_t i = 0; i < 3; i++)
        histogram_init(&settle->latency[i]);
    histogram_init(&settle->detection);
    init_desks(settle, now_ns);
    intake_init(settle);
}

struct settle *settle_init(struct arena *arena, struct hash *hash,
                           const struct settle_config *config, const struct settle_start *start,
                           uint64_t now_ns)
{
    CHECK(config->bank_count >= 1 && config->bank_count <= BANKS_MAX);
    CHECK(config->slots >= 1 && config->slots <= SLOTS_MAX);
    struct settle dry; // stands in while the arena only counts
    struct settle *placed = ARENA_TAKE(arena, 1, struct settle);
    struct settle *settle = placed == NULL ? &dry : placed;
    *settle = (struct settle){.config = *config, .start = *start};
    uint32_t calls = calls_wanted(config);
    step_init(&settle->steps, arena, config->slots);
    heap_init(&settle->timers, arena, config->slots);
    calls_init(&settle->calls, arena, calls);
    waiting_init(&settle->waiting, arena, start->accounts > 0 ? start->accounts : 1);
    intake_take(&settle->intake, arena, start->accounts);
    struct chunks_config chunks = {.batch_id = start->batch_id,
                                   .partition = start->partition,
                                   .epoch = start->epoch,
                                   .number = start->chunk,
                                   .hash = start->hash,
                                   .mark = config->chunk_records,
                                   .calls = calls,
                                   .delay_ns = config->chunk_delay_ns};
    chunk_init(&settle->chunks, arena, hash, &chunks);
    if (placed != NULL)
        init_values(settle, hash, now_ns);
    return placed;
}

/* ---- for all parts --------------------------------------------------------------------------- */

void settle_end_now(struct settle *settle, enum settle_end end)
{
    CHECK(settle->phase != SETTLE_DONE);
    settle->phase = SETTLE_DONE;
    settle->end = end;
    dispatch_end(settle);
}

enum settle_end settle_end_of(enum status status)
{
    bool is_over =
        status_class(status) == STATUS_CLASS_FATAL || status_class(status) == STATUS_CLASS_REJECT;
    return is_over && status != STATUS_STORE_FENCED ? SETTLE_END_FATAL : SETTLE_END_GONE;
}

int64_t settle_db_least_us(const struct settle *settle)
{
    return server_time_least_us(&settle->server_time, settle->now_ns);
}

int64_t settle_db_most_us(const struct settle *settle)
{
    return server_time_most_us(&settle->server_time, settle->now_ns);
}

void settle_recorded_us(struct settle *settle, int64_t at_us)
{
    if (at_us <= settle_newest_us(settle))
        return;
    settle->newest_us = at_us;
    settle->newest_at_ns = settle->now_ns;
}

int64_t settle_newest_us(const struct settle *settle)
{
    return settle->newest_us + (int64_t)((settle->now_ns - settle->newest_at_ns) / NS_PER_US);
}

int64_t settle_record_us(struct settle *settle)
{
    int64_t now_us = settle_db_least_us(settle);
    settle_recorded_us(settle, now_us);
    return now_us;
}

bool settle_decisions_are_written(const struct settle *settle)
{
    // What a database refused was dropped, and its buffer may never be closed.
    return chunk_is_written(&settle->chunks, settle->decided_by) || chunk_is_idle(&settle->chunks);
}

void settle_timer(struct settle *settle, const struct settlement *s, uint64_t at_ns)
{
    heap_set(&settle->timers, step_index(&settle->steps, s), at_ns);
}

void settle_timer_clear(struct settle *settle, const struct settlement *s)
{
    heap_clear(&settle->timers, step_index(&settle->steps, s));
}

/* ---- input ----------------------------------------------------------------------------------- */

static void on_bank_reply(struct settle *settle, const struct bank_reply *reply)
{
    struct call call;
    if (!calls_end(&settle->calls, reply->call, &call)) {
        settle->counts.stale_replies++;
        return;
    }
    struct settlement *s = step_at(&settle->steps, call.settlement);
    CHECK(SIN(slot_generation_ignored) || slot_pack(s->call) == slot_pack(reply->call));
    settle_timer_clear(settle, s);
    dispatch_on_reply(settle, &call, reply);
    if (s->is_refused) {
        poison_on_reply(settle, s);
        return;
    }
    switch ((enum await)s->await) { // uncovered: who awaits another thing is not here
    case AWAIT_POLL_REPLY:
        deposit_on_balance(settle, s, reply);
        return;
    case AWAIT_CLOSING_REPLY:
        closing_on_balance(settle, s, reply);
        return;
    case AWAIT_CONFIRM_REPLY:
        closing_on_confirm(settle, s, reply);
        return;
    case AWAIT_SEND_REPLY:
        doubt_on_send_reply(settle, s, reply);
        return;
    case AWAIT_INQUIRY_REPLY:
        doubt_on_inquiry_reply(settle, s, reply);
        return;
    case AWAIT_NOTHING: // uncovered: the same
    case AWAIT_POLL_TURN:
    case AWAIT_POLL_AGAIN:
    case AWAIT_INTENT_ROOM:
    case AWAIT_INTENT_WRITE:
    case AWAIT_SEND_ROOM:
    case AWAIT_SEND_TURN:
    case AWAIT_SEND_AGAIN:
    case AWAIT_INQUIRY_TURN:
    case AWAIT_INQUIRY_AGAIN:
    case AWAIT_OUTCOME_WRITE:
    case AWAIT_CLOSING_TURN:
    case AWAIT_CLOSING_AGAIN:
    case AWAIT_CONFIRM_TURN:
    case AWAIT_CONFIRM_AGAIN:
    case AWAIT_LAST_WRITE:
    case AWAIT_COUNT:
        break;
    }
    CHECK(false);
}

static bool has_decision(const struct chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->record_count; i++)
        if (chunk->records[i].record_kind == RECORD_DECISION)
            return true;
    return false;
}

/* What was to come after one of them can be answered now. One that was dropped because a database
   refused it is no reason to ask: it would come again and again. */
static void ask_after_decisions(struct settle *settle)
{
    if (!settle->is_decided || !settle_decisions_are_written(settle))
        return;
    settle->is_decided = false;
    intake_on_requested(settle);
}

/* Whoever awaited this chunk goes on; lists are in the order of writing. */
static void on_chunk_written(struct settle *settle)
{
    static const enum await writes[] = {AWAIT_INTENT_WRITE, AWAIT_OUTCOME_WRITE, AWAIT_LAST_WRITE};
    if (!settle->is_decided && !settle_decisions_are_written(settle))
        settle->is_decided = has_decision(chunk_again(&settle->chunks));
    chunk_written(&settle->chunks);
    settle->counts.chunks++;
    settle->counts.chunks_ns += settle->now_ns - settle->chunk_handed_ns;
    ask_after_decisions(settle);
    settle->chunk_tries = 0;
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++) {
        for (uint32_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
            struct settlement *s = step_first(&settle->steps, bank, writes[i]);
            while (s != NULL && chunk_is_written(&settle->chunks, s->written_by)) {
                course_on_written(settle, s);
                s = step_first(&settle->steps, bank, writes[i]);
            }
        }
    }
}

static void on_store_written(struct settle *settle, const struct store_written *written)
{
    CHECK(written->number == chunk_again(&settle->chunks)->number);
    if (status_class(written->status) == STATUS_CLASS_OK ||
        (SIN(busy_is_written) && written->status == STATUS_STORE_BUSY) ||
        (SIN(poison_dropped) && written->status == STATUS_STORE_REFUSED)) {
        on_chunk_written(settle);
        return;
    }
    if (written->status == STATUS_STORE_REFUSED && poison_on_refused(settle))
        return;
    bool may_retry = status_class(written->status) == STATUS_CLASS_RETRY;
    if (may_retry && ++settle->chunk_tries < settle->config.chunk_tries) {
        settle->chunk_again_ns =
            settle->now_ns + retry_wait_ns(&settle->retry, settle->chunk_tries, &settle->prng);
        return;
    }
    settle->counts.fatal = written->status;
    settle_end_now(settle, settle_end_of(written->status));
}

static void on_store_time(struct settle *settle, const struct store_time *time)
{
    if (time->asked_at_ns == 0)
        return;
    server_time_set(&settle->server_time, time->db_now_us, time->asked_at_ns, settle->now_ns);
    // Dated by the question: after a pause of ours an old answer proves nothing of now.
    if (time->asked_at_ns > settle->alive_at_ns)
        settle->alive_at_ns = time->asked_at_ns;
}

static void on_stop(struct settle *settle)
{
    if (settle->phase != SETTLE_RUNNING)
        return;
    settle->is_stopped = true;
    settle->phase = SETTLE_STOPPING;
    settle->stop_by_ns = settle_later_ns(settle->now_ns, settle->config.drain_ns);
}

static void on_event(struct settle *settle, const struct event *event)
{
    switch (event->kind) {
    case EVENT_BANK_REPLY:
        on_bank_reply(settle, &event->bank_reply);
        return;
    case EVENT_STORE_LOADED:
        on_store_time(settle, &event->time);
        intake_on_loaded(settle, &event->store_loaded);
        return;
    case EVENT_STORE_WRITTEN:
        on_store_time(settle, &event->time);
        on_store_written(settle, &event->store_written);
        return;
    case EVENT_STORE_ALIVE:
        on_store_time(settle, &event->time);
        return;
    case EVENT_STORE_GONE:
        if (SIN(gone_ignored))
            return;
        settle->counts.fatal = event->store_gone;
        settle_end_now(settle, SETTLE_END_GONE);
        return;
    case EVENT_REQUESTED:
        intake_on_requested(settle);
        return;
    case EVENT_STOP:
        on_stop(settle);
        return;
    }
    CHECK(false);
}

static void on_timer(struct settle *settle, struct settlement *s)
{
    switch ((enum await)s->await) { // uncovered: who awaits another thing is not here
    case AWAIT_POLL_REPLY:
    case AWAIT_CLOSING_REPLY:
    case AWAIT_SEND_REPLY:
    case AWAIT_INQUIRY_REPLY:
    case AWAIT_CONFIRM_REPLY:
        settle->counts.timeouts++;
        calls_cancel(&settle->calls, s->call);
        return;
    case AWAIT_POLL_AGAIN:
        step_move(&settle->steps, s, AWAIT_POLL_TURN);
        return;
    case AWAIT_CLOSING_AGAIN:
        step_move(&settle->steps, s, AWAIT_CLOSING_TURN);
        return;
    case AWAIT_CONFIRM_AGAIN:
        step_move(&settle->steps, s, AWAIT_CONFIRM_TURN);
        return;
    case AWAIT_SEND_AGAIN:
    case AWAIT_INQUIRY_AGAIN:
        doubt_on_timer(settle, s);
        return;
    case AWAIT_SEND_ROOM:
    case AWAIT_SEND_TURN:
    case AWAIT_INQUIRY_TURN:
        doubt_on_turn_timer(settle, s);
        return;
    case AWAIT_NOTHING: // uncovered: the same
    case AWAIT_POLL_TURN:
    case AWAIT_INTENT_ROOM:
    case AWAIT_INTENT_WRITE:
    case AWAIT_OUTCOME_WRITE:
    case AWAIT_CLOSING_TURN:
    case AWAIT_CONFIRM_TURN:
    case AWAIT_LAST_WRITE:
    case AWAIT_COUNT:
        break;
    }
    CHECK(false);
}

static bool timers_may_fire(const struct settle *settle)
{
    return settle->phase != SETTLE_DONE && settle->phase != SETTLE_FLUSHING &&
           chunk_has_room(&settle->chunks);
}

static void fire_timers(struct settle *settle)
{
    static const uint32_t anew = 1U << AWAIT_SEND_AGAIN | 1U << AWAIT_INQUIRY_AGAIN |
                                 1U << AWAIT_POLL_AGAIN | 1U << AWAIT_CLOSING_AGAIN |
                                 1U << AWAIT_CONFIRM_AGAIN;
    uint32_t index;
    while (timers_may_fire(settle) && heap_pop(&settle->timers, settle->now_ns, &index)) {
        struct settlement *s = step_at(&settle->steps, index);
        // A drain only waits for answers; what would begin anew is left to a later run.
        if (settle->phase == SETTLE_STOPPING && (anew >> s->await & 1) != 0)
            continue;
        on_timer(settle, s);
    }
}

/* ---- phases ---------------------------------------------------------------------------------- */

static void check_deadline(struct settle *settle)
{
    if (settle->is_past_deadline || settle->now_ns < settle->config.deadline_at_ns)
        return;
    settle->is_past_deadline = true;
    settle->intake.is_last_look = true;
}

static enum settle_end end_of_run(const struct settle *settle)
{
    if (settle->is_stopped)
        return SETTLE_END_STOPPED;
    if (settle->left_in_doubt + settle->left_pending > 0)
        return SETTLE_END_DOUBT;
    return settle->is_past_deadline ? SETTLE_END_DEADLINE : SETTLE_END_COMPLETE;
}

static bool is_work_left(const struct settle *settle)
{
    return !intake_is_done(settle) || step_free_count(&settle->steps) < settle->config.slots;
}

static void advance_phase(struct settle *settle)
{
    if (settle->phase == SETTLE_RUNNING && !is_work_left(settle))
        settle->phase = SETTLE_FLUSHING;
    if (settle->phase == SETTLE_STOPPING &&
        (settle->calls.in_flight == 0 || settle->now_ns >= settle->stop_by_ns))
        settle->phase = SETTLE_FLUSHING;
    if (settle->phase == SETTLE_FLUSHING && chunk_is_idle(&settle->chunks))
        settle_end_now(settle, end_of_run(settle));
}

/* Bytes of its transfer may have left, and no definitive answer came. What is asked about has
   nothing unwritten but that it is pending: so one that was refused counts as parked alone. */
static bool is_left_in_doubt(const struct settlement *s)
{
    if (s->is_parked || s->is_ended || s->is_visitor) // it counts as what it did before
        return false;
    switch ((enum await)s->await) {
    case AWAIT_SEND_REPLY:
        return true;
    case AWAIT_INQUIRY_TURN:
    case AWAIT_INQUIRY_REPLY:
    case AWAIT_INQUIRY_AGAIN:
        return !s->is_pending;
    case AWAIT_INTENT_WRITE:
    case AWAIT_SEND_ROOM:
    case AWAIT_SEND_TURN:
    case AWAIT_SEND_AGAIN:
        return !s->is_clean && !s->wants_generation;
    case AWAIT_NOTHING:
    case AWAIT_POLL_TURN:
    case AWAIT_POLL_REPLY:
    case AWAIT_POLL_AGAIN:
    case AWAIT_INTENT_ROOM:
    case AWAIT_OUTCOME_WRITE:
    case AWAIT_CLOSING_TURN:
    case AWAIT_CLOSING_REPLY:
    case AWAIT_CLOSING_AGAIN:
    case AWAIT_CONFIRM_TURN:
    case AWAIT_CONFIRM_REPLY:
    case AWAIT_CONFIRM_AGAIN:
    case AWAIT_LAST_WRITE:
    case AWAIT_COUNT:
        return false;
    }
    CHECK(false);
    return true;
}

static uint64_t count_left_in_doubt(struct settle *settle)
{
    uint64_t count = settle->left_in_doubt;
    for (uint32_t i = 0; i < settle->config.slots; i++)
        count += is_left_in_doubt(step_at(&settle->steps, i));
    return count;
}

static void count_present(struct settle *settle)
{
    const uint32_t *states = settle->steps.counts;
    struct settle_counts *counts = &settle->counts;
    uint64_t polling =
        (uint64_t)states[AWAIT_POLL_TURN] + states[AWAIT_POLL_REPLY] + states[AWAIT_POLL_AGAIN];
    uint64_t asking = (uint64_t)states[AWAIT_INQUIRY_TURN] + states[AWAIT_INQUIRY_REPLY] +
                      states[AWAIT_INQUIRY_AGAIN];
    counts->waiting = polling + settle->waiting.count;
    // At the end each is looked at; while running the states alone must do.
    counts->in_doubt =
        settle->phase == SETTLE_DONE ? count_left_in_doubt(settle) : asking + settle->left_in_doubt;
    counts->pending = settle->left_pending;
    counts->has_all =
        settle->config.scope == SETTLE_ALL && settle->intake.stage != INTAKE_UNDER_WAY;
    counts->active =
        settle->config.slots - states[AWAIT_NOTHING] - states[AWAIT_LAST_WRITE] - polling - asking;
    counts->calls_in_flight = settle->calls.in_flight;
}

void settle_input(struct settle *settle, const struct event *events, uint32_t event_count,
                  uint64_t now_ns)
{
    CHECK(now_ns >= settle->now_ns);
    settle->now_ns = now_ns;
    check_deadline(settle);
    for (uint32_t i = 0; i < event_count && settle->phase != SETTLE_DONE; i++)
        on_event(settle, &events[i]);
    fire_timers(settle);
    advance_phase(settle);
    count_present(settle);
    CHECK_SLOW(step_is_whole(&settle->steps));
}

/* ---- output ---------------------------------------------------------------------------------- */

/* Nothing else will come soon, so waiting for more records gains nothing. */
static bool wants_hurry(const struct settle *settle)
{
    return settle->calls.in_flight == 0 || settle->phase == SETTLE_FLUSHING;
}

static uint32_t output_chunk(struct settle *settle, struct command *command)
{
    if (settle->chunk_again_ns <= settle->now_ns) {
        settle->chunk_again_ns = AT_NEVER;
        *command = (struct command){.kind = COMMAND_STORE_CHUNK,
                                    .store_chunk = chunk_again(&settle->chunks)};
        return 1;
    }
    if (!chunk_is_due(&settle->chunks, wants_hurry(settle), settle->now_ns))
        return 0;
    *command = (struct command){.kind = COMMAND_STORE_CHUNK,
                                .store_chunk = chunk_hand_out(&settle->chunks)};
    settle->chunk_handed_ns = settle->now_ns;
    return 1;
}

static uint32_t output_cancels(struct settle *settle, struct command *commands, uint32_t max)
{
    uint32_t count = 0;
    struct slot call;
    while (count < max && calls_next_cancel(&settle->calls, &call))
        commands[count++] = (struct command){.kind = COMMAND_BANK_CANCEL, .bank_cancel = call};
    return count;
}

uint32_t settle_output(struct settle *settle, struct command *commands, uint32_t command_max,
                       uint64_t now_ns)
{
    CHECK(now_ns >= settle->now_ns && command_max >= 4);
    settle->now_ns = now_ns;
    if (settle->phase == SETTLE_DONE)
        return 0;
    uint32_t count = output_cancels(settle, commands, command_max - 2);
    intake_end_looking(settle);
    dispatch_give_up(settle);
    dispatch_intents(settle);
    count += dispatch_calls(settle, commands + count, command_max - 2 - count);
    struct store_load load;
    if (intake_load(settle, &load))
        commands[count++] = (struct command){.kind = COMMAND_STORE_LOAD, .store_load = load};
    // Last, so that the chunk holds everything this turn decided.
    count += output_chunk(settle, &commands[count]);
    advance_phase(settle);
    count_present(settle);
    return count;
}

uint64_t settle_next_at(const struct settle *settle)
{
    if (settle->phase == SETTLE_DONE)
        return settle->now_ns;
    uint64_t next_ns = dispatch_next_at(settle);
    uint64_t others[] = {
        timers_may_fire(settle) ? heap_next_at(&settle->timers) : AT_NEVER,
        chunk_next_at(&settle->chunks),
        settle->chunk_again_ns,
        intake_next_at(settle),
        settle->phase == SETTLE_STOPPING ? settle->stop_by_ns : AT_NEVER,
        settle->is_past_deadline ? AT_NEVER : settle->config.deadline_at_ns,
    };
    for (uint32_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        next_ns = others[i] < next_ns ? others[i] : next_ns;
    return next_ns;
}

/* ---- ask ------------------------------------------------------------------------------------- */

enum settle_phase settle_phase(const struct settle *settle)
{
    return settle->phase;
}

enum settle_end settle_end(const struct settle *settle)
{
    return settle->end;
}

const struct settle_counts *settle_counts(const struct settle *settle)
{
    return &settle->counts;
}

const struct histogram *settle_latency(const struct settle *settle, enum call_kind call_kind)
{
    return &settle->latency[call_kind];
}

void settle_counts_add(struct settle_counts *sum, const struct settle_counts *counts)
{
    sum->loaded += counts->loaded;
    sum->waiting += counts->waiting;
    sum->active += counts->active;
    sum->in_doubt += counts->in_doubt;
    sum->pending += counts->pending;
    sum->settled += counts->settled;
    sum->is_short += counts->is_short;
    sum->ended += counts->ended;
    sum->parked += counts->parked;
    sum->reversed += counts->reversed;
    sum->refused += counts->refused;
    sum->blocked += counts->blocked;
    sum->has_all = sum->has_all && counts->has_all;
    sum->polls += counts->polls;
    sum->transfers += counts->transfers;
    sum->inquiries += counts->inquiries;
    sum->resends += counts->resends;
    sum->doubts += counts->doubts;
    sum->throttled += counts->throttled;
    sum->rejected += counts->rejected;
    sum->not_done += counts->not_done;
    sum->timeouts += counts->timeouts;
    sum->stale_replies += counts->stale_replies;
    sum->chunks += counts->chunks;
    sum->chunks_ns += counts->chunks_ns;
    sum->records += counts->records;
    sum->entries += counts->entries;
    sum->paid_minor = money_add(sum->paid_minor, counts->paid_minor);
    sum->collected_minor = money_add(sum->collected_minor, counts->collected_minor);
    sum->calls_in_flight += counts->calls_in_flight;
    if (sum->fatal == STATUS_OK)
        sum->fatal = counts->fatal;
}

const struct histogram *settle_detection(const struct settle *settle)
{
    return &settle->detection;
}

uint64_t settle_answers(const struct settle *settle, uint32_t bank, uint64_t *total_ns)
{
    CHECK(bank < settle->config.bank_count);
    *total_ns = settle->desks[bank].answers_ns;
    return settle->desks[bank].answers;
}

uint32_t settle_rate_used(const struct settle *settle, uint32_t bank)
{
    CHECK(bank < settle->config.bank_count);
    const struct desk *desk = &settle->desks[bank];
    uint64_t allowed = desk->wanted_ns / NS_PER_US * desk->rules.rate_per_s / US_PER_S;
    if (allowed == 0)
        return 0;
    uint64_t used = desk->wanted_calls * 1000 / allowed;
    // uncovered: more than is allowed only by rounding
    return used < 1000 ? (uint32_t)used : 1000;
}

uint64_t settle_foreign(const struct settle *settle, uint32_t bank)
{
    CHECK(bank < settle->config.bank_count);
    return settle->desks[bank].foreign;
}

uint32_t settle_head(const struct settle *settle, struct digest *hash)
{
    *hash = settle->chunks.hash;
    return settle->chunks.number;
}
