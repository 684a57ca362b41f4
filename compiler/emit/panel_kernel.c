/* Kernels with products: a tile, which is a panel of weights against a few columns, with the elementwise rest behind
 * it. */
#include "emit/kernel.h"

/* The product of one operand with two columns or more, as a function of its own. */
static void write_tile_function(struct writing *writing, const struct operand *operand)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    text_printf(emitter->out,
                "static __attribute__((noinline)) void %s_%s_tile(rnn_vec *sum, const rnn_real *panel, const rnn_real "
                "*x, int columns)\n{\n"
                "    enum { side = RNN_SIDE(%d, %d) };\n"
                "    rnn_panel_tile(sum, %d * side, (const rnn_vec *)panel, x, %s, %d, %d * side, columns, "
                "RNN_TILE(%d, %d));\n}\n\n",
                emitter->prefix, emitter->panels[operand->panels], kernel->accumulator_count, kernel->units,
                kernel->accumulator_count, edge_stride(emitter, &operand->x), operand->x.length, operand->row_count,
                kernel->accumulator_count, kernel->units);
}

static void write_product(struct writing *writing, const struct operand *operand)
{
    struct emitter *emitter = writing->emitter;
    const char *panels = emitter->panels[operand->panels], *stride = edge_stride(emitter, &operand->x);
    text_printf(emitter->out,
                "    {\n        const rnn_real *weights = packed->%s + (size_t)panel * %d * side * %d * RNN_LANES;\n"
                "        const rnn_real *right = %s;\n",
                panels, operand->row_count, operand->x.length, edge_address(emitter, &operand->x, "first"));
    text_printf(emitter->out,
                "        if (columns == 1)\n"
                "            rnn_panel_column(sum + %d * side, rows * side, (const rnn_vec *)weights, right, %s, %d, "
                "%d * side, 1);\n"
                "        else\n            %s_%s_tile(sum + %d * side, weights, right, columns);\n    }\n",
                operand->first_row, stride, operand->x.length, operand->row_count, emitter->prefix, panels,
                operand->first_row);
}

static void open_column_loop(struct writing *writing)
{
    text_puts(writing->emitter->out,
              "    for (int column = first; column < first + columns; column++)\n"
              "        for (int block = 0; block < side; block++) {\n"
              "            rnn_vec *const row = sum + (column - first) * rows * side + block;\n");
    writing->indent = "            ";
    writing->column = "column";
    writing->loaded_count = 0;
}

/* An accumulator as a variable. What it starts from is added behind the products: so large a value would otherwise
 * round each of them to its own size. */
static void write_accumulator(struct writing *writing, int row)
{
    struct emitter *emitter = writing->emitter;
    const struct accumulator *accumulator = &writing->kernel->accumulators[row];
    const char *start = accumulator->start.node == NO_NODE ? NULL : load_edge(writing, &accumulator->start);
    const char *sum = arena_printf(emitter->arena, start ? "%2$s + row[%1$d * side]" : "row[%1$d * side]", row, start);
    keep_expression(writing, accumulator->result, sum, start == NULL);
}

void write_panel_kernel(struct writing *writing, const char *name)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    int rows = kernel->accumulator_count;
    for (int o = 0; o < kernel->operand_count; o++)
        write_tile_function(writing, &kernel->operands[o]);
    size_t begin = emitter->out->length;
    text_printf(
        emitter->out,
        "RNN_INLINE void %s(const struct %s_packed *packed, const struct %s_values *values, const ptrdiff_t frame,\n"
        "    const ptrdiff_t streams, const int panel, const int first, const int columns)\n{\n",
        name, emitter->prefix, emitter->prefix);
    text_printf(
        emitter->out,
        "    enum { rows = %d, side = RNN_SIDE(%d, %d) };\n    rnn_vec sum[RNN_TILE_MOST * rows * side];\n"
        "    rnn_panel_clear(sum, columns * rows * side);\n",
        rows, rows, kernel->units);
    for (int o = 0; o < kernel->operand_count; o++)
        write_product(writing, &kernel->operands[o]);
    open_column_loop(writing);
    text_printf(emitter->out,
                "            const int unit = (panel * side + block) * RNN_LANES;\n"
                "            if (side > 1 && unit >= RNN_PAD(%d))\n                break;\n",
                kernel->units);
    for (int i = 0; i < rows; i++)
        write_accumulator(writing, i);
    for (int i = 0; i < kernel->node_count; i++)
        write_node(writing, kernel->nodes[i]);
    write_stores(writing);
    text_puts(emitter->out, "        }\n");
    close_function(emitter, begin);
}
