/* Measures microseconds a frame of one network: `_run` over 100 frames, for the given number of streams, one thread;
 * with `step` behind the streams, 100 calls of `_step` instead. Prints the shortest of a second's worth, and the rate
 * of its arithmetic. The network is any that rnnc has compiled with --prefix=net. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rnn/model.h"
#include "rnn/weights.h"

extern const rnn_model net_model;

enum { FRAMES = 100 };

/* Returns the time of this thread: a run of many frames is long enough to be interrupted by others. */
static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static size_t tensor_units(const rnn_tensor *tensor)
{
    size_t units = 1;
    for (int i = 0; i < tensor->rank; i++)
        units *= (size_t)tensor->shape[i];
    return units;
}

/* Makes an input with values in [-1, 1], or ids in range. */
static void *make_input(const rnn_tensor *tensor, size_t columns)
{
    size_t count = tensor_units(tensor) * columns;
    rnn_real *reals = rnn_alloc(count * sizeof(rnn_real), 64);
    for (size_t i = 0; i < count; i++) {
        if (tensor->type == RNN_TYPE_ID)
            ((int32_t *)reals)[i] = rand() % tensor->vocabulary;
        else
            reals[i] = (rnn_real)(2.0 * rand() / RAND_MAX - 1);
    }
    return reals;
}

int main(int argc, char **argv)
{
    const int streams = argc > 1 ? atoi(argv[1]) : 1;
    const int steps = argc > 2 && !strcmp(argv[2], "step") ? FRAMES : 0;
    const rnn_model *model = &net_model;
    const size_t columns = (size_t)FRAMES * (size_t)streams;
    void *params = rnn_alloc(model->parameter_elements * sizeof(rnn_real), 64);
    void *packed = rnn_alloc(model->packed_size(), model->alignment);
    void *state = rnn_alloc(model->state_size(streams), model->alignment);
    void *work = rnn_alloc(model->work_size(FRAMES, streams), model->alignment);
    const void *inputs[16];
    void *outputs[16];
    for (int i = 0; i < model->input_count && i < 16; i++)
        inputs[i] = make_input(&model->inputs[i], columns);
    for (int i = 0; i < model->output_count && i < 16; i++)
        outputs[i] = rnn_alloc(tensor_units(&model->outputs[i]) * columns * sizeof(rnn_real), 64);
    rnn_parameters_init(model, params, 1);
    model->pack(params, packed);
    model->state_init(state, streams);

    double best = 1e9, sum = 0;
    for (double begun = now(), time = begun; time < begun + 1;) {
        for (int t = 0; t < steps; t++)
            if (model->step(packed, state, inputs, outputs) != RNN_OK)
                return 1;
        if (!steps && model->run(packed, state, work, FRAMES, NULL, inputs, outputs) != RNN_OK)
            return 1;
        const double ended = now();
        best = ended - time < best ? ended - time : best;
        sum += ((rnn_real *)outputs[0])[(size_t)rand() % columns];
        time = now();
    }
    const double frame = best / FRAMES;
    printf("%.4f us a frame, %.1f GFLOP/s (checksum %g)\n", frame * 1e6, model->flops * streams / frame / 1e9, sum);
}
