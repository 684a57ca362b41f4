/* --target=multi: the C file with the public calls, each of which hands its arguments to the level that the machine can
 * run, by that level's descriptor. */
#include <ctype.h>

#include "emit/variants.h"
#include "emit/vjp.h"

const char *emit_level_prefix(struct arena *arena, const char *prefix, const struct target *level)
{
    return arena_printf(arena, "%s_%s", prefix, level->word);
}

/* ---- the choice ---- */

static void write_choice(struct emitter *emitter)
{
    const struct target *levels = emitter->target->levels, *last = levels;
    while (last[1].name)
        last++;
    write_pattern(emitter, "/* The level with the most of the processor's instructions, and none that it lacks. */\n"
                           "const rnn_model *$_target(void)\n{\n#ifdef __x86_64__\n");
    for (const struct target *level = last; level != levels; level--) {
        char *word = arena_printf(emitter->arena, "%s", level->word);
        for (char *c = word; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        write_pattern(emitter, "    if (RNN_CPU_%s)\n        return &$_%s_model;\n", word, level->word);
    }
    write_pattern(emitter, "#endif\n    return &$_%s_model;\n}\n\n", levels->word);
}

/* ---- calls ---- */

/* The calls around a state, of the network or, through `member`, of its training. */
#define STATE_CALLS(member)                                                                                            \
    "size_t $_state_size(int streams) { return @_target()" member "->state_size(streams); }\n"                         \
    "size_t $_work_size(int frames, int streams) { return @_target()" member "->work_size(frames, streams); }\n\n"     \
    "static rnn_status $_state_init_any(void *state, int streams)\n{\n"                                                \
    "    return @_target()" member "->state_init(state, streams);\n}\n\n"                                              \
    "rnn_status $_state_init($_state *state, int streams)\n{\n    return $_state_init_any(state, streams);\n}\n\n"     \
    "static rnn_status $_reset_any(void *state, const unsigned char *which_streams)\n{\n"                              \
    "    return @_target()" member "->reset(state, which_streams);\n}\n\n"                                             \
    "rnn_status $_reset($_state *state, const unsigned char *which_streams)\n{\n"                                      \
    "    return $_reset_any(state, which_streams);\n}\n\n"

static const char *const network_calls =
    "size_t $_alignment(void) { return $_target()->alignment; }\n"
    "size_t $_packed_size(void) { return $_target()->packed_size(); }\n\n"
    "static rnn_status $_pack_any(const void *params, void *packed) { return $_target()->pack(params, packed); }\n"
    "rnn_status $_pack(const $_params *params, $_packed *packed) { return $_target()->pack(params, packed); }\n\n"
    "static rnn_status $_state_copy_any(const void *packed, void *to, int to_first, const void *from, int from_first,\n"
    "    int count)\n{\n    return $_target()->state_copy(packed, to, to_first, from, from_first, count);\n}\n\n"
    "rnn_status $_state_copy(const $_packed *packed, $_state *to, int to_first,\n"
    "    const $_state *from, int from_first, int count)\n{\n"
    "    return $_state_copy_any(packed, to, to_first, from, from_first, count);\n}\n\n";

static const char *const any_calls[] = {
    "static rnn_status $_step_any(const void *packed, void *state, const void *const inputs[], void *const outputs[])\n"
    "{\n    return $_target()->step(packed, state, inputs, outputs);\n}\n\n",
    "static rnn_status $_run_any(const void *packed, void *state, void *work, int frames, const int *lengths,\n"
    "    const void *const inputs[], void *const outputs[])\n"
    "{\n    return $_target()->run(packed, state, work, frames, lengths, inputs, outputs);\n}\n\n",
    "static rnn_status $_grad_any(const void *params, void *state, void *work, const rnn_window *window,\n"
    "    const void *const inputs[], const void *const targets[], double *loss, void *gradient,\n"
    "    void *const input_gradients[])\n"
    "{\n    return @_target()->training->grad(params, state, work, window, inputs, targets, loss, gradient,\n"
    "        input_gradients);\n}\n\n"};

static const char *const named_calls[] = {
    "    return $_target()->step(packed, state, inputs, outputs);\n}\n\n",
    "    return $_target()->run(packed, state, work, frames, lengths, inputs, outputs);\n}\n\n",
    ("    return @_target()->training->grad(params, state, work, window, inputs, targets, loss, gradient,\n"
     "        input_gradients);\n}\n\n")};

/* The copying of streams through `member`. */
#define COPY_CALL(member)                                                                                              \
    "static rnn_status $_copy_streams(void *to, int to_first, const void *from, int from_first, int count)\n{\n"       \
    "    return @_target()" member "->copy_streams(to, to_first, from, from_first, count);\n}\n\n"

static const char *const training_calls =
    "static rnn_status $_losses(const void *state, void *work, rnn_loss *losses)\n{\n"
    "    return @_target()->training->losses(state, work, losses);\n}\n\n"
    "static int $_find_fault(const void *state, void *work, const rnn_window *window, rnn_fault *fault)\n{\n"
    "    return @_target()->training->find_fault(state, work, window, fault);\n}\n\n";

static void write_call(struct emitter *emitter, enum call_kind call)
{
    write_named(emitter, any_calls[call]);
    write_signature(emitter, call);
    text_puts(emitter->out, "\n{\n");
    write_argument_arrays(emitter, call);
    write_named(emitter, named_calls[call]);
}

static void write_step_some_call(struct emitter *emitter)
{
    static const char *const call =
        "    return $_target()->step_some(packed, state, batch, streams, count, inputs, outputs);\n}\n\n";
    write_named(emitter, "static rnn_status $_step_some_any(const void *packed, void *state, void *batch, "
                         "const int *streams,\n    int count, const void *const inputs[], void *const outputs[])\n{\n");
    write_named(emitter, call);
    write_some_signature(emitter);
    text_puts(emitter->out, "\n{\n");
    write_argument_arrays(emitter, CALL_STEP);
    write_named(emitter, call);
}

/* ---- the file ---- */

static void write_front(struct emitter *emitter, const char *header)
{
    text_printf(
        emitter->out,
        "/* %s: a recurrent network, compiled by rnnc for several machines. Here are its calls, which hand on to "
        "one of the\n * files beside this one, by the processor that they run on:",
        emitter->graph->name);
    for (const struct target *level = emitter->target->levels; level->name; level++)
        text_printf(emitter->out, "%s %s", level == emitter->target->levels ? "" : ",", level->name);
    text_printf(emitter->out, ". */\n#include \"%s\"\n#include \"rnn/target.h\"\n%s#include \"rnn/weights.h\"\n\n",
                header ? header : "rnn/model.h", emitter->variants ? "#include \"rnn/variant.h\"\n" : "");
}

static void write_training(struct emitter *trainer)
{
    const bool of_outputs = trainer->graph->of_outputs;
    write_named(trainer, of_outputs ? STATE_CALLS("->vjp") COPY_CALL("->vjp")
                                    : STATE_CALLS("->training") COPY_CALL("->training"));
    if (of_outputs) {
        write_vjp_dispatch(trainer);
    } else {
        write_call(trainer, CALL_GRAD);
        write_named(trainer, training_calls);
    }
    emit_training_descriptor(trainer);
}

void emit_dispatcher(const struct schedule *schedule, const struct emit_derivatives *derivatives,
                     const struct emit_options *options, struct arena *arena, struct text *lines)
{
    struct text text, *out = &text;
    text_init(out, arena);
    struct emitter emitter = emitter_new(schedule, options, arena, out);
    write_front(&emitter, options->header);
    if (!options->header)
        emit_all_declarations(&emitter, derivatives, options);
    if (options->weights)
        emit_weights(&emitter);
    write_pattern(&emitter, "enum { $_BLOCK_FRAMES = %d };\n\n", schedule->block_frames);
    write_choice(&emitter);
    write_named(&emitter, network_calls);
    write_named(&emitter, STATE_CALLS(""));
    emit_file_calls(&emitter);
    for (int i = 0; i < schedule->plan_count; i++)
        write_call(&emitter, schedule->plans[i].call);
    if (plan_of_call(schedule, CALL_STEP))
        write_step_some_call(&emitter);
    if (emitter.variants) {
        emit_variant_tables(&emitter);
        write_choice_calls(&emitter);
    }
    emit_beside(&emitter, derivatives, options, write_training);
    emit_descriptor(&emitter, derivatives);
    put_lines(lines, text.data);
}
