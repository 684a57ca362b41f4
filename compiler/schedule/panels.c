/* The products of a kernel as accumulators and packed matrices, each of weights of one storage.
 *
 *   i = sigmoid((b_i + %x_i) + U_i @ h[t-1])
 *   f = sigmoid((b_f + %x_f) + U_f @ h[t-1])
 *
 *   accumulator 0 starts from b_i + %x_i, receives U_i @ h[t-1] and ends as the sum; accumulator 1 likewise;
 *   operand h[t-1] has rows 0 and 1: one packed matrix of U_i and U_f interleaved.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "schedule/kernels.h"

struct drafting drafting_new(struct choosing *choosing)
{
    return (struct drafting){.choosing = choosing, .number = ++choosing->draftings};
}

/* True if `edge` reads a node that has been drafted in this kernel, at the same frame. */
static bool edge_is_computed_here(const struct drafting *drafting, const struct edge *edge)
{
    return !edge->delay && drafting->choosing->drafted_in[edge->node] == drafting->number;
}

/* Returns the draft that ends as the node `edge` reads, if a sum may absorb it because nothing else reads it; else
 * -1. */
static int absorbable_draft(const struct drafting *drafting, const struct edge *edge)
{
    if (!edge_is_computed_here(drafting, edge) || uses_count(drafting->choosing->uses, edge->node) != 1)
        return -1;
    return drafting->choosing->draft_of[edge->node];
}

static void join_drafts(struct drafting *drafting, struct draft *into, struct draft *from)
{
    drafting->choosing->next_product[into->last] = from->first;
    into->last = from->last;
    into->product_count += from->product_count;
    if (into->start.node == NO_NODE)
        into->start = from->start;
    from->product_count = 0;
    drafting->accumulator_count--;
}

/* Absorbs `a + b` into an accumulator on either side: the other side becomes its start, or is an accumulator that joins
 * it. Returns the accumulator, or -1. */
static int absorb_sum(struct drafting *drafting, const struct node *node)
{
    if (node->op != OP_add)
        return -1;
    int a = absorbable_draft(drafting, &node->edges[0]), b = absorbable_draft(drafting, &node->edges[1]);
    if (a >= 0 && b >= 0) {
        struct draft *into = &drafting->drafts[a], *from = &drafting->drafts[b];
        if (into->start.node != NO_NODE && from->start.node != NO_NODE)
            return -1;
        join_drafts(drafting, into, from);
        return a;
    }
    int d = a >= 0 ? a : b;
    const struct edge *other = &node->edges[a >= 0 ? 1 : 0];
    if (d < 0 || drafting->drafts[d].start.node != NO_NODE || edge_is_computed_here(drafting, other))
        return -1;
    drafting->drafts[d].start = *other;
    return d;
}

bool draft_node(struct drafting *drafting, int id)
{
    struct choosing *choosing = drafting->choosing;
    const struct node *node = choosing->graph->nodes[id];
    int d = absorb_sum(drafting, node);
    if (node->op == OP_product) {
        struct draft draft = {.product_count = 1, .first = id, .last = id, .start = {.node = NO_NODE}};
        choosing->next_product[id] = NO_NODE;
        d = drafting->draft_count;
        ARENA_PUSH(choosing->scratch, drafting->drafts, drafting->draft_count, drafting->draft_capacity, draft);
        drafting->accumulator_count++;
    }
    choosing->drafted_in[id] = drafting->number;
    choosing->draft_of[id] = d;
    if (d >= 0)
        drafting->drafts[d].result = id;
    return d >= 0;
}

static void draft_accumulators(struct drafting *drafting, struct kernel *kernel)
{
    int kept = 0;
    for (int i = 0; i < kernel->node_count; i++)
        if (!draft_node(drafting, kernel->nodes[i]))
            kernel->nodes[kept++] = kernel->nodes[i];
    kernel->node_count = kept;
    kept = 0;
    for (int d = 0; d < drafting->draft_count; d++)
        if (drafting->drafts[d].product_count)
            drafting->drafts[kept++] = drafting->drafts[d];
    drafting->draft_count = kept;
}

/* ---- the order of accumulators ---- */

static const struct edge *product_operand(const struct choosing *choosing, int product)
{
    return &choosing->graph->nodes[product]->edges[1];
}

static enum precision product_storage(const struct choosing *choosing, int product)
{
    return (enum precision)choosing->graph->nodes[product]->storage;
}

/* Orders accumulators by the sources of their products, so that those with the same right-hand sides, and weights of
 * one storage, are adjacent. */
static bool draft_comes_before(const struct choosing *choosing, const struct draft *a, const struct draft *b)
{
    if (a->product_count != b->product_count)
        return a->product_count > b->product_count;
    const int *next = choosing->next_product;
    for (int p = a->first, q = b->first; p != NO_NODE; p = next[p], q = next[q]) {
        const struct edge *x = product_operand(choosing, p), *y = product_operand(choosing, q);
        if (x->node != y->node)
            return x->node < y->node;
        if (x->delay != y->delay)
            return x->delay < y->delay;
        if (x->begin != y->begin)
            return x->begin < y->begin;
        if (product_storage(choosing, p) != product_storage(choosing, q))
            return product_storage(choosing, p) < product_storage(choosing, q);
    }
    return false;
}

/* Sorts by insertion: a kernel has few accumulators. */
static void sort_drafts(struct drafting *drafting)
{
    for (int i = 1; i < drafting->draft_count; i++) {
        struct draft draft = drafting->drafts[i];
        int k = i;
        for (; k && draft_comes_before(drafting->choosing, &draft, &drafting->drafts[k - 1]); k--)
            drafting->drafts[k] = drafting->drafts[k - 1];
        drafting->drafts[k] = draft;
    }
}

/* ---- operands ---- */

/* A product of an accumulator. Those of one rank have the same right-hand side and storage, and each accumulator has at
 * most one. */
struct row {
    const struct edge *x;
    enum precision storage;
    int product, accumulator;
    int place; /* its number among all products of the kernel, accumulator by accumulator */
    int rank;  /* the least place among products of this rank */
};

static int compare_operands(const struct row *a, const struct row *b)
{
    const int x[] = {a->x->node, a->x->delay, a->x->init, a->x->begin, a->x->length, (int)a->storage};
    const int y[] = {b->x->node, b->x->delay, b->x->init, b->x->begin, b->x->length, (int)b->storage};
    for (int i = 0; i < 6; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

static int compare_by_operand(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = compare_operands(x, y);
    return order ? order : x->place - y->place;
}

static int compare_by_rank(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->rank != y->rank ? x->rank - y->rank : x->accumulator - y->accumulator;
}

static struct row *list_rows(const struct drafting *drafting, int *count)
{
    const struct choosing *choosing = drafting->choosing;
    *count = 0;
    for (int d = 0; d < drafting->draft_count; d++)
        *count += drafting->drafts[d].product_count;
    struct row *rows = ARENA_ARRAY(choosing->scratch, struct row, *count);
    int place = 0;
    for (int d = 0; d < drafting->draft_count; d++)
        for (int p = drafting->drafts[d].first; p != NO_NODE; p = choosing->next_product[p], place++)
            rows[place] = (struct row){product_operand(choosing, p), product_storage(choosing, p), p, d, place, 0};
    return rows;
}

/* Ranks rows: an accumulator's second product with the same right-hand side goes with the second of others, and so
 * on. */
static void rank_rows(struct row *rows, int count, struct arena *scratch)
{
    int *ranks = ARENA_ARRAY(scratch, int, count), rank_count = 0;
    qsort(rows, (size_t)count, sizeof *rows, compare_by_operand);
    for (int i = 0, nth = 0; i < count; i++) {
        bool same = i && compare_operands(&rows[i - 1], &rows[i]) == 0;
        nth = same && rows[i - 1].accumulator == rows[i].accumulator ? nth + 1 : 0;
        rank_count = same ? rank_count : 0;
        if (nth == rank_count)
            ranks[rank_count++] = rows[i].place;
        rows[i].rank = ranks[nth];
    }
    qsort(rows, (size_t)count, sizeof *rows, compare_by_rank);
}

/* Adds an operand for the products of one rank whose accumulators are adjacent. */
static void add_operands(const struct drafting *drafting, struct kernel *kernel)
{
    struct choosing *choosing = drafting->choosing;
    int count, operand_capacity = 0, product_capacity = 0;
    struct row *rows = list_rows(drafting, &count);
    rank_rows(rows, count, choosing->scratch);
    for (int i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        if (!i || row[-1].rank != row->rank || row[-1].accumulator != row->accumulator - 1) {
            struct operand operand = {.x = *row->x, .storage = row->storage, .first_row = row->accumulator};
            if (row->storage == PRECISION_INT8)
                operand.rounded = choosing->schedule->rounded_count++;
            product_capacity = 0;
            ARENA_PUSH(choosing->arena, kernel->operands, kernel->operand_count, operand_capacity, operand);
        }
        struct operand *operand = &kernel->operands[kernel->operand_count - 1];
        ARENA_PUSH(choosing->arena, operand->products, operand->row_count, product_capacity, row->product);
    }
}

void fill_panel_kernel(struct choosing *choosing, struct kernel *kernel)
{
    struct drafting drafting = drafting_new(choosing);
    draft_accumulators(&drafting, kernel);
    sort_drafts(&drafting);
    kernel->accumulator_count = drafting.draft_count;
    kernel->accumulators = ARENA_ARRAY(choosing->arena, struct accumulator, drafting.draft_count);
    for (int d = 0; d < drafting.draft_count; d++)
        kernel->accumulators[d] = (struct accumulator){drafting.drafts[d].start, drafting.drafts[d].result};
    add_operands(&drafting, kernel);
    share_panels(choosing, kernel);
}
