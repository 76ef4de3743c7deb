/*
 * fuzz: what the fuzz targets share.
 *
 * A target is one file that defines LLVMFuzzerTestOneInput. Whatever the bytes, it must come back,
 * leave nothing behind, and hold what it states by FUZZ_HOLDS. clang links it with libFuzzer; with
 * replay.c it becomes a test over its corpus.
 */
#ifndef DAYBOOK_TESTS_FUZZ_H
#define DAYBOOK_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/prng.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count);

#define FUZZ_HOLDS(condition) CHECK(condition)

/* Numbers that depend on the input alone. */
static inline struct prng fuzz_prng(const uint8_t *bytes, size_t byte_count)
{
    uint64_t seed = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < byte_count; i++)
        seed = (seed ^ bytes[i]) * UINT64_C(0x100000001b3);
    struct prng prng;
    prng_init(&prng, seed);
    return prng;
}

/* A message for people: every line of it clean, the last one ended. */
static inline void fuzz_check_message(const char *message, size_t message_bytes)
{
    FUZZ_HOLDS(message_bytes > 0 && message[message_bytes - 1] == '\n');
    for (const char *at = message; at < message + message_bytes;) {
        const char *end = memchr(at, '\n', (size_t)(message + message_bytes - at));
        FUZZ_HOLDS(text_is_clean(at, (size_t)(end - at)));
        at = end + 1;
    }
}

#endif
