/* State while a file is written: the names of everything in it. */
#include <string.h>

#include "emit/emitter.h"

static void name_leaves(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    struct unique members, arguments;
    unique_init(&members, emitter->arena);
    unique_init(&arguments, emitter->arena);
    emitter->parameters = ARENA_ARRAY(emitter->arena, const char *, graph->parameter_count + 1);
    for (int i = 0; i < graph->size_count; i++) /* C++ takes no member that is called as a size in its brackets */
        unique_name(&members, emitter->sizes[i]);
    for (int round = 0; round < 2; round++) /* the program's own first: `call_A` before the factor A of `call` */
        for (int i = 0; i < graph->parameter_count; i++)
            if ((strchr(graph->parameters[i].name, '.') != NULL) == round)
                emitter->parameters[i] = unique_name(&members, c_name(emitter->arena, graph->parameters[i].name));
    emitter->choice = unique_name(&members, "choice");
    int inputs = graph->input_count;
    emitter->arguments = ARENA_ARRAY(emitter->arena, const char *, inputs + graph->output_count + 1);
    for (int i = 0; i < inputs; i++)
        emitter->arguments[i] = unique_name(&arguments, own_name(emitter, graph->inputs[i].name));
    for (int i = 0; i < graph->output_count; i++)
        emitter->arguments[inputs + i] = unique_name(&arguments, own_name(emitter, graph->outputs[i].name));
}

/* Names packed matrices after their region and their right-hand side: "h1_scan_h". */
static void name_panels(struct emitter *emitter, struct unique *members)
{
    const struct schedule *schedule = emitter->schedule;
    emitter->panels = ARENA_ARRAY(emitter->arena, const char *, schedule->panel_count + 1);
    for (int p = 0; p < schedule->panel_count; p++) {
        const struct operand *operand = &schedule->panels[p].operand;
        const struct region *region = &schedule->regions[schedule->region_of[operand->products[0]]];
        const char *x = schedule->names[operand->x.node];
        emitter->panels[p] = unique_name(members, arena_printf(emitter->arena, "%s_by_%s", region->name, x ? x : "x"));
    }
    emitter->rounded = ARENA_ARRAY(emitter->arena, const char *, schedule->rounded_count + 1);
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++) {
            const struct kernel *kernel = &schedule->regions[r].kernels[k];
            for (int o = 0; o < kernel->operand_count; o++)
                if (kernel->operands[o].storage == PRECISION_INT8)
                    emitter->rounded[kernel->operands[o].rounded] =
                        unique_name(members, arena_printf(emitter->arena, "%s_rounded",
                                                          emitter->panels[kernel->operands[o].panels]));
        }
}

struct emitter emitter_new(const struct schedule *schedule, const struct emit_options *options, struct arena *arena,
                           struct text *out)
{
    graph_expect_fresh(schedule->graph, schedule->uses.version, "a schedule");
    struct emitter emitter = {.arena = arena,
                              .schedule = schedule,
                              .graph = schedule->graph,
                              .prefix = options->prefix,
                              .owner = options->owner ? options->owner : options->prefix,
                              .files = options->files,
                              .weights = options->weights,
                              .target = options->target,
                              .within = options->within,
                              .variants = options->variants,
                              .internal = options->internal,
                              .freestanding = options->freestanding,
                              .plain = options->plain,
                              .record = options->record,
                              .constants = options->constants,
                              .packed_bytes = options->packed_bytes,
                              .out = out,
                              .uses = schedule->uses};
    emitter.parameters_type = arena_printf(arena, "%s_params", emitter.owner);
    int n = schedule->graph->node_count;
    emitter.buffers = ARENA_ARRAY(arena, const char *, n + 1);
    emitter.locals = ARENA_ARRAY(arena, struct expression, n + 1);
    emitter.last_load = ARENA_ARRAY(arena, int, n + 1);
    for (int i = 0; i < n; i++)
        emitter.last_load[i] = -1;
    struct unique members;
    unique_init(&members, arena);
    static const char *const own[] = {"left", "done", "window", "sums", "scratch", "gradient"};
    for (size_t i = 0; i < sizeof own / sizeof *own && schedule->graph->trains; i++)
        unique_name(&members, own[i]);
    for (int i = 0; i < n; i++)
        if (schedule->buffers[i].storage != STORE_NONE && schedule->buffers[i].storage != STORE_GRADIENT)
            emitter.buffers[i] = unique_name(&members, own_name(&emitter, schedule->names[i]));
    name_enumerators(&emitter);
    name_leaves(&emitter);
    name_panels(&emitter, &members);
    return emitter;
}

struct emitter emitter_for_training(const struct schedule *training, const struct emit_options *options,
                                    struct arena *arena, struct text *out)
{
    const char *suffix = training->graph->of_outputs ? "vjp" : "train";
    struct emit_options own = {.prefix = arena_printf(arena, "%s_%s", options->prefix, suffix),
                               .owner = options->prefix,
                               .target = options->target};
    return emitter_new(training, &own, arena, out);
}
