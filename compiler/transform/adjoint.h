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

/* The same for the past of a node: of its frames -1, -2, ... */
struct received_past {
    struct received *of; /* [PAST_MOST]; NULL: none is read */
    int frames;          /* that are read; of more than PAST_MOST the others receive nothing */
};

struct differentiating {
    struct graph *graph;
    struct arena *scratch;
    int count;                   /* of nodes before any adjoint */
    bool *active;                /* by node: on the way from a parameter (or input) to a loss */
    struct received *received;   /* by node */
    struct received_past *pasts; /* by node; NULL: pasts are constants */
    const struct node *like;     /* the node whose operands are in hand */
    const bool *unbounded;       /* by node, see stop_zeros.h */
};

/* ---- adjoint.c ---- */

/* Adds a node with one operand whose shape and time do not follow from it. */
struct edge adjoint_reshape(struct differentiating *d, enum op op, struct edge a, struct shape shape,
                            enum value_time time);
/* Widens the gradient of a part to the whole value: 0 in the other units. */
struct edge adjoint_padded(struct differentiating *d, const struct edge *read, struct edge value);
struct edge adjoint_view(struct differentiating *d, int source, struct shape shape, struct view view);
struct edge adjoint_transpose(struct differentiating *d, int matrix);
struct edge adjoint_product(struct differentiating *d, struct edge matrix, struct edge x);
/* Adds a matrix of call time: a product of two, or a sum over all frames. */
struct edge adjoint_matrix(struct differentiating *d, enum op op, struct edge a, struct edge b, int rows, int columns);
void adjoint_receive(struct differentiating *d, int node, struct edge edge);
/* Returns the sum of what has been received. */
struct edge adjoint_sum(struct differentiating *d, const struct received *received, struct shape shape,
                        enum value_time time);
const char *adjoint_name(struct graph *graph, const char *name);

/* ---- hand_back.c ---- */

/* Hands `value` back to the source of `read`, at the frame of the reader; `delayed`, if not NULL, is the same value at
 * the source's own frame. */
void hand_back(struct differentiating *d, const struct edge *read, struct edge value, const struct edge *delayed);

/* ---- hand_to_past.c ---- */

/* Hands back to the frames before the first of a call that a delayed read has reached. `value`: at the frame of the
 * reader, of the units that are read; or, with a `matrix`, what that has still to be multiplied by. */
void hand_to_past(struct differentiating *d, const struct edge *read, struct edge value, const struct edge *matrix);
/* Adds the adjoints of pasts: those that are given are handed to the last frames, those of the first are outputs. */
void add_pasts(struct differentiating *d, int *output_capacity);

/* ---- hand_operations.c ---- */

/* Hands the adjoint of a node on to its operands. */
void hand_to_operands(struct differentiating *d, int id);

#endif
