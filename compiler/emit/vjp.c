/* The calls that --vjp adds: the forward pass, which keeps in its work what the backward pass reads, the backward pass,
 * and both in one. $ is NAME_vjp, and their common beginning. */
#include "emit/vjp.h"

#include "emit/vjp_data.h"
#include "emit/writing.h"

/* ---- declarations ---- */

static void write_comments_on_data(struct emitter *emitter, enum vjp_data_kind kind)
{
    const struct graph *graph = emitter->graph;
    for (int i = vjp_own_inputs(graph); i < graph->input_count && kind == VJP_DATA_ADJOINT; i++)
        if (!graph->inputs[i].of_past)
            write_shape(emitter, i, "in, the adjoint of the output; NULL: it is 0");
    for (int i = 0; i < graph->output_count; i++)
        if (kind == VJP_DATA_INPUT_GRADIENT && input_of(emitter, i) >= 0)
            text_printf(emitter->out, " *   %s: out, the gradient of %s, like it; NULL: it is not wanted\n",
                        emitter->arguments[graph->input_count + i], emitter->arguments[input_of(emitter, i)]);
}

static void write_comments_on_pasts(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    const bool lists =
        graph->past_count && !(emitter->target && emitter->target->levels); /* levels may have other pasts */
    if (!graph->of_pasts)
        return;
    write_pattern(emitter,
                  " *   end_adjoint: in, the adjoint of the past that the forward pass has left; NULL: it is 0\n"
                  " *   begin_adjoint: out, that of the past that it went on from; NULL: it is not wanted\n"
                  " * both of $_past_size bytes%s",
                  lists ? ", of each value in turn its frames -1, -2, ..., each [streams][units]:" : ".");
    for (int i = 0; i < graph->past_count && lists; i++)
        text_printf(emitter->out, "%s %s, %d frame%s of [%ld]", i ? ";" : "", graph->pasts[i].shown,
                    graph->pasts[i].frames, plural(graph->pasts[i].frames), shape_size(&graph->pasts[i].shape));
    text_puts(emitter->out, lists ? ".\n" : "\n");
}

void write_vjp_declarations(struct emitter *emitter)
{
    write_pattern(emitter,
                  "/* The outputs of a window of frames (see rnn_window), as @_run gives them, from the past in the "
                  "state, which moves on; NULL: one is not wanted. The work keeps what $_backward needs, which may be "
                  "called once or several times, until the work is used again, with the same parameters and inputs. "
                  "*/\n");
    write_vjp_signature(emitter, VJP_FORWARD);
    write_pattern(emitter,
                  ";\n\n/* The derivatives of that window times given adjoints: the gradients of the sum, over "
                  "outputs, frames, streams and units, of each output times its adjoint. `gradient` is overwritten. "
                  "Adjoints before window->loss_from and behind the end of a stream do not count. Beside the inputs "
                  "of @_run:\n");
    write_comments_on_data(emitter, VJP_DATA_ADJOINT);
    write_comments_on_data(emitter, VJP_DATA_INPUT_GRADIENT);
    write_comments_on_pasts(emitter);
    text_puts(emitter->out, " */\n");
    write_vjp_signature(emitter, VJP_BACKWARD);
    text_puts(emitter->out, ";\n\n/* Both in one, where outputs are not wanted. */\n");
    write_vjp_signature(emitter, VJP_BOTH);
    text_puts(emitter->out, ";\n\n");
}

/* ---- the calls ---- */

static const char *const forward_head =
    "    const int frames = window->frames, *const lengths = window->lengths;\n"
    "    rnn_kept_begin(work, state, window);\n"
    "    rnn_call call = rnn_begin_call(rnn_kept_rest(work, streams), state, frames, lengths, $_BLOCK_FRAMES, 1);\n";

static const char *const backward_head =
    "    const int frames = window->frames, *const lengths = window->lengths;\n"
    "    rnn_call call = rnn_begin_call(rnn_kept_rest(work, streams), rnn_kept_state(work), frames, lengths,\n"
    "        $_BLOCK_FRAMES, 1);\n";

static const char *const values_head = "    struct $_packed *const packed = $_packed_of(work, streams);\n"
                                       "    rnn_real *const memory = $_values_of(work, streams);\n"
                                       "    struct $_values values;\n"
                                       "    memset(&values, 0, sizeof values);\n"
                                       "    values.ages = call.ages;\n"
                                       "    values.left = call.left;\n"
                                       "    values.window = window;\n";

static const char *const forward_layout =
    "    $_place(&values, memory, call.block_columns, call.whole, (size_t)streams);\n";

static const char *const backward_layout =
    "    values.gradient = gradient;\n"
    "    rnn_real *const late =\n"
    "        rnn_behind(memory, $_place(&values, memory, call.block_columns, call.whole, (size_t)streams));\n"
    "    const size_t late_numbers = $_place_late(&values, late, frames);\n";

static const char *const forward_checks =
    "    const int streams = rnn_streams(state);\n"
    "    rnn_status status = rnn_check_grad(params, streams, work, window, params, %d);\n";

static const char *const backward_checks =
    "    const int streams = rnn_kept_streams(work);\n"
    "    rnn_status status = rnn_check_backward(params, streams, gradient);\n"
    "    if (status != RNN_OK)\n        return status;\n"
    "    const rnn_window kept = rnn_kept_window(work), *const window = &kept;\n";

static const char *const past_checks =
    "    if (%send_adjoint && window->advance && window->advance != window->frames)\n"
    "        return RNN_ERROR_ARGUMENT; /* the past that was left is not that of the last frames */\n";

/* True for a step whose values have an address of the caller's, which each of the two calls has to be given. */
static bool gives_addresses(const struct emitter *emitter, const struct step *step)
{
    return step->kind == STEP_INPUTS && step->scope == SCOPE_CALL && step->value_count &&
           emitter->schedule->buffers[step->values[0]].storage == STORE_INPUT;
}

/* Writes the addresses of inputs that are given once, which the forward pass has been given too. */
static void write_addresses(struct writing *writing)
{
    for (int i = 0; i < plan_first_gradient(writing->plan); i++) {
        const struct step *step = &writing->plan->steps[i];
        for (int k = 0; k < step->value_count && step->kind == STEP_INPUTS && step->scope == SCOPE_CALL; k++) {
            struct step one = *step;
            one.values = &step->values[k];
            one.value_count = 1;
            if (gives_addresses(writing->emitter, &one))
                write_inputs(writing->emitter, &one, writing->indent, false);
        }
    }
}

/* ---- pasts ---- */

/* Writes the addresses of the frames of pasts within the two arrays. */
static void write_addresses_of_pasts(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count; i++)
        if (graph->inputs[i].of_past)
            text_printf(emitter->out,
                        "    const rnn_real *const %s = end_adjoint ? end_adjoint + (ptrdiff_t)streams * %ld : NULL;\n",
                        emitter->arguments[i], graph->inputs[i].past);
    for (int i = 0; i < graph->output_count; i++)
        if (graph->outputs[i].of_past)
            text_printf(emitter->out,
                        "    rnn_real *const %s = begin_adjoint ? begin_adjoint + (ptrdiff_t)streams * %ld : NULL;\n",
                        emitter->arguments[graph->input_count + i], graph->outputs[i].past);
    if (graph->of_pasts && !graph->past_count)
        text_puts(emitter->out, "    (void)begin_adjoint;\n");
}

static void write_finish_of_pasts(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->past_count; i++)
        text_printf(emitter->out, "    rnn_finish_past(begin_adjoint, end_adjoint, %ld, %d, %ld, &call);\n",
                    graph->pasts[i].begin, graph->pasts[i].frames, shape_size(&graph->pasts[i].shape));
}

static bool runs_regions(const struct writing *writing)
{
    for (int i = writing->begin; i < writing->end; i++)
        if (writing->plan->steps[i].kind == STEP_REGION)
            return true;
    return false;
}

static void write_forward(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    write_vjp_signature(emitter, VJP_FORWARD);
    text_puts(emitter->out, "\n{\n");
    write_pattern(emitter, forward_checks, emitter->graph->carries);
    write_input_checks(emitter, vjp_own_inputs(emitter->graph), "window->lengths", "window->frames");
    write_named(emitter, forward_head);
    write_wave(writing);
    write_named(emitter, values_head);
    write_named(emitter, forward_layout);
    write_past(writing);
    text_puts(emitter->out, "    const rnn_flush_state flush = rnn_flush_begin();\n");
    if (writing->plan->carries)
        write_line(writing, "const int advance = window->advance ? window->advance : frames;");
    write_body(writing);
    text_puts(emitter->out, "    rnn_flush_end(flush);\n    rnn_kept_end(work);\n    return RNN_OK;\n}\n\n");
}

static void write_backward(struct writing *writing, bool packs)
{
    struct emitter *emitter = writing->emitter;
    const int inputs = vjp_own_inputs(emitter->graph);
    write_vjp_signature(emitter, VJP_BACKWARD);
    text_puts(emitter->out, "\n{\n");
    write_named(emitter, backward_checks);
    if (emitter->graph->of_pasts)
        text_printf(emitter->out, past_checks, "");
    write_input_checks(emitter, inputs, "window->lengths", "window->frames");
    write_named(emitter, backward_head);
    write_wave(writing);
    write_named(emitter, values_head);
    write_named(emitter, backward_layout);
    write_addresses_of_pasts(emitter);
    write_wanted(emitter);
    text_puts(emitter->out, "    const rnn_flush_state flush = rnn_flush_begin();\n");
    write_addresses(writing);
    if (packs)
        write_line(writing, "$_pack_backward(params, packed, &values);");
    write_body(writing);
    if (!runs_regions(writing))
        text_puts(emitter->out, "    (void)packed;\n");
    write_unread_adjoints(emitter, writing->plan);
    write_finish_of_pasts(emitter);
    text_puts(emitter->out, "    rnn_flush_end(flush);\n    return RNN_OK;\n}\n\n");
}

static void write_both(struct emitter *emitter)
{
    int count;
    const struct vjp_data *data = vjp_data_of(emitter, VJP_FORWARD, &count);
    write_vjp_signature(emitter, VJP_BOTH);
    text_puts(emitter->out, "\n{\n");
    if (emitter->graph->of_pasts)
        text_printf(emitter->out, past_checks, "window && ");
    write_named(emitter, "    const rnn_status status = gradient ? $_forward(params, state, work, window");
    for (int i = 0; i < count; i++)
        text_printf(emitter->out, ", %s", data[i].kind == VJP_DATA_OUTPUT ? "NULL" : data[i].name);
    write_named(emitter, ") : RNN_ERROR_ARGUMENT;\n    return status == RNN_OK ? $_backward(params, work");
    data = vjp_data_of(emitter, VJP_BACKWARD, &count);
    for (int i = 0; i < count; i++)
        text_printf(emitter->out, ", %s", data[i].name);
    text_puts(emitter->out, ") : status;\n}\n\n");
}

static void write_past_size(struct emitter *emitter)
{
    if (emitter->graph->of_pasts)
        write_pattern(emitter,
                      "size_t $_past_size(int streams)\n{\n"
                      "    return rnn_columns_size(%ld, streams);\n}\n\n",
                      emitter->graph->past_numbers);
}

void write_vjp_calls(struct emitter *emitter, const struct plan *plan, bool packs_backward)
{
    write_past_size(emitter);
    const int first = plan_first_gradient(plan);
    struct writing forward = {.emitter = emitter, .plan = plan, .end = first, .indent = 4};
    struct writing backward = {.emitter = emitter, .plan = plan, .begin = first, .end = plan->step_count, .indent = 4};
    write_forward(&forward);
    write_backward(&backward, packs_backward);
    write_both(emitter);
}
