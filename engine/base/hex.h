/*
 * hex: bytes as lower-case hex digits, and back. No allocation, no terminator but where said.
 */
#ifndef DAYBOOK_BASE_HEX_H
#define DAYBOOK_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

/* 2 * byte_count digits and a NUL. Returns the end: where the NUL stands. */
char *hex_write(char *out, const void *bytes, size_t byte_count);
/* Exactly 2 * byte_count digits, either case, at the start of `text`; what follows is not read.
   False: something else stands there, and `bytes` holds nothing. */
MUST_USE bool hex_read(void *bytes, size_t byte_count, const char *text);

#endif
