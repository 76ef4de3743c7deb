/* What a bank says, before it becomes a record: clean, cut to its column, and then left alone. */
#include "base/transfer.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    char out[CODE_TEXT_MAX + 1], again[CODE_TEXT_MAX + 1];
    size_t used = text_clean(out, sizeof(out), (const char *)bytes, byte_count);
    FUZZ_HOLDS(used < sizeof(out) && out[used] == 0 && strlen(out) == used);
    FUZZ_HOLDS(used <= byte_count && text_is_clean(out, used));
    FUZZ_HOLDS(text_clean(again, sizeof(again), out, used) == used && strcmp(out, again) == 0);
    // Left alone exactly where nothing was wrong with it and it fits.
    bool same = used == byte_count && (used == 0 || memcmp(out, bytes, used) == 0);
    FUZZ_HOLDS(same ==
               (text_is_clean((const char *)bytes, byte_count) && byte_count <= CODE_TEXT_MAX));
    return 0;
}
