/* Inside the check of gradients: what is being checked, and the ways to call that the contract says are the same. */
#ifndef RNN_TOOLS_GRADIENT_WAYS_H
#define RNN_TOOLS_GRADIENT_WAYS_H

#include "backward.h"
#include "gradients.h"
#include "objective.h"

struct gradients {
    const struct gradient_request *request;
    struct gradient_report *report;
    struct arena *arena;
    const rnn_model *model;
    int frames, streams;
    int *lengths; /* [streams], from all frames down to none */
    void **targets;
    struct random random;
    struct objective objective;
    struct objective_size size; /* of the loss */
    struct backward backward;
    struct backward_result whole; /* all frames of streams that differ in length, from a fresh state */
};

void gradients_note(struct gradients *gradients, const char *what, double error, double tolerance);

/* How far a loss may be from the oracle's where the terms are so large. */
double gradients_loss_tolerance(const struct gradients *gradients, struct objective_size size);

/* Compares the gradients of a call with differences of `loss` along the direction in which the objective's variables
 * move. The worst of several directions is to be kept in one verdict. */
struct gradients_slope {
    double (*loss)(void *context, double step);
    void *context;
    const struct backward_result *claimed;
    long input_offset; /* in frames: where the call's inputs begin in the data */
    int frames;        /* of the call */
};
void gradients_compare_slope(struct gradients *gradients, const struct gradients_slope *slope,
                             struct gradient_verdict *verdict);
void gradients_draw_directions(struct gradients *gradients);

/* Streams together against each alone. */
bool gradients_check_alone(struct gradients *gradients, const char **error);
/* Truncated backpropagation; only for networks that need not see whole sequences. */
bool gradients_check_windows(struct gradients *gradients, const char **error);

#endif
