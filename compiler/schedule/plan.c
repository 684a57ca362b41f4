/* plan: makes the schedule into steps for each entry point. */
#include "schedule/plan.h"

#include "base/arena.h"

struct planning {
    const struct schedule *schedule;
    const struct graph *graph;
    struct arena *arena;
    struct plan *plan;
    int capacity;
    bool gradient; /* set on the steps that are added */
    int section;   /* of the steps of blocks that are added, or NO_SECTION */
    bool sections; /* steps of blocks are added section by section */
    bool *made;    /* by region: its step is among the steps */
    bool *told;    /* by parameter: a step has told that its gradient is complete */
};

/* ---- values ---- */

static int node_pass(const struct schedule *schedule, int id)
{
    int region = schedule->region_of[id];
    return region < 0 ? 0 : schedule->regions[region].pass;
}

/* Returns the pass before which the value starts: its own, or a later one that computes its initial value. */
static int start_pass(const struct schedule *schedule, int id)
{
    const struct graph *graph = schedule->graph;
    int own = node_pass(schedule, id), init = schedule->buffers[id].init;
    if (init == NO_NODE || graph->nodes[init]->time != TIME_SEQUENCE)
        return own;
    int pass = schedule->passes.of[init] + node_gathers_frames(graph, graph->nodes[init]);
    return pass > own ? pass : own;
}

bool ends_with_block(const struct schedule *schedule, int id)
{
    return schedule->buffers[id].future && start_pass(schedule, id) == node_pass(schedule, id);
}

/* ---- the values of a step ---- */

typedef bool value_test(const struct planning *planning, int id, int pass);

/* True if frames out of range are read, or the value is gathered from all frames. */
static bool value_starts(const struct planning *planning, int id, int pass)
{
    const struct buffer *buffer = &planning->schedule->buffers[id];
    if (start_pass(planning->schedule, id) != pass)
        return false;
    return node_gathers(planning->graph->nodes[id]) ||
           (buffer_is_value(buffer) && (buffer->past || buffer->future || buffer->in_place));
}

/* True for values that a state holds. In training, sums are those of a window. */
static bool value_is_kept(const struct planning *planning, int id, int pass)
{
    (void)pass;
    const struct buffer *buffer = &planning->schedule->buffers[id];
    return (buffer_is_value(buffer) && buffer->past) ||
           (!planning->graph->trains && node_gathers(planning->graph->nodes[id]));
}

/* True if the value's last frames move to its past. A value that is overwritten in place is its own past. */
static bool value_is_carried(const struct planning *planning, int id, int pass)
{
    (void)pass;
    const struct buffer *buffer = &planning->schedule->buffers[id];
    return buffer->storage == STORE_BLOCK && buffer->past;
}

/* The same for a value of the whole sequence, whose past lies in front of each block: only a call of one frame, which
 * has no blocks, moves it. */
static bool value_is_carried_by_frame(const struct planning *planning, int id, int pass)
{
    (void)pass;
    const struct buffer *buffer = &planning->schedule->buffers[id];
    return buffer->storage == STORE_SEQUENCE && buffer->past;
}

static bool value_finishes(const struct planning *planning, int id, int pass)
{
    const struct node *node = planning->graph->nodes[id];
    return node_pass(planning->schedule, id) == pass &&
           (node_gathers(node) || op_reads(node->op, 0) == READS_ALL_FRAMES);
}

static bool node_is_given(const struct node *node)
{
    return op_info(node->op)->class == OP_CLASS_LEAF && node->time != TIME_STATIC;
}

/* True for an adjoint, which only the backward pass is given. */
static bool value_is_adjoint(const struct planning *planning, int id)
{
    return node_is_given_adjoint(planning->graph, planning->graph->nodes[id]);
}

/* True for values given once for the call: those without frames, and those read out of range by a program that needs
 * all frames. */
static bool value_is_given_once(const struct planning *planning, int id, int pass)
{
    (void)pass;
    const struct node *node = planning->graph->nodes[id];
    return node_is_given(node) && (node->op != OP_input || node->time == TIME_SEQUENCE ||
                                   planning->schedule->buffers[id].storage == STORE_SEQUENCE);
}

static bool value_is_given_first(const struct planning *planning, int id, int pass)
{
    return value_is_given_once(planning, id, pass) && !value_is_adjoint(planning, id);
}

static bool adjoint_is_given_once(const struct planning *planning, int id, int pass)
{
    return value_is_given_once(planning, id, pass) && value_is_adjoint(planning, id);
}

/* True for values given block by block, to a pass, or to a section of it, that reads them. */
static bool value_is_given_to_pass(const struct planning *planning, int id, int pass)
{
    if (!node_is_given(planning->graph->nodes[id]) || value_is_given_once(planning, id, pass))
        return false;
    const struct uses *uses = &planning->schedule->uses;
    bool reads = false;
    for (int u = uses->begin[id]; u < uses->begin[id + 1]; u++) {
        int reader = uses->use[u].reader;
        bool here = reader < 0 ? pass == 0 : node_pass(planning->schedule, reader) == pass;
        reads |= here && (!planning->sections || section_of_reader(planning->schedule, reader) == planning->section);
    }
    return reads;
}

/* ---- steps ---- */

static struct step *add_step(struct planning *planning, enum step_kind kind, enum step_scope scope, int pass,
                             int region)
{
    struct plan *plan = planning->plan;
    struct step step = {.kind = kind,
                        .scope = scope,
                        .pass = pass,
                        .backward = scope != SCOPE_CALL && pass_is_backward(pass),
                        .section = scope == SCOPE_BLOCK ? planning->section : NO_SECTION,
                        .gradient = planning->gradient,
                        .region = region};
    ARENA_PUSH(planning->arena, plan->steps, plan->step_count, planning->capacity, step);
    return &plan->steps[plan->step_count - 1];
}

/* Adds a step about these values; none if there are none. */
static void add_step_of(struct planning *planning, enum step_kind kind, enum step_scope scope, int pass, int region,
                        int *values, int count)
{
    if (!count)
        return;
    struct step *step = add_step(planning, kind, scope, pass, region);
    step->values = values;
    step->value_count = count;
}

/* True if steps of the section at hand, if there is one, are to have a value. */
static bool value_is_at_hand(const struct planning *planning, enum step_scope scope, enum step_kind kind, int id)
{
    return !planning->sections || scope != SCOPE_BLOCK || kind == STEP_INPUTS ||
           section_of_value(planning->schedule, id) == planning->section;
}

/* Adds a step for those values of a region (NO_REGION: given values) that pass a test; none if there are no such
 * values. */
static void add_values_of(struct planning *planning, enum step_kind kind, enum step_scope scope, int pass, int region,
                          value_test *test)
{
    const struct schedule *schedule = planning->schedule;
    int candidates = region == NO_REGION ? planning->graph->node_count : schedule->regions[region].node_count;
    int *values = NULL, count = 0, capacity = 0;
    for (int i = 0; i < candidates; i++) {
        int id = region == NO_REGION ? i : schedule->regions[region].nodes[i];
        if ((region != NO_REGION || node_is_given(planning->graph->nodes[id])) &&
            value_is_at_hand(planning, scope, kind, id) && test(planning, id, pass))
            ARENA_PUSH(planning->arena, values, count, capacity, id);
    }
    add_step_of(planning, kind, scope, pass, region, values, count);
}

/* Does the same for given values and then for each region in turn. */
static void add_values(struct planning *planning, enum step_kind kind, enum step_scope scope, int pass,
                       value_test *test)
{
    add_values_of(planning, kind, scope, pass, NO_REGION, test);
    for (int r = 0; r < planning->schedule->region_count; r++)
        if (planning->schedule->regions[r].kind != REGION_STATIC && planning->schedule->regions[r].kind != REGION_LATE)
            add_values_of(planning, kind, scope, pass, r, test);
}

/* True if something that a parameter's gradient is added up from has still to be made. */
static bool gradient_waits(const struct planning *planning, int parameter)
{
    const struct graph *graph = planning->graph;
    bool waits = false;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];
        for (int k = 0; k < node->count && node->op == OP_gradient && node->parameter == parameter; k++) {
            bool direct = planning->schedule->buffers[node->edges[k].node].storage == STORE_GRADIENT;
            int region = planning->schedule->region_of[direct ? node->edges[k].node : i];
            waits |= region >= 0 && !planning->made[region];
        }
    }
    return waits;
}

/* Adds a step that tells which gradients are complete now and were not before; none if there are none. */
static void add_tell(struct planning *planning, enum step_scope scope, int pass)
{
    int *parameters = NULL, count = 0, capacity = 0;
    for (int i = 0; i < planning->graph->parameter_count && planning->gradient; i++)
        if (!planning->told[i] && !gradient_is_told_by_region(planning->schedule, i) && !gradient_waits(planning, i)) {
            planning->told[i] = true;
            ARENA_PUSH(planning->arena, parameters, count, capacity, i);
        }
    add_step_of(planning, STEP_TELL, scope, pass, NO_REGION, parameters, count);
}

static void add_regions(struct planning *planning, enum region_kind kind, enum step_scope scope, int pass)
{
    for (int r = 0; r < planning->schedule->region_count; r++) {
        const struct region *region = &planning->schedule->regions[r];
        bool fits = kind == REGION_FRAMES ? region_is_of_blocks(region) : region->kind == kind;
        if (planning->sections && scope == SCOPE_BLOCK)
            fits &= planning->schedule->section_of[r] == planning->section;
        if (fits && (region_is_once(region) ? region->kernel_count > 0 : region->pass == pass)) {
            add_step(planning, STEP_REGION, scope, pass, r);
            planning->made[r] = true;
            if (!planning->sections) /* whose threads tell nobody: the steps behind them do */
                add_tell(planning, scope, pass);
        }
    }
}

/* Adds the outputs of a pass, block by block; those of sequences at the end; behind gradients those of inputs. */
static void add_outputs(struct planning *planning, enum step_scope scope, int pass)
{
    const struct graph *graph = planning->graph;
    int *numbers = NULL, count = 0, capacity = 0;
    for (int i = 0; i < graph->output_count; i++) {
        const struct graph_output *output = &graph->outputs[i];
        bool of_block = output->time == TIME_FRAME && node_pass(planning->schedule, output->edge.node) == pass &&
                        value_is_at_hand(planning, scope, STEP_OUTPUTS, output->edge.node);
        bool wanted = scope == SCOPE_BLOCK ? of_block : output->time != TIME_FRAME;
        if (planning->gradient)
            wanted = scope == SCOPE_CALL && (output->input >= 0 || output->of_past);
        else if (graph->trains)
            wanted &= output->forward;
        if (wanted)
            ARENA_PUSH(planning->arena, numbers, count, capacity, i);
    }
    add_step_of(planning, STEP_OUTPUTS, scope, pass, NO_REGION, numbers, count);
}

/* ---- calls ---- */

/* The moment in a training call when all losses are complete: before a pass; `after_regions`: behind the regions that
 * run once before that pass. */
struct moment {
    int pass;
    bool after_regions;
};

static struct moment losses_are_done(const struct schedule *schedule)
{
    struct moment done = {0, false};
    for (int i = 0; i < schedule->graph->output_count; i++) {
        int id = schedule->graph->outputs[i].edge.node;
        const struct node *node = schedule->graph->nodes[id];
        struct moment at = {schedule->passes.of[id] + (node->time == TIME_FRAME), node->time != TIME_FRAME};
        if (node->op == OP_seed && (at.pass > done.pass || (at.pass == done.pass && at.after_regions)))
            done = at;
    }
    return done;
}

/* Adds the end of a training call, or of its forward pass: the past goes into the state. */
static void add_end(struct planning *planning, enum step_scope scope, int pass)
{
    if (!planning->plan->carries)
        return;
    add_values(planning, STEP_KEEP, scope, pass, value_is_kept);
    add_step(planning, STEP_AGE, scope, pass, NO_REGION);
}

/* Adds the moment when all losses are complete: in a graph `of_outputs` the forward pass ends there. */
static void add_loss(struct planning *planning, int pass, bool after_regions)
{
    if (planning->plan->call != CALL_GRAD)
        return;
    struct moment done = losses_are_done(planning->schedule);
    if (done.pass != pass || done.after_regions != after_regions)
        return;
    enum step_scope scope = pass < planning->schedule->passes.count ? SCOPE_PASS : SCOPE_CALL;
    if (planning->graph->of_outputs) {
        add_outputs(planning, scope, pass);
        add_end(planning, scope, pass);
    }
    add_step(planning, STEP_LOSS, scope, pass, NO_REGION);
    planning->gradient = true;
    add_step(planning, STEP_CLEAR, scope, pass, NO_REGION);
    add_values_of(planning, STEP_INPUTS, SCOPE_CALL, pass, NO_REGION, adjoint_is_given_once);
    add_tell(planning, scope, pass);
}

static void add_blocks(struct planning *planning, int pass)
{
    const struct plan *plan = planning->plan;
    add_values(planning, STEP_INPUTS, SCOPE_BLOCK, pass, value_is_given_to_pass);
    add_regions(planning, REGION_FRAMES, SCOPE_BLOCK, pass);
    if (plan->call == CALL_STEP) /* while the last region still computes: the call ends by waiting for it */
        add_step(planning, STEP_AGE, SCOPE_BLOCK, pass, NO_REGION);
    add_outputs(planning, SCOPE_BLOCK, pass);
    if (plan->whole)
        return;
    if (plan->call == CALL_RUN)
        add_values(planning, STEP_KEEP, SCOPE_BLOCK, pass, value_is_kept);
    add_values(planning, STEP_CARRY, SCOPE_BLOCK, pass, value_is_carried);
    if (plan->call == CALL_STEP)
        add_values(planning, STEP_CARRY, SCOPE_BLOCK, pass, value_is_carried_by_frame);
}

/* Adds the steps of passes first .. last, which run side by side as a wavefront, or of one pass. */
static void add_passes(struct planning *planning, int first, int last)
{
    const struct plan *plan = planning->plan;
    const struct schedule *schedule = planning->schedule;
    add_loss(planning, first, false);
    add_regions(planning, REGION_SEQUENCE, SCOPE_PASS, first);
    add_loss(planning, first, true);
    for (int pass = first; pass <= last; pass++)
        add_values(planning, STEP_START, SCOPE_PASS, pass, value_starts);
    if (first == 0 && plan->carries && plan->call != CALL_STEP)
        add_values(planning, STEP_TAKE, SCOPE_PASS, first, value_is_kept);
    planning->sections = plan->call != CALL_STEP && schedule->section_count;
    for (int pass = first; pass <= last; pass++)
        add_blocks(planning, pass); /* of no section */
    for (int s = 0; s < schedule->section_count && planning->sections; s++)
        if (schedule->sections[s].pass >= first && schedule->sections[s].pass <= last) {
            planning->section = s;
            add_blocks(planning, schedule->sections[s].pass);
        }
    planning->section = NO_SECTION;
    planning->sections = false;
    add_tell(planning, SCOPE_PASS, first);
    if (plan->call == CALL_RUN && !plan->whole)
        add_step(planning, STEP_AGE, SCOPE_PASS, first, NO_REGION);
    for (int pass = first; pass <= last; pass++)
        add_values(planning, STEP_FINISH, SCOPE_PASS, pass, value_finishes);
}

/* Returns the last pass of the wavefront that a pass begins; the pass itself if there is none. */
static int last_beside(const struct schedule *schedule, int pass)
{
    int last = pass;
    for (int a = 0; a < schedule->section_count; a++)
        for (int b = 0; b < schedule->section_count && schedule->sections[a].pass == pass; b++)
            if (schedule->sections[b].wavefront == schedule->sections[a].wavefront && schedule->sections[b].pass > last)
                last = schedule->sections[b].pass;
    return last;
}

static void plan_call(struct planning *planning)
{
    const struct plan *plan = planning->plan;
    int passes = planning->schedule->passes.count;
    if (plan->call == CALL_GRAD)
        add_step(planning, STEP_PACK, SCOPE_CALL, 0, NO_REGION);
    add_values_of(planning, STEP_INPUTS, SCOPE_CALL, 0, NO_REGION, value_is_given_first);
    for (int first = 0, last; first < passes; first = last + 1) {
        last = last_beside(planning->schedule, first);
        add_passes(planning, first, last);
    }
    add_loss(planning, passes, false);
    add_regions(planning, REGION_SEQUENCE, SCOPE_CALL, passes);
    add_loss(planning, passes, true);
    add_regions(planning, REGION_LATE, SCOPE_CALL, passes);
    add_outputs(planning, SCOPE_CALL, passes);
    planning->gradient = false;
    if (plan->call == CALL_GRAD && !planning->graph->of_outputs)
        add_end(planning, SCOPE_CALL, passes);
}

void plan(struct schedule *schedule, struct arena *arena)
{
    const struct graph *graph = schedule->graph;
    static const enum call_kind calls[] = {CALL_STEP, CALL_RUN}, training_calls[] = {CALL_GRAD};
    const enum call_kind *kinds = graph->trains ? training_calls : schedule->whole_sequence ? calls + 1 : calls;
    schedule->plan_count = graph->trains || schedule->whole_sequence ? 1 : 2;
    schedule->plans = ARENA_ARRAY(arena, struct plan, schedule->plan_count);
    for (int i = 0; i < schedule->plan_count; i++) {
        struct plan *plan = &schedule->plans[i];
        *plan = (struct plan){.call = kinds[i],
                              .whole = schedule->whole_sequence,
                              .carries = graph->trains ? graph->carries : !schedule->whole_sequence};
        struct planning planning = {.schedule = schedule, .graph = graph, .arena = arena, .plan = plan};
        planning.section = NO_SECTION;
        planning.made = ARENA_ARRAY(arena, bool, schedule->region_count + 1);
        planning.told = ARENA_ARRAY(arena, bool, graph->parameter_count + 1);
        plan_call(&planning);
    }
}
