/* Scan, as equations over time: what its body computes of the state before and of an element is computed in each frame.
 * https://onnx.ai/onnx/operators/onnx__Scan.html */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

struct scan {
    struct onnx_graph *graph;
    const Onnx__NodeProto *node;
    const Onnx__GraphProto *body;
    int state_count;
    struct onnx_port *states; /* [state_count]: outputs of the body, and their names in the program */
    const char **starts;      /* [state_count]: what they start from; "" is zeros */
};

static bool scan_error(struct scan *scan, const char *name, const char *problem, const char **error)
{
    return onnx_node_error(scan->graph, scan->node, error, "has '%.80s' in its body, which %s", name, problem);
}

/* True where all numbers of an attribute are 0, or it is not there. */
static bool is_plain(const Onnx__NodeProto *node, const char *name)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(node, name);
    for (size_t i = 0; attribute && i < attribute->n_ints; i++)
        if (attribute->ints[i])
            return false;
    return true;
}

static bool check_form(struct scan *scan, const char **error)
{
    static const char *const plain[] = {"scan_input_directions", "scan_output_directions", "scan_input_axes",
                                        "scan_output_axes"};
    const Onnx__NodeProto *node = scan->node;
    const long elements = onnx_integer(node, "num_scan_inputs", 0);
    if (scan->graph->states)
        return onnx_node_error(scan->graph, node, error, "is in the body of another one");
    if (scan->graph->opset < 9)
        return onnx_node_error(scan->graph, node, error, "is of an opset before 9, in which it had another form");
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (!is_plain(node, plain[i]))
            return onnx_node_error(scan->graph, node, error,
                                   "has %s other than 0: only the first axis, forward, is read", plain[i]);
    if (elements < 1 || (size_t)elements > node->n_input || scan->body->n_input != node->n_input ||
        scan->body->n_output < node->n_output || scan->body->n_output < node->n_input - (size_t)elements)
        return onnx_node_error(scan->graph, node, error, "has a body with other inputs or outputs than its own");
    scan->state_count = (int)(node->n_input - (size_t)elements);
    return true;
}

/* A name of the body, which nothing else may have. */
static bool check_name(struct scan *scan, const char *name, const char **error)
{
    return !onnx_find(scan->graph, name) || scan_error(scan, name, "has a name that is taken", error);
}

/* The vector of a constant start [sequences, features], all sequences alike; "" if it is zeros. */
static bool constant_start(struct scan *scan, const char *name, const struct array *tensor, const char **start,
                           const char **error)
{
    const long size = tensor->rank ? tensor->shape[tensor->rank - 1] : 1;
    struct array vector = *tensor;
    bool zero = true;
    for (long i = 0; i < array_size(tensor); i++) {
        if (fabs(tensor->data[i] - tensor->data[i % size]) > 0)
            return scan_error(scan, name, "starts from a constant that is not the same for all sequences", error);
        zero = zero && !(fabs(tensor->data[i]) > 0);
    }
    vector.rank = 1;
    vector.shape[0] = size;
    *start = zero ? "" : onnx_parameter(scan->graph, scan->node, &vector, "start");
    return true;
}

static bool begin_state(struct scan *scan, int i, const char **error)
{
    struct onnx_graph *graph = scan->graph;
    const char *input = scan->body->input[i]->name ? scan->body->input[i]->name : "";
    const char *output = scan->body->output[i]->name ? scan->body->output[i]->name : "";
    const struct onnx_value *start;
    struct onnx_value value = {.name = input, .kind = ONNX_VECTOR, .axes = "NF", .directions = 1};
    if (!onnx_any_input(graph, scan->node, (size_t)i, &start, error) || !check_name(scan, input, error))
        return false;
    if (start->kind == ONNX_TENSOR && start->tensor.rank == 2 && array_size(&start->tensor) > 0) {
        value.size = start->tensor.shape[1];
        if (!constant_start(scan, input, &start->tensor, &scan->starts[i], error))
            return false;
    } else if (start->kind == ONNX_VECTOR && strcmp(start->axes, "NF") == 0) {
        value.size = start->size;
        scan->starts[i] = start->expression;
    } else {
        return scan_error(scan, input, "has to start from features of sequences, of rank 2", error);
    }
    scan->states[i] =
        (struct onnx_port){.name = output, .program = import_take_name(&graph->names, output), .size = value.size};
    value.expression = arena_printf(graph->arena, "%s[t-1]", scan->states[i].program);
    ARENA_PUSH(graph->arena, graph->values, graph->value_count, graph->value_capacity, value);
    return true;
}

static bool begin_element(struct scan *scan, size_t i, const char **error)
{
    struct onnx_graph *graph = scan->graph;
    const char *name = scan->body->input[i]->name ? scan->body->input[i]->name : "";
    const struct onnx_value *x;
    if (!onnx_any_input(graph, scan->node, i, &x, error) || !check_name(scan, name, error))
        return false;
    if ((x->kind != ONNX_VECTOR && x->kind != ONNX_IDS) || x->axes[0] != 'T')
        return onnx_axes_error(graph, scan->node, x, "scans frames", error);
    struct onnx_value value = *x;
    value.name = name;
    memmove(value.axes, value.axes + 1, strlen(value.axes));
    ARENA_PUSH(graph->arena, graph->values, graph->value_count, graph->value_capacity, value);
    return true;
}

static bool write_body(struct scan *scan, const char **error)
{
    struct onnx_graph *graph = scan->graph;
    const Onnx__GraphProto *body = scan->body;
    if (!onnx_check_dense(graph, body, error))
        return false;
    for (size_t i = 0; i < body->n_initializer; i++) {
        struct onnx_value value = {.kind = ONNX_TENSOR};
        if (!onnx_tensor(graph, body->initializer[i], "initializer", &value.tensor, error) ||
            !check_name(scan, value.tensor.name, error))
            return false;
        value.name = value.tensor.name;
        value.whole = onnx_is_whole(body->initializer[i]->data_type);
        ARENA_PUSH(graph->arena, graph->values, graph->value_count, graph->value_capacity, value);
    }
    for (size_t i = 0; i < body->n_node; i++) {
        for (size_t k = 0; k < body->node[i]->n_output; k++)
            if (*body->node[i]->output[k] && !check_name(scan, body->node[i]->output[k], error))
                return false;
        if (!onnx_node(graph, body->node[i], error))
            return false;
    }
    return true;
}

/* Output i of the body in each frame. */
static bool find_output(struct scan *scan, size_t i, struct onnx_value *value, const char **error)
{
    const char *name = scan->body->output[i]->name ? scan->body->output[i]->name : "";
    const struct onnx_value *found = onnx_find(scan->graph, name);
    if (!found || found->kind != ONNX_VECTOR || strlen(found->axes) + 2 > ONNX_MAX_AXES || strchr(found->axes, 'T'))
        return scan_error(scan, name, "no node computes from the state or an element", error);
    *value = *found;
    value->parts[0] = value->parts[1] = NULL;
    return true;
}

static bool end_state(struct scan *scan, size_t i, struct onnx_value *value, const char **error)
{
    struct onnx_graph *graph = scan->graph;
    const struct onnx_port *state = &scan->states[i];
    if (!find_output(scan, i, value, error))
        return false;
    if (value->size != state->size)
        return scan_error(scan, state->name, "has other features than the state before", error);
    if (!state->written)
        text_printf(&graph->equations, "  %s[%ld] = %s\n", state->program, state->size, value->expression);
    if (*scan->starts[i])
        text_printf(&graph->equations, "  init %s = %s\n", state->program, scan->starts[i]);
    value->expression = arena_printf(graph->arena, "last(%s)", state->program);
    return true;
}

static bool write_scan(struct scan *scan, const char **error)
{
    struct onnx_graph *graph = scan->graph;
    const int values = graph->value_count;
    struct onnx_value *outputs = ARENA_ARRAY(graph->arena, struct onnx_value, scan->body->n_output + 1);
    for (int i = 0; i < scan->state_count; i++)
        if (!begin_state(scan, i, error))
            return false;
    for (size_t i = (size_t)scan->state_count; i < scan->node->n_input; i++)
        if (!begin_element(scan, i, error))
            return false;
    graph->states = scan->states;
    graph->state_count = scan->state_count;
    const bool written = write_body(scan, error);
    graph->states = NULL;
    graph->state_count = 0;
    if (!written)
        return false;
    for (size_t i = 0; i < scan->body->n_output; i++) {
        const bool is_state = i < (size_t)scan->state_count;
        if ((is_state || i < scan->node->n_output) &&
            !(is_state ? end_state : find_output)(scan, i, &outputs[i], error))
            return false;
        if (is_state || i >= scan->node->n_output)
            continue;
        memmove(outputs[i].axes + 1, outputs[i].axes, strlen(outputs[i].axes) + 1);
        outputs[i].axes[0] = 'T';
    }
    graph->value_count = values; /* names of the body end here */
    for (size_t i = 0; i < scan->node->n_output; i++)
        onnx_give(graph, scan->node, i, outputs[i]);
    return true;
}

bool onnx_scan(struct onnx_graph *graph, const Onnx__NodeProto *node, const char **error)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(node, "body");
    Onnx__GraphProto *body =
        attribute && attribute->has_g ? onnx__graph_proto__unpack(NULL, attribute->g.len, attribute->g.data) : NULL;
    if (!body)
        return onnx_node_error(graph, node, error, "has no body that can be read");
    onnx_order_nodes(graph->arena, body);
    struct scan scan = {.graph = graph, .node = node, .body = body};
    if (!graph->without_lengths)
        graph->without_lengths = node;
    bool done = check_form(&scan, error);
    if (done) {
        scan.states = ARENA_ARRAY(graph->arena, struct onnx_port, (size_t)scan.state_count + 1);
        scan.starts = ARENA_ARRAY(graph->arena, const char *, (size_t)scan.state_count + 1);
        done = write_scan(&scan, error);
    }
    onnx__graph_proto__free_unpacked(body, NULL);
    return done;
}
