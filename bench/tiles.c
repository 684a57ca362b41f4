/* Measures products of panels (rnn/panel.h) and weight gradients (rnn/outer.h), one thread, beside multiply-adds that
 * touch nothing but registers:
 *
 *   gcc -O3 -march=x86-64-v3 -Iruntime/include bench/tiles.c -lm -o build/tiles
 *   build/tiles [ROUNDS [UNITS COLUMNS]...]           all usual sizes without UNITS COLUMNS
 *
 * x86-64-v3 is AVX2, x86-64-v4 AVX-512. For each number of units and columns: the products of an LSTM's scan (4 rows
 * for each unit, k = units), of a GRU's (3 rows), of a linear layer (1 row), and of the scan backward (1 row, k = 4
 * units), and the gradient of the LSTM's weights. A figure is the rate in GFLOP/s and its share of the registers' rate;
 * both are medians of rounds in turn, by the time of the thread. */
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "rnn/outer.h"
#include "rnn/panel.h"
#include "timing.h"

enum { ROUNDS = 7, ROUNDS_MOST = 99, PEAK_TURNS = 200000, FLOPS_ROUND = 100 * 1000 * 1000 };

static double now(void) { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

static rnn_real *numbers(size_t count)
{
    rnn_real *reals = aligned_alloc(64, (count * sizeof(rnn_real) + 127) / 64 * 64);
    if (!reals)
        exit(1);
    for (size_t i = 0; i < count; i++)
        reals[i] = (rnn_real)(2.0 * rand() / RAND_MAX - 1);
    return reals;
}

static volatile rnn_real consumed;

/* clang-format off: it does not know RNN_UNROLL */

/* Returns the rate of multiply-adds of registers, as many as a tile has. */
static double registers_rate(void)
{
    rnn_vec a[RNN_ACCUMULATORS];
    rnn_vec x = rnn_vec_splat((rnn_real)0.999), y = rnn_vec_splat((rnn_real)1e-3);
    RNN_UNROLL(24)
    for (int i = 0; i < RNN_ACCUMULATORS; i++)
        a[i] = rnn_vec_splat((rnn_real)(i + 2)); /* 1 would stay 1, as a compiler may see */
    const double begun = now();
    RNN_UNROLL_PART(4)
    for (int turn = 0; turn < PEAK_TURNS; turn++)
        RNN_UNROLL(24)
    for (int i = 0; i < RNN_ACCUMULATORS; i++)
        a[i] = rnn_vec_madd(a[i], x, y);
    const double seconds = now() - begun;
    RNN_UNROLL(24)
    for (int i = 1; i < RNN_ACCUMULATORS; i++)
        a[0] += a[i];
    consumed = a[0][0];
    return 2.0 * RNN_LANES * RNN_ACCUMULATORS * PEAK_TURNS / seconds / 1e9;
}

/* clang-format on */

enum kind { PRODUCT, GRADIENT };

struct product {
    int rows, units, k, columns;
    rnn_real *packed, *x, *y;
};

/* Multiplies a batch of columns with a panel, and stores the sums unit by unit, as emitted kernels do. */
RNN_INLINE void product_kernel(const struct product *p, int panel, const int rows, const int side, int first,
                               int columns)
{
    rnn_vec sum[RNN_MAX(RNN_BATCH_BYTES / RNN_VECTOR_BYTES, RNN_BATCH_MOST * 16)];
    rnn_panel_clear(sum, columns * rows * side);
    rnn_panel_product(sum, rows * side, p->packed, panel, rows * side, p->x + (ptrdiff_t)first * RNN_PAD(p->k),
                      RNN_PAD(p->k), p->k, columns);
    for (int c = 0; c < columns; c++)
        for (int r = 0; r < rows; r++) {
            rnn_real *const to = p->y + (r * (ptrdiff_t)p->columns + first + c) * RNN_PAD(p->units);
            for (int block = 0; block < side && (panel * side + block) * RNN_LANES < RNN_PAD(p->units); block++)
                rnn_vec_store(to + (panel * side + block) * RNN_LANES, sum[(c * rows + r) * side + block]);
        }
}

#define PRODUCT_OF(rows)                                                                                               \
    static void product_##rows(const struct product *p)                                                                \
    {                                                                                                                  \
        const int side = RNN_SIDE(rows, p->units);                                                                     \
        for (int panel = 0; panel < RNN_PANELS(rows, p->units); panel++)                                               \
            RNN_FOR_BATCHES(p->columns, RNN_BATCH(rows, p->units), product_kernel, p, panel, rows, side)               \
    }
PRODUCT_OF(1)
PRODUCT_OF(3)
PRODUCT_OF(4)

static void run_product(const struct product *p)
{
    if (p->rows == 1)
        product_1(p);
    else if (p->rows == 3)
        product_3(p);
    else
        product_4(p);
    consumed = p->y[rand() % p->units];
}

static struct product product_new(int rows, int units, int k, int columns)
{
    struct product p = {.rows = rows, .units = units, .k = k, .columns = columns};
    p.packed = numbers(RNN_PACKED(rows, rows, units, k));
    p.x = numbers((size_t)columns * (size_t)RNN_PAD(k));
    p.y = numbers((size_t)columns * (size_t)(rows * RNN_PAD(units)));
    return p;
}

/* The gradient of weights [n, m] over some columns. */
static void run_outer(const struct product *p, rnn_real *scratch)
{
    const int left = 1 << 30;
    rnn_outer(p->packed, p->k, 1, p->y, p->rows * p->units, p->rows * p->units, p->x, RNN_PAD(p->k), p->k, p->columns,
              1, &left, 0, scratch, &rnn_alone);
    consumed = p->packed[rand() % p->units];
}

static void measure(enum kind kind, int rows, int units, int k, int columns, int rounds)
{
    struct product p = product_new(rows, units, k, columns);
    const int outer = kind == GRADIENT;
    rnn_real *scratch = outer ? numbers(RNN_OUTER_SCRATCH(rows * units, k)) : NULL;
    const double flops = 2.0 * rows * units * k * columns;
    const int calls = (int)(FLOPS_ROUND / flops) + 1;
    double rates[ROUNDS_MOST], shares[ROUNDS_MOST];
    for (int round = -1; round < rounds; round++) {
        const double peak = registers_rate(), begun = now();
        for (int call = 0; call < calls; call++) {
            if (outer)
                run_outer(&p, scratch);
            else
                run_product(&p);
        }
        const double rate = calls * flops / (now() - begun) / 1e9;
        if (round < 0) /* warms up */
            continue;
        rates[round] = rate;
        shares[round] = rate / peak;
    }
    const double rate = median(rates, rounds);
    printf(" %6.1f %4.2f", rate, median(shares, rounds));
    fflush(stdout);
    free(p.packed);
    free(p.x);
    free(p.y);
    free(scratch);
}

static void measure_all(int units, int columns, int rounds)
{
    printf("%5d %7d", units, columns);
    measure(PRODUCT, 4, units, units, columns, rounds);
    measure(PRODUCT, 3, units, units, columns, rounds);
    measure(PRODUCT, 1, units, units, columns, rounds);
    measure(PRODUCT, 1, units, 4 * units, columns, rounds);
    measure(GRADIENT, 4, units, units, columns, rounds);
    printf("\n");
}

int main(int argc, char **argv)
{
    const int rounds = rounds_of(argc, argv, ROUNDS, ROUNDS_MOST);
    printf("%d bytes of lanes, %d accumulators, %.1f GFLOP/s in registers\n", RNN_VECTOR_BYTES, RNN_ACCUMULATORS,
           registers_rate());
    printf("units columns  4 rows      3 rows      1 row       backward    gradient\n");
    for (int i = 2; i + 1 < argc; i += 2)
        measure_all(atoi(argv[i]), atoi(argv[i + 1]), rounds);
    static const int all_units[] = {256, 512, 1024}, all_columns[] = {2, 3, 4, 6, 8, 12, 16, 32, 64, 96, 256};
    for (int u = 0; argc <= 2 && u < 3; u++)
        for (int c = 0; c < 11; c++)
            measure_all(all_units[u], all_columns[c], rounds);
    return 0;
}
