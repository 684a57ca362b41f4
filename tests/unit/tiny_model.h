/* A network written by hand, with its loss and gradients, for tests of users of networks: no compiler is needed.
 *
 *     h = 0.5 * h[t-1] + embed(E, x)      x: index[TINY_V], E[TINY_V, TINY_V]
 *     logits = h + b
 *     output p = softmax(logits)
 *     loss cross_entropy(logits, y)       y: index[TINY_V] */
#ifndef RNNC_TESTS_TINY_MODEL_H
#define RNNC_TESTS_TINY_MODEL_H

#include "rnn/model.h"

enum { TINY_V = 5 };

extern const rnn_model tiny_model;

/* The same network, but each call is a whole sequence. */
extern const rnn_model tiny_whole_model;

#endif
