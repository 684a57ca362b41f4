/* Start values of parameters. Every number is a function of (seed, name, element) alone: a counter-based generator, the
 * finaliser of SplitMix64 (Steele, Lea, Flood 2014) on a key and a counter. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rnn/variant.h"
#include "rnn/weights.h"

enum { DOT_SUMS = 8 };

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Returns FNV-1a over the name, mixed with the seed. */
static uint64_t make_key(uint64_t seed, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return mix(hash + mix(seed + UINT64_C(0x9e3779b97f4a7c15)));
}

/* Draws a uniform number in (0, 1): one of 2^52 equally likely values in the middles of as many intervals. */
static double draw_uniform(uint64_t key, uint64_t counter)
{
    uint64_t bits = mix(key + (counter + 1) * UINT64_C(0x9e3779b97f4a7c15));
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* Draws a standard normal number from two uniform ones (Box and Muller 1958). */
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

/* Returns the dot product, by several sums that need not wait for each other. */
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

/* Orthonormalises `count` rows of n numbers by modified Gram-Schmidt, twice for each: "twice is enough" (Giraud,
 * Langou, Rozloznik 2005). The diagonal of R is positive, so that normal rows give every orthonormal set with the same
 * probability. */
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

/* A part of a tensor as one of three dimensions, of which the first counts matrices; a vector is one row. */
struct box {
    const rnn_model *model;
    const rnn_tensor *tensor;
    void *parameters;
    size_t rows, columns; /* of a whole matrix */
    size_t begin[3], length[3];
};

static struct box box_new(const rnn_model *model, void *parameters, const rnn_tensor *tensor,
                          const rnn_start_part *part)
{
    struct box box = {.model = model, .tensor = tensor, .parameters = parameters, .length = {1, 1, 1}};
    size_t whole[3] = {1, 1, 1};
    for (int i = 0; i < tensor->rank; i++) {
        int d = 3 - tensor->rank + i;
        whole[d] = (size_t)tensor->shape[i];
        box.begin[d] = part ? (size_t)part->begin[i] : 0;
        box.length[d] = part ? (size_t)part->length[i] : whole[d];
    }
    box.rows = whole[1];
    box.columns = whole[2];
    return box;
}

/* Returns the number of an element of the box within its parameter. */
static size_t box_element(const struct box *box, size_t m, size_t r, size_t c)
{
    return ((box->begin[0] + m) * box->rows + box->begin[1] + r) * box->columns + box->begin[2] + c;
}

static void box_put(const struct box *box, size_t element, double value)
{
    put_real(box->model, box->parameters, box->tensor->offset + element, value);
}

/* Makes the rows of each matrix orthonormal, or its columns if they are fewer. */
static rnn_status start_orthogonal(const struct box *box, uint64_t key)
{
    size_t rows = box->length[1], columns = box->length[2];
    bool tall = rows > columns;
    size_t count = tall ? columns : rows, n = tall ? rows : columns;
    double *work = calloc(rows * columns, sizeof *work);
    if (!work)
        return RNN_ERROR_MEMORY;
    for (size_t m = 0; m < box->length[0]; m++) {
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                work[tall ? c * n + r : r * n + c] = draw_normal(key, box_element(box, m, r, c));
        orthonormalise(work, count, n);
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                box_put(box, box_element(box, m, r, c), work[tall ? c * n + r : r * n + c]);
    }
    free(work);
    return RNN_OK;
}

static double draw(rnn_start start, double number, uint64_t key, size_t element, bool diagonal)
{
    switch (start) {
    case RNN_START_CONSTANT:
    case RNN_START_ORTHOGONAL:
        break;
    case RNN_START_NORMAL:
        return number * draw_normal(key, element);
    case RNN_START_UNIFORM:
        return number * (2 * draw_uniform(key, element) - 1);
    case RNN_START_IDENTITY:
        return diagonal ? number : 0;
    }
    return number;
}

static rnn_status start_box(const struct box *box, rnn_start start, double number, uint64_t key)
{
    if (start == RNN_START_ORTHOGONAL)
        return start_orthogonal(box, key);
    for (size_t m = 0; m < box->length[0]; m++)
        for (size_t r = 0; r < box->length[1]; r++)
            for (size_t c = 0; c < box->length[2]; c++) {
                size_t element = box_element(box, m, r, c);
                box_put(box, element, draw(start, number, key, element, r == c));
            }
    return RNN_OK;
}

static rnn_status start_tensor(const rnn_model *model, void *parameters, const rnn_tensor *tensor, uint64_t key)
{
    struct box whole = box_new(model, parameters, tensor, NULL);
    rnn_status status = start_box(&whole, tensor->start, tensor->start_number, key);
    for (int i = 0; !status && i < tensor->part_count; i++) {
        struct box part = box_new(model, parameters, tensor, &tensor->parts[i]);
        status = start_box(&part, tensor->parts[i].start, tensor->parts[i].number, key);
    }
    return status;
}

rnn_status rnn_parameters_init(const rnn_model *model, void *parameters, uint64_t seed)
{
    if (!model || !parameters)
        return RNN_ERROR_ARGUMENT;
    rnn_status status = RNN_OK;
    for (int i = 0; !status && i < model->parameter_count; i++)
        status = start_tensor(model, parameters, &model->parameters[i], make_key(seed, model->parameters[i].name));
    if (!status && model->variants)
        model->variants->set_present(model, parameters, UINT32_MAX);
    return status;
}
