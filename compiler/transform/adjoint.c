/* The nodes of adjoints. */
#include "transform/adjoint.h"

#include "base/arena.h"

struct edge adjoint_reshape(struct differentiating *d, enum op op, struct edge a, struct shape shape,
                            enum value_time time)
{
    struct node *node = graph_add_node(d->graph, op, shape, time, 1, d->like);
    node->edges[0] = a;
    return edge_to(d->graph, d->graph->node_count - 1);
}

struct edge adjoint_view(struct differentiating *d, int source, struct shape shape, struct view view)
{
    const struct node *node = d->graph->nodes[source];
    if (node->op == OP_view && shape.rank == 2 && node->shape.rank == 2 && shape.dim[0] == node->shape.dim[1] &&
        view.stride[0] == 1) { /* a transpose of a view */
        view = (struct view){node->view.offset, {node->view.stride[1], node->view.stride[0]}};
        source = node->edges[0].node;
    }
    struct edge edge = adjoint_reshape(d, OP_view, edge_to(d->graph, source), shape, d->graph->nodes[source]->time);
    d->graph->nodes[edge.node]->view = view;
    return edge;
}

struct edge adjoint_transpose(struct differentiating *d, int matrix)
{
    const struct shape *shape = &d->graph->nodes[matrix]->shape;
    return adjoint_view(d, matrix, (struct shape){2, {shape->dim[1], shape->dim[0]}},
                        (struct view){0, {1, shape->dim[1]}});
}

struct edge adjoint_product(struct differentiating *d, struct edge matrix, struct edge x)
{
    struct shape shape = {1, {d->graph->nodes[matrix.node]->shape.dim[0]}};
    struct node *node = graph_add_node(d->graph, OP_product, shape, d->graph->nodes[x.node]->time, 2, d->like);
    node->edges[0] = matrix;
    node->edges[1] = x;
    return edge_to(d->graph, d->graph->node_count - 1);
}

struct edge adjoint_matrix(struct differentiating *d, enum op op, struct edge a, struct edge b, int rows, int columns)
{
    struct node *node = graph_add_node(d->graph, op, (struct shape){2, {rows, columns}}, TIME_CALL, 2, d->like);
    node->edges[0] = a;
    node->edges[1] = b;
    return edge_to(d->graph, d->graph->node_count - 1);
}

void adjoint_receive(struct differentiating *d, int node, struct edge edge)
{
    struct received *received = &d->received[node];
    ARENA_PUSH(d->scratch, received->edges, received->count, received->capacity, edge);
}

struct edge adjoint_padded(struct differentiating *d, const struct edge *read, struct edge value)
{
    const struct node *source = d->graph->nodes[read->node];
    if (edge_is_whole(d->graph, read))
        return value;
    struct edge pad = adjoint_reshape(d, OP_pad, value, source->shape, d->graph->nodes[value.node]->time);
    d->graph->nodes[pad.node]->begin = read->begin;
    return pad;
}

struct edge adjoint_sum(struct differentiating *d, const struct received *received, struct shape shape,
                        enum value_time time)
{
    struct edge sum = edge_to(d->graph, graph_add_number(d->graph, 0));
    for (int i = 0; i < received->count; i++) {
        if (i == 0) {
            sum = received->edges[0];
            continue;
        }
        struct node *add = graph_add_node(d->graph, OP_add, shape, time, 2, d->like);
        add->edges[0] = sum;
        add->edges[1] = received->edges[i];
        sum = edge_to(d->graph, d->graph->node_count - 1);
    }
    return sum;
}

const char *adjoint_name(struct graph *graph, const char *name)
{
    const char *last = name;
    for (const char *c = name; c && *c; c++)
        if (*c == '.')
            last = c + 1;
    return name ? arena_printf(graph->arena, "%.*sd_%s", (int)(last - name), name, last) : NULL;
}
