/* The public types and calls of a network, as the header or at the head of the C file. */
#include "emit/variants.h"

static const char *once(enum value_time time)
{
    return time == TIME_SEQUENCE ? ", once a sequence: [streams][units]" : "";
}

void write_shape(struct emitter *emitter, int i, const char *role)
{
    const struct graph_input *input = &emitter->graph->inputs[i];
    const char *name = emitter->arguments[i];
    if (input->labels)
        text_printf(emitter->out, " *   %s: %s, ids of 1 .. %d for each stream\n", name, role, input->vocabulary - 1);
    else if (input->vocabulary)
        text_printf(emitter->out, " *   %s: %s, one id of -1 .. %d%s\n", name, role, input->vocabulary - 1,
                    once(input->time));
    else
        text_printf(emitter->out, " *   %s: %s, %ld units%s\n", name, role, shape_size(&input->shape),
                    once(input->time));
}

void emit_shapes(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    text_puts(
        emitter->out,
        " *\n * Inputs and outputs of a call, [frames][streams][units]; an output that is NULL is not written:\n");
    for (int i = 0; i < graph->input_count; i++)
        write_shape(emitter, i, "in");
    for (int i = 0; i < graph->output_count; i++)
        text_printf(emitter->out, " *   %s: out, %ld units%s\n", emitter->arguments[graph->input_count + i],
                    shape_size(&graph->outputs[i].shape), once(graph->outputs[i].time));
}

static void write_parameters(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    text_printf(emitter->out,
                "/* The parameters, as in the weights file: contiguous, row by row. */\ntypedef struct %s_params {\n",
                emitter->prefix);
    for (int i = 0; i < graph->parameter_count; i++) {
        const struct shape *shape = &graph->parameters[i].shape;
        text_printf(emitter->out, "    rnn_real %s[", emitter->parameters[i]);
        for (int d = 0; d < shape->rank; d++)
            text_printf(emitter->out, "%s%s", d ? " * " : "",
                        named_size(emitter, graph->parameters[i].size_names[d], shape->dim[d]));
        text_printf(emitter->out, "%s];%s\n", shape->rank ? "" : "1",
                    graph->parameters[i].fixed ? " /* fixed: training leaves it as it is */" : "");
    }
    if (!graph->parameter_count)
        text_puts(emitter->out, "    rnn_real none[1]; /* there are none */\n");
    if (emitter->variants)
        text_printf(emitter->out, "    rnn_choice %s; /* among variants, see below */\n", emitter->choice);
    text_printf(emitter->out, "} %s_params;\n\n", emitter->prefix);
}

static const char *const memory_declarations =
    "/* Weights as the kernels read them, which %sthreads share; the past of each stream; scratch of "
    "$_run. */\n"
    "typedef struct $_packed $_packed;\n"
    "typedef struct $_state $_state;\n"
    "typedef struct $_work $_work;\n\n"
    "/* Bytes of each, for %sany memory aligned to $_alignment(). `frames` is the longest that $_run will "
    "be given, `streams` the most: what serves many serves fewer. A size that does not fit in memory is SIZE_MAX. "
    "*/\n"
    "size_t $_alignment(void);\n"
    "%s"
    "size_t $_state_size(int streams);\n"
    "size_t $_work_size(int frames, int streams);\n\n";

static const char *const file_declarations =
    "/* Read the parameters, all or none, from a safetensors file or from one in memory; write them to one. error: "
    "what was wrong; may be NULL. */\n"
    "rnn_status $_load($_params *params, const char *path, rnn_error *error);\n"
    "rnn_status $_load_memory($_params *params, const void *memory, size_t size, rnn_error *error);\n"
    "rnn_status $_save(const $_params *params, const char *path, rnn_error *error);\n";

static const char *const constants_declaration = "extern const $_packed $_weights; /* constants */\n\n";

static const char *const pack_declaration = "rnn_status $_pack(const $_params *params, $_packed *packed);\n\n";

static const char *const weights_declaration = "extern const $_params $_weights; /* constants, for $_pack */\n";

static const char *const init_declaration =
    "rnn_status $_init($_params *params, uint64_t seed); /* draws start values */\n";

static const char *const call_declarations =
    "rnn_status $_state_init($_state *state, int streams); /* 1 or more */\n"
    "rnn_status $_reset($_state *state, const unsigned char *which_streams); /* [streams]; NULL: all%s */\n"
    "/* Copies the past of `count` streams from one state to another, or within one, which may have more streams or "
    "fewer. A state of one stream is a stream put away: its $_state_size(1) bytes may be moved as they are. */\n"
    "rnn_status $_state_copy(const $_packed *packed, $_state *to, int to_first,\n"
    "    const $_state *from, int from_first, int count);\n\n";

/* Gives calls other names in double, so that a program compiled with the other precision does not link. */
static void write_real_names(struct emitter *emitter)
{
    text_puts(emitter->out,
              "/* Calls that take numbers have other names where these are double (see rnn/real.h): what was compiled "
              "with and without RNN_REAL_DOUBLE does not link. */\n#ifdef RNN_REAL_DOUBLE\n");
    if (emitter->files)
        write_pattern(emitter, "#define $_load $_load_double\n#define $_load_memory $_load_memory_double\n"
                               "#define $_save $_save_double\n");
    if (emitter->weights)
        write_pattern(emitter, "#define $_weights $_weights_double\n");
    write_pattern(emitter, "#define $_init $_init_double\n#define $_pack $_pack_double\n#define $_run $_run_double\n");
    if (emitter->variants)
        write_pattern(emitter,
                      "#define $_tune $_tune_double\n#define $_choose $_choose_double\n#define $_use $_use_double\n");
    if (plan_of_call(emitter->schedule, CALL_STEP))
        write_pattern(emitter, "#define $_step $_step_double\n#define $_step_some $_step_some_double\n");
    if (emitter->within)
        write_pattern(emitter, "#define $_model $_model_double\n");
    text_puts(emitter->out, "#endif\n\n");
}

static void write_declarations(struct emitter *emitter)
{
    if (!emitter->freestanding)
        write_real_names(emitter);
    write_pattern(emitter, memory_declarations,
                  emitter->constants ? "" : arena_printf(emitter->arena, "%s_pack makes and ", emitter->prefix),
                  emitter->freestanding ? "" : "rnn_alloc or ",
                  emitter->constants ? ""
                                     : arena_printf(emitter->arena, "size_t %s_packed_size(void);\n", emitter->prefix));
    if (emitter->plain)
        emit_constant_sizes(emitter);
    if (emitter->files)
        write_pattern(emitter, file_declarations);
    if (emitter->constants)
        write_pattern(emitter, constants_declaration);
    else if (emitter->weights)
        write_pattern(emitter, weights_declaration);
    if (!emitter->freestanding)
        write_pattern(emitter, init_declaration);
    if (!emitter->constants)
        write_pattern(emitter, pack_declaration);
    write_pattern(emitter, call_declarations,
                  has_rings(emitter->schedule) ? "; the next call fills their long past, which takes time" : "");
    if (plan_of_call(emitter->schedule, CALL_STEP)) {
        text_puts(
            emitter->out,
            plan_shares_regions(emitter, plan_of_call(emitter->schedule, CALL_STEP))
                ? "/* One frame of every stream. Compiled with OpenMP, large regions are shared among its threads, "
                  "which wait for each other; else this allocates nothing, locks nothing, "
                  "calls no system. */\n"
                : "/* One frame of every stream. Allocates nothing, locks nothing, calls no system. */\n");
        write_signature(emitter, CALL_STEP);
        write_pattern(emitter,
                      ";\n\n/* The same for `count` of the streams, [count], each once, in any order, which inputs and "
                      "outputs, [count][units], have too; others stay as they are. batch: memory of "
                      "$_state_size(count), which holds nothing between calls. */\n");
        write_some_signature(emitter);
        text_puts(emitter->out, ";\n\n");
    }
    text_puts(
        emitter->out,
        emitter->schedule->whole_sequence
            ? "/* Whole sequences, of `frames` frames at most; lengths: [streams], or NULL where all are `frames` "
              "long. The network needs each from its beginning to its end, and every call begins anew: the state says "
              "how many streams there are, and keeps nothing. */\n"
            : "/* `frames` frames of every stream; lengths: [streams], or NULL where all are `frames` long. */\n");
    write_signature(emitter, CALL_RUN);
    text_puts(emitter->out, ";\n\n");
    if (emitter->variants)
        emit_variant_declarations(emitter);
}

static void write_levels(struct emitter *emitter)
{
    const struct target *levels = emitter->target->levels;
    write_pattern(emitter,
                  "/* The network for each level, in files of their own, and the one that the calls above use on "
                  "the machine at hand.\n * "
                  "Sizes, packed weights, state and work are those of one level. */\n"
                  "#ifdef RNN_REAL_DOUBLE\n");
    for (const struct target *level = levels; level->name; level++)
        write_pattern(emitter, "#define $_%s_model $_%s_model_double\n", level->word, level->word);
    text_puts(emitter->out, "#endif\n");
    for (const struct target *level = levels; level->name; level++)
        write_pattern(emitter, "%sextern const rnn_model $_%s_model;\n",
                      level == levels + 1 ? "#ifdef __x86_64__\n" : "", level->word);
    write_pattern(emitter, "#endif\nconst rnn_model *$_target(void);\n\n");
}

void emit_model_declaration(struct emitter *emitter)
{
    text_printf(emitter->out,
                "/* The same calls for tools that know no names. */\nextern const rnn_model %s_model;\n\n",
                emitter->prefix);
    if (emitter->target && emitter->target->levels)
        write_levels(emitter);
}

void emit_declarations(struct emitter *emitter)
{
    emit_sizes(emitter);
    if (!emitter->constants)
        write_parameters(emitter);
    write_declarations(emitter);
}
