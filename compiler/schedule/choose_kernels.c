/* choose-kernels: the nodes of each region as kernels in phases.
 *
 * A node's phase is the longest chain, within its region, of reads that need all units at once. Nodes of one phase and
 * one number of units that feed each other unit by unit share a kernel. */
#include "base/arena.h"
#include "base/machine.h"
#include "schedule/access.h"
#include "schedule/kernels.h"

/* True if a node can share a kernel with its readers: elementwise nodes and products. Nodes computed once are not worth
 * panels. */
static bool node_shares_kernel(const struct node *node)
{
    return node_works_by_units(node) || (op_kernel(node->op) == KERNEL_PANEL && !node_is_once(node));
}

/* True if a kernel computes the node: it is not read in place, packed unchanged, or made by sums in a gradient. */
static bool node_has_kernel(const struct choosing *choosing, int id)
{
    const struct node *node = choosing->graph->nodes[id];
    if (node->op != OP_gradient)
        return !node_is_of_parameter(choosing->graph, id) && !value_is_read_in_place(choosing->schedule, id);
    for (int k = 0; k < node->count; k++)
        if (!sum_is_made_in_gradient(choosing->schedule, node->edges[k].node))
            return true;
    return false;
}

/* Returns the number of phases between source and reader. 0: they may share a kernel, 1: the next phase, -1: within a
 * frame the order does not matter. */
static int edge_distance(const struct choosing *choosing, const struct node *reader, const struct edge *edge)
{
    if (edge->delay)
        return choosing->region->kind == REGION_FRAMES ? 1 : -1;
    return edge_needs_all_units(choosing->graph, reader, edge) ||
           !node_shares_kernel(choosing->graph->nodes[edge->node]);
}

static bool edge_is_local(const struct choosing *choosing, const struct edge *edge)
{
    return choosing->schedule->region_of[edge->node] == choosing->index;
}

static void find_phases(struct choosing *choosing)
{
    const struct region *region = choosing->region;
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i], phase = 0;
        const struct node *node = choosing->graph->nodes[id];
        for (int k = 0; k < node->count; k++) {
            int distance =
                edge_is_local(choosing, &node->edges[k]) ? edge_distance(choosing, node, &node->edges[k]) : -1;
            if (distance >= 0 && choosing->phase[node->edges[k].node] + distance > phase)
                phase = choosing->phase[node->edges[k].node] + distance;
        }
        choosing->phase[id] = phase;
    }
}

/* True if a value must be in memory: it is an output, or read with a delay, in another region or in another phase. */
static bool value_is_kept(const struct choosing *choosing, int id)
{
    const struct uses *uses = choosing->uses;
    for (int u = uses->begin[id]; u < uses->begin[id + 1]; u++) {
        const struct use *use = &uses->use[u];
        if (use->reader < 0 || use->edge->delay || choosing->schedule->region_of[use->reader] != choosing->index ||
            choosing->phase[use->reader] != choosing->phase[id])
            return true;
    }
    return false;
}

/* Returns the phase that a node would sink to: the first with a reader, which may have sunk itself. -1: it stays. */
static int sink_target(const struct choosing *choosing, int id)
{
    int target = -1;
    if (!node_works_by_units(choosing->graph->nodes[id]))
        return -1;
    for (int u = choosing->uses->begin[id]; u < choosing->uses->begin[id + 1]; u++) {
        const struct use *use = &choosing->uses->use[u];
        if (use->reader < 0 || choosing->schedule->region_of[use->reader] != choosing->index ||
            edge_distance(choosing, choosing->graph->nodes[use->reader], use->edge) != 0)
            return -1;
        int phase = choosing->sunk[use->reader] >= 0 ? choosing->sunk[use->reader] : choosing->phase[use->reader];
        if (target < 0 || phase < target)
            target = phase;
    }
    return target > choosing->phase[id] ? target : -1;
}

/* True if all that a node reads of its own phase is in memory anyway, or sinks with it. */
static bool operands_allow_sinking(const struct choosing *choosing, int id)
{
    const struct node *node = choosing->graph->nodes[id];
    for (int k = 0; k < node->count; k++) {
        const struct edge *edge = &node->edges[k];
        bool computed_here = edge_is_local(choosing, edge) && !edge->delay;
        if (computed_here && choosing->phase[edge->node] == choosing->phase[id] &&
            !value_is_kept(choosing, edge->node) && choosing->sunk[edge->node] != choosing->sunk[id])
            return false;
    }
    return true;
}

/* Moves elementwise nodes that only later phases read into these, if that keeps no more values in memory: `(1 - z) *
 * h[t-1]` beside `z * k` and not beside `z`. Nodes that may not sink are taken back until all others may. */
static void sink_elementwise_nodes(struct choosing *choosing)
{
    const struct region *region = choosing->region;
    for (int i = 0; i < region->node_count; i++)
        choosing->sunk[region->nodes[i]] = -1;
    for (int i = region->node_count - 1; i >= 0; i--)
        choosing->sunk[region->nodes[i]] = sink_target(choosing, region->nodes[i]);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = region->node_count - 1; i >= 0; i--) {
            int id = region->nodes[i];
            if (choosing->sunk[id] >= 0 &&
                (sink_target(choosing, id) != choosing->sunk[id] || !operands_allow_sinking(choosing, id))) {
                choosing->sunk[id] = -1;
                changed = true;
            }
        }
    }
    for (int i = 0; i < region->node_count; i++)
        if (choosing->sunk[region->nodes[i]] >= 0)
            choosing->phase[region->nodes[i]] = choosing->sunk[region->nodes[i]];
}

/* ---- groups ---- */

/* Unites nodes of one phase that feed each other unit by unit. */
static void unite_fed_nodes(struct choosing *choosing)
{
    const struct region *region = choosing->region;
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        const struct node *node = choosing->graph->nodes[id];
        for (int k = 0; k < node->count; k++) {
            const struct edge *edge = &node->edges[k];
            if (edge_is_local(choosing, edge) && edge_distance(choosing, node, edge) == 0 &&
                choosing->phase[edge->node] == choosing->phase[id])
                unite_groups(choosing->group, id, edge->node);
            if (region->kind == REGION_ELEMENTWISE_SCAN && edge_is_local(choosing, edge))
                unite_groups(choosing->group, id, edge->node);
        }
    }
}

enum { MATRIX, RIGHT_HAND_SIDE }; /* operands of a product */

/* Returns the operand that all products of a group have in common, or NULL; counts them. */
static const struct edge *group_operand(const struct choosing *choosing, int root, int operand, int *count)
{
    const struct edge *common = NULL;
    bool same = choosing->region->kind != REGION_ELEMENTWISE_SCAN;
    *count = 0;
    for (int m = choosing->first[root]; m >= 0; m = choosing->next[m]) {
        const struct node *node = choosing->graph->nodes[m];
        if (node->op != OP_product)
            continue;
        same &= !common || edge_equal(common, &node->edges[operand]);
        common = &node->edges[operand];
        ++*count;
    }
    return same ? common : NULL;
}

static bool node_is_root(const struct choosing *choosing, int id)
{
    return find_group(choosing->group, id) == id && node_has_kernel(choosing, id);
}

/* Lists the first node of each group, by phase and in topological order within. */
static int *list_roots(const struct choosing *choosing, int *count)
{
    const struct region *region = choosing->region;
    int phases = 0;
    *count = 0;
    for (int i = 0; i < region->node_count; i++)
        if (choosing->phase[region->nodes[i]] >= phases)
            phases = choosing->phase[region->nodes[i]] + 1;
    int *begin = ARENA_ARRAY(choosing->scratch, int, phases + 2),
        *roots = ARENA_ARRAY(choosing->scratch, int, region->node_count + 1);
    for (int i = 0; i < region->node_count; i++)
        if (node_is_root(choosing, region->nodes[i])) {
            begin[choosing->phase[region->nodes[i]] + 2]++;
            ++*count;
        }
    for (int p = 2; p <= phases + 1; p++)
        begin[p] += begin[p - 1];
    for (int i = 0; i < region->node_count; i++)
        if (node_is_root(choosing, region->nodes[i]))
            roots[begin[choosing->phase[region->nodes[i]] + 1]++] = region->nodes[i];
    return roots;
}

/* True if two groups of one phase can be one kernel: the same units, and the same operand in all products, or no
 * products at all. */
static bool groups_can_merge(const struct choosing *choosing, int a, int b, int operand, int *products)
{
    int count_a, count_b;
    if (!node_shares_kernel(choosing->graph->nodes[b]) ||
        node_units(choosing->graph->nodes[a]) != node_units(choosing->graph->nodes[b]))
        return false;
    const struct edge *x = group_operand(choosing, a, operand, &count_a);
    const struct edge *y = group_operand(choosing, b, operand, &count_b);
    bool same = x && y ? edge_equal(x, y) : !x && !y && !count_a && !count_b;
    if (!same || *products + count_b > machine_panel_rows(choosing->schedule->options.machine))
        return false;
    *products += count_b;
    return true;
}

enum { MERGE_SEARCH = 64 }; /* groups tried for each: programs with more of one phase need no better kernels */

/* Merges groups of its phase, behind it, into that of root number `i`. True if there are any. */
static bool merge_into(struct choosing *choosing, const int *roots, int count, int i, int operand)
{
    int a = roots[i], products;
    bool any = false;
    group_operand(choosing, a, operand, &products);
    for (int j = i + 1; j < count && j < i + MERGE_SEARCH && choosing->phase[roots[j]] == choosing->phase[a]; j++)
        if (find_group(choosing->group, roots[j]) == roots[j] &&
            groups_can_merge(choosing, a, roots[j], operand, &products)) {
            choosing->group[roots[j]] = a;
            any = true;
        }
    return any;
}

/* Merges groups with the same right-hand side, phase and number of units, as many as fit the registers, or else with
 * the same matrix, and groups without products. */
static void merge_groups(struct choosing *choosing)
{
    link_groups(choosing);
    int count, *roots = list_roots(choosing, &count);
    for (int i = 0; i < count; i++)
        if (find_group(choosing->group, roots[i]) == roots[i] && node_shares_kernel(choosing->graph->nodes[roots[i]]) &&
            !merge_into(choosing, roots, count, i, RIGHT_HAND_SIDE))
            merge_into(choosing, roots, count, i, MATRIX);
    link_groups(choosing);
}

/* ---- kernels ---- */

static enum kernel_kind kernel_kind_of(const struct choosing *choosing, int root)
{
    if (region_is_once(choosing->region) && op_kernel(choosing->graph->nodes[root]->op) == KERNEL_PANEL)
        return KERNEL_MATRIX;
    for (int m = choosing->first[root]; m >= 0; m = choosing->next[m])
        if (op_kernel(choosing->graph->nodes[m]->op) == KERNEL_PANEL)
            return KERNEL_PANEL;
    return node_works_by_units(choosing->graph->nodes[root]) ? KERNEL_ELEMENTWISE
                                                             : op_kernel(choosing->graph->nodes[root]->op);
}

static void add_kernel(struct choosing *choosing, int root, struct kernel *kernel)
{
    struct arena *arena = choosing->arena;
    *kernel = (struct kernel){.kind = kernel_kind_of(choosing, root),
                              .phase = choosing->phase[root],
                              .units = node_units(choosing->graph->nodes[root])};
    int capacity = 0;
    for (int m = choosing->first[root]; m >= 0; m = choosing->next[m]) {
        ARENA_PUSH(arena, kernel->nodes, kernel->node_count, capacity, m);
        choosing->schedule->kernel_of[m] = kernel;
    }
    if (kernel->kind == KERNEL_PANEL)
        fill_panel_kernel(choosing, kernel);
}

static void add_kernels(struct choosing *choosing)
{
    struct region *region = choosing->region;
    int *roots = list_roots(choosing, &region->kernel_count);
    region->kernels = ARENA_ARRAY(choosing->arena, struct kernel, region->kernel_count + 1);
    for (int k = 0; k < region->kernel_count; k++)
        add_kernel(choosing, roots[k], &region->kernels[k]);
}

void choose_kernels(struct schedule *schedule, struct arena *arena, struct arena *scratch)
{
    const struct graph *graph = schedule->graph;
    int n = graph->node_count;
    graph_expect_fresh(graph, schedule->uses.version, "a schedule");
    struct choosing choosing = {
        .arena = arena, .scratch = scratch, .graph = graph, .schedule = schedule, .uses = &schedule->uses};
    choosing.phase = ARENA_ARRAY(scratch, int, n + 1);
    choosing.sunk = ARENA_ARRAY(scratch, int, n + 1);
    choosing.group = ARENA_ARRAY(scratch, int, n + 1);
    choosing.first = ARENA_ARRAY(scratch, int, n + 1);
    choosing.next = ARENA_ARRAY(scratch, int, n + 1);
    choosing.drafted_in = ARENA_ARRAY(scratch, int, n + 1);
    choosing.draft_of = ARENA_ARRAY(scratch, int, n + 1);
    choosing.next_product = ARENA_ARRAY(scratch, int, n + 1);
    choosing.last_panels = ARENA_ARRAY(scratch, int, n + 1);
    schedule->kernel_of = ARENA_ARRAY(arena, struct kernel *, n + 1);
    for (int i = 0; i < n; i++)
        choosing.group[i] = i;
    for (int r = 0; r < schedule->region_count; r++) {
        choosing.region = &schedule->regions[r];
        choosing.index = r;
        if (choosing.region->kind != REGION_ELEMENTWISE_SCAN) {
            find_phases(&choosing);
            sink_elementwise_nodes(&choosing);
        }
        unite_fed_nodes(&choosing);
        merge_groups(&choosing);
        if (choosing.region->kind != REGION_ELEMENTWISE_SCAN)
            split_groups(&choosing);
        add_kernels(&choosing);
    }
}
