/*
 * retry: how long to wait before the next try.
 *
 * base, 2 base, 4 base … up to cap; of each, a drawn half to whole, so that many that failed
 * together do not come back together. Values only.
 */
#ifndef DAYBOOK_CORE_RETRY_H
#define DAYBOOK_CORE_RETRY_H

#include <stdint.h>

#include "base/prng.h"

struct retry {
    uint64_t base_ns; /* > 0 */
    uint64_t cap_ns;  /* >= base_ns */
};

/* The wait before try number `tries` + 1, when `tries` (>= 1) have failed. */
uint64_t retry_wait_ns(const struct retry *retry, uint32_t tries, struct prng *prng);

#endif
