/* Alternating least squares: with two factors held, the third is the solution of normal equations, whose matrix is the
 * elementwise product of the others' Gram matrices. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "low_rank/lapack.h"
#include "low_rank/low_rank.h"

enum { RANDOM_STARTS = 3, SWEEPS = 60, LAST_SWEEPS = 400 };

/* A search from one start, and room for it. */
struct search {
    const struct lapack *lapack;
    const double *z;
    double energy; /* |z|^2 */
    struct polyadic *to;
    double *gram[3];  /* [rank, rank] of a, b, c */
    double *matrix;   /* [rank, rank] of the normal equations */
    double *right;    /* [rank, the largest dimension] */
    double *products; /* [slices, rows, rank]: z[i] c */
    double *back;     /* [columns, rank]: z[i]' b */
};

static size_t length(int a, int b) { return (size_t)a * (size_t)b; }

static const double *slice_of(const struct search *search, int i)
{
    return search->z + (size_t)i * length(search->to->rows, search->to->columns);
}

static void take_gram(const struct search *search, const double *factor, int count, double *gram)
{
    const int rank = search->to->rank;
    lapack_product(search->lapack, rank, rank, count, factor, true, factor, false, 0, gram);
}

/* factor[count, rank] becomes the solution of factor * matrix = right', right[rank, count]. A matrix that is singular,
 * as with columns that are alike, gets a little on its diagonal. */
static bool solve(const struct search *search, const double *one, const double *other, int count, double *factor)
{
    const int rank = search->to->rank;
    double trace = 0;
    for (int q = 0; q < rank; q++)
        trace += one[length(q, rank + 1)] * other[length(q, rank + 1)];
    for (size_t i = 0; i < length(rank, rank); i++)
        search->matrix[i] = one[i] * other[i];
    for (int q = 0; q < rank; q++)
        search->matrix[length(q, rank + 1)] += 1e-12 * trace / rank + 1e-300;
    if (!lapack_solve(search->lapack, rank, search->matrix, count, search->right))
        return false;
    for (int i = 0; i < count; i++)
        for (int q = 0; q < rank; q++)
            factor[length(i, rank) + (size_t)q] = search->right[length(q, count) + (size_t)i];
    return true;
}

static bool update_a(const struct search *search)
{
    const struct polyadic *to = search->to;
    for (int i = 0; i < to->slices; i++)
        for (int q = 0; q < to->rank; q++) {
            const double *product = search->products + length(i, to->rows) * (size_t)to->rank + q;
            double sum = 0;
            for (int row = 0; row < to->rows; row++)
                sum += product[length(row, to->rank)] * to->b[length(row, to->rank) + (size_t)q];
            search->right[length(q, to->slices) + (size_t)i] = sum;
        }
    if (!solve(search, search->gram[1], search->gram[2], to->slices, to->a))
        return false;
    take_gram(search, to->a, to->slices, search->gram[0]);
    return true;
}

static bool update_b(const struct search *search)
{
    const struct polyadic *to = search->to;
    for (int row = 0; row < to->rows; row++)
        for (int q = 0; q < to->rank; q++) {
            double sum = 0;
            for (int i = 0; i < to->slices; i++)
                sum += to->a[length(i, to->rank) + (size_t)q] *
                       search->products[(length(i, to->rows) + (size_t)row) * (size_t)to->rank + (size_t)q];
            search->right[length(q, to->rows) + (size_t)row] = sum;
        }
    if (!solve(search, search->gram[0], search->gram[2], to->rows, to->b))
        return false;
    take_gram(search, to->b, to->rows, search->gram[1]);
    return true;
}

/* right = the sum of z[i]' b diag(a[i]), transposed. */
static void gather_c(const struct search *search)
{
    const struct polyadic *to = search->to;
    memset(search->right, 0, length(to->rank, to->columns) * sizeof *search->right);
    for (int i = 0; i < to->slices; i++) {
        lapack_product(search->lapack, to->columns, to->rank, to->rows, slice_of(search, i), true, to->b, false, 0,
                       search->back);
        for (int column = 0; column < to->columns; column++)
            for (int q = 0; q < to->rank; q++)
                search->right[length(q, to->columns) + (size_t)column] +=
                    to->a[length(i, to->rank) + (size_t)q] * search->back[length(column, to->rank) + (size_t)q];
    }
}

/* One round of updates; sets the fit. |Z - P|^2 = |Z|^2 - 2 <Z, P> + |P|^2. */
static bool sweep(const struct search *search)
{
    struct polyadic *to = search->to;
    for (int i = 0; i < to->slices; i++)
        lapack_product(search->lapack, to->rows, to->rank, to->columns, slice_of(search, i), false, to->c, false, 0,
                       search->products + length(i, to->rows) * (size_t)to->rank);
    if (!update_a(search) || !update_b(search))
        return false;
    gather_c(search);
    const size_t size = length(to->rank, to->columns);
    const double *const right = memcpy(search->products, search->right, size * sizeof *right); /* solved in place */
    if (!solve(search, search->gram[0], search->gram[1], to->columns, to->c))
        return false;
    take_gram(search, to->c, to->columns, search->gram[2]);
    double mixed = 0, own = 0;
    for (int q = 0; q < to->rank; q++)
        for (int column = 0; column < to->columns; column++)
            mixed += right[length(q, to->columns) + (size_t)column] * to->c[length(column, to->rank) + (size_t)q];
    for (size_t i = 0; i < length(to->rank, to->rank); i++)
        own += search->gram[0][i] * search->gram[1][i] * search->gram[2][i];
    const double rest = fmax(search->energy - 2 * mixed + own, 0);
    to->fit = search->energy > 0 ? 1 - sqrt(rest / search->energy) : 1;
    return isfinite(to->fit);
}

/* Sweeps until the fit stays as it is. */
static bool descend(const struct search *search, int sweeps)
{
    double before = -1;
    take_gram(search, search->to->b, search->to->rows, search->gram[1]);
    take_gram(search, search->to->c, search->to->columns, search->gram[2]);
    for (int i = 0; i < sweeps; i++) {
        if (!sweep(search))
            return false;
        if (search->to->fit - before < 1e-9)
            return true;
        before = search->to->fit;
    }
    return true;
}

/* ---- starts ---- */

static void start_random(const struct polyadic *to, uint64_t seed)
{
    struct random random = random_start(seed);
    double *const factors[] = {to->a, to->b, to->c};
    const int counts[] = {to->slices, to->rows, to->columns};
    for (int f = 0; f < 3; f++)
        for (size_t i = 0; i < length(counts[f], to->rank); i++)
            factors[f][i] = random_real(&random, 1);
}

/* The svd of each slice: its columns are columns of b and c, and of a a 1 in the row of the slice. */
static bool start_from_slices(struct arena *arena, const struct search *search, const char **error)
{
    const struct polyadic *to = search->to;
    memset(to->a, 0, length(to->slices, to->rank) * sizeof *to->a);
    for (int i = 0, first = 0; i < to->slices; i++) {
        struct spectrum spectrum;
        const int rank = to->rank / to->slices + (i < to->rank % to->slices);
        if (!spectrum_of(arena, search->lapack, slice_of(search, i), to->rows, to->columns, &spectrum, error))
            return false;
        for (int q = 0; q < rank; q++, first++) {
            const double root = q < spectrum.count ? sqrt(spectrum.singular[q]) : 0;
            const int from = q < spectrum.count ? q : 0;
            to->a[length(i, to->rank) + (size_t)first] = 1;
            for (int row = 0; row < to->rows; row++)
                to->b[length(row, to->rank) + (size_t)first] =
                    root * spectrum.u[length(row, spectrum.count) + (size_t)from];
            for (int column = 0; column < to->columns; column++)
                to->c[length(column, to->rank) + (size_t)first] =
                    root * spectrum.vt[length(from, to->columns) + (size_t)column];
        }
    }
    return true;
}

/* Gives each of the three columns of a term the same norm, so that their gradients are alike. */
static void balance(const struct polyadic *to)
{
    double *const factors[] = {to->a, to->b, to->c};
    const int counts[] = {to->slices, to->rows, to->columns};
    for (int q = 0; q < to->rank; q++) {
        double norms[3] = {0};
        for (int f = 0; f < 3; f++) {
            for (int i = 0; i < counts[f]; i++)
                norms[f] += pow(factors[f][length(i, to->rank) + (size_t)q], 2);
            norms[f] = sqrt(norms[f]);
        }
        const double mean = cbrt(norms[0] * norms[1] * norms[2]);
        for (int f = 0; f < 3 && mean > 0; f++)
            for (int i = 0; i < counts[f]; i++)
                factors[f][length(i, to->rank) + (size_t)q] *= mean / norms[f];
    }
}

static struct polyadic polyadic_new(struct arena *arena, int slices, int rows, int columns, int rank)
{
    return (struct polyadic){.slices = slices,
                             .rows = rows,
                             .columns = columns,
                             .rank = rank,
                             .a = ARENA_ARRAY(arena, double, length(slices, rank)),
                             .b = ARENA_ARRAY(arena, double, length(rows, rank)),
                             .c = ARENA_ARRAY(arena, double, length(columns, rank)),
                             .fit = -1};
}

static struct search search_new(struct arena *arena, const struct lapack *lapack, const double *z, struct polyadic *to)
{
    int most = to->slices > to->rows ? to->slices : to->rows;
    most = most > to->columns ? most : to->columns;
    struct search search = {.lapack = lapack, .z = z, .to = to};
    for (int f = 0; f < 3; f++)
        search.gram[f] = ARENA_ARRAY(arena, double, length(to->rank, to->rank));
    search.matrix = ARENA_ARRAY(arena, double, length(to->rank, to->rank));
    search.right = ARENA_ARRAY(arena, double, length(to->rank, most));
    search.products =
        ARENA_ARRAY(arena, double, (length(to->slices, to->rows) + (size_t)to->columns) * (size_t)to->rank);
    search.back = ARENA_ARRAY(arena, double, length(to->columns, to->rank));
    for (size_t i = 0; i < (size_t)to->slices * length(to->rows, to->columns); i++)
        search.energy += z[i] * z[i];
    return search;
}

bool polyadic_of(struct arena *arena, const struct lapack *lapack, const double *z, int slices, int rows, int columns,
                 int rank, uint64_t seed, struct polyadic *polyadic, const char **error)
{
    *polyadic = polyadic_new(arena, slices, rows, columns, rank);
    struct polyadic attempt = polyadic_new(arena, slices, rows, columns, rank);
    struct search search = search_new(arena, lapack, z, &attempt);
    for (int start = 0; start <= RANDOM_STARTS; start++) {
        if (start)
            start_random(&attempt, random_key(seed, (uint64_t)start));
        else if (!start_from_slices(arena, &search, error))
            return false;
        if (descend(&search, SWEEPS) && attempt.fit > polyadic->fit) {
            const struct polyadic worse = *polyadic;
            *polyadic = attempt;
            attempt = worse;
        }
    }
    search.to = polyadic;
    if (!descend(&search, LAST_SWEEPS)) {
        *error = "alternating least squares do not converge";
        return false;
    }
    balance(polyadic);
    return true;
}
