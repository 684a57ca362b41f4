/* The C file and the header, part after part. */
#include "emit/emit.h"

#include <ctype.h>
#include <string.h>

#include "emit/freestanding.h"
#include "emit/variants.h"

static void write_regions(struct text *out, const struct schedule *schedule, struct arena *arena)
{
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        const char *once = describe_flops_once(region, arena);
        text_printf(out, " *   %-20s %12.0f flops   %s%s%s\n", region->name, region->flops,
                    region_kind_name(region->kind), once ? ", " : "", once ? once : "");
    }
}

/* Returns how to compile the file, for the sentence at its head. */
static const char *describe_target(const struct emitter *emitter)
{
    const struct target *target = emitter->target;
    if (!target)
        return "";
    if (strcmp(target->name, "base") == 0)
        return " for any machine, with no more than SSE2 on x86-64";
    if (strncmp(target->name, "x86", 3) != 0)
        return arena_printf(emitter->arena, " for %s", target->name);
    return arena_printf(emitter->arena, " for %s (gcc needs no option for that, g++ and clang -march=%s)", target->name,
                        target->name);
}

/* True for a level of multi beside its base. */
static bool target_is_conditional(const struct emitter *emitter)
{
    return emitter->within && emitter->target->name != emitter->within->levels[0].name;
}

/* Writes what compiles the file for its target. A level of multi that the compiler's machine has not is empty. */
static void write_target(struct emitter *emitter)
{
    if (!emitter->target)
        return;
    if (target_is_conditional(emitter))
        text_puts(emitter->out, "#ifdef __x86_64__ /* else the network's base is all there is */\n\n");
    char *word = arena_printf(emitter->arena, "%s", emitter->target->word);
    for (char *c = word; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    text_printf(emitter->out, "#define RNN_TARGET_%s\n#include \"rnn/target.h\"\n\n", word);
}

/* True if columns padded to 16 numbers make the weights of products a tenth larger than columns padded to 8. */
static bool fewer_lanes_suffice(const struct schedule *schedule)
{
    double of_8 = 0, of_16 = 0;
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++) {
            const struct kernel *kernel = &schedule->regions[r].kernels[k];
            for (int o = 0; kernel->kind == KERNEL_PANEL && o < kernel->operand_count; o++) {
                double numbers = (double)kernel->operands[o].row_count * kernel->operands[o].x.length;
                of_8 += numbers * ((kernel->units + 7L) / 8 * 8);
                of_16 += numbers * ((kernel->units + 15L) / 16 * 16);
            }
        }
    return of_16 >= 1.1 * of_8 && of_8 > 0;
}

/* Returns the include of what declarations need. */
static const char *include_model(const struct emitter *emitter)
{
    if (emitter->freestanding)
        return "#include \"rnn/real.h\"\n#include \"rnn/status.h\"\n\n";
    return emitter->variants ? "#include \"rnn/model.h\"\n#include \"rnn/variant.h\"\n\n"
                             : "#include \"rnn/model.h\"\n\n";
}

/* Writes the regions of a schedule beside the network's. */
static void write_regions_beside(struct emitter *emitter, const struct schedule *schedule, const char *purpose)
{
    if (!schedule)
        return;
    text_printf(emitter->out, " *\n * and for %s, %.0f flops a frame:\n *\n", purpose, schedule_flops(schedule));
    write_regions(emitter->out, schedule, emitter->arena);
}

/* Writes the refusal of an option that changes nothing in C without a runtime. */
static void write_float_check(struct text *out)
{
    text_puts(out, "#ifdef RNN_REAL_DOUBLE\n"
                   "#error \"a network without a runtime computes in float: compile it without RNN_REAL_DOUBLE\"\n"
                   "#endif\n\n");
}

static void write_front(struct emitter *emitter, const struct emit_derivatives *derivatives, const char *header)
{
    const struct schedule *schedule = emitter->schedule;
    struct text *out = emitter->out;
    text_printf(
        out, "/* %s: a recurrent network, compiled by rnnc%s.\n *\n * %ld parameters, %.0f flops a frame.\n *\n",
        schedule->graph->name, describe_target(emitter), schedule_parameters(schedule), schedule_flops(schedule));
    for (int i = 0; emitter->variants && i < emitter->variants->count; i++) {
        const struct emit_variant *variant = &emitter->variants->list[i];
        text_printf(out, "%s * Variant %s, %.0f flops a frame:\n *\n", i ? " *\n" : "", variant->name,
                    schedule_flops(variant->schedule));
        write_regions(out, variant->schedule, emitter->arena);
    }
    if (!emitter->variants)
        write_regions(out, schedule, emitter->arena);
    write_regions_beside(emitter, derivatives->training, "training");
    write_regions_beside(emitter, derivatives->vjp, "products of adjoints and derivatives");
    text_puts(out, " *\n * static: once at load; frames: all frames and streams of a block at once; scan: frame after "
                   "frame.\n * Comments on a region show its equations, each behind its line in the program.\n */\n");
    write_target(emitter);
    if (emitter->freestanding)
        text_printf(out, "#define RNN_FREESTANDING\n%s\n", emitter->plain ? "#define RNN_PLAIN_C\n" : "");
    else if (fewer_lanes_suffice(schedule))
        text_puts(out, "#define RNN_FEWER_LANES /* see rnn/vec_type.h */\n");
    if (emitter->freestanding)
        text_puts(out, "#include <stddef.h>\n#include <stdint.h>\n\n");
    if (header)
        text_printf(out, "#include \"%s\"\n\n", header);
    else if (emitter->freestanding)
        write_float_check(out);
}

/* ---- headers ---- */

/* Headers of the runtime, and the beginnings of their names in emitted code. */
static const struct {
    const char *header;
    const char *names[6];
} headers[] = {
    {"rnn/call.h", {"rnn_call", "rnn_begin_", "rnn_state_", "rnn_place"}},
    {"rnn/column.h", {"rnn_column_"}},
    {"rnn/ctc.h", {"rnn_ctc", "rnn_check_labels"}},
    {"rnn/flush.h", {"rnn_flush"}},
    {"rnn/gather.h", {"rnn_gather"}},
    {"rnn/kept.h", {"rnn_kept"}},
    {"rnn/matrix.h", {"rnn_matrix", "rnn_copy_strided", "rnn_add_strided", "rnn_vec_load_left", "rnn_vec_add_left"}},
    {"rnn/outer.h", {"rnn_outer", "RNN_OUTER"}},
    {"rnn/panel.h", {"rnn_pa", "rnn_unpad_", "RNN_M", "RNN_BATCH", "RNN_PA"}},
    {"rnn/past.h", {"rnn_embed", "rnn_start_", "rnn_keep_past", "rnn_carry_", "rnn_clear_after_end", "rnn_ring_"}},
    {"rnn/refine.h", {"rnn_refine(", "rnn_stored_refine("}},
    {"rnn/stored.h", {"rnn_stored", "rnn_round_rows", "rnn_all_finite", "RNN_STORED"}},
    {"rnn/team.h", {"rnn_team", "rnn_share", "rnn_split", "rnn_alone"}},
    {"rnn/total.h", {"rnn_total", "rnn_rows("}},
    {"rnn/train.h", {"rnn_loss_sum", "rnn_keep(", "rnn_mark", "rnn_find_", "rnn_tell_"}},
    {"rnn/vec.h", {"rnn_vec", "RNN_PAD", "RNN_LANES", "RNN_ALIGNED", "RNN_VECTOR_BYTES"}},
    {"rnn/wave.h", {"rnn_wave"}},
    {"rnn/weights.h", {"rnn_parameters"}},
};

/* True if the code uses a name of the runtime with this beginning. */
static bool code_names(const char *code, const char *beginning)
{
    for (const char *at = code; (at = strstr(at, beginning)) != NULL; at++)
        if (at == code || !(isalnum((unsigned char)at[-1]) || at[-1] == '_'))
            return true;
    return false;
}

/* Writes the headers that the code needs. */
static void write_headers(struct text *out, const char *code)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        bool needed = false;
        for (int k = 0; k < 6 && headers[i].names[k]; k++)
            needed |= code_names(code, headers[i].names[k]);
        if (needed)
            text_printf(out, "#include \"%s\"\n", headers[i].header);
    }
    text_puts(out, "\n");
}

/* Writes what the code needs of the runtime: includes, or what they would include. */
static void put_runtime(const struct emitter *emitter, const char *header, const char *code, struct text *lines)
{
    struct text includes;
    text_init(&includes, emitter->arena);
    text_puts(&includes, header ? "" : include_model(emitter));
    write_headers(&includes, code);
    if (!emitter->freestanding) {
        text_puts(lines, includes.data);
        return;
    }
    const struct carrying how = {.plain = emitter->plain, .declared = header != NULL};
    text_puts(lines, "/* ==== rnnc's runtime, as far as this network needs it ==== */\n\n");
    struct text runtime;
    text_init(&runtime, emitter->arena);
    carry_headers(&runtime, includes.data, &how, emitter->arena);
    prune_runtime(lines, runtime.data, code, emitter->arena);
    text_puts(lines, "/* ==== the network ==== */\n\n");
}

void emit_beside(const struct emitter *emitter, const struct emit_derivatives *derivatives,
                 const struct emit_options *options, void (*write)(struct emitter *))
{
    const struct schedule *const schedules[] = {derivatives->training, derivatives->vjp};
    for (int i = 0; i < 2; i++)
        if (schedules[i]) {
            struct emitter own = emitter_for_training(schedules[i], options, emitter->arena, emitter->out);
            write(&own);
        }
}

void emit_all_declarations(struct emitter *emitter, const struct emit_derivatives *derivatives,
                           const struct emit_options *options)
{
    text_puts(emitter->out, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    emit_declarations(emitter);
    emit_beside(emitter, derivatives, options, emit_training_declarations);
    if (!emitter->freestanding)
        emit_model_declaration(emitter);
    text_puts(emitter->out, "#ifdef __cplusplus\n}\n#endif\n\n");
}

static void emit_network(struct emitter *emitter)
{
    emit_packed_struct(emitter);
    if (emitter->constants)
        emit_constants(emitter);
    emit_values(emitter);
    emit_regions(emitter);
    if (!emitter->constants)
        emit_pack(emitter);
    emit_entry_points(emitter);
}

static void emit_all_variants(struct emitter *emitter)
{
    for (int i = 0; i < emitter->variants->count; i++) {
        struct emitter variant = emitter_for_variant(emitter, &emitter->variants->list[i]);
        text_printf(emitter->out, "/* ==== variant %s ==== */\n\n", emitter->variants->list[i].name);
        emit_variant(&variant);
    }
    text_puts(emitter->out, "/* ==== the network ==== */\n\n");
    emit_variant_calls(emitter);
}

void emit_source(const struct schedule *schedule, const struct emit_derivatives *derivatives,
                 const struct emit_options *options, struct arena *arena, struct text *lines)
{
    struct text front, code, *out = &code;
    text_init(&front, arena);
    text_init(out, arena);
    struct emitter emitter = emitter_new(schedule, options, arena, out);
    if (!options->header)
        emit_all_declarations(&emitter, derivatives, options);
    if (options->weights && !options->constants)
        emit_weights(&emitter);
    if (emitter.variants)
        emit_all_variants(&emitter);
    else
        emit_network(&emitter);
    emit_beside(&emitter, derivatives, options, emit_training);
    if (!emitter.freestanding)
        emit_descriptor(&emitter, derivatives);
    if (emitter.record)
        emit_self_test(&emitter);
    text_puts(out, target_is_conditional(&emitter) ? "\n#endif\n" : "");
    emitter.out = &front;
    write_front(&emitter, derivatives, options->header);
    put_lines(lines, front.data);
    put_runtime(&emitter, options->header, code.data, lines);
    put_lines(lines, code.data);
}

void emit_header(const struct schedule *schedule, const struct emit_derivatives *derivatives,
                 const struct emit_options *options, struct arena *arena, struct text *lines)
{
    struct text text, *out = &text;
    text_init(out, arena);
    struct emitter emitter = emitter_new(schedule, options, arena, out);
    char *guard = arena_printf(arena, "%s_RNN_H", options->prefix);
    for (char *c = guard; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    text_printf(out, "/* %s: a recurrent network, compiled by rnnc.\n", schedule->graph->name);
    emit_shapes(&emitter);
    text_printf(out, " */\n#ifndef %s\n#define %s\n\n", guard, guard);
    if (emitter.freestanding) {
        const struct carrying how = {.plain = emitter.plain, .guards = true};
        text_puts(out, "#include <stddef.h>\n#include <stdint.h>\n\n");
        write_float_check(out);
        carry_headers(out, include_model(&emitter), &how, arena);
        text_puts(out, "\n");
    } else {
        text_puts(out, include_model(&emitter));
    }
    emit_all_declarations(&emitter, derivatives, options);
    text_puts(out, "#endif\n");
    put_lines(lines, text.data);
}
