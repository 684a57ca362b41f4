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

/* The arrays of a step, [elements] each. */
struct arrays {
    int real_size;
    char *parameters;
    const char *gradient;
    char *first, *second; /* of the state; second: NULL where there is none */
};

static void step_range(const struct step *step, const struct arrays *arrays, size_t from, size_t to)
{
    size_t skip = from * (size_t)arrays->real_size;
    char *second = arrays->second ? arrays->second + skip : NULL;
    if (from >= to)
        return;
    if (is_double(arrays->real_size))
        step_double(step, arrays->parameters + skip, arrays->gradient + skip, arrays->first + skip, second, to - from);
    else
        step_float(step, arrays->parameters + skip, arrays->gradient + skip, arrays->first + skip, second, to - from);
}

/* Does a step for all elements but those of the fixed tensors, which come in the order of their offsets. */
static void step_others(const rnn_optimizer_options *options, double rate, void *state, struct arrays arrays,
                        size_t elements, const rnn_tensor *tensors, int tensor_count)
{
    rnn_optimizer_array parts[RNN_OPTIMIZER_ARRAYS];
    int count = rnn_optimizer_arrays(options->kind, elements, arrays.real_size, parts);
    if (count == 0)
        return;
    int64_t *steps = state;
    *steps += 1;
    const struct step step = {options, rate, (uint64_t)*steps};
    arrays.first = (char *)state + parts[1].offset;
    arrays.second = count > 2 ? (char *)state + parts[2].offset : NULL;
    rnn_flush_state flush = rnn_flush_begin();
    size_t from = 0;
    for (int i = 0; i < tensor_count; i++) {
        if (!tensors[i].fixed)
            continue;
        size_t size = 1;
        for (int d = 0; d < tensors[i].rank; d++)
            size *= (size_t)tensors[i].shape[d];
        step_range(&step, &arrays, from, tensors[i].offset);
        from = tensors[i].offset + size;
    }
    step_range(&step, &arrays, from, elements);
    rnn_flush_end(flush);
}

void rnn_optimizer_step(const rnn_optimizer_options *options, double rate, void *state, void *parameters,
                        const void *gradient, size_t elements, int real_size)
{
    struct arrays arrays = {real_size, parameters, gradient, NULL, NULL};
    step_others(options, rate, state, arrays, elements, NULL, 0);
}

void rnn_optimizer_step_model(const rnn_optimizer_options *options, double rate, void *state, void *parameters,
                              const void *gradient, const rnn_model *model)
{
    struct arrays arrays = {model->real_size, parameters, gradient, NULL, NULL};
    step_others(options, rate, state, arrays, model->parameter_elements, model->parameters, model->parameter_count);
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
