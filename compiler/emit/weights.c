/* --embed: the parameters as constants of the C file. */
#include <string.h>

#include "emit/emitter.h"

enum { NUMBERS_A_LINE = 8 };

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
