/*
 * http: HTTP/1.1 answers to values (RFC 9112), by llhttp in strict mode.
 *
 * A value embedded in a connection. Bytes may come split anywhere. The body lies whole in a buffer
 * of the caller's, whose size bounds what a bank can make us keep; headers are read and forgotten.
 * Purity: no clock, no allocation, no I/O.
 */
#ifndef DAYBOOK_WIRE_HTTP_H
#define DAYBOOK_WIRE_HTTP_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

#define HTTP_OVERHEAD_BYTES_MAX 16384U /* status line, headers, chunk sizes, trailers */
#define HTTP_INTERIM_MAX 8U            /* 1xx answers before the one that counts */
#define HTTP_RETRY_AFTER_MAX_S 86400   /* a longer Retry-After counts as this */

enum http_result {
    HTTP_MORE,     /* whole so far; bring more bytes */
    HTTP_COMPLETE, /* one whole answer */
    HTTP_BAD,      /* not HTTP, too large, or more bytes than the answer had */
};

struct http_answer {
    /* filled in; valid when HTTP_COMPLETE */
    uint16_t status;
    bool keep_alive;       /* the connection may carry another exchange */
    int64_t retry_after_s; /* Retry-After in seconds, -1: none (a date is not read: -1) */
    uint32_t body_bytes;
    /* private to http.c */
    llhttp_t parser;
    char *body;
    uint32_t body_capacity;
    uint64_t overhead_bytes; /* all that is not body */
    char value[24];          /* of Retry-After */
    uint8_t value_bytes;
    uint8_t field_matched; /* letters of the name that are those of Retry-After, or FIELD_OTHER */
    uint8_t interim_count; /* 1xx answers skipped */
    bool field_done;
    bool complete;
    bool bad;
};

/* Begin the next answer; the body will be written to `body` (not NUL-terminated). */
void http_begin(struct http_answer *answer, char *body, uint32_t body_capacity);
/* Feed bytes as they came. Bytes after a complete answer make it HTTP_BAD (response splitting). */
MUST_USE enum http_result http_feed(struct http_answer *answer, const char *bytes,
                                    size_t byte_count);
/* The peer closed: HTTP_COMPLETE only for an answer that ends with its connection. */
MUST_USE enum http_result http_finish(struct http_answer *answer);

#endif
