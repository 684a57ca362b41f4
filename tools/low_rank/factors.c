#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "low_rank/factoring.h"
#include "network/storage.h"

/* Adds a factor to those that the new weights file has, as double where the weights are, else as float. */
static void add_factor(struct arena *arena, struct matrix *matrix, int rows, int columns, const double *data)
{
    const size_t count = (size_t)rows * (size_t)columns;
    const char letter = (char)('A' + matrix->factor_count);
    rnn_file_tensor *factor = &matrix->factors[matrix->factor_count++];
    *factor = (rnn_file_tensor){.name = arena_printf(arena, "%s.%c", matrix->value->name, letter),
                                .dtype = matrix->weights->dtype == RNN_DTYPE_F64 ? RNN_DTYPE_F64 : RNN_DTYPE_F32,
                                .rank = 2,
                                .shape = {rows, columns},
                                .elements = count};
    if (factor->dtype == RNN_DTYPE_F64) {
        double *copy = ARENA_ARRAY(arena, double, count);
        factor->data = memcpy(copy, data, count * sizeof *copy);
        return;
    }
    float *rounded = ARENA_ARRAY(arena, float, count);
    for (size_t i = 0; i < count; i++)
        rounded[i] = (float)data[i];
    factor->data = rounded;
}

/* A factor of a parameter: numbers[rows, columns]. */
struct factor {
    int rows, columns;
    double *numbers;
};

static struct factor factor_new(struct arena *arena, int rows, int columns)
{
    return (struct factor){rows, columns, ARENA_ARRAY(arena, double, (size_t)rows *(size_t)columns)};
}

static void decompose_svd(struct arena *arena, const struct matrix *matrix, struct factor factors[3])
{
    factors[0] = factor_new(arena, matrix->spectrum.rows, matrix->choice.rank);
    factors[1] = factor_new(arena, matrix->choice.rank, matrix->spectrum.columns);
    spectrum_factors(&matrix->spectrum, matrix->choice.rank, factors[0].numbers, factors[1].numbers);
}

static bool decompose_cp(const struct factoring *factoring, struct arena *arena, const struct matrix *matrix,
                         struct factor factors[3], const char **error)
{
    const int *dim = matrix->value->shape.dim, rank = matrix->choice.rank;
    struct polyadic polyadic;
    if (!polyadic_of(arena, &factoring->lapack, matrix->data, dim[0], dim[1], dim[2], rank, factoring->seed, &polyadic,
                     error))
        return false;
    double *const numbers[] = {polyadic.a, polyadic.b, polyadic.c};
    for (int i = 0; i < 3; i++)
        factors[i] = (struct factor){dim[i], rank, numbers[i]};
    return true;
}

/* Returns how many factors a parameter has, -1 with *error where they cannot be found. */
static int decompose(const struct factoring *factoring, struct arena *arena, const struct matrix *matrix,
                     struct factor factors[3], const char **error)
{
    switch (matrix->choice.form) {
    case FORM_DENSE:
        break;
    case FORM_SVD:
        decompose_svd(arena, matrix, factors);
        return 2;
    case FORM_CP:
        return decompose_cp(factoring, arena, matrix, factors, error) ? 3 : -1;
    }
    return 0;
}

/* ---- what is kept ---- */

static void multiply_cp(const struct lapack *lapack, struct arena *scratch, const struct factor factors[3],
                        double *product)
{
    const struct factor *a = &factors[0], *b = &factors[1], *c = &factors[2];
    const size_t rank = (size_t)b->columns;
    double *scaled = ARENA_ARRAY(scratch, double, (size_t)b->rows *rank);
    for (int slice = 0; slice < a->rows; slice++) {
        for (size_t i = 0; i < (size_t)b->rows * rank; i++)
            scaled[i] = b->numbers[i] * a->numbers[(size_t)slice * rank + i % rank];
        lapack_product(lapack, b->rows, c->rows, b->columns, scaled, false, c->numbers, true, 0,
                       product + (size_t)slice * (size_t)b->rows * (size_t)c->rows);
    }
}

/* Multiplies the factors, each rounded to its storage; without factors, rounds the parameter. */
static bool multiply(const struct factoring *factoring, struct arena *scratch, const struct matrix *matrix,
                     struct factor factors[3], int count, double *product)
{
    const struct shape *shape = &matrix->value->shape;
    const long size = matrix_size(matrix), columns = shape->dim[shape->rank - 1];
    const enum precision storage = matrix->choice.storage;
    bool fine = true;
    for (int i = 0; i < count; i++)
        fine &= storage_round(factors[i].numbers, factors[i].rows, factors[i].columns, storage);
    if (count == 0) {
        memcpy(product, matrix->data, (size_t)size * sizeof *product);
        return storage_round(product, size / columns, columns, storage);
    }
    if (count == 2)
        lapack_product(&factoring->lapack, factors[0].rows, factors[1].columns, factors[1].rows, factors[0].numbers,
                       false, factors[1].numbers, false, 0, product);
    else
        multiply_cp(&factoring->lapack, scratch, factors, product);
    return fine;
}

static bool refuse_int8(const struct factoring *factoring, const struct matrix *matrix, const char **error)
{
    *error = arena_printf(factoring->arena, "'%s' has numbers that are too large for int8: give it another storage",
                          matrix->value->name);
    return false;
}

bool keep_matrix(const struct factoring *factoring, const struct matrix *matrix, double *product, const char **error)
{
    struct arena *scratch = arena_new();
    struct factor factors[3];
    const int count = decompose(factoring, scratch, matrix, factors, error);
    if (count >= 0)
        (void)multiply(factoring, scratch, matrix, factors, count, product); /* whoever judges it will find NaN */
    arena_free(scratch);
    return count >= 0;
}

/* Returns |W - product| / |W|. */
static double find_error(const struct matrix *matrix, const double *product)
{
    double missing = 0, all = 0;
    for (long i = 0; i < matrix_size(matrix); i++) {
        missing += (matrix->data[i] - product[i]) * (matrix->data[i] - product[i]);
        all += matrix->data[i] * matrix->data[i];
    }
    return all > 0 ? sqrt(missing / all) : 0;
}

static bool compute_matrix(struct factoring *factoring, struct matrix *matrix, const char **error)
{
    struct arena *scratch = arena_new();
    struct factor factors[3];
    double *product = ARENA_ARRAY(scratch, double, matrix_size(matrix));
    matrix->factor_count = 0;
    const int count = decompose(factoring, scratch, matrix, factors, error);
    for (int i = 0; i < count; i++)
        add_factor(factoring->arena, matrix, factors[i].rows, factors[i].columns, factors[i].numbers);
    bool done = count >= 0;
    if (done && !multiply(factoring, scratch, matrix, factors, count, product))
        done = refuse_int8(factoring, matrix, error);
    matrix->error = done ? find_error(matrix, product) : 0;
    arena_free(scratch);
    return done;
}

bool compute_spectra(struct factoring *factoring, const char **error)
{
    bool done = true;
    for (int i = 0; done && i < factoring->matrix_count; i++) {
        struct matrix *matrix = &factoring->matrices[i];
        const int *dim = matrix->value->shape.dim;
        if (matrix->value->shape.rank == 2 && !matrix->spectrum.count)
            done = spectrum_of(factoring->arena, &factoring->lapack, matrix->data, dim[0], dim[1], &matrix->spectrum,
                               error);
        if (!done)
            *error = arena_printf(factoring->arena, "'%s': %s", matrix->value->name, *error);
    }
    return done;
}

bool compute_factors(struct factoring *factoring, const char **error)
{
    bool done = compute_spectra(factoring, error);
    for (int i = 0; done && i < factoring->matrix_count; i++) {
        factoring->matrices[i].factor_count = 0;
        factoring->matrices[i].error = 0;
        if (!choice_is_none(&factoring->matrices[i].choice))
            done = compute_matrix(factoring, &factoring->matrices[i], error);
    }
    return done;
}
