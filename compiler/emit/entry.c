/* The code around the entry points: memory, weights files, and the calls that need no plan. The entry points come
 * last. */
#include "emit/calls.h"

/* A state that holds the past, and room for the values of one frame. */
static const char *const state_with_values =
    "size_t $_state_size(int streams)\n{\n"
    "    struct $_values values;\n"
    "    const size_t columns = rnn_columns(1, streams);\n"
    "    if (!rnn_columns_fit($_place(&values, NULL, 1, 1, 1%s), columns))\n        return SIZE_MAX;\n"
    "    return rnn_state_head(streams) +\n"
    "           RNN_ROUND($_place(&values, NULL, columns, columns, columns%s) * sizeof(rnn_real));\n}\n\n"
    "/* Lays out what it holds: the past of each stream, and one frame. */\n"
    "RNN_INLINE void $_place_state(struct $_values *values, $_state *state, const int streams)\n{\n"
    "    const size_t columns = (size_t)streams;\n"
    "    $_place(values, rnn_state_values(state, streams), columns, columns, columns%s);\n}\n\n";

static const char *const state_without_values =
    "size_t $_state_size(int streams) { return rnn_state_head(streams); }\n\n";

static const char *const state_begins = "rnn_status $_state_init($_state *state, int streams)\n{\n"
                                        "    return rnn_begin_state(state, $_state_size(streams), streams);\n}\n\n"
                                        "rnn_status $_reset($_state *state, const unsigned char *which_streams)\n{\n"
                                        "    return rnn_reset_streams(state, which_streams);\n}\n\n";

static const char *const state_begins_any =
    "static rnn_status $_state_init_any(void *state, int streams)\n{\n"
    "    return $_state_init(($_state *)state, streams);\n}\n\n"
    "static rnn_status $_reset_any(void *state, const unsigned char *which_streams)\n{\n"
    "    return $_reset(($_state *)state, which_streams);\n}\n\n";

static void write_state_size(struct emitter *emitter, bool with_values)
{
    const char *rings = has_rings(emitter->schedule) ? ", 1" : "";
    text_puts(emitter->out, emitter->internal ? "static " : "");
    write_pattern(emitter, with_values ? state_with_values : state_without_values, rings, rings, rings);
}

void write_state_begins(struct emitter *emitter)
{
    write_pattern(emitter, state_begins);
    if (!emitter->freestanding)
        write_pattern(emitter, state_begins_any);
}

void write_state_functions(struct emitter *emitter, bool with_values)
{
    write_state_size(emitter, with_values);
    write_state_begins(emitter);
}

void write_numbers(struct emitter *emitter, int losses)
{
    const struct schedule *schedule = emitter->schedule;
    const struct plan *run = plan_of_call(schedule, CALL_RUN);
    const bool parts = run && run_is_in_parts(emitter, run);
    text_printf(emitter->out, "/* Frames of a block at most, whose values stay in a cache%s%s%s. */\n",
                losses ? "; losses" : "", schedule->section_count ? "; sections of the wavefront" : "",
                parts ? "; frames of a part of a run that goes on" : "");
    write_pattern(emitter, "enum { $_BLOCK_FRAMES = %d", schedule->block_frames);
    if (losses)
        write_pattern(emitter, ", $_LOSSES = %d", losses);
    if (schedule->section_count)
        write_pattern(emitter, ", $_SECTIONS = %d", schedule->section_count);
    if (parts)
        write_pattern(emitter, ", $_PART_FRAMES = %d", part_frames(schedule));
    text_puts(emitter->out, " };\n\n");
}

static const char *const work_size =
    "size_t $_work_size(int frames, int streams)\n{\n"
    "    struct $_values values;\n"
    "    const size_t columns = rnn_columns(1, streams), whole = rnn_columns(frames, streams),\n"
    "                 block = rnn_block_columns(frames, streams, $_BLOCK_FRAMES);\n"
    "    if (!rnn_columns_fit($_place(&values, NULL, 1, 1, 1%s), RNN_MAX(whole, columns)))\n        return SIZE_MAX;\n"
    "    return rnn_call_size(streams, 0) +%s\n"
    "           RNN_ROUND($_place(&values, NULL, block, %s, columns%s) * sizeof(rnn_real));\n"
    "}\n\n";

static void write_work_size(struct emitter *emitter)
{
    const bool parts = run_is_in_parts(emitter, plan_of_call(emitter->schedule, CALL_RUN));
    const char *wave = arena_printf(emitter->arena, " rnn_wave_size(%s_SECTIONS, streams, 0) +%s", emitter->prefix,
                                    parts ? " RNN_ROUND(RNN_MAX(0, streams) * sizeof(int)) +" : "");
    const char *part =
        arena_printf(emitter->arena, "rnn_block_columns(frames, streams, %s_PART_FRAMES)", emitter->prefix);
    const char *rings = has_rings(emitter->schedule) ? ", 0" : "";
    text_puts(emitter->out, emitter->internal ? "static " : "");
    write_pattern(emitter, work_size, rings, emitter->schedule->section_count ? wave : "", parts ? part : "whole",
                  rings);
}

static const char *const file_functions =
    "rnn_status $_load($_params *params, const char *path, rnn_error *error)\n{\n"
    "    return rnn_parameters_load(%s, params, path, error);\n}\n\n"
    "rnn_status $_load_memory($_params *params, const void *memory, size_t size, rnn_error *error)\n{\n"
    "    return rnn_parameters_load_memory(%s, params, memory, size, error);\n}\n\n"
    "rnn_status $_save(const $_params *params, const char *path, rnn_error *error)\n{\n"
    "    return rnn_parameters_save(%s, params, path, error);\n}\n\n";

static const char *const init_function = "rnn_status $_init($_params *params, uint64_t seed)\n{\n"
                                         "    return rnn_parameters_init(%s, params, seed);\n}\n\n";

/* A level's table of variants knows its speeds. */
const char *model_of(const struct emitter *emitter)
{
    const bool chooses = emitter->variants && emitter->target && emitter->target->levels;
    return arena_printf(emitter->arena, chooses ? "%s_target()" : "&%s_model", emitter->prefix);
}

void emit_file_calls(struct emitter *emitter)
{
    const char *model = model_of(emitter);
    if (emitter->files)
        write_pattern(emitter, file_functions, model, model, model);
    if (!emitter->freestanding)
        write_pattern(emitter, init_function, model);
}

/* Sizes as constant expressions, for memory that is static. */
static const char *const constant_sizes =
    "#define $_NUMBERS(block, whole, columns%s) \\\n    (%s)\n"
    "#define $_STATE_BYTES(streams) \\\n    (%s(sizeof(int64_t) + (streams) * sizeof(int64_t))%s)\n"
    "#define $_LONGEST(frames, streams) \\\n"
    "    ((frames) * (streams) <= %d ? (frames) * (streams) : (streams) > %d ? (streams) : %d)\n"
    "#define $_WORK_BYTES(frames, streams) \\\n"
    "    (%s((streams) * (sizeof(int64_t) + sizeof(int))) + \\\n"
    "     %s(sizeof(rnn_real) * \\\n"
    "               $_NUMBERS($_LONGEST(frames, streams), (frames) * (streams), (streams)%s)))\n\n";

/* Writes them, with the macro that rounds bytes to the alignment. */
static void write_constant_sizes(struct emitter *emitter, const char *round)
{
    const bool carries = plan_of_call(emitter->schedule, CALL_RUN)->carries, rings = has_rings(emitter->schedule);
    const int block = emitter->schedule->block_frames;
    const char *values = arena_printf(emitter->arena,
                                      " + \\\n     %s(sizeof(rnn_real) * \\\n"
                                      "               %s_NUMBERS((streams), (streams), (streams)%s))",
                                      round, emitter->prefix, rings ? ", 1" : "");
    write_pattern(emitter, constant_sizes, rings ? ", rings" : "", values_numbers(emitter), round,
                  carries ? values : "", block, block, block, round, round, rings ? ", 0" : "");
}

void emit_constant_sizes(struct emitter *emitter)
{
    write_pattern(emitter,
                  "/* The same as constants, for memory without a heap: static int64_t state[$_STATE_BYTES(1) / 8]; "
                  "*/\n");
    if (!emitter->constants)
        write_pattern(emitter, "#define $_PACKED_BYTES %zu\n", emitter->packed_bytes);
    write_pattern(emitter, "#define $_ROUND(bytes) (((size_t)(bytes) + 7) / 8 * 8)\n");
    write_constant_sizes(emitter, arena_printf(emitter->arena, "%s_ROUND", emitter->prefix));
}

void emit_entry_points(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    emitter->region = NULL;
    text_puts(emitter->out, "/* ---- memory ---- */\n\n");
    write_numbers(emitter, 0);
    if (emitter->freestanding && !emitter->plain) {
        text_puts(emitter->out, "/* The same as constants: for arrays of int64_t, RNN_ALIGNED. */\n");
        write_constant_sizes(emitter, "RNN_ROUND");
    }
    write_state_functions(emitter, plan_of_call(schedule, CALL_RUN)->carries);
    write_pattern(emitter, "size_t $_alignment(void) { return %s; }\n",
                  emitter->freestanding ? "RNN_ALIGNMENT" : "RNN_VECTOR_BYTES");
    if (!emitter->constants)
        write_pattern(emitter, "size_t $_packed_size(void) { return sizeof(struct $_packed); }\n");
    text_puts(emitter->out, "\n");
    write_work_size(emitter);
    emit_file_calls(emitter);
    text_puts(emitter->out, "/* ---- the past of streams ---- */\n\n");
    write_step_functions(emitter);
    write_state_copy(emitter);
    text_puts(emitter->out, "/* ---- calls ---- */\n\n");
    for (int i = 0; i < schedule->plan_count; i++)
        write_entry_point(emitter, &schedule->plans[i]);
    write_step_some(emitter);
}

void emit_internal_calls(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    emitter->region = NULL;
    write_numbers(emitter, 0);
    write_state_size(emitter, plan_of_call(schedule, CALL_RUN)->carries);
    write_work_size(emitter);
    write_step_functions(emitter);
    write_state_copy(emitter);
    for (int i = 0; i < schedule->plan_count; i++)
        write_entry_point(emitter, &schedule->plans[i]);
}
