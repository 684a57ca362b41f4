/* The products of a kernel as accumulators and packed matrices.
 *
 *   i = sigmoid((b_i + %x_i) + U_i @ h[t-1])
 *   f = sigmoid((b_f + %x_f) + U_f @ h[t-1])
 *
 *   accumulator 0 starts from b_i + %x_i, receives U_i @ h[t-1] and ends as the sum; accumulator 1 likewise;
 *   operand h[t-1] has rows 0 and 1: one packed matrix of U_i and U_f interleaved.
 */
#include "base/arena.h"
#include "schedule/kernels.h"

struct draft {
    int product_count, product_capacity;
    int *products;     /* in the order of the sum */
    struct edge start; /* node NO_NODE: 0 */
    int result;
    int merged_into; /* another draft, or -1 */
};

struct filling {
    struct choosing *choosing;
    struct kernel *kernel;
    struct draft *drafts;
    int draft_count, draft_capacity;
};

/* The draft that ends as the node `edge` reads, where the sum may absorb it: nothing else reads it. */
static int absorbable_draft(const struct filling *filling, const struct edge *edge)
{
    const struct uses *uses = filling->choosing->uses;
    if (edge->delay || uses_count(uses, edge->node) != 1)
        return -1;
    for (int d = 0; d < filling->draft_count; d++)
        if (filling->drafts[d].merged_into < 0 && filling->drafts[d].result == edge->node)
            return d;
    return -1;
}

static bool edge_is_computed_here(const struct filling *filling, const struct edge *edge)
{
    return !edge->delay && filling->choosing->schedule->kernel_of[edge->node] == filling->kernel;
}

/* `a + b` where at least one side is an accumulator: absorbed where the other can be what it starts from, or joins it.
 */
static bool absorb_sum(struct filling *filling, int id)
{
    const struct node *node = filling->choosing->graph->nodes[id];
    if (node->op != OP_add)
        return false;
    int a = absorbable_draft(filling, &node->edges[0]), b = absorbable_draft(filling, &node->edges[1]);
    if (a >= 0 && b >= 0) {
        struct draft *into = &filling->drafts[a], *from = &filling->drafts[b];
        if (into->start.node != NO_NODE && from->start.node != NO_NODE)
            return false;
        for (int i = 0; i < from->product_count; i++)
            ARENA_PUSH(filling->choosing->scratch, into->products, into->product_count, into->product_capacity,
                       from->products[i]);
        if (into->start.node == NO_NODE)
            into->start = from->start;
        from->merged_into = a;
        into->result = id;
        return true;
    }
    int d = a >= 0 ? a : b;
    const struct edge *other = &node->edges[a >= 0 ? 1 : 0];
    if (d < 0 || filling->drafts[d].start.node != NO_NODE || edge_is_computed_here(filling, other))
        return false;
    filling->drafts[d].start = *other;
    filling->drafts[d].result = id;
    return true;
}

static void draft_accumulators(struct filling *filling)
{
    struct kernel *kernel = filling->kernel;
    struct arena *scratch = filling->choosing->scratch;
    int kept = 0;
    for (int i = 0; i < kernel->node_count; i++) {
        int id = kernel->nodes[i];
        if (filling->choosing->graph->nodes[id]->op == OP_product) {
            struct draft draft = {.start = {.node = NO_NODE}, .result = id, .merged_into = -1};
            ARENA_PUSH(scratch, draft.products, draft.product_count, draft.product_capacity, id);
            ARENA_PUSH(scratch, filling->drafts, filling->draft_count, filling->draft_capacity, draft);
        } else if (!absorb_sum(filling, id)) {
            kernel->nodes[kept++] = id;
        }
    }
    kernel->node_count = kept;
    kept = 0;
    for (int d = 0; d < filling->draft_count; d++)
        if (filling->drafts[d].merged_into < 0)
            filling->drafts[kept++] = filling->drafts[d];
    filling->draft_count = kept;
}

static const struct edge *product_operand(const struct filling *filling, int product)
{
    return &filling->choosing->graph->nodes[product]->edges[1];
}

/* Accumulators that receive products with the same right-hand sides come to lie side by side: ordered by the sources of
 * their products. */
static bool draft_comes_before(const struct filling *filling, const struct draft *a, const struct draft *b)
{
    if (a->product_count != b->product_count)
        return a->product_count > b->product_count;
    for (int i = 0; i < a->product_count; i++) {
        const struct edge *x = product_operand(filling, a->products[i]), *y = product_operand(filling, b->products[i]);
        if (x->node != y->node)
            return x->node < y->node;
        if (x->delay != y->delay)
            return x->delay < y->delay;
        if (x->begin != y->begin)
            return x->begin < y->begin;
    }
    return false;
}

static void sort_drafts(struct filling *filling)
{
    for (int i = 1; i < filling->draft_count; i++) {
        struct draft draft = filling->drafts[i];
        int k = i;
        for (; k && draft_comes_before(filling, &draft, &filling->drafts[k - 1]); k--)
            filling->drafts[k] = filling->drafts[k - 1];
        filling->drafts[k] = draft;
    }
}

/* Takes the products with right-hand side `x`, one from each accumulator, and makes operands of those that lie side by
 * side. */
static void add_operands(struct filling *filling, const struct edge *x, int *capacity)
{
    struct kernel *kernel = filling->kernel;
    struct arena *arena = filling->choosing->arena;
    int product_capacity = 0, previous = -2;
    for (int d = 0; d < filling->draft_count; d++) {
        struct draft *draft = &filling->drafts[d];
        int p = 0;
        while (p < draft->product_count && !edge_equal(product_operand(filling, draft->products[p]), x))
            p++;
        if (p == draft->product_count)
            continue;
        if (previous != d - 1) {
            struct operand operand = {.x = *x, .first_row = d, .panels = filling->choosing->schedule->panel_count++};
            product_capacity = 0;
            ARENA_PUSH(arena, kernel->operands, kernel->operand_count, *capacity, operand);
        }
        struct operand *operand = &kernel->operands[kernel->operand_count - 1];
        ARENA_PUSH(arena, operand->products, operand->row_count, product_capacity, draft->products[p]);
        draft->products[p] = draft->products[--draft->product_count];
        previous = d;
    }
}

void fill_panel_kernel(struct choosing *choosing, struct kernel *kernel)
{
    struct filling filling = {.choosing = choosing, .kernel = kernel};
    draft_accumulators(&filling);
    sort_drafts(&filling);
    kernel->accumulator_count = filling.draft_count;
    kernel->accumulators = ARENA_ARRAY(choosing->arena, struct accumulator, filling.draft_count);
    int capacity = 0;
    for (int d = 0; d < filling.draft_count; d++)
        kernel->accumulators[d] = (struct accumulator){filling.drafts[d].start, filling.drafts[d].result};
    for (int d = 0; d < filling.draft_count; d++)
        while (filling.drafts[d].product_count) {
            struct edge x = *product_operand(&filling, filling.drafts[d].products[0]);
            add_operands(&filling, &x, &capacity);
        }
}
