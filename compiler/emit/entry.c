/* The entry points, last in the file and short enough to read as the plan: memory, weights, one frame. */
#include "emit/calls.h"

static const char *const memory_functions =
    "struct $_state {\n"
    "    int streams;\n"
    "    int ages[]; /* of each stream: frames since it began; values follow, aligned */\n"
    "};\n\n"
    "size_t $_alignment(void) { return RNN_VECTOR_BYTES; }\n"
    "size_t $_packed_size(void) { return sizeof(struct $_packed); }\n\n"
    "/* Bytes of the state in front of its values. */\n"
    "static size_t $_state_head(int streams) { return RNN_ROUND(sizeof(struct $_state) + (size_t)streams * "
    "sizeof(int)); }\n\n"
    "/* Frames of a block: many streams fill the kernels' columns as well as many frames do; blocks are of nearly "
    "equal length. */\n"
    "static int $_block_frames(int frames, int streams)\n{\n"
    "    const int most = RNN_MAX(1, $_BLOCK_FRAMES / streams);\n"
    "    const int blocks = (frames + most - 1) / most;\n"
    "    return blocks > 1 ? (frames + blocks - 1) / blocks : frames;\n}\n\n"
    "size_t $_work_size(int frames, int streams)\n{\n"
    "    struct $_values values;\n"
    "    const int longest = RNN_MIN(frames, RNN_MAX(1, $_BLOCK_FRAMES / streams)); /* block of any shorter run too "
    "*/\n"
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
    "            $_start_0(packed, past, values, state->streams, stream);\n}\n\n"
    "static void $_grow_older($_state *state, const int *lengths, int frames)\n{\n"
    "    for (int stream = 0; stream < state->streams; stream++) {\n"
    "        const int added = lengths ? lengths[stream] : frames;\n"
    "        state->ages[stream] = state->ages[stream] > INT_MAX - added ? INT_MAX : state->ages[stream] + added;\n    "
    "}\n}\n\n";

static const char *const whole_state_functions =
    "size_t $_state_size(int streams) { return $_state_head(streams); }\n\n"
    "void $_state_init($_state *state, int streams)\n{\n"
    "    memset(state, 0, $_state_size(streams));\n"
    "    state->streams = streams;\n}\n\n";

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
    text_puts(emitter->out, "    if (!packed || !state || state->streams < 1)\n        return RNN_ERROR_ARGUMENT;\n");
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

void emit_entry_points(struct emitter *emitter)
{
    bool whole = emitter->schedule->whole_sequence;
    emitter->region = NULL;
    text_printf(emitter->out, "enum { %s_BLOCK_FRAMES = %d };\n\n", emitter->prefix, emitter->schedule->block_frames);
    write_pattern(emitter, memory_functions);
    write_pattern(emitter, whole ? whole_state_functions : state_functions);
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
