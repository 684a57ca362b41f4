/* recompute: values of the network that the adjoint reads are kept for every frame of a window. A value that is cheaper
 * to compute than to keep is computed again beside its readers if its operands are kept anyway. (No simplify may
 * follow: it shares equal nodes.)
 *
 * before:   %3 = 1 - %z                   after:   %3 = 1 - %z            (read by the network alone: in registers)
 *           %8 = %d * %3   in the adjoint          %9 = 1 - %z
 *                                                  %8 = %d * %9 */
#include "analysis/uses.h"
#include "base/arena.h"
#include "base/machine.h"
#include "graph/graph.h"
#include "transform/transform.h"

struct recomputing {
    struct graph *graph;
    struct uses uses;
    int flops_most; /* limit for computing a value again */
    bool *adjoint;  /* by node: needs the seed of a loss */
    int *again;     /* by node: the node that computes it again, or NO_NODE */
};

static bool *find_adjoint(const struct graph *graph, const struct uses *uses, struct arena *scratch)
{
    bool *adjoint = ARENA_ARRAY(scratch, bool, graph->node_count + 1);
    int *open = ARENA_ARRAY(scratch, int, graph->node_count + 1), count = 0;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == OP_seed)
            open[count++] = i;
    while (count) {
        int node = open[--count];
        for (int u = uses->begin[node]; u < uses->begin[node + 1]; u++)
            if (uses->use[u].reader >= 0 && !adjoint[uses->use[u].reader]) {
                adjoint[uses->use[u].reader] = true;
                open[count++] = uses->use[u].reader;
            }
    }
    return adjoint;
}

/* True if the adjoint reads the value. Sets *elsewhere if it reads it at another frame or as an initial value. */
static bool adjoint_reads(const struct recomputing *recomputing, int id, bool *elsewhere)
{
    bool reads = false;
    for (int u = recomputing->uses.begin[id]; u < recomputing->uses.begin[id + 1]; u++) {
        const struct use *use = &recomputing->uses.use[u];
        if (use->reader < 0 || !recomputing->adjoint[use->reader])
            continue;
        reads = true;
        *elsewhere |= use->init || use->edge->delay != 0;
    }
    return reads;
}

static bool operand_is_there(const struct recomputing *recomputing, const struct edge *edge)
{
    const struct node *source = recomputing->graph->nodes[edge->node];
    bool elsewhere = false;
    if (source->time == TIME_STATIC || op_info(source->op)->class == OP_CLASS_LEAF)
        return true;
    if (recomputing->again[edge->node] != NO_NODE)
        return !edge->delay;
    return adjoint_reads(recomputing, edge->node, &elsewhere);
}

static bool is_worth_it(const struct recomputing *recomputing, int id)
{
    const struct node *node = recomputing->graph->nodes[id];
    bool elsewhere = false;
    if (recomputing->adjoint[id] || node->time != TIME_FRAME || op_info(node->op)->class != OP_CLASS_ELEMENTWISE ||
        op_info(node->op)->flops > recomputing->flops_most || !adjoint_reads(recomputing, id, &elsewhere) || elsewhere)
        return false;
    for (int k = 0; k < node->count; k++)
        if (!operand_is_there(recomputing, &node->edges[k]))
            return false;
    return true;
}

static void compute_again(struct recomputing *recomputing, int id)
{
    struct graph *graph = recomputing->graph;
    const struct node *node = graph->nodes[id];
    struct node *again = graph_add_node(graph, node->op, node->shape, node->time, node->count, node);
    for (int k = 0; k < node->count; k++) {
        again->edges[k] = node->edges[k];
        if (recomputing->again[node->edges[k].node] != NO_NODE)
            again->edges[k].node = recomputing->again[node->edges[k].node];
    }
    recomputing->again[id] = graph->node_count - 1;
    for (int u = recomputing->uses.begin[id]; u < recomputing->uses.begin[id + 1]; u++)
        if (recomputing->uses.use[u].reader >= 0 && recomputing->adjoint[recomputing->uses.use[u].reader])
            recomputing->uses.use[u].edge->node = recomputing->again[id];
}

void recompute(struct graph *graph, const struct machine *machine, struct arena *scratch)
{
    int count = graph->node_count;
    struct recomputing recomputing = {
        .graph = graph, .uses = find_uses(graph, scratch), .flops_most = machine_operations_to_keep(machine)};
    recomputing.adjoint = find_adjoint(graph, &recomputing.uses, scratch);
    recomputing.again = ARENA_ARRAY(scratch, int, count + 1);
    for (int i = 0; i < count; i++)
        recomputing.again[i] = NO_NODE;
    for (int i = 0; i < count; i++)
        if (is_worth_it(&recomputing, i))
            compute_again(&recomputing, i);
    graph_sweep(graph);
}
