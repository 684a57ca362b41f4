/* Kernels with products: a tile, which is a panel of weights against a few columns, with the elementwise rest behind
 * it. */
#include "emit/kernel.h"

/* True if blocks of units lie side by side, see RNN_SIDE: kernels of three rows or more have only one. */
static bool kernel_has_sides(int rows) { return rows < 3; }

/* Returns the number of vectors of `part` of a kernel's rows: "2", "2 * side", "rows", "rows * side". */
static const char *vectors(struct arena *arena, int rows, int part)
{
    const char *text = part == rows ? "rows" : arena_printf(arena, "%d", part);
    if (!kernel_has_sides(rows))
        return text;
    return part == 1 && rows > 1 ? "side" : arena_printf(arena, "%s * side", text);
}

/* Returns the function that multiplies `part` of a kernel's `rows` rows with two columns or more: one for each such
 * pair, and, if a panel has several blocks of units side by side, for each number of units. */
static const char *tile_name(const struct emitter *emitter, int rows, int part, int units)
{
    struct arena *arena = emitter->arena;
    const char *name = arena_printf(arena, "%s_tile_%d", emitter->owner, part);
    if (part < rows)
        name = arena_printf(arena, "%s_of_%d", name, rows);
    return !kernel_has_sides(rows) ? name : arena_printf(arena, "%s_by_%d", name, units);
}

static void write_tile_function(struct emitter *emitter, const struct kernel *kernel, const struct operand *operand)
{
    int rows = kernel->accumulator_count, units = kernel->units;
    const char *name = tile_name(emitter, rows, operand->row_count, units);
    if (map_get(emitter->tiles, name))
        return;
    map_put(emitter->tiles, name, emitter);
    const char *units_text = kernel_has_sides(rows) ? arena_printf(emitter->arena, "%d", units) : "RNN_LANES";
    const char *side = kernel_has_sides(rows) ? arena_printf(emitter->arena, ", side = RNN_SIDE(rows, %d)", units) : "";
    text_printf(
        emitter->out,
        "/* %s of weights for each unit, against two columns or more. */\n"
        "RNN_OUTLINE void %s(rnn_vec *sum, const rnn_vec *weights, const rnn_real *right, ptrdiff_t stride, int k, int "
        "columns)\n{\n"
        "    enum { rows = %d%s };\n"
        "    rnn_panel_tile(sum, %s, weights, right, stride, k, %s, columns, RNN_TILE(rows, %s));\n}\n\n",
        operand->row_count < rows ? arena_printf(emitter->arena, "%d of %d rows", operand->row_count, rows)
        : rows == 1               ? "One row"
                                  : arena_printf(emitter->arena, "%d rows", rows),
        name, rows, side, vectors(emitter->arena, rows, rows), vectors(emitter->arena, rows, operand->row_count),
        units_text);
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
    struct arena *arena = emitter->arena;
    const struct kernel *kernel = writing->kernel;
    int rows = kernel->accumulator_count;
    struct access x = access_of_edge(emitter->schedule, writing->region, &operand->x);
    const char *sum = "sum";
    if (operand->first_row)
        sum = arena_printf(arena, "sum + %s", vectors(arena, rows, operand->first_row));
    text_printf(emitter->out, "    rnn_panel_product(%s, %s, packed->%s, panel, %s, %s, %s, %s, columns, %s);\n", sum,
                vectors(arena, rows, rows), emitter->panels[operand->panels], vectors(arena, rows, operand->row_count),
                access_address(emitter, &x, "first"), access_stride(emitter, &x),
                node_size(emitter, operand->x.node, operand->x.length),
                tile_name(emitter, rows, operand->row_count, kernel->units));
}

/* Opens the loop over the columns of the tile, and over the blocks of units of the panel. */
static void open_column_loop(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    bool sides = kernel_has_sides(writing->kernel->accumulator_count);
    const char *loops = sides ? "    for (int column = first; column < first + columns; column++)\n"
                                "        for (int block = 0; block < side; block++) {\n"
                                "            const rnn_vec *const row = sum + (column - first) * rows * side + block;\n"
                                "            const int unit = (panel * side + block) * RNN_LANES;\n"
                              : "    const int unit = panel * RNN_LANES;\n"
                                "    for (int column = first; column < first + columns; column++) {\n"
                                "        const rnn_vec *const row = sum + (column - first) * rows;\n";
    text_puts(emitter->out, loops);
    if (sides)
        text_printf(emitter->out, "            if (side > 1 && unit >= RNN_PAD(%s))\n                break;\n",
                    kernel_size(emitter, writing->kernel));
    writing->indent = sides ? "            " : "        ";
    writing->column = "column";
    writing->loaded_count = 0;
}

/* Writes an accumulator as a variable. Its start is added after the products: a large start would otherwise round each
 * of them to its own size. */
static void write_accumulator(struct writing *writing, int row)
{
    struct emitter *emitter = writing->emitter;
    const struct accumulator *accumulator = &writing->kernel->accumulators[row];
    const char *start = accumulator->start.node == NO_NODE ? NULL : load_edge(writing, &accumulator->start).text;
    const char *at = row ? vectors(emitter->arena, writing->kernel->accumulator_count, row) : "0";
    const char *sum = arena_printf(emitter->arena, "row[%s]", at);
    if (start)
        sum = arena_printf(emitter->arena, "%s + %s", start, sum);
    keep_expression(writing, accumulator->result, (struct expression){sum, start == NULL, false});
}

void write_panel_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    int rows = kernel->accumulator_count;
    const char *all = vectors(emitter->arena, rows, rows), *side = "";
    if (kernel_has_sides(rows))
        side = arena_printf(emitter->arena, ", side = RNN_SIDE(rows, %s)", kernel_size(emitter, kernel));
    use_variables(emitter, VAR_packed | VAR_panel | VAR_first | VAR_columns);
    text_printf(emitter->out,
                "    enum { rows = %d%s };\n    rnn_vec sum[RNN_TILE_MOST * %s];\n"
                "    rnn_panel_clear(sum, columns * %s);\n",
                rows, side, all, all);
    for (int o = 0; o < kernel->operand_count; o++)
        write_product(writing, &kernel->operands[o]);
    open_column_loop(writing);
    for (int i = 0; i < rows; i++)
        write_accumulator(writing, i);
    for (int i = 0; i < kernel->node_count; i++)
        write_node(writing, kernel->nodes[i]);
    write_stores(writing);
    text_puts(emitter->out, kernel_has_sides(rows) ? "        }\n" : "    }\n");
}
