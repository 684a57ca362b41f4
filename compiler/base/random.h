/* Random data for checks: the same for a seed on every machine. The generator is splitmix64, Steele, Lea, Flood, "Fast
 * splittable pseudorandom number generators", OOPSLA 2014. */
#ifndef RNNC_BASE_RANDOM_H
#define RNNC_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline struct random random_start(uint64_t seed) { return (struct random){seed}; }

static inline uint64_t random_bits(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* The start of the index-th of many independent sequences. */
static inline uint64_t random_key(uint64_t seed, uint64_t index)
{
    struct random random = random_start(seed);
    random = random_start(random_bits(&random) ^ index);
    return random_bits(&random);
}

/* Uniform in [-limit, limit). */
static inline double random_real(struct random *random, double limit)
{
    return limit * ((double)(random_bits(random) >> 11) / 4503599627370496.0 - 1);
}

/* An id of 0 .. vocabulary-1, or now and then -1. */
static inline double random_id(struct random *random, int vocabulary)
{
    uint64_t bits = random_bits(random);
    return bits % 8 == 0 ? -1 : (double)((bits >> 8) % (uint64_t)vocabulary);
}

#endif
