/* The loss of a program as a function of its parameters and inputs, computed by the oracle. Gradients are judged by it.
 * For a model with rnn_vjp alone, the loss is the sum of the program's outputs times given adjoints.
 *
 * A point is given as the compiled network takes it (rnn/model.h). Its numbers are kept as doubles in the same layout,
 * so that a gradient of the network and a direction in which to move are arrays of the same form. */
#ifndef RNN_TOOLS_OBJECTIVE_H
#define RNN_TOOLS_OBJECTIVE_H

#include <stdbool.h>

#include "base/random.h"
#include "rnn/model.h"
#include "sema/program.h"

struct arena;

/* A parameter, or an input of numbers. */
struct variable {
    const rnn_tensor *tensor;
    bool is_parameter;
    int place;  /* in the model's list */
    long count; /* of elements */
    double *values;
    double *direction; /* in which the point moves */
    bool moves;        /* else the direction is taken as 0 */
};

struct objective {
    struct arena *arena;
    const rnn_model *model;
    const struct program *program;
    int frames, streams;
    const int *lengths;         /* [streams] */
    struct variable *variables; /* the parameters, then the inputs of numbers */
    int variable_count;

    /* As the oracle takes them: in the order of the program, without an axis of streams. */
    double **parameters, **parameter_slopes;
    double ***inputs, ***input_slopes; /* [streams][inputs] */
    double ***targets;                 /* [streams][targets]; of a vjp [streams][outputs], the adjoints */
    int **label_counts;                /* [streams][targets] */

    bool of_outputs;      /* of a vjp */
    bool stops_gradients; /* the program calls stop_gradient: differences of the network's loss are not its gradient */
    struct progress *progress; /* NULL: nobody waits */
};

/* `lengths` and `arena` are kept, the data is copied. False, with a sentence, if model and program do not have the same
 * parameters, inputs and targets. */
bool objective_open(struct objective *objective, struct arena *arena, const rnn_model *model,
                    const struct program *program, int frames, int streams, const int *lengths, const void *parameters,
                    const void *const *inputs, const void *const *targets, const char **error);

/* Numbers of 0.5 to 1 either way: none too small to be seen, and no two that always cancel each other out. 0 for fixed
 * parameters. */
void objective_draw_direction(struct objective *objective, struct random *random);

/* The loss of frames from .. to-1 of the sequences (of a program that needs the future: from = 0, to = frames), where
 * the point has moved by `step` times its direction. */
struct objective_range {
    int from, to;
};
double objective_loss(const struct objective *objective, struct objective_range range, double step);

/* The size of a loss and of its slope along the direction, at the point (0) or at a neighbour of it (1, 2, ..., see
 * rounding.h), where the direction is another too. */
struct objective_size {
    double magnitude;      /* how large the loss's terms are */
    double rounding;       /* how much of the loss is lost where the oracle rounds to float */
    double slope;          /* the slope from the oracle */
    double slope_rounding; /* how much of it is lost */
};
struct objective_size objective_measure(const struct objective *objective, struct objective_range range, int neighbour);

#endif
