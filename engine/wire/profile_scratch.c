/*
 * Memory of one answer's JSON. jansson knows one allocator for the whole process, so ours looks up
 * which scratch this thread parses into at the moment; outside of that it is malloc, for others
 * who use jansson too. This is the one mutable static of the folder, and it is a thread's own.
 *
 * jansson asserts or crashes when it is told that there is no memory. So it is never told: parsing
 * is left by longjmp. Nothing is lost by that, as all it holds lies in the scratch.
 */
#include <setjmp.h>
#include <stdlib.h>

#include "wire/profile_form.h"

#define ALIGN (_Alignof(max_align_t))

struct profile_scratch {
    jmp_buf exhausted;
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
    if (byte_count > scratch->capacity_bytes - scratch->used_bytes)
        longjmp(scratch->exhausted, 1);
    void *taken = scratch->bytes + scratch->used_bytes;
    scratch->used_bytes += (byte_count + ALIGN - 1) & ~(ALIGN - 1);
    return taken;
}

/* What lies in a scratch goes all at once, at the next parsing. */
static void give_back(void *memory)
{
    if (current == NULL)
        free(memory);
}

struct profile_scratch *profile_scratch_open(size_t capacity_bytes)
{
    CHECK(capacity_bytes <= SIZE_MAX / 2);
    // A whole number of aligned pieces, so that what is used never passes the capacity.
    capacity_bytes = (capacity_bytes + ALIGN - 1) & ~(ALIGN - 1);
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

const json_t *profile_scratch_parse(struct profile_scratch *scratch, const char *text,
                                    size_t text_bytes)
{
    CHECK(current == NULL);
    scratch->used_bytes = 0;
    if (setjmp(scratch->exhausted) != 0) {
        current = NULL;
        return NULL;
    }
    current = scratch;
    const json_t *root = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, NULL);
    current = NULL;
    return root;
}
