/* One kernel as one C function: for a product a tile (a panel against a few columns), else a loop over columns. */
#include <string.h>

#include "analysis/uses.h"
#include "emit/emitter.h"

struct writing {
    struct emitter *emitter;
    const struct region *region;
    const struct kernel *kernel;
    struct unique names;      /* of the variables of the function */
    struct loaded *loaded;    /* edges that are in variables already */
    int loaded_count, loaded_capacity;
    const char *column;       /* the expression for the column at hand */
    const char *indent;
};

struct loaded {
    struct edge edge;
    const char *name;
};

const char *kernel_name(const struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    if (region->kernel_count == 1)
        return arena_printf(emitter->arena, "%s_%s_kernel", emitter->prefix, region->name);
    return arena_printf(emitter->arena, "%s_%s_kernel_%d", emitter->prefix, region->name, (int)(kernel - region->kernels));
}

static const char *fresh_local(struct writing *writing, int node, int delay)
{
    struct emitter *emitter = writing->emitter;
    const char *name = emitter->graph->nodes[node]->name;
    const char *stem = name ? c_name(emitter->arena, last_name(name)) : emitter->buffers[node] ? emitter->buffers[node] : "a";
    if (delay)
        stem = arena_printf(emitter->arena, delay == 1 || delay == -1 ? "%s_%s" : "%s_%s_%d", stem,
                            delay > 0 ? "before" : "after", delay > 0 ? delay : -delay);
    return unique_name(&writing->names, stem);
}

static bool edge_is_computed_here(const struct writing *writing, const struct edge *edge)
{
    return !edge->delay && writing->emitter->schedule->kernel_of[edge->node] == writing->kernel;
}

/* A variable for what an edge reads from memory; written where it is first needed. */
static const char *load_edge(struct writing *writing, const struct edge *edge)
{
    struct emitter *emitter = writing->emitter;
    const struct node *source = emitter->graph->nodes[edge->node];
    if (source->op == OP_number)
        return arena_printf(emitter->arena, "rnn_vec_splat(%s)", emit_number(emitter->arena, source->number));
    for (int i = 0; i < writing->loaded_count; i++)
        if (edge_equal(&writing->loaded[i].edge, edge))
            return writing->loaded[i].name;
    const char *name = fresh_local(writing, edge->node, edge->delay);
    const char *address = edge_address(emitter, edge, writing->column);
    text_printf(emitter->out, "%sconst rnn_vec %s = ", writing->indent, name);
    if (edge->length == 1 && writing->kernel->units > 1)
        text_printf(emitter->out, "rnn_vec_splat(*(%s));\n", address);
    else
        text_printf(emitter->out, "rnn_vec_load%s(%s + unit);\n", edge->begin ? "_unaligned" : "", address);
    ARENA_PUSH(emitter->arena, writing->loaded, writing->loaded_count, writing->loaded_capacity,
               ((struct loaded){*edge, name}));
    return name;
}

static const char *operand_expression(struct writing *writing, const struct edge *edge)
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

static void write_node(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    const struct node *node = emitter->graph->nodes[id];
    const char *operands[3] = {"", "", ""};
    for (int k = 0; k < node->count; k++)
        operands[k] = operand_expression(writing, &node->edges[k]);
    const char *expression = fill_pattern(emitter, node->op, operands, false);
    if (node_stands_inline(writing, id, expression)) {
        bool call = *op_info(node->op)->emit == '@';
        emitter->locals[id] = call ? expression : arena_printf(emitter->arena, "(%s)", expression);
        return;
    }
    const char *name = fresh_local(writing, id, 0);
    text_printf(emitter->out, "%sconst rnn_vec %s = %s;\n", writing->indent, name, expression);
    emitter->locals[id] = name;
}

/* Every value that outlives the kernel goes to memory, after all that reads what it overwrites. */
static void write_store(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    if (emitter->schedule->buffers[id].storage == STORE_NONE)
        return;
    struct edge edge = edge_to(emitter->graph, id);
    text_printf(emitter->out, "%srnn_vec_store(%s + unit, %s);\n", writing->indent,
                edge_address(emitter, &edge, writing->column), emitter->locals[id]);
}

static void write_stores(struct writing *writing)
{
    for (int i = 0; i < writing->kernel->accumulator_count; i++)
        write_store(writing, writing->kernel->accumulators[i].result);
    for (int i = 0; i < writing->kernel->node_count; i++)
        write_store(writing, writing->kernel->nodes[i]);
}

/* ---- products ---- */

/* The product of one operand with two columns or more, as a function of its own. */
static void write_tile_function(struct writing *writing, const struct operand *operand)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    text_printf(emitter->out,
                "static __attribute__((noinline)) void %s_%s_tile(rnn_vec *sum, const rnn_real *panel, const rnn_real *x, int columns)\n{\n"
                "    enum { side = RNN_SIDE(%d, %d) };\n"
                "    rnn_panel_tile(sum, %d * side, (const rnn_vec *)panel, x, %s, %d, %d * side, columns, RNN_TILE(%d, %d));\n}\n\n",
                emitter->prefix, emitter->panels[operand->panels], kernel->accumulator_count, kernel->units,
                kernel->accumulator_count, edge_stride(emitter, &operand->x), operand->x.length, operand->row_count,
                kernel->accumulator_count, kernel->units);
}

static void write_product(struct writing *writing, const struct operand *operand)
{
    struct emitter *emitter = writing->emitter;
    const char *panels = emitter->panels[operand->panels], *stride = edge_stride(emitter, &operand->x);
    text_printf(emitter->out, "    {\n        const rnn_real *weights = packed->%s + (size_t)panel * (%d * side * %d * RNN_LANES);\n"
                              "        const rnn_real *right = %s;\n",
                panels, operand->row_count, operand->x.length, edge_address(emitter, &operand->x, "first"));
    text_printf(emitter->out,
                "        if (columns == 1)\n"
                "            rnn_panel_column(sum + %d * side, rows * side, (const rnn_vec *)weights, right, %s, %d, %d * side, 1);\n"
                "        else\n            %s_%s_tile(sum + %d * side, weights, right, columns);\n    }\n",
                operand->first_row, stride, operand->x.length, operand->row_count, emitter->prefix, panels, operand->first_row);
}

static void open_column_loop(struct writing *writing)
{
    text_puts(writing->emitter->out, "    for (int column = first; column < first + columns; column++)\n"
                                     "        for (int block = 0; block < side; block++) {\n"
                                     "            rnn_vec *const row = sum + (column - first) * rows * side + block;\n");
    writing->indent = "            ";
    writing->column = "column";
    writing->loaded_count = 0;
}

/* The accumulators' start: a value from memory, or 0. */
static void write_starts(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    open_column_loop(writing);
    bool loads = false;
    for (int i = 0; i < kernel->accumulator_count; i++)
        loads |= kernel->accumulators[i].start.node != NO_NODE;
    if (loads)
        text_printf(emitter->out, "            const int unit = RNN_MIN(panel * side + block, RNN_BLOCKS(%d) - 1) * RNN_LANES;\n",
                    kernel->units);
    for (int i = 0; i < kernel->accumulator_count; i++) {
        const struct edge *start = &kernel->accumulators[i].start;
        const char *from = start->node == NO_NODE ? "rnn_vec_splat(0)" : load_edge(writing, start);
        text_printf(emitter->out, "            row[%d * side] = %s;\n", i, from);
    }
    text_puts(emitter->out, "        }\n");
}

static void write_panel_kernel(struct writing *writing, const char *name)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    int rows = kernel->accumulator_count;
    for (int o = 0; o < kernel->operand_count; o++)
        write_tile_function(writing, &kernel->operands[o]);
    size_t begin = emitter->out->length;
    text_printf(emitter->out,
                "RNN_INLINE void %s(const struct %s_packed *packed, const struct %s_values *values, const ptrdiff_t frame,\n"
                "    const ptrdiff_t streams, const int panel, const int first, const int columns)\n{\n",
                name, emitter->prefix, emitter->prefix);
    text_printf(emitter->out, "    enum { rows = %d, side = RNN_SIDE(%d, %d) };\n    rnn_vec sum[RNN_TILE_MOST * rows * side];\n",
                rows, rows, kernel->units);
    write_starts(writing);
    for (int o = 0; o < kernel->operand_count; o++)
        write_product(writing, &kernel->operands[o]);
    open_column_loop(writing);
    text_printf(emitter->out, "            const int unit = (panel * side + block) * RNN_LANES;\n"
                              "            if (side > 1 && unit >= RNN_PAD(%d))\n                break;\n",
                kernel->units);
    for (int i = 0; i < rows; i++) {
        int id = kernel->accumulators[i].result;
        const char *local = fresh_local(writing, id, 0);
        text_printf(emitter->out, "            const rnn_vec %s = row[%d * side];\n", local, i);
        emitter->locals[id] = local;
    }
    for (int i = 0; i < kernel->node_count; i++)
        write_node(writing, kernel->nodes[i]);
    write_stores(writing);
    text_puts(emitter->out, "        }\n");
    close_function(emitter, begin);
}

/* ---- the other kinds ---- */

static size_t open_function(struct writing *writing, const char *name)
{
    size_t begin = writing->emitter->out->length;
    text_printf(writing->emitter->out,
                "static void %s(const struct %s_packed *packed, const struct %s_values *values, const ptrdiff_t frame,\n"
                "    const ptrdiff_t streams, const int columns)\n{\n"
                "    for (int column = 0; column < columns; column++)",
                name, writing->emitter->prefix, writing->emitter->prefix);
    writing->column = "column";
    return begin;
}

static void write_elementwise_kernel(struct writing *writing, const char *name)
{
    size_t begin = open_function(writing, name);
    text_printf(writing->emitter->out, "\n        for (int unit = 0; unit < RNN_PAD(%d); unit += RNN_LANES) {\n",
                writing->kernel->units);
    writing->indent = "            ";
    for (int i = 0; i < writing->kernel->node_count; i++)
        write_node(writing, writing->kernel->nodes[i]);
    write_stores(writing);
    text_puts(writing->emitter->out, "        }\n");
    close_function(writing->emitter, begin);
}

static void write_column_kernel(struct writing *writing, const char *name)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    struct edge edge = edge_to(emitter->graph, id);
    const char *to = edge_address(emitter, &edge, "column");
    size_t begin = open_function(writing, name);
    if (op_info(node->op)->shape == SHAPE_VECTOR)
        text_printf(emitter->out, "\n        rnn_column_%s(%s", op_info(node->op)->emit, to);
    else
        text_printf(emitter->out, "\n        *(%s) = rnn_column_%s(", to, op_info(node->op)->emit);
    for (int k = 0; k < node->count; k++)
        text_printf(emitter->out, "%s%s", k || op_info(node->op)->shape == SHAPE_VECTOR ? ", " : "",
                    edge_address(emitter, &node->edges[k], "column"));
    text_printf(emitter->out, ", %d);\n", node->edges[0].length);
    close_function(emitter, begin);
}

static void write_concat_kernel(struct writing *writing, const char *name)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0], at = 0;
    const struct node *node = emitter->graph->nodes[id];
    size_t begin = open_function(writing, name);
    text_puts(emitter->out, " {\n");
    for (int k = 0; k < node->count; k++) {
        const struct node *source = emitter->graph->nodes[node->edges[k].node];
        struct edge edge = edge_to(emitter->graph, id);
        edge.begin = at;
        const char *to = edge_address(emitter, &edge, "column");
        if (source->op == OP_number)
            text_printf(emitter->out, "        *(%s) = %s;\n", to, emit_number(emitter->arena, source->number));
        else
            text_printf(emitter->out, "        memcpy(%s, %s, %d * sizeof(rnn_real));\n", to,
                        edge_address(emitter, &node->edges[k], "column"), node->edges[k].length);
        at += node->edges[k].length;
    }
    text_puts(emitter->out, "    }\n");
    close_function(emitter, begin);
}

static void write_embed_kernel(struct writing *writing, const char *name)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    struct edge edge = edge_to(emitter->graph, id);
    const struct shape *table = &emitter->graph->nodes[node->edges[0].node]->shape;
    size_t begin = open_function(writing, name);
    text_printf(emitter->out, "\n        rnn_embed(%s, packed->%s, values->%s[frame + column], %d, %d);\n",
                edge_address(emitter, &edge, "column"), emitter->buffers[node->edges[0].node],
                emitter->buffers[node->edges[1].node], table->dim[0], table->dim[1]);
    close_function(emitter, begin);
}

/* A value gathered from the frames of a block that are the stream's own. */
static void write_over_time_kernel(struct writing *writing, const char *name)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    size_t begin = emitter->out->length;
    text_printf(emitter->out, "static void %s(const struct %s_values *values, const int frames, const int streams, const int *ends)\n{\n",
                name, emitter->prefix);
    text_printf(emitter->out, "    rnn_gather_%s(values->%s_so_far_, values->%s, RNN_PAD(%d), frames, streams, ends%s);\n",
                op_info(node->op)->emit, emitter->buffers[id], emitter->buffers[node->edges[0].node], node_units(node),
                node->op == OP_first ? ", values->ages" : "");
    close_function(emitter, begin);
}

/* ---- elementwise scans ---- */

static bool kernel_reads(const struct writing *writing, const struct edge *edge)
{
    for (int i = 0; i < writing->kernel->node_count; i++) {
        const struct node *node = writing->emitter->graph->nodes[writing->kernel->nodes[i]];
        for (int k = 0; k < node->count; k++)
            if (edge_equal(&node->edges[k], edge))
                return true;
    }
    return false;
}

/* Units outermost, then streams: a unit's past stays in registers through all frames. */
static void write_scan_kernel(struct writing *writing, const char *name)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    struct text *out = emitter->out;
    size_t begin = out->length;
    text_printf(out, "static void %s(const struct %s_packed *packed, const struct %s_values *values, const int frames,\n"
                     "    const ptrdiff_t streams, const int *ends)\n{\n"
                     "    for (int unit = 0; unit < RNN_PAD(%d); unit += RNN_LANES)\n"
                     "        for (int column = 0; column < streams; column++) {\n"
                     "            const int count = ends ? ends[column] : frames;\n",
                name, emitter->prefix, emitter->prefix, kernel->units);
    writing->indent = "            ";
    writing->column = "column";
    bool reversed = writing->region->reversed;
    text_puts(out, reversed ? "            ptrdiff_t frame = (count - 1) * streams;\n" : "            ptrdiff_t frame = 0;\n");
    int carried = 0;
    for (int i = 0; i < kernel->node_count; i++) {
        int id = kernel->nodes[i];
        struct edge edge = edge_to(emitter->graph, id);
        edge.delay = writing->region->reversed ? -1 : 1;
        edge.init = emitter->schedule->buffers[id].init;
        if (!kernel_reads(writing, &edge))
            continue;
        const char *before = fresh_local(writing, id, edge.delay);
        text_printf(out, "            rnn_vec %s = rnn_vec_load(%s + unit);\n", before, edge_address(emitter, &edge, "column"));
        ARENA_PUSH(emitter->arena, writing->loaded, writing->loaded_count, writing->loaded_capacity,
                   ((struct loaded){edge, before}));
        carried++;
    }
    text_printf(out, "            for (int t = 0; t < count; t++, frame %s= streams) {\n", reversed ? "-" : "+");
    writing->indent = "                ";
    for (int i = 0; i < kernel->node_count; i++)
        write_node(writing, kernel->nodes[i]);
    for (int i = 0; i < kernel->node_count; i++)
        if (emitter->schedule->buffers[kernel->nodes[i]].storage >= STORE_BLOCK)
            write_store(writing, kernel->nodes[i]);
    for (int i = 0; i < carried; i++)
        text_printf(out, "                %s = %s;\n", writing->loaded[i].name,
                    emitter->locals[writing->loaded[i].edge.node]);
    text_puts(out, "            }\n");
    for (int i = 0; i < carried; i++) {
        struct edge edge = writing->loaded[i].edge;
        if (emitter->schedule->buffers[edge.node].storage == STORE_FRAME)
            text_printf(out, "            rnn_vec_store(%s + unit, %s);\n", edge_address(emitter, &edge, "column"),
                        writing->loaded[i].name);
    }
    text_puts(out, "        }\n");
    close_function(emitter, begin);
}

void emit_kernel(struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    struct writing writing = {.emitter = emitter, .region = region, .kernel = kernel};
    emitter->region = region;
    unique_init(&writing.names, emitter->arena);
    const char *name = kernel_name(emitter, region, kernel);
    if (region->kind == REGION_ELEMENTWISE_SCAN) {
        write_scan_kernel(&writing, name);
        return;
    }
    switch (kernel->kind) {
    case KERNEL_PANEL:
        write_panel_kernel(&writing, name);
        break;
    case KERNEL_ELEMENTWISE:
        write_elementwise_kernel(&writing, name);
        break;
    case KERNEL_COLUMN:
        write_column_kernel(&writing, name);
        break;
    case KERNEL_CONCAT:
        write_concat_kernel(&writing, name);
        break;
    case KERNEL_EMBED:
        write_embed_kernel(&writing, name);
        break;
    case KERNEL_OVER_TIME:
        write_over_time_kernel(&writing, name);
    }
}
