/* before:   %3 = matmul %A, %B               after:   %5 = product %B, %2
 *           %4 = product %3, %2                       %4 = product %A, %5
 */
#include "transform/factor.h"
#include "base/arena.h"
#include "base/machine.h"
#include "graph/graph.h"
#include "transform/transform.h"

enum { FEW_PARTS = 8 };

bool factor_parts_are_worth_it(const struct machine *machine, int parts, int least)
{
    return parts <= FEW_PARTS || least >= machine->lanes;
}

int factor_add_matrix_part(struct graph *graph, int matrix, int row, int rows, int column, int columns)
{
    struct shape shape = graph->nodes[matrix]->shape;
    if (rows == shape.dim[0] && columns == shape.dim[1])
        return matrix;
    struct shape part = {2, {rows, columns}};
    struct node *view = graph_add_node(graph, OP_view, part, TIME_STATIC, 1, graph->nodes[matrix]);
    view->view = (struct view){(long)row * shape.dim[1] + column, {shape.dim[1], 1}};
    view->edges[0] = edge_to(graph, matrix);
    return graph->node_count - 1;
}

int factor_add_vector_part(struct graph *graph, int vector, int begin, int length)
{
    struct shape part = {1, {length}};
    struct node *view = graph_add_node(graph, OP_view, part, TIME_STATIC, 1, graph->nodes[vector]);
    view->view = (struct view){begin, {1}};
    view->edges[0] = edge_to(graph, vector);
    return graph->node_count - 1;
}

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
