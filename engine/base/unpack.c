#include "base/unpack.h"

#include <stdbool.h>

#include "base/text.h"

/* How msgpack-c's parser is told what to do with each value: by names that it pastes together. */
struct unpack_item {
    struct unpack_value value;
};

struct unpack_reader {
    struct unpacked *unpacked;
    bool is_open; /* within the array */
};

static int refuse(struct unpack_reader *reader, const char *problem)
{
    reader->unpacked->problem = problem;
    return -1;
}

static struct unpack_item on_root(struct unpack_reader *reader)
{
    reader->is_open = false;
    return (struct unpack_item){.value = {.type = UNPACK_NIL}};
}

static int on_value(struct unpack_reader *reader, struct unpack_value value,
                    struct unpack_item *item)
{
    if (!reader->is_open)
        return refuse(reader, "something that is not an array");
    item->value = value;
    return 0;
}

static int on_natural(struct unpack_reader *reader, uint64_t natural, struct unpack_item *item)
{
    return on_value(reader, (struct unpack_value){.type = UNPACK_NATURAL, .natural = natural},
                    item);
}

static int on_integer(struct unpack_reader *reader, int64_t integer, struct unpack_item *item)
{
    if (integer >= 0)
        return on_natural(reader, (uint64_t)integer, item);
    return on_value(reader, (struct unpack_value){.type = UNPACK_NEGATIVE, .negative = integer},
                    item);
}

static int on_bool(struct unpack_reader *reader, bool value, struct unpack_item *item)
{
    return on_value(reader, (struct unpack_value){.type = UNPACK_BOOL, .natural = value}, item);
}

static int on_nil(struct unpack_reader *reader, struct unpack_item *item)
{
    return on_value(reader, (struct unpack_value){.type = UNPACK_NIL}, item);
}

static int on_text(struct unpack_reader *reader, const char *text, uint32_t byte_count,
                   struct unpack_item *item)
{
    if (!text_is_clean(text, byte_count))
        return refuse(reader, "text that is not UTF-8, or has control bytes");
    return on_value(
        reader, (struct unpack_value){.type = UNPACK_TEXT, .byte_count = byte_count, .text = text},
        item);
}

static int on_bytes(struct unpack_reader *reader, const char *bytes, uint32_t byte_count,
                    struct unpack_item *item)
{
    return on_value(reader,
                    (struct unpack_value){.type = UNPACK_BYTES,
                                          .byte_count = byte_count,
                                          .bytes = (const uint8_t *)bytes},
                    item);
}

/* The one place where a declared count comes in: it is bounded here, and nothing is reserved. */
static int on_array(struct unpack_reader *reader, uint64_t count)
{
    if (reader->is_open)
        return refuse(reader, "an array within an array");
    if (count == 0)
        return refuse(reader, "an empty array");
    if (count > UNPACK_VALUES_MAX)
        return refuse(reader, "an array of too many values");
    reader->is_open = true;
    return 0;
}

static int on_array_item(struct unpack_reader *reader, const struct unpack_item *item)
{
    struct unpacked *unpacked = reader->unpacked;
    CHECK(unpacked->count < UNPACK_VALUES_MAX);
    unpacked->values[unpacked->count++] = item->value;
    return 0;
}

#define callback_root(reader) on_root(reader)
#define callback_uint8(reader, value, item) on_natural(reader, value, item)
#define callback_uint16(reader, value, item) on_natural(reader, value, item)
#define callback_uint32(reader, value, item) on_natural(reader, value, item)
#define callback_uint64(reader, value, item) on_natural(reader, value, item)
#define callback_int8(reader, value, item) on_integer(reader, value, item)
#define callback_int16(reader, value, item) on_integer(reader, value, item)
#define callback_int32(reader, value, item) on_integer(reader, value, item)
#define callback_int64(reader, value, item) on_integer(reader, value, item)
#define callback_float(reader, value, item) refuse(reader, "a floating-point number")
#define callback_double(reader, value, item) refuse(reader, "a floating-point number")
#define callback_nil(reader, item) on_nil(reader, item)
#define callback_true(reader, item) on_bool(reader, true, item)
#define callback_false(reader, item) on_bool(reader, false, item)
#define callback_array(reader, count, item) on_array(reader, count)
#define callback_array_item(reader, array, item) on_array_item(reader, &(item))
#define callback_map(reader, count, item) refuse(reader, "a map")
#define callback_map_item(reader, map, key, item) refuse(reader, "a map")
#define callback_str(reader, base, at, count, item) on_text(reader, at, count, item)
#define callback_bin(reader, base, at, count, item) on_bytes(reader, at, count, item)
#define callback_ext(reader, base, at, count, item) refuse(reader, "an extension type")

#define msgpack_unpack_struct(name) struct unpack##name
#define msgpack_unpack_func(type, name) static inline type parse##name
#define msgpack_unpack_callback(name) callback##name
#define msgpack_unpack_object struct unpack_item
#define msgpack_unpack_user struct unpack_reader
#define MSGPACK_EMBED_STACK_SIZE 2
#include <msgpack/unpack.h>
#include <msgpack/unpack_define.h>
#include <msgpack/unpack_template.h>

/* Cut off: is it one that could still become whole? */
static enum unpack_result cut(const struct unpack_context *context, size_t byte_count,
                              size_t bytes_max, size_t at, struct unpacked *unpacked, size_t *used)
{
    bool waits_for_bytes = context->cs != MSGPACK_CS_HEADER;
    size_t wanted = waits_for_bytes ? context->trail : 1;
    if (byte_count >= bytes_max || wanted > bytes_max - at) {
        unpacked->problem = "an array of too many bytes";
        *used = at;
        return UNPACK_BAD;
    }
    *used = 0;
    return UNPACK_CUT;
}

enum unpack_result unpack_flat(const uint8_t *bytes, size_t byte_count, size_t bytes_max,
                               struct unpacked *unpacked, size_t *used)
{
    size_t at = 0, readable = byte_count < bytes_max ? byte_count : bytes_max;
    struct unpack_context context = {.user = {.unpacked = unpacked}};
    unpacked->count = 0;
    unpacked->problem = NULL;
    parse_init(&context);
    int result = readable == 0 ? 0 : parse_execute(&context, (const char *)bytes, readable, &at);
    if (result == 0)
        return cut(&context, byte_count, bytes_max, at, unpacked, used);
    *used = at;
    if (result > 0)
        return UNPACK_WHOLE;
    if (unpacked->problem == NULL)
        unpacked->problem = "a byte that MessagePack does not have";
    return UNPACK_BAD;
}
