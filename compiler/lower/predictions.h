#ifndef RNNC_LOWER_PREDICTIONS_H
#define RNNC_LOWER_PREDICTIONS_H

struct arena;
struct program;
struct value;

/* The place of the output whose largest unit is the answer to a target of ids or labels: what cross_entropy or ctc
 * compares it with, or softmax of that. -1: there is none. */
int find_prediction(const struct program *program, const struct value *target, struct arena *scratch);

#endif
