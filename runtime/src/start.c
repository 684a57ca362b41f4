/* Start values of parameters. Every number is a function of (seed, name, element) alone: a counter-based generator, the
 * finaliser of SplitMix64 (Steele, Lea, Flood 2014) on a key and a counter. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rnn/weights.h"

enum { DOT_SUMS = 8 };

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* FNV-1a over the name, then mixed with the seed. */
static uint64_t make_key(uint64_t seed, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return mix(hash + mix(seed + UINT64_C(0x9e3779b97f4a7c15)));
}

/* Uniform in (0, 1), of 2^52 equally likely values in the middles of as many intervals. */
static double draw_uniform(uint64_t key, uint64_t counter)
{
    uint64_t bits = mix(key + (counter + 1) * UINT64_C(0x9e3779b97f4a7c15));
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* Box and Muller 1958: two uniform numbers make one standard normal one. */
static double draw_normal(uint64_t key, uint64_t element)
{
    double radius = sqrt(-2 * log(draw_uniform(key, 2 * element)));
    return radius * cos(6.28318530717958647693 * draw_uniform(key, 2 * element + 1));
}

static void put_real(const rnn_model *model, void *parameters, size_t at, double value)
{
    if (model->real_size == (int)sizeof(double))
        ((double *)parameters)[at] = value;
    else
        ((float *)parameters)[at] = (float)value;
}

/* ---- orthonormal vectors ---- */

/* Several sums, so that they need not wait for each other. */
static double dot(const double *a, const double *b, size_t n)
{
    double sums[DOT_SUMS] = {0}, sum = 0;
    size_t i = 0;
    for (; i + DOT_SUMS <= n; i += DOT_SUMS)
        for (size_t k = 0; k < DOT_SUMS; k++)
            sums[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (size_t k = 0; k < DOT_SUMS; k++)
        sum += sums[k];
    return sum;
}

/* Modified Gram-Schmidt on `count` rows of n numbers, twice for each: "twice is enough" (Giraud, Langou, Rozloznik
 * 2005). The diagonal of R is positive, so that normal rows give every orthonormal set with the same probability. */
static void orthonormalise(double *rows, size_t count, size_t n)
{
    for (size_t j = 0; j < count; j++) {
        double *row = rows + j * n;
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < j; k++) {
                const double *other = rows + k * n;
                double along = dot(row, other, n);
                for (size_t i = 0; i < n; i++)
                    row[i] -= along * other[i];
            }
        double scale = 1 / sqrt(dot(row, row, n));
        for (size_t i = 0; i < n; i++)
            row[i] *= scale;
    }
}

/* One matrix, whose first element is number `first` of its parameter: its rows become orthonormal, or its columns where
 * those are fewer. `work` has room for the matrix. */
static void start_orthogonal(const rnn_model *model, void *parameters, const rnn_tensor *tensor, uint64_t key,
                             size_t first, size_t rows, size_t columns, double *work)
{
    bool tall = rows > columns;
    size_t count = tall ? columns : rows, n = tall ? rows : columns;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            work[tall ? c * n + r : r * n + c] = draw_normal(key, first + r * columns + c);
    orthonormalise(work, count, n);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            put_real(model, parameters, tensor->offset + first + r * columns + c, work[tall ? c * n + r : r * n + c]);
}

/* A vector is one row; of three dimensions the first counts matrices. */
static rnn_status start_matrices(const rnn_model *model, void *parameters, const rnn_tensor *tensor, uint64_t key)
{
    size_t matrices = tensor->rank > 2 ? (size_t)tensor->shape[0] : 1;
    size_t rows = tensor->rank > 1 ? (size_t)tensor->shape[tensor->rank - 2] : 1;
    size_t columns = tensor->rank > 0 ? (size_t)tensor->shape[tensor->rank - 1] : 1;
    double *work = calloc(rows * columns, sizeof *work);
    if (!work)
        return RNN_ERROR_MEMORY;
    for (size_t m = 0; m < matrices; m++)
        start_orthogonal(model, parameters, tensor, key, m * rows * columns, rows, columns, work);
    free(work);
    return RNN_OK;
}

static rnn_status start_tensor(const rnn_model *model, void *parameters, const rnn_tensor *tensor, uint64_t key)
{
    size_t elements = 1;
    for (int i = 0; i < tensor->rank; i++)
        elements *= (size_t)tensor->shape[i];
    double number = tensor->start_number;
    switch (tensor->start) {
    case RNN_START_CONSTANT:
        for (size_t i = 0; i < elements; i++)
            put_real(model, parameters, tensor->offset + i, number);
        return RNN_OK;
    case RNN_START_NORMAL:
        for (size_t i = 0; i < elements; i++)
            put_real(model, parameters, tensor->offset + i, number * draw_normal(key, i));
        return RNN_OK;
    case RNN_START_UNIFORM:
        for (size_t i = 0; i < elements; i++)
            put_real(model, parameters, tensor->offset + i, number * (2 * draw_uniform(key, i) - 1));
        return RNN_OK;
    case RNN_START_ORTHOGONAL:
        return start_matrices(model, parameters, tensor, key);
    }
    return RNN_ERROR_ARGUMENT;
}

rnn_status rnn_parameters_init(const rnn_model *model, void *parameters, uint64_t seed)
{
    if (!model || !parameters)
        return RNN_ERROR_ARGUMENT;
    rnn_status status = RNN_OK;
    for (int i = 0; !status && i < model->parameter_count; i++)
        status = start_tensor(model, parameters, &model->parameters[i], make_key(seed, model->parameters[i].name));
    return status;
}
