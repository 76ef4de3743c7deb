/*
 * prng: seeded pseudo-random numbers (xoshiro256**, Blackman and Vigna 2018; seeded by splitmix64).
 *
 * A plain value; the same seed gives the same numbers everywhere. Not for secrets. Probabilities
 * are integer ratios. prng_split derives an independent stream by name, so that a new draw in one
 * does not reshuffle the others.
 */
#ifndef DAYBOOK_BASE_PRNG_H
#define DAYBOOK_BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t state[4];
};

void prng_init(struct prng *prng, uint64_t seed);
struct prng prng_split(uint64_t seed, const char *name);
uint64_t prng_next(struct prng *prng);
/* Uniform in 0 .. bound-1; bound > 0. */
uint64_t prng_below(struct prng *prng, uint64_t bound);
/* Uniform in least .. most, both included. */
uint64_t prng_between(struct prng *prng, uint64_t least, uint64_t most);
/* True with probability numerator / denominator. */
bool prng_chance(struct prng *prng, uint32_t numerator, uint32_t denominator);

#endif
