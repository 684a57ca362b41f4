#include "analysis/cost.h"

/* Operations on each unit of a column to find its largest: it is gone through about so often, see rnn/refine.h. */
enum { SELECTION_FLOPS = 20 };

/* The weights of a refined product: rows of a matrix. */
static double refined_weights(const struct graph *graph, const struct node *node)
{
    return (double)node->refined * graph->nodes[node->edges[0].node]->shape.dim[1];
}

double node_flops(const struct graph *graph, const struct node *node)
{
    const struct op_info *info = op_info(node->op);
    if (node->op == OP_refine)
        return info->flops * refined_weights(graph, node) + (double)SELECTION_FLOPS * node_units(node);
    if (info->class == OP_CLASS_PRODUCT)
        return (double)info->flops * (double)shape_size(&graph->nodes[node->edges[0].node]->shape) *
               (node->op == OP_matmul ? node->shape.dim[1] : 1);
    if (info->class == OP_CLASS_COLUMN)
        return (double)info->flops * node->edges[0].length;
    return (double)info->flops * node_units(node);
}

double node_weights(const struct graph *graph, const struct node *node)
{
    if (node->op == OP_refine)
        return refined_weights(graph, node);
    if (node->op != OP_product)
        return 0;
    return (double)shape_size(&graph->nodes[node->edges[0].node]->shape);
}

enum precision node_weight_storage(const struct graph *graph, const struct node *node)
{
    if (node->op == OP_product)
        return (enum precision)node->storage;
    const struct node *rows = node->op == OP_refine ? graph->nodes[node->edges[0].node] : NULL;
    return rows && rows->op == OP_round ? (enum precision)rows->storage : PRECISION_F32;
}
