/* Products with a row that is looked up, as rows of a table:
 *
 *   before:   %2 = embed %E, %id              after:   %4 = view %W, transposed
 *             %3 = product %W, %2                      %5 = matmul %E, %4
 *                                                      %3 = embed %5, %id
 *
 * The table holds the product of W with every row of E, and is computed when weights are packed. It has no use in
 * training, where weights change with each call. */
#include "base/arena.h"
#include "base/machine.h"
#include "graph/graph.h"
#include "transform/factor.h"

/* All tables of a network together take no more. */
static const long tables_bytes_most = 64L << 20;

/* True if it takes less time to read a number from memory than to compute it as a sum of `inner` products. */
static bool reading_is_faster(const struct machine *machine, int inner)
{
    return 2.0 * inner * machine->levels[LEVEL_MEMORY].one > machine->real_bytes * machine->flops;
}

/* True for a factor of a parameter with a form or a storage, which says that memory is to be saved, or a part of it. */
static bool is_of_form(const struct graph *graph, const struct node *node)
{
    if (node->op == OP_view)
        node = graph->nodes[node->edges[0].node];
    return node->op == OP_round || (node->op == OP_parameter && graph->parameters[node->parameter].of_form);
}

/* Returns the embedding whose row `product` multiplies with a static matrix, or NULL. */
static const struct node *multiplied_row(const struct graph *graph, const struct node *product)
{
    if (product->op != OP_product || graph->nodes[product->edges[0].node]->time != TIME_STATIC)
        return NULL;
    const struct edge *edge = &product->edges[1];
    const struct node *row = graph->nodes[edge->node];
    if (row->op != OP_embed || edge->delay != 0 || !edge_is_whole(graph, edge))
        return NULL;
    return is_of_form(graph, graph->nodes[row->edges[0].node]) ? NULL : row;
}

static void become_lookup(struct graph *graph, struct node *product, const struct node *row)
{
    int weights = product->edges[0].node, words = graph->nodes[row->edges[0].node]->shape.dim[0];
    int units = node_units(product), inner = node_units(row);
    struct node *turned =
        graph_add_node(graph, OP_view, (struct shape){2, {inner, units}}, TIME_STATIC, 1, graph->nodes[weights]);
    turned->view = (struct view){0, {1, inner}};
    turned->edges[0] = edge_to(graph, weights);
    struct edge right = edge_to(graph, graph->node_count - 1);
    struct node *table = graph_add_node(graph, OP_matmul, (struct shape){2, {words, units}}, TIME_STATIC, 2, product);
    table->edges[0] = row->edges[0];
    table->edges[1] = right;
    product->op = OP_embed;
    product->edges[0] = edge_to(graph, graph->node_count - 1);
    product->edges[1] = row->edges[1];
}

void factor_lookups(struct graph *graph, const struct machine *machine)
{
    long left = tables_bytes_most / machine->real_bytes;
    int count = graph->trains ? 0 : graph->node_count;
    for (int i = 0; i < count; i++) {
        struct node *product = graph->nodes[i];
        const struct node *row = multiplied_row(graph, product);
        if (!row || !reading_is_faster(machine, node_units(row)))
            continue;
        long numbers = (long)node_units(product) * graph->nodes[row->edges[0].node]->shape.dim[0];
        if (numbers > left)
            continue;
        left -= numbers;
        become_lookup(graph, product, row);
    }
}
