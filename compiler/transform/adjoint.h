/* Inside differentiate: the state while adjoints are made, and the nodes that they are made of. */
#ifndef RNNC_TRANSFORM_ADJOINT_H
#define RNNC_TRANSFORM_ADJOINT_H

#include "graph/graph.h"

/* The values that readers hand back to one node. */
struct received {
    int node; /* the adjoint; NO_NODE: gradients are added where the parameters are */
    struct edge *edges;
    int count, capacity;
};

struct differentiating {
    struct graph *graph;
    struct arena *scratch;
    int count;                 /* of nodes before any adjoint */
    bool *active;              /* by node: on the way from a parameter (or input) to a loss */
    struct received *received; /* by node */
    const struct node *like;   /* the node whose operands are in hand */
    const bool *unbounded;     /* by node, see stop_zeros.h */
};

/* ---- hand_back.c ---- */

/* Adds a node with one operand whose shape and time do not follow from it. */
struct edge adjoint_reshape(struct differentiating *d, enum op op, struct edge a, struct shape shape,
                            enum value_time time);
struct edge adjoint_view(struct differentiating *d, int source, struct shape shape, struct view view);
struct edge adjoint_transpose(struct differentiating *d, int matrix);
struct edge adjoint_product(struct differentiating *d, struct edge matrix, struct edge x);
/* Adds a matrix of call time: a product of two, or a sum over all frames. */
struct edge adjoint_matrix(struct differentiating *d, enum op op, struct edge a, struct edge b, int rows, int columns);
void adjoint_receive(struct differentiating *d, int node, struct edge edge);
/* Hands `value` back to the source of `read`, at the frame of the reader; `delayed`, if not NULL, is the same value at
 * the source's own frame. */
void hand_back(struct differentiating *d, const struct edge *read, struct edge value, const struct edge *delayed);

/* ---- hand_operations.c ---- */

/* Hands the adjoint of a node on to its operands. */
void hand_to_operands(struct differentiating *d, int id);

#endif
