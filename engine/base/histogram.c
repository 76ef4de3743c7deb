#include "base/histogram.h"

#include <string.h>

#include "base/check.h"

static uint32_t bucket_of(uint64_t ns)
{
    if (ns < 1U << HISTOGRAM_SUB_BITS)
        return (uint32_t)ns;
    uint32_t high = 63 - (uint32_t)__builtin_clzll(ns);
    uint32_t shift = high - HISTOGRAM_SUB_BITS;
    uint32_t bucket = (shift << HISTOGRAM_SUB_BITS) + (uint32_t)(ns >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t bucket_most(uint32_t bucket)
{
    if (bucket < 1U << HISTOGRAM_SUB_BITS)
        return bucket;
    uint32_t shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t mantissa = bucket - (shift << HISTOGRAM_SUB_BITS);
    return ((mantissa + 1) << shift) - 1;
}

void histogram_init(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

void histogram_add(struct histogram *histogram, uint64_t duration_ns)
{
    histogram->count++;
    histogram->buckets[bucket_of(duration_ns)]++;
    if (duration_ns > histogram->most_ns)
        histogram->most_ns = duration_ns;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    histogram->count += other->count;
    if (other->most_ns > histogram->most_ns)
        histogram->most_ns = other->most_ns;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->buckets[i] += other->buckets[i];
}

uint64_t histogram_at(const struct histogram *histogram, uint32_t per_mille)
{
    CHECK(per_mille <= 1000);
    uint64_t wanted = (histogram->count * per_mille + 999) / 1000;
    uint64_t seen = 0;
    // uncovered: the buckets add up to the count, so one of them ends it
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && wanted > 0; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted)
            return bucket_most(i) < histogram->most_ns ? bucket_most(i) : histogram->most_ns;
    }
    return 0;
}
