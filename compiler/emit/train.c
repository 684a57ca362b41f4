/* The code that --train adds to a network: its loss and gradients, from a schedule of their own; and what the code that
 * --vjp adds has like it. */
#include <string.h>

#include "emit/vjp.h"

static int count_losses(const struct emitter *emitter)
{
    int count = 0;
    for (int i = 0; i < emitter->graph->output_count && !emitter->graph->of_outputs; i++)
        count += emitter->graph->nodes[emitter->graph->outputs[i].edge.node]->op == OP_seed;
    return count;
}

/* ---- declarations ---- */

void emit_training_declarations(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    const char *call = graph->of_outputs ? "vjp" : "grad";
    write_pattern(
        emitter,
        "#ifdef RNN_REAL_DOUBLE\n#define @_%s @_%s_double\n%s#endif\n\n"
        "/* The past of each stream, for @_%s; its scratch, packed weights among it. */\n"
        "typedef struct $_state $_state;\n"
        "typedef struct $_work $_work;\n\n"
        "size_t $_state_size(int streams);\n"
        "size_t $_work_size(int frames, int streams);\n"
        "rnn_status $_state_init($_state *state, int streams); /* 1 or more */\n"
        "rnn_status $_reset($_state *state, const unsigned char *which_streams); /* [streams]; NULL: all */\n\n",
        call, call,
        graph->of_outputs ? arena_printf(emitter->arena,
                                         "#define %s_forward %s_forward_double\n#define %s_backward "
                                         "%s_backward_double\n",
                                         emitter->prefix, emitter->prefix, emitter->prefix, emitter->prefix)
                          : "",
        call);
    if (graph->of_pasts)
        write_pattern(emitter, "size_t $_past_size(int streams); /* bytes of the adjoint of a past */\n\n");
    if (graph->of_outputs) {
        write_vjp_declarations(emitter);
        return;
    }
    text_puts(emitter->out,
              "/* The loss of a window of frames (see rnn_window) and its gradient, which is overwritten; "
              "NULL: only the loss is wanted. ");
    write_named(emitter, "Beside the inputs of @_run:\n");
    for (int i = graph->input_count - graph->target_count; i < graph->input_count; i++)
        write_shape(emitter, i, "target");
    for (int i = 0; i < graph->output_count; i++)
        if (input_of(emitter, i) >= 0)
            text_printf(emitter->out, " *   %s: out, the gradient of %s, like it; NULL: it is not wanted\n",
                        emitter->arguments[graph->input_count + i], emitter->arguments[input_of(emitter, i)]);
    text_puts(emitter->out, " */\n");
    write_signature(emitter, CALL_GRAD);
    text_puts(emitter->out, ";\n\n");
}

/* ---- memory ---- */

/* True if no earlier sum of outer products takes the same scratch. */
static bool is_first_of_its_shape(const struct graph *graph, int id)
{
    for (int i = 0; i < id; i++)
        if (graph->nodes[i]->op == OP_outer && shape_equal(&graph->nodes[i]->shape, &graph->nodes[id]->shape))
            return false;
    return true;
}

static void write_late_layout(struct emitter *emitter)
{
    struct text *out = emitter->out;
    text_puts(out, "/* The same for gradients of static values, from `memory` on, and scratch. */\n");
    open_function(emitter, VAR_frames);
    text_printf(out,
                "static size_t %s_place_late(struct %s_values *values, rnn_real *memory, int frames)\n{\n"
                "    size_t next = 0, scratch = 1;\n",
                emitter->prefix, emitter->prefix);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct node *node = emitter->graph->nodes[i];
        if (emitter->schedule->buffers[i].storage == STORE_LATE)
            text_printf(out, "    values->%s = rnn_place(memory, next);\n    next += RNN_PAD(%s);\n",
                        emitter->buffers[i], value_size(emitter, i));
        if (node->op == OP_outer && is_first_of_its_shape(emitter->graph, i))
            text_printf(out, "    scratch = RNN_MAX(scratch, RNN_OUTER_SCRATCH(%d, %d));\n", node->shape.dim[0],
                        node->shape.dim[1]);
        if (node->op == OP_ctc) {
            use_variables(emitter, VAR_frames);
            text_printf(out, "    scratch = RNN_MAX(scratch, rnn_ctc_scratch(frames, %d, frames));\n",
                        node->edges[0].length);
        }
    }
    write_unused_parameters(emitter);
    const int places = scratch_count(emitter);
    text_puts(out, "    values->scratch = rnn_place(memory, next);\n");
    if (places > 1)
        text_printf(out,
                    "    values->scratch_numbers = RNN_PAD(scratch); /* for each of the sections that need some */\n"
                    "    return next + %d * RNN_PAD(scratch) + RNN_LANES;\n}\n\n",
                    places);
    else
        text_puts(out, "    return next + scratch + RNN_LANES;\n}\n\n");
}

static const char *const work_head = "/* Bytes of the work in front of its values: of the call%s; packed weights. */\n"
                                     "static size_t $_work_head(int streams)\n{\n"
                                     "    return %s%s +\n"
                                     "           RNN_ROUND(sizeof(struct $_packed));\n"
                                     "}\n\n";

static const char *const sums_function = "static rnn_loss_sum *$_sums(void *work, int streams)\n{\n"
                                         "    return (rnn_loss_sum *)(void *)((char *)work + %s);\n}\n\n";

static const char *const size_functions =
    "static struct $_packed *$_packed_of(void *work, int streams)\n{\n"
    "    const size_t end = $_work_head(streams);\n"
    "    return (struct $_packed *)(void *)((char *)work + end - RNN_ROUND(sizeof(struct $_packed)));\n"
    "}\n\n"
    "static rnn_real *$_values_of(void *work, int streams)\n{\n"
    "    return (rnn_real *)(void *)((char *)work + $_work_head(streams));\n}\n\n"
    "size_t $_work_size(int frames, int streams)\n{\n"
    "    struct $_values values;\n"
    "    const size_t columns = rnn_columns(1, streams), whole = rnn_columns(frames, streams),\n"
    "                 block = rnn_block_columns(frames, streams, $_BLOCK_FRAMES);\n"
    "    if (!rnn_columns_fit($_place(&values, NULL, 1, 1, 1), RNN_MAX(whole, columns)))\n        return SIZE_MAX;\n"
    "    return $_work_head(streams) + RNN_ROUND($_place(&values, NULL, block, whole, columns) * sizeof(rnn_real)) +\n"
    "           RNN_ROUND($_place_late(&values, NULL, RNN_MAX(frames, 0)) * sizeof(rnn_real));\n}\n\n";

/* Writes the functions for the parts of the work: of the call, losses, packed weights, values. */
static void write_work_functions(struct emitter *emitter)
{
    const bool of_outputs = emitter->graph->of_outputs;
    const char *call =
        arena_printf(emitter->arena, "%srnn_call_size(streams, 1)%s", of_outputs ? "rnn_kept_size(streams) + " : "",
                     emitter->schedule->section_count
                         ? arena_printf(emitter->arena, " + rnn_wave_size(%s_SECTIONS, streams, 1)", emitter->prefix)
                         : "");
    const char *sums = arena_printf(emitter->arena, " + RNN_ROUND(%s_LOSSES * sizeof(rnn_loss_sum))", emitter->prefix);
    write_pattern(emitter, work_head, of_outputs ? "" : "; losses", call, of_outputs ? "" : sums);
    if (!of_outputs)
        write_pattern(emitter, sums_function, call);
    write_named(emitter, size_functions);
}

/* ---- losses and faults ---- */

/* Returns the first pass whose values are gradients. */
static int gradient_pass(const struct emitter *emitter)
{
    const struct plan *plan = plan_of_call(emitter->schedule, CALL_GRAD);
    int i = 0;
    while (plan->steps[i].kind != STEP_LOSS)
        i++;
    return plan->steps[i].pass;
}

/* Returns the text of an equation as messages show it: its first line, cut short, in characters that a C string may
 * hold. */
static const char *equation_text(struct arena *arena, const struct source *source, struct span span)
{
    enum { MOST = 60 };
    const char *text = source->data + span.begin;
    size_t whole = span.end - span.begin, line = strcspn(text, "\n#"), length = line < whole ? line : whole;
    length = length < MOST ? length : MOST;
    char *copy = arena_copy_string(arena, text, length);
    for (char *c = copy; *c; c++)
        if (*c == '"' || *c == '\\' || *c < ' ')
            *c = ' ';
    return length < whole ? arena_printf(arena, "%s...", copy) : copy;
}

/* Returns a value, or of a gradient that which it is the gradient of, under the program's name, with the place of its
 * equation. */
static const char *fault_text(const struct emitter *emitter, const struct node *node, bool of_gradients)
{
    const struct source *source = emitter->graph->source;
    bool other = of_gradients || node->op == OP_seed || !node->name;
    const char *path = other && node->origin ? node->origin->path : node->name;
    int line, column;
    if (node->equation.begin == node->equation.end)
        return path;
    source_locate(source, node->equation.begin, &line, &column);
    const struct source_file *file = source_file_at(source, node->equation.begin);
    const char *of =
        file == source->files ? "" : arena_printf(emitter->arena, "%s, ", shown_file(emitter->arena, file));
    return arena_printf(emitter->arena, "%s (%sline %d: '%s')", path, of, line,
                        equation_text(emitter->arena, source, node->equation));
}

/* Writes the search for faults: in values of the network and its losses, or in gradients, in the order of
 * computation. */
static void write_fault_search(struct emitter *emitter, bool of_gradients)
{
    const struct schedule *schedule = emitter->schedule;
    for (int r = 0; r < schedule->region_count; r++)
        for (int i = 0; i < schedule->regions[r].node_count; i++) {
            const char *region = schedule->regions[r].name;
            int id = schedule->regions[r].nodes[i];
            const struct node *node = emitter->graph->nodes[id];
            const char *name = fault_text(emitter, node, of_gradients);
            if ((schedule->passes.of[id] >= gradient_pass(emitter)) != of_gradients && node->op != OP_seed)
                continue;
            if (node->op == OP_seed && !of_gradients)
                text_printf(emitter->out, "    rnn_find_loss_fault(fault, \"%s\", \"%s\", &sums[%d]);\n", region, name,
                            node->loss);
            if (schedule->buffers[id].storage != STORE_SEQUENCE || node->op == OP_ctc_slope || node->op == OP_seed)
                continue;
            text_printf(emitter->out,
                        "    %s(fault, \"%s\", \"%s%s\", values.%s, %s, RNN_PAD(%s), %sstreams, window->lengths);\n",
                        of_gradients ? "rnn_find_gradient_fault" : "rnn_find_fault", region,
                        of_gradients ? "the gradient of " : "", name, emitter->buffers[id], value_size(emitter, id),
                        value_size(emitter, id), of_gradients ? "frames, " : "");
        }
}

/* Writes the numbers and sizes of the parameters in the order in which steps tell that their gradients are complete.
 * Regions tell of others. */
static void write_order_of_gradients(struct emitter *emitter, const struct plan *plan)
{
    int told = 0;
    for (int i = 0; i < plan->step_count; i++)
        for (int k = 0; k < plan->steps[i].value_count && plan->steps[i].kind == STEP_TELL; k++) {
            const int parameter = plan->steps[i].values[k];
            if (!told++)
                write_pattern(emitter,
                              "/* Parameters, in the order in which their gradients are complete, and their sizes. "
                              "Of large ones regions tell. */\n"
                              "static const rnn_finished $_finished[] = {");
            text_printf(emitter->out, "%s{%d, %ld}", told > 1 ? ", " : "", parameter,
                        shape_size(&emitter->graph->parameters[parameter].shape));
        }
    if (told)
        text_puts(emitter->out, "};\n\n");
}

static const char *const losses =
    "/* Gives the sum and the count of each loss, after a call of @_grad and with its work. */\n"
    "static rnn_status $_losses(const void *state, void *work, rnn_loss *losses)\n{\n"
    "    const int streams = rnn_streams(state);\n"
    "    if (!streams || !work || !rnn_is_aligned(work) || !losses)\n        return RNN_ERROR_ARGUMENT;\n"
    "    const rnn_loss_sum *const sums = $_sums(work, streams);\n"
    "    for (int i = 0; i < $_LOSSES; i++) {\n"
    "        losses[i].sum = sums[i].sum;\n        losses[i].count = sums[i].count;\n    }\n"
    "    return RNN_OK;\n}\n\n";

static const char *const find_fault_head =
    "/* Finds, after such a call, the first frame with a value, or else the last with a gradient, that is not finite. "
    "*/\n"
    "static int $_find_fault(const void *state, void *work, const rnn_window *window, rnn_fault *fault)\n{\n"
    "    const int streams = rnn_streams(state);\n"
    "    if (!streams || !work || !rnn_is_aligned(work) || !window || window->frames < 1 || !fault)\n        return "
    "0;\n"
    "    const int frames = window->frames;\n"
    "    const rnn_loss_sum *const sums = $_sums(work, streams);\n"
    "    struct $_values values;\n"
    "    const size_t whole = rnn_columns(frames, streams),\n"
    "                 block = rnn_columns(rnn_block_frames(frames, streams, $_BLOCK_FRAMES), streams);\n"
    "    $_place(&values, $_values_of(work, streams), block, whole, (size_t)streams);\n"
    "    int losses = 0; /* whether one of them is not finite: else no value is at fault */\n"
    "    for (int i = 0; i < $_LOSSES; i++)\n"
    "        losses |= sums[i].fault_frame;\n"
    "    memset(fault, 0, sizeof *fault);\n"
    "    fault->frame = losses ? frames : 0;\n";

static void write_find_fault(struct emitter *emitter)
{
    write_pattern(emitter, find_fault_head);
    write_fault_search(emitter, false);
    text_puts(emitter->out, "    if (losses && fault->frame < frames)\n        return 1;\n    fault->frame = -1;\n");
    write_fault_search(emitter, true);
    text_puts(emitter->out, "    return fault->frame >= 0;\n}\n\n");
}

/* ---- the descriptor ---- */

/* Writes a gradient of 0 for inputs that no loss depends on. */
static void write_unused_gradients(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count - graph->target_count && graph->by_inputs; i++) {
        bool used = graph->inputs[i].vocabulary > 0;
        for (int k = 0; k < graph->output_count; k++)
            used |= input_of(emitter, k) == i;
        if (!used)
            text_printf(
                emitter->out,
                "    if (status == RNN_OK && input_gradients && input_gradients[%d])\n"
                "        memset(input_gradients[%d], 0, (size_t)%srnn_streams(state) * %ld * sizeof(rnn_real));\n",
                i, i, graph->inputs[i].time == TIME_FRAME ? "window->frames * " : "",
                shape_size(&graph->inputs[i].shape));
    }
}

static void write_generic_call(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    write_pattern(
        emitter, "/* @_grad through arrays of addresses. */\n"
                 "static rnn_status $_grad_any(const void *params, void *state, void *work, const rnn_window *window,\n"
                 "    const void *const inputs[], const void *const targets[], double *loss, void *gradient,\n"
                 "    void *const input_gradients[])\n{\n    (void)input_gradients;\n");
    write_array_check(emitter, "inputs", graph->input_count - graph->target_count, "targets", graph->target_count);
    write_pattern(
        emitter,
        "    const rnn_status status = @_grad((const @_params *)params, ($_state *)state, ($_work *)work, window");
    write_generic_arguments(emitter, CALL_GRAD);
    text_puts(emitter->out, ");\n");
    write_unused_gradients(emitter);
    text_puts(emitter->out, "    return status;\n}\n\n");
}

static bool has_probabilities(const struct graph *graph)
{
    bool any = false;
    for (int i = 0; i < graph->input_count; i++)
        any |= graph->inputs[i].probabilities;
    return any;
}

static void write_targets(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    if (!graph->target_count)
        return;
    write_pattern(emitter, "static const rnn_tensor $_targets[] = {\n");
    for (int i = graph->input_count - graph->target_count; i < graph->input_count; i++)
        write_input_tensor(emitter, &graph->inputs[i]);
    write_pattern(emitter, "};\nstatic const int $_predictions[] = {");
    for (int i = graph->input_count - graph->target_count; i < graph->input_count; i++)
        text_printf(emitter->out, "%d%s", graph->inputs[i].prediction, i + 1 < graph->input_count ? ", " : "");
    text_puts(emitter->out, "};\n");
    if (has_probabilities(graph)) {
        write_pattern(emitter, "static const unsigned char $_probabilities[] = {");
        for (int i = graph->input_count - graph->target_count; i < graph->input_count; i++)
            text_printf(emitter->out, "%d%s", graph->inputs[i].probabilities, i + 1 < graph->input_count ? ", " : "");
        text_puts(emitter->out, "};\n");
    }
    text_puts(emitter->out, "\n");
}

static void write_training_descriptor(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    write_pattern(emitter, "static const rnn_training $ = {\n");
    write_pattern(emitter, graph->target_count ? "    .targets = $_targets,\n    .predictions = $_predictions,\n"
                                               : "    .targets = NULL,\n    .predictions = NULL,\n");
    write_pattern(emitter, has_probabilities(graph) ? "    .probabilities = $_probabilities,\n"
                                                    : "    .probabilities = NULL,\n");
    write_pattern(
        emitter,
        "    .target_count = %d,\n    .loss_count = %d,\n    .whole_sequences = %d,\n    .input_gradients = %d,\n",
        graph->target_count, count_losses(emitter), !graph->carries, graph->by_inputs);
    write_costs(emitter->schedule, emitter->out);
    write_pattern(
        emitter, "    .state_size = $_state_size,\n    .work_size = $_work_size,\n    .state_init = $_state_init_any,\n"
                 "    .reset = $_reset_any,\n    .copy_streams = $_copy_streams,\n"
                 "    .grad = $_grad_any,\n    .losses = $_losses,\n    .find_fault = "
                 "$_find_fault,\n};\n\n");
}

void emit_training_descriptor(struct emitter *emitter)
{
    if (emitter->graph->of_outputs) {
        write_vjp_descriptor(emitter);
        return;
    }
    write_targets(emitter);
    write_training_descriptor(emitter);
}

void emit_training(struct emitter *emitter)
{
    write_pattern(emitter, "/* ==== @_%s ==== */\n\n", emitter->graph->of_outputs ? "vjp" : "grad");
    write_numbers(emitter, count_losses(emitter));
    write_pattern(emitter, "typedef struct $_packed $_packed; /* weights as the kernels of @_%s read them */\n\n",
                  emitter->graph->of_outputs ? "vjp" : "grad");
    emit_packed_struct(emitter);
    emit_values(emitter);
    write_late_layout(emitter);
    emit_regions(emitter);
    emit_pack(emitter);
    emitter->region = NULL;
    write_state_functions(emitter, emitter->graph->carries);
    write_work_functions(emitter);
    write_step_functions(emitter);
    write_copy_of_streams(emitter);
    write_order_of_gradients(emitter, plan_of_call(emitter->schedule, CALL_GRAD));
    if (emitter->graph->of_outputs) {
        const bool packs = emit_pack_backward(emitter);
        write_vjp_calls(emitter, plan_of_call(emitter->schedule, CALL_GRAD), packs);
        write_any_vjp_calls(emitter);
    } else {
        write_entry_point(emitter, plan_of_call(emitter->schedule, CALL_GRAD));
        write_pattern(emitter, losses);
        write_find_fault(emitter);
        write_generic_call(emitter);
    }
    emit_training_descriptor(emitter);
}
