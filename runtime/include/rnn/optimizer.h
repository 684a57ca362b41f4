/* Optimisers, which update parameters by their gradients, and schedules of their rates.
 *
 * An optimiser works on the flat array of all parameters of a network, `elements` numbers of real_size bytes (float or
 * double, rnn_model.real_size), and the gradient in the same layout. Every element is computed by itself in an order
 * that is written down, so that the result is the same bit for bit wherever it is computed. NaN in a gradient becomes
 * NaN in the parameter: nothing is hidden. A training loop:
 *
 *     rnn_optimizer_options options = rnn_optimizer_find("adam")->defaults;
 *     rnn_schedule_options schedule = rnn_schedule_find("cosine")->defaults;
 *     rnn_schedule_state rates = rnn_schedule_start();
 *     void *state = rnn_alloc(rnn_optimizer_state_size(options.kind, elements, real_size), RNN_OPTIMIZER_ALIGNMENT);
 *     for (uint64_t step = 0; ...; step++) {
 *         ... gradient ...
 *         rnn_gradient_clip_norm(gradient, elements, real_size, 1.0);
 *         double rate = rnn_schedule_rate(&schedule, &rates, options.rate, step);
 *         rnn_optimizer_step_model(&options, rate, state, parameters, gradient, model);
 *     } */
#ifndef RNN_OPTIMIZER_H
#define RNN_OPTIMIZER_H

#include "rnn/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- optimisers ----
 *
 * x is a parameter, g its gradient, k = 1, 2, ... the step, a the rate, l the weight decay. State starts at 0. In all
 * but adamw, g stands for g + l x (L2: the gradient of l/2 x^2 is added).
 *
 *   sgd       m = momentum m + g,  x = x - a m                       Polyak 1964; with the rate outside of m, so that a
 *   nesterov  m = momentum m + g,  x = x - a (g + momentum m)        change of it holds at once. Nesterov 1983, in the
 *                                                                    form of Sutskever et al. 2013 (section 2, looking
 *                                                                    ahead), written for the parameters looked from
 *   rmsprop   v = decay v + (1 - decay) g^2,                         Tieleman and Hinton 2012, lecture 6.5; with
 *             m = momentum m + g / (sqrt(v) + epsilon),  x = x - a m momentum as in Graves 2013, but not centred
 *   adadelta  v = decay v + (1 - decay) g^2,                         Zeiler 2012, algorithm 1 (there a = 1)
 *             u = sqrt(d + epsilon) / sqrt(v + epsilon) g,
 *             d = decay d + (1 - decay) u^2,  x = x - a u
 *   adam      m = beta1 m + (1 - beta1) g,                           Kingma and Ba 2015, algorithm 1, with its
 *             v = beta2 v + (1 - beta2) g^2,                         correction for the start at 0
 *             u = m / (1 - beta1^k) / (sqrt(v / (1 - beta2^k)) + epsilon),
 *             x = x - a u
 *   adamw     u as in adam,  x = x - a (u + l x)                     Loshchilov and Hutter 2019, algorithm 2; the
 *                                                                    decay of the paper is a l here
 */
typedef enum {
    RNN_OPTIMIZER_SGD,
    RNN_OPTIMIZER_NESTEROV,
    RNN_OPTIMIZER_RMSPROP,
    RNN_OPTIMIZER_ADADELTA,
    RNN_OPTIMIZER_ADAM,
    RNN_OPTIMIZER_ADAMW,
    RNN_OPTIMIZERS /* their number */
} rnn_optimizer_kind;

typedef struct {
    rnn_optimizer_kind kind;
    double rate;         /* all: the rate that schedules start from; 0 or more */
    double momentum;     /* sgd, nesterov, rmsprop: 0 <= momentum < 1 */
    double decay;        /* rmsprop, adadelta: of the mean of squares, 0 <= decay < 1 */
    double beta1, beta2; /* adam, adamw: 0 <= beta < 1 */
    double epsilon;      /* all but sgd and nesterov: above 0 */
    double weight_decay; /* all: 0 or more */
} rnn_optimizer_options;

/* One of each kind, in the order of the kinds. */
typedef struct {
    const char *name; /* "adam" */
    const char *text; /* one line of help */
    rnn_optimizer_options defaults;
} rnn_optimizer;
extern const rnn_optimizer rnn_optimizers[RNN_OPTIMIZERS];

/* Finds an optimiser by its name; NULL: there is none. */
const rnn_optimizer *rnn_optimizer_find(const char *name);

/* Sets the number called `name` ("beta1"). RNN_ERROR_ARGUMENT: this optimiser has no such number (the sentence lists
 * those it has), or the value is out of its range; nothing is set. */
rnn_status rnn_optimizer_set(rnn_optimizer_options *options, const char *name, double value, rnn_error *error);

/* Checks options: RNN_ERROR_ARGUMENT, with a sentence, if a number that the kind uses is out of its range. */
rnn_status rnn_optimizer_check(const rnn_optimizer_options *options, rnn_error *error);

/* The state is memory of the caller: aligned to 8 bytes, better to RNN_OPTIMIZER_ALIGNMENT; zeroed, as rnn_alloc gives
 * it, it is the state before the first step. A size of 0: too many elements for size_t. */
enum { RNN_OPTIMIZER_ALIGNMENT = 64 };
size_t rnn_optimizer_state_size(rnn_optimizer_kind kind, size_t elements, int real_size);

/* An array of a state, for checkpoints: all arrays, bit for bit, are the whole state. */
typedef struct {
    const char *name; /* "step" (the k above, I64, one element), "m", "v", "d" (F32 or F64, `elements`) */
    rnn_dtype dtype;
    size_t offset; /* within the state, in bytes */
    size_t elements;
} rnn_optimizer_array;
enum { RNN_OPTIMIZER_ARRAYS = 3 };

/* Writes the arrays of the state and returns their number; 0 where rnn_optimizer_state_size gives 0. */
int rnn_optimizer_arrays(rnn_optimizer_kind kind, size_t elements, int real_size,
                         rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS]);

/* Does one step, at the rate `rate` (options->rate is ignored), with options that rnn_optimizer_check accepts.
 * Subnormal numbers count as 0: moments of parameters that get no gradient would otherwise slow every step down. */
void rnn_optimizer_step(const rnn_optimizer_options *options, double rate, void *state, void *parameters,
                        const void *gradient, size_t elements, int real_size);

/* Does the same for the parameters of a model (elements = model->parameter_elements), but for those that are fixed:
 * they, and their part of the state, stay as they are, whatever the weight decay. */
void rnn_optimizer_step_model(const rnn_optimizer_options *options, double rate, void *state, void *parameters,
                              const void *gradient, const rnn_model *model);

/* ---- clipping ---- */

/* Returns the Euclidean norm of the gradient, and scales it to the norm `limit` if its own is greater (Pascanu,
 * Mikolov, Bengio 2013, algorithm 1). limit = INFINITY: only returns the norm. If the norm is NaN or infinite, nothing
 * is scaled: better skip the step. */
double rnn_gradient_clip_norm(void *gradient, size_t elements, int real_size, double limit);

/* Clips every element to [-limit, limit]; NaN stays. */
void rnn_gradient_clip_value(void *gradient, size_t elements, int real_size, double limit);

/* ---- schedules ----
 *
 * a is the optimiser's rate, s = 0, 1, ... the step. All rise in a line first: a (s + 1) / warm_up while s < warm_up.
 * From there on, with t = s - warm_up:
 *
 *   constant  a
 *   step      max(a factor^floor(t / period), least)
 *   cosine    least + (a - least) (1 + cos(pi t / period)) / 2 while t < period, then `least`: Loshchilov and Hutter
 *             2017, eq. 5. With growth >= 1 it restarts from a instead, each time with a period `growth` times as long.
 *   plateau   max(a scale, least), where scale = 1 is multiplied by `factor` after more than `patience` validation
 *             losses in a row that are not better than the best by `threshold` of its size
 *
 * A rate below `least` to begin with is left as it is. The numbers must be within their ranges.
 */
typedef enum {
    RNN_SCHEDULE_CONSTANT,
    RNN_SCHEDULE_STEP,
    RNN_SCHEDULE_COSINE,
    RNN_SCHEDULE_PLATEAU,
    RNN_SCHEDULES /* their number */
} rnn_schedule_kind;

typedef struct {
    rnn_schedule_kind kind;
    double warm_up;   /* all: steps, a whole number */
    double period;    /* step, cosine: steps, a whole number of 1 or more */
    double growth;    /* cosine: a whole number; 0: no restarts */
    double factor;    /* step, plateau: 0 < factor <= 1 */
    double patience;  /* plateau: losses, a whole number */
    double threshold; /* plateau: 0 <= threshold < 1 */
    double least;     /* all but constant: a rate; 0 or more */
} rnn_schedule_options;

typedef struct {
    const char *name; /* "cosine" */
    const char *text;
    rnn_schedule_options defaults;
} rnn_schedule;
extern const rnn_schedule rnn_schedules[RNN_SCHEDULES];

/* Find, set and check, as for optimisers. */
const rnn_schedule *rnn_schedule_find(const char *name);
rnn_status rnn_schedule_set(rnn_schedule_options *options, const char *name, double value, rnn_error *error);
rnn_status rnn_schedule_check(const rnn_schedule_options *options, rnn_error *error);

/* The state of plateau; part of a checkpoint. */
typedef struct {
    double scale;
    double best;    /* validation loss; infinite before the first */
    int64_t waited; /* losses since the best */
} rnn_schedule_state;

rnn_schedule_state rnn_schedule_start(void);

/* Reports a validation loss, which only plateau uses; NaN is no improvement. Returns 1 if the rate has been reduced. */
int rnn_schedule_observe(const rnn_schedule_options *options, rnn_schedule_state *state, double loss);

/* Returns the rate of step s, of an optimiser with the rate a. */
double rnn_schedule_rate(const rnn_schedule_options *options, const rnn_schedule_state *state, double rate,
                         uint64_t step);

#ifdef __cplusplus
}
#endif

#endif
