/* Adds parts of matrices and vectors for the files of factor. */
#include "base/machine.h"
#include "graph/graph.h"
#include "transform/factor.h"

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
