/* Kernels with products: a tile, which is a panel of weights against a few columns, with the elementwise rest behind
 * it. */
#include "emit/kernel.h"

/* "4 * side", or "side" for one. */
static const char *times_side(struct arena *arena, int rows)
{
    return rows == 1 ? "side" : arena_printf(arena, "%d * side", rows);
}

/* An address of numbers that lie `rows` rows of `side` blocks behind another. */
static const char *behind_rows(struct arena *arena, const char *base, int rows)
{
    return rows ? arena_printf(arena, "%s + %s", base, times_side(arena, rows)) : base;
}

/* The function that multiplies `part` of a kernel's `rows` rows with two columns or more: there is one for each such pair, and
 * where a panel has several blocks of units side by side, for each number of units. */
static const char *tile_name(const struct emitter *emitter, int rows, int part, int units)
{
    struct arena *arena = emitter->arena;
    const char *name = arena_printf(arena, "%s_tile_%d", emitter->owner, part);
    if (part < rows)
        name = arena_printf(arena, "%s_of_%d", name, rows);
    return rows >= 3 ? name : arena_printf(arena, "%s_by_%d", name, units);
}

static void write_tile_function(struct emitter *emitter, const struct kernel *kernel, const struct operand *operand)
{
    int rows = kernel->accumulator_count, units = kernel->units;
    const char *name = tile_name(emitter, rows, operand->row_count, units);
    if (map_get(emitter->tiles, name))
        return;
    map_put(emitter->tiles, name, emitter);
    text_printf(
        emitter->out,
        "/* %d of %d rows of weights for each unit, against two columns or more. */\n"
        "RNN_OUTLINE void %s(rnn_vec *sum, const rnn_vec *weights, const rnn_real *right, ptrdiff_t stride, int k,\n"
        "    int columns)\n{\n"
        "    enum { rows = %d, side = RNN_SIDE(rows, %d) };\n"
        "    rnn_panel_tile(sum, rows * side, weights, right, stride, k, %s, columns, RNN_TILE(rows, %d));\n}\n\n",
        operand->row_count, rows, name, rows, units,
        operand->row_count == rows ? "rows * side" : times_side(emitter->arena, operand->row_count), units);
}

void emit_tile_functions(struct emitter *emitter)
{
    for (int r = 0; r < emitter->schedule->region_count; r++)
        for (int k = 0; k < emitter->schedule->regions[r].kernel_count; k++) {
            const struct kernel *kernel = &emitter->schedule->regions[r].kernels[k];
            for (int o = 0; o < kernel->operand_count; o++)
                write_tile_function(emitter, kernel, &kernel->operands[o]);
        }
}

static void write_product(struct writing *writing, const struct operand *operand)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    int rows = kernel->accumulator_count;
    struct access x = access_of_edge(emitter->schedule, writing->region, &operand->x);
    text_printf(emitter->out,
                "    rnn_panel_product(%s, rows * side, packed->%s, panel, %s,\n        %s, %s, %d, columns, %s);\n",
                behind_rows(emitter->arena, "sum", operand->first_row), emitter->panels[operand->panels],
                operand->row_count == rows ? "rows * side" : times_side(emitter->arena, operand->row_count),
                access_address(emitter, &x, "first"), access_stride(emitter, &x), operand->x.length,
                tile_name(emitter, rows, operand->row_count, kernel->units));
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
    const char *start = accumulator->start.node == NO_NODE ? NULL : load_edge(writing, &accumulator->start).text;
    const char *sum = row ? arena_printf(emitter->arena, "row[%s]", times_side(emitter->arena, row)) : "row[0]";
    if (start)
        sum = arena_printf(emitter->arena, "%s + %s", start, sum);
    keep_expression(writing, accumulator->result, (struct expression){sum, start == NULL, false});
}

void write_panel_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    int rows = kernel->accumulator_count;
    use_variables(emitter, VAR_packed | VAR_panel | VAR_first | VAR_columns);
    text_printf(emitter->out,
                "    enum { rows = %d, side = RNN_SIDE(rows, %d) };\n    rnn_vec sum[RNN_TILE_MOST * rows * side];\n"
                "    rnn_panel_clear(sum, columns * rows * side);\n",
                rows, kernel->units);
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
}
