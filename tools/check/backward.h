/* Calls of rnn_training.grad, or rnn_vjp.vjp of a model without training: their memory, which is watched, and their
 * results. */
#ifndef RNN_TOOLS_BACKWARD_H
#define RNN_TOOLS_BACKWARD_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn/model.h"

struct arena;

struct backward {
    struct arena *arena;
    const rnn_model *model;
    int frames, streams; /* the largest call */
    void *state, *work;
    size_t state_size, work_size;
};

/* Allocates memory for calls of up to so many frames. It begins as garbage, and garbage is put into the work before
 * each call. */
bool backward_open(struct backward *backward, struct arena *arena, const rnn_model *model, int frames, int streams,
                   const char **error);
void backward_close(struct backward *backward);

/* Makes a fresh state: state_init, then reset if `by_reset`. */
void backward_begin(struct backward *backward, bool by_reset);

/* The result of a call. Arrays like the parameters and like the inputs; filled with NaN before the call. */
struct backward_result {
    double loss; /* of a vjp the sum of outputs times adjoints */
    void *gradient;
    void **input_gradients; /* [inputs], NULL for ids */
};
enum backward_wanted { WANT_LOSS, WANT_GRADIENT, WANT_ALL };

/* The arrays that the calls are given beside inputs: targets, or adjoints of outputs. */
const rnn_tensor *backward_targets(const rnn_model *model);
int backward_target_count(const rnn_model *model);

/* Calls with the data from frame `first` on. The result's arrays are new ones. False, with a sentence, if the call
 * fails or has written behind its memory; or if the two calls that a vjp consists of do not give what it gives, or the
 * second of them not the same when it is called again. */
bool backward_call(struct backward *backward, const rnn_window *window, int first, const void *parameters,
                   void *const inputs[], void *const targets[], enum backward_wanted wanted,
                   struct backward_result *result, const char **error);

#endif
