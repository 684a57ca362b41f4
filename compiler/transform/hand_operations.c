/* Hands back from each operation to its operands: by the rule of op.def, or in a way of its own. */
#include "transform/adjoint.h"
#include "transform/gradient_rule.h"
#include "transform/stop_zeros.h"

static struct stopping stopping(const struct differentiating *d)
{
    return (struct stopping){d->graph, d->scratch, d->unbounded, d->count, d->like};
}

static void hand_product(struct differentiating *d, const struct node *node, struct edge g)
{
    const struct edge *w = &node->edges[0], *x = &node->edges[1];
    const struct shape shape = d->graph->nodes[w->node]->shape;
    int rows = shape.dim[0], columns = shape.dim[1];
    if (d->active[w->node]) {
        const struct stopping at = stopping(d);
        struct edge gradient, column = g, operand = *x;
        if (node->time == TIME_STATIC) {
            column = adjoint_view(d, g.node, (struct shape){2, {rows, 1}}, (struct view){0, {1, 1}});
            operand = stop_zero_columns(&at, g, *x); /* rnn_outer does that by itself */
        }
        if (d->graph->nodes[x->node]->op == OP_number)
            gradient = adjoint_matrix(d, OP_mul, column, operand, rows, columns);
        else if (node->time == TIME_STATIC)
            gradient = adjoint_matrix(
                d, OP_matmul, column,
                adjoint_view(d, operand.node, (struct shape){2, {1, columns}}, (struct view){0, {columns, 1}}), rows,
                columns);
        else
            gradient = adjoint_matrix(d, OP_outer, g, operand, rows, columns);
        adjoint_receive(d, w->node, gradient);
    }
    bool init = x->init != NO_NODE && d->active[x->init];
    if (!d->active[x->node] && !init)
        return;
    struct edge transpose = adjoint_transpose(d, w->node), later = g;
    later.delay = -x->delay;
    if (d->active[x->node])
        hand_to_past(d, x, g, &transpose);
    struct edge own = adjoint_product(d, transpose, later), value = init ? adjoint_product(d, transpose, g) : own;
    hand_back(d, x, value, &own);
}

static void hand_matmul(struct differentiating *d, const struct node *node, struct edge g)
{
    int a = node->edges[0].node, b = node->edges[1].node;
    const struct shape left = d->graph->nodes[a]->shape, right = d->graph->nodes[b]->shape;
    if (d->active[a])
        adjoint_receive(d, a, adjoint_matrix(d, OP_matmul, g, adjoint_transpose(d, b), left.dim[0], left.dim[1]));
    if (d->active[b])
        adjoint_receive(d, b, adjoint_matrix(d, OP_matmul, adjoint_transpose(d, a), g, right.dim[0], right.dim[1]));
}

static void hand_concat(struct differentiating *d, const struct node *node, struct edge g)
{
    for (int k = 0, at = 0; k < node->count; at += node->edges[k++].length) {
        struct edge part = g;
        part.begin = at;
        part.length = node->edges[k].length;
        if (node->time == TIME_STATIC && d->active[node->edges[k].node])
            part = adjoint_view(d, g.node, (struct shape){1, {part.length}}, (struct view){at, {1}});
        if (node->time != TIME_STATIC || d->active[node->edges[k].node])
            hand_back(d, &node->edges[k], part, NULL);
    }
}

static void hand_view(struct differentiating *d, const struct node *node, struct edge g)
{
    int source = node->edges[0].node;
    if (!d->active[source])
        return;
    struct edge whole = adjoint_reshape(d, OP_unview, g, d->graph->nodes[source]->shape, TIME_CALL);
    d->graph->nodes[whole.node]->view = node->view;
    adjoint_receive(d, source, whole);
}

static void hand_embed(struct differentiating *d, const struct node *node, struct edge g)
{
    const struct shape *table = &d->graph->nodes[node->edges[0].node]->shape;
    if (d->active[node->edges[0].node]) {
        struct edge ids = node->edges[1];
        g.delay = -ids.delay;
        ids.delay = 0;
        adjoint_receive(d, node->edges[0].node, adjoint_matrix(d, OP_rows, ids, g, table->dim[0], table->dim[1]));
    }
}

typedef void hand(struct differentiating *d, const struct node *node, struct edge g);

static hand *const special_hands[OP_COUNT] = {[OP_product] = hand_product,
                                              [OP_matmul] = hand_matmul,
                                              [OP_concat] = hand_concat,
                                              [OP_view] = hand_view,
                                              [OP_embed] = hand_embed};

static bool edge_is_active(const struct differentiating *d, const struct edge *edge)
{
    return d->active[edge->node] || (edge->init != NO_NODE && d->active[edge->init]);
}

static void hand_by_rule(struct differentiating *d, int id, struct edge g)
{
    const struct stopping at = stopping(d);
    for (int k = 0; k < d->graph->nodes[id]->count; k++) {
        struct edge read = d->graph->nodes[id]->edges[k], value;
        int first = d->graph->node_count;
        if (!edge_is_active(d, &read) || !build_gradient(d->graph, id, k, g, &value))
            continue;
        if (d->unbounded[id])
            value = stop_zeros(&at, first, g, value);
        hand_back(d, &read, value, NULL);
    }
}

void hand_to_operands(struct differentiating *d, int id)
{
    const struct node *node = d->like = d->graph->nodes[id];
    if (!node->count || d->received[id].node == NO_NODE)
        return;
    struct edge g = edge_to(d->graph, d->received[id].node);
    if (op_info(node->op)->special_gradient)
        special_hands[node->op](d, node, g);
    else
        hand_by_rule(d, id, g);
}
