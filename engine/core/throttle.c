#include "core/throttle.h"

#include "base/sin.h"
#include "base/time.h"

void throttle_init(struct throttle *throttle, uint32_t rate_per_s, uint32_t burst, uint64_t now_ns)
{
    CHECK(rate_per_s >= 1 && rate_per_s <= THROTTLE_RATE_MAX);
    CHECK(burst >= 1 && burst <= THROTTLE_BURST_MAX);
    throttle->interval_ns = (NS_PER_S + rate_per_s - 1) / rate_per_s;
    throttle->burst = burst;
    throttle->full_at_ns = SIN(full_bucket) ? now_ns : now_ns + throttle->interval_ns * burst;
}

uint32_t throttle_take(struct throttle *throttle, uint32_t want, uint64_t now_ns)
{
    if (throttle->full_at_ns < now_ns)
        throttle->full_at_ns = now_ns;
    uint64_t missing_ns = throttle->full_at_ns - now_ns;
    uint64_t missing = (missing_ns + throttle->interval_ns - 1) / throttle->interval_ns;
    CHECK(missing <= throttle->burst);
    uint32_t there = throttle->burst - (uint32_t)missing;
    uint32_t granted = want < there ? want : there;
    throttle->full_at_ns += granted * throttle->interval_ns;
    return granted;
}

uint64_t throttle_next_at(const struct throttle *throttle)
{
    return throttle->full_at_ns - throttle->interval_ns * (throttle->burst - 1);
}
