/* Verifies kernels: the nodes that each computes, their order, and the sums of its accumulators. */
#include "base/arena.h"
#include "schedule/verify.h"

struct kernels {
    struct verifying *verifying;
    int *row;     /* by product: the accumulator that receives it, by its operand; else -1 */
    bool *packed; /* by packed matrix: seen */
    int *open;    /* a stack of the parts of a sum */
};

static bool kernel_fits_node(const struct kernel *kernel, const struct node *node)
{
    if (kernel->kind == KERNEL_PANEL || kernel->kind == KERNEL_ELEMENTWISE)
        return node_works_by_units(node);
    return op_kernel(node->op) == kernel->kind || (kernel->kind == KERNEL_MATRIX && node->op == OP_product);
}

/* True if a kernel is a loop over units that may compute several nodes. */
static bool kernel_is_loop(const struct kernel *kernel)
{
    return kernel->kind == KERNEL_PANEL || kernel->kind == KERNEL_ELEMENTWISE;
}

/* ---- nodes ---- */

static const char *place_node(struct kernels *kernels, const struct kernel *kernel, int id, int place)
{
    struct verifying *verifying = kernels->verifying;
    if (id < 0 || id >= verifying->graph->node_count || verifying->schedule->kernel_of[id] != kernel)
        return arena_printf(verifying->scratch, "a kernel computes %%%d, which is said to be elsewhere", id);
    if (verifying->in_kernel[id] != NOT_PLACED)
        return arena_printf(verifying->scratch, "%%%d is computed twice", id);
    if (kernel_is_loop(kernel) && node_units(verifying->graph->nodes[id]) != kernel->units)
        return arena_printf(verifying->scratch, "%%%d has other units than its kernel, which has %d", id,
                            kernel->units);
    verifying->in_kernel[id] = place;
    return NULL;
}

static const char *place_nodes(struct kernels *kernels, const struct kernel *kernel)
{
    struct verifying *verifying = kernels->verifying;
    const char *wrong = NULL;
    bool sums = kernel->accumulator_count > 0 && kernel->operand_count > 0;
    if (sums != (kernel->kind == KERNEL_PANEL) || (!kernel_is_loop(kernel) && kernel->node_count != 1))
        return arena_printf(verifying->scratch, "a kernel (%s) has %d nodes, %d accumulators and %d operands",
                            kernel_kind_name(kernel->kind), kernel->node_count, kernel->accumulator_count,
                            kernel->operand_count);
    for (int a = 0; a < kernel->accumulator_count && !wrong; a++)
        wrong = place_node(kernels, kernel, kernel->accumulators[a].result, 0);
    for (int i = 0; i < kernel->node_count && !wrong; i++) {
        wrong = place_node(kernels, kernel, kernel->nodes[i], i + 1);
        if (!wrong && !kernel_fits_node(kernel, verifying->graph->nodes[kernel->nodes[i]]))
            wrong = arena_printf(verifying->scratch, "%%%d is in a kernel of kind %s", kernel->nodes[i],
                                 kernel_kind_name(kernel->kind));
    }
    return wrong;
}

/* ---- accumulators ---- */

static bool edge_is_made_here(const struct verifying *verifying, const struct kernel *kernel, const struct edge *edge)
{
    return !edge->delay && verifying->schedule->kernel_of[edge->node] == kernel;
}

/* True if the packed matrix of an operand has its rows, laid out as its kernel reads them. */
static bool panels_are_those_of(const struct verifying *verifying, const struct kernel *kernel,
                                const struct operand *operand)
{
    const struct packed_matrix *panels = &verifying->schedule->panels[operand->panels];
    const int rows = kernel->panel_rows, packed = panels->kernel->panel_rows;
    return kernel->units == panels->kernel->units && (rows == packed || (rows > 2 && packed > 2)) &&
           operands_have_rows(verifying->graph, operand, &panels->operand);
}

static const char *verify_operand(struct kernels *kernels, const struct kernel *kernel, const struct operand *operand)
{
    const struct verifying *verifying = kernels->verifying;
    struct arena *scratch = verifying->scratch;
    if (operand->first_row < 0 || operand->row_count < 1 ||
        operand->row_count > kernel->accumulator_count - operand->first_row)
        return arena_printf(scratch, "panels %d have rows beyond the accumulators of their kernel", operand->panels);
    if (operand->panels < 0 || operand->panels >= verifying->schedule->panel_count)
        return arena_printf(scratch, "panels %d are not counted", operand->panels);
    kernels->packed[operand->panels] = true;
    if (!panels_are_those_of(verifying, kernel, operand))
        return arena_printf(scratch, "panels %d have been packed for another product", operand->panels);
    if (edge_is_made_here(verifying, kernel, &operand->x))
        return arena_printf(scratch, "panels %d are multiplied by %%%d, which their own kernel makes", operand->panels,
                            operand->x.node);
    for (int i = 0; i < operand->row_count; i++) {
        int id = operand->products[i];
        const struct node *product = verifying->graph->nodes[id];
        if (product->op != OP_product || verifying->schedule->kernel_of[id] != kernel || kernels->row[id] >= 0 ||
            node_units(product) != kernel->units || !edge_equal(&product->edges[1], &operand->x) ||
            product->storage != (int)operand->storage)
            return arena_printf(scratch, "panels %d are not for the product %%%d", operand->panels, id);
        kernels->row[id] = operand->first_row + i;
    }
    return NULL;
}

/* Verifies a part of a sum: a product of this row, another sum, or the row's start. */
static const char *verify_part(struct kernels *kernels, const struct kernel *kernel, int a, const struct edge *edge,
                               int *depth, int *starts)
{
    struct verifying *verifying = kernels->verifying;
    const struct accumulator *accumulator = &kernel->accumulators[a];
    if (edge_is_made_here(verifying, kernel, edge) && verifying->in_kernel[edge->node] == NOT_PLACED) {
        if (uses_count(&verifying->schedule->uses, edge->node) != 1)
            return arena_printf(verifying->scratch, "%%%d is lost in a sum, but read elsewhere", edge->node);
        verifying->in_kernel[edge->node] = PLACED_IN_SUM;
        kernels->open[(*depth)++] = edge->node;
        return NULL;
    }
    if (++*starts > 1 || !edge_equal(edge, &accumulator->start) || edge_is_made_here(verifying, kernel, edge))
        return arena_printf(verifying->scratch, "row %d, which ends as %%%d, does not start from %%%d", a,
                            accumulator->result, edge->node);
    return NULL;
}

/* Verifies that an accumulator's result is the sum of its products and its start. */
static const char *verify_accumulator(struct kernels *kernels, const struct kernel *kernel, int a, int *products)
{
    struct verifying *verifying = kernels->verifying;
    const struct accumulator *accumulator = &kernel->accumulators[a];
    const char *wrong = NULL;
    int depth = 0, starts = 0;
    kernels->open[depth++] = accumulator->result;
    while (depth && !wrong) {
        int id = kernels->open[--depth];
        const struct node *node = verifying->graph->nodes[id];
        if (node->op == OP_product) {
            ++*products;
            if (kernels->row[id] != a)
                return arena_printf(verifying->scratch, "row %d, which ends as %%%d, does not receive %%%d", a,
                                    accumulator->result, id);
            continue;
        }
        if (node->op != OP_add)
            return arena_printf(verifying->scratch, "row %d ends as %%%d, which is no sum of products", a,
                                accumulator->result);
        for (int k = 0; k < node->count && !wrong; k++)
            wrong = verify_part(kernels, kernel, a, &node->edges[k], &depth, &starts);
    }
    if (!wrong && starts != (accumulator->start.node != NO_NODE))
        wrong = arena_printf(verifying->scratch, "row %d starts from %%%d, which is not in %%%d", a,
                             accumulator->start.node, accumulator->result);
    return wrong;
}

static const char *verify_sums(struct kernels *kernels, const struct kernel *kernel)
{
    const char *wrong = NULL;
    int packed = 0, products = 0;
    for (int o = 0; o < kernel->operand_count && !wrong; o++) {
        wrong = verify_operand(kernels, kernel, &kernel->operands[o]);
        packed += kernel->operands[o].row_count;
    }
    for (int a = 0; a < kernel->accumulator_count && !wrong; a++)
        wrong = verify_accumulator(kernels, kernel, a, &products);
    if (!wrong && packed != products)
        wrong = arena_printf(kernels->verifying->scratch, "of %d products of a kernel %d are in its sums", packed,
                             products);
    return wrong;
}

/* ---- reads ---- */

/* True if a node of the same kernel is read after it is made. Accumulators pass: their sums are verified elsewhere. */
static bool is_read_behind(const struct verifying *verifying, int reader, const struct edge *edge)
{
    int now = verifying->in_kernel[reader], then = verifying->in_kernel[edge->node];
    if (now == 0 || now == PLACED_IN_SUM)
        return true;
    return then >= 0 && then < now && use_stays_in_kernel(verifying, edge->node, reader, edge);
}

/* Returns the value that a read of `id` takes its units from: if no kernel computes a view, the value that it is a part
 * of. */
static int value_that_is_read(const struct verifying *verifying, int id)
{
    const struct node *node = verifying->graph->nodes[id];
    while (!verifying->schedule->kernel_of[id] && node->op == OP_view) {
        id = node->edges[0].node;
        node = verifying->graph->nodes[id];
    }
    return id;
}

static const char *verify_reads(const struct verifying *verifying, const struct region *region, int reader)
{
    const struct schedule *schedule = verifying->schedule;
    const struct node *node = verifying->graph->nodes[reader];
    const struct kernel *kernel = schedule->kernel_of[reader];
    bool scan = region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
    for (int k = 0; k < node->count; k++) {
        const struct edge *edge = &node->edges[k];
        int value = value_that_is_read(verifying, edge->node);
        const struct kernel *source = schedule->kernel_of[value];
        if (schedule->region_of[value] != schedule->region_of[reader] || (scan && edge->delay) || !kernel || !source)
            continue;
        if (source == kernel ? !is_read_behind(verifying, reader, edge) : source->phase >= kernel->phase)
            return arena_printf(verifying->scratch, "%%%d reads %%%d before a kernel has made it", reader, edge->node);
    }
    return NULL;
}

/* ---- all ---- */

/* True if a node needs no kernel: a part of a value that all streams share may be read in place, and a gradient may
 * consist of sums that are made in it. */
static bool node_needs_no_kernel(const struct verifying *verifying, int id)
{
    const struct node *node = verifying->graph->nodes[id];
    return node_is_once(node) && (node->op == OP_view || node->op == OP_gradient);
}

static const char *verify_region(struct kernels *kernels, const struct region *region)
{
    struct verifying *verifying = kernels->verifying;
    const char *wrong = NULL;
    if (region->kind == REGION_ELEMENTWISE_SCAN &&
        (region->kernel_count != 1 || region->kernels[0].kind != KERNEL_ELEMENTWISE))
        return arena_printf(verifying->scratch, "region %s is not one kernel", region->name);
    for (int k = 0; k < region->kernel_count && !wrong; k++) {
        const struct kernel *kernel = &region->kernels[k];
        if (kernel->phase < (k ? kernel[-1].phase : 0))
            return arena_printf(verifying->scratch, "kernels of region %s are not in the order of their phases",
                                region->name);
        wrong = place_nodes(kernels, kernel);
        if (!wrong)
            wrong = verify_sums(kernels, kernel);
    }
    for (int i = 0; i < region->node_count && !wrong; i++)
        if (verifying->in_kernel[region->nodes[i]] == NOT_PLACED && !node_needs_no_kernel(verifying, region->nodes[i]))
            wrong = arena_printf(verifying->scratch, "%%%d is in no kernel", region->nodes[i]);
    for (int i = 0; i < region->node_count && !wrong; i++)
        wrong = verify_reads(verifying, region, region->nodes[i]);
    return wrong;
}

const char *verify_kernels(struct verifying *verifying)
{
    const struct schedule *schedule = verifying->schedule;
    int n = verifying->graph->node_count;
    struct kernels kernels = {.verifying = verifying};
    kernels.row = ARENA_ARRAY(verifying->scratch, int, n + 1);
    kernels.open = ARENA_ARRAY(verifying->scratch, int, n + 1);
    kernels.packed = ARENA_ARRAY(verifying->scratch, bool, schedule->panel_count + 1);
    for (int i = 0; i < n; i++)
        kernels.row[i] = -1;
    const char *wrong = NULL;
    for (int r = 0; r < schedule->region_count && !wrong; r++)
        wrong = verify_region(&kernels, &schedule->regions[r]);
    for (int p = 0; p < schedule->panel_count && !wrong; p++)
        if (!kernels.packed[p])
            wrong = arena_printf(verifying->scratch, "panels %d belong to no kernel", p);
    return wrong;
}
