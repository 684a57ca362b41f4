#include "graph/graph.h"

#include <string.h>

#include "base/arena.h"
#include "base/internal_error.h"

struct graph *graph_new(struct arena *arena, const struct source *source, const char *name)
{
    struct graph *graph = ARENA_NEW(arena, struct graph);
    graph->arena = arena;
    graph->source = source;
    graph->name = name;
    return graph;
}

struct node *graph_add_node(struct graph *graph, enum op op, struct shape shape, enum value_time time, int count,
                            const struct node *like)
{
    struct node *node = ARENA_NEW(graph->arena, struct node);
    node->op = op;
    node->shape = shape;
    node->time = time;
    node->count = count;
    node->edges = ARENA_ARRAY(graph->arena, struct edge, count + 1);
    node->replaced_by = NO_NODE;
    if (like) {
        node->origin = like->origin;
        node->equation = like->equation;
    }
    ARENA_PUSH(graph->arena, graph->nodes, graph->node_count, graph->node_capacity, node);
    graph->version++;
    return node;
}

int graph_find_parameter(const struct graph *graph, const char *name)
{
    for (int i = 0; i < graph->parameter_count; i++)
        if (strcmp(graph->parameters[i].name, name) == 0)
            return i;
    return -1;
}

int graph_add_number(struct graph *graph, double number)
{
    struct node *node = graph_add_node(graph, OP_number, (struct shape){0}, TIME_STATIC, 0, NULL);
    node->number = number;
    return graph->node_count - 1;
}

void graph_replace(struct graph *graph, int node, int by)
{
    by = graph_resolve(graph, by);
    if (by == node)
        return;
    struct node *from = graph->nodes[node], *to = graph->nodes[by];
    from->replaced_by = by;
    if (from->name && !to->name) {
        to->name = from->name;
        to->origin = from->origin;
        to->equation = from->equation;
    }
    for (int p = 0; p < from->part_count; p++)
        ARENA_PUSH(graph->arena, to->parts, to->part_count, to->part_capacity, from->parts[p]);
    from->part_count = 0;
    graph->version++;
}

int graph_resolve(const struct graph *graph, int node)
{
    while (node != NO_NODE && graph->nodes[node]->replaced_by != NO_NODE)
        node = graph->nodes[node]->replaced_by;
    return node;
}

struct marking {
    struct graph *graph;
    bool *needed;
    int *open, open_count; /* needed nodes whose own edges have not been followed yet */
};

static void mark_node(struct marking *marking, int node)
{
    if (node == NO_NODE || marking->needed[node])
        return;
    marking->needed[node] = true;
    marking->open[marking->open_count++] = node;
}

static void mark_edge(struct marking *marking, struct edge *edge)
{
    edge->node = graph_resolve(marking->graph, edge->node);
    edge->init = graph_resolve(marking->graph, edge->init);
    mark_node(marking, edge->node);
    mark_node(marking, edge->init);
}

/* Marks the nodes that the outputs need, following replacements. */
static bool *mark_needed(struct graph *graph)
{
    struct marking marking = {.graph = graph};
    marking.needed = ARENA_ARRAY(graph->arena, bool, graph->node_count + 1);
    marking.open = ARENA_ARRAY(graph->arena, int, graph->node_count + 1);
    for (int i = 0; i < graph->output_count; i++)
        mark_edge(&marking, &graph->outputs[i].edge);
    while (marking.open_count) {
        struct node *node = graph->nodes[marking.open[--marking.open_count]];
        for (int i = 0; i < node->count; i++)
            mark_edge(&marking, &node->edges[i]);
    }
    return marking.needed;
}

static void renumber_edge(struct edge *edge, const int *place)
{
    edge->node = place[edge->node];
    if (edge->init != NO_NODE)
        edge->init = place[edge->init];
}

static void renumber_edges(struct graph *graph, const int *place)
{
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++)
            renumber_edge(&graph->nodes[i]->edges[k], place);
    for (int i = 0; i < graph->output_count; i++)
        renumber_edge(&graph->outputs[i].edge, place);
}

void graph_sweep(struct graph *graph)
{
    const bool *needed = mark_needed(graph);
    int *place = ARENA_ARRAY(graph->arena, int, graph->node_count + 1), kept = 0;
    for (int i = 0; i < graph->node_count; i++)
        if (needed[i]) {
            place[i] = kept;
            graph->nodes[kept++] = graph->nodes[i];
        }
    graph->node_count = kept;
    renumber_edges(graph, place);
    graph->version++;

    const int *order = graph_order(graph, graph->arena);
    if (!order)
        return; /* the verifier reports it */
    struct node **sorted = ARENA_ARRAY(graph->arena, struct node *, kept + 1);
    for (int i = 0; i < kept; i++) {
        sorted[i] = graph->nodes[order[i]];
        place[order[i]] = i;
    }
    graph->nodes = sorted;
    graph->node_capacity = kept + 1;
    renumber_edges(graph, place);
}

void graph_expect_fresh(const struct graph *graph, int version, const char *result)
{
    if (version != graph->version)
        internal_error("%s of version %d of the graph, which is at version %d", result, version, graph->version);
}

bool node_gathers_frames(const struct graph *graph, const struct node *node)
{
    for (int k = 0; k < node->count && op_is_over_time(node->op); k++)
        if (graph->nodes[node->edges[k].node]->time == TIME_FRAME)
            return true;
    return false;
}

struct view view_of_all(const struct shape *shape)
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
    struct view all = view_of_all(shape);
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] > 1 && view->stride[i] != all.stride[i])
            return false;
    return true;
}

int node_rows_begin(const struct graph *graph, int id)
{
    const struct node *node = graph->nodes[id];
    if (node->op != OP_view)
        return 0;
    const struct shape *shape = &node->shape, *source = &graph->nodes[node->edges[0].node]->shape;
    const int columns = source->rank ? source->dim[source->rank - 1] : 1;
    long begin = node->view.offset % columns;
    bool within = (shape->dim[1] == 1 || node->view.stride[1] == 1) && begin + shape->dim[1] <= columns;
    return within && (shape->dim[0] == 1 || node->view.stride[0] % columns == 0) ? (int)begin : -1;
}

bool node_works_by_units(const struct node *node)
{
    return op_info(node->op)->class == OP_CLASS_ELEMENTWISE || node->by_units ||
           (node->op == OP_gradient && view_is_contiguous(&node->view, &node->shape));
}

int node_units(const struct node *node) { return (int)shape_size(&node->shape); }

struct edge edge_to(const struct graph *graph, int node)
{
    return (struct edge){.node = node, .init = NO_NODE, .length = node_units(graph->nodes[node])};
}

bool edge_is_whole(const struct graph *graph, const struct edge *edge)
{
    return edge->begin == 0 && edge->length == node_units(graph->nodes[edge->node]);
}

bool edge_equal(const struct edge *a, const struct edge *b)
{
    return a->node == b->node && a->delay == b->delay && a->init == b->init && a->begin == b->begin &&
           a->length == b->length;
}

const char *origin_equation(struct arena *arena, const struct node_origin *origin)
{
    /* Behind the last point of a path without a name stands a word of the compiler's. */
    const char *point = origin->expression ? strrchr(origin->path, '.') : NULL;
    return point ? arena_copy_string(arena, origin->path, (size_t)(point - origin->path)) : origin->path;
}

const char *origin_shown(struct arena *arena, const struct node_origin *origin)
{
    return origin->expression ? arena_printf(arena, "(%s) of %s", origin->expression, origin_equation(arena, origin))
                              : origin->path;
}
