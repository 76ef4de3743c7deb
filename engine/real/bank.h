/*
 * bank: a lane's side towards its banks: keep-alive connections that carry out the core's calls.
 *
 * Promise   Every call gets exactly one reply. NOT_DONE only where not one byte of it was handed
 *           to the kernel; from then on whatever is not one whole answer is IN_DOUBT. Nothing is
 *           sent twice. A connection carries one exchange at a time, and never another one after
 *           an exchange that was cancelled, broken, badly framed or followed by surplus bytes.
 * Bounds    Memory is taken at open: bytes from a bank fill fixed buffers or end their connection.
 *           The core keeps at most connections_max calls in flight at a bank (CHECKed).
 * Time      no timers of its own: the core cancels what takes too long. Where the rules state the
 *           linger, a connection that took over half of it carries no waiting call any more,
 *           and bytes that stay unconfirmed for the other half break their connection. Where it
 *           is unknown, a call waits for its connection for a second.
 * Ownership Profiles, hash and ring are the caller's and outlive it.
 */
#ifndef DAYBOOK_REAL_BANK_H
#define DAYBOOK_REAL_BANK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "core/port.h"
#include "real/address.h"
#include "real/ring.h"
#include "wire/profile.h"

struct bank_peer {
    const struct profile *profile;
    struct addresses addresses;
    uint32_t connections_max; /* 1 .. CALLS_MAX */
    uint64_t linger_ns;       /* as in the bank's rules; AT_NEVER: unknown */
    uint64_t call_timeout_ns;
};

struct bank;

/* Connections are opened when they are needed; in the ring they are known by the indices from
   first_index on. NULL: out of memory. */
struct bank *bank_open(const struct bank_peer *peers, uint32_t peer_count, struct ring *ring,
                       uint32_t first_index, struct hash *hash);
/* Only when shut, or with the ring closed already. */
void bank_close(struct bank *bank);

void bank_call(struct bank *bank, const struct bank_call *call, uint64_t now_ns);
/* Ends a call early; nothing when its reply is there already. The reply comes when the kernel has
   let go of the connection, which may be at once. */
void bank_cancel(struct bank *bank, struct slot call);
/* A completion of RING_CONNECT, RING_SEND, RING_RECEIVE or RING_CANCEL. */
void bank_on_done(struct bank *bank, const struct ring_done *done, uint64_t now_ns);

/* EVENT_BANK_REPLYs since bank_replies_taken; valid until then. */
const struct event *bank_replies(const struct bank *bank, uint32_t *count);
void bank_replies_taken(struct bank *bank);

/* From now on no byte of a call is handed to any bank: calls that wait to be sent are NOT_DONE. */
void bank_silence(struct bank *bank);
/* Silence, end every call, close every connection; bank_is_shut once the kernel let go of all. */
void bank_shut(struct bank *bank);
bool bank_is_shut(const struct bank *bank);

/* Does a request lie in the ring that the kernel does not have yet? Who submits the ring tells. */
bool bank_has_unsubmitted(const struct bank *bank);
void bank_submitted(struct bank *bank);

/* For people and tests: connections made so far, to one bank. */
uint64_t bank_connects(const struct bank *bank, uint32_t peer);

#endif
