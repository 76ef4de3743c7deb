/*
 * unpack: one flat MessagePack array of scalars out of bytes that nobody vouches for.
 *
 * By msgpack-c's parser with callbacks of our own: no object tree, no allocation. Whatever a header
 * declares is held against a bound before anything is done with it: msgpack-c's own unpacker would
 * reserve 96 GB for the five bytes dd ff ff ff ff.
 *
 * Refused: what is not an array, more values or bytes than asked for, an array, map, extension or
 * floating-point number within, text that is not UTF-8 or holds control bytes.
 */
#ifndef DAYBOOK_BASE_UNPACK_H
#define DAYBOOK_BASE_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

#define UNPACK_VALUES_MAX 32U

enum unpack_type {
    UNPACK_NIL,
    UNPACK_BOOL,     /* natural: 0 or 1 */
    UNPACK_NATURAL,  /* 0 … 2^64-1 */
    UNPACK_NEGATIVE, /* -2^63 … -1 */
    UNPACK_TEXT,     /* not NUL-terminated */
    UNPACK_BYTES,
};

/* Text and bytes point into what was unpacked. */
struct unpack_value {
    enum unpack_type type;
    uint32_t byte_count; /* TEXT, BYTES */
    union {
        uint64_t natural;
        int64_t negative;
        const char *text;
        const uint8_t *bytes;
    };
};

struct unpacked {
    uint32_t count;
    struct unpack_value values[UNPACK_VALUES_MAX];
    const char *problem; /* BAD: what is wrong, in English; static */
};

enum unpack_result {
    UNPACK_WHOLE,
    UNPACK_CUT, /* good so far: more bytes could make it whole, within bytes_max */
    UNPACK_BAD,
};

/*
 * The array at the start of `bytes`, at most bytes_max of them. *used: its bytes when WHOLE; when
 * BAD, the offset at which that was seen; 0 when CUT.
 */
MUST_USE enum unpack_result unpack_flat(const uint8_t *bytes, size_t byte_count, size_t bytes_max,
                                        struct unpacked *unpacked, size_t *used);

#endif
