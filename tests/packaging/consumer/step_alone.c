/* Takes the steps of step.c without rnnc's runtime: the weights are constants, and the state has its place. */
#include <stdio.h>

#include "elman.h"

static int64_t memory[alone_STATE_BYTES(1) / 8];

int main(void)
{
    alone_state *state = (alone_state *)memory;
    if (alone_state_size(1) != sizeof memory || alone_state_init(state, 1) != RNN_OK)
        return 1;
    for (int t = 0; t < 2; t++) {
        rnn_real x[8] = {1, -1}, h[8];
        if (alone_step(&alone_weights, state, x, h) != RNN_OK)
            return 1;
        for (int i = 0; i < 8; i++)
            printf(i < 7 ? "%.6f," : "%.6f\n", h[i]);
    }
    return 0;
}
