/* The schedule's verifier: all that has been scheduled so far. */
#include "schedule/verify.h"

#include "base/arena.h"

bool node_waits_for_pass(const struct graph *graph, const struct node *node)
{
    return node_gathers_frames(graph, node);
}

bool region_has_frames(const struct region *region)
{
    switch (region->kind) {
    case REGION_FRAMES:
    case REGION_SCAN:
    case REGION_ELEMENTWISE_SCAN:
        return true;
    case REGION_STATIC:
    case REGION_SEQUENCE:
    case REGION_LATE:
        return false;
    }
    return false;
}

bool use_stays_in_kernel(const struct verifying *verifying, int source, int reader, const struct edge *edge)
{
    struct kernel *const *kernel_of = verifying->schedule->kernel_of;
    return kernel_of[source] && kernel_of[source] == kernel_of[reader] && !edge->delay &&
           !edge_needs_all_units(verifying->graph, verifying->graph->nodes[reader], edge);
}

const char *schedule_verify(const struct schedule *schedule, struct arena *scratch)
{
    const struct graph *graph = schedule->graph;
    graph_expect_fresh(graph, schedule->components.version, "components of a schedule");
    graph_expect_fresh(graph, schedule->passes.version, "passes of a schedule");
    graph_expect_fresh(graph, schedule->uses.version, "uses of a schedule");
    struct verifying verifying = {.schedule = schedule, .graph = graph, .scratch = scratch};
    verifying.in_region = ARENA_ARRAY(scratch, int, graph->node_count + 1);
    verifying.in_kernel = ARENA_ARRAY(scratch, int, graph->node_count + 1);
    for (int i = 0; i < graph->node_count; i++)
        verifying.in_region[i] = verifying.in_kernel[i] = NOT_PLACED;
    const char *wrong = verify_regions(&verifying);
    if (!wrong && schedule->kernel_of)
        wrong = verify_kernels(&verifying);
    if (!wrong && schedule->buffers)
        wrong = verify_buffers(&verifying);
    return wrong;
}
