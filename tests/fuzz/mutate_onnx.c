/* Mutations for fuzz_onnx that know models, beside libFuzzer's own of bytes, after which a file is seldom one: other
 * operators, inputs, attributes, shapes and numbers in a graph that stays a graph. */
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "import/onnx_graph.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static unsigned draw(unsigned *state, size_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % (below ? (unsigned)below : 1);
}

static int64_t draw_number(unsigned *state)
{
    static const int64_t numbers[] = {0,  1,  2,  3, 4,       5,       7,       8,         9,         16,
                                      -1, -2, -3, 6, INT_MAX, INT_MIN, 1 << 20, INT64_MAX, INT64_MIN, 1000};
    return numbers[draw(state, sizeof numbers / sizeof numbers[0])];
}

static void set_string(char **string, const char *to)
{
    char *copy = strdup(to ? to : "");
    FUZZ_CHECK(copy);
    if (*string != protobuf_c_empty_string)
        free(*string);
    *string = copy;
}

static const char *draw_op(unsigned *state)
{
    static const char *const others[] = {"LSTM", "GRU", "RNN", "Conv", "Pad", "Scan", "MaxPool"};
    const struct onnx_writer *const tables[] = {onnx_constant_writers, onnx_constant_part_writers, onnx_element_writers,
                                                onnx_column_writers, onnx_axis_writers};
    const unsigned which = draw(state, sizeof tables / sizeof tables[0] + 1);
    if (which == sizeof tables / sizeof tables[0])
        return others[draw(state, sizeof others / sizeof others[0])];
    size_t count = 0;
    while (tables[which][count].op)
        count++;
    return tables[which][draw(state, count)].op;
}

/* A value of the graph, or none. */
static const char *draw_name(unsigned *state, const Onnx__GraphProto *graph)
{
    const unsigned kind = draw(state, 8);
    const Onnx__NodeProto *node = graph->n_node ? graph->node[draw(state, graph->n_node)] : NULL;
    if (kind < 4 && node && node->n_output)
        return node->output[draw(state, node->n_output)];
    if (kind < 6 && graph->n_initializer)
        return graph->initializer[draw(state, graph->n_initializer)]->name;
    if (kind < 7 && graph->n_input)
        return graph->input[draw(state, graph->n_input)]->name;
    return "";
}

static void change_attribute(unsigned *state, Onnx__AttributeProto *attribute)
{
    switch (draw(state, 4)) {
    case 0:
        attribute->i = draw_number(state);
        return;
    case 1:
        attribute->f = (float)draw_number(state) / 4;
        return;
    case 2:
        if (attribute->n_ints)
            attribute->ints[draw(state, attribute->n_ints)] = draw_number(state);
        return;
    default:
        attribute->n_ints -= attribute->n_ints > 0;
    }
}

static bool is_small(int64_t dim) { return dim >= 0 && dim < 1000; }

/* Its shape, and its numbers, of which there may be too few then. */
static void change_tensor(unsigned *state, Onnx__TensorProto *tensor)
{
    const size_t a = draw(state, tensor->n_dims), b = draw(state, tensor->n_dims);
    switch (draw(state, 4)) {
    case 0:
        if (tensor->n_int64_data)
            tensor->int64_data[draw(state, tensor->n_int64_data)] = draw_number(state);
        return;
    case 1:
        if (tensor->n_dims)
            tensor->dims[a] = draw_number(state);
        return;
    case 2: /* as many numbers in another shape */
        if (tensor->n_dims > 1 && a != b && is_small(tensor->dims[a]) && is_small(tensor->dims[b])) {
            tensor->dims[a] *= tensor->dims[b];
            tensor->dims[b] = 1;
        }
        return;
    default:
        if (tensor->n_dims) {
            const int64_t dim = tensor->dims[a];
            tensor->dims[a] = tensor->dims[b];
            tensor->dims[b] = dim;
        }
    }
}

static void change_port(unsigned *state, Onnx__ValueInfoProto *port)
{
    Onnx__TypeProto__Tensor *type = port->type ? port->type->tensor_type : NULL;
    if (!type || !type->shape || !type->shape->n_dim)
        return;
    Onnx__TensorShapeProto__Dimension *dim = type->shape->dim[draw(state, type->shape->n_dim)];
    dim->has_dim_value = draw(state, 2);
    dim->dim_value = draw_number(state);
    if (draw(state, 4) == 0)
        type->elem_type = draw(state, 2) ? 7 : 1;
}

static void change_node(unsigned *state, const Onnx__GraphProto *graph, Onnx__NodeProto *node)
{
    Onnx__NodeProto *other = graph->node[draw(state, graph->n_node)];
    Onnx__AttributeProto **attributes = node->attribute;
    const size_t count = node->n_attribute;
    switch (draw(state, 6)) {
    case 0:
        set_string(&node->op_type, draw_op(state));
        return;
    case 1:
    case 2:
        if (node->n_input)
            set_string(&node->input[draw(state, node->n_input)], draw_name(state, graph));
        return;
    case 3:
        if (node->n_input && node->input[node->n_input - 1] != protobuf_c_empty_string)
            free(node->input[--node->n_input]);
        return;
    case 4: /* with its attributes, another node's operator makes sense */
        node->attribute = other->attribute;
        node->n_attribute = other->n_attribute;
        other->attribute = attributes;
        other->n_attribute = count;
        if (draw(state, 2))
            set_string(&node->op_type, other->op_type);
        return;
    default:
        if (count)
            change_attribute(state, attributes[draw(state, count)]);
    }
}

static void change(unsigned *state, Onnx__GraphProto *graph)
{
    const unsigned what = draw(state, 10);
    if (what < 6 && graph->n_node)
        change_node(state, graph, graph->node[draw(state, graph->n_node)]);
    else if (what < 8 && graph->n_initializer)
        change_tensor(state, graph->initializer[draw(state, graph->n_initializer)]);
    else if (what == 8 && graph->n_input)
        change_port(state, graph->input[draw(state, graph->n_input)]);
    else if (graph->n_output)
        set_string(&graph->output[draw(state, graph->n_output)]->name, draw_name(state, graph));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    unsigned state = seed;
    Onnx__ModelProto *model = draw(&state, 16) ? onnx__model_proto__unpack(NULL, size, data) : NULL;
    size_t packed = 0;
    for (unsigned i = 0; model && model->graph && i <= draw(&state, 3); i++)
        change(&state, model->graph);
    if (model && model->graph && onnx__model_proto__get_packed_size(model) <= max_size)
        packed = onnx__model_proto__pack(model, data);
    if (model)
        onnx__model_proto__free_unpacked(model, NULL);
    return packed ? packed : LLVMFuzzerMutate(data, size, max_size);
}
