/* Measures the output layer of a language model with and without a preview (SVD-softmax), one thread, and counts how
 * often both find the same word most probable, and the same ten. Built and called by bench/softmax.sh, with both
 * networks:
 *
 *   softmax STATES.safetensors WEIGHTS.safetensors FACTORS.safetensors STREAMS [ROUNDS]
 *
 * STATES has h, [frames, units], what the model says before its output; WEIGHTS and FACTORS have W, or W.A and W.B, and
 * b. Rows beyond those of the files are others again, scaled, so that there are as many as the network has; then only
 * the time counts. Times are medians of rounds in turn, by the time of the thread.
 */
#include <stdio.h>
#include <string.h>

#include "dense.h"
#include "preview.h"
#include "rnn/weights.h"
#include "timing.h"

enum { ROUNDS = 9, ROUNDS_MOST = 99 };
static const double ROUND_SECONDS = 0.15;
static volatile rnn_real consumed;

static void *must(void *pointer)
{
    if (!pointer) {
        fprintf(stderr, "softmax: out of memory\n");
        exit(1);
    }
    return pointer;
}

static rnn_file *open_file(const char *path)
{
    rnn_error error;
    rnn_file *file = rnn_file_open(path, &error);
    if (!file) {
        fprintf(stderr, "softmax: %s\n", error.text);
        exit(1);
    }
    return file;
}

/* Reads a tensor of `columns` numbers a row; all of them, if `rows` is 0. Returns how many rows the file has. */
static int read_rows(const rnn_file *file, const char *name, float **to, int rows, int columns)
{
    const rnn_file_tensor *tensor = rnn_file_find(file, name);
    if (!tensor || tensor->elements % (size_t)columns) {
        fprintf(stderr, "softmax: no tensor '%s' of %d columns\n", name, columns);
        exit(1);
    }
    double *numbers = must(malloc((tensor->elements + 1) * sizeof *numbers));
    rnn_file_read_double(tensor, numbers);
    const int found = (int)(tensor->elements / (size_t)columns);
    rows = rows ? rows : found;
    if (!*to)
        *to = must(malloc((size_t)rows * (size_t)columns * sizeof **to));
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            (*to)[(size_t)r * (size_t)columns + (size_t)c] =
                (float)numbers[(size_t)(r % found) * (size_t)columns + (size_t)c] *
                (r < found ? 1 : 0.9f - 1e-6f * (float)r);
    free(numbers);
    return found;
}

struct network {
    rnn_status (*step)(const struct network *network, const float *h, float *logits);
    void *packed, *state;
};

static rnn_status dense_call(const struct network *network, const float *h, float *logits)
{
    return dense_step(network->packed, network->state, h, logits);
}

static rnn_status preview_call(const struct network *network, const float *h, float *logits)
{
    return preview_step(network->packed, network->state, h, logits);
}

enum { V = sizeof((dense_params *)0)->b / sizeof(float), UNITS = sizeof((dense_params *)0)->W / sizeof(float) / V };

static struct network dense_new(const char *path, int streams, int *rows)
{
    dense_params *params = must(malloc(sizeof *params));
    rnn_file *file = open_file(path);
    *rows = read_rows(file, "W", (float *[]){(float *)params->W}, V, UNITS);
    read_rows(file, "b", (float *[]){params->b}, V, 1);
    rnn_file_close(file);
    struct network network = {dense_call, must(rnn_alloc(dense_packed_size(), dense_alignment())),
                              must(rnn_alloc(dense_state_size(streams), dense_alignment()))};
    dense_pack(params, network.packed);
    dense_state_init(network.state, streams);
    free(params);
    return network;
}

static struct network preview_new(const char *path, int streams)
{
    preview_params *params = must(malloc(sizeof *params));
    const int rank = (int)(sizeof params->W_A / sizeof(float) / V);
    rnn_file *file = open_file(path);
    read_rows(file, "W.A", (float *[]){(float *)params->W_A}, V, rank);
    read_rows(file, "W.B", (float *[]){(float *)params->W_B}, rank, UNITS);
    read_rows(file, "b", (float *[]){params->b}, V, 1);
    rnn_file_close(file);
    struct network network = {preview_call, must(rnn_alloc(preview_packed_size(), preview_alignment())),
                              must(rnn_alloc(preview_state_size(streams), preview_alignment()))};
    preview_pack(params, network.packed);
    preview_state_init(network.state, streams);
    free(params);
    return network;
}

enum { TEN = 10 };

/* Finds the ten largest, in order. */
static void find_ten(const float *logits, int ten[TEN])
{
    int found = 0;
    for (int i = 0; i < V; i++) {
        if (found == TEN && !(logits[i] > logits[ten[TEN - 1]]))
            continue;
        int at = found < TEN ? found++ : TEN - 1;
        for (; at > 0 && logits[i] > logits[ten[at - 1]]; at--)
            ten[at] = ten[at - 1];
        ten[at] = i;
    }
}

struct agreement {
    int frames, same; /* most probable words */
    int words;        /* different ones that are */
    int common;       /* words that are among the ten of both */
    char seen[V];
};

static void compare(struct agreement *agreement, const float *dense, const float *preview)
{
    int a[TEN], b[TEN];
    find_ten(dense, a);
    find_ten(preview, b);
    for (int i = 0; i < TEN; i++)
        for (int k = 0; k < TEN; k++)
            agreement->common += a[i] == b[k];
    agreement->frames++;
    agreement->same += a[0] == b[0];
    agreement->words += !agreement->seen[a[0]];
    agreement->seen[a[0]] = 1;
}

/* Returns the seconds of one step. */
static double measure_once(const struct network *network, const float *h, int steps, int streams, float *logits)
{
    static int next;
    int calls = 0;
    double passed, begun = 0;
    for (int call = -1;; call++, next++) {
        network->step(network, h + (size_t)(next % steps) * (size_t)streams * UNITS, logits);
        if (call < 0)
            begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        calls = call + 1;
        consumed = logits[rand() % V];
        passed = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begun;
        if (calls >= 3 && passed > ROUND_SECONDS)
            return passed / calls;
    }
}

int main(int argc, char **argv)
{
    if (argc < 5 || atoi(argv[4]) < 1)
        return fprintf(stderr, "usage: softmax STATES WEIGHTS FACTORS STREAMS [ROUNDS]\n"), 2;
    const int streams = atoi(argv[4]), asked = argc > 5 ? atoi(argv[5]) : ROUNDS;
    const int rounds = asked < 1 ? 1 : asked > ROUNDS_MOST ? ROUNDS_MOST : asked;
    float *h = NULL, *logits[2];
    rnn_file *file = open_file(argv[1]);
    const int steps = read_rows(file, "h", &h, 0, UNITS) / streams;
    int rows;
    const struct network networks[] = {dense_new(argv[2], streams, &rows), preview_new(argv[3], streams)};
    for (int k = 0; k < 2; k++)
        logits[k] = must(malloc((size_t)streams * V * sizeof(float)));
    double seconds[2][ROUNDS_MOST], gains[ROUNDS_MOST];
    for (int round = -1; round < rounds; round++) {
        double passed[2];
        for (int k = 0; k < 2; k++)
            passed[k] = measure_once(&networks[k], h, steps, streams, logits[k]);
        for (int k = 0; k < 2 && round >= 0; k++)
            seconds[k][round] = passed[k];
        if (round >= 0)
            gains[round] = passed[0] / passed[1];
    }
    printf("%6d %3d %9.1f %9.1f %6.2f", V, streams, 1e6 * median(seconds[0], rounds), 1e6 * median(seconds[1], rounds),
           median(gains, rounds));
    if (V <= rows && streams > 1) {
        struct agreement *agreement = must(calloc(1, sizeof *agreement));
        for (int t = 0; t < steps; t++) {
            for (int k = 0; k < 2; k++)
                networks[k].step(&networks[k], h + (size_t)t * (size_t)streams * UNITS, logits[k]);
            for (int i = 0; i < streams; i++)
                compare(agreement, logits[0] + (size_t)i * V, logits[1] + (size_t)i * V);
        }
        printf("  %.3f %% of %d (%d words), of ten %.3f %%", 100.0 * agreement->same / agreement->frames,
               agreement->frames, agreement->words, 100.0 * agreement->common / agreement->frames / TEN);
        free(agreement);
    }
    printf("\n");
    return 0;
}
