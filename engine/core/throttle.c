#include "core/throttle.h"

#include "base/sin.h"
#include "base/time.h"

/* While the rate is being changed: no token, at any instant. */
#define CHANGING_NS UINT64_MAX

static uint64_t interval_of(uint32_t rate_per_s)
{
    CHECK(rate_per_s >= 1 && rate_per_s <= THROTTLE_RATE_MAX);
    return (NS_PER_S + rate_per_s - 1) / rate_per_s;
}

void throttle_init(struct throttle *throttle, uint32_t rate_per_s, uint32_t burst, uint64_t now_ns)
{
    CHECK(burst >= 1 && burst <= THROTTLE_BURST_MAX);
    uint64_t interval_ns = interval_of(rate_per_s);
    throttle->burst = burst;
    throttle->interval_ns = interval_ns;
    throttle->full_at_ns = SIN(full_bucket) ? now_ns : now_ns + interval_ns * burst;
    throttle->newest_ns = now_ns;
    throttle->asked_by = 0;
    throttle->granted = 0;
    throttle->sharers = 0;
    for (uint32_t i = 0; i < PARTITIONS_MAX; i++)
        throttle->waiting[i].rank = RANK_NONE;
}

void throttle_set_rate(struct throttle *throttle, uint32_t rate_per_s, uint64_t request_id,
                       uint64_t now_ns)
{
    uint64_t newest = throttle->asked_by;
    do {
        if (newest >= request_id)
            return;
    } while (!atomic_compare_exchange_weak(&throttle->asked_by, &newest, request_id));
    // Who read the old interval has read an old instant, too, and so takes nothing from here on.
    throttle->full_at_ns = CHANGING_NS;
    uint64_t interval_ns = interval_of(rate_per_s);
    throttle->interval_ns = interval_ns;
    uint64_t newest_ns = throttle->newest_ns;
    throttle->full_at_ns =
        (newest_ns > now_ns ? newest_ns : now_ns) + interval_ns * throttle->burst;
}

static void note_time(struct throttle *throttle, uint64_t now_ns)
{
    uint64_t newest_ns = throttle->newest_ns;
    while (newest_ns < now_ns &&
           !atomic_compare_exchange_weak(&throttle->newest_ns, &newest_ns, now_ns))
        continue;
}

/* Tokens in a bucket that is full again at that instant. */
static uint32_t there_at(const struct throttle *throttle, uint64_t full_at_ns, uint64_t now_ns)
{
    uint64_t interval_ns = throttle->interval_ns;
    if (full_at_ns <= now_ns)
        return throttle->burst;
    if (full_at_ns - now_ns > interval_ns * throttle->burst)
        return 0; // by another lane's newer reading of the clock, or the rate is changing
    return throttle->burst - (uint32_t)((full_at_ns - now_ns + interval_ns - 1) / interval_ns);
}

uint32_t throttle_take(struct throttle *throttle, uint32_t want, uint64_t now_ns)
{
    note_time(throttle, now_ns);
    uint64_t was_ns = throttle->full_at_ns;
    uint32_t granted;
    uint64_t next_ns;
    do {
        uint64_t interval_ns = throttle->interval_ns;
        uint32_t there = there_at(throttle, was_ns, now_ns);
        granted = want < there ? want : there;
        next_ns = (was_ns < now_ns ? now_ns : was_ns) + granted * interval_ns;
    } while (granted > 0 && !atomic_compare_exchange_weak(&throttle->full_at_ns, &was_ns, next_ns));
    return granted;
}

uint64_t throttle_next_at(const struct throttle *throttle)
{
    uint64_t full_at_ns = throttle->full_at_ns;
    return full_at_ns - throttle->interval_ns * (throttle->burst - 1);
}

void throttle_wait(struct throttle *throttle, uint32_t sharer, enum throttle_rank rank)
{
    CHECK(sharer < PARTITIONS_MAX);
    struct throttle_sharer *waits = &throttle->waiting[sharer];
    if (waits->rank == (uint32_t)rank)
        return;
    if (waits->rank == RANK_NONE)
        waits->since = throttle->granted;
    waits->rank = rank;
    uint32_t sharers = throttle->sharers;
    while (sharers <= sharer &&
           !atomic_compare_exchange_weak(&throttle->sharers, &sharers, sharer + 1))
        continue;
}

void throttle_served(struct throttle *throttle, uint32_t sharer)
{
    throttle->waiting[sharer].since = ++throttle->granted;
}

enum throttle_turn throttle_turn(const struct throttle *throttle, uint32_t sharer,
                                 enum throttle_rank rank, uint64_t now_ns)
{
    const struct throttle_sharer *mine = &throttle->waiting[sharer];
    uint64_t since = mine->rank != RANK_NONE ? mine->since : throttle->granted;
    uint32_t equals = 0;
    bool is_older = false;
    for (uint32_t i = 0; i < throttle->sharers; i++) {
        uint32_t its = throttle->waiting[i].rank;
        if (i == sharer || its > (uint32_t)rank)
            continue;
        if (its < (uint32_t)rank)
            return TURN_URGENT;
        equals++;
        is_older = is_older || throttle->waiting[i].since < since;
    }
    if (!is_older || there_at(throttle, throttle->full_at_ns, now_ns) > equals)
        return TURN_MINE;
    return TURN_OLDER;
}

uint64_t throttle_yield_ns(const struct throttle *throttle)
{
    uint64_t interval_ns = throttle->interval_ns;
    return interval_ns < NS_PER_MS ? interval_ns : NS_PER_MS;
}
