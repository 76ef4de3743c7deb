#include "real/lane.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/failpoint.h"
#include "base/time.h"
#include "real/bank.h"
#include "real/clock.h"
#include "real/partition.h"
#include "real/ring.h"

#define DONE_MAX 4096U         /* completions handled in one turn */
#define FILES_BESIDE 64U       /* files open beside the banks' connections */
#define CLAIM_INDEX UINT32_MAX /* of the control session, in the ring */
#define WAIT_MAX_NS NS_PER_S
#define WAIT_OTHERS_NS (NS_PER_S / 8) /* where another lane may have news */
#define DRAIN_MAX_NS (10 * NS_PER_S)
#define STANDSTILL_NS                                                                              \
    NS_PER_S /* no turn takes so long, unless the process or the machine stood still */

struct lane {
    struct lane_config config;
    uint32_t number;
    struct ring *ring;
    struct partition *partitions[PARTITIONS_MAX]; /* its own */
    uint32_t partition_count;
    struct news *news;
    struct news_heard heard;
    /* the control session, in the first lane */
    bool claim_due; /* something may have changed for the claim */
    bool claim_armed;
    int claim_fd;
    uint32_t claim_mask, claim_generation;
    bool stop_told;
    uint64_t submitted_at_ns; /* when the ring had last nothing left to hand over */
    uint64_t progress_at_ns;
    struct ring_done done[DONE_MAX];
};

static uint64_t connections_of(const struct lane_config *config);
static bool raise_file_limit(const struct lane_config *config, char error[STORE_ERROR_BYTES]);
static bool open_partitions(struct lane *lane, char error[STORE_ERROR_BYTES]);
static void tell_all(struct lane *lane, const struct event *event);
static bool decide(struct lane *lane);
static void begin_store_work(struct lane *lane);
static void hold_back_old_calls(struct lane *lane);
static void turn_claim(struct lane *lane, uint64_t now_ns);
static void tell_news(struct lane *lane);
static void tell_stop(struct lane *lane);
static void tell_progress(struct lane *lane, uint64_t now_ns);
static void end_partition(struct lane *lane, struct partition *partition);
static void watch_claim(struct lane *lane);
static void unwatch_claim(struct lane *lane);
static uint64_t wait_for_more(struct lane *lane);
static uint64_t wait_ns(struct lane *lane);
static void on_done(struct lane *lane, const struct ring_done *done, uint64_t now_ns);
static void drain(struct lane *lane);

_Static_assert(RING_ERROR_BYTES <= STORE_ERROR_BYTES, "the ring's text fits the lane's");

struct lane *lane_open(const struct lane_config *config, uint32_t number, struct news *news,
                       char error[STORE_ERROR_BYTES])
{
    CHECK(config->bank_count >= 1 && config->bank_count <= BANKS_MAX);
    CHECK(config->partition_count <= PARTITIONS_MAX);
    if (!raise_file_limit(config, error)) {
        return NULL;
    }
    struct lane *lane = calloc(1, sizeof(*lane));
    if (!lane) {
        snprintf(error, STORE_ERROR_BYTES, "out of memory");
        return NULL;
    }
    lane->config = *config;
    lane->number = number;
    lane->news = news;
    if (!open_partitions(lane, error)) {
        lane_close(lane);
        return NULL;
    }
    lane->submitted_at_ns = clock_now_ns();
    lane->progress_at_ns = config->progress ? clock_now_ns() + config->progress_ns : AT_NEVER;
    return lane;
}

void lane_run(struct lane *lane)
{
    lane->claim_due = true; // the claim may already have something to say
    while (decide(lane)) {
        uint64_t now_ns = wait_for_more(lane);
        for (uint32_t i = 0; i < lane->partition_count; i++) {
            if (!partition_is_done(lane->partitions[i])) {
                partition_turn(lane->partitions[i], now_ns);
            }
        }
        turn_claim(lane, now_ns);
        tell_news(lane);
        tell_stop(lane);
        tell_progress(lane, now_ns);
    }
    drain(lane);
}

void lane_close(struct lane *lane)
{
    if (!lane) {
        return;
    }
    ring_close(lane->ring);
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        partition_close(lane->partitions[i]);
    }
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

static uint64_t connections_of(const struct lane_config *config)
{
    uint64_t connections = 0;
    for (uint32_t i = 0; i < config->bank_count; i++) {
        connections += config->banks[i].connections_max;
    }
    return connections;
}

/* All lanes of the process together. */
static bool raise_file_limit(const struct lane_config *config, char error[STORE_ERROR_BYTES])
{
    uint64_t partitions = config->partition_count > 1 ? config->partition_count : 1;
    uint64_t lanes = config->lanes > 1 ? config->lanes : 1;
    uint64_t further = (partitions - 1) * PARTITION_WATCHES + lanes - 1;
    rlim_t needed = lane_files_needed(connections_of(config) * partitions + further);
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

static bool resolve(const struct lane_config *config, struct bank_peer peers[BANKS_MAX],
                    char error[STORE_ERROR_BYTES])
{
    for (uint32_t i = 0; i < config->bank_count; i++) {
        const struct lane_bank *one = &config->banks[i];
        const struct bank_rules *rules = one->rules ? one->rules : profile_rules(one->profile);
        peers[i] = (struct bank_peer){.profile = one->profile,
                                      .connections_max = one->connections_max,
                                      .linger_ns = rules->linger_ns,
                                      .call_timeout_ns = rules->call_timeout_ns};
        if (!address_resolve(one->host, one->port, &peers[i].addresses, error, STORE_ERROR_BYTES)) {
            return false;
        }
    }
    return true;
}

/* The partitions whose number is the lane's, modulo the lanes. */
static bool open_partitions(struct lane *lane, char error[STORE_ERROR_BYTES])
{
    const struct lane_config *config = &lane->config;
    struct bank_peer peers[BANKS_MAX];
    uint32_t count = 0;
    for (uint32_t i = lane->number; i < config->partition_count; i += config->lanes) {
        count++;
    }
    uint64_t sockets = 1 + count * (connections_of(config) + PARTITION_WATCHES);
    lane->ring = ring_open(config->io, (uint32_t)sockets, error);
    if (!lane->ring || !resolve(config, peers, error)) {
        return false;
    }
    for (uint32_t i = lane->number; i < config->partition_count; i += config->lanes) {
        const struct lane_partition *one = &config->partitions[i];
        const struct partition_config partition = {.settle = one->settle,
                                                   .store = one->store,
                                                   .hash = one->hash,
                                                   .trace = one->trace,
                                                   .slot = lane->partition_count,
                                                   .peers = peers,
                                                   .peer_count = config->bank_count};
        lane->partitions[lane->partition_count] = partition_open(&partition, lane->ring);
        if (!lane->partitions[lane->partition_count]) {
            snprintf(error, STORE_ERROR_BYTES, "out of memory for the connections to the banks");
            return false;
        }
        lane->partition_count++;
    }
    return true;
}

static void tell_all(struct lane *lane, const struct event *event)
{
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        if (!partition_is_done(lane->partitions[i])) {
            partition_tell(lane->partitions[i], event);
        }
    }
}

/* Everything that the cores want now; the calls to the banks leave first. False: all are done. */
static bool decide(struct lane *lane)
{
    bool is_working = false;
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition_is_done(partition)) {
            continue;
        }
        partition_decide(partition);
        if (partition_is_done(partition)) {
            end_partition(lane, partition);
        } else {
            is_working = true;
        }
    }
    begin_store_work(lane);
    return is_working;
}

/* What one core ended by, all of the run must know. */
static void end_partition(struct lane *lane, struct partition *partition)
{
    const struct settle *settle = partition_settle(partition);
    if (settle_end(settle) == SETTLE_END_GONE) {
        news_gone(lane->news, settle_counts(settle)->fatal);
    } else if (settle_end(settle) == SETTLE_END_FATAL) {
        news_over(lane->news);
    }
    partition_shut(partition);
}

static void begin_store_work(struct lane *lane)
{
    bool is_wanted = false;
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        is_wanted = is_wanted || partition_has_store_work(lane->partitions[i]);
    }
    if (!is_wanted) {
        return;
    }
    // Encoding a chunk takes a while, and a checked call must not wait for it.
    hold_back_old_calls(lane);
    ring_submit(lane->ring);
    FAILPOINT(lane_submitted);
    lane->submitted_at_ns = clock_now_ns();
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        if (partition_has_store_work(lane->partitions[i])) {
            partition_begin_store_work(lane->partitions[i]);
        }
    }
}

/*
 * Calls were checked (permission, alive) ms ago. If the process stood still since, another may own
 * the batch by now: what was not handed over stays here, and the run starts over from its claim.
 */
static void hold_back_old_calls(struct lane *lane)
{
    bool is_old = clock_now_ns() - lane->submitted_at_ns > STANDSTILL_NS;
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        if (is_old && partition_has_unsubmitted(lane->partitions[i])) {
            partition_hold_back(lane->partitions[i]);
        }
        partition_submitted(lane->partitions[i]);
    }
}

/* Tells the other lanes what came; this one hears of it as they do. */
static void turn_claim(struct lane *lane, uint64_t now_ns)
{
    struct claim *claim = lane->config.claim;
    if (lane->number != 0 || (!lane->claim_due && now_ns < claim_next_at(claim))) {
        return;
    }
    lane->claim_due = false;
    struct event events[4];
    uint32_t count = claim_turn(claim, events, now_ns);
    for (uint32_t i = 0; i < count; i++) {
        if (events[i].kind == EVENT_STORE_ALIVE) {
            news_alive(lane->news, &events[i].time);
        } else if (events[i].kind == EVENT_REQUESTED) {
            news_requested(lane->news);
        } else {
            CHECK(events[i].kind == EVENT_STORE_GONE);
            news_gone(lane->news, events[i].store_gone);
        }
    }
}

static void tell_news(struct lane *lane)
{
    struct event events[NEWS_EVENTS_MAX];
    uint32_t count = news_hear(lane->news, &lane->heard, events);
    for (uint32_t i = 0; i < count; i++) {
        tell_all(lane, &events[i]);
    }
}

static void tell_stop(struct lane *lane)
{
    if (!lane->stop_told && lane->config.stop && *lane->config.stop != 0) {
        tell_all(lane, &(struct event){.kind = EVENT_STOP});
        lane->stop_told = true;
        FAILPOINT(stop_told);
    }
}

static void tell_progress(struct lane *lane, uint64_t now_ns)
{
    if (now_ns < lane->progress_at_ns) {
        return;
    }
    struct news_view view = {0};
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        news_view_add(&view, partition_settle(lane->partitions[i]));
    }
    news_show(lane->news, lane->number, &view);
    if (lane->number == 0) {
        news_view_all(lane->news, &view);
        lane->config.progress(lane->config.progress_context, &view, now_ns);
    }
    lane->progress_at_ns = now_ns + lane->config.progress_ns;
}

static void watch_claim(struct lane *lane)
{
    if (lane->number != 0) {
        return;
    }
    struct store_wait wait = claim_wait(lane->config.claim);
    uint32_t mask = (wait.readable ? POLLIN : 0U) | (wait.writable ? POLLOUT : 0U);
    // One that is armed and not wanted any more harms nobody: at worst it says that all is well.
    if (wait.fd < 0 || mask == 0 ||
        (lane->claim_armed && lane->claim_fd == wait.fd && lane->claim_mask == mask)) {
        return;
    }
    if (lane->claim_armed) {
        unwatch_claim(lane);
    }
    lane->claim_generation = (lane->claim_generation + 1) & RING_GENERATION_MASK;
    lane->claim_armed = true;
    lane->claim_fd = wait.fd;
    lane->claim_mask = mask;
    ring_poll(lane->ring, wait.fd, mask,
              (struct ring_tag){RING_POLL, CLAIM_INDEX, lane->claim_generation});
}

static void unwatch_claim(struct lane *lane)
{
    ring_cancel(lane->ring, (struct ring_tag){RING_POLL, CLAIM_INDEX, lane->claim_generation},
                (struct ring_tag){RING_UNPOLL, CLAIM_INDEX, lane->claim_generation});
    lane->claim_armed = false;
}

/* Returns the time after the wait. */
static uint64_t wait_for_more(struct lane *lane)
{
    watch_claim(lane);
    uint64_t most_ns = wait_ns(lane);
    hold_back_old_calls(lane);
    uint32_t count = ring_turn(lane->ring, most_ns, lane->done, DONE_MAX);
    uint64_t now_ns = lane->submitted_at_ns = clock_now_ns();
    for (uint32_t i = 0; i < count; i++) {
        on_done(lane, &lane->done[i], now_ns);
    }
    return now_ns;
}

/* Until someone wants a turn; a signal that came just before is noticed by WAIT_MAX_NS. */
static uint64_t wait_ns(struct lane *lane)
{
    uint64_t now_ns = clock_now_ns();
    uint64_t until_ns = now_ns + (lane->config.lanes > 1 ? WAIT_OTHERS_NS : WAIT_MAX_NS);
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        if (!partition_is_done(lane->partitions[i])) {
            uint64_t its_ns = partition_wait(lane->partitions[i]);
            until_ns = its_ns < until_ns ? its_ns : until_ns;
        }
    }
    uint64_t claim_ns = lane->number == 0 ? claim_next_at(lane->config.claim) : AT_NEVER;
    until_ns = claim_ns < until_ns ? claim_ns : until_ns;
    until_ns = lane->progress_at_ns < until_ns ? lane->progress_at_ns : until_ns;
    return until_ns > now_ns ? until_ns - now_ns : 0;
}

static void on_done(struct lane *lane, const struct ring_done *done, uint64_t now_ns)
{
    if (done->tag.index != CLAIM_INDEX) {
        uint32_t slot = partition_slot(done->tag);
        CHECK(slot < lane->partition_count);
        partition_on_done(lane->partitions[slot], done, now_ns);
    } else if (done->tag.op == RING_POLL && lane->claim_armed &&
               done->tag.generation == lane->claim_generation) {
        lane->claim_armed = false;
        lane->claim_due = true;
    }
}

static void drain(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        partition_shut(lane->partitions[i]);
    }
    if (lane->claim_armed) {
        unwatch_claim(lane);
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
    for (uint32_t i = 0; i < lane->partition_count; i++) {
        CHECK(partition_is_shut(lane->partitions[i]));
    }
    FAILPOINT(lane_drained);
}
