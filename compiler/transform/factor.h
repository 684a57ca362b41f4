/* What the files of factor share. */
#ifndef RNNC_TRANSFORM_FACTOR_H
#define RNNC_TRANSFORM_FACTOR_H

#include <stdbool.h>

struct arena;
struct graph;
struct machine;

/* ---- factor_views.c ---- */

/* Whether a product is taken apart into `parts` parts, the least of which has `least` units: they are few, or each
 * fills a vector. A hundred products with one row or one column each would cost more than all that they could save. */
bool factor_parts_are_worth_it(const struct machine *machine, int parts, int least);

/* Rows and columns of a static matrix, or units of a static vector, as a view; what would be all of it is itself. */
int factor_add_matrix_part(struct graph *graph, int matrix, int row, int rows, int column, int columns);
int factor_add_vector_part(struct graph *graph, int vector, int begin, int length);

/* ---- factor_concats.c ---- */

/* W @ concat(a, b), and parts of concats. Whether anything changed. */
bool factor_products_of_concats(struct graph *graph, const struct machine *machine, struct arena *scratch);
bool factor_parts_of_concats(struct graph *graph, struct arena *scratch);

/* ---- factor_parts.c ---- */

/* (W @ x)[a:b] and f(u, v)[a:b]. Whether anything changed. */
bool factor_parts(struct graph *graph, const struct machine *machine, struct arena *scratch);

#endif
