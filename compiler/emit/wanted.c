/* Kernels that only gradients of inputs or of the past need: a backward call leaves out those outside scans where
 * the caller does not want such gradients, as of data that is not trained. The members that say so end with `_`, as no
 * name of a value does. */
#include <string.h>

#include "emit/calls.h"

static bool may_be_unwanted(const struct graph *graph, int output)
{
    return graph->of_outputs && (graph->outputs[output].input >= 0 || graph->outputs[output].of_past);
}

static const char *name_of(const struct emitter *emitter, int output)
{
    return emitter->arguments[emitter->graph->input_count + output];
}

void write_wanted_members(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->output_count; i++)
        if (may_be_unwanted(emitter->graph, i))
            text_printf(emitter->out, "    int %s_wanted_; /* by the caller */\n", name_of(emitter, i));
}

void write_wanted(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->output_count; i++)
        if (may_be_unwanted(emitter->graph, i))
            text_printf(emitter->out, "    values.%s_wanted_ = %s != NULL;\n", name_of(emitter, i),
                        name_of(emitter, i));
}

/* Returns by output whether a kernel serves it: a node of it is read there, or by what is. */
static const bool *outputs_served(const struct emitter *emitter, const struct region *region,
                                  const struct kernel *kernel)
{
    const struct graph *graph = emitter->graph;
    bool *served = ARENA_ARRAY(emitter->arena, bool, graph->output_count + 1);
    bool *seen = ARENA_ARRAY(emitter->arena, bool, graph->node_count + 1);
    int *open = ARENA_ARRAY(emitter->arena, int, graph->node_count + 1), count = 0;
    for (int i = 0; i < region->node_count; i++)
        if (emitter->schedule->kernel_of[region->nodes[i]] == kernel) {
            seen[region->nodes[i]] = true;
            open[count++] = region->nodes[i];
        }
    while (count) {
        const int id = open[--count];
        for (int u = emitter->uses.begin[id]; u < emitter->uses.begin[id + 1]; u++) {
            const struct use *use = &emitter->uses.use[u];
            if (use->reader < 0) {
                served[use_output(use)] = true;
            } else if (!seen[use->reader]) {
                seen[use->reader] = true;
                open[count++] = use->reader;
            }
        }
    }
    return served;
}

/* True if the backward call runs a region. */
static bool region_is_of_backward(const struct emitter *emitter, const struct region *region)
{
    const struct plan *plan = plan_of_call(emitter->schedule, CALL_GRAD);
    for (int i = plan_first_gradient(plan); i < plan->step_count; i++)
        if (plan->steps[i].kind == STEP_REGION && &emitter->schedule->regions[plan->steps[i].region] == region)
            return true;
    return false;
}

const char *wanted_condition(const struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    const bool waits = region->kind == REGION_FRAMES || region->kind == REGION_SEQUENCE;
    if (!emitter->graph->of_outputs || !waits || !region_is_of_backward(emitter, region))
        return NULL;
    const bool *served = outputs_served(emitter, region, kernel);
    const char *condition = NULL;
    for (int i = 0; i < emitter->graph->output_count; i++) {
        if (!served[i])
            continue;
        if (!may_be_unwanted(emitter->graph, i))
            return NULL;
        condition = arena_printf(emitter->arena, "%s%svalues->%s_wanted_", condition ? condition : "",
                                 condition ? " || " : "", name_of(emitter, i));
    }
    return condition;
}

bool panels_are_of_backward(const struct emitter *emitter, int panels, const char **condition)
{
    const struct schedule *schedule = emitter->schedule;
    bool always = false;
    *condition = NULL;
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++) {
            const struct region *region = &schedule->regions[r];
            const struct kernel *kernel = &region->kernels[k];
            bool reads = false;
            for (int o = 0; o < kernel->operand_count; o++)
                reads |= kernel->operands[o].panels == panels;
            if (!reads)
                continue;
            if (!emitter->graph->of_outputs || !region_is_of_backward(emitter, region))
                return false;
            const char *one = wanted_condition(emitter, region, kernel);
            always |= !one || (*condition && strcmp(*condition, one) != 0);
            *condition = one;
        }
    if (always)
        *condition = NULL;
    return true;
}
