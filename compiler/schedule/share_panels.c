/* The layout and the numbers of packed matrices. Products with the same rows of the same matrix read one:
 *
 *   i = sigmoid(B @ u + ...)      B is packed once. A kernel with both reads a panel of it once for a column, against
 *   f = sigmoid(B @ v + ...)      u and v side by side. The slices of a cp parameter are such products. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/machine.h"
#include "schedule/kernels.h"

bool operands_have_rows(const struct graph *graph, const struct operand *a, const struct operand *b)
{
    bool same = a->row_count == b->row_count && a->x.length == b->x.length;
    for (int row = 0; same && row < a->row_count; row++) {
        const struct node *x = graph->nodes[a->products[row]], *y = graph->nodes[b->products[row]];
        same = edge_equal(&x->edges[0], &y->edges[0]) && x->which == y->which;
    }
    return same;
}

/* True if all products of a kernel, for more than two accumulators, have one matrix. */
static bool kernel_has_one_matrix(const struct choosing *choosing, const struct kernel *kernel)
{
    bool one = kernel->accumulator_count > 2;
    for (int o = 0; one && o < kernel->operand_count; o++)
        one = kernel->operands[o].row_count == 1 &&
              operands_have_rows(choosing->graph, &kernel->operands[0], &kernel->operands[o]);
    return one;
}

enum { FEW_ROWS = 3 }; /* from so many on, panels are laid out the same, see RNN_SIDE */

/* True if the matrix has been packed for this operand, too. */
static bool panels_fit(const struct choosing *choosing, const struct packed_matrix *panels, const struct kernel *kernel,
                       const struct operand *operand)
{
    int rows = panels->kernel->panel_rows, others = kernel->panel_rows;
    return panels->kernel->units == kernel->units && (rows == others || (rows >= FEW_ROWS && others >= FEW_ROWS)) &&
           operands_have_rows(choosing->graph, &panels->operand, operand);
}

static void number_panels(struct choosing *choosing, const struct kernel *kernel, struct operand *operand)
{
    struct schedule *schedule = choosing->schedule;
    int *last = &choosing->last_panels[choosing->graph->nodes[operand->products[0]]->edges[0].node];
    for (int p = *last; p; p = choosing->panels_before[p - 1])
        if (panels_fit(choosing, &schedule->panels[p - 1], kernel, operand)) {
            operand->panels = p - 1;
            return;
        }
    operand->panels = schedule->panel_count;
    ARENA_PUSH(choosing->scratch, choosing->panels_before, choosing->before_count, choosing->before_capacity, *last);
    struct packed_matrix panels = {kernel, *operand};
    ARENA_PUSH(choosing->arena, schedule->panels, schedule->panel_count, schedule->panel_capacity, panels);
    *last = schedule->panel_count;
}

static int compare_by_panels(const void *a, const void *b)
{
    const struct operand *x = a, *y = b;
    return x->panels != y->panels ? x->panels - y->panels : x->first_row - y->first_row;
}

void share_panels(struct choosing *choosing, struct kernel *kernel)
{
    const int most = machine_accumulators_most(choosing->schedule->options.machine), rows = kernel->accumulator_count;
    kernel->panel_rows = rows;
    if (kernel_has_one_matrix(choosing, kernel) && 2 * rows <= most)
        kernel->panel_rows = 2; /* two rows against each right-hand side are multiply-adds enough for all machines */
    for (int o = 0; o < kernel->operand_count; o++)
        number_panels(choosing, kernel, &kernel->operands[o]);
    qsort(kernel->operands, (size_t)kernel->operand_count, sizeof *kernel->operands, compare_by_panels);
}

int operands_together(const struct kernel *kernel, int first)
{
    const struct operand *operands = &kernel->operands[first];
    int count = 1;
    while (first + count < kernel->operand_count && operands[count].panels == operands->panels &&
           operands[count].first_row == operands->first_row + count * operands->row_count)
        count++;
    return count;
}
