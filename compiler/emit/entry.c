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
    "    int streams;\n"
    "    int ages[]; /* of each stream: frames since it began; values follow, aligned */\n"
    "};\n\n"
    "size_t $_alignment(void) { return RNN_VECTOR_BYTES; }\n"
    "size_t $_packed_size(void) { return sizeof(struct $_packed); }\n\n"
    "/* Bytes of the state in front of its values. */\n"
    "static size_t $_state_head(int streams) { return RNN_ROUND(sizeof(struct $_state) + (size_t)streams * sizeof(int)); }\n\n"
    "/* Frames of a block: many streams fill the kernels' columns as well as many frames do; blocks are of nearly equal length. */\n"
    "static int $_block_frames(int frames, int streams)\n{\n"
    "    const int most = RNN_MAX(1, $_BLOCK_FRAMES / streams);\n"
    "    const int blocks = (frames + most - 1) / most;\n"
    "    return blocks > 1 ? (frames + blocks - 1) / blocks : frames;\n}\n\n"
    "size_t $_work_size(int frames, int streams)\n{\n"
    "    struct $_values values;\n"
    "    const int longest = RNN_MIN(frames, RNN_MAX(1, $_BLOCK_FRAMES / streams)); /* block of any shorter run too */\n"
    "    return RNN_ROUND(2 * (size_t)streams * sizeof(int)) +\n"
    "           RNN_ROUND($_place(&values, NULL, longest, frames, streams) * sizeof(rnn_real));\n}\n\n"
    "rnn_status $_reset($_state *state, const unsigned char *which_streams)\n{\n"
    "    if (!state)\n        return RNN_ERROR_ARGUMENT;\n"
    "    for (int stream = 0; stream < state->streams; stream++)\n"
    "        if (!which_streams || which_streams[stream])\n            state->ages[stream] = 0;\n"
    "    return RNN_OK;\n}\n\n";

/* A state that holds the past, and room for the values of one frame. */
static const char *const state_functions =
    "static rnn_real *$_state_values($_state *state)\n{\n"
    "    return (rnn_real *)((char *)state + $_state_head(state->streams));\n}\n\n"
    "size_t $_state_size(int streams)\n{\n"
    "    struct $_values values;\n"
    "    return $_state_head(streams) + RNN_ROUND($_place(&values, NULL, 1, 1, streams) * sizeof(rnn_real));\n}\n\n"
    "void $_state_init($_state *state, int streams)\n{\n"
    "    memset(state, 0, $_state_size(streams));\n"
    "    state->streams = streams;\n}\n\n"
    "/* Streams that begin with this call. */\n"
    "static void $_start_streams(const struct $_packed *packed, const $_state *state, const struct $_values *past,\n"
    "    const struct $_values *values)\n{\n"
    "    for (int stream = 0; stream < state->streams; stream++)\n"
    "        if (state->ages[stream] == 0)\n"
    "            $_start_0(packed, past, values, 1, state->streams, stream);\n}\n\n"
    "static void $_grow_older($_state *state, const int *lengths, int frames)\n{\n"
    "    for (int stream = 0; stream < state->streams; stream++) {\n"
    "        const int added = lengths ? lengths[stream] : frames;\n"
    "        state->ages[stream] = state->ages[stream] > INT_MAX - added ? INT_MAX : state->ages[stream] + added;\n    }\n}\n\n";

static const char *const whole_state_functions =
    "size_t $_state_size(int streams) { return $_state_head(streams); }\n\n"
    "void $_state_init($_state *state, int streams)\n{\n"
    "    memset(state, 0, $_state_size(streams));\n"
    "    state->streams = streams;\n}\n\n";

static const char *const weight_functions =
    "rnn_status $_load($_params *params, const char *path, rnn_error *error)\n{\n"
    "    return rnn_parameters_load(&$_model, params, path, error);\n}\n\n"
    "rnn_status $_load_memory($_params *params, const void *memory, size_t size, rnn_error *error)\n{\n"
    "    return rnn_parameters_load_memory(&$_model, params, memory, size, error);\n}\n\n"
    "rnn_status $_save(const $_params *params, const char *path, rnn_error *error)\n{\n"
    "    return rnn_parameters_save(&$_model, params, path, error);\n}\n\n"
    "rnn_status $_init($_params *params, uint64_t seed) { return rnn_parameters_init(&$_model, params, seed); }\n\n";

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
static void write_input(struct emitter *emitter, int index, const char *indent, const char *from, const char *count)
{
    int node = input_node(emitter->graph, index);
    if (emitter->schedule->buffers[node].storage == STORE_INPUT)
        text_printf(emitter->out, "%svalues.%s = %s;\n", indent, emitter->buffers[node], from);
    else
        text_printf(emitter->out, "%srnn_pad_columns(values.%s, %s, %d, %s);\n", indent, emitter->buffers[node], from,
                    node_units(emitter->graph->nodes[node]), count);
}

/* Inputs of a block. */
static void write_block_inputs(struct emitter *emitter, int pass)
{
    for (int i = 0; i < emitter->graph->input_count; i++) {
        int node = input_node(emitter->graph, i);
        if (node == NO_NODE || emitter->graph->inputs[i].time != TIME_FRAME || !pass_reads(emitter, pass, node) ||
            emitter->schedule->buffers[node].storage == STORE_SEQUENCE)
            continue;
        const char *from = arena_printf(emitter->arena, "%s + (ptrdiff_t)done * streams * %d", emitter->arguments[i],
                                        node_units(emitter->graph->nodes[node]));
        write_input(emitter, i, "        ", from, "(ptrdiff_t)count * streams");
    }
}

/* Inputs of the whole call: those given once, and those of which frames out of range are read by a program that needs all frames. */
static void write_whole_inputs(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->input_count; i++) {
        int node = input_node(emitter->graph, i);
        if (node == NO_NODE)
            continue;
        const struct buffer *buffer = &emitter->schedule->buffers[node];
        int units = node_units(emitter->graph->nodes[node]);
        if (emitter->graph->inputs[i].time == TIME_SEQUENCE)
            write_input(emitter, i, "    ", emitter->arguments[i], "streams");
        else if (buffer->storage == STORE_SEQUENCE) {
            write_input(emitter, i, "    ", emitter->arguments[i], "(ptrdiff_t)frames * streams");
            if (buffer->future)
                text_printf(emitter->out, "    for (int stream = 0; lengths && stream < streams; stream++)\n"
                                          "        rnn_start_future(values.%s, frames - lengths[stream], RNN_PAD(%d), %d, NULL, 0, "
                                          "lengths[stream],\n                         streams, stream);\n",
                            emitter->buffers[node], units, units);
        }
    }
}

static bool output_is_of_pass(const struct emitter *emitter, const struct graph_output *output, int pass)
{
    if (output->time != TIME_FRAME)
        return false;
    int region = emitter->schedule->region_of[output->edge.node];
    return region < 0 ? pass == 0 : emitter->schedule->regions[region].pass == pass;
}

static void write_output(struct emitter *emitter, int index, const char *indent, const char *to, const char *count)
{
    const struct graph_output *output = &emitter->graph->outputs[index];
    const char *from = emitter->buffers[output->edge.node], *name = emitter->arguments[emitter->graph->input_count + index];
    int units = (int)shape_size(&output->shape);
    if (emitter->schedule->buffers[output->edge.node].storage == STORE_INPUT)
        text_printf(emitter->out, "%sif (%s)\n%s    memcpy(%s, values.%s, (size_t)(%s) * %d * sizeof(rnn_real));\n", indent, name,
                    indent, to, from, count, units);
    else
        text_printf(emitter->out, "%sif (%s)\n%s    rnn_unpad_columns(%s, values.%s, %d, %s);\n", indent, name, indent, to, from,
                    units, count);
}

static void write_block_outputs(struct emitter *emitter, int pass)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->output_count; i++) {
        if (!output_is_of_pass(emitter, &graph->outputs[i], pass))
            continue;
        const char *name = emitter->arguments[graph->input_count + i];
        int units = (int)shape_size(&graph->outputs[i].shape);
        const char *to = arena_printf(emitter->arena, "%s + (ptrdiff_t)done * streams * %d", name, units);
        write_output(emitter, i, "        ", to, "(ptrdiff_t)count * streams");
        text_printf(emitter->out, "        if (%s && lengths)\n            rnn_clear_after_end(%s, %d, ends, count, streams);\n", name,
                    to, units);
    }
}

/* Outputs given once a sequence; a sequence without frames gives 0. */
static void write_sequence_outputs(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->output_count; i++) {
        if (graph->outputs[i].time != TIME_SEQUENCE)
            continue;
        const char *name = emitter->arguments[graph->input_count + i];
        write_output(emitter, i, "    ", name, "streams");
        text_printf(emitter->out, "    for (int stream = 0; %s && stream < streams; stream++)\n"
                                  "        if (values.ages[stream] == 0)\n"
                                  "            memset(%s + (ptrdiff_t)stream * %ld, 0, %ld * sizeof(rnn_real));\n",
                    name, name, shape_size(&graph->outputs[i].shape), shape_size(&graph->outputs[i].shape));
    }
}

/* The regions of sequence values that come before `pass`, or after all. */
static void write_sequence_regions(struct emitter *emitter, int pass)
{
    for (int r = 0; r < emitter->schedule->region_count; r++) {
        const struct region *region = &emitter->schedule->regions[r];
        if (region->kind == REGION_SEQUENCE && region->pass == pass)
            text_printf(emitter->out, "    %s_%s(packed, &values, 1, streams, NULL);\n", emitter->prefix, region->name);
    }
}

/* ---- _step ---- */

static void write_step(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    write_pattern(emitter, "rnn_status $_step(const $_packed *packed, $_state *state");
    write_arguments(emitter);
    text_puts(emitter->out, "    if (!packed || !state)\n        return RNN_ERROR_ARGUMENT;\n");
    write_checks(emitter, "NULL", "1");
    write_pattern(emitter, "    const int streams = state->streams;\n"
                           "    struct $_values values;\n"
                           "    $_place(&values, $_state_values(state), 1, 1, streams);\n"
                           "    values.ages = state->ages;\n"
                           "    const rnn_flush_state flush = rnn_flush_begin();\n");
    for (int i = 0; i < graph->input_count; i++)
        if (input_node(graph, i) != NO_NODE)
            write_input(emitter, i, "    ", emitter->arguments[i], "streams");
    write_sequence_regions(emitter, 0);
    write_pattern(emitter, "    $_start_streams(packed, state, &values, &values);\n"
                           "    $_pass_0(packed, &values, 1, streams, NULL);\n"
                           "    $_grow_older(state, NULL, 1);\n"
                           "    $_finish_0(&values, streams);\n");
    write_sequence_regions(emitter, 1);
    for (int i = 0; i < graph->output_count; i++)
        write_output(emitter, i, "    ", emitter->arguments[graph->input_count + i], "streams");
    write_pattern(emitter, "    $_carry(&values, 1, streams);\n"
                           "    rnn_flush_end(flush);\n"
                           "    return RNN_OK;\n}\n\n");
}

/* ---- _run ---- */

/* Values overwritten in place: where a stream that ends keeps its past. */
static void write_kept(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (emitter->schedule->buffers[i].in_place)
            text_printf(emitter->out, "    values.%s_kept_ = past.%s;\n", emitter->buffers[i], emitter->buffers[i]);
}

/* What has been gathered goes with the past. */
static void write_gathered(struct emitter *emitter, const char *to, const char *from)
{
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (node_is_over_time(emitter->graph->nodes[i]))
            text_printf(emitter->out, "    memcpy(%s.%s_so_far_, %s.%s_so_far_, (size_t)streams * RNN_PAD(%d) * sizeof(rnn_real));\n", to,
                        emitter->buffers[i], from, emitter->buffers[i], node_units(emitter->graph->nodes[i]));
}

/* After the run: pasts back into the state. With lengths, every stream has kept its own as it ended, but for elementwise scans,
 * which stop by themselves. */
static void write_give_back(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    write_pattern(emitter, "    if (!lengths)\n        $_take(&past, &values, streams);\n");
    bool opened = false;
    for (int i = 0; i < emitter->graph->node_count; i++) {
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
    write_gathered(emitter, "past", "values");
}

static void write_run_head(struct emitter *emitter)
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
                           "    int *const ends = (int *)work, *const ages = ends + streams; /* of each stream, within the block and before it */\n"
                           "    rnn_real *const memory = (rnn_real *)((char *)work + RNN_ROUND(2 * (size_t)streams * sizeof(int)));\n"
                           "    struct $_values values;\n"
                           "    $_place(&values, memory, most, frames, streams);\n"
                           "    values.ages = ages;\n");
}

/* The frames of each stream in the block at hand, and before it. */
static const char *const block_ends =
    "        for (int stream = 0; stream < streams; stream++) {\n"
    "            const int length = lengths ? lengths[stream] : frames;\n"
    "            ends[stream] = RNN_MAX(0, RNN_MIN(count, length - done));\n"
    "            ages[stream] = @RNN_MIN(done, length);\n"
    "        }\n";

static void write_block_ends(struct emitter *emitter, const char *age)
{
    const char *at = strchr(block_ends, '@');
    text_append(emitter->out, block_ends, (size_t)(at - block_ends));
    text_puts(emitter->out, age);
    text_puts(emitter->out, at + 1);
}

/* The frames of each stream after the last block. */
static void write_final_ages(struct emitter *emitter)
{
    text_puts(emitter->out, "    for (int stream = 0; stream < streams; stream++)\n"
                            "        ages[stream] = lengths ? lengths[stream] : frames;\n");
}

static void write_run(struct emitter *emitter)
{
    write_run_head(emitter);
    write_pattern(emitter, "    struct $_values past;\n    $_place(&past, $_state_values(state), 1, 1, streams);\n");
    write_kept(emitter);
    text_puts(emitter->out, "    const rnn_flush_state flush = rnn_flush_begin();\n");
    write_whole_inputs(emitter);
    write_sequence_regions(emitter, 0);
    write_pattern(emitter, "    $_start_streams(packed, state, &past, &values);\n    $_take(&values, &past, streams);\n");
    write_gathered(emitter, "values", "past");
    text_puts(emitter->out, "    for (int done = 0, count; done < frames; done += count) {\n"
                            "        count = RNN_MIN(most, frames - done);\n");
    write_block_ends(emitter, "state->ages[stream] + ");
    write_block_inputs(emitter, 0);
    write_pattern(emitter, "        $_pass_0(packed, &values, count, streams, lengths ? ends : NULL);\n");
    write_block_outputs(emitter, 0);
    write_pattern(emitter, "        for (int stream = 0; lengths && stream < streams; stream++)\n"
                           "            if (lengths[stream] > done && lengths[stream] <= done + count)\n"
                           "                $_keep(&past, &values, ends[stream], streams, stream);\n"
                           "        $_carry(&values, count, streams);\n    }\n");
    write_give_back(emitter);
    write_pattern(emitter, "    $_grow_older(state, lengths, frames);\n");
    write_pattern(emitter, "    memcpy(ages, state->ages, (size_t)streams * sizeof(int));\n    $_finish_0(&values, streams);\n");
    write_sequence_regions(emitter, 1);
    write_sequence_outputs(emitter);
    text_puts(emitter->out, "    rnn_flush_end(flush);\n    return RNN_OK;\n}\n\n");
}

/* A program that needs the future: every call is a whole sequence, run through as often as it takes. */
static void write_whole_pass(struct emitter *emitter, int pass)
{
    struct text *out = emitter->out;
    bool backward = pass_is_backward(pass);
    write_sequence_regions(emitter, pass);
    text_printf(out, "    for (int stream = 0; stream < streams; stream++)\n"
                     "        %s_start_%d(packed, &whole, &whole, frames, streams, stream);\n",
                emitter->prefix, pass);
    if (backward)
        text_puts(out, "    for (int done = frames, count; done > 0;) { /* backward */\n"
                       "        count = RNN_MIN(most, done);\n        done -= count;\n");
    else
        text_puts(out, "    for (int done = 0, count; done < frames; done += count) {\n"
                       "        count = RNN_MIN(most, frames - done);\n");
    write_block_ends(emitter, "");
    text_printf(out, "        %s_at(&values, &whole, done, streams);\n", emitter->prefix);
    write_block_inputs(emitter, pass);
    text_printf(out, "        %s_pass_%d(packed, &values, count, streams, lengths ? ends : NULL);\n", emitter->prefix, pass);
    write_block_outputs(emitter, pass);
    text_puts(out, "    }\n");
    write_final_ages(emitter);
    text_printf(out, "    %s_at(&values, &whole, 0, streams);\n    %s_finish_%d(&values, streams);\n", emitter->prefix, emitter->prefix,
                pass);
}

static void write_whole_run(struct emitter *emitter)
{
    write_run_head(emitter);
    text_puts(emitter->out, "    const rnn_flush_state flush = rnn_flush_begin();\n");
    write_whole_inputs(emitter);
    write_pattern(emitter, "    const struct $_values whole = values;\n");
    for (int pass = 0; pass < emitter->schedule->passes.count; pass++)
        write_whole_pass(emitter, pass);
    write_sequence_regions(emitter, emitter->schedule->passes.count);
    write_sequence_outputs(emitter);
    text_puts(emitter->out, "    rnn_flush_end(flush);\n    return RNN_OK;\n}\n\n");
}

void emit_entry_points(struct emitter *emitter)
{
    bool whole = emitter->schedule->whole_sequence;
    emitter->region = NULL;
    text_printf(emitter->out, "enum { %s_BLOCK_FRAMES = %d };\n\n", emitter->prefix, emitter->schedule->block_frames);
    write_pattern(emitter, memory_functions);
    write_pattern(emitter, whole ? whole_state_functions : state_functions);
    write_pattern(emitter, weight_functions);
    if (whole) {
        write_whole_run(emitter);
    } else {
        write_step(emitter);
        write_run(emitter);
    }
}
