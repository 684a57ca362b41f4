/* The layers of std.torch, std.onnx and std.keras, with weights files in the layouts of these systems that the test
 * makes itself, against equations written out here: gates i, f, g, o and r, z, n, one matrix for each. Nothing else is
 * needed than the compiler.
 *
 * Layouts: https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html,
 * https://onnx.ai/onnx/operators/onnx__LSTM.html, https://keras.io/api/layers/recurrent_layers/ */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { WIDTH = 5, UNITS = 6, FRAMES = 9, GATES = 4, WIDEST = 2 * UNITS };

enum system { TORCH, ONNX, KERAS };

enum kind { TANH, RELU, LSTM, PEEPHOLE, COUPLED, GRU_AFTER, GRU_BEFORE };

struct layer {
    const char *name; /* of the output, and the prefix of its weights */
    enum system system;
    enum kind kind;
    int layers, directions;
    int projection; /* units; 0: none */
    bool cell;      /* names without the number of a layer */
};

static const struct layer layers[] = {
    {"torch_rnn", TORCH, TANH, 1, 1, 0, false},          {"torch_relu2", TORCH, RELU, 2, 1, 0, false},
    {"torch_birnn", TORCH, TANH, 1, 2, 0, false},        {"torch_lstm", TORCH, LSTM, 1, 1, 0, false},
    {"torch_lstm3", TORCH, LSTM, 3, 1, 0, false},        {"torch_bilstm2", TORCH, LSTM, 2, 2, 0, false},
    {"torch_lstmp2", TORCH, LSTM, 2, 1, 4, false},       {"torch_bilstmp", TORCH, LSTM, 1, 2, 4, false},
    {"torch_gru2", TORCH, GRU_AFTER, 2, 1, 0, false},    {"torch_bigru2", TORCH, GRU_AFTER, 2, 2, 0, false},
    {"torch_rnncell", TORCH, TANH, 1, 1, 0, true},       {"torch_lstmcell", TORCH, LSTM, 1, 1, 0, true},
    {"torch_grucell", TORCH, GRU_AFTER, 1, 1, 0, true},  {"onnx_rnn", ONNX, TANH, 1, 1, 0, false},
    {"onnx_birnn", ONNX, RELU, 1, 2, 0, false},          {"onnx_lstm", ONNX, LSTM, 1, 1, 0, false},
    {"onnx_bilstm", ONNX, LSTM, 1, 2, 0, false},         {"onnx_peephole", ONNX, PEEPHOLE, 1, 1, 0, false},
    {"onnx_bipeephole", ONNX, PEEPHOLE, 1, 2, 0, false}, {"onnx_coupled", ONNX, COUPLED, 1, 1, 0, false},
    {"onnx_bicoupled", ONNX, COUPLED, 1, 2, 0, false},   {"onnx_gru", ONNX, GRU_BEFORE, 1, 1, 0, false},
    {"onnx_bigru", ONNX, GRU_BEFORE, 1, 2, 0, false},    {"onnx_linear", ONNX, GRU_AFTER, 1, 1, 0, false},
    {"onnx_bilinear", ONNX, GRU_AFTER, 1, 2, 0, false},  {"keras_rnn", KERAS, TANH, 1, 1, 0, false},
    {"keras_lstm", KERAS, LSTM, 1, 1, 0, false},         {"keras_gru", KERAS, GRU_AFTER, 1, 1, 0, false},
    {"keras_before", KERAS, GRU_BEFORE, 1, 1, 0, false}};

/* The weights of one direction of one layer, by gate. */
struct weights {
    int gates, width, state; /* what W and U multiply with */
    double W[GATES][UNITS][WIDEST], U[GATES][UNITS][UNITS], b[GATES][UNITS], bu[GATES][UNITS];
    double peephole[3][UNITS]; /* of i, f, o */
    double V[UNITS][UNITS];    /* projection */
};

static double draw(void)
{
    static uint32_t state = 7;
    state = state * 1664525u + 1013904223u;
    return (double)(float)((double)(state >> 8) / (1 << 24) - 0.5);
}

static void draw_weights(const struct layer *layer, int number, struct weights *weights)
{
    const bool is_gru = layer->kind == GRU_AFTER || layer->kind == GRU_BEFORE;
    double *numbers = (double *)weights->W;
    weights->gates = layer->kind <= RELU ? 1 : is_gru ? 3 : 4;
    weights->state = layer->projection ? layer->projection : UNITS;
    weights->width = number ? layer->directions * weights->state : WIDTH;
    for (size_t i = 0; i < (sizeof *weights - offsetof(struct weights, W)) / sizeof *numbers; i++)
        numbers[i] = draw();
    if (layer->system == KERAS && layer->kind != GRU_AFTER) /* has one bias */
        memset(weights->bu, 0, sizeof weights->bu);
}

/* ---- the equations ---- */

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static double product(const double *row, const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += row[i] * x[i];
    return sum;
}

/* What gate k of a unit is before its function. */
static double gate(const struct weights *w, int k, int unit, const double *x, const double *h)
{
    return product(w->W[k][unit], x, w->width) + w->b[k][unit] + product(w->U[k][unit], h, w->state) + w->bu[k][unit];
}

static double lstm_unit(const struct weights *w, enum kind kind, int unit, const double *x, const double *h, double *c)
{
    const bool peeps = kind == PEEPHOLE;
    const double i = sigmoid(gate(w, 0, unit, x, h) + (peeps ? w->peephole[0][unit] * *c : 0));
    const double f =
        kind == COUPLED ? 1 - i : sigmoid(gate(w, 1, unit, x, h) + (peeps ? w->peephole[1][unit] * *c : 0));
    *c = f * *c + i * tanh(gate(w, 2, unit, x, h));
    return sigmoid(gate(w, 3, unit, x, h) + (peeps ? w->peephole[2][unit] * *c : 0)) * tanh(*c);
}

static double gru_unit(const struct weights *w, enum kind kind, int unit, const double *x, const double *h)
{
    double gated[UNITS];
    for (int k = 0; k < UNITS; k++)
        gated[k] = sigmoid(gate(w, 0, k, x, h)) * h[k];
    const double r = sigmoid(gate(w, 0, unit, x, h)), z = sigmoid(gate(w, 1, unit, x, h));
    const double in = product(w->W[2][unit], x, w->width) + w->b[2][unit];
    const double back = kind == GRU_AFTER ? r * (product(w->U[2][unit], h, UNITS) + w->bu[2][unit])
                                          : product(w->U[2][unit], gated, UNITS) + w->bu[2][unit];
    return (1 - z) * tanh(in + back) + z * h[unit];
}

/* Computes one direction of a layer, from x[FRAMES][WIDEST] into y[FRAMES][WIDEST] from column `at`. */
static void run_direction(const struct layer *layer, const struct weights *w, bool reversed, double (*x)[WIDEST],
                          double (*y)[WIDEST], int at)
{
    double h[UNITS] = {0}, c[UNITS] = {0}, next[UNITS];
    for (int step = 0; step < FRAMES; step++) {
        const int t = reversed ? FRAMES - 1 - step : step;
        for (int unit = 0; unit < UNITS; unit++) {
            if (layer->kind <= RELU)
                next[unit] = layer->kind == TANH ? tanh(gate(w, 0, unit, x[t], h)) : fmax(gate(w, 0, unit, x[t], h), 0);
            else if (w->gates == 4)
                next[unit] = lstm_unit(w, layer->kind, unit, x[t], h, &c[unit]);
            else
                next[unit] = gru_unit(w, layer->kind, unit, x[t], h);
        }
        for (int unit = 0; unit < w->state; unit++)
            y[t][at + unit] = h[unit] = layer->projection ? product(w->V[unit], next, UNITS) : next[unit];
        if (!layer->projection)
            memcpy(h, next, sizeof h);
    }
}

/* ---- the layouts ---- */

/* Gate `place` of the file, as one of i, f, g, o or r, z, n. */
static int gate_at(const struct layer *layer, int gates, int place)
{
    static const int lstm_of_onnx[] = {0, 3, 1, 2}, gru_of_others[] = {1, 0, 2};
    if (gates == 4)
        return layer->system == ONNX ? lstm_of_onnx[place] : place;
    return gates == 3 && layer->system != TORCH ? gru_of_others[place] : place;
}

struct file {
    struct tensors tensors;
    const struct layer *layer;
    double numbers[2 * GATES * UNITS * WIDEST];
    int count;
};

static void put(struct file *file, double number) { file->numbers[file->count++] = number; }

/* Writes what has been put as a tensor of the layer. */
static void end_tensor(struct file *file, const char *name, int rank, int64_t a, int64_t b, int64_t c)
{
    char path[NAME_SIZE];
    const int64_t shape[] = {a, b, c};
    snprintf(path, sizeof path, "%s.%s", file->layer->name, name);
    tensors_add(&file->tensors, path, rank, shape, file->numbers);
    file->count = 0;
}

/* Puts the rows of all gates: of W, of U, or of one of the biases. */
static void put_input(struct file *file, const struct weights *w)
{
    for (int k = 0; k < w->gates * UNITS; k++)
        for (int i = 0; i < w->width; i++)
            put(file, w->W[gate_at(file->layer, w->gates, k / UNITS)][k % UNITS][i]);
}

static void put_state(struct file *file, const struct weights *w)
{
    for (int k = 0; k < w->gates * UNITS; k++)
        for (int i = 0; i < w->state; i++)
            put(file, w->U[gate_at(file->layer, w->gates, k / UNITS)][k % UNITS][i]);
}

static void put_bias(struct file *file, const struct weights *w, const double (*bias)[UNITS])
{
    for (int k = 0; k < w->gates * UNITS; k++)
        put(file, bias[gate_at(file->layer, w->gates, k / UNITS)][k % UNITS]);
}

static void write_torch(struct file *file, const struct weights *w, int number, bool reversed)
{
    char suffix[32] = "", name[64];
    const int rows = w->gates * UNITS;
    if (!file->layer->cell)
        snprintf(suffix, sizeof suffix, "_l%d%s", number, reversed ? "_reverse" : "");
    put_input(file, w);
    snprintf(name, sizeof name, "weight_ih%s", suffix);
    end_tensor(file, name, 2, rows, w->width, 0);
    put_state(file, w);
    snprintf(name, sizeof name, "weight_hh%s", suffix);
    end_tensor(file, name, 2, rows, w->state, 0);
    put_bias(file, w, w->b);
    snprintf(name, sizeof name, "bias_ih%s", suffix);
    end_tensor(file, name, 1, rows, 0, 0);
    put_bias(file, w, w->bu);
    snprintf(name, sizeof name, "bias_hh%s", suffix);
    end_tensor(file, name, 1, rows, 0, 0);
    if (!file->layer->projection)
        return;
    for (int i = 0; i < w->state * UNITS; i++)
        put(file, w->V[i / UNITS][i % UNITS]);
    snprintf(name, sizeof name, "weight_hr%s", suffix);
    end_tensor(file, name, 2, w->state, UNITS, 0);
}

static void write_onnx(struct file *file, const struct weights *w)
{
    const int directions = file->layer->directions, rows = w->gates * UNITS;
    static const int peephole_of_onnx[] = {0, 2, 1};
    for (int d = 0; d < directions; d++)
        put_input(file, &w[d]);
    end_tensor(file, "W", 3, directions, rows, w->width);
    for (int d = 0; d < directions; d++)
        put_state(file, &w[d]);
    end_tensor(file, "R", 3, directions, rows, w->state);
    for (int d = 0; d < directions; d++) {
        put_bias(file, &w[d], w[d].b);
        put_bias(file, &w[d], w[d].bu);
    }
    end_tensor(file, "B", 2, directions, 2 * rows, 0);
    if (file->layer->kind != PEEPHOLE)
        return;
    for (int i = 0; i < directions * 3 * UNITS; i++)
        put(file, w[i / (3 * UNITS)].peephole[peephole_of_onnx[i / UNITS % 3]][i % UNITS]);
    end_tensor(file, "P", 2, directions, 3 * UNITS, 0);
}

static void write_keras(struct file *file, const struct weights *w)
{
    const int columns = w->gates * UNITS;
    for (int i = 0; i < w->width; i++)
        for (int k = 0; k < columns; k++)
            put(file, w->W[gate_at(file->layer, w->gates, k / UNITS)][k % UNITS][i]);
    end_tensor(file, "kernel", 2, w->width, columns, 0);
    for (int i = 0; i < w->state; i++)
        for (int k = 0; k < columns; k++)
            put(file, w->U[gate_at(file->layer, w->gates, k / UNITS)][k % UNITS][i]);
    end_tensor(file, "recurrent_kernel", 2, w->state, columns, 0);
    put_bias(file, w, w->b);
    if (file->layer->kind == GRU_AFTER)
        put_bias(file, w, w->bu);
    end_tensor(file, "bias", file->layer->kind == GRU_AFTER ? 2 : 1, file->layer->kind == GRU_AFTER ? 2 : columns,
               columns, 0);
}

/* Draws and writes the weights of a layer, and computes its output from x; returns the units of that. */
static int make_layer(struct file *file, const struct layer *layer, double (*x)[WIDEST], double (*y)[WIDEST])
{
    static struct weights weights[2];
    double from[FRAMES][WIDEST];
    file->layer = layer;
    memcpy(y, x, sizeof from);
    for (int k = 0; k < layer->layers; k++) {
        memcpy(from, y, sizeof from);
        for (int d = 0; d < layer->directions; d++) {
            draw_weights(layer, k, &weights[d]);
            run_direction(layer, &weights[d], d == 1, from, y, d * weights[d].state);
            if (layer->system == TORCH)
                write_torch(file, &weights[d], k, d == 1);
        }
    }
    if (layer->system == ONNX)
        write_onnx(file, weights);
    else if (layer->system == KERAS)
        write_keras(file, weights);
    return layer->directions * weights[0].state;
}

static const char *save_input(double (*x)[WIDEST])
{
    struct tensors tensors = {.count = 0};
    double numbers[FRAMES * WIDTH];
    const int64_t shape[] = {FRAMES, WIDTH};
    for (int i = 0; i < FRAMES * WIDTH; i++)
        numbers[i] = x[i / WIDTH][i % WIDTH] = draw();
    tensors_add(&tensors, "x", 2, shape, numbers);
    return tensors_save(&tensors, "input.safetensors");
}

static void weights_load_as_they_are(void **state)
{
    enum { COUNT = sizeof layers / sizeof *layers };
    static double x[FRAMES][WIDEST], y[COUNT][FRAMES][WIDEST];
    static struct file file;
    int units[COUNT];
    (void)state;
    const char *input = save_input(x), *output = work_path("output.safetensors");
    for (int i = 0; i < COUNT; i++)
        units[i] = make_layer(&file, &layers[i], x, y[i]);
    const char *weights = tensors_save(&file.tensors, "weights.safetensors");
    const char *const arguments[] = {"run",      source_path("tests/conformance/modules.rnn"),
                                     "--double", "--weights",
                                     weights,    "--input",
                                     input,      "--output",
                                     output,     NULL};
    assert_int_equal(run_rnn(arguments, NULL), 0);
    rnn_file *result = open_file(output);
    for (int i = 0; i < COUNT; i++) {
        size_t count;
        double *got = read_tensor(result, layers[i].name, &count), error = 0;
        assert_int_equal(count, FRAMES * units[i]);
        for (size_t k = 0; k < count; k++)
            error = fmax(error, fabs(got[k] - y[i][k / (size_t)units[i]][k % (size_t)units[i]]));
        print_message("%s: largest error %.2g\n", layers[i].name, error);
        assert_true(error < 1e-6);
        free(got);
    }
    rnn_file_close(result);
}

int main(void)
{
    if (setenv("XDG_CACHE_HOME", RNNC_WORK_DIR "/cache", 1) != 0) /* networks stay out of the user's cache */
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(weights_load_as_they_are)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
