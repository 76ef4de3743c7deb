#include "real/partition.h"

#include <poll.h>
#include <stdlib.h>

#include "base/failpoint.h"
#include "base/time.h"
#include "real/clock.h"

#define EVENTS_MAX_TOLD 16U /* two turns of the store, four each; what others tell */
#define SLOT_BITS 20U       /* of a connection's index within its partition */

enum { WATCH_CHUNKS, WATCH_PAGES };

/* A database socket that the ring watches. */
struct watch {
    bool is_armed;
    int fd;
    uint32_t mask;
    uint32_t generation;
};

struct partition {
    struct partition_config config;
    struct ring *ring;
    struct bank *bank;
    struct watch watches[PARTITION_WATCHES];
    bool store_due; /* something may have changed for the store */
    bool load_begins;
    bool is_shut;
    const struct chunk *chunk_begins;
    struct store_load load;
    struct event events[EVENTS_MAX_TOLD];
    uint32_t event_count;
    struct command commands[COMMANDS_MAX];
};

static void hand_in(struct partition *partition);
static void carry_out(struct partition *partition, const struct command *command, uint64_t now_ns);
static void turn_store(struct partition *partition, uint64_t now_ns);
static void watch(struct partition *partition, uint32_t index, struct store_wait wait);
static void unwatch(struct partition *partition, uint32_t index);
static struct ring_tag tag_of(const struct partition *partition, enum ring_op op, uint32_t index);
static void on_watched(struct partition *partition, struct ring_tag tag);

struct partition *partition_open(const struct partition_config *config, struct ring *ring)
{
    CHECK(config->slot < PARTITIONS_MAX);
    struct partition *partition = calloc(1, sizeof(*partition));
    if (!partition) {
        return NULL;
    }
    partition->config = *config;
    partition->ring = ring;
    partition->store_due = true; // the store may already have something to say
    partition->bank =
        bank_open(config->peers, config->peer_count, ring, config->slot << SLOT_BITS, config->hash);
    if (!partition->bank) {
        free(partition);
        return NULL;
    }
    return partition;
}

void partition_close(struct partition *partition)
{
    if (partition) {
        bank_close(partition->bank);
        free(partition);
    }
}

uint32_t partition_slot(struct ring_tag tag)
{
    return tag.index >> SLOT_BITS;
}

void partition_tell(struct partition *partition, const struct event *event)
{
    CHECK(partition->event_count < EVENTS_MAX_TOLD);
    partition->events[partition->event_count++] = *event;
    if (event->kind == EVENT_STORE_GONE) {
        // Not even calls commanded before.
        bank_silence(partition->bank);
    }
}

void partition_decide(struct partition *partition)
{
    hand_in(partition);
    uint32_t count;
    do {
        uint64_t now_ns = clock_now_ns();
        count = settle_output(partition->config.settle, partition->commands, COMMANDS_MAX, now_ns);
        for (uint32_t i = 0; i < count; i++) {
            carry_out(partition, &partition->commands[i], now_ns);
        }
    } while (count == COMMANDS_MAX);
}

bool partition_has_store_work(const struct partition *partition)
{
    return partition->load_begins || partition->chunk_begins;
}

void partition_begin_store_work(struct partition *partition)
{
    uint64_t now_ns = clock_now_ns();
    if (partition->chunk_begins) {
        struct command chunk = {.kind = COMMAND_STORE_CHUNK,
                                .store_chunk = partition->chunk_begins};
        trace_file_command(partition->config.trace, &chunk, now_ns);
        store_chunk(partition->config.store, partition->chunk_begins, now_ns);
        partition->chunk_begins = NULL;
    }
    if (partition->load_begins) {
        store_load(partition->config.store, &partition->load, now_ns);
        partition->load_begins = false;
    }
    partition->store_due = true;
    turn_store(partition, now_ns);
}

bool partition_is_done(const struct partition *partition)
{
    return settle_phase(partition->config.settle) == SETTLE_DONE;
}

bool partition_has_unsubmitted(const struct partition *partition)
{
    return bank_has_unsubmitted(partition->bank);
}

void partition_submitted(struct partition *partition)
{
    bank_submitted(partition->bank);
}

void partition_hold_back(struct partition *partition)
{
    bank_shut(partition->bank);
    partition_tell(partition,
                   &(struct event){.kind = EVENT_STORE_GONE, .store_gone = STATUS_STORE_LOST});
}

uint64_t partition_wait(struct partition *partition)
{
    struct store_wait waits[PARTITION_WATCHES];
    store_waits(partition->config.store, waits);
    watch(partition, WATCH_CHUNKS, waits[0]);
    watch(partition, WATCH_PAGES, waits[1]);
    uint32_t reply_count;
    (void)bank_replies(partition->bank, &reply_count);
    if (reply_count > 0 || partition->event_count > 0) {
        return 0;
    }
    uint64_t core_ns = settle_next_at(partition->config.settle);
    uint64_t store_ns = store_next_at(partition->config.store);
    return core_ns < store_ns ? core_ns : store_ns;
}

void partition_on_done(struct partition *partition, const struct ring_done *done, uint64_t now_ns)
{
    switch (done->tag.op) {
    case RING_CONNECT:
    case RING_SEND:
    case RING_RECEIVE:
    case RING_CANCEL:
        bank_on_done(partition->bank, done, now_ns);
        return;
    case RING_POLL:
        on_watched(partition, done->tag);
        return;
    case RING_UNPOLL:
        return;
    }
}

void partition_turn(struct partition *partition, uint64_t now_ns)
{
    turn_store(partition, now_ns);
    trace_file_turn(partition->config.trace, now_ns);
}

void partition_shut(struct partition *partition)
{
    if (partition->is_shut) {
        return;
    }
    partition->is_shut = true;
    bank_shut(partition->bank);
    for (uint32_t i = 0; i < PARTITION_WATCHES; i++) {
        if (partition->watches[i].is_armed) {
            unwatch(partition, i);
        }
    }
}

bool partition_is_shut(const struct partition *partition)
{
    return partition->is_shut && bank_is_shut(partition->bank);
}

const struct settle *partition_settle(const struct partition *partition)
{
    return partition->config.settle;
}

/* Everything that happened since the last time; and nothing, for then it is time that has come. */
static void hand_in(struct partition *partition)
{
    struct settle *settle = partition->config.settle;
    struct trace_file *trace = partition->config.trace;
    uint64_t now_ns = clock_now_ns();
    uint32_t reply_count;
    const struct event *replies = bank_replies(partition->bank, &reply_count);
    if (reply_count > 0) {
        trace_file_events(trace, replies, reply_count, now_ns);
        settle_input(settle, replies, reply_count, now_ns);
        bank_replies_taken(partition->bank);
    }
    trace_file_events(trace, partition->events, partition->event_count, now_ns);
    settle_input(settle, partition->events, partition->event_count, now_ns);
    partition->event_count = 0;
}

static void carry_out(struct partition *partition, const struct command *command, uint64_t now_ns)
{
    if (command->kind != COMMAND_STORE_CHUNK) { // a chunk is long: after the calls have left
        trace_file_command(partition->config.trace, command, now_ns);
    }
    switch (command->kind) {
    case COMMAND_BANK_CALL:
        bank_call(partition->bank, &command->bank_call, now_ns);
        return;
    case COMMAND_BANK_CANCEL:
        bank_cancel(partition->bank, command->bank_cancel);
        return;
    case COMMAND_STORE_LOAD:
        CHECK(!partition->load_begins);
        partition->load = command->store_load;
        partition->load_begins = true;
        return;
    case COMMAND_STORE_CHUNK:
        CHECK(!partition->chunk_begins);
        partition->chunk_begins = command->store_chunk;
        return;
    }
}

static void turn_store(struct partition *partition, uint64_t now_ns)
{
    if (!partition->store_due && now_ns < store_next_at(partition->config.store)) {
        return;
    }
    partition->store_due = false;
    struct event events[4];
    uint32_t count = store_turn(partition->config.store, events, now_ns);
    for (uint32_t i = 0; i < count; i++) {
        partition_tell(partition, &events[i]);
    }
}

static void watch(struct partition *partition, uint32_t index, struct store_wait wait)
{
    struct watch *watch = &partition->watches[index];
    uint32_t mask = (wait.readable ? POLLIN : 0U) | (wait.writable ? POLLOUT : 0U);
    // One that is armed and not wanted any more harms nobody: at worst it says that all is well.
    if (wait.fd < 0 || mask == 0 ||
        (watch->is_armed && watch->fd == wait.fd && watch->mask == mask)) {
        return;
    }
    if (watch->is_armed) {
        unwatch(partition, index);
    }
    watch->generation = (watch->generation + 1) & RING_GENERATION_MASK;
    watch->is_armed = true;
    watch->fd = wait.fd;
    watch->mask = mask;
    ring_poll(partition->ring, wait.fd, mask, tag_of(partition, RING_POLL, index));
}

static void unwatch(struct partition *partition, uint32_t index)
{
    ring_cancel(partition->ring, tag_of(partition, RING_POLL, index),
                tag_of(partition, RING_UNPOLL, index));
    partition->watches[index].is_armed = false;
}

static struct ring_tag tag_of(const struct partition *partition, enum ring_op op, uint32_t index)
{
    return (struct ring_tag){.op = op,
                             .index = partition->config.slot << SLOT_BITS | index,
                             .generation = partition->watches[index].generation};
}

static void on_watched(struct partition *partition, struct ring_tag tag)
{
    uint32_t index = tag.index & ((1U << SLOT_BITS) - 1);
    CHECK(index < PARTITION_WATCHES);
    struct watch *watch = &partition->watches[index];
    if (watch->is_armed && tag.generation == watch->generation) {
        watch->is_armed = false;
        partition->store_due = true;
    }
}
