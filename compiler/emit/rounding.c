/* Columns as whole numbers, which weights in int8 are multiplied with (rnn/stored_quantise.h): those of a kernel are
 * rounded in front of its loop over panels, into memory of their own. */
#include "emit/emitter.h"

/* Returns the numbers that a rounded column takes. */
static const char *rounded_size(struct emitter *emitter, const struct operand *operand)
{
    return arena_printf(emitter->arena, "RNN_QUANTISED(%s)", node_size(emitter, operand->x.node, operand->x.length));
}

const char *rounded_address(struct emitter *emitter, const struct operand *operand, const char *first)
{
    use_variables(emitter, VAR_values);
    const char *base = arena_printf(emitter->arena, "values->%s", emitter->rounded[operand->rounded]);
    return first ? arena_printf(emitter->arena, "%s + (ptrdiff_t)%s * %s", base, first, rounded_size(emitter, operand))
                 : base;
}

const char *rounding_name(const struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    return arena_printf(emitter->arena, "%s_columns", kernel_name(emitter, region, kernel));
}

unsigned emit_rounding(struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    bool any = false;
    for (int o = 0; o < kernel->operand_count; o++)
        any |= kernel->operands[o].storage == PRECISION_INT8;
    if (!any)
        return 0;
    const char *first = region_is_shared(region) ? "first" : NULL;
    emitter->region = region;
    open_kernel(emitter);
    use_variables(emitter, VAR_columns | (first ? VAR_first : 0));
    for (int o = 0; o < kernel->operand_count; o++) {
        const struct operand *operand = &kernel->operands[o];
        struct access x = access_of_edge(emitter->schedule, region, &operand->x);
        if (operand->storage == PRECISION_INT8)
            text_printf(emitter->out, "    rnn_quantise(%s, %s, %s, %s, columns);\n",
                        rounded_address(emitter, operand, first), access_address(emitter, &x, first ? first : "0"),
                        access_stride(emitter, &x), node_size(emitter, operand->x.node, operand->x.length));
    }
    text_puts(emitter->function.file, "/* What weights in int8 are multiplied with, as whole numbers. */\n");
    return close_kernel(emitter, "RNN_INLINE void", rounding_name(emitter, region, kernel));
}

/* Calls `write` for each operand with weights in int8. */
static void for_rounded(struct emitter *emitter,
                        void (*write)(struct emitter *, const struct region *, const struct operand *))
{
    const struct schedule *schedule = emitter->schedule;
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++) {
            const struct kernel *kernel = &schedule->regions[r].kernels[k];
            for (int o = 0; o < kernel->operand_count; o++)
                if (kernel->operands[o].storage == PRECISION_INT8)
                    write(emitter, &schedule->regions[r], &kernel->operands[o]);
        }
}

static void write_member(struct emitter *emitter, const struct region *region, const struct operand *operand)
{
    (void)region;
    text_printf(emitter->out, "    rnn_real *%s; /* [%s], as whole numbers */\n", emitter->rounded[operand->rounded],
                node_size(emitter, operand->x.node, operand->x.length));
}

void write_rounded_members(struct emitter *emitter) { for_rounded(emitter, write_member); }

static void write_place(struct emitter *emitter, const struct region *region, const struct operand *operand)
{
    const bool frames = region->kind == REGION_FRAMES;
    use_variables(emitter, VAR_values | VAR_memory | (frames ? VAR_block : VAR_columns));
    text_printf(emitter->out, "    values->%s = rnn_place(memory, next);\n    next += %s%s * %s;\n",
                emitter->rounded[operand->rounded],
                region->group > 1 ? arena_printf(emitter->arena, "%d * ", region->group) : "",
                frames ? "block" : "columns", rounded_size(emitter, operand));
}

void write_rounded_layout(struct emitter *emitter) { for_rounded(emitter, write_place); }
