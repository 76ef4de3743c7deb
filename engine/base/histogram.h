/*
 * histogram: durations, counted in buckets whose width is 1/128 of their value.
 *
 * A plain value of fixed size; a percentile is right to less than 1 %. Durations over 2^42 ns (73
 * min) count in the last bucket.
 */
#ifndef DAYBOOK_BASE_HISTOGRAM_H
#define DAYBOOK_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 7
#define HISTOGRAM_BUCKETS ((42 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
    uint64_t count;
    uint64_t most_ns;
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t duration_ns);
/* As if each duration of the other had been added here. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);
/* The least duration that `per_mille` of all do not exceed; 0 when there are none. */
uint64_t histogram_at(const struct histogram *histogram, uint32_t per_mille);

#endif
