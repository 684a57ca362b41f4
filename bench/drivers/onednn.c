/* oneDNN's LSTM and GRU. The argument names the propagation kind of `run` and `step`: inference or training; the second
 * is often faster with one stream. A training call adds the gradient of the loss, and zeros the weight gradients, which
 * oneDNN adds to; it is spared the reorder of the weights that every new set of parameters needs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "onednn_memory.h"

static dnnl_prop_kind_t propagation = dnnl_forward_inference;
static struct task task;
static bool lstm;
static int gates, biases;
static dnnl_primitive_t forward, backward;
static struct arguments forward_arguments, backward_arguments;
static float *x, *y, *h, *layer_gradient;
static dnnl_memory_t states[2][2]; /* of steps in turn: h and c */
static int turn;

/* The place in oneDNN's order (LSTM i f g o, GRU z r k) of a gate in the program's (i f g o, r z k). */
static int place(int gate) { return lstm || gate > 1 ? gate : 1 - gate; }

/* Turns [gates * units][units] of each layer into [layers][1][units][gates][units], or back. */
static void transpose(float *theirs, float *ours, int layer, bool back)
{
    const size_t n = (size_t)task.units;
    for (size_t gate = 0; gate < (size_t)gates; gate++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                float *a = &theirs[(((size_t)layer * n + j) * (size_t)gates + (size_t)place((int)gate)) * n + i];
                float *b = &ours[(gate * n + i) * n + j];
                if (back)
                    *b = *a;
                else
                    *a = *b;
            }
}

/* The weights `letter` of all layers, in the form that a primitive asks for. */
static dnnl_memory_t load_weights(const char *letter, const_dnnl_memory_desc_t wanted)
{
    const size_t n = (size_t)task.units;
    const dnnl_dims_t sizes = {task.layers, 1, task.units, gates, task.units};
    dnnl_memory_t plain = make_memory(describe(5, sizes, dnnl_ldigo), NULL);
    for (int layer = 0; layer < task.layers; layer++) {
        char name[40];
        snprintf(name, sizeof name, "h.%d.%s", layer, letter);
        float *weights = read_numbers(task.folder, name, (size_t)gates * n * n);
        transpose(data_of(plain), weights, layer, false);
        free(weights);
    }
    dnnl_memory_t memory = make_memory(wanted, NULL);
    reorder(plain, memory);
    free(data_of(plain));
    return memory;
}

/* Biases; a GRU has that of the product with the past as a fourth, and adds the others to the first ones. */
static dnnl_memory_t load_biases(const_dnnl_memory_desc_t wanted)
{
    const size_t n = (size_t)task.units;
    dnnl_memory_t memory = make_memory(wanted, NULL);
    float *to = data_of(memory);
    for (int layer = 0; layer < task.layers; layer++, to += (size_t)biases * n) {
        char name[40];
        snprintf(name, sizeof name, "h.%d.b", layer);
        const float *b = read_numbers(task.folder, name, (size_t)gates * n), *d = NULL;
        if (!lstm) {
            snprintf(name, sizeof name, "h.%d.d", layer);
            d = read_numbers(task.folder, name, (size_t)gates * n);
        }
        for (size_t gate = 0; gate < (size_t)gates; gate++)
            for (size_t i = 0; i < n; i++)
                to[(size_t)place((int)gate) * n + i] = b[gate * n + i] + (d && gate < 2 ? d[gate * n + i] : 0);
        for (size_t i = 0; d && i < n; i++)
            to[3 * n + i] = d[2 * n + i];
    }
    return memory;
}

struct descriptors {
    dnnl_memory_desc_t layer, weights, bias;
    dnnl_memory_desc_t past, next; /* NULL: not read, and so zero; not written */
};

static struct descriptors describe_task(void)
{
    const int frames = task.call == CALL_STEP ? 1 : task.frames;
    const dnnl_dims_t layer = {frames, task.streams, task.units};
    const dnnl_dims_t state = {task.layers, 1, task.streams, task.units};
    const dnnl_dims_t weights = {task.layers, 1, task.units, gates, task.units};
    const dnnl_dims_t bias = {task.layers, 1, biases, task.units};
    return (struct descriptors){
        .layer = describe(3, layer, dnnl_tnc),
        /* Going back, oneDNN 3.2 has a wrong gradient of an LSTM's recurrent weights where no past is given. */
        .past = task.call == CALL_RUN ? NULL : describe(4, state, dnnl_ldnc),
        .next = task.call == CALL_STEP ? describe(4, state, dnnl_ldnc) : NULL,
        .weights = describe(5, weights, dnnl_format_tag_any),
        .bias = describe(4, bias, dnnl_ldgo),
    };
}

static dnnl_primitive_desc_t make_forward(const struct descriptors *d)
{
    dnnl_primitive_desc_t desc;
    if (lstm)
        check(dnnl_lstm_forward_primitive_desc_create(&desc, engine, propagation, dnnl_unidirectional_left2right,
                                                      d->layer, d->past, d->past, d->weights, d->weights, NULL, NULL,
                                                      d->bias, d->layer, d->next, d->next, 0, NULL),
              "the forward primitive");
    else
        check(dnnl_lbr_gru_forward_primitive_desc_create(&desc, engine, propagation, dnnl_unidirectional_left2right,
                                                         d->layer, d->past, d->weights, d->weights, d->bias, d->layer,
                                                         d->next, 0, NULL),
              "the forward primitive");
    check(dnnl_primitive_create(&forward, desc), "the forward primitive");
    struct arguments *arguments = &forward_arguments;
    add(arguments, DNNL_ARG_SRC_LAYER, make_memory(d->layer, x));
    add(arguments, DNNL_ARG_DST_LAYER, make_memory(d->layer, h));
    add(arguments, DNNL_ARG_WEIGHTS_LAYER,
        load_weights("W", dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0)));
    add(arguments, DNNL_ARG_WEIGHTS_ITER,
        load_weights("U", dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 1)));
    add(arguments, DNNL_ARG_BIAS, load_biases(d->bias));
    const_dnnl_memory_desc_t workspace = dnnl_primitive_desc_query_md(desc, dnnl_query_workspace_md, 0);
    if (workspace && dnnl_memory_desc_get_size(workspace))
        add(arguments, DNNL_ARG_WORKSPACE, make_memory(workspace, NULL));
    for (int i = 0; d->past && i < 4; i++)
        states[i / 2][i % 2] = make_memory(d->past, NULL);
    if (task.call == CALL_TRAIN) {
        add(arguments, DNNL_ARG_SRC_ITER, states[0][0]);
        add(arguments, DNNL_ARG_SRC_ITER_C, states[0][1]);
    }
    return desc;
}

static void make_backward(const struct descriptors *d, dnnl_primitive_desc_t hint)
{
    dnnl_primitive_desc_t desc;
    if (lstm)
        check(dnnl_lstm_backward_primitive_desc_create(
                  &desc, engine, dnnl_backward, dnnl_unidirectional_left2right, d->layer, d->past, d->past, d->weights,
                  d->weights, NULL, NULL, d->bias, d->layer, NULL, NULL, d->layer, d->past, d->past, d->weights,
                  d->weights, NULL, NULL, d->bias, d->layer, NULL, NULL, 0, hint, NULL),
              "the backward primitive");
    else
        check(dnnl_lbr_gru_backward_primitive_desc_create(&desc, engine, dnnl_backward, dnnl_unidirectional_left2right,
                                                          d->layer, d->past, d->weights, d->weights, d->bias, d->layer,
                                                          NULL, d->layer, d->past, d->weights, d->weights, d->bias,
                                                          d->layer, NULL, 0, hint, NULL),
              "the backward primitive");
    check(dnnl_primitive_create(&backward, desc), "the backward primitive");
    struct arguments *arguments = &backward_arguments;
    static const int shared[] = {DNNL_ARG_SRC_LAYER, DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C,
                                 DNNL_ARG_DST_LAYER, DNNL_ARG_BIAS,     DNNL_ARG_WORKSPACE};
    for (int i = 0; i < 6; i++)
        add(arguments, shared[i], find(&forward_arguments, shared[i]));
    add(arguments, DNNL_ARG_DIFF_SRC_ITER, states[1][0]);
    add(arguments, DNNL_ARG_DIFF_SRC_ITER_C, states[1][1]);
    for (int i = 0; i < 2; i++) {
        add(arguments, i ? DNNL_ARG_WEIGHTS_ITER : DNNL_ARG_WEIGHTS_LAYER,
            load_weights(i ? "U" : "W", dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, i)));
        add(arguments, i ? DNNL_ARG_DIFF_WEIGHTS_ITER : DNNL_ARG_DIFF_WEIGHTS_LAYER,
            make_memory(dnnl_primitive_desc_query_md(desc, dnnl_query_diff_weights_md, i), NULL));
    }
    add(arguments, DNNL_ARG_DIFF_BIAS, make_memory(d->bias, NULL));
    add(arguments, DNNL_ARG_DIFF_SRC_LAYER, make_memory(d->layer, NULL));
    add(arguments, DNNL_ARG_DIFF_DST_LAYER, make_memory(d->layer, layer_gradient));
}

void system_describe(char text[static 200])
{
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, 200, "%d.%d.%d, %s", version->major, version->minor, version->patch,
             propagation == dnnl_forward_inference ? "forward_inference" : "forward_training");
}

const char *system_load(const struct task *given)
{
    task = *given;
    lstm = strcmp(task.net, "lstm") == 0;
    if (!lstm && strcmp(task.net, "gru") != 0)
        return "has no primitive for this cell";
    gates = lstm ? 4 : 3;
    biases = 4;
    if (task.call == CALL_TRAIN)
        propagation = dnnl_forward_training;
    open_engine();
    const size_t numbers = (size_t)task.frames * (size_t)task.streams * (size_t)task.units;
    x = read_numbers(task.folder, "x", numbers);
    h = allocate(numbers * sizeof *h);
    const struct descriptors descriptors = describe_task();
    dnnl_primitive_desc_t desc = make_forward(&descriptors);
    if (task.call == CALL_TRAIN) {
        y = read_numbers(task.folder, "y", numbers);
        layer_gradient = allocate(numbers * sizeof *layer_gradient);
        make_backward(&descriptors, desc);
    }
    return NULL;
}

void system_reset(void)
{
    const size_t size = sizeof(float) * (size_t)task.layers * (size_t)task.streams * (size_t)task.units;
    for (int i = 0; task.call != CALL_RUN && i < 4; i++)
        memset(data_of(states[i / 2][i % 2]), 0, size);
}

static void step(int frame)
{
    const size_t offset = (size_t)frame * (size_t)task.streams * (size_t)task.units;
    struct arguments arguments = forward_arguments;
    dnnl_memory_set_data_handle(find(&arguments, DNNL_ARG_SRC_LAYER), x + offset);
    dnnl_memory_set_data_handle(find(&arguments, DNNL_ARG_DST_LAYER), h + offset);
    add(&arguments, DNNL_ARG_SRC_ITER, states[turn][0]);
    add(&arguments, DNNL_ARG_DST_ITER, states[!turn][0]);
    if (lstm) {
        add(&arguments, DNNL_ARG_SRC_ITER_C, states[turn][1]);
        add(&arguments, DNNL_ARG_DST_ITER_C, states[!turn][1]);
    }
    turn = !turn;
    check(dnnl_primitive_execute(forward, stream, arguments.count, arguments.items), "a step");
}

/* Goes back from the mean over frames, streams and units of the squared difference. */
static void run_backward(void)
{
    const size_t numbers = (size_t)task.frames * (size_t)task.streams * (size_t)task.units;
    for (size_t i = 0; i < numbers; i++)
        layer_gradient[i] = 2.0f / (float)numbers * (h[i] - y[i]);
    static const int sums[] = {DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER, DNNL_ARG_DIFF_BIAS};
    for (int i = 0; i < 3; i++) {
        dnnl_memory_t memory = find(&backward_arguments, sums[i]);
        const_dnnl_memory_desc_t desc;
        check(dnnl_memory_get_memory_desc(memory, &desc), "a descriptor");
        memset(data_of(memory), 0, dnnl_memory_desc_get_size(desc));
    }
    check(dnnl_primitive_execute(backward, stream, backward_arguments.count, backward_arguments.items), "going back");
}

void system_call(int frame)
{
    if (task.call == CALL_STEP)
        step(frame);
    else
        check(dnnl_primitive_execute(forward, stream, forward_arguments.count, forward_arguments.items), "a run");
    if (task.call == CALL_TRAIN)
        run_backward();
    check(dnnl_stream_wait(stream), "waiting");
}

float system_look(void)
{
    return h[0] + (task.call == CALL_TRAIN ? *(float *)data_of(find(&backward_arguments, DNNL_ARG_DIFF_BIAS)) : 0);
}

static void write_weights(const char *folder, const char *name, dnnl_memory_t memory)
{
    const size_t n = (size_t)task.units;
    const dnnl_dims_t sizes = {task.layers, 1, task.units, gates, task.units};
    dnnl_memory_t plain = make_memory(describe(5, sizes, dnnl_ldigo), NULL);
    reorder(memory, plain);
    float *weights = allocate((size_t)gates * n * n * sizeof *weights);
    transpose(data_of(plain), weights, 0, true);
    write_numbers(folder, name, weights, (size_t)gates * n * n);
    free(weights);
}

void system_write(const char *folder)
{
    const size_t n = (size_t)task.units;
    if (task.call != CALL_TRAIN) {
        write_numbers(folder, "h", h, (size_t)task.frames * (size_t)task.streams * n);
        return;
    }
    write_weights(folder, "h.0.W", find(&backward_arguments, DNNL_ARG_DIFF_WEIGHTS_LAYER));
    write_weights(folder, "h.0.U", find(&backward_arguments, DNNL_ARG_DIFF_WEIGHTS_ITER));
    const float *bias = data_of(find(&backward_arguments, DNNL_ARG_DIFF_BIAS));
    float *b = allocate((size_t)gates * n * sizeof *b), *d = allocate((size_t)gates * n * sizeof *d);
    for (int gate = 0; gate < gates; gate++) {
        memcpy(b + (size_t)gate * n, bias + (size_t)place(gate) * n, n * sizeof *b);
        memcpy(d + (size_t)gate * n, bias + (gate == 2 ? 3 : (size_t)place(gate)) * n, n * sizeof *d);
    }
    write_numbers(folder, "h.0.b", b, (size_t)gates * n);
    if (!lstm)
        write_numbers(folder, "h.0.d", d, (size_t)gates * n);
}

void system_choose(const char *path)
{
    if (strcmp(path, "training") == 0)
        propagation = dnnl_forward_training;
}
