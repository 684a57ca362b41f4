/* The outputs that predict targets. */
#ifndef RNNC_LOWER_PREDICTIONS_H
#define RNNC_LOWER_PREDICTIONS_H

struct arena;
struct program;
struct value;

/* The place of the output whose largest unit predicts a target of ids or labels: the output that cross_entropy or ctc
 * compares with the target, or the softmax of it. -1 if there is none. */
int find_prediction(const struct program *program, const struct value *target, struct arena *scratch);

#endif
