/* The arguments of the calls that --vjp adds. $ is NAME_vjp, and their common beginning. */
#include "emit/vjp_data.h"

#include "emit/writing.h"

const struct vjp_call_text vjp_calls[] = {
    {"_forward", "const @_params *params, $_state *state, $_work *work,\n    const rnn_window *window",
     "const void *params, void *state, void *work, const rnn_window *window", "params, state, work, window"},
    {"_backward", "const @_params *params, $_work *work", "const void *params, void *work", "params, work"},
    {"", "const @_params *params, $_state *state, $_work *work,\n    const rnn_window *window",
     "const void *params, void *state, void *work, const rnn_window *window", "params, state, work, window"},
};

/* ---- data ---- */

const struct vjp_data_text vjp_data_kinds[] = {
    {"const void *const inputs[]", "inputs", true},
    {"void *const outputs[]", "outputs", true},
    {"const void *const output_adjoints[]", "output_adjoints", true},
    {"const void *end_adjoint", "end_adjoint", false},
    {"void *gradient", "gradient", false},
    {"void *const input_gradients[]", "input_gradients", true},
    {"void *begin_adjoint", "begin_adjoint", false},
};

bool vjp_call_has(enum vjp_call call, enum vjp_data_kind kind)
{
    return kind == VJP_DATA_INPUT || (kind == VJP_DATA_OUTPUT) == (call == VJP_FORWARD);
}

int vjp_own_inputs(const struct graph *graph) { return graph->input_count - graph->target_count; }

int vjp_own_outputs(const struct graph *graph)
{
    int count = 0;
    for (int i = 0; i < graph->output_count; i++)
        count += graph->outputs[i].forward;
    return count;
}

static struct vjp_data input_data(const struct emitter *emitter, int input)
{
    const struct graph *graph = emitter->graph;
    const bool own = input < vjp_own_inputs(graph);
    return (struct vjp_data){.kind = own ? VJP_DATA_INPUT : VJP_DATA_ADJOINT,
                             .type = arena_printf(emitter->arena, "const %s ", input_type(&graph->inputs[input])),
                             .name = emitter->arguments[input],
                             .place = own ? input : input - vjp_own_inputs(graph)};
}

static struct vjp_data output_data(const struct emitter *emitter, int output)
{
    const bool forward = emitter->graph->outputs[output].forward;
    return (struct vjp_data){.kind = forward ? VJP_DATA_OUTPUT : VJP_DATA_INPUT_GRADIENT,
                             .type = "rnn_real ",
                             .name = emitter->arguments[emitter->graph->input_count + output],
                             .place = forward ? output : input_of(emitter, output)};
}

const char *vjp_type_of_one(const struct emitter *emitter, enum vjp_data_kind kind)
{
    if (kind == VJP_DATA_GRADIENT)
        return arena_printf(emitter->arena, "%s ", emitter->parameters_type);
    if (kind == VJP_DATA_END || kind == VJP_DATA_BEGIN)
        return !emitter->graph->of_pasts ? NULL : kind == VJP_DATA_END ? "const rnn_real " : "rnn_real ";
    return NULL;
}

struct vjp_data *vjp_data_of(const struct emitter *emitter, enum vjp_call call, int *count)
{
    const struct graph *graph = emitter->graph;
    struct vjp_data *list = ARENA_ARRAY(emitter->arena, struct vjp_data, graph->input_count + graph->output_count + 3);
    *count = 0;
    for (enum vjp_data_kind kind = 0; kind < VJP_DATA_KIND_COUNT; kind++) {
        if (!vjp_call_has(call, kind))
            continue;
        for (int i = 0; i < graph->input_count; i++)
            if (!graph->inputs[i].of_past && input_data(emitter, i).kind == kind)
                list[(*count)++] = input_data(emitter, i);
        const char *one = vjp_type_of_one(emitter, kind);
        if (one)
            list[(*count)++] = (struct vjp_data){kind, one, vjp_data_kinds[kind].name, 0};
        for (int i = 0; i < graph->output_count; i++)
            if ((graph->outputs[i].forward || input_of(emitter, i) >= 0) && output_data(emitter, i).kind == kind)
                list[(*count)++] = output_data(emitter, i);
    }
    return list;
}

/* ---- signatures ---- */

void write_vjp_signature(struct emitter *emitter, enum vjp_call call)
{
    int count;
    const struct vjp_data *data = vjp_data_of(emitter, call, &count);
    write_pattern(emitter, "rnn_status $%s(", vjp_calls[call].end);
    write_named(emitter, vjp_calls[call].arguments);
    for (int i = 0; i < count; i++)
        text_printf(emitter->out, ", %s*%s", data[i].type, data[i].name);
    text_puts(emitter->out, ")");
}

void write_any_vjp_signature(struct emitter *emitter, enum vjp_call call)
{
    write_pattern(emitter, "static rnn_status $%s_any(%s", vjp_calls[call].end, vjp_calls[call].any_arguments);
    for (enum vjp_data_kind kind = 0; kind < VJP_DATA_KIND_COUNT; kind++)
        if (vjp_call_has(call, kind))
            text_printf(emitter->out, ", %s", vjp_data_kinds[kind].parameter);
    text_puts(emitter->out, ")");
}
