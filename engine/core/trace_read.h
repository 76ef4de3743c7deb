/*
 * trace_read: items of a trace out of bytes that nobody vouches for.
 *
 * Strict: an item that is whole here has the kind, the number of fields and the types that
 * core/trace.h says, within its bounds; values themselves (a step of 99) are not judged. Sizes are
 * held against bounds before anything is taken; nothing is allocated, and never more than
 * TRACE_ITEM_BYTES_MAX bytes are looked at.
 */
#ifndef DAYBOOK_CORE_TRACE_READ_H
#define DAYBOOK_CORE_TRACE_READ_H

#include "base/unpack.h"
#include "core/trace.h"

/* Texts and bytes point into what was read. */
struct trace_item {
    const struct trace_form *form;
    uint64_t at_ns;
    uint32_t field_count;
    struct unpacked unpacked;
};

/* The item at the start of `bytes`. *used and unpacked.problem as for unpack_flat. */
MUST_USE enum unpack_result trace_read(const uint8_t *bytes, size_t byte_count,
                                       struct trace_item *item, size_t *used);

/* The field's value; NULL: this kind has no such field. */
const struct unpack_value *trace_value(const struct trace_item *item, enum trace_field field);
/* Of a field that is there (CHECK). */
uint64_t trace_natural(const struct trace_item *item, enum trace_field field);
int64_t trace_integer(const struct trace_item *item, enum trace_field field);

#endif
