/* Takes two steps with the weights that the network holds, and prints the outputs. */
#include <stdio.h>

#include "elman.h"

int main(void)
{
    embedded_packed *packed = rnn_alloc(embedded_packed_size(), embedded_alignment());
    embedded_state *state = rnn_alloc(embedded_state_size(1), embedded_alignment());
    if (!packed || !state || embedded_pack(&embedded_weights, packed) != RNN_OK)
        return 1;
    embedded_state_init(state, 1);
    for (int t = 0; t < 2; t++) {
        rnn_real x[8] = {1, -1}, h[8];
        if (embedded_step(packed, state, x, h) != RNN_OK)
            return 1;
        for (int i = 0; i < 8; i++)
            printf(i < 7 ? "%.6f," : "%.6f\n", h[i]);
    }
    rnn_free(packed);
    rnn_free(state);
    return 0;
}
