#include <string.h>

#include "base/arena.h"
#include "data/file.h"
#include "import/onnx.h"
#include "import/onnx_graph.h"

enum { OLDEST_OPSET = 7, NEWEST_OPSET = 25, ELEMENT_INT32 = 6 };

static bool find_opset(struct onnx_graph *graph, const Onnx__ModelProto *model, const char **error)
{
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = model->opset_import[i];
        if (!set->domain || !*set->domain || strcmp(set->domain, "ai.onnx") == 0)
            graph->opset = (long)set->version;
    }
    if (graph->opset >= OLDEST_OPSET && graph->opset <= NEWEST_OPSET)
        return true;
    *error = arena_printf(graph->arena, "'%s' is of opset %ld; %d to %d are read: onnx.version_converter changes it",
                          graph->path, graph->opset, OLDEST_OPSET, NEWEST_OPSET);
    return false;
}

static bool read_initializers(struct onnx_graph *graph, const char **error)
{
    for (size_t i = 0; i < graph->proto->n_initializer; i++) {
        struct onnx_value value = {.kind = ONNX_TENSOR};
        if (!onnx_tensor(graph, graph->proto->initializer[i], &value.tensor, error))
            return false;
        value.name = value.tensor.name;
        graph->values[graph->value_count++] = value;
    }
    return true;
}

/* Frames of features, or the lengths of sequences, which are an argument of _run. */
static bool read_input(struct onnx_graph *graph, const Onnx__ValueInfoProto *input, const char **error)
{
    const char *name = input->name ? input->name : "";
    const Onnx__TypeProto__Tensor *tensor = input->type ? input->type->tensor_type : NULL;
    const size_t rank = tensor && tensor->shape ? tensor->shape->n_dim : 0;
    const long features = rank ? (long)tensor->shape->dim[rank - 1]->dim_value : 0;
    struct onnx_value value = {.name = name, .kind = ONNX_VECTOR, .size = features};
    if (onnx_find(graph, name)) /* an initializer, which old files name here too */
        return true;
    if (tensor && tensor->elem_type == ELEMENT_INT32 && rank == 1) {
        value.kind = ONNX_LENGTHS;
        text_printf(&graph->equations, "  # %s: lengths of the call\n", onnx_take_name(graph, name));
    } else if (rank == 3 && features > 0 && features < 100000000) {
        strcpy(value.axes, graph->input_axes);
        value.expression = onnx_take_name(graph, name);
        text_printf(&graph->parameters, "  input %s[%ld]\n", value.expression, features);
    } else {
        *error = arena_printf(graph->arena,
                              "'%s': the input '%s' has to be frames of features, of rank 3 with a fixed "
                              "last dimension, or int32 lengths of rank 1",
                              graph->path, name);
        return false;
    }
    graph->values[graph->value_count++] = value;
    return true;
}

static bool write_outputs(struct onnx_graph *graph, const char **names, const char **error)
{
    for (size_t i = 0; i < graph->proto->n_output; i++) {
        const char *name = graph->proto->output[i]->name ? graph->proto->output[i]->name : "";
        const struct onnx_value *value = onnx_find(graph, name);
        if (!value || value->kind != ONNX_VECTOR) {
            *error =
                arena_printf(graph->arena, "'%s': no node computes the output '%s' from the input", graph->path, name);
            return false;
        }
        text_printf(&graph->equations, "  output %s = %s\n", names[i], value->expression);
    }
    return true;
}

static bool write_program(struct onnx_graph *graph, struct onnx_network *network, const char **error)
{
    const Onnx__GraphProto *proto = graph->proto;
    size_t values = proto->n_initializer + proto->n_input, inputs = 0;
    for (size_t i = 0; i < proto->n_node; i++) {
        values += proto->node[i]->n_output;
        inputs += proto->node[i]->n_input + 4;
    }
    graph->values = ARENA_ARRAY(graph->arena, struct onnx_value, values + 1);
    graph->weights = ARENA_ARRAY(graph->arena, struct array, inputs + 1);
    graph->names = ARENA_ARRAY(graph->arena, const char *, inputs + 6 * proto->n_node + values + proto->n_output + 1);
    graph->value_count = graph->weight_count = graph->name_count = 0;
    text_init(&graph->functions, graph->arena);
    text_init(&graph->parameters, graph->arena);
    text_init(&graph->equations, graph->arena);
    text_puts(&graph->functions, "");
    text_puts(&graph->parameters, "");
    text_puts(&graph->equations, "");
    const char **outputs = ARENA_ARRAY(graph->arena, const char *, proto->n_output + 1);
    if (!read_initializers(graph, error))
        return false;
    for (size_t i = 0; i < proto->n_input; i++)
        if (!read_input(graph, proto->input[i], error))
            return false;
    for (size_t i = 0; i < proto->n_output; i++)
        outputs[i] = onnx_take_name(graph, proto->output[i]->name ? proto->output[i]->name : "");
    for (size_t i = 0; i < proto->n_node; i++)
        if (!onnx_node(graph, proto->node[i], error))
            return false;
    if (!write_outputs(graph, outputs, error))
        return false;
    network->program = arena_printf(graph->arena, "# ONNX, opset %ld\nimport std.onnx\n\n%s%smodel net {\n%s%s}\n",
                                    graph->opset, graph->functions.data, graph->functions.length ? "\n" : "",
                                    graph->parameters.data, graph->equations.data);
    network->weights = graph->weights;
    network->weight_count = graph->weight_count;
    return true;
}

/* The file does not say which axis of an input is the frames: its first reader does. Both are tried. */
static bool import_graph(struct onnx_graph *graph, const Onnx__ModelProto *model, struct onnx_network *network,
                         const char **error)
{
    const char *second;
    if (!model->graph || !model->graph->n_output) {
        *error = arena_printf(graph->arena, "'%s' has no graph with outputs", graph->path);
        return false;
    }
    graph->proto = model->graph;
    if (!find_opset(graph, model, error))
        return false;
    graph->input_axes = "TNF";
    if (write_program(graph, network, error))
        return true;
    graph->input_axes = "NTF";
    return write_program(graph, network, &second);
}

bool onnx_import(struct arena *arena, const char *path, struct onnx_network *network, const char **error)
{
    struct text content;
    if (!file_read(arena, path, &content, error))
        return false;
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, content.length, (const uint8_t *)content.data);
    if (!model) {
        *error = arena_printf(arena, "'%s' is no ONNX file, or is not whole", path);
        return false;
    }
    struct onnx_graph graph = {.arena = arena, .path = path};
    const bool done = import_graph(&graph, model, network, error);
    onnx__model_proto__free_unpacked(model, NULL);
    return done;
}
