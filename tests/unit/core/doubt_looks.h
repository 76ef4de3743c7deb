/*
 * doubt_looks: when a not-found counts, for the tests of doubt. Include after cmocka.h.
 */
#ifndef DAYBOOK_TESTS_CORE_DOUBT_LOOKS_H
#define DAYBOOK_TESTS_CORE_DOUBT_LOOKS_H

#include "harness.h"

/* Database instant from which on a not-found proves that no send so far was received. */
static inline int64_t counts_from_us(int64_t send_before_us)
{
    const struct bank_rules *rules = &world->config.banks[0];
    return send_before_us + (int64_t)((rules->linger_ns + rules->processing_ns) / NS_PER_US);
}

/* Two looks by the bank's clock, both later than everything the transfer was permitted. */
static inline uint32_t count_inquiries_after(uint32_t position, int64_t us, uint64_t before_ns)
{
    uint32_t count = 0;
    for (uint32_t n = 1; n <= count_calls(position, CALL_INQUIRY); n++) {
        const struct seen *inquiry = call_of(position, CALL_INQUIRY, n);
        count += db_us(inquiry->at_ns) > us && inquiry->at_ns < before_ns;
    }
    return count;
}

#endif
