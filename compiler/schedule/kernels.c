/* choose-kernels: the nodes of each region as kernels in phases.
 *
 * A node's phase is the longest chain, within its region, of reads that need all units at once. Nodes of one phase and
 * one number of units that feed each other unit by unit share a kernel. */
#include "schedule/kernels.h"
#include "base/arena.h"

bool edge_needs_all_units(const struct graph *graph, const struct node *reader, const struct edge *edge)
{
    return op_info(reader->op)->class != OP_CLASS_ELEMENTWISE || !edge_is_whole(graph, edge) ||
           edge->length != node_units(reader);
}

/* Only elementwise nodes and products can share a kernel with what reads them. */
static bool node_shares_kernel(const struct node *node)
{
    return op_info(node->op)->class == OP_CLASS_ELEMENTWISE || node->op == OP_product;
}

/* Whether the reader must wait for a phase to end. 0: it may share the kernel, 1: next phase, -1: no matter within a
 * frame. */
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

/* Whether a value has to be in memory although its readers would allow registers: something else than unit-by-unit
 * readers of its own phase needs it. */
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

/* An elementwise node that only later phases read is computed there, where that keeps nothing more in memory:
 * `1 - z` beside `z * k` and not beside `z`. */
static void sink_elementwise_nodes(struct choosing *choosing)
{
    const struct region *region = choosing->region;
    for (int i = region->node_count - 1; i >= 0; i--) {
        int id = region->nodes[i], target = -1;
        const struct node *node = choosing->graph->nodes[id];
        bool sinks = op_info(node->op)->class == OP_CLASS_ELEMENTWISE;
        for (int u = choosing->uses->begin[id]; u < choosing->uses->begin[id + 1] && sinks; u++) {
            const struct use *use = &choosing->uses->use[u];
            sinks = use->reader >= 0 && choosing->schedule->region_of[use->reader] == choosing->index &&
                    edge_distance(choosing, choosing->graph->nodes[use->reader], use->edge) == 0;
            if (sinks && (target < 0 || choosing->phase[use->reader] < target))
                target = choosing->phase[use->reader];
        }
        for (int k = 0; k < node->count && sinks; k++) {
            const struct edge *edge = &node->edges[k];
            bool computed_here = edge_is_local(choosing, edge) && !edge->delay;
            sinks = !computed_here || choosing->phase[edge->node] < choosing->phase[id] ||
                    value_is_kept(choosing, edge->node);
        }
        if (sinks && target > choosing->phase[id])
            choosing->phase[id] = target;
    }
}

/* ---- groups: sets of nodes, by union-find ---- */

static int find_group(int *parent, int node)
{
    while (parent[node] != node)
        node = parent[node] = parent[parent[node]];
    return node;
}

static void unite_groups(int *parent, int a, int b)
{
    a = find_group(parent, a);
    b = find_group(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

/* Nodes of one phase that feed each other unit by unit belong together. */
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

enum { MERGED_PRODUCTS = 4 }; /* accumulators that fill the registers well, see rnn/panel.h */

/* A group that consists of products only, all with one right-hand side: returns it, or NULL. */
static const struct edge *group_operand(const struct choosing *choosing, int root, int *count)
{
    const struct region *region = choosing->region;
    const struct edge *x = NULL;
    *count = 0;
    for (int m = choosing->first[root]; m >= 0; m = choosing->next[m]) {
        const struct node *node = choosing->graph->nodes[m];
        if (node->op == OP_product && x && !edge_equal(x, &node->edges[1]))
            return NULL;
        if (node->op == OP_product) {
            x = &node->edges[1];
            ++*count;
        }
    }
    return region->kind == REGION_ELEMENTWISE_SCAN ? NULL : x;
}

static void link_groups(struct choosing *choosing)
{
    const struct region *region = choosing->region;
    for (int i = region->node_count - 1; i >= 0; i--)
        choosing->first[region->nodes[i]] = -1;
    for (int i = region->node_count - 1; i >= 0; i--) {
        int id = region->nodes[i], root = find_group(choosing->group, id);
        choosing->next[id] = choosing->first[root];
        choosing->first[root] = id;
    }
}

/* Groups with the same right-hand side, phase and number of units are stacked, four products at most; so are groups
 * without products. */
static void merge_groups(struct choosing *choosing)
{
    const struct region *region = choosing->region;
    link_groups(choosing);
    for (int i = 0; i < region->node_count; i++) {
        int a = region->nodes[i], count_a, count_b;
        if (find_group(choosing->group, a) != a || !node_shares_kernel(choosing->graph->nodes[a]))
            continue;
        const struct edge *x = group_operand(choosing, a, &count_a);
        for (int j = i + 1, looked_at = 0; j < region->node_count && looked_at < 64 && count_a < MERGED_PRODUCTS; j++) {
            int b = region->nodes[j];
            if (find_group(choosing->group, b) != b || choosing->phase[a] != choosing->phase[b] ||
                !node_shares_kernel(choosing->graph->nodes[b]) ||
                node_units(choosing->graph->nodes[a]) != node_units(choosing->graph->nodes[b]))
                continue;
            looked_at++;
            const struct edge *y = group_operand(choosing, b, &count_b);
            bool same = x && y ? edge_equal(x, y) : !x && !y && !count_a && !count_b;
            if (!same || count_a + count_b > MERGED_PRODUCTS)
                continue;
            choosing->group[b] = a;
            count_a += count_b;
        }
    }
    link_groups(choosing);
}

/* ---- kernels ---- */

static enum kernel_kind kernel_kind_of(const struct choosing *choosing, int root)
{
    const struct node *node = choosing->graph->nodes[root];
    if (op_info(node->op)->class == OP_CLASS_COLUMN)
        return KERNEL_COLUMN;
    if (node->op == OP_concat)
        return KERNEL_CONCAT;
    if (node->op == OP_embed)
        return KERNEL_EMBED;
    if (op_info(node->op)->class == OP_CLASS_OVER_TIME)
        return KERNEL_OVER_TIME;
    for (int m = choosing->first[root]; m >= 0; m = choosing->next[m])
        if (choosing->graph->nodes[m]->op == OP_product)
            return KERNEL_PANEL;
    return KERNEL_ELEMENTWISE;
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
    int phases = 0, count = 0;
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        count += find_group(choosing->group, id) == id;
        if (choosing->phase[id] >= phases)
            phases = choosing->phase[id] + 1;
    }
    /* Roots by phase, in topological order within each. */
    int *begin = ARENA_ARRAY(choosing->arena, int, phases + 2), *roots = ARENA_ARRAY(choosing->arena, int, count + 1);
    for (int i = 0; i < region->node_count; i++)
        if (find_group(choosing->group, region->nodes[i]) == region->nodes[i])
            begin[choosing->phase[region->nodes[i]] + 2]++;
    for (int p = 2; p <= phases + 1; p++)
        begin[p] += begin[p - 1];
    for (int i = 0; i < region->node_count; i++)
        if (find_group(choosing->group, region->nodes[i]) == region->nodes[i])
            roots[begin[choosing->phase[region->nodes[i]] + 1]++] = region->nodes[i];
    region->kernels = ARENA_ARRAY(choosing->arena, struct kernel, count + 1);
    region->kernel_count = count;
    for (int k = 0; k < count; k++)
        add_kernel(choosing, roots[k], &region->kernels[k]);
}

void choose_kernels(struct schedule *schedule, struct arena *arena)
{
    const struct graph *graph = schedule->graph;
    int n = graph->node_count;
    struct uses uses = find_uses(graph, arena);
    struct choosing choosing = {.arena = arena, .graph = graph, .schedule = schedule, .uses = &uses};
    choosing.phase = ARENA_ARRAY(arena, int, n + 1);
    choosing.group = ARENA_ARRAY(arena, int, n + 1);
    choosing.first = ARENA_ARRAY(arena, int, n + 1);
    choosing.next = ARENA_ARRAY(arena, int, n + 1);
    schedule->kernel_of = ARENA_ARRAY(arena, struct kernel *, n + 1);
    for (int i = 0; i < n; i++)
        choosing.group[i] = i;
    for (int r = 0; r < schedule->region_count; r++) {
        choosing.region = &schedule->regions[r];
        choosing.index = r;
        if (choosing.region->kind == REGION_STATIC)
            continue;
        if (choosing.region->kind != REGION_ELEMENTWISE_SCAN) {
            find_phases(&choosing);
            sink_elementwise_nodes(&choosing);
        }
        unite_fed_nodes(&choosing);
        merge_groups(&choosing);
        add_kernels(&choosing);
    }
}
