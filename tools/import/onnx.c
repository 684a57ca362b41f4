#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "data/file.h"
#include "import/onnx.h"
#include "import/onnx_graph.h"

enum { OLDEST_OPSET = 7, NEWEST_OPSET = 25 };

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

static bool read_initializers(struct onnx_graph *graph, struct onnx_value *values, const char **error)
{
    for (size_t i = 0; i < graph->proto->n_initializer; i++) {
        values[i] = (struct onnx_value){.kind = ONNX_TENSOR};
        if (!onnx_tensor(graph, graph->proto->initializer[i], "initializer", &values[i].tensor, error))
            return false;
        values[i].name = values[i].tensor.name;
        values[i].whole = onnx_is_whole(graph->proto->initializer[i]->data_type);
    }
    return true;
}

/* False, with an error, if two initializers have one name, or two inputs: readers would get the first. */
static bool check_names(struct onnx_graph *graph, const char *what, const char *const *names, size_t count,
                        const char **error)
{
    struct map seen;
    map_init(&seen, graph->arena);
    for (size_t i = 0; i < count; i++) {
        if (map_get(&seen, names[i])) {
            *error = arena_printf(graph->arena, "'%s': two %s have the name '%s': names have one value", graph->path,
                                  what, names[i]);
            return false;
        }
        map_put(&seen, names[i], (void *)names[i]);
    }
    return true;
}

static bool check_all_names(struct onnx_graph *graph, const char **error)
{
    const Onnx__GraphProto *proto = graph->proto;
    const char **weights = ARENA_ARRAY(graph->arena, const char *, proto->n_initializer + 1);
    const char **inputs = ARENA_ARRAY(graph->arena, const char *, proto->n_input + 1);
    for (size_t i = 0; i < proto->n_initializer; i++)
        weights[i] = proto->initializer[i]->name ? proto->initializer[i]->name : "";
    for (size_t i = 0; i < proto->n_input; i++)
        inputs[i] = proto->input[i]->name ? proto->input[i]->name : "";
    return check_names(graph, "initializers", weights, proto->n_initializer, error) &&
           check_names(graph, "inputs", inputs, proto->n_input, error);
}

static bool is_initializer(const Onnx__GraphProto *proto, const char *name)
{
    for (size_t i = 0; i < proto->n_initializer; i++)
        if (proto->initializer[i]->name && strcmp(proto->initializer[i]->name, name) == 0)
            return true;
    return false;
}

static void read_port(struct onnx_graph *graph, const Onnx__ValueInfoProto *info, struct onnx_port *port)
{
    const Onnx__TypeProto__Tensor *tensor = info->type ? info->type->tensor_type : NULL;
    *port = (struct onnx_port){.name = arena_printf(graph->arena, "%s", info->name ? info->name : ""), .rank = -1};
    port->type = tensor ? tensor->elem_type : 0;
    if (!tensor || !tensor->shape || tensor->shape->n_dim > ARRAY_MAX_RANK)
        return;
    port->rank = (int)tensor->shape->n_dim;
    for (int i = 0; i < port->rank; i++) {
        const long length = (long)tensor->shape->dim[i]->dim_value;
        port->shape[i] = length > 0 && length < 100000000 ? length : 0;
    }
}

/* Old files name initializers as inputs, too. */
static int read_ports(struct onnx_graph *graph)
{
    int count = 0;
    graph->ports = ARENA_ARRAY(graph->arena, struct onnx_port, graph->proto->n_input + 1);
    for (size_t i = 0; i < graph->proto->n_input; i++) {
        const char *name = graph->proto->input[i]->name;
        if (!is_initializer(graph->proto, name ? name : ""))
            read_port(graph, graph->proto->input[i], &graph->ports[count++]);
    }
    return count;
}

static bool is_recurrent(const Onnx__NodeProto *node)
{
    const char *op = node->op_type ? node->op_type : "";
    return strcmp(op, "LSTM") == 0 || strcmp(op, "GRU") == 0 || strcmp(op, "RNN") == 0;
}

/* Finds out whether an input gets to initial_h or initial_c of a node through others that move axes or take parts. */
static void trace_state(const Onnx__GraphProto *proto, struct onnx_port *port)
{
    static const char *const moves[] = {"Slice",    "Gather", "Squeeze", "Unsqueeze", "Transpose",
                                        "Identity", "Cast",   "Split",   "Reshape",   "Expand"};
    enum { MOST = 64 };
    const char *names[MOST] = {port->name};
    bool turned[MOST] = {false};
    int count = 1;
    for (size_t i = 0; i < proto->n_node && !port->begins; i++) {
        const Onnx__NodeProto *node = proto->node[i];
        bool moving = false;
        for (size_t k = 0; k < sizeof moves / sizeof moves[0]; k++)
            moving |= node->op_type && strcmp(node->op_type, moves[k]) == 0;
        for (int k = 0; k < count; k++) {
            for (size_t slot = 5; slot <= 6 && is_recurrent(node); slot++)
                if (onnx_has_input(node, slot) && strcmp(node->input[slot], names[k]) == 0) {
                    port->begins = true;
                    port->batch_first = (onnx_integer(node, "layout", 0) != 0) != turned[k];
                }
            if (!moving || !onnx_has_input(node, 0) || strcmp(node->input[0], names[k]) != 0)
                continue;
            for (size_t o = 0; o < node->n_output && count < MOST; o++) {
                turned[count] = turned[k] != (strcmp(node->op_type, "Transpose") == 0);
                names[count++] = node->output[o];
            }
            break;
        }
    }
}

static void write_inputs(struct onnx_graph *graph, int count, struct text *text)
{
    text_init(text, graph->arena);
    text_puts(text, "");
    for (int i = 0; i < count; i++) {
        const struct onnx_port *port = &graph->ports[i];
        const char *once = strchr(port->axes, 'T') ? "" : " once";
        if (port->role == ONNX_REAL)
            text_printf(text, "  input %s[%ld]%s\n", port->program, port->size, once);
        else if (port->role == ONNX_ID)
            text_printf(text, "  input %s: index[%ld]%s\n", port->program, port->vocabulary, once);
        else if (port->role == ONNX_LENGTH)
            text_printf(text, "  # %s: lengths of the call\n", import_line(graph->arena, port->name));
    }
}

static bool write_outputs(struct onnx_graph *graph, struct onnx_port *outputs, const char **error)
{
    for (size_t i = 0; i < graph->proto->n_output; i++) {
        struct onnx_port *port = &outputs[i];
        const struct onnx_value *value = onnx_find(graph, port->name);
        if (!value || value->kind != ONNX_VECTOR) {
            *error = arena_printf(graph->arena, "'%s': no node computes the output '%s' from the input", graph->path,
                                  port->name);
            return false;
        }
        if (value->before || value->behind || value->surplus) {
            *error = arena_printf(graph->arena, "'%s': the output '%s' has another number of frames than the input",
                                  graph->path, port->name);
            return false;
        }
        if (!onnx_check_type(graph, port, "output", error))
            return false;
        strcpy(port->axes, value->axes);
        port->role = ONNX_REAL;
        port->size = value->size;
        port->directions = strchr(value->axes, 'D') ? value->directions : 1;
        if (!port->written)
            text_printf(&graph->equations, "  output %s = %s\n", port->program, value->expression);
    }
    return true;
}

/* Lengths are of the whole call, so that every node has to have them that would notice. */
static bool check_lengths(struct onnx_graph *graph, const char **error)
{
    if (!graph->with_lengths || !graph->without_lengths)
        return true;
    return onnx_node_error(graph, graph->without_lengths, error,
                           "reads all frames, while %s has sequence_lens, which in a program are those of every value",
                           onnx_node_text(graph, graph->with_lengths));
}

static void begin(struct onnx_graph *graph, const struct onnx_value *initializers, int port_count)
{
    import_names_init(&graph->names, graph->arena, "onnx");
    text_init(&graph->functions, graph->arena);
    text_init(&graph->parameters, graph->arena);
    text_init(&graph->equations, graph->arena);
    text_puts(&graph->functions, "");
    text_puts(&graph->parameters, "");
    text_puts(&graph->equations, "");
    for (size_t i = 0; i < graph->proto->n_initializer; i++)
        ARENA_PUSH(graph->arena, graph->values, graph->value_count, graph->value_capacity, initializers[i]);
    for (int i = 0; i < port_count; i++) {
        struct onnx_value value = {.name = graph->ports[i].name, .kind = ONNX_INPUT, .port = i};
        graph->ports[i].role = ONNX_UNUSED;
        graph->ports[i].program = NULL;
        ARENA_PUSH(graph->arena, graph->values, graph->value_count, graph->value_capacity, value);
    }
}

/* Writes the program with inputs that lie as graph->layout says; *done are the nodes that it got to. */
static bool write_program(struct onnx_graph *graph, const struct onnx_value *initializers, struct onnx_network *network,
                          size_t *done, const char **error)
{
    const Onnx__GraphProto *proto = graph->proto;
    struct text inputs;
    begin(graph, initializers, network->input_count);
    for (size_t i = 0; i < proto->n_output; i++) {
        read_port(graph, proto->output[i], &network->outputs[i]);
        network->outputs[i].program = import_take_name(&graph->names, network->outputs[i].name);
    }
    for (*done = 0; *done < proto->n_node; ++*done)
        if (!onnx_node(graph, proto->node[*done], error))
            return false;
    if (!write_outputs(graph, network->outputs, error) || !check_lengths(graph, error))
        return false;
    write_inputs(graph, network->input_count, &inputs);
    network->program = arena_printf(graph->arena, "# ONNX, opset %ld\nimport std.onnx\n\n%s%smodel net {\n%s%s%s}\n",
                                    graph->opset, graph->functions.data, graph->functions.length ? "\n" : "",
                                    inputs.data, graph->parameters.data, graph->equations.data);
    network->weights = graph->weights;
    network->weight_count = graph->weight_count;
    network->note = graph->halves ? "the graph computes in numbers of two bytes in parts, the program in float" : NULL;
    return true;
}

/* Tries one layout, in a graph and an arena of its own, whose memory stays only where it fits. *tried is the graph as
 * that left it. */
static bool try_layout(const struct onnx_graph *graph, const struct onnx_layout *layout,
                       const struct onnx_value *initializers, struct onnx_network *network, struct onnx_graph *tried,
                       size_t *done, const char **error)
{
    *tried = *graph;
    tried->arena = arena_new();
    tried->layout = *layout;
    if (write_program(tried, initializers, network, done, error)) {
        arena_join(graph->arena, tried->arena);
        return true;
    }
    *error = arena_printf(graph->arena, "%s", *error);
    arena_free(tried->arena);
    return false;
}

/* The file does not say which axes of inputs are the frames and the sequences: what reads them does, later. All ways
 * are tried; the error is that of the one that got furthest. */
static bool try_layouts(const struct onnx_graph *graph, const struct onnx_value *initializers,
                        struct onnx_network *network, const char **error)
{
    static const struct onnx_layout layouts[] = {
        {.once = true},
        {.sequences_first = true, .once = true},
        {.once = false},
        {.sequences_first = true},
        {.sequences_first = true, .once = true, .frames_last = true},
        {.sequences_first = true, .frames_last = true},
    };
    size_t furthest = 0;
    bool misplaced = true;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        struct onnx_graph tried;
        size_t done;
        const char *problem = NULL;
        if (try_layout(graph, &layouts[i], initializers, network, &tried, &done, &problem)) {
            *error = NULL;
            return true;
        }
        if (i == 0 || done > furthest || (done == furthest && misplaced && !tried.misplaced)) {
            furthest = done;
            misplaced = tried.misplaced;
            *error = problem;
        }
    }
    return false;
}

static bool import_graph(struct onnx_graph *graph, const Onnx__ModelProto *model, const struct array *given,
                         int given_count, struct onnx_network *network, const char **error)
{
    if (!model->graph || !model->graph->n_output) {
        *error = arena_printf(graph->arena, "'%s' has no graph with outputs", graph->path);
        return false;
    }
    onnx_order_nodes(graph->arena, model->graph);
    graph->proto = model->graph;
    struct onnx_value *initializers = ARENA_ARRAY(graph->arena, struct onnx_value, graph->proto->n_initializer + 1);
    if (!find_opset(graph, model, error) || !onnx_check_functions(graph, model, error) ||
        !onnx_check_dense(graph, graph->proto, error) || !check_all_names(graph, error) ||
        !read_initializers(graph, initializers, error))
        return false;
    network->input_count = read_ports(graph);
    network->inputs = graph->ports;
    network->output_count = (int)graph->proto->n_output;
    network->outputs = graph->outputs = ARENA_ARRAY(graph->arena, struct onnx_port, graph->proto->n_output);
    for (int i = 0; i < network->input_count; i++) {
        trace_state(graph->proto, &graph->ports[i]);
        graph->ports[i].given = i < given_count ? &given[i] : NULL;
    }
    return try_layouts(graph, initializers, network, error);
}

bool onnx_import_content(struct arena *arena, const char *path, const struct text *content, const struct array *given,
                         int given_count, struct onnx_network *network, const char **error)
{
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, content->length, (const uint8_t *)content->data);
    if (!model) {
        *error = arena_printf(arena, "'%s' is no ONNX file, or is not whole", path);
        return false;
    }
    struct onnx_graph graph = {.arena = arena, .path = path};
    const bool done = import_graph(&graph, model, given, given_count, network, error);
    onnx__model_proto__free_unpacked(model, NULL);
    return done;
}

bool onnx_import(struct arena *arena, const char *path, const struct array *given, int given_count,
                 struct onnx_network *network, const char **error)
{
    struct text content;
    return file_read(arena, path, &content, error) &&
           onnx_import_content(arena, path, &content, given, given_count, network, error);
}
