/* Inputs and outputs of a call: where the caller has them, where kernels want them. */
#include "emit/calls.h"

void write_pattern(struct emitter *emitter, const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern == '$')
            text_puts(emitter->out, emitter->prefix);
        else
            text_append(emitter->out, pattern, 1);
    }
}

const char *input_type(const struct graph_input *input)
{
    return input->labels ? "rnn_labels" : input->vocabulary ? "int32_t" : "rnn_real";
}

void write_arguments(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count; i++)
        text_printf(emitter->out, ",\n    const %s *%s", input_type(&graph->inputs[i]), emitter->arguments[i]);
    for (int i = 0; i < graph->output_count; i++)
        text_printf(emitter->out, ",\n    rnn_real *%s", emitter->arguments[graph->input_count + i]);
    text_puts(emitter->out, ")\n{\n");
}

void write_checks(struct emitter *emitter, const char *lengths, const char *frames)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count; i++) {
        bool once = graph->inputs[i].time == TIME_SEQUENCE;
        text_printf(emitter->out, "    if (!%s)\n        return RNN_ERROR_ARGUMENT;\n", emitter->arguments[i]);
        if (graph->inputs[i].labels)
            text_printf(emitter->out,
                        "    const rnn_status %s_status_ = rnn_check_labels(%s, %d, %s, %s, state->streams);\n"
                        "    if (%s_status_ != RNN_OK)\n        return %s_status_;\n",
                        emitter->arguments[i], emitter->arguments[i], graph->inputs[i].vocabulary, lengths, frames,
                        emitter->arguments[i], emitter->arguments[i]);
        else if (graph->inputs[i].vocabulary)
            text_printf(
                emitter->out,
                "    if (rnn_check_ids(%s, %d, %s, %s, state->streams) != RNN_OK)\n        return RNN_ERROR_ID;\n",
                emitter->arguments[i], graph->inputs[i].vocabulary, once ? "NULL" : lengths, once ? "1" : frames);
    }
}

/* Whether a node's value is read by a kernel of this pass. */
static bool pass_reads(const struct emitter *emitter, int pass, int id)
{
    for (int u = emitter->uses.begin[id]; u < emitter->uses.begin[id + 1]; u++) {
        int reader = emitter->uses.use[u].reader;
        if (reader >= 0 && emitter->schedule->regions[emitter->schedule->region_of[reader]].pass == pass)
            return true;
        if (reader < 0 && pass == 0)
            return true;
    }
    return false;
}

/* One input: an address where kernels read the caller's memory, a copy where they need padded columns. */
void write_input(struct emitter *emitter, int index, const char *indent, const char *from, const char *count)
{
    int node = emitter->input_nodes[index];
    if (emitter->schedule->buffers[node].storage == STORE_INPUT)
        text_printf(emitter->out, "%svalues.%s = %s;\n", indent, emitter->buffers[node], from);
    else
        text_printf(emitter->out, "%srnn_pad_columns(values.%s, %s, %d, %s);\n", indent, emitter->buffers[node], from,
                    node_units(emitter->graph->nodes[node]), count);
}

/* Inputs of a block. */
void write_block_inputs(struct emitter *emitter, int pass)
{
    for (int i = 0; i < emitter->graph->input_count; i++) {
        int node = emitter->input_nodes[i];
        if (node == NO_NODE || emitter->graph->inputs[i].time != TIME_FRAME || !pass_reads(emitter, pass, node) ||
            emitter->schedule->buffers[node].storage == STORE_SEQUENCE)
            continue;
        const char *from = arena_printf(emitter->arena, "%s + (ptrdiff_t)done * streams * %d", emitter->arguments[i],
                                        node_units(emitter->graph->nodes[node]));
        write_input(emitter, i, "        ", from, "(ptrdiff_t)count * streams");
    }
}

/* Inputs of the whole call: those given once, and those of which frames out of range are read by a program that needs
 * all frames. */
void write_whole_inputs(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->input_count; i++) {
        int node = emitter->input_nodes[i];
        if (node == NO_NODE)
            continue;
        if (emitter->graph->inputs[i].time == TIME_SEQUENCE)
            write_input(emitter, i, "    ", emitter->arguments[i], "streams");
        else if (emitter->schedule->buffers[node].storage == STORE_SEQUENCE)
            write_input(emitter, i, "    ", emitter->arguments[i], "(ptrdiff_t)frames * streams");
    }
}

static bool output_is_of_pass(const struct emitter *emitter, const struct graph_output *output, int pass)
{
    if (output->time != TIME_FRAME)
        return false;
    int region = emitter->schedule->region_of[output->edge.node];
    return region < 0 ? pass == 0 : emitter->schedule->regions[region].pass == pass;
}

void write_output(struct emitter *emitter, int index, const char *indent, const char *to, const char *count)
{
    const struct graph_output *output = &emitter->graph->outputs[index];
    const char *from = emitter->buffers[output->edge.node],
               *name = emitter->arguments[emitter->graph->input_count + index];
    int units = (int)shape_size(&output->shape);
    if (emitter->schedule->buffers[output->edge.node].storage == STORE_INPUT)
        text_printf(emitter->out, "%sif (%s)\n%s    memcpy(%s, values.%s, (size_t)(%s) * %d * sizeof(rnn_real));\n",
                    indent, name, indent, to, from, count, units);
    else
        text_printf(emitter->out, "%sif (%s)\n%s    rnn_unpad_columns(%s, values.%s, %d, %s);\n", indent, name, indent,
                    to, from, units, count);
}

void write_block_outputs(struct emitter *emitter, int pass)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->output_count; i++) {
        if (!output_is_of_pass(emitter, &graph->outputs[i], pass))
            continue;
        const char *name = emitter->arguments[graph->input_count + i];
        int units = (int)shape_size(&graph->outputs[i].shape);
        const char *to = arena_printf(emitter->arena, "%s + (ptrdiff_t)done * streams * %d", name, units);
        write_output(emitter, i, "        ", to, "(ptrdiff_t)count * streams");
        text_printf(emitter->out,
                    "        if (%s && lengths)\n            rnn_clear_after_end(%s, %d, ends, count, streams);\n",
                    name, to, units);
    }
}

/* Outputs given once a sequence; a sequence without frames gives 0. */
void write_sequence_outputs(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->output_count; i++) {
        if (graph->outputs[i].time != TIME_SEQUENCE)
            continue;
        const char *name = emitter->arguments[graph->input_count + i];
        write_output(emitter, i, "    ", name, "streams");
        text_printf(emitter->out,
                    "    for (int stream = 0; %s && stream < streams; stream++)\n"
                    "        if (values.ages[stream] == 0)\n"
                    "            memset(%s + (ptrdiff_t)stream * %ld, 0, %ld * sizeof(rnn_real));\n",
                    name, name, shape_size(&graph->outputs[i].shape), shape_size(&graph->outputs[i].shape));
    }
}

/* The regions of sequence values that come before `pass`, or after all. */
void write_sequence_regions(struct emitter *emitter, int pass)
{
    for (int r = 0; r < emitter->schedule->region_count; r++) {
        const struct region *region = &emitter->schedule->regions[r];
        if (region->kind == REGION_SEQUENCE && region->pass == pass)
            text_printf(emitter->out, "    %s_%s(packed, &values, 1, streams, NULL);\n", emitter->prefix, region->name);
    }
}
