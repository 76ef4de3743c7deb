/*
 * pack: values as MessagePack, into bytes that the caller has. By msgpack-c's packer.
 *
 * A plain value over the caller's buffer; allocates nothing. The caller gives room enough: what
 * does not fit aborts, as an index out of bounds would.
 */
#ifndef DAYBOOK_BASE_PACK_H
#define DAYBOOK_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pack {
    uint8_t *at; /* where the next byte goes */
    uint8_t *end;
};

static inline struct pack pack_into(uint8_t *bytes, size_t capacity)
{
    return (struct pack){.at = bytes, .end = bytes + capacity};
}

/* So many values follow and belong to it. */
void pack_array(struct pack *pack, uint32_t count);
/* So many keys follow, each with its value. */
void pack_map(struct pack *pack, uint32_t count);
void pack_nil(struct pack *pack);
void pack_uint(struct pack *pack, uint64_t value);
void pack_int(struct pack *pack, int64_t value);
void pack_bool(struct pack *pack, bool value);
/* `text` is valid UTF-8; the caller has seen to that. */
void pack_text(struct pack *pack, const char *text, size_t byte_count);
void pack_bytes(struct pack *pack, const void *bytes, size_t byte_count);

#endif
