/* --weights: packed weights as numbers, in the order in which C without vectors reads them (rnn/panel.h, rnn/stored.h,
 * with RNN_PLAIN_C). */
#ifndef RNNC_PACK_H
#define RNNC_PACK_H

struct arena;
struct emit_constants;
struct schedule;

/* Returns the members of NAME_packed. weights: all parameters, one after the other. */
const struct emit_constants *pack_weights(struct arena *arena, const struct schedule *schedule, const double *weights);

#endif
