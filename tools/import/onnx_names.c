/* Names of the program, and the weights that have them. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

const char *onnx_node_name(struct onnx_graph *graph, const Onnx__NodeProto *node)
{
    if (node->name && *node->name)
        return import_take_name(&graph->names, node->name);
    char *lower = (char *)arena_printf(graph->arena, "%s", node->op_type);
    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return import_take_name(&graph->names, lower);
}

void onnx_add_weight(struct onnx_graph *graph, const char *name, const struct array *array)
{
    struct array weight = *array;
    weight.name = name;
    weight.type = ARRAY_F32;
    ARENA_PUSH(graph->arena, graph->weights, graph->weight_count, graph->weight_capacity, weight);
}

static const char *weight_name(struct onnx_graph *graph, const Onnx__NodeProto *node, const char *tensor,
                               const char *what)
{
    /* "onnx::MatMul_440", "val_12" and "/encoder/Constant_output_0" are of PyTorch's making. */
    const bool made_up = !*tensor || strncmp(tensor, "onnx::", 6) == 0 || strncmp(tensor, "val_", 4) == 0 ||
                         *tensor == '/' || isdigit((unsigned char)*tensor);
    if (!made_up || !node->name || !*node->name)
        return import_take_name(&graph->names, tensor);
    return import_take_name(&graph->names, arena_printf(graph->arena, "%s_%s", node->name, what));
}

const char *onnx_parameter(struct onnx_graph *graph, const Onnx__NodeProto *node, const struct array *tensor,
                           const char *what)
{
    for (int i = 0; i < graph->weight_count; i++) {
        const struct array *other = &graph->weights[i];
        if (other->data == tensor->data && other->rank == tensor->rank && !strchr(other->name, '.') &&
            memcmp(other->shape, tensor->shape, (size_t)tensor->rank * sizeof *tensor->shape) == 0)
            return other->name;
    }
    const char *name = weight_name(graph, node, tensor->name ? tensor->name : "", what);
    text_printf(&graph->parameters, "  param %s%s\n", name, tensor->rank ? array_shape_text(graph->arena, tensor) : "");
    onnx_add_weight(graph, name, tensor);
    return name;
}
