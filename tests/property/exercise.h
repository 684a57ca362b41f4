/* Runs a compiled network in every way that the language says is the same, and in calls of random kinds and lengths,
 * and compares each number with the oracle's. */
#ifndef PROPERTY_EXERCISE_H
#define PROPERTY_EXERCISE_H

#include <stdbool.h>
#include <stdint.h>

#include "rnn/model.h"

struct arena;
struct program;

/* Returns NULL if all agrees, else the disagreement. variant: the number of the one that is to run, which the program
 * describes; below 0: the network has none. The seed decides about the data and the calls. */
const char *exercise_network(struct arena *arena, const rnn_model *model, const struct program *program, int variant,
                             uint64_t seed);

/* The same for the loss and its gradients, see tools/gradients.h. */
const char *exercise_gradients(struct arena *arena, const rnn_model *model, const struct program *program,
                               uint64_t seed);

#endif
