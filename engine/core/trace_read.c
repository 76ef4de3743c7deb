#include "core/trace_read.h"

#define BEFORE_FIELDS 2U /* kind and instant */

_Static_assert(TRACE_FIELDS_MAX + BEFORE_FIELDS <= UNPACK_VALUES_MAX, "an item's values have room");

static enum unpack_result bad(struct trace_item *item, const char *problem, size_t *used)
{
    item->unpacked.problem = problem;
    *used = 0;
    return UNPACK_BAD;
}

static bool fits(const struct unpack_value *value, enum trace_type type)
{
    switch (type) {
    case TRACE_TYPE_NATURAL:
        return value->type == UNPACK_NATURAL;
    case TRACE_TYPE_INTEGER:
        return value->type == UNPACK_NEGATIVE ||
               (value->type == UNPACK_NATURAL && value->natural <= INT64_MAX);
    case TRACE_TYPE_BOOL:
        return value->type == UNPACK_BOOL;
    case TRACE_TYPE_TEXT:
        return value->type == UNPACK_TEXT && value->byte_count <= TRACE_TEXT_MAX;
    case TRACE_TYPE_KEY:
        return value->type == UNPACK_BYTES && value->byte_count == IDEM_KEY_BYTES;
    case TRACE_TYPE_DIGEST:
        return value->type == UNPACK_BYTES && value->byte_count == DIGEST_BYTES;
    }
    return false; // uncovered: there is no other type
}

static enum unpack_result check(struct trace_item *item, size_t *used)
{
    const struct unpacked *unpacked = &item->unpacked;
    if (unpacked->count < BEFORE_FIELDS || unpacked->values[0].type != UNPACK_NATURAL ||
        unpacked->values[1].type != UNPACK_NATURAL)
        return bad(item, "an array that does not begin with a kind and an instant", used);
    item->form = trace_form(unpacked->values[0].natural);
    item->at_ns = unpacked->values[1].natural;
    item->field_count = unpacked->count - BEFORE_FIELDS;
    if (item->form == NULL)
        return bad(item, "an item of a kind that is not known", used);
    for (uint32_t i = 0; i < item->field_count; i++) {
        enum trace_field field = item->form->fields[i];
        if (field == TRACE_NOTHING)
            return bad(item, "an item with too many fields", used);
        if (!fits(&unpacked->values[BEFORE_FIELDS + i], trace_field_type(field)))
            return bad(item, "a field of another type or size than its kind has", used);
    }
    if (item->form->fields[item->field_count] != TRACE_NOTHING)
        return bad(item, "an item with too few fields", used);
    return UNPACK_WHOLE;
}

enum unpack_result trace_read(const uint8_t *bytes, size_t byte_count, struct trace_item *item,
                              size_t *used)
{
    enum unpack_result result =
        unpack_flat(bytes, byte_count, TRACE_ITEM_BYTES_MAX, &item->unpacked, used);
    return result == UNPACK_WHOLE ? check(item, used) : result;
}

const struct unpack_value *trace_value(const struct trace_item *item, enum trace_field field)
{
    for (uint32_t i = 0; i < item->field_count; i++) {
        if (item->form->fields[i] == field)
            return &item->unpacked.values[BEFORE_FIELDS + i];
    }
    return NULL;
}

uint64_t trace_natural(const struct trace_item *item, enum trace_field field)
{
    const struct unpack_value *value = trace_value(item, field);
    CHECK(value != NULL && (value->type == UNPACK_NATURAL || value->type == UNPACK_BOOL));
    return value->natural;
}

int64_t trace_integer(const struct trace_item *item, enum trace_field field)
{
    const struct unpack_value *value = trace_value(item, field);
    CHECK(value != NULL && trace_field_type(field) == TRACE_TYPE_INTEGER);
    return value->type == UNPACK_NEGATIVE ? value->negative : (int64_t)value->natural;
}
