/*
 * The bytes of one connection, to the mock bank: a request is whole at its last byte and not
 * before, and what follows it does not change it.
 */
#include "mock/request.h"
#include "fuzz.h"

static void check_spans(const struct request *request, const char *bytes, size_t byte_count)
{
    const struct span *spans[] = {&request->path, &request->body, &request->authorization};
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        if (spans[i]->count == 0)
            continue;
        FUZZ_HOLDS(spans[i]->bytes >= bytes);
        FUZZ_HOLDS(spans[i]->bytes + spans[i]->count <= bytes + byte_count);
    }
}

static void check_alone(const struct request *request, const char *bytes, size_t byte_count)
{
    struct request alone;
    FUZZ_HOLDS(request_read(&alone, bytes, byte_count) == byte_count);
    FUZZ_HOLDS(alone.call == request->call && alone.close_after == request->close_after);
    FUZZ_HOLDS(strcmp(alone.account, request->account) == 0);
    FUZZ_HOLDS(strcmp(alone.key, request->key) == 0);
    FUZZ_HOLDS(alone.body.count == request->body.count);
    struct prng prng = fuzz_prng((const uint8_t *)bytes, byte_count);
    for (int i = 0; i < 4; i++) {
        size_t fewer = (size_t)prng_below(&prng, byte_count);
        FUZZ_HOLDS(request_read(&alone, bytes, fewer) == 0);
    }
    FUZZ_HOLDS(request_read(&alone, bytes, byte_count - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    const char *at = (const char *)bytes;
    struct request request;
    size_t used = request_read(&request, at, byte_count);
    FUZZ_HOLDS(used <= byte_count);
    if (used == 0)
        return 0;
    check_spans(&request, at, byte_count);
    if (request.call == REQUEST_BAD) {
        FUZZ_HOLDS(request.wrong != NULL && request.wrong[0] != 0);
        return 0;
    }
    check_alone(&request, at, used);
    return 0;
}
