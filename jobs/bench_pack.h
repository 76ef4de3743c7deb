/*
 * bench_pack: JSON values as MessagePack, and back.
 *
 * Maps, arrays, texts, integers, reals, true, false and null; nothing else is written, and nothing
 * else is read. Plain functions of their arguments.
 */
#ifndef DAYBOOK_JOBS_BENCH_PACK_H
#define DAYBOOK_JOBS_BENCH_PACK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

#define BENCH_PACK_DEPTH_MAX 32

/* To be freed. */
uint8_t *bench_pack(const json_t *value, size_t *byte_count);

/* Out of bytes that nobody vouches for: the one value that they hold. NULL: `problem` says what is
   wrong (static), *at the offset at which that was seen. */
MUST_USE json_t *bench_unpack(const uint8_t *bytes, size_t byte_count, const char **problem,
                              size_t *at);

#endif
