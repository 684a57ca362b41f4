/* The calls that --vjp adds: the forward pass, which keeps in its work what the backward pass reads, the backward pass,
 * and both in one. $ is NAME_vjp, and their common beginning. */
#include "emit/vjp.h"

#include "emit/writing.h"

enum vjp_call { VJP_FORWARD, VJP_BACKWARD, VJP_BOTH };

/* The ends of their names, and their arguments before data. */
static const struct {
    const char *end, *arguments, *any_arguments, *any_names;
} calls[] = {
    {"_forward", "const @_params *params, $_state *state, $_work *work,\n    const rnn_window *window",
     "const void *params, void *state, void *work, const rnn_window *window", "params, state, work, window"},
    {"_backward", "const @_params *params, $_work *work", "const void *params, void *work", "params, work"},
    {"", "const @_params *params, $_state *state, $_work *work,\n    const rnn_window *window",
     "const void *params, void *state, void *work, const rnn_window *window", "params, state, work, window"},
};

/* ---- data ---- */

/* The data of a call, by the array through which the descriptor's call has it; the gradient has none. */
enum data_kind { DATA_INPUT, DATA_OUTPUT, DATA_ADJOINT, DATA_GRADIENT, DATA_INPUT_GRADIENT, DATA_KIND_COUNT };

static const struct {
    const char *parameter; /* of the descriptor's calls */
    const char *array;
} data_kinds[] = {
    {"const void *const inputs[]", "inputs"},
    {"void *const outputs[]", "outputs"},
    {"const void *const output_adjoints[]", "output_adjoints"},
    {"void *gradient", NULL},
    {"void *const input_gradients[]", "input_gradients"},
};

static bool call_has(enum vjp_call call, enum data_kind kind)
{
    return kind == DATA_INPUT || (kind == DATA_OUTPUT) == (call == VJP_FORWARD);
}

struct data {
    enum data_kind kind;
    const char *type, *name;
    int place; /* in the array */
};

static int own_inputs(const struct graph *graph) { return graph->input_count - graph->target_count; }

static struct data input_data(const struct emitter *emitter, int input)
{
    const struct graph *graph = emitter->graph;
    const bool own = input < own_inputs(graph);
    return (struct data){.kind = own ? DATA_INPUT : DATA_ADJOINT,
                         .type = arena_printf(emitter->arena, "const %s ", input_type(&graph->inputs[input])),
                         .name = emitter->arguments[input],
                         .place = own ? input : input - own_inputs(graph)};
}

static struct data output_data(const struct emitter *emitter, int output)
{
    const bool forward = emitter->graph->outputs[output].forward;
    return (struct data){.kind = forward ? DATA_OUTPUT : DATA_INPUT_GRADIENT,
                         .type = "rnn_real ",
                         .name = emitter->arguments[emitter->graph->input_count + output],
                         .place = forward ? output : input_of(emitter, output)};
}

/* Returns the data of a call, in the order of its arguments. */
static struct data *data_of(const struct emitter *emitter, enum vjp_call call, int *count)
{
    const struct graph *graph = emitter->graph;
    struct data *list = ARENA_ARRAY(emitter->arena, struct data, graph->input_count + graph->output_count + 1);
    *count = 0;
    for (enum data_kind kind = 0; kind < DATA_KIND_COUNT; kind++) {
        if (!call_has(call, kind))
            continue;
        for (int i = 0; i < graph->input_count; i++)
            if (input_data(emitter, i).kind == kind)
                list[(*count)++] = input_data(emitter, i);
        if (kind == DATA_GRADIENT)
            list[(*count)++] =
                (struct data){kind, arena_printf(emitter->arena, "%s ", emitter->parameters_type), "gradient", 0};
        for (int i = 0; i < graph->output_count; i++)
            if ((graph->outputs[i].forward || input_of(emitter, i) >= 0) && output_data(emitter, i).kind == kind)
                list[(*count)++] = output_data(emitter, i);
    }
    return list;
}

/* ---- signatures ---- */

static void write_call_signature(struct emitter *emitter, enum vjp_call call)
{
    int count;
    const struct data *data = data_of(emitter, call, &count);
    write_pattern(emitter, "rnn_status $%s(", calls[call].end);
    write_named(emitter, calls[call].arguments);
    for (int i = 0; i < count; i++)
        text_printf(emitter->out, ", %s*%s", data[i].type, data[i].name);
    text_puts(emitter->out, ")");
}

static void write_any_signature(struct emitter *emitter, enum vjp_call call)
{
    write_pattern(emitter, "static rnn_status $%s_any(%s", calls[call].end, calls[call].any_arguments);
    for (enum data_kind kind = 0; kind < DATA_KIND_COUNT; kind++)
        if (call_has(call, kind))
            text_printf(emitter->out, ", %s", data_kinds[kind].parameter);
    text_puts(emitter->out, ")");
}

static void write_comments_on_data(struct emitter *emitter, enum data_kind kind)
{
    const struct graph *graph = emitter->graph;
    for (int i = own_inputs(graph); i < graph->input_count && kind == DATA_ADJOINT; i++)
        write_shape(emitter, i, "in, the adjoint of the output; NULL: it is 0");
    for (int i = 0; i < graph->output_count; i++)
        if (kind == DATA_INPUT_GRADIENT && input_of(emitter, i) >= 0)
            text_printf(emitter->out, " *   %s: out, the gradient of %s, like it; NULL: it is not wanted\n",
                        emitter->arguments[graph->input_count + i], emitter->arguments[input_of(emitter, i)]);
}

void write_vjp_declarations(struct emitter *emitter)
{
    write_pattern(emitter,
                  "/* The outputs of a window of frames (see rnn_window), as @_run gives them, from the past in the "
                  "state, which moves on; NULL: one is not wanted. The work keeps what $_backward needs, which may be "
                  "called once or several times, until the work is used again, with the same parameters and inputs. "
                  "*/\n");
    write_call_signature(emitter, VJP_FORWARD);
    write_pattern(emitter,
                  ";\n\n/* The derivatives of that window times given adjoints: the gradients of the sum, over "
                  "outputs, frames, streams and units, of each output times its adjoint. `gradient` is overwritten. "
                  "Adjoints before window->loss_from and behind the end of a stream do not count. Beside the inputs "
                  "of @_run:\n");
    write_comments_on_data(emitter, DATA_ADJOINT);
    write_comments_on_data(emitter, DATA_INPUT_GRADIENT);
    text_puts(emitter->out, " */\n");
    write_call_signature(emitter, VJP_BACKWARD);
    text_puts(emitter->out, ";\n\n/* Both in one, where outputs are not wanted. */\n");
    write_call_signature(emitter, VJP_BOTH);
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
    write_call_signature(emitter, VJP_FORWARD);
    text_puts(emitter->out, "\n{\n");
    write_pattern(emitter, forward_checks, emitter->graph->carries);
    write_input_checks(emitter, own_inputs(emitter->graph), "window->lengths", "window->frames");
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
    const int inputs = own_inputs(emitter->graph);
    write_call_signature(emitter, VJP_BACKWARD);
    text_puts(emitter->out, "\n{\n");
    write_named(emitter, backward_checks);
    write_input_checks(emitter, inputs, "window->lengths", "window->frames");
    write_named(emitter, backward_head);
    write_wave(writing);
    write_named(emitter, values_head);
    write_named(emitter, backward_layout);
    write_wanted(emitter);
    text_puts(emitter->out, "    const rnn_flush_state flush = rnn_flush_begin();\n");
    write_addresses(writing);
    if (packs)
        write_line(writing, "$_pack_backward(params, packed, &values);");
    write_body(writing);
    if (!runs_regions(writing))
        text_puts(emitter->out, "    (void)packed;\n");
    write_unread_adjoints(emitter, writing->plan);
    text_puts(emitter->out, "    rnn_flush_end(flush);\n    return RNN_OK;\n}\n\n");
}

static void write_both(struct emitter *emitter)
{
    int count;
    const struct data *data = data_of(emitter, VJP_FORWARD, &count);
    write_call_signature(emitter, VJP_BOTH);
    write_named(emitter, "\n{\n    const rnn_status status = gradient ? $_forward(params, state, work, window");
    for (int i = 0; i < count; i++)
        text_printf(emitter->out, ", %s", data[i].kind == DATA_OUTPUT ? "NULL" : data[i].name);
    write_named(emitter, ") : RNN_ERROR_ARGUMENT;\n    return status == RNN_OK ? $_backward(params, work");
    data = data_of(emitter, VJP_BACKWARD, &count);
    for (int i = 0; i < count; i++)
        text_printf(emitter->out, ", %s", data[i].name);
    text_puts(emitter->out, ") : status;\n}\n\n");
}

void write_vjp_calls(struct emitter *emitter, const struct plan *plan, bool packs_backward)
{
    const int first = plan_first_gradient(plan);
    struct writing forward = {.emitter = emitter, .plan = plan, .end = first, .indent = 4};
    struct writing backward = {.emitter = emitter, .plan = plan, .begin = first, .end = plan->step_count, .indent = 4};
    write_forward(&forward);
    write_backward(&backward, packs_backward);
    write_both(emitter);
}

/* ---- the descriptor ---- */

/* Writes a gradient of 0 for inputs that no output depends on. */
static void write_unused_gradients(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < own_inputs(graph); i++) {
        bool used = graph->inputs[i].vocabulary > 0;
        for (int k = 0; k < graph->output_count; k++)
            used |= input_of(emitter, k) == i;
        if (!used)
            text_printf(emitter->out,
                        "    if (status == RNN_OK && input_gradients && input_gradients[%d])\n"
                        "        memset(input_gradients[%d], 0, (size_t)%srnn_kept_streams(work) * %ld * "
                        "sizeof(rnn_real));\n",
                        i, i, graph->inputs[i].time == TIME_FRAME ? "rnn_kept_window(work).frames * " : "",
                        shape_size(&graph->inputs[i].shape));
    }
}

/* Writes a call through arrays of addresses. Casts are for C++. */
static void write_any_call(struct emitter *emitter, enum vjp_call call)
{
    int count;
    const struct data *data = data_of(emitter, call, &count);
    write_any_signature(emitter, call);
    text_printf(emitter->out, "\n{\n%s%s", own_inputs(emitter->graph) ? "" : "    (void)inputs;\n",
                call == VJP_FORWARD ? "" : "    (void)input_gradients;\n");
    write_pattern(emitter, "    const rnn_status status = $%s((const @_params *)params", calls[call].end);
    write_named(emitter, call == VJP_BACKWARD ? ", ($_work *)work" : ", ($_state *)state, ($_work *)work, window");
    for (int i = 0; i < count; i++) {
        const char *array = data_kinds[data[i].kind].array;
        text_printf(emitter->out, ",\n        (%s*)", data[i].type);
        if (data[i].kind == DATA_GRADIENT)
            text_puts(emitter->out, data[i].name);
        else if (data[i].kind == DATA_INPUT_GRADIENT)
            text_printf(emitter->out, "(%s ? %s[%d] : NULL)", array, array, data[i].place);
        else
            text_printf(emitter->out, "%s[%d]", array, data[i].place);
    }
    text_puts(emitter->out, ");\n");
    if (call != VJP_FORWARD)
        write_unused_gradients(emitter);
    text_puts(emitter->out, "    return status;\n}\n\n");
}

void write_vjp_descriptor(struct emitter *emitter)
{
    write_pattern(emitter, "static const rnn_vjp $_part = {\n    .whole_sequences = %d,\n", !emitter->graph->carries);
    write_costs(emitter->schedule, emitter->out);
    write_pattern(
        emitter, "    .state_size = $_state_size,\n    .work_size = $_work_size,\n    .state_init = $_state_init_any,\n"
                 "    .reset = $_reset_any,\n    .copy_streams = $_copy_streams,\n    .vjp = $_any,\n"
                 "    .forward = $_forward_any,\n    .backward = $_backward_any,\n};\n\n");
}

void write_any_vjp_calls(struct emitter *emitter)
{
    for (enum vjp_call call = 0; call <= VJP_BOTH; call++)
        write_any_call(emitter, call);
}

/* ---- dispatch ---- */

/* Writes an array of the addresses of data, by their places; NULL stands behind them, as C has no empty arrays. */
static void write_array(struct emitter *emitter, enum data_kind kind, const struct data *data, int count)
{
    const struct graph *graph = emitter->graph;
    const int places = kind == DATA_INPUT || kind == DATA_INPUT_GRADIENT ? own_inputs(graph) : graph->target_count;
    text_printf(emitter->out, "    %s = {", data_kinds[kind].parameter);
    for (int place = 0; place < places; place++) {
        const char *name = "NULL";
        for (int i = 0; i < count; i++)
            if (data[i].kind == kind && data[i].place == place)
                name = data[i].name;
        text_printf(emitter->out, "%s, ", name);
    }
    text_puts(emitter->out, "NULL};\n");
}

static const char *const member_names[] = {"forward", "backward", "vjp"};

static void write_hand_on(struct emitter *emitter, enum vjp_call call)
{
    write_pattern(emitter, "    return @_target()->vjp->%s(%s", member_names[call], calls[call].any_names);
    for (enum data_kind kind = 0; kind < DATA_KIND_COUNT; kind++)
        if (call_has(call, kind))
            text_printf(emitter->out, ", %s", data_kinds[kind].array ? data_kinds[kind].array : "gradient");
    text_puts(emitter->out, ");\n}\n\n");
}

void write_vjp_dispatch(struct emitter *emitter)
{
    for (enum vjp_call call = 0; call <= VJP_BOTH; call++) {
        int count;
        const struct data *data = data_of(emitter, call, &count);
        write_any_signature(emitter, call);
        text_puts(emitter->out, "\n{\n");
        write_hand_on(emitter, call);
        write_call_signature(emitter, call);
        text_puts(emitter->out, "\n{\n");
        for (enum data_kind kind = 0; kind < DATA_KIND_COUNT; kind++)
            if (call_has(call, kind) && data_kinds[kind].array)
                write_array(emitter, kind, data, count);
        write_hand_on(emitter, call);
    }
}
