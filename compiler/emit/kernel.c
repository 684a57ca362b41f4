/* One kernel as one C function. */
#include "emit/kernel.h"

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
    case KERNEL_REFINE:
        write_refine_kernel(writing);
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

/* Writes a kernel's operations for a frame, in front of it. */
static void write_operations(struct writing *writing)
{
    const struct kernel *kernel = writing->kernel;
    count_products(writing);
    if (kernel->kind != KERNEL_PANEL && kernel->kind != KERNEL_ELEMENTWISE)
        for (int i = 0; i < kernel->node_count; i++)
            count_node(writing, writing->emitter->graph->nodes[kernel->nodes[i]]);
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
