/* Splits groups of nodes with more accumulators than a kernel may have into pieces.
 *
 *   before:   h = tanh(A @ x) + tanh(B @ x) + ... + tanh(Z @ x)       one kernel, an accumulator for each product
 *
 *   after:    phase 0   add_4 = tanh(A @ x) + ... + tanh(E @ x)       partial sums are stored
 *             phase 1   add_9 = add_4 + tanh(F @ x) + ... + tanh(J @ x)
 *             ...
 *
 * Pieces of one group are phases one after the other, so that a piece may read what earlier ones made. */
#include "base/arena.h"
#include "base/machine.h"
#include "schedule/kernels.h"

struct splitting {
    struct choosing *choosing;
    int most;   /* accumulators of a kernel */
    int root;   /* of the group in hand */
    int *order; /* its members, see order_members */
    int count;
    int *height;   /* by member: the longest way to it within the group */
    bool *visited; /* by node */
    int *piece;    /* by node: 0 for those that are not split */
};

static bool reads_within_group(const struct splitting *splitting, const struct edge *edge)
{
    struct choosing *choosing = splitting->choosing;
    return !edge->delay && choosing->schedule->region_of[edge->node] == choosing->index &&
           find_group(choosing->group, edge->node) == splitting->root;
}

/* Returns the highest of a member's operands that have not been visited, or NO_NODE. */
static int next_operand(const struct splitting *splitting, int id)
{
    const struct node *node = splitting->choosing->graph->nodes[id];
    int highest = NO_NODE;
    for (int k = 0; k < node->count; k++) {
        int operand = node->edges[k].node;
        if (reads_within_group(splitting, &node->edges[k]) && !splitting->visited[operand] &&
            (highest == NO_NODE || splitting->height[operand] > splitting->height[highest]))
            highest = operand;
    }
    return highest;
}

/* Adds `id` to the order, behind all its operands, the highest of them first: a summand of a long sum comes next to its
 * addition, and only the sum so far is read from piece to piece. */
static void visit_member(struct splitting *splitting, int id, int *stack)
{
    int depth = 0;
    stack[depth++] = id;
    while (depth) {
        int top = stack[depth - 1], operand = next_operand(splitting, top);
        splitting->visited[top] = true;
        if (operand != NO_NODE) {
            stack[depth++] = operand;
            continue;
        }
        splitting->order[splitting->count++] = top;
        depth--;
    }
}

static void order_members(struct splitting *splitting)
{
    const struct choosing *choosing = splitting->choosing;
    int count = 0, *height = splitting->height;
    for (int m = choosing->first[splitting->root]; m >= 0; m = choosing->next[m], count++) {
        const struct node *node = choosing->graph->nodes[m];
        height[m] = 0;
        for (int k = 0; k < node->count; k++)
            if (reads_within_group(splitting, &node->edges[k]) && height[node->edges[k].node] >= height[m])
                height[m] = height[node->edges[k].node] + 1;
    }
    splitting->order = ARENA_ARRAY(choosing->scratch, int, count);
    splitting->count = 0;
    int *members = ARENA_ARRAY(choosing->scratch, int, count), *stack = ARENA_ARRAY(choosing->scratch, int, count);
    for (int m = choosing->first[splitting->root], place = count; m >= 0; m = choosing->next[m])
        members[--place] = m;
    for (int i = 0; i < count; i++) /* from values that no other member reads */
        if (!splitting->visited[members[i]])
            visit_member(splitting, members[i], stack);
}

/* Makes each piece a group; returns their number. */
static int cut_group(struct splitting *splitting)
{
    struct choosing *choosing = splitting->choosing;
    struct drafting drafting = drafting_new(choosing);
    int piece = 0, root = NO_NODE;
    order_members(splitting);
    for (int i = 0; i < splitting->count; i++) {
        int id = splitting->order[i];
        bool full = drafting.accumulator_count == splitting->most;
        if (full && choosing->graph->nodes[id]->op == OP_product) {
            drafting = drafting_new(choosing);
            piece++;
            root = NO_NODE;
        }
        draft_node(&drafting, id);
        root = root == NO_NODE ? id : root;
        splitting->piece[id] = piece;
        choosing->group[id] = root;
    }
    return piece + 1;
}

static bool group_has_many_products(const struct choosing *choosing, int root, int most)
{
    int count = 0;
    for (int m = choosing->first[root]; m >= 0 && count <= most; m = choosing->next[m])
        count += choosing->graph->nodes[m]->op == OP_product;
    return count > most;
}

/* Moves phases back to make room for the pieces of earlier ones. */
static void move_phases(const struct splitting *splitting, int *more, int phases)
{
    const struct choosing *choosing = splitting->choosing;
    int moved = 0;
    for (int p = 0; p < phases; p++) {
        int pieces = more[p];
        more[p] = moved;
        moved += pieces;
    }
    for (int i = 0; i < choosing->region->node_count; i++) {
        int id = choosing->region->nodes[i];
        choosing->phase[id] += more[choosing->phase[id]] + splitting->piece[id];
    }
}

void split_groups(struct choosing *choosing)
{
    const struct region *region = choosing->region;
    int n = choosing->graph->node_count, phases = 0, *more = NULL;
    struct splitting splitting = {.choosing = choosing};
    splitting.most = machine_accumulators_most(choosing->schedule->options.machine);
    for (int i = 0; i < region->node_count; i++)
        phases = choosing->phase[region->nodes[i]] >= phases ? choosing->phase[region->nodes[i]] + 1 : phases;
    for (int i = 0; i < region->node_count; i++) {
        int root = region->nodes[i];
        if (choosing->first[root] < 0 || !group_has_many_products(choosing, root, splitting.most))
            continue;
        if (!more) {
            more = ARENA_ARRAY(choosing->scratch, int, phases); /* by phase: pieces behind the first */
            splitting.height = ARENA_ARRAY(choosing->scratch, int, n);
            splitting.visited = ARENA_ARRAY(choosing->scratch, bool, n);
            splitting.piece = ARENA_ARRAY(choosing->scratch, int, n);
        }
        splitting.root = root;
        int pieces = cut_group(&splitting), phase = choosing->phase[root];
        more[phase] = pieces - 1 > more[phase] ? pieces - 1 : more[phase];
    }
    if (!more)
        return;
    move_phases(&splitting, more, phases);
    link_groups(choosing);
}
