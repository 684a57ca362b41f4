/* The C file and the header, part after part. */
#include "emit/emit.h"

#include <ctype.h>
#include <string.h>

#include "emit/calls.h"

static void write_regions(struct text *out, const struct schedule *schedule, struct arena *arena)
{
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        const char *once = describe_flops_once(region, arena);
        text_printf(out, " *   %-20s %12.0f flops   %s%s%s\n", region->name, region->flops,
                    region_kind_name(region->kind), once ? ", " : "", once ? once : "");
    }
}

static void write_front(struct emitter *emitter, const struct schedule *training, const char *header)
{
    const struct schedule *schedule = emitter->schedule;
    struct text *out = emitter->out;
    text_printf(out, "/* %s: a recurrent network, compiled by rnnc.\n *\n * %ld parameters, %.0f flops a frame.\n *\n",
                schedule->graph->name, schedule_parameters(schedule), schedule_flops(schedule));
    write_regions(out, schedule, emitter->arena);
    if (training) {
        text_printf(out, " *\n * and for training, %.0f flops a frame:\n *\n", schedule_flops(training));
        write_regions(out, training, emitter->arena);
    }
    text_puts(out, " *\n * static: once at load; frames: all frames and streams of a block at once; scan: frame after "
                   "frame.\n */\n");
    text_puts(out,
              header ? arena_printf(emitter->arena, "#include \"%s\"\n\n", header) : "#include \"rnn/model.h\"\n\n");
    text_printf(out,
                "#include \"rnn/call.h\"\n#include \"rnn/column.h\"\n%s#include \"rnn/flush.h\"\n#include "
                "\"rnn/gather.h\"\n%s#include \"rnn/panel.h\"\n#include \"rnn/past.h\"\n%s"
                "#include \"rnn/vec.h\"\n#include \"rnn/weights.h\"\n\n",
                training ? "#include \"rnn/ctc.h\"\n" : "",
                training || (schedule->region_count && schedule->regions[0].kind == REGION_STATIC) ? "#include \"rnn/matrix.h\"\n" : "",
                training ? "#include \"rnn/train.h\"\n" : "");
}

void emit_source(const struct schedule *schedule, const struct schedule *training, const struct emit_options *options,
                 struct arena *arena, struct text *lines)
{
    struct text text, *out = &text;
    text_init(out, arena);
    struct emitter emitter = emitter_new(schedule, options, arena, out);
    write_front(&emitter, training, options->header);
    if (!options->header) {
        text_puts(out, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
        emit_declarations(&emitter);
        if (training) {
            struct emitter trainer = emitter_for_training(training, options, arena, out);
            emit_training_declarations(&trainer);
        }
        emit_model_declaration(&emitter);
        text_puts(out, "#ifdef __cplusplus\n}\n#endif\n\n");
    }
    if (options->weights)
        emit_weights(&emitter);
    emit_packed_struct(&emitter);
    emit_values(&emitter);
    emit_regions(&emitter);
    emit_pack(&emitter);
    emit_entry_points(&emitter);
    if (training) {
        struct emitter trainer = emitter_for_training(training, options, arena, out);
        trainer.tiles = emitter.tiles; /* one file, one set of them */
        emit_training(&trainer);
        emit_descriptor(&emitter, trainer.prefix);
    } else {
        emit_descriptor(&emitter, NULL);
    }
    put_lines(lines, text.data);
}

void emit_header(const struct schedule *schedule, const struct schedule *training, const struct emit_options *options,
                 struct arena *arena, struct text *lines)
{
    struct text text, *out = &text;
    text_init(out, arena);
    struct emitter emitter = emitter_new(schedule, options, arena, out);
    char *guard = arena_printf(arena, "%s_RNN_H", options->prefix);
    for (char *c = guard; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    text_printf(out, "/* %s: a recurrent network, compiled by rnnc.\n", schedule->graph->name);
    emit_shapes(&emitter);
    text_printf(
        out,
        " */\n#ifndef %s\n#define %s\n\n#include \"rnn/model.h\"\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
        guard, guard);
    emit_declarations(&emitter);
    if (training) {
        struct emitter trainer = emitter_for_training(training, options, arena, out);
        emit_training_declarations(&trainer);
    }
    emit_model_declaration(&emitter);
    text_puts(out, "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    put_lines(lines, text.data);
}
