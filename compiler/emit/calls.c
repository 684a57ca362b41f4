/* Signatures and checks of entry points. */
#include "emit/calls.h"

int input_of(const struct emitter *emitter, int output) { return emitter->graph->outputs[output].input; }

static bool output_is_argument(const struct emitter *emitter, enum call_kind call, int output)
{
    return call != CALL_GRAD || input_of(emitter, output) >= 0;
}

const char *input_type(const struct graph_input *input)
{
    return input->labels ? "rnn_labels" : input->vocabulary ? "int32_t" : "rnn_real";
}

void write_data_parameters(struct emitter *emitter, enum call_kind call)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count; i++)
        text_printf(emitter->out, "%sconst %s *%s", i || call != CALL_STEP ? ", " : ",\n    ",
                    input_type(&graph->inputs[i]), emitter->arguments[i]);
    if (call == CALL_GRAD)
        write_named(emitter, ",\n    double *loss, @_params *gradient");
    for (int i = 0; i < graph->output_count; i++)
        if (output_is_argument(emitter, call, i))
            text_printf(emitter->out, ", rnn_real *%s", emitter->arguments[graph->input_count + i]);
}

void write_signature(struct emitter *emitter, enum call_kind call)
{
    static const char *const heads[] = {
        "rnn_status $_step(const $_packed *packed, $_state *state",
        "rnn_status $_run(const $_packed *packed, $_state *state, $_work *work,\n    int frames, const int *lengths",
        "rnn_status @_grad(const @_params *params, $_state *state, $_work *work,\n    const rnn_window *window"};
    text_puts(emitter->out, emitter->internal ? "static " : "");
    write_named(emitter, heads[call]);
    write_data_parameters(emitter, call);
    text_puts(emitter->out, ")");
}

void write_frame_signature(struct emitter *emitter)
{
    write_pattern(emitter,
                  "/* Computes a frame of every stream. Inlined with 1 stream as a constant, and with any number. */\n"
                  "RNN_INLINE void $_frame(const $_packed *packed, $_state *state");
    write_data_parameters(emitter, CALL_STEP);
    text_puts(emitter->out, ",\n    const int streams)");
}

void write_frame_call(struct emitter *emitter, const char *streams)
{
    const struct graph *graph = emitter->graph;
    write_pattern(emitter, "$_frame(packed, state, ");
    for (int i = 0; i < graph->input_count + graph->output_count; i++)
        text_printf(emitter->out, "%s, ", emitter->arguments[i]);
    text_printf(emitter->out, "%s);\n", streams);
}

void write_array_check(struct emitter *emitter, const char *first, bool first_is_read, const char *second,
                       bool second_is_read)
{
    if (!first_is_read)
        text_printf(emitter->out, "    (void)%s;\n", first);
    if (!second_is_read)
        text_printf(emitter->out, "    (void)%s;\n", second);
    if (first_is_read && second_is_read)
        text_printf(emitter->out, "    if (!%s || !%s)\n        return RNN_ERROR_ARGUMENT;\n", first, second);
    else if (first_is_read || second_is_read)
        text_printf(emitter->out, "    if (!%s)\n        return RNN_ERROR_ARGUMENT;\n", first_is_read ? first : second);
}

void write_generic_check(struct emitter *emitter)
{
    write_array_check(emitter, "inputs", emitter->graph->input_count, "outputs", emitter->graph->output_count);
}

/* Writes the arguments of a call through arrays of addresses. Casts are for C++. */
void write_generic_arguments(struct emitter *emitter, enum call_kind call)
{
    const struct graph *graph = emitter->graph;
    int inputs = graph->input_count - graph->target_count;
    for (int i = 0; i < graph->input_count; i++)
        text_printf(emitter->out, ",\n        (const %s *)%s[%d]", input_type(&graph->inputs[i]),
                    i < inputs ? "inputs" : "targets", i < inputs ? i : i - inputs);
    if (call == CALL_GRAD)
        write_named(emitter, ",\n        loss, (@_params *)gradient");
    for (int i = 0; i < graph->output_count; i++)
        if (call != CALL_GRAD)
            text_printf(emitter->out, ",\n        (rnn_real *)outputs[%d]", i);
        else if (input_of(emitter, i) >= 0)
            text_printf(emitter->out, ",\n        (rnn_real *)(input_gradients ? input_gradients[%d] : NULL)",
                        input_of(emitter, i));
}

/* Writes an array of the addresses of inputs, from one to before another. NULL stands behind them, as C has no empty
 * arrays. */
static void write_inputs_array(struct emitter *emitter, const char *name, int from, int end)
{
    text_printf(emitter->out, "    const void *const %s[] = {", name);
    for (int i = from; i < end; i++)
        text_printf(emitter->out, "%s, ", emitter->arguments[i]);
    text_puts(emitter->out, "NULL};\n");
}

void write_argument_arrays(struct emitter *emitter, enum call_kind call)
{
    const struct graph *graph = emitter->graph;
    const int inputs = graph->input_count - graph->target_count;
    write_inputs_array(emitter, "inputs", 0, inputs);
    if (call == CALL_GRAD)
        write_inputs_array(emitter, "targets", inputs, graph->input_count);
    text_printf(emitter->out, "    void *const %s[] = {", call == CALL_GRAD ? "input_gradients" : "outputs");
    const int count = call == CALL_GRAD ? inputs : graph->output_count;
    for (int i = 0; i < count; i++) {
        int output = call == CALL_GRAD ? -1 : i;
        for (int k = 0; call == CALL_GRAD && k < graph->output_count; k++)
            output = input_of(emitter, k) == i ? k : output;
        text_printf(emitter->out, "%s, ", output < 0 ? "NULL" : emitter->arguments[graph->input_count + output]);
    }
    text_puts(emitter->out, "NULL};\n");
}

/* Writes checks that inputs are not NULL, and ids in range. */
static void write_input_check(struct emitter *emitter, int index, const char *lengths, const char *frames)
{
    const struct graph_input *input = &emitter->graph->inputs[index];
    const char *name = emitter->arguments[index];
    bool once = input->time == TIME_SEQUENCE && !input->labels;
    text_puts(emitter->out, "    if (status == RNN_OK)\n        status = ");
    if (input->vocabulary)
        text_printf(emitter->out, "%s(%s, %d, %s, %s, streams);\n",
                    input->labels ? "rnn_check_labels" : "rnn_check_ids", name, input->vocabulary,
                    once ? "NULL" : lengths, once ? "1" : frames);
    else
        text_printf(emitter->out, "rnn_check_input(%s);\n", name);
}

void write_input_checks(struct emitter *emitter, int count, const char *lengths, const char *frames)
{
    for (int i = 0; i < count; i++)
        write_input_check(emitter, i, lengths, frames);
    text_puts(emitter->out, "    if (status != RNN_OK)\n        return status;\n");
}

void write_checks(struct emitter *emitter, enum call_kind call)
{
    static const char *const lengths[] = {"NULL", "lengths", "window->lengths"};
    static const char *const frames[] = {"1", "frames", "window->frames"};
    text_puts(emitter->out, "    const int streams = rnn_streams(state);\n    rnn_status status = ");
    if (call == CALL_STEP)
        text_puts(emitter->out, "rnn_check_step(packed, streams);\n");
    else if (call == CALL_RUN)
        text_puts(emitter->out, "rnn_check_run(packed, streams, work, frames, lengths);\n");
    else
        text_printf(emitter->out, "rnn_check_grad(params, streams, work, window, loss, %d);\n",
                    emitter->graph->carries);
    write_input_checks(emitter, emitter->graph->input_count, lengths[call], frames[call]);
}
