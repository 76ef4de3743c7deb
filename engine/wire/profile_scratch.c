/* Memory of one answer's JSON. */
#include <stdlib.h>

#include "wire/profile_form.h"

struct profile_scratch {
    size_t capacity_bytes;
    _Alignas(struct json_node) char bytes[];
};

struct profile_scratch *profile_scratch_open(size_t capacity_bytes)
{
    CHECK(capacity_bytes <= SIZE_MAX / 2);
    struct profile_scratch *scratch = malloc(sizeof(*scratch) + capacity_bytes);
    CHECK(scratch != NULL);
    scratch->capacity_bytes = capacity_bytes;
    return scratch;
}

void profile_scratch_close(struct profile_scratch *scratch)
{
    free(scratch);
}

const struct json_node *profile_scratch_parse(struct profile_scratch *scratch, const char *text,
                                              size_t text_bytes)
{
    return json_scan(text, text_bytes, scratch->bytes, scratch->capacity_bytes);
}
