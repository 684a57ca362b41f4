/* Kernels that are a loop over columns. */
#include "emit/kernel.h"

/* Opens a loop over columns, if the region has more than one; its body is one statement, or several within braces. */
static void open_columns(struct writing *writing, bool braces)
{
    struct emitter *emitter = writing->emitter;
    bool once = region_is_once(writing->region);
    writing->column = once ? "0" : "column";
    writing->indent = once ? "    " : "        ";
    if (once)
        return;
    use_variables(emitter, VAR_columns);
    if (region_is_shared(writing->region)) {
        use_variables(emitter, VAR_first);
        text_puts(emitter->out, "    for (int column = first; column < first + columns; column++)");
    } else {
        text_puts(emitter->out, "    for (int column = 0; column < columns; column++)");
    }
    text_puts(emitter->out, braces ? " {\n" : "\n");
}

static void close_columns(struct writing *writing)
{
    text_puts(writing->emitter->out, region_is_once(writing->region) ? "" : "    }\n");
}

void write_elementwise_kernel(struct writing *writing)
{
    struct text *out = writing->emitter->out;
    open_columns(writing, false);
    const char *indent = writing->indent;
    text_printf(out, "%sfor (int unit = 0; unit < RNN_PAD(%s); unit += RNN_LANES) {\n", indent,
                kernel_size(writing->emitter, writing->kernel));
    writing->indent = arena_printf(writing->emitter->arena, "%s    ", indent);
    for (int i = 0; i < writing->kernel->node_count; i++)
        write_node(writing, writing->kernel->nodes[i]);
    write_stores(writing);
    text_printf(out, "%s}\n", indent);
}

void write_column_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    open_columns(writing, false);
    const char *to = node_address(emitter, id, writing->column);
    bool vector = op_info(node->op)->shape == SHAPE_VECTOR;
    text_printf(emitter->out, vector ? "%srnn_column_%s(%s" : "%1$s*(%3$s) = rnn_column_%2$s(", writing->indent,
                op_info(node->op)->emit, to);
    for (int k = 0; k < node->count; k++)
        text_printf(emitter->out, "%s%s", k || vector ? ", " : "",
                    edge_address(emitter, &node->edges[k], writing->column));
    text_printf(emitter->out, ", %s);\n", node_size(emitter, node->edges[0].node, node->edges[0].length));
}

void write_concat_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0], at = 0;
    const struct node *node = emitter->graph->nodes[id];
    open_columns(writing, true);
    if (node->op == OP_pad) {
        text_printf(emitter->out, "%smemset(%s, 0, RNN_PAD(%s) * sizeof(rnn_real));\n", writing->indent,
                    node_address(emitter, id, writing->column), value_size(emitter, id));
        at = node->begin;
    }
    for (int k = 0; k < node->count; k++) {
        const struct node *source = emitter->graph->nodes[node->edges[k].node];
        struct edge edge = edge_to(emitter->graph, id);
        edge.begin = at;
        const char *to = edge_address(emitter, &edge, writing->column);
        if (source->op == OP_number)
            text_printf(emitter->out, "%s*(%s) = %s;\n", writing->indent, to,
                        emit_number(emitter->arena, source->number));
        else
            text_printf(emitter->out, "%smemcpy(%s, %s, %s);\n", writing->indent, to,
                        edge_address(emitter, &node->edges[k], writing->column),
                        size_in_bytes(emitter, node_size(emitter, node->edges[k].node, node->edges[k].length)));
        at += node->edges[k].length;
    }
    close_columns(writing);
}

void write_embed_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    int table = node->edges[0].node;
    open_columns(writing, false);
    use_variables(emitter, VAR_packed | VAR_values | VAR_frame);
    const bool stored = value_is_stored_table(emitter->schedule, table);
    const int sizes = stored ? emitter->graph->nodes[table]->edges[0].node : table;
    text_printf(emitter->out, "        rnn_%sembed(%s, packed->%s, %svalues->%s[frame + column], %s, %s);\n",
                stored ? "stored_" : "", node_address(emitter, id, "column"), emitter->buffers[table],
                stored ? arena_printf(emitter->arena, "%s, ",
                                      storage_text((enum precision)emitter->graph->nodes[table]->storage))
                       : "",
                emitter->buffers[node->edges[1].node], parameter_size(emitter, sizes, 0),
                parameter_size(emitter, sizes, 1));
}

void write_refine_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    open_columns(writing, false);
    const char *rows = edge_address(emitter, &node->edges[0], writing->column);
    const char *x = edge_address(emitter, &node->edges[1], writing->column);
    const char *preview = edge_address(emitter, &node->edges[2], writing->column);
    const int table = node->edges[0].node;
    const bool stored = value_is_stored_table(emitter->schedule, table);
    const enum precision storage = (enum precision)emitter->graph->nodes[table]->storage;
    text_printf(emitter->out, "%srnn_%srefine(%s, %s, %s, %s%s, %s, %d, %d);\n", writing->indent,
                stored ? "stored_" : "", node_address(emitter, id, writing->column), preview, rows,
                stored ? arena_printf(emitter->arena, "%s, ", storage_text(storage)) : "", x, value_size(emitter, id),
                node->edges[1].length, node->refined);
}

void write_id_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    open_columns(writing, false);
    use_variables(emitter, VAR_values | VAR_frame);
    text_printf(emitter->out, "        *(%s) = (rnn_real)values->%s[frame + column];\n",
                node_address(emitter, id, "column"), emitter->buffers[emitter->graph->nodes[id]->edges[0].node]);
}

/* Writes a mask of dropout: for each frame, for a sequence, or on weights for a call. */
void write_keep_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    bool of_call = region_is_once(writing->region), lasts = node->time == TIME_SEQUENCE;
    open_columns(writing, true);
    if (!of_call && !lasts)
        text_puts(emitter->out, "        const int t = (int)((frame + column) / streams);\n");
    if (!of_call)
        text_puts(emitter->out, "        const int stream = (int)((frame + column) % streams);\n");
    use_variables(emitter, of_call ? VAR_window : VAR_values | VAR_frame | VAR_streams);
    text_printf(emitter->out, "%srnn_keep(%s, %s, %.17g, %swindow, %d, %s, %s);\n", writing->indent,
                node_address(emitter, id, writing->column), value_size(emitter, id), node->number,
                of_call ? "" : "values->", node->dropout,
                of_call ? "(int64_t)window->call"
                : lasts ? "0"
                        : "values->ages[stream] + t",
                of_call ? "0" : "values->window->first_stream + stream");
    close_columns(writing);
}
