/*
 * id: how things are named.
 *
 * A settlement id is  batch << 32 | partition << 26 | position  and so tells where its records
 * belong. `struct slot` names a place in a fixed pool together with the tenant it had: an answer
 * for an earlier generation is dropped.
 */
#ifndef DAYBOOK_BASE_ID_H
#define DAYBOOK_BASE_ID_H

#include <stdint.h>

#include "base/check.h"

#define PARTITION_BITS 6
#define POSITION_BITS 26
#define PARTITIONS_MAX (1U << PARTITION_BITS)
#define POSITIONS_MAX (1U << POSITION_BITS)
#define IDEM_KEY_BYTES 16
#define DIGEST_BYTES 32

struct slot {
    uint32_t index;
    uint32_t generation;
};

struct idem_key {
    uint8_t bytes[IDEM_KEY_BYTES];
};

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

static inline uint64_t settlement_id(uint32_t batch, uint32_t partition, uint32_t position)
{
    CHECK(batch > 0 && batch <= INT32_MAX);
    CHECK(partition < PARTITIONS_MAX && position < POSITIONS_MAX);
    return (uint64_t)batch << 32 | (uint64_t)partition << POSITION_BITS | position;
}

static inline uint32_t settlement_batch(uint64_t id)
{
    return (uint32_t)(id >> 32);
}

static inline uint32_t settlement_partition(uint64_t id)
{
    return (uint32_t)(id >> POSITION_BITS) & (PARTITIONS_MAX - 1);
}

static inline uint32_t settlement_position(uint64_t id)
{
    return (uint32_t)id & (POSITIONS_MAX - 1);
}

static inline uint64_t slot_pack(struct slot slot)
{
    return (uint64_t)slot.generation << 32 | slot.index;
}

static inline struct slot slot_unpack(uint64_t packed)
{
    return (struct slot){.index = (uint32_t)packed, .generation = (uint32_t)(packed >> 32)};
}

#endif
