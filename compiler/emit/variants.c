/* Several variants of a network in one file: the public calls, each of which takes the variant that the packed weights
 * name. */
#include "emit/variants.h"

#include <string.h>

struct emitter emitter_for_variant(struct emitter *network, const struct emit_variant *variant)
{
    const struct emit_options options = {.prefix =
                                             arena_printf(network->arena, "%s_%s", network->prefix, variant->word),
                                         .owner = network->prefix,
                                         .target = network->target,
                                         .internal = true};
    struct emitter emitter = emitter_new(variant->schedule, &options, network->arena, network->out);
    for (int i = 0; i < emitter.graph->parameter_count; i++)
        for (int k = 0; k < network->graph->parameter_count; k++)
            if (strcmp(emitter.graph->parameters[i].name, network->graph->parameters[k].name) == 0)
                emitter.parameters[i] = network->parameters[k];
    emitter.named_sizes = network->named_sizes;
    return emitter;
}

void emit_variant(struct emitter *variant)
{
    write_pattern(variant, "typedef struct $_packed $_packed;\ntypedef @_state $_state;\ntypedef @_work $_work;\n\n");
    emit_packed_struct(variant);
    emit_values(variant);
    emit_regions(variant);
    emit_pack(variant);
    emit_internal_calls(variant);
}

/* ---- packed weights ---- */

static void write_packed(struct emitter *network)
{
    write_pattern(network, "/* The weights of one variant. */\nstruct $_packed {\n    RNN_ALIGNED int32_t variant;\n"
                           "    union {\n");
    for (int i = 0; i < network->variants->count; i++) {
        const char *word = network->variants->list[i].word;
        write_pattern(network, "        struct $_%s_packed %s;\n", word, c_name(network->arena, word));
    }
    text_puts(network->out, "    } of;\n};\n\n");
}

/* Writes a switch over the variants with one call in each. `before` and `behind`: what it takes beside its weights. */
static void write_switch(struct emitter *network, const char *number, const char *call, const char *before,
                         const char *behind)
{
    text_printf(network->out, "    switch (%s) {\n", number);
    for (int i = network->variants->count; i-- > 0;) {
        const char *word = network->variants->list[i].word;
        text_printf(network->out, i ? "    case %d:\n" : "    default:\n", i);
        write_pattern(network, "        return $_%s_%s(%s&packed->of.%s%s);\n", word, call, before,
                      c_name(network->arena, word), behind);
    }
    text_puts(network->out, "    }\n}\n\n");
}

static void write_pack(struct emitter *network)
{
    write_pattern(network,
                  "rnn_status $_pack(const $_params *params, $_packed *packed)\n{\n"
                  "    if (!params || !packed || !rnn_is_aligned(packed))\n        return RNN_ERROR_ARGUMENT;\n"
                  "    const int32_t variant = params->%s.variant;\n"
                  "    if (variant < 0 || variant >= $_VARIANTS || !(params->%s.present >> variant & 1))\n"
                  "        return RNN_ERROR_WEIGHTS;\n"
                  "    packed->variant = variant;\n",
                  network->choice, network->choice);
    write_switch(network, "variant", "pack", "params, ", "");
}

/* ---- sizes ---- */

static void write_most(struct emitter *network, const char *head, const char *call)
{
    write_named(network, head);
    text_puts(network->out, "{\n    size_t most = 0;\n");
    for (int i = 0; i < network->variants->count; i++)
        write_pattern(network, "    most = RNN_MAX(most, $_%s_%s);\n", network->variants->list[i].word, call);
    text_puts(network->out, "    return most;\n}\n\n");
}

static void write_sizes(struct emitter *network)
{
    write_pattern(network, "size_t $_alignment(void) { return RNN_VECTOR_BYTES; }\n"
                           "size_t $_packed_size(void) { return sizeof(struct $_packed); }\n\n");
    write_most(network, "size_t $_state_size(int streams)\n", "state_size(streams)");
    write_most(network, "size_t $_work_size(int frames, int streams)\n", "work_size(frames, streams)");
}

/* ---- calls ---- */

static void write_copying(struct emitter *network)
{
    write_pattern(network, "rnn_status $_state_copy(const $_packed *packed, $_state *to, int to_first,\n"
                           "    const $_state *from, int from_first, int count)\n{\n"
                           "    if (!packed || !rnn_is_aligned(packed))\n        return RNN_ERROR_ARGUMENT;\n");
    write_switch(network, "packed->variant", "state_copy", "", ", to, to_first, from, from_first, count");
}

static void write_call(struct emitter *network, enum call_kind call)
{
    struct text behind;
    text_init(&behind, network->arena);
    text_puts(&behind, call == CALL_STEP ? ", state" : ", state, work, frames, lengths");
    for (int i = 0; i < network->graph->input_count + network->graph->output_count; i++)
        text_printf(&behind, ", %s", network->arguments[i]);
    write_signature(network, call);
    text_puts(network->out, "\n{\n    if (!packed || !rnn_is_aligned(packed))\n        return RNN_ERROR_ARGUMENT;\n");
    write_switch(network, "packed->variant", call == CALL_STEP ? "step" : "run", "", behind.data);
}

/* Writes the head of _tune, whose arguments are those of _run with parameters in front. */
static void write_tune_signature(struct emitter *network)
{
    write_named(network, "rnn_status $_tune($_params *params, $_packed *packed, $_state *state, $_work *work,\n"
                         "    int frames, const int *lengths");
    write_data_parameters(network, CALL_RUN);
    text_puts(network->out, ")");
}

static void write_tune(struct emitter *network)
{
    write_tune_signature(network);
    text_puts(network->out, "\n{\n");
    write_argument_arrays(network, CALL_RUN);
    text_printf(network->out,
                "    return rnn_tune_variants(%s, params, packed, state, work, frames, lengths, inputs, outputs);\n"
                "}\n\n",
                model_of(network));
}

static const char *const choice_calls =
    "const char *$_variant_name(int variant)\n{\n"
    "    return variant >= 0 && variant < $_VARIANTS ? $_variant_list[variant].name : NULL;\n}\n\n"
    "int $_variant(const $_packed *packed) { return rnn_variant_of(packed); }\n\n"
    "int $_choose(const $_params *params, const rnn_machine *machine)\n{\n"
    "    return rnn_choose(%s, params, machine);\n}\n\n"
    "rnn_status $_use($_params *params, int variant) { return rnn_use_variant(%s, params, variant); }\n\n";

void write_choice_calls(struct emitter *network)
{
    write_pattern(network, choice_calls, model_of(network), model_of(network));
    write_tune(network);
}

void emit_variant_declarations(struct emitter *network)
{
    write_pattern(network, "/* Variants, which keep the weights in other forms:\n");
    for (int i = 0; i < network->variants->count; i++)
        text_printf(network->out, " *   %d: %s\n", i, network->variants->list[i].name);
    write_pattern(network,
                  " * $_load loads those whose arrays the file has, and chooses the one that is fastest on the machine "
                  "at hand, by the cost model; $_pack packs it. Sizes above are those of the largest. A state begins "
                  "again, by $_state_init, when another variant has been packed. See rnn/variant.h. */\n"
                  "enum { $_VARIANTS = %d };\n"
                  "const char *$_variant_name(int variant); /* as --variants says; NULL: there is none */\n"
                  "int $_variant(const $_packed *packed); /* which one it is */\n"
                  "/* Returns the one for a machine (NULL: at hand), of those that are loaded; -1: none is. */\n"
                  "int $_choose(const $_params *params, const rnn_machine *machine);\n"
                  "/* Forces one: what $_pack packs. RNN_ERROR_WEIGHTS: it is not loaded. */\n"
                  "rnn_status $_use($_params *params, int variant);\n"
                  "/* Forces, and packs, the one that is measured to be the fastest in calls of $_run with these "
                  "arguments, about a tenth of a second each. The state, begun for as many streams as there are, "
                  "begins again. */\n",
                  network->variants->count);
    write_tune_signature(network);
    text_puts(network->out, ";\n\n");
}

void emit_variant_calls(struct emitter *network)
{
    write_packed(network);
    write_pattern(network, "enum { $_BLOCK_FRAMES = %d };\n\n", network->schedule->block_frames);
    emit_variant_tables(network);
    write_sizes(network);
    write_pack(network);
    write_state_begins(network);
    write_copying(network);
    emit_file_calls(network);
    for (int i = 0; i < network->schedule->plan_count; i++)
        write_call(network, network->schedule->plans[i].call);
    write_step_some(network);
    write_choice_calls(network);
}
