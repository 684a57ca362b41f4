/* The schedule's verifier: checks all that has been scheduled so far. */
#include "schedule/verify.h"

#include "base/arena.h"

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
    if (!wrong && schedule->section_of)
        wrong = verify_sections(&verifying);
    if (!wrong && schedule->buffers)
        wrong = verify_buffers(&verifying);
    return wrong;
}
