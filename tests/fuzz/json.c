/*
 * A JSON text: our scanner (wire/json.h) and jansson accept the same ones and read the same values,
 * but for the limits that ours states.
 */
#include "fuzz.h"
#include "support/json_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    const char *text = (const char *)bytes;
    size_t room_bytes = json_oracle_room_bytes(byte_count);
    void *room = malloc(room_bytes); // of its own each time: the sanitizer sees its end
    CHECK(room != NULL);
    FUZZ_HOLDS(json_oracle_compare(text, byte_count, room, room_bytes) != JSON_DIFFER);
    // In a smaller room it is read the same, or not at all.
    struct prng prng = fuzz_prng(bytes, byte_count);
    size_t less = (size_t)prng_below(&prng, room_bytes);
    json_t *theirs = json_loadb(text, byte_count, JSON_REJECT_DUPLICATES, NULL);
    void *small = malloc(less == 0 ? 1 : less);
    CHECK(small != NULL);
    const struct json_node *ours = json_scan(text, byte_count, small, less);
    FUZZ_HOLDS(ours == NULL || json_oracle_same(ours, theirs));
    json_decref(theirs);
    free(small);
    free(room);
    return 0;
}
