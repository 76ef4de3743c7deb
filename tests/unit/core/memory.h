/*
 * memory: an arena of just the right size for a test: the same taking, dry and then in earnest.
 * Include after cmocka.h.
 */
#ifndef DAYBOOK_TESTS_CORE_MEMORY_H
#define DAYBOOK_TESTS_CORE_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct memory {
    void *bytes;
    struct arena arena;
};

static inline void memory_open(struct memory *memory, void (*take)(struct arena *))
{
    struct arena dry;
    arena_init(&dry, NULL, 0);
    take(&dry);
    size_t byte_count = (dry.used_bytes + 63) / 64 * 64;
    memory->bytes = aligned_alloc(64, byte_count);
    assert_non_null(memory->bytes);
    memset(memory->bytes, 0, byte_count);
    arena_init(&memory->arena, memory->bytes, byte_count);
    take(&memory->arena);
    arena_seal(&memory->arena);
}

static inline void memory_close(struct memory *memory)
{
    free(memory->bytes);
    memory->bytes = NULL;
}

#endif
