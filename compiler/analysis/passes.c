#include "analysis/passes.h"

#include "base/arena.h"

struct placing {
    const struct graph *graph;
    const struct components *components;
    int *pass;         /* by node */
    int behind_losses; /* the first pass that may read seeds, so that gradients wait for all losses */
};

/* True for nodes that are computed frame by frame: those with frames, and those gathered from frames. */
static bool runs_in_pass(const struct graph *graph, const struct node *node)
{
    return node->time == TIME_FRAME || node_gathers_frames(graph, node);
}

/* True if the direction in which frames are visited matters: sums and the like do not depend on it. */
static bool order_matters(const struct node *node) { return op_info(node->op)->one_frame; }

/* True if a reader in `pass` may read a value of the same pass through this edge. */
static bool edge_fits_pass(const struct edge *edge, int pass)
{
    return pass_is_backward(pass) ? edge->delay <= 0 : edge->delay >= 0;
}

/* Returns the earliest pass in which this operand allows its reader to run, given that the reader cannot run before
 * `pass`. */
static int earliest_pass(const struct placing *placing, const struct edge *edge, int pass)
{
    const struct node *source = placing->graph->nodes[edge->node];
    int own = placing->pass[edge->node];
    if (node_is_given_adjoint(placing->graph, source))
        return placing->behind_losses;
    if (op_info(source->op)->class == OP_CLASS_LEAF || !time_has_streams(source->time))
        return 0;
    if (source->op == OP_seed)
        return placing->behind_losses;
    if (node_gathers_frames(placing->graph, source))
        return own + 1;
    if (source->time != TIME_FRAME)
        return own;
    return pass > own || edge_fits_pass(edge, own) ? own : own + 1;
}

static bool component_fits_pass(const struct placing *placing, int number, int pass)
{
    const struct component *component = &placing->components->component[number];
    if (component->cyclic)
        return component->reversed == pass_is_backward(pass);
    /* An operation over time visits frames in their order. */
    return !order_matters(placing->graph->nodes[placing->components->member[placing->components->begin[number]]]) ||
           !pass_is_backward(pass);
}

static void place_component(struct placing *placing, int number)
{
    int pass = 0;
    for (bool settled = false; !settled;) {
        settled = true;
        for (int m = placing->components->begin[number]; m < placing->components->begin[number + 1]; m++) {
            const struct node *node = placing->graph->nodes[placing->components->member[m]];
            for (int k = 0; k < node->count; k++) {
                const struct edge *edge = &node->edges[k];
                if (placing->components->of[edge->node] != number) {
                    int earliest = earliest_pass(placing, edge, pass);
                    settled &= earliest <= pass;
                    pass = earliest > pass ? earliest : pass;
                }
                if (edge->init != NO_NODE && placing->graph->nodes[edge->init]->time == TIME_SEQUENCE) {
                    int own = placing->pass[edge->init] +
                              node_gathers_frames(placing->graph, placing->graph->nodes[edge->init]);
                    settled &= own <= pass;
                    pass = own > pass ? own : pass;
                }
            }
        }
        if (runs_in_pass(placing->graph,
                         placing->graph->nodes[placing->components->member[placing->components->begin[number]]]) &&
            !component_fits_pass(placing, number, pass)) {
            pass++;
            settled = false;
        }
    }
    for (int m = placing->components->begin[number]; m < placing->components->begin[number + 1]; m++)
        placing->pass[placing->components->member[m]] = pass;
}

static bool node_may_run_in(const struct placing *placing, const struct node *node, int pass)
{
    for (int k = 0; k < node->count; k++)
        if (earliest_pass(placing, &node->edges[k], pass) > pass)
            return false;
    return true;
}

/* Moves nodes outside every cycle that only later passes read into those passes, where they are computed block by block
 * beside their readers: the input product of a reversed cell runs backward with the cell. */
static void sink_nodes(struct placing *placing, const struct uses *uses)
{
    const struct graph *graph = placing->graph;
    for (int i = graph->node_count - 1; i >= 0; i--) {
        const struct node *node = graph->nodes[i];
        int target = -1;
        bool sinks = node->time == TIME_FRAME && op_info(node->op)->class != OP_CLASS_LEAF &&
                     !op_is_over_time(node->op) && !placing->components->component[placing->components->of[i]].cyclic;
        for (int u = uses->begin[i]; u < uses->begin[i + 1] && sinks; u++) {
            const struct use *use = &uses->use[u];
            sinks = use->reader >= 0 && !use->init && !use->edge->delay;
            if (sinks && (target < 0 || placing->pass[use->reader] < target))
                target = placing->pass[use->reader];
        }
        if (sinks && target > placing->pass[i] && node_may_run_in(placing, node, target))
            placing->pass[i] = target;
    }
}

/* Returns by component whether it depends on the seed of a loss or a given adjoint, directly or not. */
static const bool *find_behind_seeds(const struct graph *graph, const struct components *components,
                                     struct arena *scratch)
{
    bool *behind = ARENA_ARRAY(scratch, bool, components->count + 1);
    for (int c = 0; c < components->count; c++)
        for (int m = components->begin[c]; m < components->begin[c + 1]; m++) {
            const struct node *node = graph->nodes[components->member[m]];
            for (int k = 0; k < node->count; k++) {
                const struct node *source = graph->nodes[node->edges[k].node];
                behind[c] |= source->op == OP_seed || node_is_given_adjoint(graph, source) ||
                             behind[components->of[node->edges[k].node]];
            }
        }
    return behind;
}

struct passes find_passes(const struct graph *graph, const struct components *components, const struct uses *uses,
                          struct arena *arena, struct arena *scratch)
{
    graph_expect_fresh(graph, components->version, "components");
    graph_expect_fresh(graph, uses->version, "uses");
    struct placing placing = {.graph = graph, .components = components};
    placing.pass = ARENA_ARRAY(arena, int, graph->node_count + 1);
    const bool *behind = find_behind_seeds(graph, components, scratch);
    for (int late = 0; late < 2; late++) {
        for (int c = 0; c < components->count; c++) {
            const struct node *node = graph->nodes[components->member[components->begin[c]]];
            if (behind[c] == late && (time_has_streams(node->time) || op_is_over_time(node->op)))
                place_component(&placing, c);
        }
        for (int i = 0; i < graph->node_count; i++)
            if (graph->nodes[i]->op == OP_seed && placing.pass[i] >= placing.behind_losses)
                placing.behind_losses = placing.pass[i] + 1;
    }
    sink_nodes(&placing, uses);
    struct passes passes = {graph->version, 1, placing.pass};
    for (int i = 0; i < graph->node_count; i++) {
        const int count = placing.pass[i] + runs_in_pass(graph, graph->nodes[i]);
        passes.count = count > passes.count ? count : passes.count;
    }
    return passes;
}
