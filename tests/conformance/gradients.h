/* Shared by the conformance tests of gradients: a network compiled for training into the test, once in float and once
 * in double, its memory, and numbers of a file in its precision. */
#ifndef RNNC_TESTS_CONFORMANCE_GRADIENTS_H
#define RNNC_TESTS_CONFORMANCE_GRADIENTS_H

#include "rnn/model.h"
#include "support.h"

enum { MOST_INPUTS = 4 };

struct trained {
    const rnn_model *model;
    int frames, streams;
    void *parameters, *gradient, *state, *work;
    void *inputs[MOST_INPUTS], *input_gradients[MOST_INPUTS]; /* filled by the test; freed by trained_close */
    void *targets[1];
    double loss;
};

/* Opens the network with weights from the file; other tensors of the file are ignored. */
void trained_open(struct trained *trained, const rnn_model *model, int frames, int streams, const char *weights);
void trained_close(struct trained *trained);

/* Computes loss and gradients of all frames from a fresh state. */
void trained_run(struct trained *trained, const int *lengths);

/* Computes, of a network with rnn_vjp and one output, gradients from the output's adjoint; no loss. */
void trained_run_vjp(struct trained *trained, const int *lengths, const void *adjoint);

/* Returns memory with `count` numbers of the model's precision, from doubles or (NULL) zeros. */
void *numbers_new(const rnn_model *model, const double *values, size_t count);
double number_get(const rnn_model *model, const void *numbers, size_t i);
void number_set(const rnn_model *model, void *numbers, size_t i, double x);

/* Returns |factor * numbers - expected| / |expected|, where expected is a tensor of the file. */
double norm_error(const rnn_model *model, const void *numbers, double factor, const rnn_file *file, const char *name);

#endif
