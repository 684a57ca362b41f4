#include "schedule_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/machine.h"
#include "base/text.h"
#include "transform/transform.h"

const struct schedule_options default_schedule_options = {
    .machine = &machine_generic, .elementwise_scan = true, .group_frames = true, .turn_panels = true};

static struct scheduled schedule_lowered(struct lowered lowered, const struct schedule_options *options)
{
    struct scheduled scheduled = {.lowered = lowered};
    struct arena *arena = scheduled.lowered.arena;
    struct graph *graph = scheduled.lowered.graph;
    simplify(graph, arena);
    decompose(graph, arena);
    factor(graph, options->machine, arena);
    factor_sums(graph, arena);
    if (graph->trains)
        differentiate(graph, false, false, arena);
    sink(graph, options->machine, arena);
    legalise(graph, arena);
    expect_verified(&scheduled.lowered);
    struct components components = find_components(graph, arena, arena);
    scheduled.schedule = split_regions(graph, &components, options, arena, arena);
    choose_kernels(scheduled.schedule, arena, arena);
    place_threads(scheduled.schedule);
    form_sections(scheduled.schedule, arena, arena);
    assign_buffers(scheduled.schedule, arena, arena);
    const char *wrong = schedule_verify(scheduled.schedule, arena);
    if (wrong)
        fail_msg("%s in\n%s", wrong, schedule_lines(&scheduled));
    return scheduled;
}

struct scheduled schedule_program(const char *text, const struct schedule_options *options)
{
    return schedule_lowered(lower_program(text), options);
}

struct scheduled schedule_training(const char *text, const struct schedule_options *options)
{
    return schedule_lowered(lower_training(text), options);
}

void scheduled_free(struct scheduled *scheduled) { lowered_free(&scheduled->lowered); }

static void print_edge(const struct graph *graph, const struct edge *edge, struct text *out)
{
    const struct node *node = graph->nodes[edge->node];
    text_puts(out, node->name ? node->name : op_info(node->op)->id);
    if (!edge_is_whole(graph, edge))
        text_printf(out, "[%d:%d]", edge->begin, edge->begin + edge->length);
    if (edge->delay)
        text_printf(out, "[t%+d]", -edge->delay);
}

static void print_kernel(const struct graph *graph, const struct kernel *kernel, struct text *out)
{
    text_printf(out, "%d %s ", kernel->phase, kernel_kind_name(kernel->kind));
    if (kernel->accumulator_count)
        text_printf(out, "%dx", kernel->accumulator_count);
    text_printf(out, "%d", kernel->units);
    for (int o = 0; o < kernel->operand_count; o++) {
        const struct operand *operand = &kernel->operands[o];
        text_puts(out, o ? ", " : " by ");
        print_edge(graph, &operand->x, out);
        if (operand->row_count != kernel->accumulator_count)
            text_printf(out, " (%d..%d)", operand->first_row, operand->first_row + operand->row_count - 1);
    }
}

const char *schedule_lines(const struct scheduled *scheduled)
{
    const struct schedule *schedule = scheduled->schedule;
    struct text text;
    text_init(&text, scheduled->lowered.arena);
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        text_printf(&text, "%s: ", region->name);
        if (region->pass)
            text_printf(&text, "pass %d ", region->pass);
        text_printf(&text, "%s%s", region->reversed ? "reversed " : "", region_kind_name(region->kind));
        if (region->group > 1)
            text_printf(&text, " of %d frames", region->group);
        for (int k = 0; k < region->kernel_count; k++) {
            text_puts(&text, k ? "; " : ": ");
            print_kernel(schedule->graph, &region->kernels[k], &text);
        }
        text_puts(&text, "\n");
    }
    return text.data;
}

void expect_schedule(const char *text, const struct schedule_options *options, const char *const *lines)
{
    struct scheduled scheduled = schedule_program(text, options);
    struct text wanted;
    text_init(&wanted, scheduled.lowered.arena);
    for (int i = 0; lines[i]; i++)
        text_printf(&wanted, "%s\n", lines[i]);
    const char *found = schedule_lines(&scheduled);
    if (strcmp(found, wanted.data) != 0)
        fail_msg("expected\n%sbut found\n%sof\n%s", wanted.data, found, graph_equations(&scheduled.lowered));
    scheduled_free(&scheduled);
}

const char *buffer_text(const struct scheduled *scheduled, const char *name)
{
    static const char *const kinds[] = {"none", "static", "input", "frame", "block", "sequence"};
    const struct buffer *buffer = &scheduled->schedule->buffers[node_called(&scheduled->lowered, name)];
    const struct graph *graph = scheduled->lowered.graph;
    struct text text;
    text_init(&text, scheduled->lowered.arena);
    text_puts(&text, kinds[buffer->storage]);
    if (buffer->past)
        text_printf(&text, ", past %d", buffer->past);
    if (buffer->future)
        text_printf(&text, ", future %d", buffer->future);
    if (buffer->init != NO_NODE) {
        text_puts(&text, " from ");
        print_edge(graph, &(struct edge){.node = buffer->init, .length = node_units(graph->nodes[buffer->init])},
                   &text);
    }
    if (buffer->in_place)
        text_puts(&text, ", in place");
    return text.data;
}
