/* --emit=dot: the graph for Graphviz. Components with a cycle are clusters; edges with a delay are dashed and carry it.
 */
#include "emit/emit.h"

#include "base/text.h"

static void write_label(const struct schedule *schedule, int id, struct text *out)
{
    const struct node *node = schedule->graph->nodes[id];
    text_printf(out, "    n%d [label=\"%s", id, op_info(node->op)->id);
    if (node->name)
        text_printf(out, "\\n%s", node->name);
    text_printf(out, "\\n%ld\"%s];\n", shape_size(&node->shape),
                node->op == OP_parameter ? ", shape=box"
                : node->op == OP_input   ? ", shape=invhouse"
                                         : "");
}

static bool node_is_drawn(const struct node *node) { return node->op != OP_number; }

static void write_region(const struct schedule *schedule, int index, struct text *out)
{
    const struct region *region = &schedule->regions[index];
    bool cluster = region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
    if (cluster)
        text_printf(out, "  subgraph cluster_%d {\n    label=\"%s: %s\";\n    style=rounded;\n", index, region->name,
                    region_kind_name(region->kind));
    for (int i = 0; i < region->node_count; i++)
        write_label(schedule, region->nodes[i], out);
    if (cluster)
        text_puts(out, "  }\n");
}

static void write_edges(const struct schedule *schedule, struct text *out)
{
    const struct graph *graph = schedule->graph;
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++) {
            const struct edge *edge = &graph->nodes[i]->edges[k];
            if (!node_is_drawn(graph->nodes[edge->node]))
                continue;
            text_printf(out, "  n%d -> n%d", edge->node, i);
            if (edge->delay)
                text_printf(out, " [style=dashed, color=red, constraint=false, label=\"t%+d\"]", -edge->delay);
            text_puts(out, ";\n");
        }
}

void emit_dot(const struct schedule *schedule, struct text *out)
{
    const struct graph *graph = schedule->graph;
    text_printf(out, "digraph \"%s\" {\n  rankdir=BT;\n  node [shape=ellipse, fontsize=10];\n", graph->name);
    for (int i = 0; i < graph->node_count; i++)
        if (schedule->region_of[i] < 0 && node_is_drawn(graph->nodes[i]))
            write_label(schedule, i, out);
    for (int r = 0; r < schedule->region_count; r++)
        write_region(schedule, r, out);
    write_edges(schedule, out);
    for (int i = 0; i < graph->output_count; i++)
        text_printf(out, "  out%d [label=\"%s\", shape=house];\n  n%d -> out%d;\n", i, graph->outputs[i].name,
                    graph->outputs[i].edge.node, i);
    text_puts(out, "}\n");
}
