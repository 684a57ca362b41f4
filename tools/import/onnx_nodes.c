/* The writer of each node. https://onnx.ai/onnx/operators/ */
#include <string.h>

#include "import/onnx_graph.h"
#include "import/reasons.h"

static const struct onnx_writer other_writers[] = {
    {"LSTM", onnx_recurrent},
    {"GRU", onnx_recurrent},
    {"RNN", onnx_recurrent},
    {"Conv", onnx_conv},
    {"Pad", onnx_pad},
    {"Scan", onnx_scan},
    {NULL, NULL},
};

static const char quantised[] = "is of a quantised model: export it as it was before; rnnc --form='*=int8' stores its "
                                "weights in a quarter";
static const char chosen[] = "gives ids, but outputs of a program are numbers: take it off the end of the model";

/* Why operators that models have next to recurrent ones cannot be imported. */
static const struct reason {
    const char *op, *why;
} reasons[] = {
    {"MaxPool", IMPORT_CHANGES_RATE},
    {"AveragePool", IMPORT_CHANGES_RATE},
    {"ConvTranspose", IMPORT_CHANGES_RATE},
    {"Resize", IMPORT_CHANGES_RATE},
    {"InstanceNormalization", IMPORT_WHOLE_STATISTICS},
    {"GroupNormalization", IMPORT_WHOLE_STATISTICS},
    {"QuantizeLinear", quantised},
    {"DequantizeLinear", quantised},
    {"DynamicQuantizeLinear", quantised},
    {"ArgMax", chosen},
    {"TopK", chosen},
};

static const struct onnx_writer *find(const struct onnx_writer *writers, const char *op)
{
    for (; writers->op; writers++)
        if (strcmp(writers->op, op) == 0)
            return writers;
    return NULL;
}

/* True where all that a node computes from is known. */
static bool reads_constants(const struct onnx_graph *graph, const Onnx__NodeProto *node, const char *op)
{
    if (strcmp(op, "Shape") == 0 || strcmp(op, "Constant") == 0)
        return true;
    for (size_t i = 0; i < node->n_input; i++) {
        const struct onnx_value *value = onnx_has_input(node, i) ? onnx_find(graph, node->input[i]) : NULL;
        if (onnx_has_input(node, i) && (!value || value->kind != ONNX_TENSOR))
            return false;
    }
    return node->n_input > 0;
}

/* False, with an error, if a name that the node gives has a value already, which readers would get instead. */
static bool check_names(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    for (size_t i = 0; i < node->n_output; i++)
        if (*node->output[i] && onnx_find(graph, node->output[i]))
            return onnx_node_error(graph, node, error,
                                   "gives '%.100s', which an input, an initializer or another node gives too: names "
                                   "have one value",
                                   node->output[i]);
    return true;
}

/* False, with an error, if a node computes with a constant of real numbers in which there is a length that is not
 * fixed. Constants of whole numbers are shapes and places, where it stands for all frames or sequences. */
static bool check_open(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    for (size_t i = 0; i < node->n_input; i++) {
        const struct onnx_value *value = onnx_has_input(node, i) ? onnx_find(graph, node->input[i]) : NULL;
        if (value && value->kind == ONNX_TENSOR && value->open && !value->whole)
            return onnx_node_error(graph, node, error,
                                   "computes with '%.100s', which follows from a number of frames or sequences that "
                                   "the file leaves open and a program does not know: export the model with fixed axes",
                                   value->name);
    }
    return true;
}

bool onnx_node(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    if (!check_names(graph, node, error))
        return false;
    const char *op = node->op_type ? node->op_type : "";
    const bool ours = !node->domain || !*node->domain || strcmp(node->domain, "ai.onnx") == 0;
    const struct onnx_writer *writer = NULL;
    const bool constant = ours && reads_constants(graph, node, op);
    if (constant)
        writer = find(onnx_constant_writers, op);
    if (constant && !writer)
        writer = find(onnx_constant_part_writers, op);
    if (ours && !writer)
        writer = find(onnx_element_writers, op);
    if (ours && !writer)
        writer = find(onnx_column_writers, op);
    if (ours && !writer)
        writer = find(onnx_axis_writers, op);
    if (ours && !writer)
        writer = find(onnx_part_writers, op);
    if (ours && !writer)
        writer = find(other_writers, op);
    if (writer)
        return onnx_check_attributes(graph, node, error) && (constant || check_open(graph, node, error)) &&
               writer->write(graph, node, error);
    for (size_t i = 0; ours && i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].op, op) == 0)
            return onnx_node_error(graph, node, error, "%s", reasons[i].why);
    return onnx_node_error(graph, node, error, "is of an operator that rnn import does not know");
}
