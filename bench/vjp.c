/* Microseconds a frame of all streams of the forward and of the backward pass of a network's derivatives, net.h:
 * medians over ROUNDS calls of FRAMES frames of STREAMS streams each (arguments). Inputs and adjoints are numbers
 * between -1 and 1; gradients of inputs are not wanted. */
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "net.h"
#include "timing.h"

enum { STREAMS_MOST = 4096, FRAMES_MOST = 100000, ROUNDS_MOST = 10000 };

static void *memory_of(size_t size)
{
    void *memory = rnn_alloc(size, net_alignment());
    if (!memory) {
        fprintf(stderr, "vjp: there is no memory of %zu bytes\n", size);
        exit(1);
    }
    return memory;
}

static rnn_real *draw(size_t count)
{
    rnn_real *numbers = memory_of(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (rnn_real)(rand() / (RAND_MAX / 2.0) - 1);
    return numbers;
}

static double now(void) { return seconds_of(CLOCK_MONOTONIC); }

static int time_passes(int streams, int frames, int rounds)
{
    static double forward[ROUNDS_MOST], backward[ROUNDS_MOST];
    const size_t columns = (size_t)frames * (size_t)streams;
    const size_t units = (size_t)net_model.outputs[0].shape[0];
    net_params *const params = memory_of(sizeof *params), *const gradient = memory_of(sizeof *gradient);
    net_vjp_state *const state = memory_of(net_vjp_state_size(streams));
    net_vjp_work *const work = memory_of(net_vjp_work_size(frames, streams));
    const rnn_real *const x = draw(columns * (size_t)net_model.inputs[0].shape[0]), *const d_h = draw(columns * units);
    rnn_real *const h = draw(columns * units);
    const rnn_window window = {.frames = frames, .drops = 1};
    rnn_status status = net_init(params, 1);
    for (int i = -1; i < rounds && status == RNN_OK; i++) { /* the first touches memory, and does not count */
        status = net_vjp_state_init(state, streams);
        const double begun = now();
        if (status == RNN_OK)
            status = net_vjp_forward(params, state, work, &window, x, h);
        const double between = now();
        if (status == RNN_OK)
            status = net_vjp_backward(params, work, x, d_h, gradient, NULL);
        forward[i < 0 ? 0 : i] = between - begun;
        backward[i < 0 ? 0 : i] = now() - between;
    }
    if (status != RNN_OK) {
        fprintf(stderr, "vjp: %s\n", rnn_status_text(status));
        return 1;
    }
    printf("%.1f %.1f\n", 1e6 * median(forward, rounds) / frames, 1e6 * median(backward, rounds) / frames);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4)
        return time_passes(number_of(argv[1], STREAMS_MOST), number_of(argv[2], FRAMES_MOST),
                           number_of(argv[3], ROUNDS_MOST));
    fprintf(stderr, "usage: vjp STREAMS FRAMES ROUNDS\n");
    return 2;
}
