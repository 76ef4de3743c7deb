/*
 * text: what outsiders say, made safe to store and print.
 */
#ifndef DAYBOOK_BASE_TEXT_H
#define DAYBOOK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copy into `out` (capacity with the NUL) as valid UTF-8 without controls: each byte that is bad or
 * of a control becomes '?', and the cut falls between characters. Returns the bytes written.
 */
size_t text_clean(char *out, size_t capacity, const char *bytes, size_t byte_count);

/* Is it valid UTF-8 (RFC 3629) without controls (C0, DEL, C1, and what turns or breaks a line)? */
bool text_is_clean(const char *bytes, size_t byte_count);

/* The same, and length in 1..most. */
bool text_fits(const char *bytes, size_t byte_count, size_t most);

#endif
