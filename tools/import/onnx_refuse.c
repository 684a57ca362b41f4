/* What files of ONNX may have beside dense tensors and nodes of its operators: it is named, not passed over. */
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

bool onnx_check_dense(struct onnx_graph *graph, const Onnx__GraphProto *proto, const char **error)
{
    if (!proto->n_sparse_initializer)
        return true;
    const Onnx__TensorProto *values = proto->sparse_initializer[0]->values;
    *error = arena_printf(graph->arena,
                          "'%s': the initializer '%.100s' is sparse, which rnn import does not read: write it with all "
                          "its numbers, as an initializer of the graph",
                          graph->path, values && values->name ? values->name : "");
    return false;
}

static bool is_call(const Onnx__NodeProto *node, const Onnx__FunctionProto *function)
{
    const char *domain = node->domain ? node->domain : "", *op = node->op_type ? node->op_type : "";
    return function->name && strcmp(op, function->name) == 0 &&
           strcmp(domain, function->domain ? function->domain : "") == 0;
}

bool onnx_check_functions(struct onnx_graph *graph, const Onnx__ModelProto *model, const char **error)
{
    for (size_t f = 0; f < model->n_functions; f++)
        for (size_t i = 0; i < graph->proto->n_node; i++)
            if (is_call(graph->proto->node[i], model->functions[f]))
                return onnx_node_error(graph, graph->proto->node[i], error,
                                       "calls a function of the model: in Python, "
                                       "onnx.inliner.inline_local_functions(model) writes what it does in its place");
    return true;
}
