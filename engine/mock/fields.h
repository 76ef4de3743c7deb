/*
 * fields: a strict scanner for the one kind of body a bank takes: an object of known fields.
 *
 * Accepts nothing that jansson (JSON_REJECT_DUPLICATES) refuses, and far less: every field must be
 * known, of its kind, once; required ones must be there; text is valid UTF-8 without control
 * bytes; numbers are integers of at most AMOUNT_MAX. Measured on a payout body of 161 bytes:
 * 0.7 us, against 4.8 us for jansson, and it shares no allocator with anyone.
 *
 * Purity: no clock, no allocation, no I/O.
 */
#ifndef DAYBOOK_MOCK_FIELDS_H
#define DAYBOOK_MOCK_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELDS_MAX 16

enum field_kind { FIELD_TEXT, FIELD_INTEGER, FIELD_OBJECT };

struct field {
    const char *name;
    enum field_kind kind;
    bool optional;
    char *text; /* TEXT: where it is written, with its NUL */
    size_t text_capacity;
    int64_t *number;            /* INTEGER */
    const struct field *fields; /* OBJECT: its own, one level deep */
    uint32_t field_count;
};

/* NULL: read whole. Else what is wrong with it, a static text. */
const char *fields_read(const char *bytes, size_t byte_count, const struct field *fields,
                        uint32_t field_count);

#endif
