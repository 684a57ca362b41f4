/* before:   %3 = matmul %A, %B               after:   %5 = product %B, %2
 *           %4 = product %3, %2                       %4 = product %A, %5
 */
#include "transform/factor.h"

#include "base/arena.h"
#include "graph/graph.h"
#include "transform/transform.h"

static bool reassociate_product(struct graph *graph, int id)
{
    struct node *product = graph->nodes[id];
    const struct node *matmul = graph->nodes[product->edges[0].node];
    if (product->time != TIME_FRAME || matmul->op != OP_matmul)
        return false;
    struct edge a = matmul->edges[0], b = matmul->edges[1];
    double rows = matmul->shape.dim[0], columns = matmul->shape.dim[1], inner = graph->nodes[b.node]->shape.dim[0];
    if (inner * (rows + columns) >= rows * columns)
        return false;
    struct shape shape = {1, {(int)inner}};
    struct node *thin = graph_add_node(graph, OP_product, shape, product->time, 2, product);
    thin->edges[0] = b;
    thin->edges[1] = product->edges[1];
    product->edges[0] = a;
    product->edges[1] = edge_to(graph, graph->node_count - 1);
    return true;
}

static bool reassociate_products(struct graph *graph)
{
    bool changed = false;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == OP_product)
            changed |= reassociate_product(graph, i);
    return changed;
}

void factor(struct graph *graph, const struct machine *machine, struct arena *scratch)
{
    bool changed = true;
    while (changed) {
        changed = factor_products_of_concats(graph, machine, scratch);
        changed |= factor_parts(graph, machine, scratch);
        changed |= factor_parts_of_concats(graph, scratch);
        changed |= reassociate_products(graph);
        graph_sweep(graph);
        simplify(graph, scratch);
    }
}
