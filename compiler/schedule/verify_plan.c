/* Verifies plan: each call does all that the schedule asks of it, once, in an order in which values are computed before
 * they are read and kept before they are overwritten. Judged from the definitions in schedule.h and plan.h, not with
 * the stage's own functions. */
#include "base/arena.h"
#include "schedule/plan.h"

enum { STEP_KIND_COUNT = STEP_TELL + 1, NO_STEP = -1 };

struct checking {
    const struct schedule *schedule;
    const struct graph *graph;
    const struct plan *plan;
    int *of_region;              /* by region: the step that runs it, or NO_STEP */
    int *about[STEP_KIND_COUNT]; /* by node: the step of each kind that has it among its values, or NO_STEP */
    int *of_output;              /* by output */
    int *of_parameter;           /* by parameter: the step that tells that its gradient is complete */
    int alone[STEP_KIND_COUNT];  /* the step of each kind that has no values */
    int last_region;             /* the step of the last region that has been checked */
};

/* ---- the steps ---- */

static bool note_step(int *place, int step)
{
    bool first = *place == NO_STEP;
    *place = step;
    return first;
}

/* True if a step may be done again behind another: inputs of a block may be given to several passes and sections. */
static bool step_may_repeat(const struct step *step, const struct step *before)
{
    return step->kind == STEP_INPUTS && step->scope == SCOPE_BLOCK &&
           (before->pass != step->pass || before->section != step->section);
}

/* Notes the step of each region, value and output. False if something is done twice. */
static bool note_steps(struct checking *checking)
{
    const struct plan *plan = checking->plan;
    bool once = true;
    for (int i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];
        if (step->kind == STEP_REGION)
            once &= note_step(&checking->of_region[step->region], i);
        else if (!step->value_count)
            once &= note_step(&checking->alone[step->kind], i);
        for (int k = 0; k < step->value_count; k++) {
            int *places = step->kind == STEP_OUTPUTS ? checking->of_output
                          : step->kind == STEP_TELL  ? checking->of_parameter
                                                     : checking->about[step->kind];
            bool again =
                places[step->values[k]] != NO_STEP && step_may_repeat(step, &plan->steps[places[step->values[k]]]);
            once &= note_step(&places[step->values[k]], i) || again;
        }
    }
    return once;
}

static int *no_steps(struct arena *scratch, int count)
{
    int *places = ARENA_ARRAY(scratch, int, count + 1);
    for (int i = 0; i < count; i++)
        places[i] = NO_STEP;
    return places;
}

/* Returns the step that makes a node; NO_STEP for given and static values. */
static int made_by(const struct checking *checking, int id)
{
    int region = checking->schedule->region_of[id];
    return region < 0 ? NO_STEP : checking->of_region[region];
}

/* ---- regions ---- */

/* True if a call goes through its blocks section by section. */
static bool plan_has_sections(const struct checking *checking) { return checking->plan->call != CALL_STEP; }

static const char *check_region(struct checking *checking, int r)
{
    const struct region *region = &checking->schedule->regions[r];
    int at = checking->of_region[r];
    bool blocks =
        region->kind == REGION_FRAMES || region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
    bool runs = blocks || region->kind == REGION_SEQUENCE || (region->kind == REGION_LATE && region->kernel_count);
    if (runs != (at != NO_STEP))
        return runs ? "a call leaves a region out" : "a call runs a region that is not its own";
    if (!runs)
        return NULL;
    const struct step *step = &checking->plan->steps[at];
    if ((step->scope == SCOPE_BLOCK) != blocks)
        return "a region runs with each block, or once, where it should not";
    if (step->scope != SCOPE_CALL && step->pass != region->pass)
        return "a region runs in a pass that is not its own";
    if (plan_has_sections(checking) && step->section != checking->schedule->section_of[r])
        return "a region runs in a section that is not its own";
    if (step->section != NO_SECTION) /* where it may need no more than what the section waits for */
        return NULL;
    if (at < checking->last_region)
        return "a region runs before one that it may need";
    checking->last_region = at;
    return NULL;
}

/* ---- values ---- */

static bool has_columns(const struct buffer *buffer)
{
    return buffer->storage == STORE_FRAME || buffer->storage == STORE_BLOCK || buffer->storage == STORE_SEQUENCE;
}

static bool gathers(const struct node *node)
{
    return op_info(node->op)->class == OP_CLASS_OVER_TIME && op_info(node->op)->emit;
}

/* True for a value that a step of its own completes after all frames. */
static bool finishes(const struct node *node) { return gathers(node) || op_reads(node->op, 0) == READS_ALL_FRAMES; }

/* Checks that a value starts before its readers out of range, and before a cycle that begins with it, but after its
 * initial value. */
static const char *check_start(const struct checking *checking, int id)
{
    const struct schedule *schedule = checking->schedule;
    int start = checking->about[STEP_START][id], init = schedule->buffers[id].init;
    for (int u = schedule->uses.begin[id]; u < schedule->uses.begin[id + 1]; u++) {
        const struct use *use = &schedule->uses.use[u];
        bool out_of_range = use->reader >= 0 && !use->init && use->edge->delay != 0;
        if (out_of_range && start > made_by(checking, use->reader))
            return "a value is read out of range before it begins";
    }
    if (gathers(checking->graph->nodes[id]) && start > made_by(checking, id))
        return "something is gathered before it begins";
    if (init == NO_NODE || checking->graph->nodes[init]->time != TIME_SEQUENCE)
        return NULL;
    bool late = gathers(checking->graph->nodes[init]) ? checking->about[STEP_FINISH][init] > start
                                                      : made_by(checking, init) > start;
    return late ? "a value begins before its initial value is there" : NULL;
}

/* Checks that the past of a value is taken before it is read, and kept after the value is made and before the block's
 * last frames move. */
static const char *check_past(const struct checking *checking, int id)
{
    const struct buffer *buffer = &checking->schedule->buffers[id];
    const struct plan *plan = checking->plan;
    bool past = has_columns(buffer) && buffer->past;
    bool kept = plan->carries && plan->call != CALL_STEP &&
                (past || (!checking->graph->trains && gathers(checking->graph->nodes[id])));
    bool moves = buffer->storage == STORE_BLOCK || (buffer->storage == STORE_SEQUENCE && plan->call == CALL_STEP);
    bool carried = !plan->whole && past && moves;
    int start = checking->about[STEP_START][id], take = checking->about[STEP_TAKE][id],
        keep = checking->about[STEP_KEEP][id], carry = checking->about[STEP_CARRY][id], own = made_by(checking, id);
    if (kept != (take != NO_STEP) || kept != (keep != NO_STEP))
        return "the past of a value is not taken and kept as the call has it";
    if (carried != (carry != NO_STEP))
        return "the past of a value is not carried on as its memory has it";
    if (kept && (take < start || keep < take || keep < own || (own != NO_STEP && take > own)))
        return "the past of a value is taken or kept at the wrong time";
    for (int u = checking->schedule->uses.begin[id]; carried && u < checking->schedule->uses.begin[id + 1]; u++) {
        int reader = checking->schedule->uses.use[u].reader;
        if (reader >= 0 && made_by(checking, reader) > carry)
            return "a value is carried on before it has been read";
    }
    return carried && (carry < keep || carry < own) ? "a value is carried on before it is kept" : NULL;
}

static const char *check_finish(const struct checking *checking, int id)
{
    int finish = checking->about[STEP_FINISH][id];
    if (finishes(checking->graph->nodes[id]) != (finish != NO_STEP))
        return "what is made of all frames is not finished once";
    if (finish == NO_STEP)
        return NULL;
    if (finish < made_by(checking, id) || checking->plan->steps[finish].scope == SCOPE_BLOCK)
        return "what is made of all frames is finished before they are through";
    for (int u = checking->schedule->uses.begin[id]; u < checking->schedule->uses.begin[id + 1]; u++) {
        int reader = checking->schedule->uses.use[u].reader;
        if (reader >= 0 && made_by(checking, reader) != NO_STEP && made_by(checking, reader) < finish)
            return "what is made of all frames is read before it is finished";
    }
    return NULL;
}

static const char *check_value(const struct checking *checking, int id)
{
    const struct buffer *buffer = &checking->schedule->buffers[id];
    const struct node *node = checking->graph->nodes[id];
    bool starts = gathers(node) || (has_columns(buffer) && (buffer->past || buffer->future));
    const char *wrong = NULL;
    if (starts != (checking->about[STEP_START][id] != NO_STEP))
        return "a value does not begin once, as it should";
    if (starts)
        wrong = check_start(checking, id);
    if (!wrong)
        wrong = check_past(checking, id);
    return wrong ? wrong : check_finish(checking, id);
}

/* ---- the call ---- */

enum { NO_LOOP = -1, EVERY_LOOP = -2 };

/* Returns a number for the loop of a step. */
static int number_of_loop(const struct checking *checking, const struct step *step)
{
    return step->section == NO_SECTION ? step->pass : checking->schedule->passes.count + 1 + step->section;
}

/* True if a node (NO_NODE: none) is put in place by a step, and has not been for this loop. */
static bool is_missing(const struct checking *checking, const int *given, int id, int loop)
{
    const struct node *node = id == NO_NODE ? NULL : checking->graph->nodes[id];
    return node && op_info(node->op)->class == OP_CLASS_LEAF && time_has_streams(node->time) && given[id] != loop &&
           given[id] != EVERY_LOOP;
}

/* Returns a value of a step as a node; NO_NODE for a parameter. */
static int value_of_step(const struct checking *checking, const struct step *step, int k)
{
    return step->kind == STEP_TELL      ? NO_NODE
           : step->kind == STEP_OUTPUTS ? checking->graph->outputs[step->values[k]].edge.node
                                        : step->values[k];
}

/* Checks that steps about values that a section makes are in its loop. */
static const char *check_places(const struct checking *checking)
{
    for (int i = 0; i < checking->plan->step_count; i++) {
        const struct step *step = &checking->plan->steps[i];
        for (int k = 0; k < step->value_count && step->scope == SCOPE_BLOCK && plan_has_sections(checking); k++) {
            int id = value_of_step(checking, step, k);
            int region = id == NO_NODE ? NO_REGION : checking->schedule->region_of[id];
            if (region >= 0 && checking->schedule->section_of[region] != step->section)
                return "a value is kept, carried on or given in a section that is not its own";
        }
    }
    return NULL;
}

/* Checks that given values are put in place for each loop that reads them. */
static const char *check_given(const struct checking *checking, struct arena *scratch)
{
    const struct plan *plan = checking->plan;
    int *given = ARENA_ARRAY(scratch, int, checking->graph->node_count + 1); /* by node: the last loop that has it */
    for (int i = 0; i < checking->graph->node_count; i++)
        given[i] = NO_LOOP;
    for (int i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];
        const int loop = number_of_loop(checking, step);
        for (int k = 0; k < step->value_count && step->kind == STEP_INPUTS; k++)
            given[step->values[k]] = step->scope == SCOPE_CALL ? EVERY_LOOP : loop;
        for (int k = 0; k < step->value_count && step->scope == SCOPE_BLOCK; k++)
            if (is_missing(checking, given, value_of_step(checking, step, k), loop))
                return "an input is kept or given where it has not been given";
        const struct region *region = step->kind == STEP_REGION ? &checking->schedule->regions[step->region] : NULL;
        for (int n = 0; region && n < region->node_count; n++) {
            const struct node *reader = checking->graph->nodes[region->nodes[n]];
            for (int k = 0; k < reader->count; k++)
                if (is_missing(checking, given, reader->edges[k].node, loop) ||
                    is_missing(checking, given, reader->edges[k].init, loop))
                    return "an input is read where it has not been given";
        }
    }
    return NULL;
}

static const char *check_output(const struct checking *checking, int output)
{
    const struct graph_output *given = &checking->graph->outputs[output];
    bool wanted = !checking->graph->trains || given->input >= 0 || given->of_past || given->forward;
    int at = checking->of_output[output], carry = checking->about[STEP_CARRY][given->edge.node];
    if (wanted != (at != NO_STEP))
        return "an output is not given once, as it should be";
    if (wanted && (at < made_by(checking, given->edge.node) || (carry != NO_STEP && at > carry)))
        return "an output is given before it is there, or when it is there no longer";
    if (given->forward && at > checking->alone[STEP_LOSS])
        return "an output is given behind the forward pass";
    return NULL;
}

/* Checks that a call tells of each gradient once, behind all that is added to it, and on its own thread; unless its
 * region of sums does. */
static const char *check_told(const struct checking *checking)
{
    for (int p = 0; p < checking->graph->parameter_count; p++) {
        int at = checking->of_parameter[p];
        const bool told = checking->plan->call == CALL_GRAD && !gradient_is_told_by_region(checking->schedule, p);
        if (told != (at != NO_STEP))
            return "a call does not tell once that a gradient is complete";
        if (at != NO_STEP && checking->plan->steps[at].section != NO_SECTION)
            return "a section tells that a gradient is complete";
        for (int i = 0; i < checking->graph->node_count && at != NO_STEP; i++) {
            const struct node *node = checking->graph->nodes[i];
            bool adds = node->op == OP_gradient && node->parameter == p;
            for (int k = 0; k < node->count && adds; k++) {
                int source = node->edges[k].node;
                bool direct = checking->schedule->buffers[source].storage == STORE_GRADIENT;
                if (made_by(checking, direct ? source : i) > at)
                    return "a call tells that a gradient is complete before it is";
            }
        }
    }
    return NULL;
}

/* Checks that gradients are made behind the losses, and only if they are wanted. */
static const char *check_gradient(const struct checking *checking)
{
    const struct plan *plan = checking->plan;
    bool trains = plan->call == CALL_GRAD;
    int loss = checking->alone[STEP_LOSS];
    if (trains != (loss != NO_STEP) || trains != (checking->alone[STEP_PACK] != NO_STEP) ||
        trains != (checking->alone[STEP_CLEAR] != NO_STEP) || checking->alone[STEP_PACK] > 0)
        return "a call does not pack weights, give its loss and clear its gradients once";
    if (plan->carries != (checking->alone[STEP_AGE] != NO_STEP))
        return "streams do not grow older once";
    for (int i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];
        bool ends = !checking->graph->of_outputs && (step->kind == STEP_KEEP || step->kind == STEP_AGE);
        bool behind = trains && i > loss && !ends;
        if (step->gradient != behind || (behind && i < checking->alone[STEP_CLEAR]))
            return "what is left out without a gradient is not what makes it";
    }
    for (int i = 0; i < checking->graph->node_count && trains; i++) {
        const struct node *node = checking->graph->nodes[i];
        if (node->op == OP_seed && made_by(checking, i) > loss)
            return "the loss is given before all of it is there";
    }
    return NULL;
}

static const char *check_plan(const struct schedule *schedule, const struct plan *plan, struct arena *scratch)
{
    struct checking checking = {.schedule = schedule, .graph = schedule->graph, .plan = plan};
    checking.of_region = no_steps(scratch, schedule->region_count);
    checking.of_output = no_steps(scratch, schedule->graph->output_count);
    checking.of_parameter = no_steps(scratch, schedule->graph->parameter_count);
    for (int kind = 0; kind < STEP_KIND_COUNT; kind++) {
        checking.about[kind] = no_steps(scratch, schedule->graph->node_count);
        checking.alone[kind] = NO_STEP;
    }
    if (!note_steps(&checking))
        return "something is done twice";
    const char *wrong = plan_verify_loops(schedule, plan);
    for (int r = 0; r < schedule->region_count && !wrong; r++)
        wrong = check_region(&checking, r);
    for (int i = 0; i < schedule->graph->node_count && !wrong; i++)
        if (time_has_streams(schedule->graph->nodes[i]->time))
            wrong = check_value(&checking, i);
    for (int i = 0; i < schedule->graph->output_count && !wrong; i++)
        wrong = check_output(&checking, i);
    if (!wrong)
        wrong = check_places(&checking);
    if (!wrong)
        wrong = check_given(&checking, scratch);
    if (!wrong)
        wrong = check_told(&checking);
    return wrong ? wrong : check_gradient(&checking);
}

const char *plan_verify(const struct schedule *schedule, struct arena *scratch)
{
    const char *wrong = NULL;
    for (int i = 0; i < schedule->plan_count && !wrong; i++)
        wrong = check_plan(schedule, &schedule->plans[i], scratch);
    return wrong;
}
