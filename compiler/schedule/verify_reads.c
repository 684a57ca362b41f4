/* Predicates on reads and regions for all parts of the verifier. */
#include "schedule/verify.h"

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
