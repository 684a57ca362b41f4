/* LIBXSMM's LSTM (libxsmm_dnn_rnncell). Its GRU is another cell: the reset gate comes before the product. A training
 * call is spared the transposed copies of the weights that every new set of parameters needs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxsmm.h>
#include <omp.h>

#include "driver.h"

enum { GATES = 4, BLOCK_MOST = 64, STREAMS_MOST = 16 };

static const int place[GATES] = {0, 2, 1, 3}; /* where the program's i, f, g, o are in LIBXSMM's i, g, f, o */

static struct task task;
static libxsmm_dnn_rnncell *cell;
static size_t n, block;
static float *h, *y, *layer_gradient, *weight_gradients[2], *bias_gradient;

static void check(libxsmm_dnn_err_t status)
{
    if (status != LIBXSMM_DNN_SUCCESS)
        fail(libxsmm_dnn_get_error(status));
}

static void bind(libxsmm_dnn_tensor_type type, float *data)
{
    libxsmm_dnn_err_t status;
    libxsmm_dnn_tensor_datalayout *layout = libxsmm_dnn_rnncell_create_tensor_datalayout(cell, type, &status);
    check(status);
    libxsmm_dnn_tensor *tensor = libxsmm_dnn_link_tensor(layout, data, &status);
    check(status);
    check(libxsmm_dnn_rnncell_bind_tensor(cell, tensor, type));
    libxsmm_dnn_destroy_tensor_datalayout(layout);
}

/* The place of weight [gate * n + i][j] in blocks: of gates and units, of inputs, then inputs and units within; in a
 * transposed copy inputs and units change places, gate by gate. */
static size_t place_in_blocks(size_t gate, size_t i, size_t j, bool transposed)
{
    const size_t to = (size_t)place[gate], blocks = n / block;
    if (transposed)
        return to * n * n + ((j / block * blocks + i / block) * block + i % block) * block + j % block;
    return ((to * blocks + i / block) * blocks + j / block) * block * block + j % block * block + i % block;
}

static void reorder(float *theirs, float *ours, bool transposed, bool back)
{
    for (size_t gate = 0; gate < GATES; gate++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                float *a = &theirs[place_in_blocks(gate, i, j, transposed)], *b = &ours[(gate * n + i) * n + j];
                if (back)
                    *b = *a;
                else
                    *a = *b;
            }
}

static void load_weights(const char *name, libxsmm_dnn_tensor_type type, libxsmm_dnn_tensor_type transposed)
{
    float *weights = read_numbers(task.folder, name, GATES * n * n);
    float *blocks = allocate(GATES * n * n * sizeof *blocks);
    reorder(blocks, weights, false, false);
    bind(type, blocks);
    if (task.call != CALL_TRAIN)
        return;
    blocks = allocate(GATES * n * n * sizeof *blocks);
    reorder(blocks, weights, true, false);
    bind(transposed, blocks);
}

static void load_bias(void)
{
    const float *bias = read_numbers(task.folder, "h.0.b", GATES * n);
    float *to = allocate(GATES * n * sizeof *to);
    for (size_t gate = 0; gate < GATES; gate++)
        memcpy(to + (size_t)place[gate] * n, bias + gate * n, n * sizeof *to);
    bind(LIBXSMM_DNN_RNN_REGULAR_BIAS, to);
}

static float *bind_new(libxsmm_dnn_tensor_type type, size_t numbers)
{
    float *data = allocate(numbers * sizeof *data);
    bind(type, data);
    return data;
}

static void bind_gradients(size_t state, size_t sequence)
{
    bind_new(LIBXSMM_DNN_RNN_GRADIENT_INPUT, sequence);
    bind_new(LIBXSMM_DNN_RNN_GRADIENT_CS_PREV, state);
    bind_new(LIBXSMM_DNN_RNN_GRADIENT_HIDDEN_STATE_PREV, state);
    bind_new(LIBXSMM_DNN_RNN_GRADIENT_CS, state);
    weight_gradients[0] = bind_new(LIBXSMM_DNN_RNN_GRADIENT_WEIGHT, GATES * n * n);
    weight_gradients[1] = bind_new(LIBXSMM_DNN_RNN_GRADIENT_RECUR_WEIGHT, GATES * n * n);
    bias_gradient = bind_new(LIBXSMM_DNN_RNN_GRADIENT_BIAS, GATES * n);
    layer_gradient = bind_new(LIBXSMM_DNN_RNN_GRADIENT_HIDDEN_STATE, sequence);
    y = read_numbers(task.folder, "y", sequence);
}

static void bind_memory(libxsmm_dnn_compute_kind kind)
{
    libxsmm_dnn_err_t status;
    const size_t scratch = libxsmm_dnn_rnncell_get_scratch_size(cell, kind, &status);
    check(status);
    check(libxsmm_dnn_rnncell_bind_scratch(cell, kind, allocate(scratch)));
    const size_t inside = libxsmm_dnn_rnncell_get_internalstate_size(cell, kind, &status);
    check(status);
    check(libxsmm_dnn_rnncell_bind_internalstate(cell, kind, allocate(inside)));
}

static void create_cell(void)
{
    int streams = task.streams < STREAMS_MOST ? task.streams : STREAMS_MOST;
    const libxsmm_dnn_rnncell_desc desc = {.threads = omp_get_max_threads(),
                                           .K = task.units,
                                           .N = task.streams,
                                           .C = task.units,
                                           .max_T = task.frames,
                                           .bk = (int)block,
                                           .bn = streams,
                                           .bc = (int)block,
                                           .cell_type = LIBXSMM_DNN_RNNCELL_LSTM,
                                           .datatype_in = LIBXSMM_DNN_DATATYPE_F32,
                                           .datatype_out = LIBXSMM_DNN_DATATYPE_F32,
                                           .buffer_format = LIBXSMM_DNN_TENSOR_FORMAT_NC,
                                           .filter_format = LIBXSMM_DNN_TENSOR_FORMAT_CKPACKED};
    libxsmm_dnn_err_t status;
    cell = libxsmm_dnn_create_rnncell(desc, &status);
    check(status);
    check(libxsmm_dnn_rnncell_allocate_forget_bias(cell, 0));
}

void system_choose(const char *path) { (void)path; }

void system_describe(char text[static 200])
{
    snprintf(text, 200, "%s, %s", LIBXSMM_VERSION, libxsmm_get_target_arch());
}

const char *system_load(const struct task *given)
{
    task = *given;
    n = (size_t)task.units;
    block = n < BLOCK_MOST ? n : BLOCK_MOST;
    if (strcmp(task.net, "gru") == 0)
        return "its GRU has the reset gate before the product";
    if (strcmp(task.net, "lstm") != 0 || task.layers > 1 || task.call == CALL_STEP)
        return "has no such cell, layers or steps";
    if (n % block || (task.streams > STREAMS_MOST && task.streams % STREAMS_MOST))
        return "sizes are no multiples of its blocks";
    create_cell();
    const size_t state = (size_t)task.streams * n, sequence = (size_t)task.frames * state;
    bind(LIBXSMM_DNN_RNN_REGULAR_INPUT, read_numbers(task.folder, "x", sequence));
    bind_new(LIBXSMM_DNN_RNN_REGULAR_CS_PREV, state);
    bind_new(LIBXSMM_DNN_RNN_REGULAR_HIDDEN_STATE_PREV, state);
    load_weights("h.0.W", LIBXSMM_DNN_RNN_REGULAR_WEIGHT, LIBXSMM_DNN_RNN_REGULAR_WEIGHT_TRANS);
    load_weights("h.0.U", LIBXSMM_DNN_RNN_REGULAR_RECUR_WEIGHT, LIBXSMM_DNN_RNN_REGULAR_RECUR_WEIGHT_TRANS);
    load_bias();
    bind_new(LIBXSMM_DNN_RNN_REGULAR_CS, sequence);
    h = bind_new(LIBXSMM_DNN_RNN_REGULAR_HIDDEN_STATE, sequence);
    for (int type = LIBXSMM_DNN_RNN_INTERNAL_I; type <= LIBXSMM_DNN_RNN_INTERNAL_CO; type++)
        bind_new((libxsmm_dnn_tensor_type)type, sequence);
    if (task.call == CALL_TRAIN)
        bind_gradients(state, sequence);
    bind_memory(task.call == CALL_TRAIN ? LIBXSMM_DNN_COMPUTE_KIND_ALL : LIBXSMM_DNN_COMPUTE_KIND_FWD);
    return NULL;
}

void system_reset(void) {}

static void execute(libxsmm_dnn_compute_kind kind)
{
#pragma omp parallel
    check(libxsmm_dnn_rnncell_execute_st(cell, kind, 0, omp_get_thread_num()));
}

void system_call(int frame)
{
    (void)frame;
    execute(LIBXSMM_DNN_COMPUTE_KIND_FWD);
    if (task.call != CALL_TRAIN)
        return;
    const size_t numbers = (size_t)task.frames * (size_t)task.streams * n;
    for (size_t i = 0; i < numbers; i++)
        layer_gradient[i] = 2.0f / (float)numbers * (h[i] - y[i]);
    execute(LIBXSMM_DNN_COMPUTE_KIND_BWDUPD);
}

float system_look(void) { return h[0] + (task.call == CALL_TRAIN ? bias_gradient[0] : 0); }

void system_write(const char *folder)
{
    if (task.call != CALL_TRAIN) {
        write_numbers(folder, "h", h, (size_t)task.frames * (size_t)task.streams * n);
        return;
    }
    float *numbers = allocate(GATES * n * n * sizeof *numbers);
    for (int i = 0; i < 2; i++) {
        reorder(weight_gradients[i], numbers, false, true);
        write_numbers(folder, i ? "h.0.U" : "h.0.W", numbers, GATES * n * n);
    }
    for (size_t gate = 0; gate < GATES; gate++)
        memcpy(numbers + gate * n, bias_gradient + (size_t)place[gate] * n, n * sizeof *numbers);
    write_numbers(folder, "h.0.b", numbers, GATES * n);
}
