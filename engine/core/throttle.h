/*
 * throttle: token bucket bounding the calls made to one bank.
 *
 * For any window of w ns it grants at most  burst + floor(w * rate_per_s / 1e9)  calls, and when
 * always asked it grants at least 99 % of that.
 *
 * Units      ns on the engine clock, never decreasing; tokens are whole calls.
 * Ownership  a plain value, embedded in its owner. Nothing to free.
 * Errors     none; a bad argument is a programmer error and aborts.
 */
#ifndef DAYBOOK_CORE_THROTTLE_H
#define DAYBOOK_CORE_THROTTLE_H

#include <stdint.h>

#include "base/check.h"

#define THROTTLE_RATE_MAX 1000000U
#define THROTTLE_BURST_MAX 65536U

struct throttle {         /* fields private to throttle.c; visible so owners can embed it */
    uint64_t interval_ns; /* time to earn one token, rounded up */
    uint64_t full_at_ns;  /* instant at which the bucket is full again */
    uint32_t burst;       /* capacity in tokens, >= 1 */
};

/* Starts empty, for what an earlier process spent is not known. rate_per_s in
   1..THROTTLE_RATE_MAX, burst in 1..THROTTLE_BURST_MAX. */
void throttle_init(struct throttle *throttle, uint32_t rate_per_s, uint32_t burst, uint64_t now_ns);
/* Spend up to `want` tokens; returns how many were granted (0..want). */
MUST_USE uint32_t throttle_take(struct throttle *throttle, uint32_t want, uint64_t now_ns);
/* Earliest instant with a token; may lie in the past, meaning now. */
uint64_t throttle_next_at(const struct throttle *throttle);

#endif
