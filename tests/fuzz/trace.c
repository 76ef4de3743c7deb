/*
 * A trace's file: items one after another, until one is cut or bad. A whole one is whole at its
 * last byte and not before, stays the same without what follows, and lies within what was read.
 */
#include "core/trace_read.h"
#include "fuzz.h"

static void check_values(const struct trace_item *item, const uint8_t *bytes, size_t used)
{
    FUZZ_HOLDS(item->form != NULL && item->field_count <= TRACE_FIELDS_MAX);
    FUZZ_HOLDS(item->unpacked.count <= UNPACK_VALUES_MAX);
    for (uint32_t i = 0; i < item->unpacked.count; i++) {
        const struct unpack_value *value = &item->unpacked.values[i];
        if (value->type != UNPACK_TEXT && value->type != UNPACK_BYTES)
            continue;
        FUZZ_HOLDS(value->bytes >= bytes && value->bytes + value->byte_count <= bytes + used);
        FUZZ_HOLDS(value->type == UNPACK_BYTES || text_is_clean(value->text, value->byte_count));
    }
    for (uint32_t i = 0; i < item->field_count; i++) {
        enum trace_field field = item->form->fields[i];
        FUZZ_HOLDS(trace_value(item, field) != NULL && trace_field_name(field) != NULL);
        if (trace_field_type(field) == TRACE_TYPE_INTEGER)
            (void)trace_integer(item, field);
        if (trace_field_type(field) == TRACE_TYPE_NATURAL)
            (void)trace_value_name(field, trace_natural(item, field));
    }
}

static void check_item(const struct trace_item *item, const uint8_t *bytes, size_t used)
{
    struct trace_item other;
    size_t other_used;
    FUZZ_HOLDS(used > 0 && used <= TRACE_ITEM_BYTES_MAX);
    check_values(item, bytes, used);
    for (size_t fewer = 0; fewer < used; fewer++)
        FUZZ_HOLDS(trace_read(bytes, fewer, &other, &other_used) == UNPACK_CUT);
    FUZZ_HOLDS(trace_read(bytes, used, &other, &other_used) == UNPACK_WHOLE && other_used == used);
    FUZZ_HOLDS(other.form == item->form && other.at_ns == item->at_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    struct trace_item item;
    size_t used;
    enum unpack_result result = UNPACK_WHOLE;
    for (size_t at = 0; result == UNPACK_WHOLE; at += used) {
        result = trace_read(bytes + at, byte_count - at, &item, &used);
        FUZZ_HOLDS(used <= byte_count - at);
        if (result == UNPACK_WHOLE)
            check_item(&item, bytes + at, used);
        else if (result == UNPACK_BAD)
            FUZZ_HOLDS(item.unpacked.problem != NULL);
        else
            FUZZ_HOLDS(used == 0);
    }
    return 0;
}
