/* The largest units of a column, found one by one: lengths around the lanes, few and all units, equal ones, zeros of
 * both signs, infinities, NaN and numbers of very different sizes; rows of each storage, which are parts of larger
 * ones. */
#include <stdlib.h>
#include <string.h>

#include "rnn/refine.h"
#include "rnn/stored.h"
#include "vec_test.h"

enum { LONGEST = 2500, WIDEST = 80, BESIDE = 3, ROOM = RNN_PAD(LONGEST) + RNN_LANES };

struct refining {
    _Alignas(RNN_VECTOR_BYTES) rnn_real preview[ROOM], y[ROOM], x[RNN_PAD(WIDEST)];
    _Alignas(RNN_VECTOR_BYTES) rnn_stored table[RNN_STORED_TABLE(RNN_F32, LONGEST, WIDEST)];
    rnn_real rows[LONGEST * (BESIDE + WIDEST)], rounded[LONGEST * (BESIDE + WIDEST)]; /* the first are of a preview */
    int marked[LONGEST];
};

static rnn_real draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (rnn_real)((*seed >> 8) / 8388608.0 - 1);
}

/* Marks the largest as the comment on rnn_refine defines them. */
static void mark_largest(struct refining *r, int n, int count)
{
    memset(r->marked, 0, sizeof r->marked);
    for (int k = 0; k < count; k++) {
        int most = -1;
        for (int i = 0; i < n; i++)
            if (!r->marked[i] && !isnan(r->preview[i]) && (most < 0 || r->preview[i] > r->preview[most]))
                most = i;
        if (most >= 0)
            r->marked[most] = 1;
    }
}

/* Packs the rows in a storage. */
static void pack_rows(struct refining *r, rnn_storage storage, int n, int width)
{
    const int whole = BESIDE + width;
    assert_true(rnn_round_rows(r->rounded, r->rows, storage, n, whole));
    assert_true(rnn_stored_pack_rows(r->table, storage, r->rows + BESIDE, whole, n, width, BESIDE, whole));
}

static void refine(struct refining *r, rnn_storage storage, rnn_real *y, int n, int width, int count)
{
    switch (storage) {
    case RNN_F32:
        rnn_refine(y, r->preview, (const rnn_real *)(const void *)r->table, r->x, n, width, count);
        break;
    case RNN_F16:
        rnn_stored_refine(y, r->preview, r->table, RNN_F16, r->x, n, width, count);
        break;
    case RNN_BF16:
        rnn_stored_refine(y, r->preview, r->table, RNN_BF16, r->x, n, width, count);
        break;
    case RNN_INT8:
        rnn_stored_refine(y, r->preview, r->table, RNN_INT8, r->x, n, width, count);
    }
}

static void check(struct refining *r, rnn_storage storage, int n, int width, int count, int in_place)
{
    static rnn_real kept[LONGEST];
    mark_largest(r, n, count);
    memcpy(kept, r->preview, sizeof kept);
    for (int i = n; i < ROOM; i++)
        r->preview[i] = i % 2 ? NAN : INFINITY;
    rnn_real *const y = in_place ? r->preview : r->y;
    refine(r, storage, y, n, width, count);
    for (int i = 0; i < n; i++) {
        const rnn_real *const row = r->rounded + i * (BESIDE + width) + BESIDE;
        double sum = 0, size = fabs((double)kept[i]);
        for (int k = 0; k < width && r->marked[i]; k++) {
            sum += (double)row[k] * (double)r->x[k];
            size += fabs((double)row[k] * (double)r->x[k]);
        }
        const double wanted = r->marked[i] ? kept[i] + sum : kept[i];
        if (isnan(kept[i]) || isinf(kept[i]))
            assert_true(isnan(kept[i]) ? isnan(y[i]) : y[i] == kept[i]);
        else if (!(fabs(y[i] - wanted) <= 1e-6 * size))
            fail_msg("storage %d, n %d, width %d, count %d: unit %d is %g, not %g", storage, n, width, count, i,
                     (double)y[i], wanted);
    }
    for (int i = n; i < RNN_PAD(n); i++)
        assert_true(y[i] == 0);
    memcpy(r->preview, kept, sizeof kept);
}

typedef rnn_real drawing(uint32_t *seed);

static rnn_real any(uint32_t *seed) { return 10 * draw(seed); }
static rnn_real equal(uint32_t *seed) { return (rnn_real)(int)(3 * draw(seed)) * (draw(seed) < 0 ? -1 : 1); }
static rnn_real one(uint32_t *seed) { return (void)seed, (rnn_real)-2.5; }
static rnn_real sizes(uint32_t *seed) { return (rnn_real)ldexp(draw(seed), (int)(60 * draw(seed))); }
static rnn_real special(uint32_t *seed)
{
    const rnn_real numbers[] = {INFINITY, -INFINITY, NAN, -(rnn_real)NAN, 0, (rnn_real)-0.0, (rnn_real)3e38};
    const int k = (int)(8 * (draw(seed) + 1));
    return k < 7 ? numbers[k] : draw(seed);
}
static rnn_real nothing(uint32_t *seed) { return (void)seed, (rnn_real)NAN; }

/* Checks some numbers of units of a column that is drawn. */
static void check_counts(struct refining *r, rnn_storage storage, int n, int width, drawing *draw_one, uint32_t *seed)
{
    const int counts[] = {1, 2, n / 3, n / 2 + 1, n - 1, n};
    for (int k = 0; k < RNN_PAD(width); k++)
        r->x[k] = k < width ? draw(seed) : (rnn_real)NAN;
    for (int i = 0; i < n; i++)
        r->preview[i] = draw_one(seed);
    for (int c = 0; c < 6; c++)
        if (counts[c] > 0 && counts[c] <= n)
            check(r, storage, n, width, counts[c], (c + width) % 2);
}

/* Which are the largest has nothing to do with the storage of the rows. */
static void test_refine(void **state)
{
    (void)state;
    static const int lengths[] = {1, 2, 5, 8, 15, 16, 17, 33, 64, 100, 300, LONGEST}, widths[] = {1, 3, 16, 21, 80};
    static const rnn_storage storages[] = {RNN_F32, RNN_F16, RNN_BF16, RNN_INT8};
    static drawing *const drawings[] = {any, equal, one, sizes, special, nothing};
    struct refining *r = aligned_alloc(64, (sizeof *r + 63) / 64 * 64);
    assert_non_null(r);
    uint32_t seed = 1;
    for (int i = 0; i < LONGEST * (BESIDE + WIDEST); i++)
        r->rows[i] = draw(&seed);
    for (size_t s = 0; s < sizeof storages / sizeof *storages; s++)
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
            for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
                const size_t drawn = s ? 2 : sizeof drawings / sizeof *drawings;
                if (lengths[l] == LONGEST && (w != 1 || s > 0)) /* long enough for a gathering */
                    continue;
                pack_rows(r, storages[s], lengths[l], widths[w]);
                for (size_t d = 0; d < drawn; d++)
                    check_counts(r, storages[s], lengths[l], widths[w], drawings[d], &seed);
            }
    free(r);
}

int main(void)
{
    if (!cpu_can_run())
        return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
