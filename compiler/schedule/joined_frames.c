/* The frames region in front of a scan that a call of one frame may compute panel by panel with it. */
#include "base/machine.h"
#include "schedule/plan.h"

/* True if a kernel of that many units finds all that an edge reads of a region's values at its own units. */
static bool reads_own_units(const struct schedule *schedule, const struct edge *edge, int region, int units)
{
    if (edge->node == NO_NODE || schedule->region_of[edge->node] != region)
        return true;
    return edge->begin == 0 && edge->length == units && edge->delay == 0 &&
           (int)shape_size(&schedule->graph->nodes[edge->node]->shape) == units;
}

/* True if a kernel with products reads a region's values at its own units, and multiplies none of them. */
static bool kernel_reads_own_units(const struct schedule *schedule, const struct kernel *kernel, int region)
{
    bool own = true;
    for (int i = 0; i < kernel->accumulator_count; i++)
        own &= reads_own_units(schedule, &kernel->accumulators[i].start, region, kernel->units);
    for (int i = 0; i < kernel->operand_count; i++)
        own &= schedule->region_of[kernel->operands[i].x.node] != region;
    for (int i = 0; i < kernel->node_count; i++) {
        const struct node *node = schedule->graph->nodes[kernel->nodes[i]];
        for (int e = 0; e < node->count; e++)
            own &= reads_own_units(schedule, &node->edges[e], region, kernel->units);
    }
    return own;
}

/* True if the plan has the step of one region right behind that of the other. */
static bool steps_follow(const struct plan *plan, int first, int second)
{
    for (int i = 1; i < plan->step_count; i++)
        if (plan->steps[i].kind == STEP_REGION && plan->steps[i].region == second)
            return plan->steps[i - 1].kind == STEP_REGION && plan->steps[i - 1].region == first;
    return false;
}

static bool is_one_panel_kernel(const struct region *region)
{
    return region->kernel_count == 1 && region->kernels->kind == KERNEL_PANEL;
}

bool frame_reads_forward(const struct schedule *schedule)
{
    const struct plan *step = plan_of_call(schedule, CALL_STEP);
    double bytes = 0;
    for (int i = 0; step && i < step->step_count; i++)
        if (step->steps[i].kind == STEP_REGION)
            bytes += schedule->regions[step->steps[i].region].bytes;
    return machine_reads_forward(schedule->options.machine, bytes);
}

int frames_joined(const struct schedule *schedule, int scan)
{
    const struct plan *step = plan_of_call(schedule, CALL_STEP);
    const int frames = scan - 1;
    const struct region *region = &schedule->regions[scan];
    if (!step || region->kind != REGION_SCAN || !is_one_panel_kernel(region) || frames < 0 ||
        frame_reads_forward(schedule))
        return NO_REGION;
    const struct region *before = &schedule->regions[frames];
    if (before->kind != REGION_FRAMES || !is_one_panel_kernel(before) || !steps_follow(step, frames, scan))
        return NO_REGION;
    /* With three rows or more, panels are of as many units. */
    const struct kernel *kernel = region->kernels, *first = before->kernels;
    const int rows = kernel->panel_rows, first_rows = first->panel_rows;
    bool panels_agree = kernel->units == first->units && (rows == first_rows || (rows >= 3 && first_rows >= 3));
    return panels_agree && kernel_reads_own_units(schedule, kernel, frames) &&
                   kernel_reads_own_units(schedule, first, scan)
               ? frames
               : NO_REGION;
}
