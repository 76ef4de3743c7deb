#include "base/prng.h"

#include "base/check.h"

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t rotate_left(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

void prng_init(struct prng *prng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        prng->state[i] = splitmix64(&seed);
}

struct prng prng_split(uint64_t seed, const char *name)
{
    // FNV-1a over the name keeps the streams of one seed apart.
    uint64_t mixed = UINT64_C(0xcbf29ce484222325);
    for (; *name != 0; name++)
        mixed = (mixed ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    struct prng prng;
    prng_init(&prng, seed ^ mixed);
    return prng;
}

uint64_t prng_next(struct prng *prng)
{
    uint64_t *s = prng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound)
{
    CHECK(bound > 0);
    // Draws from the incomplete last block are thrown away, so that none is favoured.
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    uint64_t draw;
    do
        draw = prng_next(prng);
    while (draw >= limit);
    return draw % bound;
}

uint64_t prng_between(struct prng *prng, uint64_t least, uint64_t most)
{
    CHECK(least <= most && most - least < UINT64_MAX);
    return least + prng_below(prng, most - least + 1);
}

bool prng_chance(struct prng *prng, uint32_t numerator, uint32_t denominator)
{
    CHECK(denominator > 0 && numerator <= denominator);
    return prng_below(prng, denominator) < numerator;
}
