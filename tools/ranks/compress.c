#include "ranks/compress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "rnn/stored_round.h"

/* ---- options ---- */

bool compress_parse(const char *text, struct compress_options *options)
{
    static const char factors[] = "powersgd:";
    enum { MOST_RANK = 1024 };
    char *end;
    if (strcmp(text, "none") == 0 || strcmp(text, "f16") == 0) {
        options->kind = *text == 'f' ? COMPRESS_F16 : COMPRESS_NONE;
        return true;
    }
    if (strncmp(text, factors, sizeof factors - 1) != 0)
        return false;
    const char *number = text + sizeof factors - 1;
    long rank = strtol(number, &end, 10);
    options->kind = COMPRESS_POWERSGD;
    options->rank = (int)rank;
    return *number >= '1' && *number <= '9' && !*end && rank <= MOST_RANK;
}

const char *compress_print(struct arena *arena, const struct compress_options *options)
{
    switch (options->kind) {
    case COMPRESS_NONE:
        break;
    case COMPRESS_F16:
        return "f16";
    case COMPRESS_POWERSGD:
        return arena_printf(arena, "powersgd:%d after %d steps", options->rank, options->after);
    }
    return "none";
}

/* ---- open ---- */

static size_t units_of(const rnn_tensor *tensor)
{
    size_t units = 1;
    for (int k = 0; k < tensor->rank; k++)
        units *= (size_t)tensor->shape[k];
    return units;
}

/* Adds a parameter that is worth factors: a matrix, or several of the same rows below each other. */
static void add_matrix(struct compress *compress, const rnn_tensor *tensor)
{
    const size_t units = units_of(tensor), columns = tensor->rank > 1 ? (size_t)tensor->shape[tensor->rank - 1] : 1;
    const size_t rows = units / columns, rank = (size_t)compress->options.rank;
    if (tensor->rank < 2 || tensor->fixed || 2 * (rows + columns) * rank >= units)
        return;
    compress->matrices[compress->matrix_count++] =
        (struct compress_matrix){tensor->offset, (int)rows, (int)columns, compress->p_count, compress->q_count};
    compress->p_count += rows * rank;
    compress->q_count += columns * rank;
}

void compress_open(struct compress *compress, struct arena *arena, const struct compress_options *options,
                   struct ranks *ranks, const rnn_model *model, uint64_t seed)
{
    const size_t size = (size_t)model->real_size, elements = model->parameter_elements;
    *compress =
        (struct compress){.options = *options, .ranks = ranks, .model = model, .elements = model->parameter_elements};
    if (options->kind == COMPRESS_F16)
        compress->wire = arena_alloc(arena, elements + 1, sizeof(uint16_t));
    if (options->kind != COMPRESS_POWERSGD)
        return;
    compress->matrices = ARENA_ARRAY(arena, struct compress_matrix, model->parameter_count + 1);
    for (int i = 0; i < model->parameter_count; i++)
        add_matrix(compress, &model->parameters[i]);
    compress->p = ARENA_ARRAY(arena, double, compress->p_count + 1);
    compress->q = ARENA_ARRAY(arena, double, compress->q_count + 1);
    compress->error = arena_alloc(arena, elements + 1, size);
    compress->wire =
        arena_alloc(arena, (compress->p_count > compress->q_count ? compress->p_count : compress->q_count) + 1, size);
    struct random random = random_start(seed);
    for (size_t k = 0; k < compress->q_count; k++)
        compress->q[k] = random_real(&random, 1);
}

/* ---- numbers of either precision ---- */

static double get(const struct compress *compress, const void *data, size_t place)
{
    return compress->model->real_size == (int)sizeof(double) ? ((const double *)data)[place]
                                                             : (double)((const float *)data)[place];
}

static void set(const struct compress *compress, void *data, size_t place, double number)
{
    if (compress->model->real_size == (int)sizeof(double))
        ((double *)data)[place] = number;
    else
        ((float *)data)[place] = (float)number;
}

static void *at(const struct compress *compress, void *data, size_t place)
{
    return (char *)data + place * (size_t)compress->model->real_size;
}

/* Sums numbers over the ranks in the network's precision. */
static void sum_factors(struct compress *compress, double *numbers, size_t count)
{
    for (size_t k = 0; k < count; k++)
        set(compress, compress->wire, k, numbers[k]);
    ranks_begin_sum(compress->ranks, compress->wire, count, compress->model->real_size);
    ranks_end_sums(compress->ranks);
    for (size_t k = 0; k < count; k++)
        numbers[k] = get(compress, compress->wire, k);
}

/* ---- half precision ---- */

/* Rounds at the power of two that brings the largest number of all ranks, and any sum of theirs, within range. */
static void sum_halves(struct compress *compress, void *gradient)
{
    enum { LARGEST_EXPONENT = 14, SMALLEST = -2000 };
    uint16_t *halves = compress->wire;
    double largest = 0;
    bool finite = true;
    for (size_t k = 0; k < compress->elements; k++) {
        const double number = get(compress, gradient, k);
        finite &= isfinite(number) != 0;
        largest = fmax(largest, fabs(number));
    }
    const int own = !finite ? -SMALLEST : largest == 0 ? SMALLEST : ilogb(largest) + 1;
    const int exponent = ranks_largest(compress->ranks, own), spare = ilogb(compress->ranks->count) + 1;
    if (exponent == SMALLEST)
        return;
    if (exponent == -SMALLEST) { /* something is not finite, and is to be seen */
        ranks_begin_sum(compress->ranks, gradient, compress->elements, compress->model->real_size);
        ranks_end_sums(compress->ranks);
        return;
    }
    const int shift = LARGEST_EXPONENT - spare - exponent;
    for (size_t k = 0; k < compress->elements; k++)
        halves[k] = rnn_f16_of_float((float)ldexp(get(compress, gradient, k), shift));
    ranks_sum_halves(compress->ranks, halves, compress->elements);
    for (size_t k = 0; k < compress->elements; k++)
        set(compress, gradient, k, ldexp((double)rnn_float_of_f16(halves[k]), -shift));
}

/* ---- factors ---- */

/* Makes the columns of a factor orthonormal, by Gram and Schmidt; what depends on those before becomes 0. */
static void orthonormalise(double *p, int rows, int rank)
{
    for (int k = 0; k < rank; k++) {
        double before = 0, square = 0;
        for (int i = 0; i < rows; i++)
            before += p[(size_t)i * rank + k] * p[(size_t)i * rank + k];
        for (int other = 0; other < k; other++) {
            double product = 0;
            for (int i = 0; i < rows; i++)
                product += p[(size_t)i * rank + k] * p[(size_t)i * rank + other];
            for (int i = 0; i < rows; i++)
                p[(size_t)i * rank + k] -= product * p[(size_t)i * rank + other];
        }
        for (int i = 0; i < rows; i++)
            square += p[(size_t)i * rank + k] * p[(size_t)i * rank + k];
        const double scale = square > 1e-12 * before && square > 0 ? 1 / sqrt(square) : 0;
        for (int i = 0; i < rows; i++)
            p[(size_t)i * rank + k] *= scale;
    }
}

/* Gives the columns of Q length 1, so that P is as large as M. One that has become 0, as M had nothing left for it,
 * begins anew: it would stay 0. */
static void renew_q(struct compress *compress, const struct compress_matrix *matrix)
{
    const int rank = compress->options.rank;
    double *q = compress->q + matrix->q;
    for (int k = 0; k < rank; k++) {
        struct random random = random_start((uint64_t)matrix->q + (uint64_t)k);
        double square = 0;
        for (int j = 0; j < matrix->columns; j++)
            square += q[(size_t)j * rank + k] * q[(size_t)j * rank + k];
        for (int j = 0; j < matrix->columns; j++)
            q[(size_t)j * rank + k] = square > 0 ? q[(size_t)j * rank + k] / sqrt(square) : random_real(&random, 1);
    }
}

/* P = M Q, where M is the gradient and what was left before, which is added to it. */
static void make_p(struct compress *compress, const struct compress_matrix *matrix, void *gradient)
{
    const int rank = compress->options.rank;
    double *p = compress->p + matrix->p;
    const double *q = compress->q + matrix->q;
    memset(p, 0, (size_t)matrix->rows * (size_t)rank * sizeof *p);
    for (int i = 0; i < matrix->rows; i++)
        for (int j = 0; j < matrix->columns; j++) {
            const size_t place = matrix->offset + (size_t)i * (size_t)matrix->columns + (size_t)j;
            const double number = get(compress, gradient, place) + get(compress, compress->error, place);
            set(compress, gradient, place, number);
            for (int k = 0; k < rank; k++)
                p[(size_t)i * rank + k] += number * q[(size_t)j * rank + k];
        }
}

/* Q = M' P */
static void make_q(struct compress *compress, const struct compress_matrix *matrix, const void *gradient)
{
    const int rank = compress->options.rank;
    const double *p = compress->p + matrix->p;
    double *q = compress->q + matrix->q;
    memset(q, 0, (size_t)matrix->columns * (size_t)rank * sizeof *q);
    for (int i = 0; i < matrix->rows; i++)
        for (int j = 0; j < matrix->columns; j++) {
            const double number =
                get(compress, gradient, matrix->offset + (size_t)i * (size_t)matrix->columns + (size_t)j);
            for (int k = 0; k < rank; k++)
                q[(size_t)j * rank + k] += number * p[(size_t)i * rank + k];
        }
}

/* The gradient becomes P Q'; what this rank has of the rest is kept. */
static void multiply(struct compress *compress, const struct compress_matrix *matrix, void *gradient)
{
    const int rank = compress->options.rank;
    const double *p = compress->p + matrix->p, *q = compress->q + matrix->q;
    for (int i = 0; i < matrix->rows; i++)
        for (int j = 0; j < matrix->columns; j++) {
            const size_t place = matrix->offset + (size_t)i * (size_t)matrix->columns + (size_t)j;
            double sum = 0;
            for (int k = 0; k < rank; k++)
                sum += p[(size_t)i * rank + k] * q[(size_t)j * rank + k];
            set(compress, compress->error, place, get(compress, gradient, place) - sum / compress->ranks->count);
            set(compress, gradient, place, sum);
        }
}

/* Begins the sums of what is between the matrices. */
static void begin_rest(struct compress *compress, void *gradient)
{
    size_t begin = 0;
    for (int i = 0; i <= compress->matrix_count; i++) {
        const struct compress_matrix *matrix = &compress->matrices[i];
        const size_t end = i < compress->matrix_count ? matrix->offset : compress->elements;
        ranks_begin_sum(compress->ranks, at(compress, gradient, begin), end - begin, compress->model->real_size);
        if (i < compress->matrix_count)
            begin = end + (size_t)matrix->rows * (size_t)matrix->columns;
    }
}

static void sum_by_factors(struct compress *compress, void *gradient)
{
    begin_rest(compress, gradient);
    for (int i = 0; i < compress->matrix_count; i++) {
        renew_q(compress, &compress->matrices[i]);
        make_p(compress, &compress->matrices[i], gradient);
    }
    sum_factors(compress, compress->p, compress->p_count);
    for (int i = 0; i < compress->matrix_count; i++) {
        orthonormalise(compress->p + compress->matrices[i].p, compress->matrices[i].rows, compress->options.rank);
        make_q(compress, &compress->matrices[i], gradient);
    }
    sum_factors(compress, compress->q, compress->q_count);
    for (int i = 0; i < compress->matrix_count; i++)
        multiply(compress, &compress->matrices[i], gradient);
}

bool compress_sends_all(const struct compress *compress, uint64_t step)
{
    const struct compress_options *options = &compress->options;
    return options->kind == COMPRESS_NONE || (options->kind == COMPRESS_POWERSGD && step < (uint64_t)options->after);
}

void compress_sum(struct compress *compress, void *gradient)
{
    if (compress->options.kind == COMPRESS_F16)
        sum_halves(compress, gradient);
    else
        sum_by_factors(compress, gradient);
}

/* ---- checkpoints ---- */

void compress_settle(struct compress *compress)
{
    if (!compress->error)
        return;
    ranks_begin_sum(compress->ranks, compress->error, compress->elements, compress->model->real_size);
    ranks_end_sums(compress->ranks);
}

void compress_go_on(struct compress *compress)
{
    for (size_t k = 0; k < compress->elements && compress->error; k++)
        set(compress, compress->error, k, get(compress, compress->error, k) / compress->ranks->count);
}
