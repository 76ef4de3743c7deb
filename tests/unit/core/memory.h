/*
 * memory: an arena of just the right size for a test: the same taking, dry and then in earnest.
 * What lies behind its last byte may not be touched. Include after cmocka.h.
 */
#ifndef DAYBOOK_TESTS_CORE_MEMORY_H
#define DAYBOOK_TESTS_CORE_MEMORY_H

#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"

struct memory {
    void *bytes;
    size_t byte_count;
    struct arena arena;
};

/* Pages, which come as they are used: AddressSanitizer marks all of what malloc hands out, and most
   of it a test never touches. */
static inline void memory_open(struct memory *memory, void (*take)(struct arena *))
{
    struct arena dry;
    arena_init(&dry, NULL, 0);
    take(&dry);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t used = (dry.used_bytes + page - 1) / page * page;
    memory->byte_count = used + page;
    memory->bytes = mmap(NULL, memory->byte_count, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(memory->bytes, MAP_FAILED);
    char *end = (char *)memory->bytes + used;
    assert_int_equal(mprotect(end, page, PROT_NONE), 0);
    arena_init(&memory->arena, end - dry.used_bytes, dry.used_bytes);
    take(&memory->arena);
    arena_seal(&memory->arena);
}

static inline void memory_close(struct memory *memory)
{
    assert_int_equal(munmap(memory->bytes, memory->byte_count), 0);
    memory->bytes = NULL;
}

#endif
