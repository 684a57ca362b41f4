/* Declarations shared by the files of factor. */
#ifndef RNNC_TRANSFORM_FACTOR_H
#define RNNC_TRANSFORM_FACTOR_H

#include <stdbool.h>

struct arena;
struct graph;
struct machine;

/* ---- factor_views.c ---- */

/* True if a product is worth taking apart into `parts` parts, the smallest of `least` units: they are few, or each
 * fills a vector. A hundred products of one row or column each would cost more than they could save. */
bool factor_parts_are_worth_it(const struct machine *machine, int parts, int least);

/* Adds a view of rows and columns of a static matrix, or of units of a static vector; a view of all of it is the node
 * itself. */
int factor_add_matrix_part(struct graph *graph, int matrix, int row, int rows, int column, int columns);
int factor_add_vector_part(struct graph *graph, int vector, int begin, int length);

/* ---- factor_concats.c ---- */

/* Rewrite W @ concat(a, b), and parts of concats. True if anything changed. */
bool factor_products_of_concats(struct graph *graph, const struct machine *machine, struct arena *scratch);
bool factor_parts_of_concats(struct graph *graph, struct arena *scratch);

/* ---- factor_parts.c ---- */

/* Rewrites (W @ x)[a:b] and f(u, v)[a:b]. True if anything changed. */
bool factor_parts(struct graph *graph, const struct machine *machine, struct arena *scratch);

/* ---- factor_lookups.c ---- */

/* Rewrites W @ embed(E, id). */
void factor_lookups(struct graph *graph, const struct machine *machine);

#endif
