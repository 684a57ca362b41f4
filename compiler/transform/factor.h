/* What the files of factor share. */
#ifndef RNNC_TRANSFORM_FACTOR_H
#define RNNC_TRANSFORM_FACTOR_H

#include <stdbool.h>

struct arena;
struct graph;

/* A product is taken apart into few parts, or into parts that each fill a vector: a hundred products with one row or
 * one column each would cost more than all that they could save. */
enum { FACTOR_FEW_PARTS = 8, FACTOR_LEAST_PART = 8 };

/* Rows and columns of a static matrix, or units of a static vector, as a view; what would be all of it is itself. */
int factor_add_matrix_part(struct graph *graph, int matrix, int row, int rows, int column, int columns);
int factor_add_vector_part(struct graph *graph, int vector, int begin, int length);

/* W @ concat(a, b), and parts of concats (factor_concats.c). Whether anything changed. */
bool factor_products_of_concats(struct graph *graph, struct arena *scratch);
bool factor_parts_of_concats(struct graph *graph, struct arena *scratch);

/* (W @ x)[a:b] and f(u, v)[a:b] (factor_parts.c). Whether anything changed. */
bool factor_parts(struct graph *graph, struct arena *scratch);

#endif
