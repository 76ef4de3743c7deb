#include "core/retry.h"

#include "base/check.h"

uint64_t retry_wait_ns(const struct retry *retry, uint32_t tries, struct prng *prng)
{
    CHECK(tries >= 1);
    CHECK(retry->base_ns > 0 && retry->cap_ns >= retry->base_ns);
    uint64_t wait_ns = retry->base_ns;
    for (uint32_t i = 1; i < tries && wait_ns < retry->cap_ns; i++)
        wait_ns *= 2;
    if (wait_ns > retry->cap_ns)
        wait_ns = retry->cap_ns;
    return wait_ns - prng_below(prng, wait_ns / 2 + 1);
}
