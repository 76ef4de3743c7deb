/*
 * guard: bytes that end right before a page nobody may read, so that reading one too many is a
 * crash and not luck.
 */
#ifndef DAYBOOK_TESTS_WIRE_GUARD_H
#define DAYBOOK_TESTS_WIRE_GUARD_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GUARD_ROOM_BYTES 65536

struct guard {
    char *pages;
};

static inline struct guard guard_open(void)
{
    struct guard guard;
    guard.pages = mmap(NULL, GUARD_ROOM_BYTES + 4096, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard.pages == MAP_FAILED || mprotect(guard.pages + GUARD_ROOM_BYTES, 4096, PROT_NONE) != 0)
        abort();
    return guard;
}

/* A copy of the bytes that ends at the forbidden page. Valid until the next call. */
static inline char *guard_copy(struct guard *guard, const char *bytes, size_t byte_count)
{
    if (byte_count > GUARD_ROOM_BYTES)
        abort();
    char *at = guard->pages + GUARD_ROOM_BYTES - byte_count;
    memcpy(at, bytes, byte_count);
    return at;
}

static inline void guard_close(struct guard *guard)
{
    munmap(guard->pages, GUARD_ROOM_BYTES + 4096);
}

#endif
