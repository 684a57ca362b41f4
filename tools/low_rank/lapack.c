#include "low_rank/lapack.h"

#include <dlfcn.h>
#include <stddef.h>

#include "command/stop.h"

/* Numbers of LAPACKE's and CBLAS's interface (https://netlib.org/lapack/lapacke.html, https://netlib.org/blas). */
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

/* Finds a function in the library or in those that it needs. */
static bool find(void *library, const char *name, void *function)
{
    *(void **)function = dlsym(library, name);
    return *(void **)function != NULL;
}

bool lapack_open(struct lapack *lapack, const char **error)
{
    const sigset_t before = stop_hold_signals(); /* OpenBLAS starts threads now, which are not to take signals */
    void *library = dlopen("liblapacke.so.3", RTLD_NOW | RTLD_LOCAL);
    stop_restore_signals(&before);
    if (library && find(library, "LAPACKE_dgesdd", &lapack->dgesdd) && find(library, "LAPACKE_dposv", &lapack->dposv) &&
        find(library, "cblas_dgemm", &lapack->dgemm))
        return true;
    *error =
        "factors are computed by LAPACK, which is not here: apt-get install liblapacke (and libopenblas0, which is "
        "faster), or what your system calls it";
    return false;
}

static int least(int a, int b) { return a < b ? a : b; }

bool lapack_svd(const struct lapack *lapack, int rows, int columns, double *a, double *singular, double *u, double *vt)
{
    const int count = least(rows, columns);
    return lapack->dgesdd(ROW_MAJOR, 'S', rows, columns, a, columns, singular, u, count, vt, columns) == 0;
}

bool lapack_solve(const struct lapack *lapack, int n, double *a, int count, double *b)
{
    return lapack->dposv(ROW_MAJOR, 'U', n, count, a, n, b, count) == 0;
}

void lapack_product(const struct lapack *lapack, int m, int n, int k, const double *a, bool transpose_a,
                    const double *b, bool transpose_b, double add, double *c)
{
    lapack->dgemm(ROW_MAJOR, transpose_a ? TRANSPOSE : NO_TRANSPOSE, transpose_b ? TRANSPOSE : NO_TRANSPOSE, m, n, k, 1,
                  a, transpose_a ? m : k, b, transpose_b ? k : n, add, c, n);
}
