/* What the inputs of a graph are, as their first readers say. */
#include <string.h>

#include "base/arena.h"
#include "import/onnx_graph.h"

static bool input_error(struct onnx_graph *graph, const struct onnx_port *port, const char **error, const char *problem)
{
    *error = arena_printf(graph->arena, "'%s': the input '%s' %s", graph->path, port->name, problem);
    return false;
}

/* The axes of an input of numbers: an initial state, frames, or what is given once for a sequence. */
static const char *real_axes(const struct onnx_graph *graph, const struct onnx_port *port)
{
    if (port->begins)
        return port->rank == 3 ? (port->batch_first ? "NDF" : "DNF") : port->rank == 2 ? "NF" : NULL;
    if (port->rank == 2)
        return graph->layout.once ? "NF" : "TF";
    if (port->rank != 3)
        return NULL;
    return graph->layout.frames_last ? "NFT" : graph->layout.sequences_first ? "NTF" : "TNF";
}

static const char *id_axes(const struct onnx_graph *graph, const struct onnx_port *port)
{
    if (port->rank == 1)
        return graph->layout.once ? "N" : "T";
    return port->rank != 2 ? NULL : graph->layout.sequences_first ? "NT" : "TN";
}

/* Takes over what the shape fixes: features, directions, and numbers of frames and sequences. */
static void take_shape(struct onnx_graph *graph, struct onnx_port *port)
{
    port->directions = 1;
    port->size = 1;
    for (int i = 0; i < port->rank; i++)
        switch (port->axes[i]) {
        case 'T':
            graph->frames = port->shape[i] ? port->shape[i] : graph->frames;
            break;
        case 'N':
            graph->sequences = port->shape[i] ? port->shape[i] : graph->sequences;
            break;
        case 'D':
            port->directions = (int)port->shape[i];
            port->size *= port->shape[i];
            break;
        default:
            port->size *= port->shape[i];
        }
}

bool onnx_check_type(struct onnx_graph *graph, const struct onnx_port *port, const char *what, const char **error)
{
    if (!port->type || onnx_is_whole(port->type) || onnx_is_real(port->type))
        return true;
    *error = arena_printf(graph->arena,
                          "'%s': the %s '%s' is of %s: those of a program are of float; export the model with such "
                          "inputs and outputs, and a Cast where it computes in another type",
                          graph->path, what, port->name, onnx_type_text(graph->arena, port->type));
    return false;
}

static bool decide_axes(struct onnx_graph *graph, struct onnx_port *port, bool ids, const char **error)
{
    const char *axes = ids ? id_axes(graph, port) : real_axes(graph, port);
    if (port->role != ONNX_UNUSED)
        return port->role == (ids ? ONNX_ID : ONNX_REAL) || input_error(graph, port, error, "is read in two ways");
    if (!onnx_check_type(graph, port, "input", error))
        return false;
    if (!axes || ids != onnx_is_whole(port->type))
        return input_error(graph, port, error,
                           "has to be frames of features, of rank 3, an initial state, of rank 3, features of a "
                           "sequence, of rank 2, or int32 or int64 ids, of rank 2");
    strcpy(port->axes, axes);
    take_shape(graph, port);
    if (port->size < 1 || port->size > ONNX_MOST_FEATURES) {
        graph->misplaced = true;
        return input_error(graph, port, error, "has to have a fixed number of features");
    }
    port->role = ids ? ONNX_ID : ONNX_REAL;
    port->program = import_take_name(&graph->names, port->name);
    return true;
}

bool onnx_decide(struct onnx_graph *graph, struct onnx_value *value, enum onnx_kind kind, const char **error)
{
    struct onnx_port *port = &graph->ports[value->port];
    switch (kind) {
    case ONNX_TENSOR:
        if (!port->given)
            return input_error(graph, port, error, "has to be an initializer: its numbers belong to the program");
        value->tensor = *port->given;
        value->tensor.name = port->name;
        port->role = ONNX_CONSTANT;
        break;
    case ONNX_LENGTHS:
        if (port->rank != 1 || !onnx_is_whole(port->type))
            return input_error(graph, port, error, "has to be lengths: int32 or int64, of rank 1");
        port->role = ONNX_LENGTH;
        strcpy(port->axes, "N");
        break;
    case ONNX_IDS:
    case ONNX_VECTOR:
        if (!decide_axes(graph, port, kind == ONNX_IDS, error))
            return false;
        strcpy(value->axes, port->axes);
        value->expression = port->program;
        value->size = port->size;
        value->directions = port->directions;
        break;
    case ONNX_INPUT:
        return true;
    }
    value->kind = kind;
    return true;
}
