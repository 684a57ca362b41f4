#include "analysis/cost.h"

double node_flops(const struct graph *graph, const struct node *node)
{
    const struct op_info *info = op_info(node->op);
    if (info->class == OP_CLASS_PRODUCT)
        return (double)info->flops * (double)shape_size(&graph->nodes[node->edges[0].node]->shape) *
               (node->op == OP_matmul ? node->shape.dim[1] : 1);
    if (info->class == OP_CLASS_COLUMN)
        return (double)info->flops * node->edges[0].length;
    return (double)info->flops * node_units(node);
}

double node_weights(const struct graph *graph, const struct node *node)
{
    if (node->op != OP_product)
        return 0;
    return (double)shape_size(&graph->nodes[node->edges[0].node]->shape);
}
