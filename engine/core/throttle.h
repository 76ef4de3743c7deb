/*
 * throttle: token bucket bounding the calls made to one bank; lanes of one run share it.
 *
 * For any window of w ns it grants at most  burst + floor(w * rate_per_s / 1e9)  calls, over all
 * lanes together, and when always asked it grants at least 99 % of that. A lane whose clock reading
 * is older than another's gets less, never more.
 *
 * Who waits for a token tells what for: looking for deposits gives way to paying and finding out in
 * the other lanes, too; among equals the one that has waited longest goes first.
 *
 * Units      ns on the engine clock; tokens are whole calls.
 * Ownership  a plain value, embedded in its owner. Nothing to free; not to be copied while shared.
 * Threads    without locks; init comes before the lanes begin.
 * Errors     none; a bad argument is a programmer error and aborts.
 */
#ifndef DAYBOOK_CORE_THROTTLE_H
#define DAYBOOK_CORE_THROTTLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/id.h"

#define THROTTLE_RATE_MAX 1000000U
#define THROTTLE_BURST_MAX 65536U

/* What a token is wanted for; the first goes first. NONE: for nothing. */
enum throttle_rank { RANK_FIND_OUT, RANK_PAY, RANK_LOOK, RANK_NONE };

/* One of those that share it. */
struct throttle_sharer {
    _Atomic uint32_t rank;  /* enum throttle_rank that it waits for */
    _Atomic uint64_t since; /* … since so many were granted, to whomever */
};

struct throttle {                 /* fields private to throttle.c; visible so owners can embed it */
    _Atomic uint64_t interval_ns; /* time to earn one token, rounded up */
    _Atomic uint64_t full_at_ns;  /* instant at which the bucket is full again */
    _Atomic uint64_t newest_ns;   /* newest reading of the clock, of any lane */
    _Atomic uint64_t asked_by;    /* the newest rate's request */
    uint32_t burst;               /* capacity in tokens, >= 1 */
    _Atomic uint64_t granted;     /* so far */
    _Atomic uint32_t sharers;     /* those below this index may wait */
    struct throttle_sharer waiting[PARTITIONS_MAX];
};

/* Starts empty, for what an earlier process spent is not known. rate_per_s in
   1..THROTTLE_RATE_MAX, burst in 1..THROTTLE_BURST_MAX. */
void throttle_init(struct throttle *throttle, uint32_t rate_per_s, uint32_t burst, uint64_t now_ns);
/* Another rate, by a person's request; empty again, so that no window holds more than either rate
   allows. Each lane tells of the request, and the first one counts; an older request does not. */
void throttle_set_rate(struct throttle *throttle, uint32_t rate_per_s, uint64_t request_id,
                       uint64_t now_ns);
/* Spend up to `want` tokens; returns how many were granted (0..want). */
MUST_USE uint32_t throttle_take(struct throttle *throttle, uint32_t want, uint64_t now_ns);
/* Earliest instant with a token; may lie in the past, meaning now. */
uint64_t throttle_next_at(const struct throttle *throttle);

/* The sharer (its index below PARTITIONS_MAX) waits for this from now on; who waited before keeps
   its place. RANK_NONE: for nothing any more. */
void throttle_wait(struct throttle *throttle, uint32_t sharer, enum throttle_rank rank);
/* It was granted a token: the others go before it now. */
void throttle_served(struct throttle *throttle, uint32_t sharer);
enum throttle_turn {
    TURN_MINE,
    TURN_OLDER,  /* another has waited longer for as much, and there are no tokens for both */
    TURN_URGENT, /* another waits for something that goes first */
};
/* Whose turn is it, where this sharer wants a token for that? */
enum throttle_turn throttle_turn(const struct throttle *throttle, uint32_t sharer,
                                 enum throttle_rank rank, uint64_t now_ns);
/* How long who waited longer is given way to: the time of a token, 1 ms at most. */
uint64_t throttle_yield_ns(const struct throttle *throttle);

#endif
