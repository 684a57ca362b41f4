/* The entry points, last in the file and short enough to read as the plan. */
#include <string.h>

#include "emit/emitter.h"

static void write_pattern(struct emitter *emitter, const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern == '$')
            text_puts(emitter->out, emitter->prefix);
        else
            text_append(emitter->out, pattern, 1);
    }
}

static const char *const memory_functions =
    "struct $_state {\n"
    "    int streams, fresh_count;\n"
    "    unsigned char fresh[]; /* streams whose past is yet to be started; values follow, aligned */\n"
    "};\n\n"
    "size_t $_alignment(void) { return RNN_VECTOR_BYTES; }\n"
    "size_t $_packed_size(void) { return sizeof(struct $_packed); }\n\n"
    "/* Bytes of the state in front of its values. */\n"
    "static size_t $_state_head(int streams) { return RNN_ROUND(sizeof(struct $_state) + (size_t)streams); }\n\n"
    "static rnn_real *$_state_values($_state *state)\n{\n"
    "    return (rnn_real *)((char *)state + $_state_head(state->streams));\n}\n\n"
    "size_t $_state_size(int streams)\n{\n"
    "    struct $_values values;\n"
    "    return $_state_head(streams) + RNN_ROUND($_place(&values, NULL, 1, streams) * sizeof(rnn_real));\n}\n\n"
    "/* Frames of a block: many streams fill the kernels' columns as well as many frames do; blocks are of nearly equal length. */\n"
    "static int $_block_frames(int frames, int streams)\n{\n"
    "    const int most = RNN_MAX(1, $_BLOCK_FRAMES / streams);\n"
    "    const int blocks = (frames + most - 1) / most;\n"
    "    return blocks > 1 ? (frames + blocks - 1) / blocks : frames;\n}\n\n"
    "/* The longest block of any run of up to so many frames. */\n"
    "static int $_longest_block(int frames, int streams)\n{\n"
    "    return RNN_MIN(frames, RNN_MAX(1, $_BLOCK_FRAMES / streams));\n}\n\n"
    "size_t $_work_size(int frames, int streams)\n{\n"
    "    struct $_values values;\n"
    "    const size_t size = $_place(&values, NULL, $_longest_block(RNN_MAX(frames, 1), streams), streams);\n"
    "    return RNN_ROUND((size_t)streams * sizeof(int)) + RNN_ROUND(size * sizeof(rnn_real));\n}\n\n"
    "void $_state_init($_state *state, int streams)\n{\n"
    "    state->streams = streams;\n"
    "    memset($_state_values(state), 0, $_state_size(streams) - $_state_head(streams));\n"
    "    $_reset(state, NULL);\n}\n\n"
    "rnn_status $_reset($_state *state, const unsigned char *which_streams)\n{\n"
    "    if (!state)\n        return RNN_ERROR_ARGUMENT;\n"
    "    state->fresh_count = 0;\n"
    "    for (int stream = 0; stream < state->streams; stream++) {\n"
    "        if (!which_streams || which_streams[stream])\n            state->fresh[stream] = 1;\n"
    "        state->fresh_count += state->fresh[stream];\n    }\n"
    "    return RNN_OK;\n}\n\n"
    "/* Gives fresh streams their initial values. */\n"
    "static void $_start_fresh(const struct $_packed *packed, $_state *state, const struct $_values *past)\n{\n"
    "    for (int stream = 0; state->fresh_count && stream < state->streams; stream++)\n"
    "        if (state->fresh[stream]) {\n"
    "            $_start(packed, past, state->streams, stream);\n"
    "            state->fresh[stream] = 0;\n"
    "            state->fresh_count--;\n        }\n}\n\n";

static const char *const weight_functions =
    "rnn_status $_load($_params *params, const char *path, rnn_error *error)\n{\n"
    "    return rnn_parameters_load(&$_model, params, path, error);\n}\n\n"
    "rnn_status $_load_memory($_params *params, const void *memory, size_t size, rnn_error *error)\n{\n"
    "    return rnn_parameters_load_memory(&$_model, params, memory, size, error);\n}\n\n"
    "rnn_status $_save(const $_params *params, const char *path, rnn_error *error)\n{\n"
    "    return rnn_parameters_save(&$_model, params, path, error);\n}\n\n"
    "void $_init($_params *params, uint64_t seed) { rnn_parameters_init(&$_model, params, seed); }\n\n";

static void write_arguments(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count; i++)
        text_printf(emitter->out, ",\n    const %s *%s", graph->inputs[i].vocabulary ? "int32_t" : "rnn_real",
                    emitter->arguments[i]);
    for (int i = 0; i < graph->output_count; i++)
        text_printf(emitter->out, ",\n    rnn_real *%s", emitter->arguments[graph->input_count + i]);
    text_puts(emitter->out, ")\n{\n");
}

/* The node that stands for an input, or NO_NODE where nothing reads it. */
static int input_node(const struct graph *graph, int index)
{
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == OP_input && graph->nodes[i]->index == index)
            return i;
    return NO_NODE;
}

static void write_checks(struct emitter *emitter, const char *lengths, const char *frames)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count; i++) {
        text_printf(emitter->out, "    if (!%s)\n        return RNN_ERROR_ARGUMENT;\n", emitter->arguments[i]);
        if (graph->inputs[i].vocabulary)
            text_printf(emitter->out, "    if (rnn_check_ids(%s, %d, %s, %s, state->streams) != RNN_OK)\n        return RNN_ERROR_ID;\n",
                        emitter->arguments[i], graph->inputs[i].vocabulary, lengths, frames);
    }
}

/* Inputs: an address where kernels read the caller's memory, a copy where they need padded columns. */
static void write_inputs(struct emitter *emitter, const char *indent, bool run)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count; i++) {
        int node = input_node(graph, i);
        if (node == NO_NODE)
            continue;
        int units = node_units(graph->nodes[node]);
        const char *from = emitter->arguments[i];
        if (run)
            from = arena_printf(emitter->arena, "%s + (ptrdiff_t)done * streams * %d", from, units);
        if (emitter->schedule->buffers[node].storage == STORE_INPUT)
            text_printf(emitter->out, "%svalues.%s = %s;\n", indent, emitter->buffers[node], from);
        else
            text_printf(emitter->out, "%srnn_pad_columns(values.%s, %s, %d, %s);\n", indent, emitter->buffers[node], from, units,
                        run ? "(ptrdiff_t)count * streams" : "streams");
    }
}

static void write_outputs(struct emitter *emitter, const char *indent, bool run)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->output_count; i++) {
        const struct graph_output *output = &graph->outputs[i];
        const char *to = emitter->arguments[graph->input_count + i];
        int units = (int)shape_size(&output->shape);
        const char *count = run ? "(ptrdiff_t)count * streams" : "streams";
        const char *at = run ? arena_printf(emitter->arena, "%s + (ptrdiff_t)done * streams * %d", to, units) : to;
        const char *from = emitter->buffers[output->edge.node];
        if (emitter->schedule->buffers[output->edge.node].storage == STORE_INPUT)
            text_printf(emitter->out, "%sif (%s)\n%s    memcpy(%s, values.%s, (size_t)(%s) * %d * sizeof(rnn_real));\n", indent, to,
                        indent, at, from, count, units);
        else
            text_printf(emitter->out, "%sif (%s)\n%s    rnn_unpad_columns(%s, values.%s, %d, %s);\n", indent, to, indent, at, from,
                        units, count);
        if (run)
            text_printf(emitter->out, "%sif (%s && lengths)\n%s    rnn_clear_after_end(%s, %d, ends, count, streams);\n", indent, to,
                        indent, at, units);
    }
}

static void write_step(struct emitter *emitter)
{
    write_pattern(emitter, "rnn_status $_step(const $_packed *packed, $_state *state");
    write_arguments(emitter);
    text_puts(emitter->out, "    if (!packed || !state)\n        return RNN_ERROR_ARGUMENT;\n");
    write_checks(emitter, "NULL", "1");
    write_pattern(emitter, "    const int streams = state->streams;\n"
                           "    struct $_values values;\n"
                           "    $_place(&values, $_state_values(state), 1, streams);\n"
                           "    const rnn_flush_state flush = rnn_flush_begin();\n"
                           "    $_start_fresh(packed, state, &values);\n");
    write_inputs(emitter, "    ", false);
    write_pattern(emitter, "    $_block(packed, &values, 1, streams, NULL);\n");
    write_outputs(emitter, "    ", false);
    write_pattern(emitter, "    $_carry(&values, 1, streams);\n"
                           "    rnn_flush_end(flush);\n"
                           "    return RNN_OK;\n}\n\n");
}

/* Values overwritten in place: where a stream that ends keeps its past. */
static void write_kept(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (emitter->schedule->buffers[i].in_place)
            text_printf(emitter->out, "    values.%s_kept_ = past.%s;\n", emitter->buffers[i], emitter->buffers[i]);
}

/* After the run: pasts back into the state. With lengths, every stream has kept its own as it ended, but for elementwise scans,
 * which stop by themselves. */
static void write_give_back(struct emitter *emitter)
{
    write_pattern(emitter, "    if (!lengths)\n        $_take(&past, &values, streams);\n");
    bool opened = false;
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct schedule *schedule = emitter->schedule;
        if (!schedule->buffers[i].in_place || schedule->regions[schedule->region_of[i]].kind != REGION_ELEMENTWISE_SCAN)
            continue;
        if (!opened)
            text_puts(emitter->out, "    else {\n");
        opened = true;
        int units = node_units(emitter->graph->nodes[i]);
        text_printf(emitter->out, "        memcpy(past.%s, values.%s, (size_t)streams * RNN_PAD(%d) * sizeof(rnn_real));\n",
                    emitter->buffers[i], emitter->buffers[i], units);
    }
    if (opened)
        text_puts(emitter->out, "    }\n");
}

static void write_run(struct emitter *emitter)
{
    write_pattern(emitter, "rnn_status $_run(const $_packed *packed, $_state *state, $_work *work, int frames, const int *lengths");
    write_arguments(emitter);
    text_puts(emitter->out, "    if (!packed || !state || !work || frames < 0 || !rnn_is_aligned(work))\n"
                            "        return RNN_ERROR_ARGUMENT;\n"
                            "    const int streams = state->streams;\n"
                            "    if (rnn_check_lengths(lengths, frames, streams) != RNN_OK)\n"
                            "        return RNN_ERROR_LENGTH;\n");
    write_checks(emitter, "lengths", "frames");
    write_pattern(emitter, "    const int most = $_block_frames(frames, streams);\n"
                           "    int *const ends = (int *)work; /* of each stream, within the block */\n"
                           "    struct $_values past, values;\n"
                           "    $_place(&past, $_state_values(state), 1, streams);\n"
                           "    $_place(&values, (rnn_real *)((char *)work + RNN_ROUND((size_t)streams * sizeof(int))), most, streams);\n");
    write_kept(emitter);
    write_pattern(emitter, "    const rnn_flush_state flush = rnn_flush_begin();\n"
                           "    $_start_fresh(packed, state, &past);\n"
                           "    $_take(&values, &past, streams);\n"
                           "    for (int done = 0, count; done < frames; done += count) {\n"
                           "        count = RNN_MIN(most, frames - done);\n"
                           "        for (int stream = 0; lengths && stream < streams; stream++)\n"
                           "            ends[stream] = RNN_MAX(0, RNN_MIN(count, lengths[stream] - done));\n");
    write_inputs(emitter, "        ", true);
    write_pattern(emitter, "        $_block(packed, &values, count, streams, lengths ? ends : NULL);\n");
    write_outputs(emitter, "        ", true);
    write_pattern(emitter, "        for (int stream = 0; lengths && stream < streams; stream++)\n"
                           "            if (lengths[stream] > done && lengths[stream] <= done + count)\n"
                           "                $_keep(&past, &values, ends[stream], streams, stream);\n"
                           "        $_carry(&values, count, streams);\n    }\n");
    write_give_back(emitter);
    text_puts(emitter->out, "    rnn_flush_end(flush);\n    return RNN_OK;\n}\n\n");
}

void emit_entry_points(struct emitter *emitter)
{
    text_printf(emitter->out, "enum { %s_BLOCK_FRAMES = %d };\n\n", emitter->prefix, emitter->schedule->block_frames);
    write_pattern(emitter, memory_functions);
    write_pattern(emitter, weight_functions);
    write_step(emitter);
    write_run(emitter);
}
