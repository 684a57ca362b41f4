#include "schedule/access.h"

static struct view contiguous_view(const struct shape *shape)
{
    struct view view = {0};
    long stride = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        view.stride[i] = stride;
        stride *= shape->dim[i];
    }
    return view;
}

bool view_is_contiguous(const struct view *view, const struct shape *shape)
{
    struct view whole = contiguous_view(shape);
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] > 1 && view->stride[i] != whole.stride[i])
            return false;
    return true;
}

bool access_is_contiguous(const struct access *access) { return view_is_contiguous(&access->view, &access->shape); }

/* A value that no frame and no stream has of its own, where it is stored, or, as a parameter or a part of one, where that is. */
static void find_only_column(const struct schedule *schedule, int id, struct access *access)
{
    const struct node *node = schedule->graph->nodes[id];
    const struct buffer *buffer = &schedule->buffers[id];
    access->column = COLUMN_ONLY;
    access->padded = true;
    if (buffer->storage == STORE_GRADIENT || node->op == OP_gradient) {
        const struct node *gradient = buffer->storage == STORE_GRADIENT ? schedule->graph->nodes[buffer->target] : node;
        access->place = PLACE_GRADIENT;
        access->member = gradient->parameter;
        access->padded = false;
        access->view = gradient->view;
        access->shape = gradient->shape;
    } else if (buffer->storage == STORE_STATIC || buffer->storage == STORE_LATE) {
        access->place = buffer->storage == STORE_STATIC ? PLACE_PACKED : PLACE_VALUES;
    } else if (node->op == OP_parameter) {
        access->place = PLACE_PARAMETERS;
        access->member = node->parameter;
        access->padded = false;
    } else if (node->op == OP_view) {
        find_only_column(schedule, node->edges[0].node, access);
        access->view = node->view;
    }
}

struct access access_of_node(const struct schedule *schedule, const struct region *region, int node)
{
    struct edge edge = edge_to(schedule->graph, node);
    return access_of_edge(schedule, region, &edge);
}

struct access access_of_edge(const struct schedule *schedule, const struct region *region, const struct edge *edge)
{
    const struct node *node = schedule->graph->nodes[edge->node];
    int units = node_units(node);
    struct access access = {.member = edge->node,
                            .units = units,
                            .length = edge->length,
                            .shape = node->shape,
                            .view = contiguous_view(&node->shape)};
    bool several = region && (region->kind == REGION_FRAMES || region->group > 1);
    switch (schedule->buffers[edge->node].storage) {
    case STORE_NONE:
    case STORE_STATIC:
    case STORE_LATE:
    case STORE_GRADIENT:
        find_only_column(schedule, edge->node, &access);
        break;
    case STORE_FRAME:
        access.place = PLACE_VALUES;
        access.column = several && node->time == TIME_SEQUENCE ? COLUMN_OF_FRAMES : COLUMN_STREAM;
        access.padded = true;
        break;
    case STORE_INPUT:
    case STORE_BLOCK:
    case STORE_SEQUENCE:
        access.place = PLACE_VALUES;
        access.column = COLUMN_FRAME;
        access.delay = edge->delay;
        access.padded = schedule->buffers[edge->node].storage != STORE_INPUT;
    }
    access.view.offset += edge->begin;
    access.aligned = access.padded && access.view.offset == 0;
    return access;
}
