/* The speed of products with weights of each storage, for machine.rates: panels of rnn/stored.h in the second-level
 * cache, as weights of a network seldom lie nearer, multiplied by loops that are compiled as networks are.
 *
 * Of a storage three products are measured: of one column with few and with many weights for each sum, whose difference
 * says what a weight takes, and what begin and end of a sum do; and of many columns. Rates are parts of that of many
 * columns with plain numbers. */
#ifndef RNN_TOOLS_PRODUCTS_H
#define RNN_TOOLS_PRODUCTS_H

#include "base/machine.h"
#include "network/network.h"

/* Of a panel: rows of a vector each, weights of each in a short product and in the others, columns where they are
 * many. */
enum { PRODUCT_ROWS = 4, PRODUCT_WEIGHTS_SHORT = 16, PRODUCT_WEIGHTS = 128, PRODUCT_COLUMNS = 24 };

enum product_kind { PRODUCT_SHORT, PRODUCT_LONG, PRODUCT_MANY, PRODUCT_KINDS };

struct products {
    void *library;
    void *weights, *columns;
    long bytes;  /* of weights */
    double seen; /* results, which a compiler must not leave out */
    int lanes;   /* numbers of a vector */

    /* Nanoseconds of a panel, as the caller takes them from what is measured; of f32 only with many columns. */
    double times[PRECISION_COUNT][PRODUCT_KINDS];
};

/* `bytes`: of weights, as many as stay in the second-level cache. False with *error, after which products_close is
 * still called. */
bool products_open(struct products *products, const struct network_options *options, double bytes, const char **error);
void products_close(struct products *products);

/* Returns the nanoseconds of a panel, measured in less than a millisecond. */
double products_measure(struct products *products, enum precision storage, enum product_kind kind);

/* Sets machine->rates by products->times and machine->operations. */
void products_set_rates(const struct products *products, struct machine *machine);

#endif
