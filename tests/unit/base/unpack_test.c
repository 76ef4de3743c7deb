#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "base/unpack.h"

#define BYTES_MAX 300U

static struct unpacked unpacked;
static size_t used;

/* On the heap and no byte longer, so that a sanitizer sees one read too many. */
static enum unpack_result unpack(const void *bytes, size_t byte_count)
{
    uint8_t *copy = malloc(byte_count + 1);
    assert_non_null(copy);
    copy = realloc(copy, byte_count == 0 ? 1 : byte_count);
    assert_non_null(copy);
    if (byte_count > 0)
        memcpy(copy, bytes, byte_count);
    enum unpack_result result = unpack_flat(copy, byte_count, BYTES_MAX, &unpacked, &used);
    free(copy);
    return result;
}

static void every_type_and_its_extremes_come_back(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX], blob[200];
    memset(blob, 0xfe, sizeof(blob));
    static const int64_t integers[] = {0,         1,         127,        -1,        -32,
                                       -33,       INT8_MIN,  INT16_MIN,  INT32_MIN, INT64_MIN,
                                       INT64_MAX, INT32_MAX, -2147483649};
    uint32_t count = sizeof(integers) / sizeof(integers[0]);
    struct pack pack = pack_into(bytes, sizeof(bytes));
    pack_array(&pack, count + 6);
    for (uint32_t i = 0; i < count; i++)
        pack_int(&pack, integers[i]);
    pack_uint(&pack, UINT64_MAX);
    pack_bool(&pack, true);
    pack_bool(&pack, false);
    pack_text(&pack, "", 0);
    pack_text(&pack, "홍길동", strlen("홍길동"));
    pack_bytes(&pack, blob, sizeof(blob));
    size_t whole = (size_t)(pack.at - bytes);
    assert_int_equal(unpack_flat(bytes, whole, BYTES_MAX, &unpacked, &used), UNPACK_WHOLE);
    assert_int_equal(used, whole);
    assert_int_equal(unpacked.count, count + 6);
    const struct unpack_value *value = unpacked.values;
    for (uint32_t i = 0; i < count; i++, value++) {
        assert_int_equal(value->type, integers[i] < 0 ? UNPACK_NEGATIVE : UNPACK_NATURAL);
        assert_true(value->negative == integers[i]);
    }
    assert_true(value->type == UNPACK_NATURAL && value->natural == UINT64_MAX);
    assert_true(value[1].type == UNPACK_BOOL && value[1].natural == 1);
    assert_true(value[2].type == UNPACK_BOOL && value[2].natural == 0);
    assert_true(value[3].type == UNPACK_TEXT && value[3].byte_count == 0);
    assert_int_equal(value[4].byte_count, strlen("홍길동"));
    assert_memory_equal(value[4].text, "홍길동", value[4].byte_count);
    assert_int_equal(value[5].byte_count, sizeof(blob));
    assert_memory_equal(value[5].bytes, blob, sizeof(blob));
    // All of its prefixes are cut, none is bad: more bytes would make them whole.
    for (size_t i = 0; i < whole; i++) {
        assert_int_equal(unpack(bytes, i), UNPACK_CUT);
        assert_int_equal(used, 0);
    }
}

static void one_array_is_taken_and_what_follows_is_left(void **state)
{
    (void)state;
    assert_int_equal(unpack("\x92\x01\xc0\xc1\xc1", 5), UNPACK_WHOLE);
    assert_int_equal(used, 3);
    assert_int_equal(unpacked.count, 2);
    assert_int_equal(unpacked.values[1].type, UNPACK_NIL);
}

static void what_is_not_a_flat_array_of_scalars_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t byte_count;
        const char *problem;
        size_t at;
    } rows[] = {
        {"\x01", 1, "not an array", 0},
        {"\xc0", 1, "not an array", 0},
        {"\xa1x", 2, "not an array", 1},
        {"\xc1", 1, "MessagePack does not have", 0},
        {"\x92\x01\xc1", 3, "MessagePack does not have", 2},
        {"\x90", 1, "empty", 0},
        {"\xdc\x00\x00", 3, "empty", 2},
        {"\x92\x01\x91\x01", 4, "within an array", 2},
        {"\x92\x01\x90", 3, "within an array", 2},
        {"\x91\x80", 2, "a map", 1},
        {"\x91\x81\x01\x02", 4, "a map", 1},
        {"\x82\x01\x02\x01\x03", 5, "a map", 0},
        {"\xdf\xff\xff\xff\xff", 5, "a map", 4},
        {"\x91\xca\x00\x00\x00\x00", 6, "floating-point", 5},
        {"\x91\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 10, "floating-point", 9},
        {"\x91\xd4\x01\x02", 4, "extension", 3},
        {"\x91\xc7\x00\x01", 4, "extension", 3},
        {"\x91\xa1\xff", 3, "not UTF-8", 2},
        {"\x91\xa2\xc0\x80", 4, "not UTF-8", 3},
        {"\x91\xa1\x1b", 3, "not UTF-8", 2},
        {"\x91\xa1\n", 3, "not UTF-8", 2},
        {"\x91\xa1\0", 3, "not UTF-8", 2},
        // declared sizes, before there are bytes for them
        {"\xdd\xff\x00\x00\x00", 5, "too many values", 4},
        {"\xdd\xff\xff\xff\xff", 5, "too many values", 4},
        {"\xdc\x00\x21", 3, "too many values", 2},
        {"\x91\xdb\xff\xff\xff\xff", 6, "too many bytes", 6},
        {"\x91\xc6\xff\xff\xff\xff", 6, "too many bytes", 6},
        {"\x91\xc9\xff\xff\xff\xfe\x01", 7, "too many bytes", 6},
        {"\x91\xda\x01\x2c", 4, "too many bytes", 4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum unpack_result result = unpack(rows[i].bytes, rows[i].byte_count);
        if (result != UNPACK_BAD || strstr(unpacked.problem, rows[i].problem) == NULL ||
            used != rows[i].at)
            fail_msg("row %zu: %d, %s, at %zu", i, result,
                     unpacked.problem ? unpacked.problem : "-", used);
    }
}

static void as_many_values_and_bytes_as_allowed_are_taken(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX + 1] = {0xdc, 0, UNPACK_VALUES_MAX};
    assert_int_equal(unpack(bytes, 3 + UNPACK_VALUES_MAX), UNPACK_WHOLE);
    assert_int_equal(unpacked.count, UNPACK_VALUES_MAX);
    memcpy(bytes, "\x91\xc5\x01", 3);
    bytes[3] = BYTES_MAX - 4 - 256;
    assert_int_equal(unpack(bytes, BYTES_MAX), UNPACK_WHOLE);
    assert_int_equal(used, BYTES_MAX);
    assert_int_equal(unpack(bytes, BYTES_MAX - 1), UNPACK_CUT);
    bytes[3]++;
    assert_int_equal(unpack(bytes, BYTES_MAX + 1), UNPACK_BAD);
    assert_int_equal(unpack(bytes, 4), UNPACK_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_and_its_extremes_come_back),
        cmocka_unit_test(one_array_is_taken_and_what_follows_is_left),
        cmocka_unit_test(what_is_not_a_flat_array_of_scalars_is_refused),
        cmocka_unit_test(as_many_values_and_bytes_as_allowed_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
