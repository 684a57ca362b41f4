#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "low_rank/lapack.h"
#include "low_rank/low_rank.h"

bool spectrum_of(struct arena *arena, const struct lapack *lapack, const double *w, int rows, int columns,
                 struct spectrum *spectrum, const char **error)
{
    const int count = rows < columns ? rows : columns;
    const size_t size = (size_t)rows * (size_t)columns;
    double *a = ARENA_ARRAY(arena, double, size), *singular = ARENA_ARRAY(arena, double, count);
    double *u = ARENA_ARRAY(arena, double, (size_t)rows *(size_t)count);
    double *vt = ARENA_ARRAY(arena, double, (size_t)count *(size_t)columns);
    memcpy(a, w, size * sizeof *a);
    if (!lapack_svd(lapack, rows, columns, a, singular, u, vt)) {
        *error = "the singular value decomposition does not converge";
        return false;
    }
    *spectrum = (struct spectrum){rows, columns, count, singular, u, vt, 0};
    for (int i = 0; i < count; i++)
        spectrum->energy += singular[i] * singular[i];
    return true;
}

double spectrum_kept(const struct spectrum *spectrum, int rank)
{
    double kept = 0;
    for (int i = 0; i < rank; i++)
        kept += spectrum->singular[i] * spectrum->singular[i];
    return spectrum->energy > 0 ? kept / spectrum->energy : 1;
}

double spectrum_stable_rank(const struct spectrum *spectrum)
{
    const double largest = spectrum->singular[0];
    return largest > 0 ? spectrum->energy / (largest * largest) : 0;
}

void spectrum_factors(const struct spectrum *spectrum, int rank, double *a, double *b)
{
    for (int q = 0; q < rank; q++) {
        const double root = sqrt(spectrum->singular[q]);
        for (int i = 0; i < spectrum->rows; i++)
            a[(size_t)i * (size_t)rank + (size_t)q] =
                root * spectrum->u[(size_t)i * (size_t)spectrum->count + (size_t)q];
        for (int j = 0; j < spectrum->columns; j++)
            b[(size_t)q * (size_t)spectrum->columns + (size_t)j] =
                root * spectrum->vt[(size_t)q * (size_t)spectrum->columns + (size_t)j];
    }
}
