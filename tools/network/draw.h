/* Random data for the calls of a network. */
#ifndef RNN_TOOLS_DRAW_H
#define RNN_TOOLS_DRAW_H

#include "base/random.h"
#include "rnn/model.h"

struct arena;

/* A tensor of a call: reals within -1 and 1, or ids, now and then -1. */
void *tensor_draw(struct arena *arena, const rnn_model *model, const rnn_tensor *tensor, int frames, int streams,
                  struct random *random);

/* Targets as rnn_training.grad takes them; labels fit into the lengths. */
void **targets_draw(struct arena *arena, const rnn_model *model, int frames, int streams, const int *lengths,
                    struct random *random);

#endif
