/* Inside the check of gradients: the network being checked, and measures of its errors. */
#ifndef RNN_TOOLS_GRADIENT_MEASURES_H
#define RNN_TOOLS_GRADIENT_MEASURES_H

#include "check/backward.h"
#include "check/differences.h"
#include "check/gradients.h"
#include "check/objective.h"

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

void gradients_push(struct gradients *gradients, struct gradient_verdict verdict);
void gradients_note(struct gradients *gradients, const char *what, double error, double tolerance);

/* The tolerance of a comparison in the network's arithmetic. `error` is the actual error: as long as it is larger, more
 * samples of rounding are taken (rounding.h). */
struct gradients_compared {
    enum { COMPARED_LOSS, COMPARED_SLOPE } what; /* the slope along the direction of the objective */
    const struct objective *objective;
    struct objective_range range;
    double scale; /* of a gradient; of a loss, beside its terms */
};
double gradients_tolerance(const struct gradients *gradients, const struct gradients_compared *compared, double error);

/* The scale of a gradient's error: its norm, or a size small beside the loss, below which neither differences nor
 * numbers that cancel show anything. */
double gradients_scale(const struct gradients *gradients, double norm);

/* A comparison of a call's gradients with differences of `loss`, along the direction in which the objective's variables
 * move. */
struct gradients_slope {
    double (*loss)(void *context, double step);
    void *context;
    const struct backward_result *claimed;
    long input_offset; /* in frames: where the call's inputs begin in the data */
    int frames;        /* of the call */
};
struct gradients_distance {
    double error;
    double scale;
    struct difference difference;
};
struct gradients_distance gradients_measure_slope(const struct gradients *gradients,
                                                  const struct gradients_slope *slope);

/* Makes the verdict that of a distance if it is worse than what the verdict has, relative to the tolerance. */
void gradients_keep_worst(struct gradient_verdict *verdict, const struct gradients_distance *distance,
                          double tolerance);

/* Tolerance of a gradient in double against differences, relative to its norm. */
#define GRADIENT_TOLERANCE 1e-6

#endif
