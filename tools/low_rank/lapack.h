/* The linear algebra of `rnn factor`: LAPACK and BLAS, opened when they are needed, so that nothing else waits for them
 * or has to be linked with them. Matrices are row-major. */
#ifndef RNN_TOOLS_LAPACK_H
#define RNN_TOOLS_LAPACK_H

#include <stdbool.h>

/* Their functions, once they are open. */
struct lapack {
    int (*dgesdd)(int layout, char job, int m, int n, double *a, int lda, double *s, double *u, int ldu, double *vt,
                  int ldvt);
    int (*dposv)(int layout, char half, int n, int count, double *a, int lda, double *b, int ldb);
    void (*dgemm)(int layout, int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a,
                  int lda, const double *b, int ldb, double beta, double *c, int ldc);
};

/* Opens the libraries. False, with a sentence on what to install, if they are missing. */
bool lapack_open(struct lapack *lapack, const char **error);

/* a[rows, columns] = u diag(singular) vt, the singular values in descending order: u[rows, least], singular[least],
 * vt[least, columns], least = min(rows, columns). Destroys a. False if it does not converge. */
bool lapack_svd(const struct lapack *lapack, int rows, int columns, double *a, double *singular, double *u, double *vt);

/* b[n, count] becomes the solution x of a x = b; a[n, n] is symmetric and positive definite, or it is false. Destroys
 * a. */
bool lapack_solve(const struct lapack *lapack, int n, double *a, int count, double *b);

/* c[m, n] = a b + add * c, where a[m, k] and b[k, n] are the transposes of what is given if it is said so. */
void lapack_product(const struct lapack *lapack, int m, int n, int k, const double *a, bool transpose_a,
                    const double *b, bool transpose_b, double add, double *c);

#endif
