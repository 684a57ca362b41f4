/* A program with a network for several machines: prints which level runs and what it computes.
 *   host           the level that the network chooses
 *   host LEVEL     that one, whatever the processor: the calls of its descriptor */
#include <stdio.h>
#include <string.h>

#include "net.h"

enum { FRAMES = 5 };

/* Finds a level by its name. */
static const rnn_model *find_level(const char *name)
{
    const rnn_model *const levels[] = {&net_base_model, &net_x86_64_v3_model, &net_x86_64_v4_model};
    for (int i = 0; i < 3; i++)
        if (strcmp(levels[i]->target, name) == 0)
            return levels[i];
    return NULL;
}

/* Runs the network by its descriptor; returns a status. */
static rnn_status run(const rnn_model *model, const net_params *params, const int32_t *x, rnn_real *p)
{
    void *packed = rnn_alloc(model->packed_size(), model->alignment);
    void *state = rnn_alloc(model->state_size(1), model->alignment);
    void *work = rnn_alloc(model->work_size(FRAMES, 1), model->alignment);
    const void *const inputs[] = {x};
    void *const outputs[] = {p};
    rnn_status status = packed && state && work ? model->pack(params, packed) : RNN_ERROR_MEMORY;
    if (!status)
        status = model->state_init(state, 1);
    if (!status)
        status = model->run(packed, state, work, FRAMES, NULL, inputs, outputs);
    rnn_free(packed);
    rnn_free(state);
    rnn_free(work);
    return status;
}

int main(int argc, char **argv)
{
    const int32_t x[FRAMES + 1] = {1, 7, 30, 2, 95, 4};
    static net_params params, gradient;
    static rnn_real p[FRAMES * 96];
    const rnn_model *level = argc > 1 ? find_level(argv[1]) : net_target();
    double loss = 0;
    rnn_window window = {0};
    window.frames = FRAMES;
    rnn_status status = net_init(&params, 5);
    if (!status)
        status = run(argc > 1 ? level : &net_model, &params, x, p);
    net_train_state *state = rnn_alloc(net_train_state_size(1), net_alignment());
    net_train_work *work = rnn_alloc(net_train_work_size(FRAMES, 1), net_alignment());
    if (!status && argc == 1)
        status = net_train_state_init(state, 1);
    if (!status && argc == 1)
        status = net_grad(&params, state, work, &window, x, x + 1, &loss, &gradient);
    rnn_free(state);
    rnn_free(work);
    printf("%s: %s %.4f %.4f %.4f\n", level->target, rnn_status_text(status), (double)p[FRAMES * 96 - 1], loss,
           (double)gradient.b[4]);
    return status != RNN_OK;
}
