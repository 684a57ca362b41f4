/* split-regions: each cyclic component is a region of its own; what lies outside every cycle is one frames region for each
 * stage of the pipeline. */
#include <string.h>

#include "analysis/cost.h"
#include "base/arena.h"
#include "base/unique.h"
#include "schedule/prepare.h"
#include "schedule/schedule.h"

const char *region_kind_name(enum region_kind kind)
{
    static const char *const names[] = {"static", "frames", "scan", "elementwise scan"};
    return names[kind];
}

static bool node_is_leaf(const struct node *node) { return op_info(node->op)->class == OP_CLASS_LEAF; }

/* Sort key of the region that a node belongs to: the static region, then for each stage the frames region and the cyclic
 * components in topological order. */
static long region_key(const struct schedule *schedule, int id)
{
    const struct components *components = &schedule->components;
    int number = components->of[id];
    const struct component *component = &components->component[number];
    if (schedule->graph->nodes[id]->time == TIME_STATIC)
        return -1;
    long stage = (long)component->stage * ((long)components->count + 1);
    return component->cyclic ? stage + 1 + number : stage;
}

static enum region_kind region_kind_of(const struct schedule *schedule, int id)
{
    const struct component *component = &schedule->components.component[schedule->components.of[id]];
    if (schedule->graph->nodes[id]->time == TIME_STATIC)
        return REGION_STATIC;
    if (!component->cyclic)
        return REGION_FRAMES;
    return component->elementwise && schedule->options.elementwise_scan ? REGION_ELEMENTWISE_SCAN : REGION_SCAN;
}

struct keyed {
    long key;
    int id;
};

/* Merge sort by key: stable, so that nodes stay in topological order. */
static void sort_keyed(struct keyed *items, struct keyed *spare, int count)
{
    for (int width = 1; width < count; width *= 2) {
        for (int begin = 0; begin < count; begin += 2 * width) {
            int middle = begin + width < count ? begin + width : count, end = middle + width < count ? middle + width : count;
            for (int a = begin, b = middle, out = begin; out < end; out++)
                spare[out] = b >= end || (a < middle && items[a].key <= items[b].key) ? items[a++] : items[b++];
        }
        memcpy(items, spare, (size_t)count * sizeof *items);
    }
}

/* ---- names ---- */

/* The longest path that all named values of the region share, for a name that says what the region is: "h1". */
static const char *common_path(const struct schedule *schedule, const struct region *region, struct arena *arena)
{
    const char *path = NULL;
    size_t length = 0;
    for (int i = 0; i < region->node_count; i++) {
        const char *name = schedule->graph->nodes[region->nodes[i]]->name;
        if (!name)
            continue;
        const char *dot = strrchr(name, '.');
        size_t own = dot ? (size_t)(dot - name) : 0;
        if (!path) {
            path = name;
            length = own;
        }
        while (length && !(length <= own && memcmp(path, name, length) == 0 && (name[length] == '.' || !name[length]))) {
            do
                length--;
            while (length && path[length] != '.');
        }
    }
    char *text = arena_copy_string(arena, path ? path : "", length);
    for (char *c = text; *c; c++)
        if (*c == '.')
            *c = '_';
    return text;
}

static const char *name_region(const struct schedule *schedule, const struct region *region, struct unique *names,
                               struct arena *arena)
{
    if (region->kind == REGION_STATIC)
        return "static";
    if (region->kind == REGION_FRAMES)
        return unique_name(names, arena_printf(arena, "frames_%d", region->stage));
    const char *path = common_path(schedule, region, arena);
    return unique_name(names, *path ? arena_printf(arena, "%s_scan", path) : "scan");
}

/* ---- the stage ---- */

static void count_cost(const struct graph *graph, struct region *region)
{
    for (int i = 0; i < region->node_count; i++) {
        region->flops += node_flops(graph, graph->nodes[region->nodes[i]]);
        region->bytes += node_weight_bytes(graph, graph->nodes[region->nodes[i]]);
    }
}

struct schedule *split_regions(struct graph *graph, const struct schedule_options *options, struct arena *arena)
{
    prepare_graph(graph, arena);
    struct schedule *schedule = ARENA_NEW(arena, struct schedule);
    schedule->graph = graph;
    schedule->options = *options;
    schedule->components = find_components(graph, arena);
    int n = graph->node_count, count = 0;
    schedule->region_of = ARENA_ARRAY(arena, int, n + 1);
    struct keyed *items = ARENA_ARRAY(arena, struct keyed, n + 1), *spare = ARENA_ARRAY(arena, struct keyed, n + 1);
    for (int i = 0; i < n; i++) {
        schedule->region_of[i] = -1;
        if (!node_is_leaf(graph->nodes[i]))
            items[count++] = (struct keyed){region_key(schedule, i), i};
    }
    sort_keyed(items, spare, count);
    struct unique names;
    unique_init(&names, arena);
    int capacity = 0;
    for (int i = 0; i < count;) {
        struct region region = {.kind = region_kind_of(schedule, items[i].id)};
        region.stage = region.kind == REGION_STATIC
                           ? 0
                           : schedule->components.component[schedule->components.of[items[i].id]].stage;
        int node_capacity = 0;
        for (long key = items[i].key; i < count && items[i].key == key; i++) {
            schedule->region_of[items[i].id] = schedule->region_count;
            ARENA_PUSH(arena, region.nodes, region.node_count, node_capacity, items[i].id);
        }
        count_cost(graph, &region);
        region.name = name_region(schedule, &region, &names, arena);
        ARENA_PUSH(arena, schedule->regions, schedule->region_count, capacity, region);
    }
    return schedule;
}
