#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/hex.h"

static void every_byte_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[256], back[256];
    char text[2 * 256 + 1];
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    assert_ptr_equal(hex_write(text, bytes, 256), text + 512);
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_memory_equal(text + 506, "fdfeff", 7);
    assert_true(hex_read(back, 256, text));
    assert_memory_equal(back, bytes, 256);
}

static void every_length_is_written_and_no_byte_more(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x09, 0x0a, 0x90, 0xa0, 0x9a, 0xa9, 0xff, 0x00, 0x5f};
    for (size_t count = 1; count <= sizeof(bytes); count++) {
        char text[32], wanted[] = "090a90a09aa9ff005f";
        memset(text, 'x', sizeof(text));
        wanted[2 * count] = 0;
        assert_ptr_equal(hex_write(text, bytes, count), text + 2 * count);
        assert_string_equal(text, wanted);
        assert_int_equal(text[2 * count + 1], 'x');
    }
}

static void both_cases_are_read_and_what_follows_is_not(void **state)
{
    (void)state;
    uint8_t bytes[2] = {0};
    assert_true(hex_read(bytes, 2, "AbCdxyz"));
    assert_int_equal(bytes[0], 0xab);
    assert_int_equal(bytes[1], 0xcd);
    assert_true(hex_read(bytes, 0, ""));
}

static void what_is_not_hex_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",     "a",    "abc",  "abc ", " abc", "+abc", "0xab",
                                        "abcg", "ab/0", "ab:0", "ab@0", "abG0", "ab`0", "12-1"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint8_t bytes[2];
        if (hex_read(bytes, 2, texts[i]))
            fail_msg("\"%s\" was read", texts[i]);
    }
}

static void writing_nothing_writes_a_terminator(void **state)
{
    (void)state;
    char text[2] = "x";
    assert_ptr_equal(hex_write(text, NULL, 0), text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(every_length_is_written_and_no_byte_more),
        cmocka_unit_test(both_cases_are_read_and_what_follows_is_not),
        cmocka_unit_test(what_is_not_hex_is_refused),
        cmocka_unit_test(writing_nothing_writes_a_terminator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
