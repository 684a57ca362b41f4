/* The arithmetic of optimisers, for both sizes of numbers. */
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "optimizer_numbers.h"
#include "rnn/flush.h"
#include "rnn/optimizer.h"

enum { NORM_SUMS = 8 };

struct step {
    const rnn_optimizer_options *options;
    double rate;
    uint64_t count; /* of steps, with this one */
};

#define REAL            float
#define REAL_NAME(name) name##_float
#define REAL_SQRT       sqrtf
#define REAL_MIN        FLT_MIN
#include "optimizer_step.h"
#undef REAL
#undef REAL_NAME
#undef REAL_SQRT
#undef REAL_MIN

#define REAL            double
#define REAL_NAME(name) name##_double
#define REAL_SQRT       sqrt
#define REAL_MIN        DBL_MIN
#include "optimizer_step.h"

static bool is_double(int real_size) { return real_size == (int)sizeof(double); }

void rnn_optimizer_step(const rnn_optimizer_options *options, double rate, void *state, void *parameters,
                        const void *gradient, size_t elements, int real_size)
{
    rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS];
    int count = rnn_optimizer_arrays(options->kind, elements, real_size, arrays);
    if (count == 0)
        return;
    int64_t *steps = state;
    *steps += 1;
    struct step step = {options, rate, (uint64_t)*steps};
    void *first = (char *)state + arrays[1].offset;
    void *second = count > 2 ? (char *)state + arrays[2].offset : NULL;
    rnn_flush_state flush = rnn_flush_begin();
    if (is_double(real_size))
        step_double(&step, parameters, gradient, first, second, elements);
    else
        step_float(&step, parameters, gradient, first, second, elements);
    rnn_flush_end(flush);
}

double rnn_gradient_clip_norm(void *gradient, size_t elements, int real_size, double limit)
{
    return is_double(real_size) ? clip_norm_double(gradient, elements, limit)
                                : clip_norm_float(gradient, elements, limit);
}

void rnn_gradient_clip_value(void *gradient, size_t elements, int real_size, double limit)
{
    if (is_double(real_size))
        clip_value_double(gradient, elements, limit);
    else
        clip_value_float(gradient, elements, (float)limit);
}
