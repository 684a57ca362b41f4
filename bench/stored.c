/* Measures products with stored weights (rnn/stored.h) beside those with plain ones, one thread:
 *
 *   gcc -O3 -march=native -Iruntime/include bench/stored.c runtime/src/memory.c -lm -o build/stored
 *   build/stored [ROUNDS [UNITS COLUMNS]...]           all usual sizes without UNITS COLUMNS
 *
 * The product of an LSTM's scan: 4 rows for each unit, k = units, all panels to and fro as a scan of one stream reads
 * them. The time of plain weights in microseconds, then for each storage its time and how many times faster it is:
 * medians of rounds in turn, by the time of the thread. "once": int8 with columns that are rounded once for all panels.
 */
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "rnn/model.h"
#include "rnn/stored.h"
#include "timing.h"

enum { ROUNDS = 9, ROUNDS_MOST = 99, ROWS = 4, STORAGES = 5, SIZES = 4, COLUMNS_MOST = 64 };
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
RNN_INLINE void product_kernel(const struct product *p, const rnn_storage storage, const int once, const int units,
                               int panel, int first, int columns)
{
    rnn_vec sum[RNN_BATCH_MOST * ROWS];
    rnn_panel_clear(sum, columns * ROWS);
    rnn_quantised_product(sum, ROWS, p->packed[storage], storage, panel, ROWS,
                          once ? p->quantised + (ptrdiff_t)first * RNN_QUANTISED(units) : NULL,
                          p->x + (ptrdiff_t)first * units, units, units, columns);
    for (int c = 0; c < columns; c++)
        for (int r = 0; r < ROWS; r++)
            rnn_vec_store(p->y + (r * (ptrdiff_t)p->columns + first + c) * units + panel * RNN_LANES,
                          sum[c * ROWS + r]);
}

#define PRODUCT_OF(units)                                                                                              \
    RNN_INLINE void product_##units(const struct product *p, const rnn_storage storage, int once, int back)            \
    {                                                                                                                  \
        if (once)                                                                                                      \
            rnn_quantise(p->quantised, p->x, units, units, p->columns);                                                \
        for (int i = 0; i < RNN_PANELS(ROWS, units); i++) {                                                            \
            const int panel = back ? RNN_PANELS(ROWS, units) - 1 - i : i;                                              \
            RNN_FOR_BATCHES(p->columns, RNN_BATCH(ROWS, units), product_kernel, p, storage, once, units, panel)        \
        }                                                                                                              \
    }                                                                                                                  \
    RNN_OUTLINE void plain_##units(const struct product *p, int back) { product_##units(p, RNN_F32, 0, back); }        \
    RNN_OUTLINE void f16_##units(const struct product *p, int back) { product_##units(p, RNN_F16, 0, back); }          \
    RNN_OUTLINE void bf16_##units(const struct product *p, int back) { product_##units(p, RNN_BF16, 0, back); }        \
    RNN_OUTLINE void int8_##units(const struct product *p, int back) { product_##units(p, RNN_INT8, 0, back); }        \
    RNN_OUTLINE void once_##units(const struct product *p, int back) { product_##units(p, RNN_INT8, 1, back); }
PRODUCT_OF(256)
PRODUCT_OF(512)
PRODUCT_OF(1024)
PRODUCT_OF(2048)

typedef void run(const struct product *p, int back);
#define RUNS_OF(units)                                                                                                 \
    {                                                                                                                  \
        plain_##units, f16_##units, bf16_##units, int8_##units, once_##units                                           \
    }
static run *const runs[SIZES][STORAGES] = {RUNS_OF(256), RUNS_OF(512), RUNS_OF(1024), RUNS_OF(2048)};

static struct product product_new(int units, int columns)
{
    struct product p = {.units = units, .columns = columns};
    rnn_real *weights = numbers((size_t)ROWS * (size_t)units * (size_t)units);
    for (int s = 0; s < STORAGES; s++) {
        p.packed[s] = rnn_alloc(RNN_STORED(storages[s], ROWS, ROWS, units, units), RNN_VECTOR_BYTES);
        if (!p.packed[s])
            exit(1);
        for (int row = 0; row < ROWS; row++) {
            const rnn_stored_packing packing = {storages[s], 0, units, {0, 0, 1, ROWS, row, units, 1, units, units}};
            rnn_stored_pack_panels(p.packed[s], weights + (ptrdiff_t)row * units * units, &packing);
        }
    }
    rnn_free(weights);
    p.x = numbers((size_t)columns * (size_t)units);
    p.quantised = numbers((size_t)columns * (size_t)RNN_QUANTISED(units));
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

static void measure(int units, int columns, int rounds)
{
    const int size = size_of(units);
    struct product p = product_new(256 << size, columns);
    double seconds[STORAGES][ROUNDS_MOST], gains[STORAGES][ROUNDS_MOST];
    for (int round = -1; round < rounds; round++)
        for (int s = 0; s < STORAGES; s++) {
            const double passed = measure_once(&p, runs[size][s]);
            if (round < 0) /* warms up */
                continue;
            seconds[s][round] = passed;
            gains[s][round] = seconds[0][round] / passed;
        }
    printf("%5d %7d %9.1f", p.units, columns, 1e6 * median(seconds[0], rounds));
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
    printf("units columns  f32 us    f16 us gain      bf16 us gain      int8 us gain      once us gain\n");
    for (int i = 2; i + 1 < argc; i += 2)
        measure(atoi(argv[i]), atoi(argv[i + 1]), rounds);
    static const int all_units[] = {256, 512, 1024, 2048}, all_columns[] = {1, 4, 16};
    for (int u = 0; argc <= 2 && u < 4; u++)
        for (int c = 0; c < 3; c++)
            measure(all_units[u], all_columns[c], rounds);
    return 0;
}
