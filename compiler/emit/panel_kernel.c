/* Kernels with products: a panel of weights against a batch of columns, with the elementwise rest behind it. */
#include "emit/kernel.h"

/* Returns the number of vectors of `part` of a kernel's rows, in blocks side by side: "2 * side", "rows * side". */
static const char *vectors(struct arena *arena, int rows, int part)
{
    if (part == rows)
        return "rows * side";
    return part == 1 ? "side" : arena_printf(arena, "%d * side", part);
}

/* Returns the place of the accumulators of an operand. */
static const char *sums_of(const struct writing *writing, const struct operand *operand)
{
    struct arena *arena = writing->emitter->arena;
    const char *first = vectors(arena, writing->kernel->accumulator_count, operand->first_row);
    return operand->first_row ? arena_printf(arena, "sum + %s", first) : "sum";
}

/* Returns the storage of stored weights in front of other arguments. */
static const char *storage_argument(struct arena *arena, const struct operand *operand)
{
    return operand->storage == PRECISION_F32 ? "" : arena_printf(arena, "%s, ", storage_text(operand->storage));
}

static const char *const product_functions[] = {"panel", "stored", "stored", "quantised"}; /* by storage */

/* True if the first product of a kernel sets all accumulators, so that nobody else needs to. */
static bool begins_with_product(const struct kernel *kernel)
{
    const struct operand *first = kernel->operands;
    return first->storage == PRECISION_F32 && first->row_count == kernel->accumulator_count &&
           operands_together(kernel, 0) == 1;
}

/* Writes the product that begins the sums of a batch. */
static void write_first_product(struct writing *writing, const struct operand *operand)
{
    struct emitter *emitter = writing->emitter;
    const int rows = writing->kernel->accumulator_count;
    struct access x = access_of_edge(emitter->schedule, writing->region, &operand->x);
    text_printf(emitter->out, "    rnn_panel_first_product(sum, packed->%s, panel, %s, %s, %s, %s, columns);\n",
                emitter->panels[operand->panels], vectors(emitter->arena, rows, rows),
                access_address(emitter, &x, "first"), access_stride(emitter, &x),
                node_size(emitter, operand->x.node, operand->x.length));
}

static void write_product(struct writing *writing, const struct operand *operand)
{
    struct emitter *emitter = writing->emitter;
    int rows = writing->kernel->accumulator_count;
    struct access x = access_of_edge(emitter->schedule, writing->region, &operand->x);
    const bool rounds = operand->storage == PRECISION_INT8;
    text_printf(emitter->out, "    rnn_%s_product(%s, %s, packed->%s, %spanel, %s, %s%s, %s, %s, columns);\n",
                product_functions[operand->storage], sums_of(writing, operand), vectors(emitter->arena, rows, rows),
                emitter->panels[operand->panels], storage_argument(emitter->arena, operand),
                vectors(emitter->arena, rows, operand->row_count),
                rounds ? arena_printf(emitter->arena, "%s, ", rounded_address(emitter, operand, "first")) : "",
                access_address(emitter, &x, "first"), access_stride(emitter, &x),
                node_size(emitter, operand->x.node, operand->x.length));
}

/* Writes the columns of right-hand sides as the whole numbers that weights in int8 meet. */
static void write_rounded(struct emitter *emitter, const struct operand *operands, int count)
{
    text_puts(emitter->out, "        const rnn_real *const quantised[] = {\n");
    for (int i = 0; i < count; i++)
        text_printf(emitter->out, "            %s,\n", rounded_address(emitter, &operands[i], "first"));
    text_puts(emitter->out, "        };\n");
}

/* Writes the products of one packed matrix with `count` right-hand sides. */
static void write_products(struct writing *writing, const struct operand *operands, int count)
{
    struct emitter *emitter = writing->emitter;
    int rows = writing->kernel->accumulator_count;
    const bool rounds = operands->storage == PRECISION_INT8;
    text_puts(emitter->out, "    {\n        const rnn_right right[] = {\n");
    for (int i = 0; i < count; i++) {
        struct access x = access_of_edge(emitter->schedule, writing->region, &operands[i].x);
        text_printf(emitter->out, "            {%s, %s},\n", access_address(emitter, &x, "first"),
                    access_stride(emitter, &x));
    }
    text_puts(emitter->out, "        };\n");
    if (rounds)
        write_rounded(emitter, operands, count);
    text_printf(emitter->out,
                "        rnn_%s_products(%s, %s, packed->%s, %spanel, %s, %sright, %d, %s, columns);\n    }\n",
                product_functions[operands->storage], sums_of(writing, operands), vectors(emitter->arena, rows, rows),
                emitter->panels[operands->panels], storage_argument(emitter->arena, operands),
                vectors(emitter->arena, rows, operands->row_count), rounds ? "quantised, " : "", count,
                node_size(emitter, operands->x.node, operands->x.length));
}

/* Operations of a unit's rest from which on the blocks of a panel are written out, so that the chains of several run
 * beside each other: a core sees no more than two or three hundred instructions ahead. A Zen 3 takes a hundredth less
 * time for the forward pass of an LSTM (16 streams, 256 units), a fortieth less for the backward pass of an sLSTM. */
enum { LONG_REST = 50 };

static bool rest_is_long(const struct writing *writing)
{
    const struct kernel *kernel = writing->kernel;
    double flops = 0;
    for (int i = 0; i < kernel->node_count; i++)
        flops += op_info(writing->emitter->graph->nodes[kernel->nodes[i]]->op)->flops;
    return flops >= LONG_REST;
}

/* Opens the loop over the columns of the batch, and over the blocks of units of the panel. */
static void open_column_loop(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    text_printf(emitter->out,
                "    for (int column = first; column < first + columns; column++)\n%s"
                "        for (int block = 0; block < side; block++) {\n"
                "            const rnn_vec *const row = sum + (column - first) * rows * side + block;\n"
                "            const int unit = (panel * side + block) * RNN_LANES;\n"
                "            if (side > 1 && unit >= RNN_PAD(%s))\n                break;\n",
                rest_is_long(writing) && !emitter->plain ? "        RNN_UNROLL(4)\n" : "",
                kernel_size(emitter, writing->kernel));
    writing->indent = "            ";
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

/* Writes the products of a kernel, whose sums begin with the first or with 0. */
static void write_sums(struct writing *writing)
{
    const struct kernel *kernel = writing->kernel;
    const bool begins = begins_with_product(kernel);
    if (begins)
        write_first_product(writing, kernel->operands);
    else
        text_puts(writing->emitter->out, "    rnn_panel_clear(sum, columns * rows * side);\n");
    for (int o = begins ? 1 : 0, count; o < kernel->operand_count; o += count) {
        count = operands_together(kernel, o);
        if (count == 1)
            write_product(writing, &kernel->operands[o]);
        else
            write_products(writing, &kernel->operands[o], count);
    }
}

void write_panel_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    const struct kernel *kernel = writing->kernel;
    int rows = kernel->accumulator_count;
    const char *size = kernel_size(emitter, kernel);
    use_variables(emitter, VAR_packed | VAR_panel | VAR_first | VAR_columns);
    text_printf(emitter->out,
                "    enum { rows = %d, side = RNN_SIDE(%s, %s) };\n"
                "    rnn_vec sum[%s * rows * side];\n",
                rows, kernel->panel_rows == rows ? "rows" : arena_printf(emitter->arena, "%d", kernel->panel_rows),
                size, kernel_batch(emitter, kernel, "rows"));
    write_sums(writing);
    open_column_loop(writing);
    for (int i = 0; i < rows; i++)
        write_accumulator(writing, i);
    for (int i = 0; i < kernel->node_count; i++)
        write_node(writing, kernel->nodes[i]);
    write_stores(writing);
    text_puts(emitter->out, "        }\n");
}
