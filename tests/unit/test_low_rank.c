/* Factors of rnn factor: the best of their rank, and those that were planted. Skipped where there is no LAPACK. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"
#include "low_rank/lapack.h"
#include "low_rank/low_rank.h"

static double *draw(struct arena *arena, struct random *random, int rows, int columns)
{
    double *x = ARENA_ARRAY(arena, double, (size_t)rows *(size_t)columns);
    for (int i = 0; i < rows * columns; i++)
        x[i] = random_real(random, 1);
    return x;
}

/* Errors of truncation are the tail of the singular values; each factor has their square root. */
static void test_truncation(void **state)
{
    static const int sizes[][2] = {{48, 20}, {20, 48}, {16, 16}, {1, 7}, {7, 1}};
    struct random random = random_start(1);
    for (int s = 0; s < 5; s++) {
        const int rows = sizes[s][0], columns = sizes[s][1], least = rows < columns ? rows : columns;
        struct arena *arena = arena_new();
        const double *w = draw(arena, &random, rows, columns);
        struct spectrum spectrum;
        const char *error = NULL;
        assert_true(spectrum_of(arena, *state, w, rows, columns, &spectrum, &error));
        for (int rank = 1; rank <= least; rank++) {
            double a[48 * 48], b[48 * 48], missing = 0, tail = 0;
            spectrum_factors(&spectrum, rank, a, b);
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < columns; j++) {
                    double sum = 0;
                    for (int q = 0; q < rank; q++)
                        sum += a[i * rank + q] * b[q * columns + j];
                    missing += pow(w[i * columns + j] - sum, 2);
                }
            for (int i = rank; i < least; i++)
                tail += pow(spectrum.singular[i], 2);
            assert_true(fabs(sqrt(missing) - sqrt(tail)) <= 1e-4 * sqrt(tail) + 1e-12);
            assert_true(fabs(1 - spectrum_kept(&spectrum, rank) - tail / spectrum.energy) < 1e-12);
            double first = 0, second = 0;
            for (int i = 0; i < rows; i++)
                first += pow(a[i * rank], 2);
            for (int j = 0; j < columns; j++)
                second += pow(b[j], 2);
            assert_true(fabs(first - second) < 1e-9 && fabs(first - spectrum.singular[0]) < 1e-9);
        }
        assert_true(spectrum_stable_rank(&spectrum) >= 1 && spectrum_stable_rank(&spectrum) <= least + 1e-9);
        arena_free(arena);
    }
}

/* Z[i] = B diag(A[i]) C' */
static double *product_of(struct arena *arena, const struct polyadic *p)
{
    double *z = ARENA_ARRAY(arena, double, (size_t)(p->slices * p->rows) * (size_t)p->columns);
    for (int i = 0; i < p->slices; i++)
        for (int row = 0; row < p->rows; row++)
            for (int column = 0; column < p->columns; column++)
                for (int q = 0; q < p->rank; q++)
                    z[(i * p->rows + row) * p->columns + column] +=
                        p->a[i * p->rank + q] * p->b[row * p->rank + q] * p->c[column * p->rank + q];
    return z;
}

static double distance(const double *x, const double *y, int count)
{
    double difference = 0, energy = 0;
    for (int i = 0; i < count; i++) {
        difference += pow(x[i] - y[i], 2);
        energy += x[i] * x[i];
    }
    return sqrt(difference / energy);
}

static void test_planted(void **state)
{
    static const int sizes[][4] = {{4, 24, 20, 5}, {3, 16, 40, 8}, {2, 12, 12, 3}, {4, 30, 30, 1}, {5, 6, 7, 9}};
    for (int s = 0; s < 5; s++) {
        const int *size = sizes[s], count = size[0] * size[1] * size[2];
        struct arena *arena = arena_new();
        struct random random = random_start(10 + (uint64_t)s);
        const struct polyadic planted = {.slices = size[0],
                                         .rows = size[1],
                                         .columns = size[2],
                                         .rank = size[3],
                                         .a = draw(arena, &random, size[0], size[3]),
                                         .b = draw(arena, &random, size[1], size[3]),
                                         .c = draw(arena, &random, size[2], size[3])};
        const double *z = product_of(arena, &planted);
        struct polyadic found;
        const char *error = NULL;
        assert_true(polyadic_of(arena, *state, z, size[0], size[1], size[2], size[3], 1, &found, &error));
        assert_true(found.fit >= 0.999);
        assert_true(fabs(distance(z, product_of(arena, &found), count) - (1 - found.fit)) < 1e-4);
        arena_free(arena);
    }
}

/* Of an array without any structure, never worse than the svd of each slice, whose ranks add up to the same; and the
 * same for the same seed. */
static void test_no_structure(void **state)
{
    enum { SLICES = 3, ROWS = 18, COLUMNS = 15, RANK = 12 };
    struct arena *arena = arena_new();
    struct random random = random_start(3);
    const double *z = draw(arena, &random, SLICES * ROWS, COLUMNS);
    const char *error = NULL;
    double energy = 0, kept = 0;
    for (int i = 0; i < SLICES; i++) {
        struct spectrum spectrum;
        assert_true(spectrum_of(arena, *state, z + i * ROWS * COLUMNS, ROWS, COLUMNS, &spectrum, &error));
        energy += spectrum.energy;
        kept += spectrum.energy * spectrum_kept(&spectrum, RANK / SLICES);
    }
    struct polyadic found, again;
    assert_true(polyadic_of(arena, *state, z, SLICES, ROWS, COLUMNS, RANK, 1, &found, &error));
    assert_true(polyadic_of(arena, *state, z, SLICES, ROWS, COLUMNS, RANK, 1, &again, &error));
    assert_true(found.fit > 1 - sqrt(1 - kept / energy));
    assert_true(found.fit == again.fit);
    arena_free(arena);
}

/* Zeros have factors too. */
static void test_zeros(void **state)
{
    struct arena *arena = arena_new();
    const double *z = ARENA_ARRAY(arena, double, 60);
    struct spectrum spectrum;
    struct polyadic found;
    const char *error = NULL;
    assert_true(spectrum_of(arena, *state, z, 6, 10, &spectrum, &error));
    assert_true(spectrum_kept(&spectrum, 1) == 1 && spectrum_stable_rank(&spectrum) == 0);
    assert_true(polyadic_of(arena, *state, z, 3, 4, 5, 2, 1, &found, &error));
    for (int i = 0; i < 6; i++)
        assert_true(isfinite(found.a[i]));
    arena_free(arena);
}

/* W of so many equally strong directions: sums of products of cosines, which are orthogonal. */
static int rank_of_directions(const struct lapack *lapack, int directions)
{
    enum { ROWS = 256, COLUMNS = 64 };
    const double pi = acos(-1);
    struct arena *arena = arena_new();
    double *w = ARENA_ARRAY(arena, double, ROWS *COLUMNS);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        for (int q = 1; q <= directions; q++)
            w[i] += cos(pi * q * (i / COLUMNS + 0.5) / ROWS) * cos(pi * q * (i % COLUMNS + 0.5) / COLUMNS);
    struct spectrum spectrum;
    const char *error = NULL;
    assert_true(spectrum_of(arena, lapack, w, ROWS, COLUMNS, &spectrum, &error));
    assert_true(fabs(spectrum_stable_rank(&spectrum) - directions) < 1e-9);
    const int rank = spectrum_rank(&spectrum);
    arena_free(arena);
    return rank;
}

/* Ranks that follow: 2.25 for each direction of four times as many rows as columns, in steps of 16; noise has all. */
static void test_ranks(void **state)
{
    const struct lapack *lapack = *state;
    enum { ROWS = 512, COLUMNS = 128 };
    assert_int_equal(rank_of_directions(lapack, 1), 16);
    assert_int_equal(rank_of_directions(lapack, 7), 16);
    assert_int_equal(rank_of_directions(lapack, 8), 32);
    assert_int_equal(rank_of_directions(lapack, 20), 48);
    struct arena *arena = arena_new();
    struct random random = random_start(4);
    struct spectrum spectrum;
    const char *error = NULL;
    assert_true(spectrum_of(arena, lapack, draw(arena, &random, ROWS, COLUMNS), ROWS, COLUMNS, &spectrum, &error));
    assert_in_range(spectrum_rank(&spectrum), COLUMNS, COLUMNS + 16);
    arena_free(arena);
}

int main(void)
{
    static struct lapack lapack;
    const char *error;
    if (!lapack_open(&lapack, &error)) {
        printf("skipped: %s\n", error);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_truncation, &lapack), cmocka_unit_test_prestate(test_planted, &lapack),
        cmocka_unit_test_prestate(test_no_structure, &lapack), cmocka_unit_test_prestate(test_zeros, &lapack),
        cmocka_unit_test_prestate(test_ranks, &lapack)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
