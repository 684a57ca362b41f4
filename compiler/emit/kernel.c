/* One kernel as one C function: what all kinds share, and the kinds that are a loop over columns. */
#include "emit/kernel.h"

#include <string.h>

const char *kernel_name(const struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    if (region->kernel_count == 1)
        return arena_printf(emitter->arena, "%s_%s_kernel", emitter->prefix, region->name);
    return arena_printf(emitter->arena, "%s_%s_kernel_%d", emitter->prefix, region->name,
                        (int)(kernel - region->kernels));
}

const char *fresh_local(struct writing *writing, int node, int delay)
{
    struct emitter *emitter = writing->emitter;
    const char *stem = c_name(emitter->arena, last_name(emitter->schedule->names[node]));
    if (delay)
        stem = arena_printf(emitter->arena, delay == 1 || delay == -1 ? "%s_%s" : "%s_%s_%d", stem,
                            delay > 0 ? "before" : "after", delay > 0 ? delay : -delay);
    return unique_name(&writing->names, stem);
}

/* A name or a call. */
static struct expression name_of(const char *text) { return (struct expression){text, true, false}; }

static bool edge_is_computed_here(const struct writing *writing, const struct edge *edge)
{
    return !edge->delay && writing->emitter->schedule->kernel_of[edge->node] == writing->kernel;
}

void remember_load(struct writing *writing, const struct edge *edge, const char *name)
{
    struct emitter *emitter = writing->emitter;
    struct loaded loaded = {*edge, name, emitter->last_load[edge->node]};
    emitter->last_load[edge->node] = writing->loaded_count;
    ARENA_PUSH(emitter->arena, writing->loaded, writing->loaded_count, writing->loaded_capacity, loaded);
}

/* A place that is left from another function is behind the end, or another node's, or not before the one that led to it. */
static const char *find_load(const struct writing *writing, const struct edge *edge)
{
    int end = writing->loaded_count, i = writing->emitter->last_load[edge->node];
    while (i >= 0 && i < end && writing->loaded[i].edge.node == edge->node) {
        if (edge_equal(&writing->loaded[i].edge, edge))
            return writing->loaded[i].name;
        end = i;
        i = writing->loaded[i].before;
    }
    return NULL;
}

/* A variable for what an edge reads from memory; written where it is first needed. */
struct expression load_edge(struct writing *writing, const struct edge *edge)
{
    struct emitter *emitter = writing->emitter;
    const struct node *source = emitter->graph->nodes[edge->node];
    if (source->op == OP_number)
        return name_of(arena_printf(emitter->arena, "rnn_vec_splat(%s)", emit_number(emitter->arena, source->number)));
    const char *name = find_load(writing, edge);
    if (name)
        return name_of(name);
    name = fresh_local(writing, edge->node, edge->delay);
    struct access access = access_of_edge(emitter->schedule, writing->region, edge);
    const char *address = access_address(emitter, &access, writing->column);
    text_printf(emitter->out, "%sconst rnn_vec %s = ", writing->indent, name);
    if (edge->length == 1 && writing->kernel->units > 1)
        text_printf(emitter->out, "rnn_vec_splat(*(%s));\n", address);
    else if (access.column == COLUMN_ONLY && !access.aligned)
        text_printf(emitter->out, "rnn_vec_load_left(%s + unit, %d - unit);\n", address, writing->kernel->units);
    else
        text_printf(emitter->out, "rnn_vec_load%s(%s + unit);\n", access.aligned ? "" : "_unaligned", address);
    remember_load(writing, edge, name);
    return name_of(name);
}

static struct expression operand_expression(struct writing *writing, const struct edge *edge)
{
    return edge_is_computed_here(writing, edge) ? writing->emitter->locals[edge->node] : load_edge(writing, edge);
}

/* What one reader needs once stands where it is read; all else gets a variable. */
static bool node_stands_inline(const struct writing *writing, int id, const char *expression)
{
    const struct emitter *emitter = writing->emitter;
    return !emitter->graph->nodes[id]->name && emitter->schedule->buffers[id].storage == STORE_NONE &&
           uses_count(&emitter->uses, id) == 1 && strlen(expression) < 72;
}

void keep_expression(struct writing *writing, int id, struct expression expression)
{
    struct emitter *emitter = writing->emitter;
    if (node_stands_inline(writing, id, expression.text)) {
        emitter->locals[id] = (struct expression){expression.text, expression.closed, true};
        return;
    }
    const char *name = fresh_local(writing, id, 0);
    text_printf(emitter->out, "%sconst rnn_vec %s = %s;\n", writing->indent, name, expression.text);
    emitter->locals[id] = name_of(name);
}

/* Pattern of one multiply-add, and its operands, where an operand of a sum or difference is a product that stands
 * inline. NULL: nothing of the kind. */
static const char *multiply_add(struct writing *writing, const struct node *node, struct expression operands[3])
{
    const struct emitter *emitter = writing->emitter;
    for (int k = 0; k < 2 && (node->op == OP_add || node->op == OP_sub); k++) {
        const struct edge *edge = &node->edges[k];
        const struct node *product = emitter->graph->nodes[edge->node];
        if (product->op != OP_mul || !edge_is_computed_here(writing, edge) || !emitter->locals[edge->node].stands)
            continue;
        operands[2] = operands[1 - k];
        operands[0] = operand_expression(writing, &product->edges[0]);
        operands[1] = operand_expression(writing, &product->edges[1]);
        return node->op == OP_add ? "@madd($0, $1, $2)" : k == 0 ? "@madd($0, $1, -$2)" : "@madd(-$0, $1, $2)";
    }
    return NULL;
}

void write_node(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    const struct node *node = emitter->graph->nodes[id];
    if (node->op == OP_gradient)
        return;
    struct expression operands[3] = {0};
    for (int k = 0; k < node->count; k++)
        operands[k] = operand_expression(writing, &node->edges[k]);
    const char *pattern = multiply_add(writing, node, operands);
    if (pattern)
        count_multiply_add(&writing->operations, node);
    else
        count_node(&writing->operations, node);
    if (!pattern)
        pattern = op_info(node->op)->emit;
    keep_expression(writing, id, fill_pattern(emitter, pattern, operands, false));
}

/* What a parameter's gradient receives from the units at hand; sums over frames are there already. */
static void write_added_gradient(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    const struct node *node = emitter->graph->nodes[id];
    struct access to = access_of_node(emitter->schedule, writing->region, id);
    const char *sum = NULL;
    for (int k = 0; k < node->count; k++) {
        if (sum_is_made_in_gradient(emitter->schedule, node->edges[k].node))
            continue;
        const char *operand = operand_expression(writing, &node->edges[k]).text;
        sum = sum ? arena_printf(emitter->arena, "%s + %s", sum, operand) : operand;
    }
    text_printf(emitter->out, "%srnn_vec_add_left(%s + unit, %s, %d - unit);\n", writing->indent,
                access_address(emitter, &to, writing->column), sum, writing->kernel->units);
}

/* Every value that outlives the kernel goes to memory, after all that reads what it overwrites. */
void write_store(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    if (emitter->graph->nodes[id]->op == OP_gradient)
        write_added_gradient(writing, id);
    if (emitter->schedule->buffers[id].storage == STORE_NONE)
        return;
    text_printf(emitter->out, "%srnn_vec_store(%s + unit, %s);\n", writing->indent,
                node_address(emitter, id, writing->column), emitter->locals[id].text);
}

void write_stores(struct writing *writing)
{
    for (int i = 0; i < writing->kernel->accumulator_count; i++)
        write_store(writing, writing->kernel->accumulators[i].result);
    for (int i = 0; i < writing->kernel->node_count; i++)
        write_store(writing, writing->kernel->nodes[i]);
}

/* ---- the other kinds ---- */

/* A loop over columns, if the region has more than one; its body is one statement, or some within braces. */
static void open_columns(struct writing *writing, bool braces)
{
    struct emitter *emitter = writing->emitter;
    bool once = region_is_once(writing->region);
    writing->column = once ? "0" : "column";
    writing->indent = once ? "    " : "        ";
    if (once)
        return;
    use_variables(emitter, VAR_columns);
    text_printf(emitter->out, "    for (int column = 0; column < columns; column++)%s\n", braces ? " {" : "");
}

static void close_columns(struct writing *writing)
{
    text_puts(writing->emitter->out, region_is_once(writing->region) ? "" : "    }\n");
}

static void write_elementwise_kernel(struct writing *writing)
{
    struct text *out = writing->emitter->out;
    open_columns(writing, false);
    const char *indent = writing->indent;
    text_printf(out, "%sfor (int unit = 0; unit < RNN_PAD(%d); unit += RNN_LANES) {\n", indent, writing->kernel->units);
    writing->indent = arena_printf(writing->emitter->arena, "%s    ", indent);
    for (int i = 0; i < writing->kernel->node_count; i++)
        write_node(writing, writing->kernel->nodes[i]);
    write_stores(writing);
    text_printf(out, "%s}\n", indent);
}

static void write_column_kernel(struct writing *writing)
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
    text_printf(emitter->out, ", %d);\n", node->edges[0].length);
}

static void write_concat_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0], at = 0;
    const struct node *node = emitter->graph->nodes[id];
    open_columns(writing, true);
    if (node->op == OP_pad) {
        text_printf(emitter->out, "%smemset(%s, 0, RNN_PAD(%d) * sizeof(rnn_real));\n", writing->indent,
                    node_address(emitter, id, writing->column), node_units(node));
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
            text_printf(emitter->out, "%smemcpy(%s, %s, %d * sizeof(rnn_real));\n", writing->indent, to,
                        edge_address(emitter, &node->edges[k], writing->column), node->edges[k].length);
        at += node->edges[k].length;
    }
    close_columns(writing);
}

static void write_embed_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    const struct shape *table = &emitter->graph->nodes[node->edges[0].node]->shape;
    open_columns(writing, false);
    use_variables(emitter, VAR_packed | VAR_values | VAR_frame);
    text_printf(emitter->out, "        rnn_embed(%s, packed->%s, values->%s[frame + column], %d, %d);\n",
                node_address(emitter, id, "column"), emitter->buffers[node->edges[0].node],
                emitter->buffers[node->edges[1].node], table->dim[0], table->dim[1]);
}

static void write_id_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    open_columns(writing, false);
    use_variables(emitter, VAR_values | VAR_frame);
    text_printf(emitter->out, "        *(%s) = (rnn_real)values->%s[frame + column];\n",
                node_address(emitter, id, "column"), emitter->buffers[emitter->graph->nodes[id]->edges[0].node]);
}

/* Dropout: what is kept of each frame, of a sequence, or of weights for a call. */
static void write_keep_kernel(struct writing *writing)
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
    text_printf(emitter->out, "%srnn_keep(%s, %d, %.17g, %swindow, %d, %s, %s);\n", writing->indent,
                node_address(emitter, id, writing->column), node_units(node), node->number, of_call ? "" : "values->",
                node->dropout,
                of_call ? "(int64_t)window->call"
                : lasts ? "0"
                        : "values->ages[stream] + t",
                of_call ? "0" : "stream");
    close_columns(writing);
}

/* Columns as arguments: their address, the distance between them, and units. */
static const char *columns_text(struct writing *writing, const struct edge *edge)
{
    struct emitter *emitter = writing->emitter;
    struct access access = access_of_edge(emitter->schedule, writing->region, edge);
    return arena_printf(emitter->arena, "%s, %s, %d", access_address(emitter, &access, "0"),
                        access_stride(emitter, &access), edge->length);
}

/* A sum over frames and streams, see rnn/train.h. */
static void write_sum_over_all(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    const struct node *node = emitter->graph->nodes[id];
    struct access to = access_of_node(emitter->schedule, writing->region, id);
    const char *base = access_address(emitter, &to, "0"), *value = columns_text(writing, &node->edges[node->count - 1]);
    const char *left = node->op == OP_outer ? columns_text(writing, &node->edges[0]) : NULL;
    long first = node->shape.rank ? to.view.stride[0] : 1;
    if (emitter->function.used & VAR_frame)
        text_puts(emitter->out, "    const ptrdiff_t frame = 0;\n");
    emitter->function.used &= ~(unsigned)VAR_frame;
    if (node->op == OP_total)
        text_printf(emitter->out, "    rnn_total(%s, %ld, %s, frames, streams, values->left);\n", base, first, value);
    else if (node->op == OP_rows)
        text_printf(emitter->out, "    rnn_rows(%s, %ld, %ld, values->%s, %s, frames, streams, values->left);\n", base,
                    first, to.view.stride[1], emitter->buffers[node->edges[0].node], value);
    else
        text_printf(emitter->out,
                    "    rnn_outer(%s, %ld, %ld, %s,\n        %s, frames, streams, values->left, values->scratch);\n",
                    base, first, to.view.stride[1], left, value);
}

/* Which frames of which streams count, and the sum of their losses. A loss of whole sequences is complete at once. */
static void write_seed(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    bool once = node->time != TIME_FRAME;
    const char *seed = emitter->buffers[id], *counts = "NULL";
    if (emitter->graph->nodes[node->edges[1].node]->op != OP_number)
        counts = arena_printf(emitter->arena, "values->%s", emitter->buffers[node->edges[1].node]);
    text_printf(emitter->out,
                "    rnn_seed_add(&values->sums[%d], values->%s, values->%s, %s, %s, frames, streams, values->left);\n",
                node->loss, seed, emitter->buffers[node->edges[0].node], counts,
                once ? "0, 0" : "values->done, values->window->loss_from");
    if (once)
        text_printf(emitter->out, "    *values->loss += rnn_seed_finish(&values->sums[%d], values->%s, 1, streams);\n",
                    node->loss, seed);
}

/* A value gathered from the frames of a block that are the stream's own. */
static void write_over_time_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    use_variables(emitter, VAR_values | VAR_frames | VAR_streams);
    if (node->op == OP_seed)
        write_seed(emitter, id);
    else if (node->op == OP_total || node->op == OP_outer || node->op == OP_rows)
        write_sum_over_all(writing, id);
    else if (node->op == OP_outside)
        text_printf(
            emitter->out,
            "    rnn_gather_outside(values->%s_so_far_, values->%s, RNN_PAD(%d), frames, streams, values->ages, "
            "values->left, values->done, %d);\n",
            emitter->buffers[id], emitter->buffers[node->edges[0].node], node_units(node), node->delay);
    else {
        use_variables(emitter, VAR_ends);
        text_printf(emitter->out,
                    "    rnn_gather_%s(values->%s_so_far_, values->%s, RNN_PAD(%d), frames, streams, ends%s);\n",
                    op_info(node->op)->emit, emitter->buffers[id], emitter->buffers[node->edges[0].node],
                    node_units(node), node->op == OP_first ? ", values->ages" : "");
    }
}

static void write_kernel_of_kind(struct writing *writing)
{
    switch (writing->kernel->kind) {
    case KERNEL_NONE:
        break;
    case KERNEL_PANEL:
        write_panel_kernel(writing);
        break;
    case KERNEL_ELEMENTWISE:
        write_elementwise_kernel(writing);
        break;
    case KERNEL_COLUMN:
        write_column_kernel(writing);
        break;
    case KERNEL_CONCAT:
        write_concat_kernel(writing);
        break;
    case KERNEL_EMBED:
        write_embed_kernel(writing);
        break;
    case KERNEL_ID:
        write_id_kernel(writing);
        break;
    case KERNEL_KEEP:
        write_keep_kernel(writing);
        break;
    case KERNEL_MATRIX:
        write_matrix_kernel(writing);
        break;
    case KERNEL_STRIDES:
        write_strides_kernel(writing);
        break;
    case KERNEL_OVER_TIME:
        write_over_time_kernel(writing);
    }
}

/* In front of a kernel: what it does for a frame. */
static void write_operations(struct writing *writing)
{
    const struct kernel *kernel = writing->kernel;
    count_products(&writing->operations, kernel);
    if (kernel->kind != KERNEL_PANEL && kernel->kind != KERNEL_ELEMENTWISE)
        for (int i = 0; i < kernel->node_count; i++)
            count_node(&writing->operations, writing->emitter->graph->nodes[kernel->nodes[i]]);
    const char *operations = describe_operations(&writing->operations, writing->emitter->arena);
    static const char *const when[] = {
        [REGION_STATIC] = "Once",  [REGION_SEQUENCE] = "A sequence",      [REGION_FRAMES] = "A frame",
        [REGION_SCAN] = "A frame", [REGION_ELEMENTWISE_SCAN] = "A frame", [REGION_LATE] = "A call"};
    if (operations)
        text_printf(writing->emitter->function.file, "/* %s: %s. */\n", when[writing->region->kind], operations);
}

unsigned emit_kernel(struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    struct writing writing = {.emitter = emitter, .region = region, .kernel = kernel};
    emitter->region = region;
    unique_init(&writing.names, emitter->arena);
    bool panel = kernel->kind == KERNEL_PANEL && region->kind != REGION_ELEMENTWISE_SCAN;
    open_kernel(emitter);
    if (region->kind == REGION_ELEMENTWISE_SCAN)
        write_scan_kernel(&writing);
    else
        write_kernel_of_kind(&writing);
    write_operations(&writing);
    return close_kernel(emitter, panel ? "RNN_INLINE void" : "static void", kernel_name(emitter, region, kernel));
}
