/* _step_some: a frame of some of the streams. Their past goes to a state of their own, which is stepped, and back, so
 * that it costs what a step of so many streams costs, and the copies. */
#include "emit/calls.h"

void write_some_signature(struct emitter *emitter)
{
    write_pattern(emitter, "rnn_status $_step_some(const $_packed *packed, $_state *state, $_state *batch,\n"
                           "    const int *streams, int count");
    write_data_parameters(emitter, CALL_STEP);
    text_puts(emitter->out, ")");
}

void write_step_some(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    if (!plan_of_call(emitter->schedule, CALL_STEP))
        return;
    write_some_signature(emitter);
    write_pattern(emitter, "\n{\n"
                           "    rnn_status status = rnn_check_some(packed, state, batch, streams, count);\n"
                           "    if (status != RNN_OK || !count)\n        return status;\n"
                           "    status = $_state_init(batch, count);\n"
                           "    for (int stream = 0; stream < count && status == RNN_OK; stream++)\n"
                           "        status = $_state_copy(packed, batch, stream, state, streams[stream], 1);\n"
                           "    if (status == RNN_OK)\n"
                           "        status = $_step(packed, batch");
    for (int i = 0; i < graph->input_count + graph->output_count; i++)
        text_printf(emitter->out, ", %s", emitter->arguments[i]);
    write_pattern(emitter, ");\n"
                           "    for (int stream = 0; stream < count && status == RNN_OK; stream++)\n"
                           "        status = $_state_copy(packed, state, streams[stream], batch, stream, 1);\n"
                           "    return status;\n}\n\n");
}

void write_generic_some(struct emitter *emitter)
{
    if (!plan_of_call(emitter->schedule, CALL_STEP))
        return;
    write_named(emitter,
                "static rnn_status $_step_some_any(const void *packed, void *state, void *batch, const int *streams,\n"
                "    int count, const void *const inputs[], void *const outputs[])\n{\n");
    write_generic_check(emitter);
    write_named(emitter,
                "    return $_step_some((const $_packed *)packed, ($_state *)state, ($_state *)batch, streams, count");
    write_generic_arguments(emitter, CALL_STEP);
    text_puts(emitter->out, ");\n}\n\n");
}
