/* Measures products with stored weights (rnn/stored.h) beside those with plain ones, one thread:
 *
 *   gcc -O3 -march=native -Iruntime/include bench/stored.c runtime/src/memory.c -lm -o build/stored
 *   build/stored [ROUNDS [UNITS COLUMNS]...]           all usual sizes without UNITS COLUMNS
 *
 * The products of an LSTM's scan, all panels to and fro as a scan of one stream reads them. "dense": 4 rows for each
 * unit, k = units. "cp": the factor B of a cp parameter, one row for each unit, k = units / 8, with a vector for each
 * of 4 gates. The time of plain weights in microseconds, then for each storage its time and how many times faster it
 * is: medians of rounds in turn, by the time of the thread. "once": int8 with columns that are rounded once for all
 * panels.
 */
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "rnn/model.h"
#include "rnn/stored.h"
#include "timing.h"

enum { ROUNDS = 9, ROUNDS_MOST = 99, ROWS = 4, STORAGES = 5, SIZES = 4, COLUMNS_MOST = 64, RANKS = 8 };
enum form { DENSE, CP, FORMS };
static const rnn_storage storages[STORAGES] = {RNN_F32, RNN_F16, RNN_BF16, RNN_INT8, RNN_INT8};
static const double ROUND_SECONDS = 0.01;

static rnn_real *numbers(size_t count)
{
    rnn_real *reals = rnn_alloc((count + 1) * sizeof(rnn_real), RNN_VECTOR_BYTES);
    if (!reals)
        exit(1);
    for (size_t i = 0; i < count; i++)
        reals[i] = (rnn_real)(2.0 * rand() / RAND_MAX - 1);
    return reals;
}

static volatile rnn_real consumed;

struct product {
    int units, columns;
    rnn_stored *packed[STORAGES];
    rnn_real *x, *y, *quantised;
};

/* Multiplies a batch of columns with a panel, and stores the sums unit by unit, as emitted kernels do. */
RNN_INLINE void dense_kernel(const struct product *p, const rnn_storage storage, const int once, const int units,
                             int panel, int first, int columns)
{
    enum { SIDE_MOST = 4 };
    const int side = RNN_SIDE(ROWS, units);
    rnn_vec sum[RNN_BATCH_MOST * ROWS * SIDE_MOST];
    rnn_panel_clear(sum, columns * ROWS * side);
    rnn_quantised_product(sum, ROWS * side, p->packed[storage], storage, panel, ROWS * side,
                          once ? p->quantised + (ptrdiff_t)first * RNN_QUANTISED(units) : NULL,
                          p->x + (ptrdiff_t)first * units, units, units, columns);
    for (int c = 0; c < columns; c++)
        for (int r = 0; r < ROWS * side; r++)
            rnn_vec_store(p->y + (r / side * (ptrdiff_t)p->columns + first + c) * units +
                              (panel * side + r % side) * RNN_LANES,
                          sum[c * ROWS * side + r]);
}

/* The same for the products of one matrix with a vector for each row, in panels of two rows. */
RNN_INLINE void cp_kernel(const struct product *p, const rnn_storage storage, const int once, const int units,
                          int panel, int first, int columns)
{
    enum { SIDE_MOST = 2 };
    const int side = RNN_SIDE(2, units), k = units / RANKS;
    rnn_vec sum[RNN_BATCH_MOST * ROWS * SIDE_MOST];
    rnn_right right[ROWS];
    const rnn_real *quantised[ROWS];
    for (int r = 0; r < ROWS; r++) {
        const ptrdiff_t column = (ptrdiff_t)r * p->columns + first;
        right[r].x = p->x + column * k;
        right[r].stride = k;
        quantised[r] = p->quantised + column * RNN_QUANTISED(k);
    }
    rnn_panel_clear(sum, columns * ROWS * side);
    rnn_quantised_products(sum, ROWS * side, p->packed[storage], storage, panel, side, once ? quantised : NULL, right,
                           ROWS, k, columns);
    for (int c = 0; c < columns; c++)
        for (int r = 0; r < ROWS * side; r++)
            rnn_vec_store(p->y + (r / side * (ptrdiff_t)p->columns + first + c) * units +
                              (panel * side + r % side) * RNN_LANES,
                          sum[c * ROWS * side + r]);
}

#define PRODUCT_OF(form, units, rows, batch, k, vectors)                                                               \
    RNN_INLINE void form##_##units(const struct product *p, const rnn_storage storage, int once, int back)             \
    {                                                                                                                  \
        if (once)                                                                                                      \
            rnn_quantise(p->quantised, p->x, k, k, (vectors)*p->columns);                                              \
        for (int i = 0; i < RNN_PANELS(rows, units); i++) {                                                            \
            const int panel = back ? RNN_PANELS(rows, units) - 1 - i : i;                                              \
            RNN_FOR_BATCHES(p->columns, batch, form##_kernel, p, storage, once, units, panel)                          \
        }                                                                                                              \
    }                                                                                                                  \
    RNN_OUTLINE void form##_plain_##units(const struct product *p, int b) { form##_##units(p, RNN_F32, 0, b); }        \
    RNN_OUTLINE void form##_f16_##units(const struct product *p, int b) { form##_##units(p, RNN_F16, 0, b); }          \
    RNN_OUTLINE void form##_bf16_##units(const struct product *p, int b) { form##_##units(p, RNN_BF16, 0, b); }        \
    RNN_OUTLINE void form##_int8_##units(const struct product *p, int b) { form##_##units(p, RNN_INT8, 0, b); }        \
    RNN_OUTLINE void form##_once_##units(const struct product *p, int b) { form##_##units(p, RNN_INT8, 1, b); }
#define PRODUCTS_OF(units)                                                                                             \
    PRODUCT_OF(dense, units, ROWS, RNN_BATCH(ROWS, units), units, 1)                                                   \
    PRODUCT_OF(cp, units, 2, RNN_BATCH_OF(ROWS *RNN_SIDE(2, units)), units / RANKS, ROWS)
PRODUCTS_OF(256)
PRODUCTS_OF(512)
PRODUCTS_OF(1024)
PRODUCTS_OF(2048)

typedef void run(const struct product *p, int back);
#define RUNS_OF(form, units)                                                                                           \
    {                                                                                                                  \
        form##_plain_##units, form##_f16_##units, form##_bf16_##units, form##_int8_##units, form##_once_##units        \
    }
static run *const runs[FORMS][SIZES][STORAGES] = {
    [DENSE] = {RUNS_OF(dense, 256), RUNS_OF(dense, 512), RUNS_OF(dense, 1024), RUNS_OF(dense, 2048)},
    [CP] = {RUNS_OF(cp, 256), RUNS_OF(cp, 512), RUNS_OF(cp, 1024), RUNS_OF(cp, 2048)}};

static struct product product_new(enum form form, int units, int columns)
{
    struct product p = {.units = units, .columns = columns};
    const int part = form == CP ? 1 : ROWS, rows = form == CP ? 2 : ROWS, k = form == CP ? units / RANKS : units;
    const int vectors = form == CP ? ROWS * columns : columns;
    rnn_real *weights = numbers((size_t)part * (size_t)units * (size_t)k);
    for (int s = 0; s < STORAGES; s++) {
        p.packed[s] = rnn_alloc(RNN_STORED(storages[s], rows, part, units, k), RNN_VECTOR_BYTES);
        if (!p.packed[s])
            exit(1);
        for (int row = 0; row < part; row++) {
            const rnn_packing plain = {0, 0, RNN_SIDE(rows, units), part, row, k, 1, units, k};
            const rnn_stored_packing packing = {storages[s], 0, k, plain};
            rnn_stored_pack_panels(p.packed[s], weights + (ptrdiff_t)row * units * k, &packing);
        }
    }
    rnn_free(weights);
    p.x = numbers((size_t)vectors * (size_t)k);
    p.quantised = numbers((size_t)vectors * (size_t)RNN_QUANTISED(k));
    p.y = numbers((size_t)columns * ROWS * (size_t)units);
    return p;
}

/* Returns the seconds of one product. */
static double measure_once(const struct product *p, run *product)
{
    int calls = 0;
    product(p, 1);
    const double begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    double passed;
    do {
        for (int i = 0; i < 4; i++)
            product(p, i % 2);
        calls += 4;
        passed = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begun;
    } while (passed < ROUND_SECONDS);
    consumed = p->y[rand() % p->units];
    return passed / calls;
}

/* The place of a number of units in `runs`, or SIZES if it has none. */
static int size_of(int units)
{
    int size = 0;
    while (size < SIZES && units != 256 << size)
        size++;
    return size;
}

static void measure(enum form form, int units, int columns, int rounds)
{
    const int size = size_of(units);
    struct product p = product_new(form, 256 << size, columns);
    double seconds[STORAGES][ROUNDS_MOST], gains[STORAGES][ROUNDS_MOST];
    for (int round = -1; round < rounds; round++)
        for (int s = 0; s < STORAGES; s++) {
            const double passed = measure_once(&p, runs[form][size][s]);
            if (round < 0) /* warms up */
                continue;
            seconds[s][round] = passed;
            gains[s][round] = seconds[0][round] / passed;
        }
    printf("%-5s %5d %7d %9.1f", form == CP ? "cp" : "dense", p.units, columns, 1e6 * median(seconds[0], rounds));
    for (int s = 1; s < STORAGES; s++)
        printf("  %9.1f %5.2f", 1e6 * median(seconds[s], rounds), median(gains[s], rounds));
    printf("\n");
    fflush(stdout);
    for (int s = 0; s < STORAGES; s++)
        rnn_free(p.packed[s]);
    rnn_free(p.x);
    rnn_free(p.quantised);
    rnn_free(p.y);
}

int main(int argc, char **argv)
{
    const int rounds = rounds_of(argc, argv, ROUNDS, ROUNDS_MOST);
    for (int i = 2; i < argc; i += 2)
        if (size_of(atoi(argv[i])) == SIZES || atoi(argv[i + 1]) > COLUMNS_MOST) {
            fprintf(stderr, "UNITS are 256, 512, 1024 or 2048, COLUMNS at most %d\n", COLUMNS_MOST);
            return 2;
        }
    printf("%d bytes of lanes\n", RNN_VECTOR_BYTES);
    printf("form  units columns  f32 us    f16 us gain      bf16 us gain      int8 us gain      once us gain\n");
    for (int form = DENSE; form < FORMS; form++)
        for (int i = 2; i + 1 < argc; i += 2)
            measure((enum form)form, atoi(argv[i]), atoi(argv[i + 1]), rounds);
    static const int all_units[] = {256, 512, 1024, 2048}, all_columns[] = {1, 4, 16};
    for (int u = 0; argc <= 2 && u < 2 * 4; u++)
        for (int c = 0; c < 3; c++)
            measure(u < 4 ? DENSE : CP, all_units[u % 4], all_columns[c], rounds);
    return 0;
}
