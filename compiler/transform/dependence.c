/* Finds the nodes on the way from a parameter (or input) to a loss. */
#include "transform/dependence.h"

#include "analysis/uses.h"
#include "base/arena.h"
#include "transform/gradient_rule.h"

struct marking {
    bool *marked;
    int *open, open_count;
};

static struct marking marking_new(const struct graph *graph, struct arena *scratch)
{
    return (struct marking){ARENA_ARRAY(scratch, bool, graph->node_count + 1),
                            ARENA_ARRAY(scratch, int, graph->node_count + 1), 0};
}

static void mark(struct marking *marking, int node)
{
    if (node < 0 || marking->marked[node])
        return;
    marking->marked[node] = true;
    marking->open[marking->open_count++] = node;
}

const bool *find_dependent(const struct graph *graph, bool by_inputs, struct arena *scratch)
{
    struct marking marking = marking_new(graph, scratch);
    struct uses uses = find_uses(graph, scratch);
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];
        bool real = node->op == OP_input && !graph->inputs[node->input].vocabulary &&
                    node->input < graph->input_count - graph->target_count;
        bool learns = node->op == OP_parameter && !graph->parameters[node->parameter].fixed;
        if (learns || (by_inputs && real))
            mark(&marking, i);
    }
    while (marking.open_count) {
        int node = marking.open[--marking.open_count];
        for (int u = uses.begin[node]; u < uses.begin[node + 1]; u++)
            mark(&marking, uses.use[u].reader);
    }
    return marking.marked;
}

/* The losses are the first operands of the seeds; of a graph `of_outputs` the outputs are in their place. */
const bool *find_needed_by_losses(const struct graph *graph, struct arena *scratch)
{
    struct marking marking = marking_new(graph, scratch);
    for (int i = 0; i < graph->output_count; i++) {
        const int output = graph->outputs[i].edge.node;
        mark(&marking, graph->of_outputs ? output : graph->nodes[output]->edges[0].node);
    }
    while (marking.open_count) {
        const struct node *node = graph->nodes[marking.open[--marking.open_count]];
        for (int k = 0; k < node->count; k++)
            if (operand_has_gradient(node->op, k)) {
                mark(&marking, node->edges[k].node);
                mark(&marking, node->edges[k].init);
            }
    }
    return marking.marked;
}
