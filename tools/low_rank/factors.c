#include <math.h>

#include "base/arena.h"
#include "low_rank/factoring.h"

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
                                .data = data,
                                .elements = count};
    if (factor->dtype == RNN_DTYPE_F64)
        return;
    float *rounded = ARENA_ARRAY(arena, float, count);
    for (size_t i = 0; i < count; i++)
        rounded[i] = (float)data[i];
    factor->data = rounded;
}

static void make_svd(struct arena *arena, struct matrix *matrix)
{
    const int rows = matrix->spectrum.rows, columns = matrix->spectrum.columns, rank = matrix->rank;
    double *a = ARENA_ARRAY(arena, double, (size_t)rows *(size_t)rank);
    double *b = ARENA_ARRAY(arena, double, (size_t)rank *(size_t)columns);
    spectrum_factors(&matrix->spectrum, rank, a, b);
    add_factor(arena, matrix, rows, rank, a);
    add_factor(arena, matrix, rank, columns, b);
    matrix->error = sqrt(fmax(0, 1 - spectrum_kept(&matrix->spectrum, rank)));
}

static bool make_cp(struct arena *arena, struct matrix *matrix, uint64_t seed, const char **error)
{
    const int *dim = matrix->value->shape.dim, rank = matrix->rank;
    struct polyadic *polyadic = &matrix->polyadic;
    if (!polyadic_of(arena, matrix->data, dim[0], dim[1], dim[2], rank, seed, polyadic, error))
        return false;
    add_factor(arena, matrix, dim[0], rank, polyadic->a);
    add_factor(arena, matrix, dim[1], rank, polyadic->b);
    add_factor(arena, matrix, dim[2], rank, polyadic->c);
    matrix->error = 1 - polyadic->fit;
    return true;
}

bool compute_factors(struct factoring *factoring, const char **error)
{
    struct arena *arena = factoring->arena;
    for (int i = 0; i < factoring->matrix_count; i++) {
        struct matrix *matrix = &factoring->matrices[i];
        const int *dim = matrix->value->shape.dim;
        matrix->factor_count = 0;
        bool done = matrix->value->shape.rank != 2 || matrix->spectrum.count ||
                    spectrum_of(arena, matrix->data, dim[0], dim[1], &matrix->spectrum, error);
        if (done && matrix->form == FORM_SVD)
            make_svd(arena, matrix);
        if (done && matrix->form == FORM_CP)
            done = make_cp(arena, matrix, factoring->seed, error);
        if (!done) {
            *error = arena_printf(arena, "'%s': %s", matrix->value->name, *error);
            return false;
        }
    }
    return true;
}
