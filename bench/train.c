/* Milliseconds of one training call, from parameters to gradients, of a network that rnnc has compiled with --train
 * --prefix=net: `train STREAMS [FRAMES [SECONDS]]`, one thread. Prints the median of a second's worth. `train weights N
 * M` instead: the gradient of one weight [N, M] as one product over 64 frames, and as 64 products over one, and their
 * ratio. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rnn/model.h"
#include "rnn/train.h"
#include "rnn/weights.h"
#include "timing.h"

extern const rnn_model net_model;

enum { CALLS_MOST = 10000, WEIGHT_FRAMES = 64 };

/* Returns the time of this thread: a call is long enough to be interrupted by others. */
static double now(void) { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

static void *make_input(const rnn_tensor *tensor, size_t columns)
{
    size_t count = columns;
    for (int i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->shape[i];
    rnn_real *reals = rnn_alloc(count * sizeof(rnn_real), 64);
    for (size_t i = 0; i < count; i++) {
        if (tensor->type == RNN_TYPE_ID)
            ((int32_t *)reals)[i] = rand() % tensor->vocabulary;
        else
            reals[i] = (rnn_real)(2.0 * rand() / RAND_MAX - 1);
    }
    return reals;
}

static int time_calls(int streams, int frames, double seconds)
{
    const rnn_model *model = &net_model;
    const rnn_training *training = model->training;
    const size_t columns = (size_t)frames * (size_t)streams;
    void *params = rnn_alloc(model->parameter_elements * sizeof(rnn_real), 64);
    void *gradient = rnn_alloc(model->parameter_elements * sizeof(rnn_real), 64);
    void *state = rnn_alloc(training->state_size(streams), model->alignment);
    void *work = rnn_alloc(training->work_size(frames, streams), model->alignment);
    const void *inputs[16], *targets[16];
    for (int i = 0; i < model->input_count && i < 16; i++)
        inputs[i] = make_input(&model->inputs[i], columns);
    for (int i = 0; i < training->target_count && i < 16; i++)
        targets[i] = make_input(&training->targets[i], columns);
    rnn_parameters_init(model, params, 1);
    training->state_init(state, streams);
    const rnn_window window = {.frames = frames, .advance = frames};
    static double times[CALLS_MOST];
    double loss = 0;
    int count = 0;
    for (double begun = now(), time = begun; (time < begun + seconds || count < 5) && count < CALLS_MOST; count++) {
        if (training->grad(params, state, work, &window, inputs, targets, &loss, gradient, NULL) != RNN_OK)
            return 1;
        const double ended = now();
        times[count] = ended - time;
        time = now();
    }
    printf("%.4f ms a call (loss %g)\n", median(times, count) * 1e3, loss);
    return 0;
}

static int time_weights(int n, int m)
{
    rnn_real *a = rnn_alloc((size_t)WEIGHT_FRAMES * (size_t)RNN_PAD(n) * sizeof *a, 64);
    rnn_real *b = rnn_alloc((size_t)WEIGHT_FRAMES * (size_t)RNN_PAD(m) * sizeof *b, 64);
    rnn_real *to = rnn_alloc((size_t)n * (size_t)m * sizeof *to, 64);
    rnn_real *scratch = rnn_alloc(RNN_OUTER_SCRATCH(n, m) * sizeof *scratch, 64);
    static double times[2][CALLS_MOST];
    int count = 0;
    const int left = WEIGHT_FRAMES;
    for (double begun = now(); now() < begun + 1 && count < CALLS_MOST; count++)
        for (int one = 0; one < 2; one++) { /* in turn */
            const double start = now();
            for (int t = 0; t < WEIGHT_FRAMES; t += one ? 1 : WEIGHT_FRAMES)
                rnn_outer(to, m, 1, a + (ptrdiff_t)t * RNN_PAD(n), RNN_PAD(n), n, b + (ptrdiff_t)t * RNN_PAD(m),
                          RNN_PAD(m), m, one ? 1 : WEIGHT_FRAMES, 1, &left, scratch);
            times[one][count] = now() - start;
        }
    const double all = median(times[0], count), each = median(times[1], count);
    printf("%.4f ms at once, %.4f ms frame by frame, ratio %.2f; %.1f GFLOP/s at once\n", all * 1e3, each * 1e3,
           each / all, 2.0 * WEIGHT_FRAMES * n * m / all / 1e9);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "weights") == 0)
        return time_weights(atoi(argv[2]), atoi(argv[3]));
    return time_calls(argc > 1 ? atoi(argv[1]) : 1, argc > 2 ? atoi(argv[2]) : 64, argc > 3 ? atof(argv[3]) : 1);
}
