/* Descriptions of regions in words: for the comments of the C file and for `--emit=explain`. */
#include <string.h>

#include "base/machine.h"
#include "emit/emitter.h"

double schedule_flops(const struct schedule *schedule)
{
    double flops = 0;
    for (int r = 0; r < schedule->region_count; r++)
        flops += schedule->regions[r].flops;
    return flops;
}

void write_costs(const struct schedule *schedule, struct text *out)
{
    double flops[2] = {0}, weights[2] = {0};
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        const bool scan = region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
        flops[scan] += region->flops;
        weights[scan] += region->bytes / schedule->options.machine->real_bytes;
    }
    text_printf(out, "    .beside = {%.0f, %.0f},\n    .within = {%.0f, %.0f},\n", flops[0], weights[0], flops[1],
                weights[1]);
}

long schedule_parameters(const struct schedule *schedule)
{
    long count = 0;
    for (int i = 0; i < schedule->graph->parameter_count; i++)
        count += shape_size(&schedule->graph->parameters[i].shape);
    return count;
}

/* Returns a value of the region that the region reads with a delay, which closes its cycle. */
static const char *cycle_of(const struct schedule *schedule, const struct region *region, struct arena *arena)
{
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = schedule->graph->nodes[region->nodes[i]];
        for (int k = 0; k < node->count; k++) {
            const struct node *source = schedule->graph->nodes[node->edges[k].node];
            if (node->edges[k].delay && source->name &&
                schedule->components.of[node->edges[k].node] == schedule->components.of[region->nodes[i]])
                return arena_printf(arena, "%s[t%+d]", source->name, -node->edges[k].delay);
        }
    }
    return "its own past";
}

const char *describe_kind(const struct schedule *schedule, const struct region *region, struct arena *arena)
{
    switch (region->kind) {
    case REGION_STATIC:
        return "static: once, when the weights are packed";
    case REGION_LATE:
        return "late: once a call, after all frames: gradients of static values";
    case REGION_SEQUENCE:
        return "sequence: once for each sequence, all streams at once";
    case REGION_FRAMES:
        return "frames: outside every cycle, so all frames and streams of a block at once";
    case REGION_SCAN:
        return arena_printf(arena, "scan: in a cycle through %s, so %s%s", cycle_of(schedule, region, arena),
                            region->group == 1 ? "frame after frame"
                                               : arena_printf(arena, "%d frames at a time", region->group),
                            region->reversed ? ", from the last to the first" : "");
    case REGION_ELEMENTWISE_SCAN:
        return arena_printf(arena, "elementwise scan: a cycle through %s, in which each unit needs only itself",
                            cycle_of(schedule, region, arena));
    }
    return "";
}

const char *describe_storages(const struct region *region, struct arena *arena)
{
    bool has[PRECISION_COUNT] = {false};
    const char *all = NULL;
    for (int k = 0; k < region->kernel_count; k++)
        for (int o = 0; o < region->kernels[k].operand_count; o++)
            has[region->kernels[k].operands[o].storage] = true;
    for (int i = 0; i < PRECISION_COUNT; i++)
        if (has[i])
            all = arena_printf(arena, "%s%s%s", all ? all : "", all ? ", " : "", precision_name((enum precision)i));
    return all ? all : precision_name(PRECISION_F32);
}

const char *describe_flops_once(const struct region *region, struct arena *arena)
{
    static const char *const what[] = {
        [REGION_STATIC] = "load", [REGION_SEQUENCE] = "sequence", [REGION_LATE] = "call"};
    return region->flops_once > 0 ? arena_printf(arena, "%.0f flops a %s", region->flops_once, what[region->kind])
                                  : NULL;
}
