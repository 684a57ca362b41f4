/* build-graph: the checked program as a graph. The only folder that knows both. */
#ifndef RNNC_LOWER_LOWER_H
#define RNNC_LOWER_LOWER_H

struct arena;
struct diagnostics;
struct graph;
struct program;

/* Establishes the graph's invariants. Programs that the schedule cannot do yet are refused here, with the place: then
 * NULL. */
struct graph *build_graph(struct arena *arena, const struct program *program, struct diagnostics *diag);

/* The same program for training: its losses, which must be there, in place of its outputs, and its targets as inputs.
 */
struct graph *build_training_graph(struct arena *arena, const struct program *program, struct diagnostics *diag);

/* The same for vector-Jacobian products: for each output y a target d_y, its adjoint, and the loss sum(y * d_y). */
struct graph *build_adjoint_graph(struct arena *arena, const struct program *program, struct diagnostics *diag);

#endif
