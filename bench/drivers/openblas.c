/* C with OpenBLAS, as one writes it by hand: the product with the input for all frames at once, that with the past
 * frame by frame, the gates in loops that the compiler vectorises with functions of the C library. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "driver.h"

char *openblas_get_config(void);
char *openblas_get_corename(void);

/* Weights [rows][units] and what is added to each product, or NULL. */
struct matrix {
    const float *weights, *bias;
    int rows;
};

struct layer {
    struct matrix input, past;
    float *inputs, *pasts; /* products: [frames][streams][rows], [streams][rows] */
    float *h, *c, *y;      /* [streams][units]; y: [frames][streams][units] */
};

enum { LAYERS_MOST = 8 };
static struct task task;
static struct layer layers[LAYERS_MOST];
static bool lstm; /* or a GRU with the reset gate behind the product */
static float *x;

static size_t size_of(int frames, int units) { return (size_t)frames * (size_t)task.streams * (size_t)units; }

/* ---- loading ---- */

static float *load(int layer, const char *letter)
{
    char name[40];
    snprintf(name, sizeof name, "h.%d.%s", layer, letter);
    return read_numbers(task.folder, name, 0);
}

static void load_layer(struct layer *layer, int number)
{
    const int n = task.units, rows = (lstm ? 4 : 3) * n;
    layer->input = (struct matrix){load(number, "W"), load(number, "b"), rows};
    layer->past = (struct matrix){load(number, "U"), lstm ? NULL : load(number, "d"), rows};
    layer->inputs = allocate(size_of(task.frames, rows) * sizeof(float));
    layer->pasts = allocate(size_of(1, rows) * sizeof(float));
    layer->h = allocate(size_of(1, n) * sizeof(float));
    layer->c = allocate(size_of(1, n) * sizeof(float));
    layer->y = allocate(size_of(task.frames, n) * sizeof(float));
}

void system_choose(const char *path) { (void)path; }

void system_describe(char text[static 200])
{
    snprintf(text, 200, "%.100s, kernels for %.50s", openblas_get_config(), openblas_get_corename());
}

const char *system_load(const struct task *given)
{
    task = *given;
    lstm = strcmp(task.net, "lstm") == 0;
    if (!lstm && strcmp(task.net, "gru") != 0)
        return "has no code for this cell";
    if (task.call == CALL_TRAIN)
        return "has no code for training";
    if (task.layers > LAYERS_MOST)
        return "has no memory for so many layers";
    x = read_numbers(task.folder, "x", size_of(task.frames, task.units));
    for (int i = 0; i < task.layers; i++)
        load_layer(&layers[i], i);
    return NULL;
}

/* ---- computing ---- */

/* y = matrix @ x + bias for so many columns, one behind the other. */
static void multiply(const struct matrix *matrix, const float *columns, int count, float *y)
{
    const int n = task.units, rows = matrix->rows;
    for (int i = 0; i < count && matrix->bias; i++)
        memcpy(y + (size_t)i * (size_t)rows, matrix->bias, (size_t)rows * sizeof *y);
    const float beta = matrix->bias ? 1 : 0;
    if (count == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, rows, n, 1, matrix->weights, n, columns, 1, beta, y, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count, rows, n, 1, columns, n, matrix->weights, n, beta, y,
                    rows);
}

static inline float sigmoid(float v) { return 1 / (1 + expf(-v)); }

/* One stream of a frame: in: products with the input, past: with h. */
static void compute_lstm(const float *restrict in, const float *restrict past, float *restrict h, float *restrict c,
                         int n)
{
    for (int i = 0; i < n; i++) {
        const float input = sigmoid(in[i] + past[i]), forget = sigmoid(in[n + i] + past[n + i]);
        c[i] = forget * c[i] + input * tanhf(in[2 * n + i] + past[2 * n + i]);
        h[i] = sigmoid(in[3 * n + i] + past[3 * n + i]) * tanhf(c[i]);
    }
}

static void compute_gru(const float *restrict in, const float *restrict past, float *restrict h, int n)
{
    for (int i = 0; i < n; i++) {
        const float r = sigmoid(in[i] + past[i]), z = sigmoid(in[n + i] + past[n + i]);
        const float k = tanhf(in[2 * n + i] + r * past[2 * n + i]);
        h[i] = (1 - z) * k + z * h[i];
    }
}

/* One frame, of which the products with the input are there. */
static void compute_frame(struct layer *layer, int frame)
{
    const size_t n = (size_t)task.units;
    const float *const in = layer->inputs + size_of(frame, layer->input.rows);
    multiply(&layer->past, layer->h, task.streams, layer->pasts);
    for (size_t b = 0; b < (size_t)task.streams; b++)
        if (lstm)
            compute_lstm(in + b * 4 * n, layer->pasts + b * 4 * n, layer->h + b * n, layer->c + b * n, task.units);
        else
            compute_gru(in + b * 3 * n, layer->pasts + b * 3 * n, layer->h + b * n, task.units);
    memcpy(layer->y + size_of(frame, task.units), layer->h, size_of(1, task.units) * sizeof(float));
}

void system_reset(void)
{
    for (int i = 0; i < task.layers; i++) {
        memset(layers[i].h, 0, size_of(1, task.units) * sizeof(float));
        memset(layers[i].c, 0, size_of(1, task.units) * sizeof(float));
    }
}

void system_call(int frame)
{
    const int first = task.call == CALL_STEP ? frame : 0, frames = task.call == CALL_STEP ? 1 : task.frames;
    if (task.call == CALL_RUN)
        system_reset();
    const float *columns = x;
    for (int i = 0; i < task.layers; columns = layers[i++].y) {
        struct layer *layer = &layers[i];
        multiply(&layer->input, columns + size_of(first, task.units), frames * task.streams,
                 layer->inputs + size_of(first, layer->input.rows));
        for (int t = first; t < first + frames; t++)
            compute_frame(layer, t);
    }
}

float system_look(void) { return layers[task.layers - 1].y[0]; }

void system_write(const char *folder)
{
    write_numbers(folder, "h", layers[task.layers - 1].y, size_of(task.frames, task.units));
}
