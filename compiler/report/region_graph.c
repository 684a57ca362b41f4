/* The graph of regions: a box for each, for each input, and for what the network gives. Values that are the same for
 * all frames and streams, weights foremost, are not drawn. */
#include "report/boxes.h"

enum { NAME_MOST = 34, FACT_MOST = 40, NAMES_MOST = 400 };

struct drawing {
    struct page *page;
    struct boxes boxes;
    int *box_of_region; /* -1: not drawn */
    int *box_of_input;
};

static bool is_drawn(const struct page *page, int region)
{
    const struct region *of = &page->schedule->regions[region];
    return of->kind != REGION_STATIC && of->node_count > 0;
}

/* True for a region whose own past is a cycle, and not just a read of what it has made before. */
static bool region_is_cyclic(const struct region *region)
{
    return region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
}

/* Returns the names of a region's drawn values, the last first: they are its results. */
static const char *region_values(struct page *page, const struct region *region)
{
    struct text names;
    text_init(&names, page->arena);
    text_puts(&names, "");
    for (int i = region->node_count - 1; i >= 0 && names.length < NAMES_MOST; i--)
        if (page->schedule->graph->nodes[region->nodes[i]]->name)
            text_printf(&names, "%s%s", names.length ? ", " : "", value_name(page, region, region->nodes[i]));
    return names.data;
}

static const char *pace(const struct region *region)
{
    switch (region->kind) {
    case REGION_STATIC:
        return "once, at load";
    case REGION_SEQUENCE:
        return "once for each sequence";
    case REGION_FRAMES:
        return "all frames of a block at once";
    case REGION_SCAN:
        return region->reversed ? "a cycle: from the last frame to the first" : "a cycle: frame after frame";
    case REGION_ELEMENTWISE_SCAN:
        return region->reversed ? "a cycle in each unit, from the last frame" : "a cycle in each unit";
    case REGION_LATE:
        return "once a call, after all frames";
    }
    return "";
}

static void add_region(struct drawing *drawing, int index)
{
    struct page *page = drawing->page;
    const struct region *region = &page->schedule->regions[index];
    const char **lines = ARENA_ARRAY(page->arena, const char *, 4), *values = region_values(page, region);
    int count = 0;
    lines[count++] = arena_printf(page->arena, "%d %s", index, cut(page, region->name, NAME_MOST));
    lines[count++] = pace(region);
    const double flops = region->flops > 0 ? region->flops : region->flops_once;
    const char *work = quantity(page, flops), *weights = quantity(page, region->bytes);
    if (flops > 0)
        lines[count++] = region->bytes > 0 ? arena_printf(page->arena, "%sflop · %sB of weights", work, weights)
                                           : arena_printf(page->arena, "%sflop", work);
    if (*values)
        lines[count++] = cut(page, values, FACT_MOST);
    struct box box = {.class = kind_class(region),
                      .title = arena_printf(page->arena, "%s: %s. Pass %d, stage %d.", escape(page, region->name),
                                            escape(page, describe_kind(page->schedule, region, page->arena)),
                                            region->pass, region->stage),
                      .link = arena_printf(page->arena, "#region-%d", index),
                      .loop = region_is_cyclic(region) ? cycle_label(page, index) : NULL,
                      .lines = lines,
                      .line_count = count,
                      .region = index};
    drawing->box_of_region[index] = boxes_add(&drawing->boxes, box);
}

static int add_leaf(struct drawing *drawing, const char *class, const char *name, const char *title)
{
    struct page *page = drawing->page;
    const char **lines = ARENA_ARRAY(page->arena, const char *, 1);
    lines[0] = cut(page, name, NAME_MOST);
    return boxes_add(&drawing->boxes,
                     (struct box){.class = class, .title = title, .lines = lines, .line_count = 1, .region = -1});
}

static void add_inputs(struct drawing *drawing)
{
    const struct graph *graph = drawing->page->schedule->graph;
    for (int i = 0; i < graph->input_count; i++) {
        const bool target = i >= graph->input_count - graph->target_count;
        drawing->box_of_input[i] = add_leaf(drawing, "leaf", graph->inputs[i].name,
                                            arena_printf(drawing->page->arena, "%s %s", target ? "target" : "input",
                                                         escape(drawing->page, graph->inputs[i].name)));
    }
}

/* Returns the box that a node is in, or -1. */
static int box_of(const struct drawing *drawing, int id)
{
    const struct schedule *schedule = drawing->page->schedule;
    const struct node *node = schedule->graph->nodes[id];
    if (node->op == OP_input)
        return drawing->box_of_input[node->input];
    return schedule->region_of[id] >= 0 ? drawing->box_of_region[schedule->region_of[id]] : -1;
}

static void add_edge(struct drawing *drawing, const struct region *reader, const struct edge *edge, int to)
{
    struct page *page = drawing->page;
    const int from = box_of(drawing, edge->node);
    if (from < 0 || from == to)
        return;
    const char *name = escape(page, value_name(page, reader, edge->node));
    boxes_join(&drawing->boxes, from, to, edge->delay != 0,
               edge->delay ? arena_printf(page->arena, "%s[t%+d]", name, -edge->delay) : name);
}

static void add_region_edges(struct drawing *drawing, int index)
{
    const struct schedule *schedule = drawing->page->schedule;
    const struct region *region = &schedule->regions[index];
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = schedule->graph->nodes[region->nodes[i]];
        for (int k = 0; k < node->count; k++)
            add_edge(drawing, region, &node->edges[k], drawing->box_of_region[index]);
    }
}

/* Adds what the network gives; all gradients are one box. */
static void add_outputs(struct drawing *drawing)
{
    const struct graph *graph = drawing->page->schedule->graph;
    static const struct region top = {.instance = ""};
    int gradients = -1;
    for (int i = 0; i < graph->output_count; i++) {
        const struct graph_output *output = &graph->outputs[i];
        const bool gradient = output->time == TIME_CALL;
        if (gradient && gradients < 0)
            gradients = add_leaf(drawing, "leaf", "gradients", "the gradients of all parameters");
        const int box =
            gradient ? gradients
                     : add_leaf(drawing, "leaf", output->name,
                                arena_printf(drawing->page->arena, "output %s", escape(drawing->page, output->name)));
        add_edge(drawing, &top, &output->edge, box);
    }
}

void write_region_graph(struct page *page)
{
    const struct schedule *schedule = page->schedule;
    struct drawing drawing = {.page = page,
                              .boxes = boxes_new(page->arena),
                              .box_of_region = ARENA_ARRAY(page->arena, int, schedule->region_count + 1),
                              .box_of_input = ARENA_ARRAY(page->arena, int, schedule->graph->input_count + 1)};
    add_inputs(&drawing);
    for (int r = 0; r < schedule->region_count; r++) {
        drawing.box_of_region[r] = -1;
        if (is_drawn(page, r))
            add_region(&drawing, r);
    }
    for (int r = 0; r < schedule->region_count; r++)
        if (is_drawn(page, r))
            add_region_edges(&drawing, r);
    add_outputs(&drawing);
    boxes_draw(page, &drawing.boxes, "graph-of-regions",
               arena_printf(page->arena, "Regions of %s and what they read of each other",
                            escape(page, schedule->graph->name)));
}
