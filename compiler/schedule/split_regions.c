/* split-regions: each cyclic component is a region of its own; what lies outside every cycle is one frames region for
 * each stage of the pipeline, and another for sums that only a gradient waits for. */
#include <string.h>

#include "analysis/cost.h"
#include "base/arena.h"
#include "base/machine.h"
#include "schedule/schedule.h"

static bool node_is_leaf(const struct node *node) { return op_info(node->op)->class == OP_CLASS_LEAF; }

/* Sort key of the region that a node belongs to: the static region; then for each pass the region of sequence values
 * that it may need, then by stages the frames region, sums and the cyclic components in topological order; last the
 * late region. Sums, which read no cycle of their stage, come early, in front of the frames region if none of them
 * reads its values: from then on ranks of a training send them. */
struct key {
    int pass;    /* -1: static; PASS_LATE */
    int in_pass; /* 0: once before the pass */
    int stage;
    int part; /* KEY_EARLY_SUMS, KEY_FRAMES, KEY_SUMS, or KEY_CYCLES and the number of a component */
};

enum { PASS_LATE = 1 << 30, KEY_EARLY_SUMS = 0, KEY_FRAMES, KEY_SUMS, KEY_CYCLES };

/* True if a sum reads a value that is computed in the frames region of its stage. */
static bool sum_reads_its_stage(const struct schedule *schedule, int id)
{
    const struct components *components = &schedule->components;
    const struct node *node = schedule->graph->nodes[id];
    for (int k = 0; k < node->count; k++) {
        const int source = node->edges[k].node;
        if (!node_is_leaf(schedule->graph->nodes[source]) && schedule->passes.of[source] == schedule->passes.of[id] &&
            components->component[components->of[source]].stage == components->component[components->of[id]].stage)
            return true;
    }
    return false;
}

static struct key region_key(const struct schedule *schedule, int id)
{
    const struct components *components = &schedule->components;
    const struct node *node = schedule->graph->nodes[id];
    int number = components->of[id];
    const struct component *component = &components->component[number];
    if (node_is_once(node))
        return (struct key){node->time == TIME_CALL ? PASS_LATE : -1, 0, 0, 0};
    if (node->time != TIME_FRAME && !node_gathers_frames(schedule->graph, node))
        return (struct key){schedule->passes.of[id], 0, 0, 0};
    return (struct key){schedule->passes.of[id], 1, component->stage,
                        node->time == TIME_CALL ? KEY_SUMS
                        : component->cyclic     ? KEY_CYCLES + number
                                                : KEY_FRAMES};
}

static int compare_keys(const struct key *a, const struct key *b)
{
    if (a->pass != b->pass)
        return a->pass < b->pass ? -1 : 1;
    if (a->in_pass != b->in_pass)
        return a->in_pass < b->in_pass ? -1 : 1;
    if (a->stage != b->stage)
        return a->stage < b->stage ? -1 : 1;
    return (a->part > b->part) - (a->part < b->part);
}

static enum region_kind region_kind_of(const struct schedule *schedule, int id)
{
    const struct component *component = &schedule->components.component[schedule->components.of[id]];
    const struct node *node = schedule->graph->nodes[id];
    if (node_is_once(node))
        return node->time == TIME_CALL ? REGION_LATE : REGION_STATIC;
    if (node->time != TIME_FRAME && !node_gathers_frames(schedule->graph, node))
        return REGION_SEQUENCE;
    if (!component->cyclic)
        return REGION_FRAMES;
    return component->elementwise && schedule->options.elementwise_scan ? REGION_ELEMENTWISE_SCAN : REGION_SCAN;
}

struct keyed {
    struct key key;
    int order; /* place within the region: by all edges, delayed ones too, if all frames of a node come before all of
                  the next; else as numbered */
    int id;
};

/* Returns by node the largest number of delayed reads on a path to it. In a frames region all frames of a node come
 * before all of the next, so that a reader with a delay, too, must come after its source: ordered by this and then as
 * numbered, it does. */
static int *count_delayed_reads(const struct schedule *schedule, struct arena *scratch)
{
    const struct components *components = &schedule->components;
    int *reads = ARENA_ARRAY(scratch, int, schedule->graph->node_count + 1);
    for (int m = 0; m < schedule->graph->node_count; m++) {
        int id = components->member[m];
        const struct node *node = schedule->graph->nodes[id];
        for (int k = 0; k < node->count; k++) {
            int through = reads[node->edges[k].node] + (node->edges[k].delay != 0);
            bool cycle = components->component[components->of[id]].cyclic &&
                         components->of[node->edges[k].node] == components->of[id];
            if (!cycle && through > reads[id])
                reads[id] = through;
        }
    }
    return reads;
}

static bool comes_first(const struct keyed *a, const struct keyed *b)
{
    int keys = compare_keys(&a->key, &b->key);
    return keys < 0 || (keys == 0 && a->order <= b->order);
}

/* Sorts by key, by merging: stable, so that nodes stay in topological order. */
static void sort_keyed(struct keyed *items, struct keyed *spare, int count)
{
    for (int width = 1; width < count; width *= 2) {
        for (int begin = 0; begin < count; begin += 2 * width) {
            int middle = begin + width < count ? begin + width : count,
                end = middle + width < count ? middle + width : count;
            for (int a = begin, b = middle, out = begin; out < end; out++)
                spare[out] = b >= end || (a < middle && comes_first(&items[a], &items[b])) ? items[a++] : items[b++];
        }
        memcpy(items, spare, (size_t)count * sizeof *items);
    }
}

/* Moves the sums of a stage to the front of it if none of them reads its frames region. */
static void move_sums(const struct schedule *schedule, struct keyed *items, int count)
{
    for (int i = 0, end; i < count; i = end) {
        bool reads = items[i].key.part != KEY_SUMS;
        for (end = i; end < count && compare_keys(&items[i].key, &items[end].key) == 0; end++)
            reads = reads || sum_reads_its_stage(schedule, items[end].id);
        for (int k = i; k < end && !reads; k++)
            items[k].key.part = KEY_EARLY_SUMS;
    }
}

/* ---- the stage ---- */

static bool region_is_of_frames(enum region_kind kind)
{
    return kind == REGION_FRAMES || kind == REGION_SCAN || kind == REGION_ELEMENTWISE_SCAN;
}

/* Counts the work of a region's nodes. `counted`, by node: 1 + the last region that has read it as a matrix: a matrix
 * that several products have is read for the first. */
static void count_cost(const struct schedule *schedule, struct region *region, int *counted)
{
    const struct graph *graph = schedule->graph;
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = graph->nodes[region->nodes[i]];
        if (region_is_of_frames(region->kind) || node_gathers_frames(graph, node))
            region->flops += node_flops(graph, node);
        else
            region->flops_once += node_flops(graph, node);
        const bool product = node->op == OP_product;
        const enum precision storage = node_weight_storage(graph, node);
        if (product && counted[node->edges[0].node] == schedule->region_count + 1)
            continue;
        region->weights += node_weights(graph, node);
        region->bytes += machine_weight_bytes(schedule->options.machine, storage) * node_weights(graph, node);
        if (product)
            counted[node->edges[0].node] = schedule->region_count + 1;
    }
}

enum { GROUP_MOST = 64 }; /* frames at a time: a product gains nothing from more columns */

static struct region new_region(const struct schedule *schedule, int id)
{
    const struct component *component = &schedule->components.component[schedule->components.of[id]];
    struct region region = {.kind = region_kind_of(schedule, id), .pass = schedule->passes.of[id]};
    if (region.kind != REGION_STATIC && region.kind != REGION_SEQUENCE && region.kind != REGION_LATE)
        region.stage = component->stage;
    region.reversed = component->reversed;
    bool grouped = region.kind == REGION_SCAN && schedule->options.group_frames;
    region.group = grouped ? component->delay < GROUP_MOST ? component->delay : GROUP_MOST : 1;
    return region;
}

static bool graph_reads_ahead(const struct graph *graph)
{
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++)
            if (graph->nodes[i]->edges[k].delay < 0)
                return true;
    return false;
}

struct schedule *split_regions(const struct graph *graph, const struct components *components,
                               const struct schedule_options *options, struct arena *arena, struct arena *scratch)
{
    graph_expect_fresh(graph, components->version, "components");
    struct schedule *schedule = ARENA_NEW(arena, struct schedule);
    schedule->graph = graph;
    schedule->options = *options;
    schedule->components = *components;
    schedule->uses = find_uses(graph, arena);
    schedule->passes = find_passes(graph, components, &schedule->uses, arena, scratch);
    schedule->whole_sequence = graph->trains || schedule->passes.count > 1 || graph_reads_ahead(graph);
    int n = graph->node_count, count = 0, *counted = ARENA_ARRAY(scratch, int, n + 1);
    schedule->region_of = ARENA_ARRAY(arena, int, n + 1);
    schedule->pass_bytes = ARENA_ARRAY(arena, double, schedule->passes.count + 1);
    const int *reads = count_delayed_reads(schedule, scratch);
    struct keyed *items = ARENA_ARRAY(scratch, struct keyed, n + 1), *spare = ARENA_ARRAY(scratch, struct keyed, n + 1);
    for (int i = 0; i < n; i++) {
        schedule->region_of[i] = -1;
        if (!node_is_leaf(graph->nodes[i]))
            items[count++] =
                (struct keyed){region_key(schedule, i), region_kind_of(schedule, i) == REGION_FRAMES ? reads[i] : 0, i};
    }
    sort_keyed(items, spare, count);
    move_sums(schedule, items, count);
    sort_keyed(items, spare, count);
    int capacity = 0;
    for (int i = 0; i < count;) {
        struct region region = new_region(schedule, items[i].id);
        int node_capacity = 0;
        for (struct key key = items[i].key; i < count && !compare_keys(&items[i].key, &key); i++) {
            schedule->region_of[items[i].id] = schedule->region_count;
            ARENA_PUSH(arena, region.nodes, region.node_count, node_capacity, items[i].id);
        }
        count_cost(schedule, &region, counted);
        region.turns = region.kind == REGION_SCAN && options->turn_panels &&
                       region.bytes > (double)machine_turn_bytes(options->machine);
        schedule->pass_bytes[region.pass] += region.bytes;
        ARENA_PUSH(arena, schedule->regions, schedule->region_count, capacity, region);
    }
    name_regions(schedule, arena, scratch);
    return schedule;
}
