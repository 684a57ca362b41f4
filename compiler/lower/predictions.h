/* Facts that losses give of targets: the outputs that predict them, and whether they are probabilities. */
#ifndef RNNC_LOWER_PREDICTIONS_H
#define RNNC_LOWER_PREDICTIONS_H

#include <stdbool.h>

struct arena;
struct program;
struct value;

/* The place of the output whose largest unit predicts a target of ids or labels: the output that cross_entropy or ctc
 * compares with the target, or the softmax of it. -1 if there is none. */
int find_prediction(const struct program *program, const struct value *target, struct arena *scratch);

/* True if a loss takes the units of the target, as they are, for probabilities: a `loss` statement, or a part of one
 * that counts in all frames, by itself or times a number. */
bool find_probabilities(const struct program *program, const struct value *target, struct arena *scratch);

#endif
