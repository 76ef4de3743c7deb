#include "base/hex.h"

#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* The eight digits of four bytes, all at once: each byte is spread over two, then a digit from ten
   on gets what lies between '9' and 'a'. */
static void put_digits(char out[8], const uint8_t bytes[4])
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint32_t four;
    memcpy(&four, bytes, 4);
    uint64_t spread = (uint64_t)four | (uint64_t)four << 16;
    spread &= UINT64_C(0x0000ffff0000ffff);
    spread = (spread | spread << 8) & UINT64_C(0x00ff00ff00ff00ff);
    uint64_t nibbles =
        (spread >> 4 & UINT64_C(0x000f000f000f000f)) | (spread & UINT64_C(0x000f000f000f000f)) << 8;
    uint64_t letters = (nibbles + ones * 6) >> 4 & ones;
    uint64_t digits = nibbles + ones * '0' + letters * ('a' - '9' - 1);
    memcpy(out, &digits, 8);
}

char *hex_write(char *out, const void *bytes, size_t byte_count)
{
    const uint8_t *byte = bytes;
    size_t i = 0;
    for (; byte_count - i >= 4; i += 4, out += 8)
        put_digits(out, byte + i);
    for (; i < byte_count; i++, out += 2) {
        char digits[8];
        put_digits(digits, (const uint8_t[4]){byte[i]});
        memcpy(out, digits, 2);
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
