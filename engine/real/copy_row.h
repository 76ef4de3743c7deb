/*
 * copy_row: values in the binary format of COPY, big-endian, each with its length before it.
 *
 * The caller sees to room; a whole stream is copy_put_header, rows, copy_put_trailer.
 */
#ifndef DAYBOOK_REAL_COPY_ROW_H
#define DAYBOOK_REAL_COPY_ROW_H

#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "real/pg.h"

#define COPY_HEADER_BYTES 19U
#define COPY_TRAILER_BYTES 2U

struct copy_writer {
    uint8_t *at;
};

static inline void copy_put_columns(struct copy_writer *w, uint16_t count)
{
    uint16_t big = __builtin_bswap16(count);
    memcpy(w->at, &big, sizeof(big));
    w->at += sizeof(big);
}

static inline void copy_put_length(struct copy_writer *w, uint32_t length)
{
    uint32_t big = __builtin_bswap32(length);
    memcpy(w->at, &big, sizeof(big));
    w->at += sizeof(big);
}

static inline void copy_put_int8(struct copy_writer *w, int64_t value)
{
    uint64_t big = __builtin_bswap64((uint64_t)value);
    copy_put_length(w, sizeof(big));
    memcpy(w->at, &big, sizeof(big));
    w->at += sizeof(big);
}

static inline void copy_put_int4(struct copy_writer *w, uint32_t value)
{
    copy_put_length(w, sizeof(value));
    copy_put_length(w, value);
}

static inline void copy_put_int2(struct copy_writer *w, uint16_t value)
{
    copy_put_length(w, sizeof(value));
    copy_put_columns(w, value);
}

static inline void copy_put_bytes(struct copy_writer *w, const void *bytes, uint32_t byte_count)
{
    copy_put_length(w, byte_count);
    memcpy(w->at, bytes, byte_count);
    w->at += byte_count;
}

static inline void copy_put_null(struct copy_writer *w)
{
    copy_put_length(w, UINT32_MAX);
}

static inline void copy_put_at(struct copy_writer *w, int64_t at_us)
{
    copy_put_int8(w, at_us - PG_EPOCH_US);
}

static inline void copy_put_int8_or_null(struct copy_writer *w, int64_t value)
{
    if (value == 0)
        copy_put_null(w);
    else
        copy_put_int8(w, value);
}

static inline void copy_put_text_or_null(struct copy_writer *w, const char *text, size_t most)
{
    size_t length = strnlen(text, most + 1);
    CHECK(length <= most);
    if (length == 0)
        copy_put_null(w);
    else
        copy_put_bytes(w, text, (uint32_t)length);
}

static inline void copy_put_header(struct copy_writer *w)
{
    static const uint8_t header[COPY_HEADER_BYTES] = "PGCOPY\n\377\r\n\0"
                                                     "\0\0\0\0"
                                                     "\0\0\0";
    memcpy(w->at, header, COPY_HEADER_BYTES);
    w->at += COPY_HEADER_BYTES;
}

static inline void copy_put_trailer(struct copy_writer *w)
{
    copy_put_columns(w, UINT16_MAX);
}

#endif
