/*
 * memory: an arena of just the right size for a test: the same taking, dry and then in earnest.
 * Include after cmocka.h.
 */
#ifndef DAYBOOK_TESTS_CORE_MEMORY_H
#define DAYBOOK_TESTS_CORE_MEMORY_H

#include <stdlib.h>

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
    // calloc, aligned by hand: pages that a test never touches cost nothing.
    memory->bytes = calloc(1, dry.used_bytes + 64);
    assert_non_null(memory->bytes);
    void *aligned = (char *)memory->bytes + (64 - (uintptr_t)memory->bytes % 64);
    arena_init(&memory->arena, aligned, dry.used_bytes);
    take(&memory->arena);
    arena_seal(&memory->arena);
}

static inline void memory_close(struct memory *memory)
{
    free(memory->bytes);
    memory->bytes = NULL;
}

#endif
