/* Properties of plans and their values, for those who read plans. */
#include "schedule/plan.h"

bool node_gathers(const struct node *node)
{
    return op_info(node->op)->class == OP_CLASS_OVER_TIME && op_info(node->op)->emit;
}

bool buffer_is_value(const struct buffer *buffer)
{
    return buffer->storage == STORE_FRAME || buffer->storage == STORE_BLOCK || buffer->storage == STORE_SEQUENCE;
}

bool value_is_kept_by_scan(const struct schedule *schedule, int id)
{
    int region = schedule->region_of[id];
    return region >= 0 && schedule->regions[region].kind == REGION_SCAN && schedule->buffers[id].in_place &&
           !schedule->whole_sequence;
}

bool scans_keep(const struct schedule *schedule)
{
    bool any = false;
    for (int i = 0; i < schedule->graph->node_count; i++)
        any |= value_is_kept_by_scan(schedule, i);
    return any;
}

int plan_first_gradient(const struct plan *plan)
{
    int first = 0;
    while (first < plan->step_count && plan->steps[first].kind != STEP_LOSS)
        first++;
    return first;
}

const struct plan *plan_of_call(const struct schedule *schedule, enum call_kind call)
{
    for (int i = 0; i < schedule->plan_count; i++)
        if (schedule->plans[i].call == call)
            return &schedule->plans[i];
    return NULL;
}

/* The shortest past that is a ring. On a Zen 3 a step of a value of one unit takes as long either way with 8 frames,
 * and with more it takes less with a ring. */
enum { RING_FRAMES = 8 };

bool past_is_ring(const struct schedule *schedule, int id)
{
    const struct buffer *buffer = &schedule->buffers[id];
    return (buffer->storage == STORE_BLOCK || buffer->storage == STORE_SEQUENCE) && buffer->past >= RING_FRAMES &&
           plan_of_call(schedule, CALL_STEP);
}

bool has_rings(const struct schedule *schedule)
{
    bool any = false;
    for (int i = 0; i < schedule->graph->node_count; i++)
        any |= past_is_ring(schedule, i);
    return any;
}
