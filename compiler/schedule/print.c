/* The text of a schedule and of its plans, for --emit=schedule, --dump-after and tests. */
#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "schedule/plan.h"

const char *region_kind_name(enum region_kind kind)
{
    static const char *const names[] = {REGION_KINDS(LIST_NAME)};
    return names[kind];
}

const char *storage_name(enum storage storage)
{
    static const char *const names[] = {STORAGES(LIST_NAME)};
    return names[storage];
}

const char *thread_way_name(enum thread_way way)
{
    static const char *const names[] = {THREAD_WAYS(LIST_NAME)};
    return names[way];
}

const enum thread_way *thread_way_find(const char *name)
{
    static const enum thread_way ways[] = {
#define X(id, name) THREADS_##id,
        THREAD_WAYS(X)
#undef X
    };
    for (int i = 0; i < THREADS_COUNT; i++)
        if (strcmp(thread_way_name(ways[i]), name) == 0)
            return &ways[i];
    return NULL;
}

static void print_nodes(const struct schedule *schedule, const int *nodes, int count, struct text *out)
{
    for (int i = 0; i < count; i++) {
        const struct node *node = schedule->graph->nodes[nodes[i]];
        text_printf(out, "%s%%%d", i ? ", " : "", nodes[i]);
        if (node->name)
            text_printf(out, " %s", node->name);
    }
    text_puts(out, "\n");
}

static void print_kernel(const struct schedule *schedule, const struct kernel *kernel, struct text *out)
{
    text_printf(out, "  phase %d: %s, %d units\n", kernel->phase, kernel_kind_name(kernel->kind), kernel->units);
    for (int i = 0; i < kernel->accumulator_count; i++) {
        text_printf(out, "    row %d: ", i);
        if (kernel->accumulators[i].start.node != NO_NODE) {
            text_puts(out, "from ");
            graph_print_edge(schedule->graph, &kernel->accumulators[i].start, out);
            text_puts(out, " ");
        }
        text_printf(out, "to %%%d\n", kernel->accumulators[i].result);
    }
    for (int i = 0; i < kernel->operand_count; i++) {
        const struct operand *operand = &kernel->operands[i];
        text_printf(out, "    panels %d, rows %d..%d, with ", operand->panels, operand->first_row,
                    operand->first_row + operand->row_count - 1);
        graph_print_edge(schedule->graph, &operand->x, out);
        if (operand->storage != PRECISION_F32)
            text_printf(out, " in %s", precision_name(operand->storage));
        text_puts(out, ": ");
        print_nodes(schedule, operand->products, operand->row_count, out);
    }
    if (kernel->node_count) {
        text_puts(out, "    then ");
        print_nodes(schedule, kernel->nodes, kernel->node_count, out);
    }
}

static void print_sharing(const struct sharing *sharing, struct text *out)
{
    if (!sharing->fork_columns)
        return;
    text_printf(out, "  threads from %d columns", sharing->fork_columns);
    if (sharing->streams_each)
        text_printf(out, ", by streams from %d each", sharing->streams_each);
    if (sharing->row_streams)
        text_printf(out, ", by rows from %d streams, %d threads at most", sharing->row_streams, sharing->row_threads);
    text_puts(out, "\n");
}

static void print_buffers(const struct schedule *schedule, struct text *out)
{
    for (int i = 0; i < schedule->graph->node_count; i++) {
        const struct buffer *buffer = &schedule->buffers[i];
        if (buffer->storage == STORE_NONE)
            continue;
        text_puts(out, "buffer ");
        if (buffer->storage == STORE_GRADIENT)
            text_printf(out, "of %%%d", buffer->target);
        else
            text_puts(out, schedule->names[i]);
        text_printf(out, ": %%%d, %s, %d units", i, storage_name(buffer->storage),
                    node_units(schedule->graph->nodes[i]));
        if (buffer->past)
            text_printf(out, ", past %d", buffer->past);
        if (buffer->future)
            text_printf(out, ", future %d", buffer->future);
        text_puts(out, buffer->in_place ? ", in place" : "");
        if (buffer->init != NO_NODE)
            text_printf(out, ", init %%%d", buffer->init);
        text_puts(out, "\n");
    }
}

void schedule_print(const struct schedule *schedule, struct text *out)
{
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        text_printf(out, "region %s: %s%s, pass %d, stage %d, %.0f flops and %.0f bytes of weights a frame%s\n",
                    region->name, region->reversed ? "reversed " : "", region_kind_name(region->kind), region->pass,
                    region->stage, region->flops, region->bytes, region->turns ? ", to and fro" : "");
        if (!region->kernel_count) {
            text_puts(out, "  ");
            print_nodes(schedule, region->nodes, region->node_count, out);
        }
        for (int k = 0; k < region->kernel_count; k++)
            print_kernel(schedule, &region->kernels[k], out);
        print_sharing(&region->sharing, out);
    }
    if (schedule->buffers) {
        print_buffers(schedule, out);
        text_printf(out, "block of %d frames\n", schedule->block_frames);
    }
}

/* ---- plans ---- */

static const char *call_kind_name(enum call_kind call)
{
    static const char *const names[] = {CALL_KINDS(LIST_NAME)};
    return names[call];
}

const char *step_kind_name(enum step_kind kind)
{
    static const char *const names[] = {STEP_KINDS(LIST_NAME)};
    return names[kind];
}

static void print_section(const struct schedule *schedule, int number, struct text *out)
{
    const struct section *section = &schedule->sections[number];
    text_printf(out, ", section %d", number);
    for (int i = 0; i < section->wait_count; i++)
        text_printf(out, "%s %d%s", i ? "," : " behind", section->waits[i].section,
                    section->waits[i].whole ? " as a whole" : "");
}

/* Prints headings: the pass, and whether block by block; steps are listed below them. */
static void print_headings(const struct schedule *schedule, const struct step *step, const struct step *before,
                           struct text *out)
{
    bool same_pass = before && before->scope != SCOPE_CALL && before->pass == step->pass;
    if (step->scope != SCOPE_CALL && !same_pass)
        text_printf(out, "  pass %d, %s\n", step->pass, step->backward ? "backward" : "forward");
    if (step->scope != SCOPE_BLOCK || (same_pass && before->scope == SCOPE_BLOCK && before->section == step->section))
        return;
    text_puts(out, "    block by block");
    if (step->section != NO_SECTION)
        print_section(schedule, step->section, out);
    text_puts(out, "\n");
}

static void print_step(const struct schedule *schedule, const struct step *step, struct text *out)
{
    bool of_call = step->kind == STEP_INPUTS || step->kind == STEP_OUTPUTS || step->kind == STEP_TELL;
    text_printf(out, "%*s%s", 2 + 2 * (int)step->scope, "", step_kind_name(step->kind));
    if (step->region != NO_REGION)
        text_printf(out, " %s", schedule->regions[step->region].name);
    else if (step->value_count && !of_call)
        text_puts(out, " inputs");
    const char *first = of_call ? " " : ": ";
    for (int i = 0; i < step->value_count; i++)
        text_printf(out, "%s%s", i ? ", " : first,
                    step->kind == STEP_OUTPUTS ? schedule->graph->outputs[step->values[i]].name
                    : step->kind == STEP_TELL  ? schedule->graph->parameters[step->values[i]].name
                                               : schedule->names[step->values[i]]);
    text_puts(out, step->gradient ? " [gradient]\n" : "\n");
}

void plan_print(const struct schedule *schedule, struct text *out)
{
    for (int p = 0; p < schedule->plan_count; p++) {
        const struct plan *plan = &schedule->plans[p];
        text_printf(out, "%s: %s%s\n", call_kind_name(plan->call),
                    plan->whole ? "all streams begin" : "streams begin or go on",
                    plan->carries ? ", the past of streams is carried" : "");
        for (int i = 0; i < plan->step_count; i++) {
            print_headings(schedule, &plan->steps[i], i ? &plan->steps[i - 1] : NULL, out);
            print_step(schedule, &plan->steps[i], out);
        }
    }
}
