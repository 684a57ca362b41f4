/* The tables of optimisers: names, numbers, and the arrays of their states. */
#include "rnn/optimizer.h"

#include <string.h>

#include "optimizer_numbers.h"

#define ONE(kind) (1u << RNN_OPTIMIZER_##kind)

static const char *const array_names[RNN_OPTIMIZERS][RNN_OPTIMIZER_ARRAYS] = {
    [RNN_OPTIMIZER_SGD] = {"step", "m"},          [RNN_OPTIMIZER_NESTEROV] = {"step", "m"},
    [RNN_OPTIMIZER_RMSPROP] = {"step", "v", "m"}, [RNN_OPTIMIZER_ADADELTA] = {"step", "v", "d"},
    [RNN_OPTIMIZER_ADAM] = {"step", "m", "v"},    [RNN_OPTIMIZER_ADAMW] = {"step", "m", "v"},
};

const rnn_optimizer rnn_optimizers[RNN_OPTIMIZERS] = {
    {"sgd", "gradient descent, with momentum if asked for", {.kind = RNN_OPTIMIZER_SGD, .rate = 0.1}},
    {"nesterov",
     "gradient descent with Nesterov's momentum",
     {.kind = RNN_OPTIMIZER_NESTEROV, .rate = 0.1, .momentum = 0.9}},
    {"rmsprop",
     "divides by the root of the mean of recent squares",
     {.kind = RNN_OPTIMIZER_RMSPROP, .rate = 1e-3, .decay = 0.9, .epsilon = 1e-8}},
    {"adadelta",
     "rmsprop that finds its rate by itself",
     {.kind = RNN_OPTIMIZER_ADADELTA, .rate = 1, .decay = 0.95, .epsilon = 1e-6}},
    {"adam",
     "mean over root of mean square, both of recent gradients",
     {.kind = RNN_OPTIMIZER_ADAM, .rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}},
    {"adamw",
     "adam with a weight decay that is not divided",
     {.kind = RNN_OPTIMIZER_ADAMW, .rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01}},
};

static const struct number numbers[] = {
    {"rate", offsetof(rnn_optimizer_options, rate), ~0u, RANGE_FROM_0},
    {"momentum", offsetof(rnn_optimizer_options, momentum), ONE(SGD) | ONE(NESTEROV) | ONE(RMSPROP), RANGE_DECAY},
    {"decay", offsetof(rnn_optimizer_options, decay), ONE(RMSPROP) | ONE(ADADELTA), RANGE_DECAY},
    {"beta1", offsetof(rnn_optimizer_options, beta1), ONE(ADAM) | ONE(ADAMW), RANGE_DECAY},
    {"beta2", offsetof(rnn_optimizer_options, beta2), ONE(ADAM) | ONE(ADAMW), RANGE_DECAY},
    {"epsilon", offsetof(rnn_optimizer_options, epsilon), ~(ONE(SGD) | ONE(NESTEROV)), RANGE_ABOVE_0},
    {"weight_decay", offsetof(rnn_optimizer_options, weight_decay), ~0u, RANGE_FROM_0},
};

static struct numbers numbers_of(rnn_optimizer_kind kind)
{
    return (struct numbers){numbers, (int)(sizeof numbers / sizeof numbers[0]), (int)kind, rnn_optimizers[kind].name};
}

const rnn_optimizer *rnn_optimizer_find(const char *name)
{
    for (int i = 0; i < RNN_OPTIMIZERS; i++)
        if (strcmp(rnn_optimizers[i].name, name) == 0)
            return &rnn_optimizers[i];
    return NULL;
}

rnn_status rnn_optimizer_set(rnn_optimizer_options *options, const char *name, double value, rnn_error *error)
{
    struct numbers own = numbers_of(options->kind);
    return rnn_numbers_set(&own, options, name, value, error);
}

rnn_status rnn_optimizer_check(const rnn_optimizer_options *options, rnn_error *error)
{
    struct numbers own = numbers_of(options->kind);
    return rnn_numbers_check(&own, options, error);
}

/* ---- state: the step, and from the next multiple of the alignment on one array after the other ---- */

static size_t count_arrays(rnn_optimizer_kind kind)
{
    size_t count = 0;
    while (count < RNN_OPTIMIZER_ARRAYS && array_names[kind][count])
        count++;
    return count;
}

/* Returns the bytes of an array of all elements, padded up to the next array; 0: more than size_t holds. */
static size_t array_room(size_t elements, int real_size)
{
    const size_t alignment = RNN_OPTIMIZER_ALIGNMENT, most = SIZE_MAX / RNN_OPTIMIZER_ARRAYS - alignment;
    return elements > most / (size_t)real_size ? 0
                                               : (elements * (size_t)real_size + alignment - 1) / alignment * alignment;
}

size_t rnn_optimizer_state_size(rnn_optimizer_kind kind, size_t elements, int real_size)
{
    size_t room = array_room(elements, real_size);
    return room || !elements ? RNN_OPTIMIZER_ALIGNMENT + (count_arrays(kind) - 1) * room : 0;
}

int rnn_optimizer_arrays(rnn_optimizer_kind kind, size_t elements, int real_size,
                         rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS])
{
    if (!rnn_optimizer_state_size(kind, elements, real_size))
        return 0;
    size_t count = count_arrays(kind), room = array_room(elements, real_size);
    arrays[0] = (rnn_optimizer_array){array_names[kind][0], RNN_DTYPE_I64, 0, 1};
    for (size_t i = 1; i < count; i++)
        arrays[i] = (rnn_optimizer_array){array_names[kind][i],
                                          real_size == (int)sizeof(double) ? RNN_DTYPE_F64 : RNN_DTYPE_F32,
                                          RNN_OPTIMIZER_ALIGNMENT + (i - 1) * room, elements};
    return (int)count;
}
