#include "base/arena.h"

#include "base/check.h"

void arena_init(struct arena *arena, void *memory, size_t capacity_bytes)
{
    CHECK(((uintptr_t)memory & 63) == 0);
    *arena = (struct arena){.memory = memory, .capacity_bytes = capacity_bytes};
}

void *arena_take(struct arena *arena, size_t count, size_t item_bytes)
{
    CHECK(!arena->sealed);
    size_t bytes;
    CHECK(!__builtin_mul_overflow(count, item_bytes, &bytes));
    bytes = (bytes + 63) & ~(size_t)63;
    size_t at = arena->used_bytes;
    CHECK(!__builtin_add_overflow(at, bytes, &arena->used_bytes));
    if (arena->memory == NULL)
        return NULL;
    CHECK(arena->used_bytes <= arena->capacity_bytes);
    return arena->memory + at;
}

void arena_seal(struct arena *arena)
{
    arena->sealed = true;
}
