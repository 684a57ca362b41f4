/* Runs in parts. Values that cross sections are kept for all frames of a call, so a long call is made as several, whose
 * streams go on from the state; memory for values does not grow with it. */
#include <limits.h>

#include "emit/writing.h"

enum { PART_BLOCKS = 16 }; /* while a part begins and ends threads wait, for about one block of it */

bool run_is_in_parts(const struct emitter *emitter, const struct plan *plan)
{
    return plan->call == CALL_RUN && plan->carries && emitter->schedule->section_count;
}

int part_frames(const struct schedule *schedule)
{
    return schedule->block_frames < INT_MAX / PART_BLOCKS ? PART_BLOCKS * schedule->block_frames : INT_MAX;
}

void write_part_signature(struct emitter *emitter)
{
    write_pattern(emitter, "/* Part of a run: so many frames that their values are kept for all of them. */\n"
                           "static void $_run_part(const $_packed *packed, $_state *state, void *work,\n"
                           "    const int frames, const int *lengths");
    write_data_parameters(emitter, CALL_RUN);
    text_puts(emitter->out, ")");
}

/* Writes the arguments of a part for inputs and outputs. */
static void write_part_arguments(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count + graph->output_count; i++) {
        const struct graph_input *input = i < graph->input_count ? &graph->inputs[i] : NULL;
        const struct graph_output *output = input ? NULL : &graph->outputs[i - graph->input_count];
        const char *name = emitter->arguments[i], *each = "";
        const long units = input ? input->vocabulary ? 1 : shape_size(&input->shape) : shape_size(&output->shape);
        if (units != 1)
            each = arena_printf(emitter->arena, " * %s",
                                output ? node_size(emitter, output->edge.node, units)
                                       : arena_printf(emitter->arena, "%ld", units));
        if ((input ? input->time : output->time) != TIME_FRAME)
            text_printf(emitter->out, ",\n            %s", name);
        else if (input)
            text_printf(emitter->out, ",\n            %s + column%s", name, each);
        else
            text_printf(emitter->out, ",\n            %s ? %s + column%s : NULL", name, name, each);
    }
}

void write_run_in_parts(struct emitter *emitter)
{
    write_signature(emitter, CALL_RUN);
    text_puts(emitter->out, "\n{\n");
    write_checks(emitter, CALL_RUN);
    write_pattern(emitter, "    const int most = RNN_MAX(1, $_PART_FRAMES / streams);\n"
                           "    void *const rest = (char *)work + RNN_ROUND((size_t)streams * sizeof(int));\n"
                           "    int begin = 0;\n"
                           "    do {\n"
                           "        const int count = RNN_MIN(most, frames - begin);\n"
                           "        const size_t column = rnn_columns(begin, streams);\n"
                           "        $_run_part(packed, state, rest, count,\n"
                           "            rnn_lengths_from((int *)(void *)work, lengths, begin, count, streams)");
    write_part_arguments(emitter);
    text_puts(emitter->out, ");\n"
                            "        begin += count;\n"
                            "    } while (begin < frames);\n"
                            "    return RNN_OK;\n}\n\n");
}
