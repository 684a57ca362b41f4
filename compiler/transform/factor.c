/* The rounds of factor, and functions shared by its files. */
#include "transform/factor.h"

#include "base/arena.h"
#include "graph/graph.h"
#include "transform/transform.h"

void factor(struct graph *graph, const struct machine *machine, struct arena *scratch)
{
    bool changed = true;
    while (changed) {
        changed = factor_products_of_concats(graph, machine, scratch);
        changed |= factor_parts(graph, machine, scratch);
        changed |= factor_parts_of_concats(graph, scratch);
        graph_sweep(graph);
        simplify(graph, scratch);
    }
    factor_lookups(graph, machine);
    graph_sweep(graph);
    simplify(graph, scratch);
}
