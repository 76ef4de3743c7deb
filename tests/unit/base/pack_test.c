#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aborts.h"
#include "base/pack.h"

/* What MessagePack's specification says of each value's bytes. */
static void values_are_the_bytes_of_the_specification(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct pack pack = pack_into(bytes, sizeof(bytes));
    pack_array(&pack, 3);
    pack_uint(&pack, 0);
    pack_uint(&pack, 127);
    pack_uint(&pack, 128);
    pack_uint(&pack, 65535);
    pack_uint(&pack, UINT32_MAX);
    pack_uint(&pack, UINT64_MAX);
    pack_int(&pack, -1);
    pack_int(&pack, -33);
    pack_int(&pack, INT64_MIN);
    pack_int(&pack, INT64_MAX);
    pack_bool(&pack, false);
    pack_bool(&pack, true);
    pack_text(&pack, "ab", 2);
    pack_text(&pack, "", 0);
    pack_bytes(&pack, "\0\xff", 2);
    pack_array(&pack, 16);
    pack_map(&pack, 2);
    pack_map(&pack, 16);
    pack_nil(&pack);
    static const uint8_t expected[] =
        "\x93\x00\x7f\xcc\x80\xcd\xff\xff\xce\xff\xff\xff\xff\xcf\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff\xd0\xdf\xd3\x80\x00\x00\x00\x00\x00\x00\x00\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"
        "\xc2\xc3\xa2"
        "ab\xa0\xc4\x02\x00\xff\xdc\x00\x10"
        "\x82\xde\x00\x10\xc0";
    assert_int_equal(pack.at - bytes, sizeof(expected) - 1);
    assert_memory_equal(bytes, expected, sizeof(expected) - 1);
}

static void pack_one_too_many(void)
{
    uint8_t bytes[9];
    struct pack pack = pack_into(bytes, sizeof(bytes));
    pack_bool(&pack, true);
    pack_uint(&pack, UINT64_MAX);
}

static void what_has_no_room_aborts(void **state)
{
    (void)state;
    assert_aborts(pack_one_too_many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_the_bytes_of_the_specification),
        cmocka_unit_test(what_has_no_room_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
