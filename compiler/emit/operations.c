/* Counts the operations of a kernel for one frame of one stream while it is written. */
#include "emit/kernel.h"

enum { CALL_FLOPS = 15 }; /* of an elementwise operation with an exp, a log or the like */

void count_products(struct operations *operations, const struct kernel *kernel)
{
    for (int o = 0; o < kernel->operand_count; o++) {
        double weights = (double)kernel->operands[o].row_count * kernel->units * kernel->operands[o].x.length;
        operations->multiply_adds += weights;
        if (o == 0 || kernel->operands[o - 1].panels != kernel->operands[o].panels)
            operations->weights += weights;
    }
    for (int i = 0; i < kernel->accumulator_count; i++)
        operations->adds += kernel->accumulators[i].start.node == NO_NODE ? 0 : kernel->units;
}

void count_node(struct operations *operations, const struct node *node)
{
    enum { OTHERS, ADDS, MULTIPLIES, MULTIPLY_ADDS };
    static const unsigned char kinds[OP_COUNT] = {
        [OP_add] = ADDS,  [OP_sub] = ADDS,       [OP_total] = ADDS,
        [OP_rows] = ADDS, [OP_mul] = MULTIPLIES, [OP_outer] = MULTIPLY_ADDS,
    };
    double *const counts[] = {NULL, &operations->adds, &operations->multiplies, &operations->multiply_adds};
    double units = node_units(node);
    if (node->op == OP_refine) {
        double weights = (double)node->refined * node->edges[1].length;
        operations->multiply_adds += weights;
        operations->weights += weights;
        return;
    }
    const struct op_info *info = op_info(node->op);
    if (kinds[node->op])
        *counts[kinds[node->op]] += units;
    else if (info->class == OP_CLASS_ELEMENTWISE && info->flops >= CALL_FLOPS)
        operations->calls += units;
    else
        operations->others += units * info->flops;
}

/* Turns a product, which was counted, and an addition, which was not, into one operation. */
void count_multiply_add(struct operations *operations, const struct node *sum)
{
    double units = node_units(sum);
    operations->multiplies -= units;
    operations->multiply_adds += units;
}

static void write_count(struct text *text, double count, const char *what)
{
    if (count > 0)
        text_printf(text, "%s%.0f %s%s", text->length ? ", " : "", count, what, count == 1 ? "" : "s");
}

const char *describe_operations(const struct operations *operations, struct arena *arena)
{
    struct text text;
    text_init(&text, arena);
    write_count(&text, operations->adds, "addition");
    write_count(&text, operations->multiplies, "multiplication");
    write_count(&text, operations->multiply_adds, "multiply-add");
    write_count(&text, operations->calls, "transcendental function");
    write_count(&text, operations->others, "other operation");
    if (operations->weights > 0)
        text_printf(&text, "; %.0f bytes of weights", 4 * operations->weights);
    return text.length ? text.data : NULL;
}
