#include "jobs/bench_pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/pack.h"

#define SCALAR_BYTES_MAX 9U /* a head byte and eight */

/* ---- writing --------------------------------------------------------------------------------- */

/* No more than this is needed. */
static size_t room_for(const json_t *value)
{
    size_t bytes = SCALAR_BYTES_MAX, index;
    const char *key;
    json_t *member;
    if (json_is_string(value))
        bytes += json_string_length(value);
    json_array_foreach(value, index, member) bytes += room_for(member);
    json_object_foreach((json_t *)(uintptr_t)value, key, member) bytes +=
        SCALAR_BYTES_MAX + strlen(key) + room_for(member);
    return bytes;
}

/* MessagePack's float 64; the engine itself has no such numbers. */
static void put_real(struct pack *pack, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    CHECK(pack->end - pack->at >= (ptrdiff_t)SCALAR_BYTES_MAX);
    *pack->at++ = 0xcb;
    for (int shift = 56; shift >= 0; shift -= 8)
        *pack->at++ = (uint8_t)(bits >> shift);
}

static void put(struct pack *pack, const json_t *value);

static void put_object(struct pack *pack, const json_t *value)
{
    const char *key;
    json_t *member;
    pack_map(pack, (uint32_t)json_object_size(value));
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        pack_text(pack, key, strlen(key));
        put(pack, member);
    }
}

static void put_array(struct pack *pack, const json_t *value)
{
    size_t index;
    json_t *member;
    pack_array(pack, (uint32_t)json_array_size(value));
    json_array_foreach(value, index, member) put(pack, member);
}

static void put(struct pack *pack, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(pack, value);
        return;
    case JSON_ARRAY:
        put_array(pack, value);
        return;
    case JSON_STRING:
        pack_text(pack, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        pack_int(pack, json_integer_value(value));
        return;
    case JSON_REAL:
        put_real(pack, json_real_value(value));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        pack_bool(pack, json_is_true(value));
        return;
    case JSON_NULL:
        pack_nil(pack);
        return;
    }
    CHECK(!"a kind of JSON value");
}

uint8_t *bench_pack(const json_t *value, size_t *byte_count)
{
    size_t room = room_for(value);
    uint8_t *bytes = malloc(room);
    CHECK(bytes != NULL);
    struct pack pack = pack_into(bytes, room);
    put(&pack, value);
    *byte_count = (size_t)(pack.at - bytes);
    return bytes;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reader {
    const uint8_t *at, *end;
    uint32_t depth;
    const char *problem;
};

static json_t *take(struct reader *reader);

static json_t *refuse(struct reader *reader, const char *problem)
{
    if (reader->problem == NULL)
        reader->problem = problem;
    return NULL;
}

static bool has(struct reader *reader, uint64_t bytes)
{
    if ((uint64_t)(reader->end - reader->at) >= bytes)
        return true;
    (void)refuse(reader, "cut off");
    return false;
}

/* A big-endian number of so many bytes. False: cut off. */
static bool take_number(struct reader *reader, uint32_t bytes, uint64_t *number)
{
    *number = 0;
    if (!has(reader, bytes))
        return false;
    for (uint32_t i = 0; i < bytes; i++)
        *number = *number << 8 | *reader->at++;
    return true;
}

static json_t *take_text(struct reader *reader, uint64_t bytes)
{
    if (!has(reader, bytes))
        return NULL;
    json_t *text = json_stringn((const char *)reader->at, (size_t)bytes);
    if (text == NULL || memchr(reader->at, 0, (size_t)bytes) != NULL) {
        json_decref(text);
        return refuse(reader, "a text is not UTF-8, or holds a NUL");
    }
    reader->at += bytes;
    return text;
}

/* Each value takes a byte at least: what is declared is held against what is left. */
static json_t *take_array(struct reader *reader, uint64_t count)
{
    if (!has(reader, count))
        return NULL;
    json_t *array = json_array();
    for (uint64_t i = 0; i < count && reader->problem == NULL; i++) {
        json_t *member = take(reader);
        if (member != NULL)
            json_array_append_new(array, member);
    }
    return array;
}

static json_t *take_map(struct reader *reader, uint64_t count)
{
    if (!has(reader, 2 * count))
        return NULL;
    json_t *object = json_object();
    for (uint64_t i = 0; i < count && reader->problem == NULL; i++) {
        json_t *key = take(reader);
        if (key != NULL && !json_is_string(key))
            (void)refuse(reader, "a key is not a text");
        json_t *member = reader->problem == NULL ? take(reader) : NULL;
        if (member != NULL)
            json_object_set_new(object, json_string_value(key), member);
        json_decref(key);
    }
    return object;
}

static json_t *take_natural(struct reader *reader, uint32_t bytes)
{
    uint64_t number;
    if (!take_number(reader, bytes, &number))
        return NULL;
    if (number > INT64_MAX)
        return refuse(reader, "a number is too great");
    return json_integer((json_int_t)number);
}

static json_t *take_integer(struct reader *reader, uint32_t bytes)
{
    uint64_t number;
    if (!take_number(reader, bytes, &number))
        return NULL;
    uint32_t shift = 64 - 8 * bytes; // its sign is the first bit of its own width
    return json_integer((json_int_t)((int64_t)(number << shift) >> shift));
}

static json_t *take_real(struct reader *reader)
{
    uint64_t bits;
    double real;
    if (!take_number(reader, sizeof bits, &bits))
        return NULL;
    memcpy(&real, &bits, sizeof real);
    json_t *value = json_real(real);
    return value != NULL ? value : refuse(reader, "a number is none");
}

/* Texts, arrays and maps whose length is a number of its own. */
static json_t *take_long(struct reader *reader, uint32_t bytes,
                         json_t *(*take_so_many)(struct reader *, uint64_t))
{
    uint64_t count;
    return take_number(reader, bytes, &count) ? take_so_many(reader, count) : NULL;
}

static json_t *take_headed(struct reader *reader, uint8_t head)
{
    if (head < 0x80)
        return json_integer(head);
    if (head < 0x90)
        return take_map(reader, head & 0x0f);
    if (head < 0xa0)
        return take_array(reader, head & 0x0f);
    if (head < 0xc0)
        return take_text(reader, head & 0x1f);
    if (head >= 0xe0)
        return json_integer((int8_t)head);
    switch (head) {
    case 0xc0:
        return json_null();
    case 0xc2:
    case 0xc3:
        return json_boolean(head == 0xc3);
    case 0xcb:
        return take_real(reader);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return take_natural(reader, 1U << (head - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return take_integer(reader, 1U << (head - 0xd0));
    case 0xd9:
    case 0xda:
    case 0xdb:
        return take_long(reader, 1U << (head - 0xd9), take_text);
    case 0xdc:
    case 0xdd:
        return take_long(reader, 2U << (head - 0xdc), take_array);
    case 0xde:
    case 0xdf:
        return take_long(reader, 2U << (head - 0xde), take_map);
    default:
        return refuse(reader, "a value of a kind that results do not have");
    }
}

static json_t *take(struct reader *reader)
{
    if (!has(reader, 1))
        return NULL;
    if (reader->depth == BENCH_PACK_DEPTH_MAX)
        return refuse(reader, "too deep");
    reader->depth++;
    json_t *value = take_headed(reader, *reader->at++);
    reader->depth--;
    return value;
}

json_t *bench_unpack(const uint8_t *bytes, size_t byte_count, const char **problem, size_t *at)
{
    struct reader reader = {.at = bytes, .end = bytes + byte_count};
    json_t *value = take(&reader);
    if (reader.problem == NULL && reader.at != reader.end)
        (void)refuse(&reader, "something follows the value");
    *problem = reader.problem;
    *at = (size_t)(reader.at - bytes);
    if (reader.problem == NULL)
        return value;
    json_decref(value);
    return NULL;
}
