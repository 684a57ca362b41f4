/* Attributes of nodes: which an operator has, and what they are. https://onnx.ai/onnx/operators/ */
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

/* AttributeProto.AttributeType, as letters in the table below. */
static const struct kind {
    char letter;
    int type;
    const char *name;
} kinds[] = {{'f', 1, "a float"}, {'i', 2, "an int"}, {'s', 3, "a string"}, {'t', 4, "a tensor"},
             {'g', 5, "a graph"}, {'F', 6, "floats"}, {'I', 7, "ints"},     {'S', 8, "strings"}};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

/* The attributes of operators, in all opsets that are read. Those that no code of this folder asks for do not matter in
 * inference, are another way to say what shapes say, or have to have the value with which they do nothing. */
static const struct row {
    const char *op, *attributes;
} rows[] = {
    {"BatchNormalization", "epsilon=f momentum=f spatial=i training_mode=i"},
    {"Cast", "to=i saturate=i round_mode=s"},
    {"Celu", "alpha=f"},
    {"Clip", "min=f max=f"},
    {"Concat", "axis=i"},
    {"Constant", "value=t value_float=f value_floats=F value_int=i value_ints=I"},
    {"ConstantOfShape", "value=t"},
    {"Conv", "auto_pad=s dilations=I group=i kernel_shape=I pads=I strides=I"},
    {"Dropout", "ratio=f seed=i"},
    {"Elu", "alpha=f"},
    {"Flatten", "axis=i"},
    {"GRU", "activation_alpha=F activation_beta=F activations=S clip=f direction=s hidden_size=i layout=i "
            "linear_before_reset=i"},
    {"Gather", "axis=i"},
    {"Gelu", "approximate=s"},
    {"Gemm", "alpha=f beta=f transA=i transB=i"},
    {"HardSigmoid", "alpha=f beta=f"},
    {"LSTM", "activation_alpha=F activation_beta=F activations=S clip=f direction=s hidden_size=i input_forget=i "
             "layout=i"},
    {"LayerNormalization", "axis=i epsilon=f stash_type=i"},
    {"LeakyRelu", "alpha=f"},
    {"LogSoftmax", "axis=i"},
    {"Pad", "mode=s pads=I value=f"},
    {"RMSNormalization", "axis=i epsilon=f stash_type=i"},
    {"RNN", "activation_alpha=F activation_beta=F activations=S clip=f direction=s hidden_size=i layout=i"},
    {"ReduceMax", "axes=I keepdims=i noop_with_empty_axes=i"},
    {"ReduceMean", "axes=I keepdims=i noop_with_empty_axes=i"},
    {"ReduceSum", "axes=I keepdims=i noop_with_empty_axes=i"},
    {"Reshape", "allowzero=i"},
    {"Scan", "body=g num_scan_inputs=i scan_input_axes=I scan_input_directions=I scan_output_axes=I "
             "scan_output_directions=I"},
    {"Selu", "alpha=f gamma=f"},
    {"Shape", "start=i end=i"},
    {"Slice", "axes=I ends=I starts=I"},
    {"Softmax", "axis=i"},
    {"Split", "axis=i num_outputs=i split=I"},
    {"Squeeze", "axes=I"},
    {"Swish", "alpha=f"},
    {"ThresholdedRelu", "alpha=f"},
    {"Transpose", "perm=I"},
    {"Unsqueeze", "axes=I"},
};

/* Returns the kind that an attribute of an operator has to be of; NULL: there is none of this name. */
static const struct kind *wanted_kind(const char *op, const char *name)
{
    const char *list = "";
    const size_t length = strcspn(name, "="); /* which no name of the table holds */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].op, op) == 0)
            list = rows[i].attributes;
    for (; *list; list += strcspn(list, " "), list += *list == ' ') {
        if (name[length] || strncmp(list, name, length) != 0 || list[length] != '=')
            continue;
        for (size_t k = 0; k < KIND_COUNT; k++)
            if (kinds[k].letter == list[length + 1])
                return &kinds[k];
    }
    return NULL;
}

/* True where an attribute is of a kind. Where it does not say what it is, as in the first version of ONNX, that is what
 * it has. */
static bool is_of(const Onnx__AttributeProto *attribute, const struct kind *kind)
{
    const bool has[KIND_COUNT] = {attribute->has_f,      attribute->has_i,        attribute->has_s,
                                  attribute->t != NULL,  attribute->has_g,        attribute->n_floats > 0,
                                  attribute->n_ints > 0, attribute->n_strings > 0};
    bool any = false;
    for (size_t k = 0; k < KIND_COUNT; k++)
        any = any || has[k];
    return attribute->type ? attribute->type == kind->type : !any || has[kind - kinds];
}

bool onnx_check_attributes(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    for (size_t i = 0; i < node->n_attribute; i++) {
        const Onnx__AttributeProto *attribute = node->attribute[i];
        const char *name = attribute->name ? attribute->name : "";
        const struct kind *kind = wanted_kind(node->op_type, name);
        if (!kind)
            return onnx_node_error(graph, node, error,
                                   "has the attribute '%.80s', which rnn import does not read: export the model "
                                   "without it, if it changes nothing",
                                   name);
        if (onnx_attribute(node, name) != attribute)
            return onnx_node_error(graph, node, error, "has the attribute '%.80s' twice", name);
        if (!is_of(attribute, kind))
            return onnx_node_error(graph, node, error, "has the attribute '%.80s' as another thing than %s", name,
                                   kind->name);
        if ((kind->letter == 't' && !attribute->t) || (kind->letter == 'g' && !attribute->has_g))
            return onnx_node_error(graph, node, error, "has the attribute '%.80s' without %s", name, kind->name);
    }
    return true;
}

const Onnx__AttributeProto *onnx_attribute(const Onnx__NodeProto *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

long onnx_integer(const Onnx__NodeProto *node, const char *name, long otherwise)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(node, name);
    return attribute ? (long)attribute->i : otherwise;
}

double onnx_number(const Onnx__NodeProto *node, const char *name, double otherwise)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(node, name);
    return attribute ? (double)attribute->f : otherwise;
}

bool onnx_numbers(struct onnx_graph *graph, const Onnx__NodeProto *node, const char *attribute, size_t i, int *count,
                  double numbers[ONNX_MOST_NUMBERS], const char **error)
{
    const Onnx__AttributeProto *list = onnx_attribute(node, attribute);
    const struct onnx_value *value = NULL;
    *count = -1;
    if (!list && !onnx_has_input(node, i))
        return true;
    if (!list && !onnx_input(graph, node, i, ONNX_TENSOR, &value, error))
        return false;
    const size_t length = list ? list->n_ints : (size_t)array_size(&value->tensor);
    if (length > ONNX_MOST_NUMBERS)
        return onnx_node_error(graph, node, error, "has %zu numbers in its %s", length, attribute);
    for (size_t k = 0; k < length; k++)
        numbers[k] = list ? (double)list->ints[k] : value->tensor.data[k];
    *count = (int)length;
    return true;
}

const char *onnx_string(const struct onnx_graph *graph, const Onnx__NodeProto *node, const char *name,
                        const char *otherwise)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(node, name);
    if (!attribute || !attribute->s.len)
        return otherwise;
    return arena_printf(graph->arena, "%.*s", (int)(attribute->s.len > 60 ? 60 : attribute->s.len),
                        (const char *)attribute->s.data);
}
