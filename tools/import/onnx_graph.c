#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

const char *onnx_node_text(const struct onnx_graph *graph, const Onnx__NodeProto *node)
{
    const char *name = node->name && *node->name ? node->name : node->n_output ? node->output[0] : "";
    return arena_printf(graph->arena, "the %s '%s'", node->op_type ? node->op_type : "node", name);
}

bool onnx_node_error(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error, const char *format, ...)
{
    char words[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    *error = arena_printf(graph->arena, "'%s': %s %s", graph->path, onnx_node_text(graph, node), words);
    return false;
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
    return attribute && attribute->has_i ? (long)attribute->i : otherwise;
}

double onnx_number(const Onnx__NodeProto *node, const char *name, double otherwise)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(node, name);
    return attribute && attribute->has_f ? (double)attribute->f : otherwise;
}

/* ---- names ---- */

static bool is_taken(const struct onnx_graph *graph, const char *name)
{
    static const char *const words[] = {
        "t",       "onnx",    "net",          "import", "as",       "model",     "cell",   "fn",      "const",
        "param",   "input",   "output",       "target", "loss",     "init",      "stack",  "reverse", "once",
        "index",   "labels",  "shared",       "last",   "first",    "transpose", "concat", "split",   "softmax",
        "sigmoid", "tanh",    "relu",         "elu",    "softplus", "softsign",  "clip",   "where",   "leaky_relu",
        "embed",   "dropout", "hard_sigmoid", "inf",    "nan",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    for (int i = 0; i < graph->name_count; i++)
        if (strcmp(graph->names[i], name) == 0)
            return true;
    return false;
}

const char *onnx_take_name(struct onnx_graph *graph, const char *like)
{
    while (*like && !isalnum((unsigned char)*like))
        like++;
    char *plain = (char *)arena_printf(graph->arena, "%s%.60s", isalpha((unsigned char)*like) ? "" : "v", like);
    for (char *c = plain; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
    const char *name = plain;
    for (int i = 2; is_taken(graph, name); i++)
        name = arena_printf(graph->arena, "%s_%d", plain, i);
    graph->names[graph->name_count++] = name;
    return name;
}

const char *onnx_node_name(struct onnx_graph *graph, const Onnx__NodeProto *node)
{
    if (node->name && *node->name)
        return onnx_take_name(graph, node->name);
    char *lower = (char *)arena_printf(graph->arena, "%s", node->op_type);
    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return onnx_take_name(graph, is_taken(graph, lower) ? arena_printf(graph->arena, "%s_1", lower) : lower);
}

/* ---- values ---- */

bool onnx_has_input(const Onnx__NodeProto *node, size_t i) { return i < node->n_input && *node->input[i]; }

const struct onnx_value *onnx_find(const struct onnx_graph *graph, const char *name)
{
    for (int i = 0; i < graph->value_count; i++)
        if (strcmp(graph->values[i].name, name) == 0)
            return &graph->values[i];
    return NULL;
}

bool onnx_input(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, enum onnx_kind kind,
                const struct onnx_value **value, const char **error)
{
    static const char *const kinds[] = {"an initializer", "computed from the network's input", "lengths"};
    if (!onnx_has_input(node, i))
        return onnx_node_error(graph, node, error, "lacks its input %zu", i + 1);
    *value = onnx_find(graph, node->input[i]);
    if (!*value)
        return onnx_node_error(graph, node, error, "reads '%.100s', which nothing before it gives", node->input[i]);
    if ((*value)->kind != kind)
        return onnx_node_error(graph, node, error, "reads '%.100s', which has to be %s", node->input[i], kinds[kind]);
    return true;
}

void onnx_give(struct onnx_graph *graph, const Onnx__NodeProto *node, size_t i, struct onnx_value value)
{
    if (i >= node->n_output || !*node->output[i])
        return;
    value.name = node->output[i];
    graph->values[graph->value_count++] = value;
}

void onnx_add_weight(struct onnx_graph *graph, const char *name, const struct array *array)
{
    struct array *weight = &graph->weights[graph->weight_count++];
    *weight = *array;
    weight->name = name;
    weight->type = ARRAY_F32;
}

/* ---- tensors ---- */

enum { TYPE_FLOAT = 1, TYPE_INT32 = 6, TYPE_INT64 = 7, TYPE_DOUBLE = 11 }; /* TensorProto.DataType */

static bool read_numbers(const Onnx__TensorProto *proto, struct array *array)
{
    const size_t size = (size_t)array_size(array);
    const unsigned char *raw = proto->has_raw_data ? proto->raw_data.data : NULL;
    const size_t width = proto->data_type == TYPE_FLOAT || proto->data_type == TYPE_INT32 ? 4 : 8;
    if (raw ? proto->raw_data.len / width != size || proto->raw_data.len % width
            : size != (proto->data_type == TYPE_FLOAT   ? proto->n_float_data
                       : proto->data_type == TYPE_INT32 ? proto->n_int32_data
                       : proto->data_type == TYPE_INT64 ? proto->n_int64_data
                                                        : proto->n_double_data))
        return false;
    for (size_t i = 0; i < size; i++) {
        union {
            float f;
            double d;
            int32_t i32;
            int64_t i64;
        } one;
        if (raw)
            memcpy(&one, raw + i * width, width);
        switch (proto->data_type) {
        case TYPE_FLOAT:
            array->data[i] = (double)(raw ? one.f : proto->float_data[i]);
            break;
        case TYPE_INT32:
            array->data[i] = raw ? one.i32 : proto->int32_data[i];
            break;
        case TYPE_INT64:
            array->data[i] = (double)(raw ? one.i64 : proto->int64_data[i]);
            break;
        default:
            array->data[i] = raw ? one.d : proto->double_data[i];
        }
    }
    return true;
}

bool onnx_tensor(struct onnx_graph *graph, const Onnx__TensorProto *proto, struct array *array, const char **error)
{
    const char *name = proto->name ? proto->name : "";
    const int type = proto->data_type;
    long shape[ARRAY_MAX_RANK] = {0};
    bool fits = proto->n_dims <= ARRAY_MAX_RANK;
    for (size_t i = 0; fits && i < proto->n_dims; i++) {
        shape[i] = (long)proto->dims[i];
        fits = shape[i] >= 0;
    }
    *array = (struct array){.name = name, .type = ARRAY_F32};
    if (type != TYPE_FLOAT && type != TYPE_INT32 && type != TYPE_INT64 && type != TYPE_DOUBLE)
        *error = arena_printf(graph->arena,
                              "'%s': the initializer '%s' is of type %d: only float, double, int32 and "
                              "int64 are read",
                              graph->path, name, type);
    else if (proto->data_location)
        *error = arena_printf(graph->arena,
                              "'%s': the numbers of '%s' are in another file: save the model with "
                              "onnx.save(model, path, save_as_external_data=False)",
                              graph->path, name);
    else if (!fits || !array_set_shape(array, (int)proto->n_dims, shape))
        *error = arena_printf(graph->arena,
                              "'%s': the initializer '%s' has a shape that cannot be: up to 4 dimensions "
                              "are read",
                              graph->path, name);
    else if ((size_t)array_size(array) > proto->raw_data.len / 4 + proto->n_float_data + proto->n_int32_data +
                                             proto->n_int64_data + proto->n_double_data)
        *error = arena_printf(graph->arena, "'%s': the initializer '%s' lacks numbers: it is %s", graph->path, name,
                              array_shape_text(graph->arena, array));
    else {
        array->data = ARENA_ARRAY(graph->arena, double, (size_t)array_size(array) + 1);
        if (read_numbers(proto, array))
            return true;
        *error = arena_printf(graph->arena, "'%s': the initializer '%s' has more or fewer numbers than %s has",
                              graph->path, name, array_shape_text(graph->arena, array));
    }
    return false;
}

/* ---- functions ---- */

static const struct onnx_function functions[] = {
    {"Relu", "relu($)", 0, 0},
    {"Tanh", "tanh($)", 0, 0},
    {"Sigmoid", "sigmoid($)", 0, 0},
    {"Softplus", "softplus($)", 0, 0},
    {"Softsign", "softsign($)", 0, 0},
    {"Exp", "exp($)", 0, 0},
    {"Sqrt", "sqrt($)", 0, 0},
    {"Abs", "abs($)", 0, 0},
    {"Neg", "-$", 0, 0},
    {"Identity", "$", 0, 0},
    {"LeakyRelu", "leaky_relu($, A)", 0.01, 0},
    {"Elu", "elu($, A)", 1, 0},
    {"ThresholdedRelu", "where($ > A, $, 0)", 1, 0},
    {"HardSigmoid", "hard_sigmoid($, A, B)", 0.2, 0.5},
    {"Affine", "A * $ + B", 1, 0},
    {"ScaledTanh", "A * tanh(B * $)", 1, 1},
};

const struct onnx_function *onnx_find_function(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strlen(functions[i].name) == length && strncasecmp(functions[i].name, name, length) == 0)
            return &functions[i];
    return NULL;
}

const char *onnx_function_call(struct arena *arena, const struct onnx_function *function, const char *of, double alpha,
                               double beta)
{
    struct text out;
    text_init(&out, arena);
    text_puts(&out, "");
    for (const char *c = function->text; *c; c++)
        if (*c == '$')
            text_puts(&out, of);
        else if (*c == 'A' || *c == 'B')
            text_printf(&out, "%.9g", *c == 'A' ? alpha : beta);
        else
            text_printf(&out, "%c", *c);
    return out.data;
}
