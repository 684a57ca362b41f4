#include "tiny_model.h"

#include <math.h>
#include <string.h>

enum { V = TINY_V, BIAS = V * V, PARAMETERS = V * V + V };

/* The past of `streams` streams: their number, and h of each. */
struct state {
    int streams;
    rnn_real h[][TINY_V];
};

static size_t state_size(int streams) { return sizeof(struct state) + (size_t)streams * sizeof(rnn_real[V]); }

static rnn_status state_init(void *memory, int streams)
{
    struct state *state = memory;
    memset(state, 0, state_size(streams));
    state->streams = streams;
    return RNN_OK;
}

static rnn_status reset(void *memory, const unsigned char *which)
{
    struct state *state = memory;
    for (int b = 0; b < state->streams; b++)
        if (!which || which[b])
            memset(state->h[b], 0, sizeof state->h[b]);
    return RNN_OK;
}

static size_t packed_size(void) { return PARAMETERS * sizeof(rnn_real); }
static size_t work_size(int frames, int streams)
{
    return sizeof(rnn_loss) + (size_t)frames * (size_t)streams * sizeof(rnn_real[V]);
}

/* The work: the loss, and p of each frame. */
static rnn_real (*probabilities(void *work))[V] { return (void *)((rnn_loss *)work + 1); }

static rnn_status pack(const void *parameters, void *packed)
{
    memcpy(packed, parameters, packed_size());
    return RNN_OK;
}

/* Computes h of the next frame, and p. */
static void forward(const rnn_real *parameters, rnn_real h[TINY_V], int32_t id, rnn_real p[TINY_V])
{
    rnn_real largest = -INFINITY, sum = 0;
    for (int i = 0; i < V; i++) {
        h[i] = (rnn_real)0.5 * h[i] + (id >= 0 ? parameters[id * V + i] : 0);
        p[i] = h[i] + parameters[BIAS + i];
        largest = p[i] > largest ? p[i] : largest;
    }
    for (int i = 0; i < V; i++)
        sum += p[i] = (rnn_real)exp((double)(p[i] - largest));
    for (int i = 0; i < V; i++)
        p[i] /= sum;
}

static rnn_status run(const void *packed, void *memory, void *work, int frames, const int *lengths,
                      const void *const inputs[], void *const outputs[])
{
    (void)work;
    struct state *state = memory;
    const int32_t *x = inputs[0];
    for (int b = 0; b < state->streams; b++)
        for (int t = 0; t < frames; t++) {
            rnn_real p[V] = {0};
            if (!lengths || t < lengths[b])
                forward(packed, state->h[b], x[t * state->streams + b], p);
            if (outputs[0])
                memcpy((rnn_real *)outputs[0] + (t * state->streams + b) * V, p, sizeof p);
        }
    return RNN_OK;
}

static rnn_status step(const void *packed, void *state, const void *const inputs[], void *const outputs[])
{
    return run(packed, state, NULL, 1, NULL, inputs, outputs);
}

/* Adds the gradient of the frames of one stream, backwards: p holds the probabilities. */
static void backward(const rnn_window *window, int length, int streams, int b, const int32_t *x, const int32_t *y,
                     rnn_real (*p)[TINY_V], double count, rnn_real *gradient)
{
    rnn_real adjoint[V] = {0};
    for (int t = length - 1; t >= 0; t--) {
        int at = t * streams + b;
        for (int i = 0; i < V; i++) {
            adjoint[i] *= (rnn_real)0.5;
            if (t >= window->loss_from && y[at] >= 0) {
                rnn_real error = (p[at][i] - (y[at] == i)) / (rnn_real)count;
                adjoint[i] += error;
                gradient[BIAS + i] += error;
            }
            if (x[at] >= 0)
                gradient[x[at] * V + i] += adjoint[i];
        }
    }
}

static rnn_status grad(const void *parameters, void *memory, void *work, const rnn_window *window,
                       const void *const inputs[], const void *const targets[], double *loss, void *gradient,
                       void *const input_gradients[])
{
    (void)input_gradients;
    struct state *state = memory;
    const int32_t *x = inputs[0], *y = targets[0];
    rnn_real(*p)[V] = probabilities(work);
    double sum = 0, count = 0;
    for (int b = 0; b < state->streams; b++) {
        rnn_real h[V];
        int length = window->lengths ? window->lengths[b] : window->frames;
        memcpy(h, state->h[b], sizeof h);
        for (int t = 0; t < length; t++) {
            int at = t * state->streams + b;
            forward(parameters, h, x[at], p[at]);
            if (t < window->advance)
                memcpy(state->h[b], h, sizeof h);
            if (t >= window->loss_from && y[at] >= 0) {
                sum -= log((double)p[at][y[at]]);
                count++;
            }
        }
    }
    *(rnn_loss *)work = (rnn_loss){sum, count};
    *loss = sum / count;
    if (!gradient)
        return RNN_OK;
    memset(gradient, 0, packed_size());
    for (int b = 0; b < state->streams; b++)
        backward(window, window->lengths ? window->lengths[b] : window->frames, state->streams, b, x, y, p, count,
                 gradient);
    return RNN_OK;
}

static rnn_status losses(const void *state, void *work, rnn_loss *losses)
{
    (void)state;
    *losses = *(const rnn_loss *)work;
    return RNN_OK;
}

/* Finds a fault in p, the only value that a call keeps. */
static int find_fault(const void *memory, void *work, const rnn_window *window, rnn_fault *fault)
{
    const struct state *state = memory;
    rnn_real(*p)[V] = probabilities(work);
    for (int t = 0; t < window->frames; t++)
        for (int b = 0; b < state->streams; b++)
            for (int i = 0; i < V; i++)
                if ((!window->lengths || t < window->lengths[b]) && !isfinite(p[t * state->streams + b][i])) {
                    *fault = (rnn_fault){"frames", "p", t, b, i};
                    return 1;
                }
    return 0;
}

static const rnn_tensor parameters[] = {
    {.name = "E", .rank = 2, .shape = {V, V}, .start = RNN_START_NORMAL, .start_number = 0.5},
    {.name = "b", .rank = 1, .shape = {V}, .offset = BIAS},
};
static const rnn_tensor inputs[] = {{.name = "x", .type = RNN_TYPE_ID, .time = RNN_TIME_FRAME, .vocabulary = V}};
static const rnn_tensor targets[] = {{.name = "y", .type = RNN_TYPE_ID, .time = RNN_TIME_FRAME, .vocabulary = V}};
static const rnn_tensor outputs[] = {{.name = "p", .time = RNN_TIME_FRAME, .rank = 1, .shape = {V}}};

static const int predictions[] = {0};

static const rnn_training training = {
    .targets = targets,
    .predictions = predictions,
    .target_count = 1,
    .loss_count = 1,
    .state_size = state_size,
    .work_size = work_size,
    .state_init = state_init,
    .reset = reset,
    .losses = losses,
    .find_fault = find_fault,
    .grad = grad,
};

static const rnn_training whole_training = {
    .targets = targets,
    .predictions = predictions,
    .target_count = 1,
    .loss_count = 1,
    .whole_sequences = 1,
    .state_size = state_size,
    .work_size = work_size,
    .state_init = state_init,
    .reset = reset,
    .losses = losses,
    .find_fault = find_fault,
    .grad = grad,
};

#define TINY(...)                                                                                                      \
    {                                                                                                                  \
        .name = "tiny", .real_size = sizeof(rnn_real), .fingerprint = 0x7142, .parameters = parameters,                \
        .inputs = inputs, .outputs = outputs, .parameter_count = 2, .input_count = 1, .output_count = 1,               \
        .parameter_elements = PARAMETERS, .block_frames = 1, .alignment = 64, .packed_size = packed_size,              \
        .state_size = state_size, .work_size = work_size, .pack = pack, .state_init = state_init, .reset = reset,      \
        .step = step, .run = run, __VA_ARGS__                                                                          \
    }

const rnn_model tiny_model = TINY(.training = &training);
const rnn_model tiny_whole_model = TINY(.training = &whole_training);
