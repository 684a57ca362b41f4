/* Random programs: text in the language of rnnc, which every correct rnnc compiles.
 *
 * The same seed gives the same text on every machine. The programs are well-conditioned, so that a compiled network can
 * be compared with the oracle: values that are fed back are squashed, and operands of comparisons are exact. */
#ifndef PROPERTY_GENERATE_H
#define PROPERTY_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

struct generate_options {
    uint64_t seed;
    bool future; /* also operations on the whole sequence: [t+k], reverse, last(v), inputs given once, ... */
    bool train;  /* a model with targets and losses */
};

const char *generate_program(struct arena *arena, const struct generate_options *options);

#endif
