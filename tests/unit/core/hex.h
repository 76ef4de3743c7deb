/*
 * hex: bytes compared with hex digits, as another program printed them. Include after cmocka.h.
 */
#ifndef DAYBOOK_TESTS_CORE_HEX_H
#define DAYBOOK_TESTS_CORE_HEX_H

#include "base/hex.h"

#define HEX_BYTES_MAX 256

static inline void assert_hex(const void *bytes, size_t byte_count, const char *expected)
{
    char text[2 * HEX_BYTES_MAX + 1];
    assert_true(byte_count <= HEX_BYTES_MAX);
    hex_write(text, bytes, byte_count);
    assert_string_equal(text, expected);
}

#endif
