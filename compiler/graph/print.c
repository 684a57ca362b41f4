/* The text of a graph, for --emit=graph, --dump-after and tests: one line a node. */
#include "base/text.h"
#include "graph/graph.h"

void graph_print_edge(const struct graph *graph, const struct edge *edge, struct text *out)
{
    const struct node *source = graph->nodes[edge->node];
    if (source->op == OP_number)
        text_printf(out, "%g", source->number);
    else
        text_printf(out, "%%%d", edge->node);
    if (!edge_is_whole(graph, edge))
        text_printf(out, "[%d:%d]", edge->begin, edge->begin + edge->length);
    if (edge->delay)
        text_printf(out, "[t%+d]", -edge->delay);
    if (edge->init != NO_NODE)
        text_printf(out, " or %%%d", edge->init);
}

static void print_shape(const struct shape *shape, struct text *out)
{
    text_puts(out, "[");
    for (int i = 0; i < shape->rank; i++)
        text_printf(out, i ? ", %d" : "%d", shape->dim[i]);
    text_puts(out, "]");
}

static void print_view(const struct view *view, int rank, struct text *out)
{
    text_printf(out, " from %ld by", view->offset);
    for (int i = 0; i < rank; i++)
        text_printf(out, " %ld", view->stride[i]);
}

/* Prints the attributes of a node behind its operands. */
static void print_held(const struct graph *graph, const struct node *node, struct text *out)
{
    switch (op_info(node->op)->holds) {
    case HOLDS_NOTHING:
        break;
    case HOLDS_NUMBER:
        text_printf(out, " %g", node->number);
        break;
    case HOLDS_PARAMETER:
        text_printf(out, " %s", graph->parameters[node->parameter].name);
        break;
    case HOLDS_INPUT:
        text_printf(out, " %s", graph->inputs[node->input].name);
        break;
    case HOLDS_VIEW:
        print_view(&node->view, node->op == OP_view ? node->shape.rank : graph->nodes[node->edges[0].node]->shape.rank,
                   out);
        break;
    case HOLDS_STORAGE:
        if (node->storage != PRECISION_F32)
            text_printf(out, node->op == OP_round ? " to %s" : " in %s", precision_name((enum precision)node->storage));
        break;
    case HOLDS_PART:
        text_printf(out, " to %s", graph->parameters[node->parameter].name);
        print_view(&node->view, node->shape.rank, out);
        break;
    case HOLDS_DROPOUT:
        text_printf(out, " dropout %d of %g", node->dropout, node->number);
        break;
    case HOLDS_BEGIN:
        text_printf(out, " at %d", node->begin);
        break;
    case HOLDS_DELAY:
        text_printf(out, " by %d", node->delay);
        break;
    case HOLDS_COUNT:
        text_printf(out, " %d", node->refined);
        break;
    case HOLDS_LOSS:
        text_printf(out, " of loss %d", node->loss);
        break;
    }
}

static void print_node(const struct graph *graph, int id, struct text *out)
{
    const struct node *node = graph->nodes[id];
    text_printf(out, "%%%d %s ", id, time_name(node->time));
    print_shape(&node->shape, out);
    text_printf(out, " = %s", op_info(node->op)->id);
    for (int i = 0; i < node->count; i++) {
        text_puts(out, i ? ", " : " ");
        graph_print_edge(graph, &node->edges[i], out);
    }
    print_held(graph, node, out);
    text_puts(out, node->by_units ? ", by units" : "");
    text_puts(out, node->sunk ? ", sunk" : "");
    if (node->name)
        text_printf(out, "  # %s", node->name);
    text_puts(out, "\n");
}

void graph_print(const struct graph *graph, struct text *out)
{
    text_printf(out, "graph %s\n", graph->name);
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op != OP_number)
            print_node(graph, i, out);
    for (int i = 0; i < graph->output_count; i++) {
        text_printf(out, "output %s = ", graph->outputs[i].name);
        graph_print_edge(graph, &graph->outputs[i].edge, out);
        text_puts(out, "\n");
    }
}
