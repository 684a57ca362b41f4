#include "tune/products.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>

#include "base/arena.h"
#include "bench/timing.h"
#include "rnn/model.h"

/* Stands behind the sizes. Those of a product are constants, as in emitted code, but for many columns: these are
 * streams, whose number emitted code does not know. A function multiplies all panels of so many bytes with the same
 * columns, adds to `seen`, and returns how many it has multiplied in all rounds. */
static const char text[] =
    "#include \"rnn/stored.h\"\n"
    "\n"
    "int product_lanes(void)\n"
    "{\n"
    "    return RNN_LANES;\n"
    "}\n"
    "\n"
    "#define PRODUCT(name, storage, k, count)                                                             \\\n"
    "    double name(const rnn_stored *packed, long bytes, const rnn_real *x, int rounds, double *seen)   \\\n"
    "    {                                                                                                \\\n"
    "        const int panels = (int)(bytes / (ROWS * RNN_STORED_STEPS(storage, k) * RNN_VECTOR_BYTES));  \\\n"
    "        int columns = count;                                                                         \\\n"
    "        if (count > 1)                                                                               \\\n"
    "            __asm__(\"\" : \"+r\"(columns));                                                             \\\n"
    "        for (int r = 0; r < rounds; r++)                                                             \\\n"
    "            for (int p = 0; p < panels; p++) {                                                       \\\n"
    "                rnn_vec sum[COLUMNS * ROWS];                                                         \\\n"
    "                rnn_panel_clear(sum, columns * ROWS);                                                \\\n"
    "                rnn_quantised_product(sum, ROWS, packed, storage, p, ROWS, x, x, k, k, columns);     \\\n"
    "                *seen += rnn_vec_sum(sum[0] + sum[1] + sum[2] + sum[3]);                             \\\n"
    "            }                                                                                        \\\n"
    "        return (double)panels * rounds;                                                              \\\n"
    "    }\n"
    "#define PRODUCTS(name, storage)                                                                      \\\n"
    "    PRODUCT(product_##name##_short, storage, WEIGHTS_SHORT, 1)                                       \\\n"
    "    PRODUCT(product_##name##_long, storage, WEIGHTS, 1)                                              \\\n"
    "    PRODUCT(product_##name##_many, storage, WEIGHTS, COLUMNS)\n"
    "PRODUCTS(f32, RNN_F32)\n"
    "PRODUCTS(f16, RNN_F16)\n"
    "PRODUCTS(bf16, RNN_BF16)\n"
    "PRODUCTS(int8, RNN_INT8)\n";

static const char *const kinds[PRODUCT_KINDS] = {"short", "long", "many"};
static const double enough_bytes[PRODUCT_KINDS] = {8e6, 8e6, 5e5}; /* of an attempt, less than a millisecond */

/* Room for columns, also as rnn_quantise leaves them, and for a panel with the widest vectors. */
enum {
    COLUMNS_BYTES = PRODUCT_COLUMNS * (PRODUCT_WEIGHTS + 16) * 8,
    PANEL_BYTES = PRODUCT_ROWS * (PRODUCT_WEIGHTS + 1) * 64,
    ALIGNMENT = 64
};

static void *library_with_sizes(const struct network_options *options, const char **error)
{
    struct network_options of_products = *options;
    of_products.quiet = true;
    return library_open(&of_products,
                        arena_printf(options->arena,
                                     "enum { ROWS = %d, WEIGHTS_SHORT = %d, WEIGHTS = %d, COLUMNS = %d };\n%s",
                                     PRODUCT_ROWS, PRODUCT_WEIGHTS_SHORT, PRODUCT_WEIGHTS, PRODUCT_COLUMNS, text),
                        error);
}

bool products_open(struct products *products, const struct network_options *options, double bytes, const char **error)
{
    *products = (struct products){.library = library_with_sizes(options, error)};
    if (!products->library)
        return false;
    int (*lanes)(void);
    *(void **)&lanes = dlsym(products->library, "product_lanes");
    products->lanes = lanes();
    products->bytes = (long)fmax(bytes, PANEL_BYTES);
    products->weights = rnn_alloc((size_t)products->bytes, ALIGNMENT); /* all 0: numbers do not change the time */
    products->columns = rnn_alloc(COLUMNS_BYTES, ALIGNMENT);
    if (!products->weights || !products->columns)
        *error = "out of memory";
    return !*error;
}

void products_close(struct products *products)
{
    rnn_free(products->weights);
    rnn_free(products->columns);
}

double products_measure(struct products *products, enum precision storage, enum product_kind kind)
{
    char name[32];
    snprintf(name, sizeof name, "product_%s_%s", precision_name(storage), kinds[kind]);
    double (*product)(const void *packed, long bytes, const void *x, int rounds, double *seen);
    *(void **)&product = dlsym(products->library, name);
    const int rounds = (int)ceil(enough_bytes[kind] / (double)products->bytes);
    product(products->weights, products->bytes, products->columns, 1, &products->seen); /* into the caches */
    const double begun = seconds_of_thread();
    const double panels = product(products->weights, products->bytes, products->columns, rounds, &products->seen);
    return 1e9 * (seconds_of_thread() - begun) / panels;
}

/* A machine file has no 0, and nothing takes less than no time. */
static const double least = 0.01;

void products_set_rates(const struct products *products, struct machine *machine)
{
    const double sums = (double)PRODUCT_ROWS * products->lanes;
    const double plain = products->times[PRECISION_F32][PRODUCT_MANY] / (PRODUCT_COLUMNS * sums * PRODUCT_WEIGHTS);
    for (int storage = PRECISION_F32 + 1; storage < PRECISION_COUNT; storage++) {
        const double *times = products->times[storage];
        const double more = fmax(times[PRODUCT_LONG] - times[PRODUCT_SHORT], least * times[PRODUCT_LONG]);
        const double weight = more / (sums * (PRODUCT_WEIGHTS - PRODUCT_WEIGHTS_SHORT));
        const double ends = times[PRODUCT_LONG] / sums - weight * PRODUCT_WEIGHTS;
        machine->rates[storage] =
            (struct machine_rate){.one = plain / weight,
                                  .many = products->times[PRECISION_F32][PRODUCT_MANY] / times[PRODUCT_MANY],
                                  .sum = fmax(least, ends * machine->operations)};
    }
}
