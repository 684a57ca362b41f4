/* The stages that edit the graph, in their order. Each requires a verified graph and leaves one. factor, factor_sums
 * and differentiate end with simplify; behind sink it would undo what has been done. */
#ifndef RNNC_TRANSFORM_TRANSFORM_H
#define RNNC_TRANSFORM_TRANSFORM_H

#include <stdbool.h>

struct arena;
struct graph;
struct machine;

/* Copies read through, arithmetic on constants folded, equal nodes shared, views of views composed, dead nodes gone. */
void simplify(struct graph *graph, struct arena *scratch);

/* Parameters with forms as products of their factors, and products in the order that is cheaper:
 *
 *   W @ x, W : svd(r)            (A @ B) @ x
 *   (A @ B) @ x                  A @ (B @ x)             where that is cheaper
 *   Z[i] @ x, Z : cp(r)          B @ (A[i] * (C' @ x))
 *
 * Establishes that there are no forms. See decompose.c. */
void decompose(struct graph *graph, struct arena *scratch);

/* Products and parts taken as far towards the operands as they go:
 *
 *   W @ concat(a, b)             W[:, :n] @ a + W[:, n:] @ b
 *   (W @ x)[a:b]                 W[a:b, :] @ x           where only parts of the product are read
 *   f(u, v)[a:b]                 f(u[a:b], v[a:b])       likewise, f elementwise
 *
 * so that each product has as many units as the gate it feeds. Then, but not in training, rows of a table for products
 * with rows, where the table is not too large:
 *
 *   W @ embed(E, id)             embed(E @ W', id) */
void factor(struct graph *graph, const struct machine *machine, struct arena *scratch);

/* Sums in an order in which summands outside a cycle are one value before they enter it:
 *
 *   u + W @ x + U @ h[t-1] + b   ((b + W @ x) + u) + U @ h[t-1] */
void factor_sums(struct graph *graph, struct arena *scratch);

/* Returns a node that needs more of a sequence than one call with the past before it has: frames ahead, or all; NULL:
 * there is none, so that a call can be a window of a longer sequence. */
const struct node *find_whole(const struct graph *graph);

/* The adjoint graph, with the gradients of all parameters (and, where `by_inputs`, of inputs) as outputs behind the
 * seeds of the losses. `of_pasts`: those of the past too, of a graph `of_outputs` whose calls may be windows; see
 * hand_to_past.c. See differentiate.c. */
void differentiate(struct graph *graph, bool by_inputs, bool of_pasts, struct arena *scratch);

/* Values that are cheaper to compute beside their readers in other regions than to store and load, computed there. See
 * sink.c. */
void sink(struct graph *graph, const struct machine *machine, struct arena *scratch);

/* Copies, so that the schedule can take the graph as it is: operations on columns and over time read aligned, whole
 * columns; every node is read with one initial value; ids are read without delay. See legalise.c. */
void legalise(struct graph *graph, struct arena *scratch);
/* The part of it that takes delays of ids to what is looked up by them, whose past may have an adjoint. */
void delay_after_ids(struct graph *graph);

#endif
