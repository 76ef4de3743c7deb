#include "base/text.h"

/* U+2028 and 2029 break a line, U+202A to 202E and U+2066 to 2069 turn the text after them round,
   U+FEFF is not seen: with them a text shows itself as another one. */
static bool deceives(const unsigned char s[3])
{
    if (s[0] == 0xe2 && s[1] == 0x80)
        return s[2] >= 0xa8 && s[2] <= 0xae;
    if (s[0] == 0xe2 && s[1] == 0x81)
        return s[2] >= 0xa6 && s[2] <= 0xa9;
    return s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf;
}

/* Bytes of the valid, printable character at `s`, or 0. */
static size_t character_bytes(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f ? 1 : 0;
    size_t count = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || count > left)
        return 0;
    for (size_t i = 1; i < count; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xc2 && s[1] < 0xa0) || // C1 controls
        (s[0] == 0xe0 && s[1] < 0xa0) || // overlong
        (s[0] == 0xed && s[1] > 0x9f) || // surrogates
        (s[0] == 0xf0 && s[1] < 0x90) || // overlong
        (s[0] == 0xf4 && s[1] > 0x8f))   // beyond U+10FFFF
        return 0;
    return count == 3 && deceives(s) ? 0 : count;
}

size_t text_clean(char *out, size_t capacity, const char *bytes, size_t byte_count)
{
    if (capacity == 0)
        return 0;
    size_t used = 0;
    const unsigned char *s = (const unsigned char *)bytes;
    for (size_t i = 0;;) {
        size_t plain = text_plain_bytes(bytes + i, byte_count - i);
        if (plain > capacity - 1 - used)
            plain = capacity - 1 - used;
        memcpy(out + used, bytes + i, plain);
        used += plain;
        i += plain;
        if (i == byte_count)
            break;
        size_t count = character_bytes(s + i, byte_count - i);
        size_t width = count == 0 ? 1 : count;
        if (used + width >= capacity)
            break;
        if (count == 0)
            out[used] = '?';
        else
            memcpy(out + used, s + i, count);
        used += width;
        i += width;
    }
    out[used] = 0;
    return used;
}

bool text_is_clean(const char *bytes, size_t byte_count)
{
    const unsigned char *s = (const unsigned char *)bytes;
    for (size_t i = text_plain_bytes(bytes, byte_count); i < byte_count;) {
        size_t count = character_bytes(s + i, byte_count - i);
        if (count == 0)
            return false;
        i += count;
    }
    return true;
}

bool text_fits(const char *bytes, size_t byte_count, size_t most)
{
    return byte_count >= 1 && byte_count <= most && text_is_clean(bytes, byte_count);
}
