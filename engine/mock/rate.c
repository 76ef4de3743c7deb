#include "mock/rate.h"

#include "base/time.h"

void rate_init(struct rate *rate, uint32_t rate_per_s, uint32_t burst)
{
    CHECK(rate_per_s <= RATE_PER_S_MAX && burst <= RATE_BURST_MAX);
    uint64_t full = (burst == 0 ? 1 : burst) * NS_PER_S;
    *rate = (struct rate){.level = full, .full = full, .per_s = rate_per_s};
}

static void refill(struct rate *rate, uint64_t now_ns)
{
    CHECK(now_ns >= rate->at_ns);
    uint64_t elapsed_ns = now_ns - rate->at_ns;
    rate->at_ns = now_ns;
    uint64_t missing = rate->full - rate->level;
    // Compared by division, so that no length of silence overflows.
    if (elapsed_ns > missing / rate->per_s)
        rate->level = rate->full;
    else
        rate->level += elapsed_ns * rate->per_s;
}

bool rate_take(struct rate *rate, uint64_t now_ns, uint64_t *wait_ns)
{
    *wait_ns = 0;
    if (rate->per_s == 0)
        return true;
    refill(rate, now_ns);
    if (rate->level >= NS_PER_S) {
        rate->level -= NS_PER_S;
        return true;
    }
    *wait_ns = (NS_PER_S - rate->level + rate->per_s - 1) / rate->per_s;
    return false;
}

void meter_init(struct meter *meter, uint32_t rate_per_s, uint32_t burst)
{
    CHECK(rate_per_s <= RATE_PER_S_MAX && burst <= RATE_BURST_MAX);
    *meter = (struct meter){.per_s = rate_per_s, .burst = burst == 0 ? 1 : burst};
}

/* A bucket that leaks rate_per_s calls a second: what is in it after a call is the most by which
   any window that ends with this call goes beyond its rate x w. */
void meter_add(struct meter *meter, uint64_t now_ns)
{
    if (meter->per_s == 0)
        return;
    CHECK(now_ns >= meter->at_ns);
    uint64_t elapsed_ns = now_ns - meter->at_ns;
    meter->at_ns = now_ns;
    bool is_empty = elapsed_ns > meter->level / meter->per_s;
    meter->level = (is_empty ? 0 : meter->level - elapsed_ns * meter->per_s) + NS_PER_S;
    meter->most = meter->level > meter->most ? meter->level : meter->most;
    meter->over += meter->level > meter->burst * NS_PER_S;
}
