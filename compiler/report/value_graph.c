/* The graph of a region's values: those with an equation, what they read of other regions, and their own past. What
 * lies between two of them, and is part of an equation, is one line. */
#include "report/boxes.h"

enum { VALUES_MOST = 90, NAME_MOST = 28 };

struct drawing {
    struct page *page;
    int index;
    const struct region *region;
    struct boxes boxes;
    int *box; /* by node: 1 + its box, or 0 */
    int *stack;
};

static const struct node *node_at(const struct drawing *drawing, int id)
{
    return drawing->page->schedule->graph->nodes[id];
}

static bool is_inside(const struct drawing *drawing, int id)
{
    return drawing->page->schedule->region_of[id] == drawing->index;
}

/* True for a source that is drawn: a value of frames or sequences. */
static bool is_source(const struct drawing *drawing, int id)
{
    const struct node *node = node_at(drawing, id);
    return node->op == OP_input || (time_has_streams(node->time) && node->op != OP_number);
}

static int add_box(struct drawing *drawing, const char *class, const char *name, const char *fact, const char *title)
{
    struct page *page = drawing->page;
    const char **lines = ARENA_ARRAY(page->arena, const char *, 2);
    lines[0] = cut(page, name, NAME_MOST);
    lines[1] = fact;
    return boxes_add(
        &drawing->boxes,
        (struct box){
            .class = class, .title = escape(page, title), .lines = lines, .line_count = fact ? 2 : 1, .region = -1});
}

/* The fate of an edge that leads from a drawn value, or from outside, to a drawn value. */
typedef void visit_edge(struct drawing *drawing, const struct edge *edge, int to);

/* Visits all that a value reads, through the unnamed operations of its equation. */
static void visit_reads(struct drawing *drawing, int id, visit_edge *visit)
{
    int count = 0;
    drawing->stack[count++] = id;
    while (count) {
        const struct node *node = node_at(drawing, drawing->stack[--count]);
        for (int k = 0; k < node->count; k++) {
            const struct edge *edge = &node->edges[k];
            if (!is_source(drawing, edge->node))
                continue;
            if (is_inside(drawing, edge->node) && !value_is_drawn(drawing->page, edge->node))
                drawing->stack[count++] = edge->node; /* it has one reader */
            else
                visit(drawing, edge, id);
        }
    }
}

static const char *delayed_name(const struct drawing *drawing, const struct edge *edge)
{
    return arena_printf(drawing->page->arena, "%s[t%+d]", value_name(drawing->page, drawing->region, edge->node),
                        -edge->delay);
}

/* Adds a box for a value from outside. */
static void add_outside(struct drawing *drawing, const struct edge *edge, int to)
{
    (void)to;
    if (is_inside(drawing, edge->node) || drawing->box[edge->node])
        return;
    const char *name = value_name(drawing->page, drawing->region, edge->node);
    const int region = drawing->page->schedule->region_of[edge->node];
    drawing->box[edge->node] = 1 + add_box(drawing, "leaf", name, NULL,
                                           region < 0 ? arena_printf(drawing->page->arena, "input %s", name)
                                                      : arena_printf(drawing->page->arena, "%s of %s", name,
                                                                     drawing->page->schedule->regions[region].name));
}

static void join(struct drawing *drawing, const struct edge *edge, int to)
{
    const int from = drawing->box[edge->node] - 1;
    const char *name =
        edge->delay ? delayed_name(drawing, edge) : value_name(drawing->page, drawing->region, edge->node);
    if (from < 0 || from == drawing->box[to] - 1)
        return;
    boxes_join(&drawing->boxes, from, drawing->box[to] - 1, edge->delay != 0, escape(drawing->page, name));
}

/* Returns the reads by which a value is its own past, or NULL. */
static const char *own_past(struct drawing *drawing, int id)
{
    int count = 0;
    const char *label = NULL;
    drawing->stack[count++] = id;
    while (count) {
        const struct node *node = node_at(drawing, drawing->stack[--count]);
        for (int k = 0; k < node->count; k++) {
            const struct edge *edge = &node->edges[k];
            if (edge->node == id && edge->delay)
                label = cut(drawing->page, delayed_name(drawing, edge), NAME_MOST);
            else if (is_inside(drawing, edge->node) && is_source(drawing, edge->node) &&
                     !value_is_drawn(drawing->page, edge->node))
                drawing->stack[count++] = edge->node;
        }
    }
    return label;
}

static void add_value(struct drawing *drawing, int id)
{
    struct page *page = drawing->page;
    const struct schedule *schedule = page->schedule;
    const struct node *node = node_at(drawing, id);
    const bool cyclic = schedule->components.component[schedule->components.of[id]].cyclic;
    const int box = add_box(drawing, cyclic ? "value cyclic" : "value", value_name(page, drawing->region, id),
                            arena_printf(page->arena, "%s · %d", op_info(node->op)->id, node_units(node)),
                            schedule->names[id] ? schedule->names[id] : "");
    drawing->box[id] = 1 + box;
}

static bool has_graph(const struct drawing *drawing, int *count)
{
    const struct region *region = drawing->region;
    if (region_is_once(region))
        return false;
    for (int i = 0; i < region->node_count; i++)
        *count += value_is_drawn(drawing->page, region->nodes[i]);
    return *count > 0;
}

/* Adds the loop of a value's own past, for which the box needs room before it is laid out. */
static void add_loops(struct drawing *drawing)
{
    for (int i = 0; i < drawing->region->node_count; i++) {
        const int id = drawing->region->nodes[i];
        const char *label = drawing->box[id] ? own_past(drawing, id) : NULL;
        if (label)
            boxes_add_loop(&drawing->boxes, drawing->box[id] - 1, label);
    }
}

void write_value_graph(struct page *page, int index)
{
    const struct graph *graph = page->schedule->graph;
    const struct region *region = &page->schedule->regions[index];
    struct drawing drawing = {.page = page, .index = index, .region = region, .boxes = boxes_new(page->arena)};
    int count = 0;
    if (!has_graph(&drawing, &count))
        return;
    if (count > VALUES_MOST) {
        put(page, "<p class=\"note\">Its %d values are too many to draw.</p>\n", count);
        return;
    }
    drawing.box = ARENA_ARRAY(page->arena, int, graph->node_count + 1);
    drawing.stack = ARENA_ARRAY(page->arena, int, graph->node_count + 1);
    for (int i = 0; i < region->node_count; i++)
        if (value_is_drawn(page, region->nodes[i]))
            visit_reads(&drawing, region->nodes[i], add_outside);
    for (int i = 0; i < region->node_count; i++)
        if (value_is_drawn(page, region->nodes[i]))
            add_value(&drawing, region->nodes[i]);
    for (int i = 0; i < region->node_count; i++)
        if (value_is_drawn(page, region->nodes[i]))
            visit_reads(&drawing, region->nodes[i], join);
    add_loops(&drawing);
    boxes_draw(page, &drawing.boxes, arena_printf(page->arena, "values-%d", index),
               arena_printf(page->arena, "Values of %s and what they read", escape(page, region->name)));
}
