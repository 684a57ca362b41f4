/* The entry points, last in the file and short enough to read as the plan: memory, weights, one frame. */
#include "emit/calls.h"

/* Parts that a network and its training both have, each under its own prefix. */
static const char *const state_functions =
    "struct $_state {\n"
    "    int streams;\n"
    "    int64_t ages[]; /* of each stream: frames since it began; values follow, aligned */\n"
    "};\n\n"
    "/* Bytes of the state in front of its values. */\n"
    "static size_t $_state_head(int streams)\n{\n"
    "    return RNN_ROUND(sizeof(struct $_state) + (size_t)RNN_MAX(streams, 0) * sizeof(int64_t));\n}\n\n"
    "/* Whether it was begun, with a stream at least. */\n"
    "static int $_state_is_begun(const $_state *state)\n{\n"
    "    return state && rnn_is_aligned(state) && state->streams >= 1;\n}\n\n";

/* A state that holds the past, and room for the values of one frame. */
static const char *const state_with_values =
    "size_t $_state_size(int streams)\n{\n"
    "    struct $_values values;\n"
    "    const size_t columns = rnn_columns(1, streams);\n"
    "    if (!rnn_columns_fit($_place(&values, NULL, 1, 1, 1), columns))\n        return SIZE_MAX;\n"
    "    return $_state_head(streams) + RNN_ROUND($_place(&values, NULL, columns, columns, columns) * "
    "sizeof(rnn_real));\n}\n\n"
    "/* Lays out what it holds: the past of each stream, and one frame. */\n"
    "static void $_place_state(struct $_values *values, $_state *state)\n{\n"
    "    const size_t columns = (size_t)state->streams;\n"
    "    $_place(values, (rnn_real *)((char *)state + $_state_head(state->streams)), columns, columns, columns);\n}\n\n";

static const char *const state_without_values =
    "size_t $_state_size(int streams) { return $_state_head(streams); }\n\n";

static const char *const state_begins =
    "rnn_status $_state_init($_state *state, int streams)\n{\n"
    "    if (!state || !rnn_is_aligned(state))\n        return RNN_ERROR_ARGUMENT;\n"
    "    memset(state, 0, $_state_size(streams));\n"
    "    state->streams = RNN_MAX(streams, 0);\n"
    "    return $_state_is_begun(state) ? RNN_OK : RNN_ERROR_ARGUMENT;\n}\n\n"
    "rnn_status $_reset($_state *state, const unsigned char *which_streams)\n{\n"
    "    if (!$_state_is_begun(state))\n        return RNN_ERROR_ARGUMENT;\n"
    "    for (int stream = 0; stream < state->streams; stream++)\n"
    "        if (!which_streams || which_streams[stream])\n            state->ages[stream] = 0;\n"
    "    return RNN_OK;\n}\n\n"
    "/* Frames of a block: many streams fill the kernels' columns as well as many frames do; blocks are of nearly "
    "equal length. */\n"
    "static int $_block_frames(int frames, int streams)\n{\n"
    "    const int most = RNN_MAX(1, $_BLOCK_FRAMES / streams);\n"
    "    const int blocks = frames / most + (frames % most != 0);\n"
    "    return blocks > 1 ? frames / blocks + (frames % blocks != 0) : frames;\n}\n\n"
    "/* Columns of the longest block in any call of so many frames and streams, or fewer of either. */\n"
    "static size_t $_block_columns(int frames, int streams)\n{\n"
    "    return RNN_MIN(rnn_columns(frames, streams), RNN_MAX(rnn_columns(1, streams), (size_t)$_BLOCK_FRAMES));\n}\n\n";

static const char *const size_functions =
    "size_t $_alignment(void) { return RNN_VECTOR_BYTES; }\n"
    "size_t $_packed_size(void) { return sizeof(struct $_packed); }\n\n"
    "/* Bytes of the work in front of its values: of each stream, the frames before a block and in it. */\n"
    "static size_t $_work_head(int streams)\n{\n"
    "    return RNN_ROUND((size_t)RNN_MAX(streams, 0) * (sizeof(int64_t) + sizeof(int)));\n}\n\n"
    "size_t $_work_size(int frames, int streams)\n{\n"
    "    struct $_values values;\n"
    "    const size_t columns = rnn_columns(1, streams), whole = rnn_columns(frames, streams);\n"
    "    if (!rnn_columns_fit($_place(&values, NULL, 1, 1, 1), RNN_MAX(whole, columns)))\n        return SIZE_MAX;\n"
    "    return $_work_head(streams) +\n"
    "           RNN_ROUND($_place(&values, NULL, $_block_columns(frames, streams), whole, columns) * sizeof(rnn_real));\n"
    "}\n\n";

static const char *const stream_functions =
    "/* Streams that begin with this call. */\n"
    "static void $_start_streams(const struct $_packed *packed, const $_state *state, const struct $_values *past,\n"
    "    const struct $_values *values)\n{\n"
    "    for (int stream = 0; stream < state->streams; stream++)\n"
    "        if (state->ages[stream] == 0)\n"
    "            $_start_0(packed, past, values, state->streams, stream);\n}\n\n"
    "static void $_grow_older($_state *state, const int *lengths, int frames)\n{\n"
    "    for (int stream = 0; stream < state->streams; stream++)\n"
    "        state->ages[stream] += lengths ? lengths[stream] : frames;\n}\n\n";

void write_state_functions(struct emitter *emitter, bool with_values)
{
    write_pattern(emitter, state_functions);
    write_pattern(emitter, with_values ? state_with_values : state_without_values);
    write_pattern(emitter, state_begins);
}

static const char *const file_functions =
    "rnn_status $_load($_params *params, const char *path, rnn_error *error)\n{\n"
    "    return rnn_parameters_load(&$_model, params, path, error);\n}\n\n"
    "rnn_status $_load_memory($_params *params, const void *memory, size_t size, rnn_error *error)\n{\n"
    "    return rnn_parameters_load_memory(&$_model, params, memory, size, error);\n}\n\n"
    "rnn_status $_save(const $_params *params, const char *path, rnn_error *error)\n{\n"
    "    return rnn_parameters_save(&$_model, params, path, error);\n}\n\n";

static const char *const init_function =
    "rnn_status $_init($_params *params, uint64_t seed) { return rnn_parameters_init(&$_model, params, seed); }\n\n";

static void write_step(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    write_pattern(emitter, "rnn_status $_step(const $_packed *packed, $_state *state");
    write_arguments(emitter);
    write_pattern(emitter, "    if (!packed || !rnn_is_aligned(packed) || !$_state_is_begun(state))\n"
                           "        return RNN_ERROR_ARGUMENT;\n");
    write_checks(emitter, "NULL", "1");
    write_pattern(emitter, "    const int streams = state->streams;\n"
                           "    struct $_values values;\n"
                           "    $_place_state(&values, state);\n"
                           "    values.ages = state->ages;\n"
                           "    const rnn_flush_state flush = rnn_flush_begin();\n");
    for (int i = 0; i < graph->input_count; i++)
        if (emitter->input_nodes[i] != NO_NODE)
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

void emit_entry_points(struct emitter *emitter)
{
    bool whole = emitter->schedule->whole_sequence;
    emitter->region = NULL;
    text_printf(emitter->out, "enum { %s_BLOCK_FRAMES = %d };\n\n", emitter->prefix, emitter->schedule->block_frames);
    write_state_functions(emitter, !whole);
    write_pattern(emitter, size_functions);
    if (!whole)
        write_pattern(emitter, stream_functions);
    if (emitter->files)
        write_pattern(emitter, file_functions);
    write_pattern(emitter, init_function);
    if (whole) {
        write_whole_run(emitter);
    } else {
        write_step(emitter);
        write_run(emitter);
    }
}
