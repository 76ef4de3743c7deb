/*
 * Memory of one answer's JSON. jansson knows one allocator for the whole process, so ours looks up
 * which scratch this thread reads with at the moment; outside of that it is malloc, for others
 * who use jansson too. This is the one mutable static of the folder, and it is a thread's own.
 */
#include <stdlib.h>

#include "wire/profile_form.h"

struct profile_scratch {
    size_t capacity_bytes;
    size_t used_bytes;
    _Alignas(max_align_t) char bytes[];
};

static _Thread_local struct profile_scratch *current;

static void *take(size_t byte_count)
{
    struct profile_scratch *scratch = current;
    if (scratch == NULL)
        return malloc(byte_count);
    size_t align = _Alignof(max_align_t) - 1;
    if (byte_count > scratch->capacity_bytes ||
        scratch->capacity_bytes - scratch->used_bytes < ((byte_count + align) & ~align))
        return NULL;
    void *taken = scratch->bytes + scratch->used_bytes;
    scratch->used_bytes += (byte_count + align) & ~align;
    return taken;
}

/* What lies in the scratch goes all at once, at the next reading. */
static void give_back(void *memory)
{
    if (current == NULL)
        free(memory);
}

struct profile_scratch *profile_scratch_open(size_t capacity_bytes)
{
    CHECK(capacity_bytes > 0 && capacity_bytes <= SIZE_MAX / 2);
    struct profile_scratch *scratch = malloc(sizeof(*scratch) + capacity_bytes);
    CHECK(scratch != NULL);
    scratch->capacity_bytes = capacity_bytes;
    scratch->used_bytes = 0;
    json_set_alloc_funcs(take, give_back);
    // Drawn now: jansson would do it at the first answer, in the loop.
    json_object_seed(0);
    return scratch;
}

void profile_scratch_close(struct profile_scratch *scratch)
{
    free(scratch);
}

void profile_scratch_begin(struct profile_scratch *scratch)
{
    CHECK(current == NULL);
    scratch->used_bytes = 0;
    current = scratch;
}

void profile_scratch_end(struct profile_scratch *scratch)
{
    CHECK(current == scratch);
    current = NULL;
}
