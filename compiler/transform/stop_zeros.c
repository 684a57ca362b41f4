#include "transform/stop_zeros.h"

#include "analysis/uses.h"
#include "base/arena.h"
#include "transform/gradient_rule.h"

/* True if finite operands may be at the edge of the operation's domain. */
static bool has_edges(const struct graph *graph, const struct node *node)
{
    if (node->op != OP_div)
        return op_info(node->op)->edges;
    const struct node *divisor = graph->nodes[node->edges[1].node];
    return divisor->op != OP_length && (divisor->op != OP_number || divisor->number == 0);
}

const bool *find_unbounded(const struct graph *graph, struct arena *scratch)
{
    bool *unbounded = ARENA_ARRAY(scratch, bool, graph->node_count + 1);
    int *open = ARENA_ARRAY(scratch, int, graph->node_count + 1), count = 0;
    struct uses uses = find_uses(graph, scratch);
    for (int i = 0; i < graph->node_count; i++)
        if (has_edges(graph, graph->nodes[i]))
            unbounded[open[count++] = i] = true;
    while (count) {
        int node = open[--count];
        for (int u = uses.begin[node]; u < uses.begin[node + 1]; u++) {
            int reader = uses.use[u].reader;
            if (reader >= 0 && !unbounded[reader] && !op_info(graph->nodes[reader]->op)->hides_edges)
                unbounded[open[count++] = reader] = true;
        }
    }
    return unbounded;
}

/* Returns by node from `first` on, the nodes that a rule has made, whether it is unbounded; they follow their operands.
 * Earlier nodes belong to the program, or to the gradients that have been received. */
static const bool *find_unbounded_slopes(const struct stopping *stopping, int first)
{
    const struct graph *graph = stopping->graph;
    bool *unbounded = ARENA_ARRAY(stopping->scratch, bool, graph->node_count - first + 1);
    for (int i = first; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];
        bool found = has_edges(graph, node);
        for (int k = 0; k < node->count && !op_info(node->op)->hides_edges; k++) {
            int operand = node->edges[k].node;
            found |= operand < stopping->count ? stopping->unbounded[operand]
                                               : operand >= first && unbounded[operand - first];
        }
        unbounded[i - first] = found;
    }
    return unbounded;
}

static struct edge build(const struct stopping *stopping, enum op op, const struct edge *edges, int count)
{
    return build_operation(stopping->graph, op, edges, count, stopping->like);
}

static struct edge where_not_zero(const struct stopping *stopping, struct edge g, struct edge value)
{
    const struct edge zero = edge_to(stopping->graph, graph_add_number(stopping->graph, 0));
    return build(stopping, OP_where, (const struct edge[]){g, value, zero}, 3);
}

/* Adds the largest magnitude in a vector. */
static struct edge largest(const struct stopping *stopping, struct edge g)
{
    if (g.length == 1)
        return g;
    const struct edge magnitudes = build(stopping, OP_abs, &g, 1);
    return build(stopping, OP_maximum, &magnitudes, 1);
}

struct edge stop_zeros(const struct stopping *stopping, int first, struct edge g, struct edge value)
{
    if (value.node < first || !find_unbounded_slopes(stopping, first)[value.node - first])
        return value;
    bool by_unit =
        op_info(stopping->like->op)->shape != SHAPE_VECTOR; /* else each unit depends on all units received */
    return where_not_zero(stopping, by_unit ? g : largest(stopping, g), value);
}

struct edge stop_zero_columns(const struct stopping *stopping, struct edge g, struct edge operand)
{
    bool init = operand.init != NO_NODE && stopping->unbounded[operand.init];
    if (!stopping->unbounded[operand.node] && !init)
        return operand;
    return where_not_zero(stopping, largest(stopping, g), operand);
}
