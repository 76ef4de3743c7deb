/*
 * partition: one partition at work in a lane: its core, its store, its connections to the banks.
 *
 * The lane turns it: decide, begin what the core wants of the store, wait (the lane's ring), take
 * completions, turn the store. Nothing of it blocks.
 *
 * Promise   Who may have lost the batch hands no more bytes to a bank: an EVENT_STORE_GONE, from
 *           its own store or told by others, silences its connections before anything else.
 * Ownership Core, store, hash, trace and ring are the caller's and outlive it.
 */
#ifndef DAYBOOK_REAL_PARTITION_H
#define DAYBOOK_REAL_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/settle.h"
#include "real/bank.h"
#include "real/store.h"
#include "real/trace_file.h"

#define PARTITION_WATCHES 2U /* database sockets that the ring watches for it */

struct partition_config {
    struct settle *settle;
    struct store *store;
    struct hash *hash;
    struct trace_file *trace; /* what passes the port is written there; NULL: nowhere */
    uint32_t slot; /* in its lane, below PARTITIONS_MAX: tells its requests in the ring */
    const struct bank_peer *peers;
    uint32_t peer_count;
};

struct partition;

/* NULL: out of memory. */
struct partition *partition_open(const struct partition_config *config, struct ring *ring);
/* Only when shut, or with the ring closed already. */
void partition_close(struct partition *partition);

/* The slot that a completion belongs to. */
uint32_t partition_slot(struct ring_tag tag);

/* An event from elsewhere: the claim, a person. Handed in with the next partition_decide. */
void partition_tell(struct partition *partition, const struct event *event);
/* Hand in what happened, and carry out what the core wants of the banks now. */
void partition_decide(struct partition *partition);
/* Does the core want something of the store? Encoding it takes a while: submit the ring first. */
bool partition_has_store_work(const struct partition *partition);
void partition_begin_store_work(struct partition *partition);
/* Has the core nothing to do any more? Then all it has left is to be shut. */
bool partition_is_done(const struct partition *partition);

/* Does a request lie in the ring that the kernel does not have yet? Who submits the ring tells. */
bool partition_has_unsubmitted(const struct partition *partition);
void partition_submitted(struct partition *partition);
/* The process stood still since these were checked: they stay here, and the run starts over. */
void partition_hold_back(struct partition *partition);

/* Until then, or until a completion, there is nothing to do; watches what it waits for. */
uint64_t partition_wait(struct partition *partition);
void partition_on_done(struct partition *partition, const struct ring_done *done, uint64_t now_ns);
void partition_turn(struct partition *partition, uint64_t now_ns);

/* End every call, close every connection, watch nothing; what is in the ring completes. */
void partition_shut(struct partition *partition);
bool partition_is_shut(const struct partition *partition);

const struct settle *partition_settle(const struct partition *partition);

#endif
