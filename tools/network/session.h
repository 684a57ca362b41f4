/* One use of a network: the memory that its calls need, and its weights. */
#ifndef RNN_TOOLS_SESSION_H
#define RNN_TOOLS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "rnn/model.h"

struct arena;

struct session {
    const rnn_model *model;
    int frames, streams; /* the largest call */
    void *parameters, *packed, *state, *work;
};

/* Memory for calls of up to so many frames; the state is that of streams just reset. */
bool session_open(struct session *session, const rnn_model *model, int frames, int streams, const char **error);
void session_close(struct session *session);

/* Loads weights from a file, or from the network's start values. They have to be packed before they count. */
bool session_load(struct arena *arena, struct session *session, const char *path, bool strict, const char **error);
void session_draw(struct session *session, uint64_t seed);
bool session_pack(struct arena *arena, struct session *session, const char **error);

/* Has session_pack pack the variant of that name, of a network that has variants. NULL: the one that has been chosen by
 * the cost model, which is said on standard error, as are the variants that the file of weights is not for (NULL: drawn
 * weights, which are for all); nothing where there are none. */
bool session_choose(struct arena *arena, struct session *session, const char *variant, const char *weights,
                    const char **error);

/* Parameters from a weights file. Other tensors of the file are named on standard error, or refused if `strict`, except
 * those that rnn train keeps in its checkpoints. */
bool parameters_load(struct arena *arena, const rnn_model *model, void *parameters, const char *path, bool strict,
                     bool quiet, const char **error);

/* The first parameter that is not finite, or NULL. */
const rnn_tensor *parameters_find_infinite(const rnn_model *model, const void *parameters);

/* Fills the work with NaN, so that it shows where a call reads what it has not written. */
void session_spoil_work(const struct session *session);

/* A tensor of a call: elements in the layout of rnn/model.h. */
long tensor_units(const rnn_tensor *tensor); /* of one stream at one frame */
long tensor_elements(const rnn_tensor *tensor, int frames, int streams);
void *tensor_new(struct arena *arena, const rnn_model *model, const rnn_tensor *tensor, int frames, int streams);

/* The first element of frame t; of the sequence for a tensor without frames. */
void *tensor_at(const rnn_model *model, const rnn_tensor *tensor, void *data, int t, int streams);

/* Element i of a tensor of the model, in the type that the model was compiled for. */
double tensor_get(const rnn_model *model, const rnn_tensor *tensor, const void *data, long i);
void tensor_set(const rnn_model *model, const rnn_tensor *tensor, void *data, long i, double x);

/* The tensor of that name, or NULL with a sentence that lists those there are; `what` is "input" or "output". */
const rnn_tensor *tensor_find(struct arena *arena, const rnn_tensor *tensors, int count, const char *what,
                              const char *name, const char **error);

#endif
