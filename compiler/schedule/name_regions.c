/* Names of regions, after what they compute: "h1_scan", the cell of instance h1, "h1_backward", its adjoint,
 * "h1_gradients", the sums over frames that follow, "logits_frames", an equation of the program itself. */
#include <string.h>

#include "analysis/cost.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/unique.h"
#include "schedule/schedule.h"

static const char *instance_of(const struct node *node) { return node->origin ? node->origin->instance : ""; }

/* Returns the instance that most of a region's work belongs to; "" is the program itself. */
static const char *main_instance(const struct graph *graph, const struct region *region, struct arena *scratch)
{
    struct map works;
    map_init(&works, scratch);
    const char *main = "";
    double most = 0;
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = graph->nodes[region->nodes[i]];
        double *work = map_get(&works, instance_of(node));
        if (!work)
            map_put(&works, instance_of(node), work = ARENA_NEW(scratch, double));
        *work += 1 + node_flops(graph, node);
        if (*work > most) {
            most = *work;
            main = instance_of(node);
        }
    }
    return main;
}

/* Returns the last value with a name of its own in an instance, or "". An adjoint goes by the name of its value. */
static const char *last_named(const struct graph *graph, const struct region *region, const char *instance)
{
    const char *last = "";
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = graph->nodes[region->nodes[i]];
        if (node->name && strcmp(instance_of(node), instance) == 0)
            last = node->origin ? node->origin->path : node->name;
    }
    return last;
}

/* True for a region behind all losses: what it computes serves the gradients. */
static bool is_backward(const struct schedule *schedule, const struct region *region)
{
    int last = -1;
    for (int i = 0; i < schedule->graph->node_count; i++)
        if (schedule->graph->nodes[i]->op == OP_seed && schedule->passes.of[i] > last)
            last = schedule->passes.of[i];
    return last >= 0 && region->pass > last;
}

static bool sums_over_frames(const struct graph *graph, const struct region *region)
{
    for (int i = 0; i < region->node_count; i++)
        if (op_is_over_time(graph->nodes[region->nodes[i]]->op))
            return true;
    return false;
}

/* Returns the word for what a region does. */
static const char *word_of(const struct schedule *schedule, const struct region *region)
{
    bool backward = is_backward(schedule, region);
    switch (region->kind) {
    case REGION_STATIC:
    case REGION_LATE:
        break;
    case REGION_SEQUENCE:
        return backward ? "backward_sequence" : "sequence";
    case REGION_FRAMES:
        return !backward ? "frames" : sums_over_frames(schedule->graph, region) ? "gradients" : "backward_frames";
    case REGION_SCAN:
    case REGION_ELEMENTWISE_SCAN:
        return backward ? "backward" : "scan";
    }
    return region_kind_name(region->kind);
}

/* Returns a path as the beginning of an identifier; "_" keeps it from the names that emitted code begins with these
 * words. */
static const char *identifier(struct arena *arena, const char *path)
{
    static const char *const taken[] = {"size", "test", "train", "vjp"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        size_t length = strlen(taken[i]);
        if (strncmp(path, taken[i], length) == 0 && (!path[length] || strchr("._", path[length])))
            return arena_printf(arena, "%s_", path);
    }
    return path;
}

void name_regions(struct schedule *schedule, struct arena *arena, struct arena *scratch)
{
    struct unique names;
    unique_init(&names, arena);
    if (schedule->graph->of_outputs) { /* functions around those of regions */
        unique_name(&names, "backward");
        unique_name(&names, "pack_backward");
    }
    for (int r = 0; r < schedule->region_count; r++) {
        struct region *region = &schedule->regions[r];
        const char *word = word_of(schedule, region), *what = "";
        region->instance = main_instance(schedule->graph, region, scratch);
        if (!region_is_once(region))
            what = *region->instance ? region->instance : last_named(schedule->graph, region, "");
        region->name =
            unique_name(&names, arena_printf(scratch, "%s%s%s", identifier(scratch, what), *what ? "_" : "", word));
    }
}
