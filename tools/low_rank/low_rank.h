/* Low-rank factors of trained weights.
 *
 *   svd   W = A B, A[n, r] = U sqrt(S), B[r, m] = sqrt(S) V': the nearest matrix of rank r (Eckart, Young 1936,
 *         "The approximation of one matrix by another of lower rank"); the square root on both sides keeps gradients of
 *         both factors alike
 *   cp    Z[i] = B diag(A[i]) C', A[k, r], B[n, r], C[m, r]: by alternating least squares (Kolda, Bader 2009, "Tensor
 *         Decompositions and Applications", section 3.4) from several starts, the best of which counts; one start is
 *         the svd of each slice, with r / k of the rank for each, so that it is never worse than that */
#ifndef RNN_TOOLS_LOW_RANK_H
#define RNN_TOOLS_LOW_RANK_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct lapack;

struct spectrum {
    int rows, columns;
    int count;              /* the smaller of both */
    const double *singular; /* [count], descending */
    const double *u, *vt;   /* [rows, count], [count, columns] */
    double energy;          /* the sum of their squares */
};

/* Decomposes w[rows, columns]. */
bool spectrum_of(struct arena *arena, const struct lapack *lapack, const double *w, int rows, int columns,
                 struct spectrum *spectrum, const char **error);

/* The part of the energy that the first `rank` singular values hold; energy / largest^2, the stable rank; and the rank
 * of factors that follows from it (ranks.c). */
double spectrum_kept(const struct spectrum *spectrum, int rank);
double spectrum_stable_rank(const struct spectrum *spectrum);
int spectrum_rank(const struct spectrum *spectrum);

/* Sets a[rows, rank] and b[rank, columns]. */
void spectrum_factors(const struct spectrum *spectrum, int rank, double *a, double *b);

struct polyadic {
    int slices, rows, columns, rank;
    double *a, *b, *c; /* [slices, rank], [rows, rank], [columns, rank] */
    double fit;        /* 1 - |Z - its product| / |Z| */
};

/* Decomposes z[slices, rows, columns]. `seed` draws the starts. */
bool polyadic_of(struct arena *arena, const struct lapack *lapack, const double *z, int slices, int rows, int columns,
                 int rank, uint64_t seed, struct polyadic *polyadic, const char **error);

#endif
