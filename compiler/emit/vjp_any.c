/* The calls that --vjp adds as the descriptor has them, through arrays of addresses; and, for --target=multi, those
 * that hand on to a level. $ is NAME_vjp. */
#include "emit/vjp.h"
#include "emit/vjp_data.h"

/* ---- the descriptor ---- */

/* Writes a gradient of 0 for inputs that no output depends on. */
static void write_unused_gradients(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < vjp_own_inputs(graph); i++) {
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
    const struct vjp_data *data = vjp_data_of(emitter, call, &count);
    write_any_vjp_signature(emitter, call);
    text_printf(emitter->out, "\n{\n%s", call == VJP_FORWARD ? "" : "    (void)input_gradients;\n");
    write_array_check(emitter, "inputs", vjp_own_inputs(emitter->graph),
                      call == VJP_FORWARD ? "outputs" : "output_adjoints", true);
    if (call != VJP_FORWARD && !emitter->graph->of_pasts)
        text_puts(emitter->out, "    if (end_adjoint || begin_adjoint)\n        return RNN_ERROR_ARGUMENT;\n");
    write_pattern(emitter, "    const rnn_status status = $%s((const @_params *)params", vjp_calls[call].end);
    write_named(emitter, call == VJP_BACKWARD ? ", ($_work *)work" : ", ($_state *)state, ($_work *)work, window");
    for (int i = 0; i < count; i++) {
        const char *array = vjp_data_kinds[data[i].kind].name;
        text_printf(emitter->out, ",\n        (%s*)", data[i].type);
        if (!vjp_data_kinds[data[i].kind].is_array)
            text_puts(emitter->out, data[i].name);
        else if (data[i].kind == VJP_DATA_INPUT_GRADIENT)
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
    write_pattern(emitter, emitter->graph->of_pasts ? "    .past_size = $_past_size,\n" : "    .past_size = NULL,\n");
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
static void write_array(struct emitter *emitter, enum vjp_data_kind kind, const struct vjp_data *data, int count)
{
    const struct graph *graph = emitter->graph;
    const int places =
        kind == VJP_DATA_INPUT || kind == VJP_DATA_INPUT_GRADIENT ? vjp_own_inputs(graph) : vjp_own_outputs(graph);
    text_printf(emitter->out, "    %s = {", vjp_data_kinds[kind].parameter);
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

/* Writes the call of a level's function. by_name: of the arguments of a call by names. */
static void write_hand_on(struct emitter *emitter, enum vjp_call call, bool by_name)
{
    write_pattern(emitter, "    return @_target()->vjp->%s(%s", member_names[call], vjp_calls[call].any_names);
    for (enum vjp_data_kind kind = 0; kind < VJP_DATA_KIND_COUNT; kind++) {
        const bool there = !by_name || vjp_data_kinds[kind].is_array || vjp_type_of_one(emitter, kind);
        if (vjp_call_has(call, kind))
            text_printf(emitter->out, ", %s", there ? vjp_data_kinds[kind].name : "NULL");
    }
    text_puts(emitter->out, ");\n}\n\n");
}

void write_vjp_dispatch(struct emitter *emitter)
{
    if (emitter->graph->of_pasts)
        write_pattern(emitter, "size_t $_past_size(int streams)\n{\n"
                               "    return @_target()->vjp->past_size(streams);\n}\n\n");
    for (enum vjp_call call = 0; call <= VJP_BOTH; call++) {
        int count;
        const struct vjp_data *data = vjp_data_of(emitter, call, &count);
        write_any_vjp_signature(emitter, call);
        text_puts(emitter->out, "\n{\n");
        write_hand_on(emitter, call, false);
        write_vjp_signature(emitter, call);
        text_puts(emitter->out, "\n{\n");
        for (enum vjp_data_kind kind = 0; kind < VJP_DATA_KIND_COUNT; kind++)
            if (vjp_call_has(call, kind) && vjp_data_kinds[kind].is_array)
                write_array(emitter, kind, data, count);
        write_hand_on(emitter, call, true);
    }
}
