#include "ranks/factors.h"

#include <math.h>
#include <string.h>

#include "base/random.h"

/* ---- rows and columns ---- */

/* The product of two columns, in several sums at once, which vectors compute. */
static double product(const double *a, const double *b, int count)
{
    enum { LANES = 8 };
    double sums[LANES] = {0}, sum = 0;
    int i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sums[lane] += a[i + lane] * b[i + lane];
    for (; i < count; i++)
        sum += a[i] * b[i];
    for (int lane = 0; lane < LANES; lane++)
        sum += sums[lane];
    return sum;
}

/* to += factor * column */
static void add(double *restrict to, double factor, const double *restrict column, int count)
{
    for (int i = 0; i < count; i++)
        to[i] += factor * column[i];
}

static void read_row(const struct factors *factors, const void *matrix, int row, double *restrict numbers)
{
    const size_t place = (size_t)row * (size_t)factors->columns;
    if (factors->in_double) {
        memcpy(numbers, (const double *)matrix + place, (size_t)factors->columns * sizeof *numbers);
        return;
    }
    const float *from = (const float *)matrix + place;
    for (int j = 0; j < factors->columns; j++)
        numbers[j] = (double)from[j];
}

static void write_row(const struct factors *factors, void *matrix, int row, const double *restrict numbers)
{
    const size_t place = (size_t)row * (size_t)factors->columns;
    if (factors->in_double) {
        memcpy((double *)matrix + place, numbers, (size_t)factors->columns * sizeof *numbers);
        return;
    }
    float *to = (float *)matrix + place;
    for (int j = 0; j < factors->columns; j++)
        to[j] = (float)numbers[j];
}

static double *p_column(const struct factors *factors, int k) { return factors->p + (size_t)k * (size_t)factors->rows; }

static double *q_column(const struct factors *factors, int k)
{
    return factors->q + (size_t)k * (size_t)factors->columns;
}

/* ---- the steps ---- */

void factors_renew_q(struct factors *factors, uint64_t seed)
{
    for (int k = 0; k < factors->rank; k++) {
        struct random random = random_start(seed + (uint64_t)k);
        double *q = q_column(factors, k);
        const double square = product(q, q, factors->columns);
        for (int j = 0; j < factors->columns; j++)
            q[j] = square > 0 ? q[j] / sqrt(square) : random_real(&random, 1);
    }
}

void factors_make_p(struct factors *factors)
{
    double *row = factors->scratch, *left = row + factors->columns;
    for (int i = 0; i < factors->rows; i++) {
        read_row(factors, factors->gradient, i, row);
        read_row(factors, factors->error, i, left);
        add(row, 1, left, factors->columns);
        write_row(factors, factors->gradient, i, row);
        for (int k = 0; k < factors->rank; k++)
            p_column(factors, k)[i] = product(row, q_column(factors, k), factors->columns);
    }
}

void factors_orthonormalise(struct factors *factors)
{
    const int rows = factors->rows;
    for (int k = 0; k < factors->rank; k++) {
        double *p = p_column(factors, k);
        const double before = product(p, p, rows);
        for (int other = 0; other < k; other++)
            add(p, -product(p, p_column(factors, other), rows), p_column(factors, other), rows);
        const double square = product(p, p, rows);
        const double scale = square > 1e-12 * before && square > 0 ? 1 / sqrt(square) : 0;
        for (int i = 0; i < rows; i++)
            p[i] *= scale;
    }
}

void factors_make_q(struct factors *factors)
{
    double *row = factors->scratch;
    memset(factors->q, 0, (size_t)factors->columns * (size_t)factors->rank * sizeof *factors->q);
    for (int i = 0; i < factors->rows; i++) {
        read_row(factors, factors->gradient, i, row);
        for (int k = 0; k < factors->rank; k++)
            add(q_column(factors, k), p_column(factors, k)[i], row, factors->columns);
    }
}

void factors_multiply(struct factors *factors, int ranks)
{
    double *row = factors->scratch, *left = row + factors->columns;
    for (int i = 0; i < factors->rows; i++) {
        memset(row, 0, (size_t)factors->columns * sizeof *row);
        for (int k = 0; k < factors->rank; k++)
            add(row, p_column(factors, k)[i], q_column(factors, k), factors->columns);
        read_row(factors, factors->gradient, i, left);
        add(left, -1.0 / ranks, row, factors->columns);
        write_row(factors, factors->error, i, left);
        write_row(factors, factors->gradient, i, row);
    }
}
