#include "real/lane.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/failpoint.h"
#include "base/time.h"
#include "real/bank.h"
#include "real/clock.h"
#include "real/ring.h"

#define DONE_MAX 4096U      /* completions handled in one turn */
#define STORE_EVENTS_MAX 16 /* two turns of the store and one of the claim, four each; a stop */
#define FILES_BESIDE 64U    /* files open beside the banks' connections */
#define WAIT_MAX_NS NS_PER_S
#define DRAIN_MAX_NS (10 * NS_PER_S)
#define STANDSTILL_NS                                                                              \
    NS_PER_S /* no turn takes so long, unless the process or the machine stood still */

enum { WATCH_CHUNKS, WATCH_PAGES, WATCH_CLAIM, WATCHES };

/* A database socket that the ring watches. */
struct watch {
    bool is_armed;
    int fd;
    uint32_t mask;
    uint32_t generation;
};

struct lane {
    struct lane_config config;
    struct ring *ring;
    struct bank *bank;
    struct watch watches[WATCHES];
    bool store_due; /* something may have changed for the store, for the claim */
    bool claim_due;
    bool load_begins;
    const struct chunk *chunk_begins;
    struct store_load load;
    bool stop_told;
    uint64_t submitted_at_ns; /* when the ring had last nothing left to hand over */
    uint64_t progress_at_ns;
    struct event events[STORE_EVENTS_MAX];
    uint32_t event_count;
    struct command commands[COMMANDS_MAX];
    struct ring_done done[DONE_MAX];
};

static bool raise_file_limit(const struct lane_config *config, char error[STORE_ERROR_BYTES]);
static struct bank *open_bank(const struct lane_config *config, struct ring *ring,
                              char error[STORE_ERROR_BYTES]);
static void hand_in(struct lane *lane);
static void carry_out(struct lane *lane);
static void carry_out_one(struct lane *lane, const struct command *command, uint64_t now_ns);
static void hold_back_old_calls(struct lane *lane);
static void begin_store_work(struct lane *lane);
static void turn_store(struct lane *lane, uint64_t now_ns);
static void turn_claim(struct lane *lane, uint64_t now_ns);
static void look_for_loss(struct lane *lane, uint32_t from);
static void tell_stop(struct lane *lane);
static void tell_progress(struct lane *lane, uint64_t now_ns);
static void watch_all(struct lane *lane);
static void watch(struct lane *lane, uint32_t index, struct store_wait wait);
static void unwatch(struct lane *lane, uint32_t index);
static uint64_t wait_for_more(struct lane *lane);
static uint64_t wait_ns(const struct lane *lane, uint64_t now_ns);
static void on_done(struct lane *lane, const struct ring_done *done, uint64_t now_ns);
static void on_watched(struct lane *lane, struct ring_tag tag);
static void drain(struct lane *lane);

_Static_assert(RING_ERROR_BYTES <= STORE_ERROR_BYTES, "the ring's text fits the lane's");

struct lane *lane_open(const struct lane_config *config, char error[STORE_ERROR_BYTES])
{
    CHECK(config->bank_count >= 1 && config->bank_count <= BANKS_MAX);
    if (!raise_file_limit(config, error)) {
        return NULL;
    }
    struct lane *lane = calloc(1, sizeof(*lane));
    if (!lane) {
        snprintf(error, STORE_ERROR_BYTES, "out of memory");
        return NULL;
    }
    lane->config = *config;
    uint32_t sockets = WATCHES;
    for (uint32_t i = 0; i < config->bank_count; i++) {
        sockets += config->banks[i].connections_max;
    }
    lane->ring = ring_open(sockets, error);
    lane->bank = lane->ring ? open_bank(config, lane->ring, error) : NULL;
    if (!lane->bank) {
        lane_close(lane);
        return NULL;
    }
    lane->submitted_at_ns = clock_now_ns();
    lane->progress_at_ns = config->progress ? clock_now_ns() + config->progress_ns : AT_NEVER;
    return lane;
}

void lane_run(struct lane *lane)
{
    // The store and the claim may already have something to say.
    lane->store_due = true;
    lane->claim_due = true;
    while (true) {
        hand_in(lane);
        carry_out(lane);
        if (settle_phase(lane->config.settle) == SETTLE_DONE) {
            break;
        }
        uint64_t now_ns = wait_for_more(lane);
        turn_store(lane, now_ns);
        turn_claim(lane, now_ns);
        tell_stop(lane);
        tell_progress(lane, now_ns);
        trace_file_turn(lane->config.trace, now_ns);
    }
    drain(lane);
}

void lane_close(struct lane *lane)
{
    if (!lane) {
        return;
    }
    ring_close(lane->ring);
    bank_close(lane->bank);
    free(lane);
}

bool lane_bank_reachable(const char *host, uint16_t port, uint64_t wait_ns)
{
    struct addresses addresses;
    char error[STORE_ERROR_BYTES];
    return address_resolve(host, port, &addresses, error, sizeof(error)) &&
           address_answers(&addresses, wait_ns);
}

uint64_t lane_files_needed(uint64_t connections)
{
    return connections + FILES_BESIDE;
}

static bool raise_file_limit(const struct lane_config *config, char error[STORE_ERROR_BYTES])
{
    uint64_t connections = 0;
    for (uint32_t i = 0; i < config->bank_count; i++) {
        connections += config->banks[i].connections_max;
    }
    rlim_t needed = lane_files_needed(connections);
    struct rlimit files;
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    if (files.rlim_cur >= needed) {
        return true;
    }
    if (files.rlim_max >= needed) {
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) == 0) {
            return true;
        }
    }
    snprintf(error, STORE_ERROR_BYTES,
             "too few open files are allowed: %llu are needed, %llu allowed\n"
             "HINT: ulimit -n %llu (systemd: LimitNOFILE=), or fewer connections to the banks",
             (unsigned long long)needed, (unsigned long long)files.rlim_max,
             (unsigned long long)needed);
    return false;
}

static struct bank *open_bank(const struct lane_config *config, struct ring *ring,
                              char error[STORE_ERROR_BYTES])
{
    struct bank_peer peers[BANKS_MAX];
    for (uint32_t i = 0; i < config->bank_count; i++) {
        const struct lane_bank *one = &config->banks[i];
        const struct bank_rules *rules = one->rules ? one->rules : profile_rules(one->profile);
        CHECK(rules->calls_max <= one->connections_max);
        peers[i] = (struct bank_peer){.profile = one->profile,
                                      .connections_max = one->connections_max,
                                      .linger_ns = rules->linger_ns,
                                      .call_timeout_ns = rules->call_timeout_ns};
        if (!address_resolve(one->host, one->port, &peers[i].addresses, error, STORE_ERROR_BYTES)) {
            return NULL;
        }
    }
    struct bank *bank = bank_open(peers, config->bank_count, ring, config->hash);
    if (!bank) {
        snprintf(error, STORE_ERROR_BYTES, "out of memory for the connections to the banks");
    }
    return bank;
}

/* Everything that happened since the last time; and nothing, for then it is time that has come. */
static void hand_in(struct lane *lane)
{
    uint64_t now_ns = clock_now_ns();
    uint32_t reply_count;
    const struct event *replies = bank_replies(lane->bank, &reply_count);
    if (reply_count > 0) {
        trace_file_events(lane->config.trace, replies, reply_count, now_ns);
        settle_input(lane->config.settle, replies, reply_count, now_ns);
        bank_replies_taken(lane->bank);
    }
    trace_file_events(lane->config.trace, lane->events, lane->event_count, now_ns);
    settle_input(lane->config.settle, lane->events, lane->event_count, now_ns);
    lane->event_count = 0;
}

/* Everything that the core wants now; the calls to the banks leave first. */
static void carry_out(struct lane *lane)
{
    uint32_t count;
    do {
        uint64_t now_ns = clock_now_ns();
        count = settle_output(lane->config.settle, lane->commands, COMMANDS_MAX, now_ns);
        for (uint32_t i = 0; i < count; i++) {
            carry_out_one(lane, &lane->commands[i], now_ns);
        }
    } while (count == COMMANDS_MAX);
    begin_store_work(lane);
}

static void carry_out_one(struct lane *lane, const struct command *command, uint64_t now_ns)
{
    if (command->kind != COMMAND_STORE_CHUNK) { // a chunk is long: after the calls have left
        trace_file_command(lane->config.trace, command, now_ns);
    }
    switch (command->kind) {
    case COMMAND_BANK_CALL:
        bank_call(lane->bank, &command->bank_call, now_ns);
        return;
    case COMMAND_BANK_CANCEL:
        bank_cancel(lane->bank, command->bank_cancel);
        return;
    case COMMAND_STORE_LOAD:
        CHECK(!lane->load_begins);
        lane->load = command->store_load;
        lane->load_begins = true;
        return;
    case COMMAND_STORE_CHUNK:
        CHECK(!lane->chunk_begins);
        lane->chunk_begins = command->store_chunk;
        return;
    }
}

/*
 * Calls were checked (permission, alive) ms ago. If the process stood still since, another may own
 * the batch by now: what was not handed over stays here, and the run starts over from its claim.
 */
static void hold_back_old_calls(struct lane *lane)
{
    if (bank_has_unsubmitted(lane->bank) &&
        clock_now_ns() - lane->submitted_at_ns > STANDSTILL_NS) {
        bank_shut(lane->bank);
        CHECK(lane->event_count < STORE_EVENTS_MAX);
        lane->events[lane->event_count++] =
            (struct event){.kind = EVENT_STORE_GONE, .store_gone = STATUS_STORE_LOST};
    }
    bank_submitted(lane->bank);
}

static void begin_store_work(struct lane *lane)
{
    if (!lane->load_begins && !lane->chunk_begins) {
        return;
    }
    // Encoding a chunk takes a while, and a checked call must not wait for it.
    hold_back_old_calls(lane);
    ring_submit(lane->ring);
    FAILPOINT(lane_submitted);
    uint64_t now_ns = lane->submitted_at_ns = clock_now_ns();
    if (lane->chunk_begins) {
        struct command chunk = {.kind = COMMAND_STORE_CHUNK, .store_chunk = lane->chunk_begins};
        trace_file_command(lane->config.trace, &chunk, now_ns);
        store_chunk(lane->config.store, lane->chunk_begins, now_ns);
        lane->chunk_begins = NULL;
    }
    if (lane->load_begins) {
        store_load(lane->config.store, &lane->load, now_ns);
        lane->load_begins = false;
    }
    lane->store_due = true;
    turn_store(lane, now_ns);
}

static void turn_store(struct lane *lane, uint64_t now_ns)
{
    if (!lane->store_due && now_ns < store_next_at(lane->config.store)) {
        return;
    }
    lane->store_due = false;
    CHECK(lane->event_count + 4 <= STORE_EVENTS_MAX);
    uint32_t from = lane->event_count;
    lane->event_count += store_turn(lane->config.store, &lane->events[from], now_ns);
    look_for_loss(lane, from);
}

static void turn_claim(struct lane *lane, uint64_t now_ns)
{
    if (!lane->claim_due && now_ns < claim_next_at(lane->config.claim)) {
        return;
    }
    lane->claim_due = false;
    CHECK(lane->event_count + 4 <= STORE_EVENTS_MAX);
    uint32_t from = lane->event_count;
    lane->event_count += claim_turn(lane->config.claim, &lane->events[from], now_ns);
    look_for_loss(lane, from);
}

/* Who may have lost the batch hands no more bytes to a bank, not even calls commanded before. */
static void look_for_loss(struct lane *lane, uint32_t from)
{
    CHECK(lane->event_count <= STORE_EVENTS_MAX);
    for (uint32_t i = from; i < lane->event_count; i++) {
        if (lane->events[i].kind == EVENT_STORE_GONE) {
            bank_silence(lane->bank);
        }
    }
}

static void tell_stop(struct lane *lane)
{
    if (!lane->stop_told && lane->config.stop && *lane->config.stop != 0) {
        CHECK(lane->event_count < STORE_EVENTS_MAX);
        lane->events[lane->event_count++] = (struct event){.kind = EVENT_STOP};
        lane->stop_told = true;
        FAILPOINT(stop_told);
    }
}

static void tell_progress(struct lane *lane, uint64_t now_ns)
{
    if (now_ns >= lane->progress_at_ns) {
        lane->config.progress(lane->config.progress_context, lane->config.settle, now_ns);
        lane->progress_at_ns = now_ns + lane->config.progress_ns;
    }
}

static void watch_all(struct lane *lane)
{
    struct store_wait waits[2];
    store_waits(lane->config.store, waits);
    watch(lane, WATCH_CHUNKS, waits[0]);
    watch(lane, WATCH_PAGES, waits[1]);
    watch(lane, WATCH_CLAIM, claim_wait(lane->config.claim));
}

static void watch(struct lane *lane, uint32_t index, struct store_wait wait)
{
    struct watch *watch = &lane->watches[index];
    uint32_t mask = (wait.readable ? POLLIN : 0U) | (wait.writable ? POLLOUT : 0U);
    // One that is armed and not wanted any more harms nobody: at worst it says that all is well.
    if (wait.fd < 0 || mask == 0 ||
        (watch->is_armed && watch->fd == wait.fd && watch->mask == mask)) {
        return;
    }
    if (watch->is_armed) {
        unwatch(lane, index);
    }
    watch->generation = (watch->generation + 1) & RING_GENERATION_MASK;
    watch->is_armed = true;
    watch->fd = wait.fd;
    watch->mask = mask;
    ring_poll(lane->ring, wait.fd, mask, (struct ring_tag){RING_POLL, index, watch->generation});
}

static void unwatch(struct lane *lane, uint32_t index)
{
    struct watch *watch = &lane->watches[index];
    struct ring_tag target = {RING_POLL, index, watch->generation};
    ring_cancel(lane->ring, target, (struct ring_tag){RING_UNPOLL, index, watch->generation});
    watch->is_armed = false;
}

/* Returns the time after the wait. */
static uint64_t wait_for_more(struct lane *lane)
{
    watch_all(lane);
    hold_back_old_calls(lane);
    uint32_t count = ring_turn(lane->ring, wait_ns(lane, clock_now_ns()), lane->done, DONE_MAX);
    uint64_t now_ns = lane->submitted_at_ns = clock_now_ns();
    for (uint32_t i = 0; i < count; i++) {
        on_done(lane, &lane->done[i], now_ns);
    }
    return now_ns;
}

/* Until someone wants a turn; a signal that came just before is noticed by WAIT_MAX_NS. */
static uint64_t wait_ns(const struct lane *lane, uint64_t now_ns)
{
    uint32_t reply_count;
    (void)bank_replies(lane->bank, &reply_count);
    if (reply_count > 0 || lane->event_count > 0) {
        return 0;
    }
    uint64_t until_ns = now_ns + WAIT_MAX_NS;
    const uint64_t wanted[] = {settle_next_at(lane->config.settle),
                               claim_next_at(lane->config.claim), store_next_at(lane->config.store),
                               lane->progress_at_ns};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        until_ns = wanted[i] < until_ns ? wanted[i] : until_ns;
    }
    return until_ns > now_ns ? until_ns - now_ns : 0;
}

static void on_done(struct lane *lane, const struct ring_done *done, uint64_t now_ns)
{
    switch (done->tag.op) {
    case RING_CONNECT:
    case RING_SEND:
    case RING_RECEIVE:
    case RING_CANCEL:
        bank_on_done(lane->bank, done, now_ns);
        return;
    case RING_POLL:
        on_watched(lane, done->tag);
        return;
    case RING_UNPOLL:
        return;
    }
}

static void on_watched(struct lane *lane, struct ring_tag tag)
{
    CHECK(tag.index < WATCHES);
    struct watch *watch = &lane->watches[tag.index];
    if (!watch->is_armed || tag.generation != watch->generation) {
        return;
    }
    watch->is_armed = false;
    if (tag.index == WATCH_CLAIM) {
        lane->claim_due = true;
    } else {
        lane->store_due = true;
    }
}

static void drain(struct lane *lane)
{
    bank_shut(lane->bank);
    for (uint32_t i = 0; i < WATCHES; i++) {
        if (lane->watches[i].is_armed) {
            unwatch(lane, i);
        }
    }
    uint64_t now_ns = clock_now_ns();
    uint64_t give_up_at_ns = now_ns + DRAIN_MAX_NS;
    while (ring_outstanding(lane->ring) > 0) {
        // The kernel always lets go of what is shut down and cancelled.
        CHECK(now_ns < give_up_at_ns);
        uint32_t count = ring_turn(lane->ring, WAIT_MAX_NS, lane->done, DONE_MAX);
        now_ns = clock_now_ns();
        for (uint32_t i = 0; i < count; i++) {
            on_done(lane, &lane->done[i], now_ns);
        }
    }
    CHECK(bank_is_shut(lane->bank));
    FAILPOINT(lane_drained);
}
