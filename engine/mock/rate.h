/*
 * rate: a bank's limit on calls: in any window of w ns it lets at most
 * burst + floor(w * rate_per_s / 1e9) calls pass. Starts full. Exact integers. And a meter for
 * calls as they come.
 *
 * A value. Purity: no clock, no allocation, no I/O.
 */
#ifndef DAYBOOK_MOCK_RATE_H
#define DAYBOOK_MOCK_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

#define RATE_PER_S_MAX 1000000U
#define RATE_BURST_MAX 1000000U

struct rate {
    uint64_t level; /* tokens in units of 1e-9: one nanosecond earns rate_per_s of them */
    uint64_t full;
    uint64_t at_ns;
    uint32_t per_s; /* 0: no limit */
};

/* rate_per_s 0: no limit; burst 0 counts as 1. */
void rate_init(struct rate *rate, uint32_t rate_per_s, uint32_t burst);
/* False: above the limit; then *wait_ns is the time until a call would pass. */
MUST_USE bool rate_take(struct rate *rate, uint64_t now_ns, uint64_t *wait_ns);

/* How far calls go beyond rate_per_s x w, in the window w in which they do most. */
struct meter {
    uint32_t per_s, burst; /* per_s 0: nothing is measured */
    uint64_t level, most;  /* in 1e-9 of a call */
    uint64_t at_ns;
    uint64_t over;
};

void meter_init(struct meter *meter, uint32_t rate_per_s, uint32_t burst);
void meter_add(struct meter *meter, uint64_t now_ns);

#endif
