/* Counts the operations of a kernel for one frame of one stream while it is written. */
#include "analysis/cost.h"
#include "base/machine.h"
#include "emit/kernel.h"

/* Adds the bytes of weights that are read. */
static void count_weights(struct writing *writing, double weights, enum precision storage)
{
    const struct machine *machine = writing->emitter->schedule->options.machine;
    const bool halves = writing->emitter->plain && storage == PRECISION_F16; /* whatever the machine */
    writing->operations.weight_bytes += weights * (halves ? 2 : machine_weight_bytes(machine, storage));
}

void count_products(struct writing *writing)
{
    const struct kernel *kernel = writing->kernel;
    struct operations *operations = &writing->operations;
    for (int o = 0; o < kernel->operand_count; o++) {
        double weights = (double)kernel->operands[o].row_count * kernel->units * kernel->operands[o].x.length;
        operations->multiply_adds += weights;
        if (o == 0 || kernel->operands[o - 1].panels != kernel->operands[o].panels)
            count_weights(writing, weights, kernel->operands[o].storage);
    }
    for (int i = 0; i < kernel->accumulator_count; i++)
        operations->adds += kernel->accumulators[i].start.node == NO_NODE ? 0 : kernel->units;
}

void count_node(struct writing *writing, const struct node *node)
{
    enum { OTHERS, ADDS, MULTIPLIES, MULTIPLY_ADDS };
    static const unsigned char kinds[OP_COUNT] = {
        [OP_add] = ADDS,  [OP_sub] = ADDS,       [OP_total] = ADDS,
        [OP_rows] = ADDS, [OP_mul] = MULTIPLIES, [OP_outer] = MULTIPLY_ADDS,
    };
    const struct graph *graph = writing->emitter->graph;
    struct operations *operations = &writing->operations;
    double *const counts[] = {NULL, &operations->adds, &operations->multiplies, &operations->multiply_adds};
    double units = node_units(node);
    if (node->op == OP_refine) {
        const double weights = node_weights(graph, node);
        operations->multiply_adds += weights;
        count_weights(writing, weights, node_weight_storage(graph, node));
        return;
    }
    if (op_info(node->op)->class == OP_CLASS_PRODUCT)
        operations->multiply_adds += node_flops(graph, node) / 2;
    else if (kinds[node->op])
        *counts[kinds[node->op]] += units;
    else if (op_is_transcendental(node->op))
        operations->calls += units;
    else
        operations->others += node_flops(graph, node);
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
        text_printf(text, "%s%.0f %s%s", text->length ? ", " : "", count, what, plural(count));
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
    if (operations->weight_bytes > 0)
        text_printf(&text, "; %.0f bytes of weights", operations->weight_bytes);
    return text.length ? text.data : NULL;
}
