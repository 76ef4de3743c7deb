#include "base/hex.h"

#include <stdint.h>

char *hex_write(char *out, const void *bytes, size_t byte_count)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < byte_count; i++) {
        *out++ = digits[byte[i] >> 4];
        *out++ = digits[byte[i] & 15];
    }
    *out = 0;
    return out;
}

/* 0 .. 15, or 16: not a digit. */
static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

bool hex_read(void *bytes, size_t byte_count, const char *text)
{
    uint8_t *byte = bytes;
    for (size_t i = 0; i < byte_count; i++) {
        unsigned high = digit(text[2 * i]);
        unsigned low = high == 16 ? 16 : digit(text[2 * i + 1]); // never beyond a NUL
        if (low == 16)
            return false;
        byte[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
