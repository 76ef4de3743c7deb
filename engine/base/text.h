/*
 * text: what outsiders say, made safe to store and print.
 */
#ifndef DAYBOOK_BASE_TEXT_H
#define DAYBOOK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Copy into `out` (capacity with the NUL) as valid UTF-8 without controls: each byte that is bad or
 * of a control becomes '?', and the cut falls between characters. Returns the bytes written.
 */
size_t text_clean(char *out, size_t capacity, const char *bytes, size_t byte_count);

/* Is it valid UTF-8 (RFC 3629) without controls (C0, DEL, C1, and what turns or breaks a line)? */
bool text_is_clean(const char *bytes, size_t byte_count);

/* The same, and length in 1..most. */
bool text_fits(const char *bytes, size_t byte_count, size_t most);

/* Printable ASCII that needs no escape anywhere in JSON: no control, DEL, quote or backslash. */
static inline bool text_is_plain(char byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/* Of eight bytes: the top bit of each that is not plain; above the first such byte it may be wrong.
 */
static inline uint64_t text_odd_of_eight(const char *bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, bytes, 8);
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\', del = word ^ ones * 0x7f;
    uint64_t borrowed = (word - ones * 0x20) | (quote - ones) | (backslash - ones) | (del - ones);
    return (word | borrowed) & ones << 7;
}

/* How many bytes from the first on are plain. */
static inline size_t text_plain_bytes(const char *bytes, size_t byte_count)
{
    size_t at = 0;
    uint64_t odd = 0;
    if (byte_count < 8) {
        while (at < byte_count && text_is_plain(bytes[at]))
            at++;
        return at;
    }
    for (; at < byte_count - 8 && odd == 0; at += 8)
        odd = text_odd_of_eight(bytes + at);
    if (odd != 0)
        return at - 8 + (size_t)__builtin_ctzll(odd) / 8;
    // The last eight: some of them may have been looked at before, and are plain.
    odd = text_odd_of_eight(bytes + byte_count - 8);
    return odd == 0 ? byte_count : byte_count - 8 + (size_t)__builtin_ctzll(odd) / 8;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

#endif
