/* Weights as constants of the C file: --embed the parameters, --weights what the kernels read. */
#include <math.h>
#include <string.h>

#include "emit/emitter.h"

enum { NUMBERS_A_LINE = 8, BYTES_A_LINE = 24 };

/* Writes the shortest decimal that reads back as the same float, or else (weights in double) as the same double. */
static void write_number(struct text *out, double number)
{
    char text[40];
    int digits = (double)(float)number == number ? 9 : 17;
    snprintf(text, sizeof text, "%.*g", digits, number);
    text_printf(out, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

void emit_weights(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    struct text *out = emitter->out;
    const double *next = emitter->weights;
    text_puts(out, "/* The weights, in the order of the members: decimals, of which each becomes an rnn_real. */\n"
                   "#pragma GCC diagnostic push\n"
                   "#pragma GCC diagnostic ignored \"-Wconversion\"\n"
                   "#pragma GCC diagnostic ignored \"-Wfloat-conversion\"\n");
    text_printf(out, "const %s %s_weights = {\n", emitter->parameters_type, emitter->prefix);
    for (int i = 0; i < graph->parameter_count; i++) {
        long size = shape_size(&graph->parameters[i].shape);
        text_printf(out, "    /* %s */ {", graph->parameters[i].name);
        for (long k = 0; k < size; k++) {
            text_puts(out, k % NUMBERS_A_LINE ? " " : "\n        ");
            write_number(out, *next++);
            text_puts(out, k + 1 < size ? "," : "");
        }
        text_puts(out, "},\n");
    }
    text_printf(out, "%s};\n#pragma GCC diagnostic pop\n\n", graph->parameter_count ? "" : "    {0}\n");
}

static void write_member(struct emitter *emitter, const char *name, const struct emit_member *member)
{
    struct text *out = emitter->out;
    const size_t each = member->numbers ? NUMBERS_A_LINE : BYTES_A_LINE;
    text_printf(out, "    /* %s */ {", name);
    for (size_t k = 0; k < member->count; k++) {
        text_puts(out, k % each ? " " : "\n        ");
        if (member->numbers && isfinite(member->numbers[k])) {
            write_number(out, (double)member->numbers[k]);
            text_puts(out, "f");
        } else if (member->numbers) { /* a static value that weights make too large, or none */
            text_puts(out, isnan(member->numbers[k]) ? "NAN" : member->numbers[k] > 0 ? "INFINITY" : "-INFINITY");
        } else {
            text_printf(out, "%d", member->bytes[k]);
        }
        text_puts(out, k + 1 < member->count ? "," : "");
    }
    text_puts(out, "},\n");
}

static bool has_bytes(const struct emit_constants *constants, const struct emitter *emitter)
{
    bool any = false;
    for (int i = 0; i < emitter->graph->node_count; i++)
        any |= constants->statics[i].bytes != NULL;
    for (int p = 0; p < emitter->schedule->panel_count; p++)
        any |= constants->panels[p].bytes != NULL;
    return any;
}

void emit_constants(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    bool any = schedule->panel_count > 0;
    if (has_bytes(emitter->constants, emitter))
        text_puts(emitter->out, "#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__\n"
                                "#error \"weights are in the order of a little-endian machine; rnnc --embed is for "
                                "others\"\n#endif\n\n");
    write_pattern(emitter, "/* The weights, as the kernels read them. */\nconst struct $_packed $_weights = {\n");
    if (packed_begins_aligned(emitter))
        text_puts(emitter->out, "    0,\n");
    for (int i = 0; i < emitter->graph->node_count; i++) {
        if (!value_is_packed(emitter, i))
            continue;
        any = true;
        write_member(emitter, emitter->buffers[i], &emitter->constants->statics[i]);
    }
    for (int p = 0; p < schedule->panel_count; p++)
        write_member(emitter, emitter->panels[p], &emitter->constants->panels[p]);
    text_puts(emitter->out, any ? "};\n\n" : "    {0}\n};\n\n");
}
