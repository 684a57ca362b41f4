/* Operands: where a kernel finds what an edge reads.
 *
 *   frame    the first column of the frame at hand, within the block (0 in frames regions)
 *   column   stream within the frame (scans), or column within the block (frames regions)
 *   unit     the first of RNN_LANES units
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "emit/emitter.h"

const char *emit_number(struct arena *arena, double number)
{
    if (isnan(number))
        return "NAN";
    if (isinf(number))
        return number < 0 ? "-INFINITY" : "INFINITY";
    if (number == 0 && signbit(number))
        return "(rnn_real)-0.0";
    if (number == floor(number) && fabs(number) < 1e6)
        return arena_printf(arena, "%.0f", number);
    for (int digits = 6; digits <= 17; digits++) {
        char *text = arena_printf(arena, "%.*g", digits, number);
        double back = 0;
        sscanf(text, "%lf", &back);
        if (back == number)
            return arena_printf(arena, strpbrk(text, ".e") ? "(rnn_real)%s" : "(rnn_real)%s.0", text);
    }
    return arena_printf(arena, "(rnn_real)%.17g", number);
}

const char *edge_stride(const struct emitter *emitter, const struct edge *edge)
{
    int units = node_units(emitter->graph->nodes[edge->node]);
    return emitter->schedule->buffers[edge->node].storage == STORE_INPUT
               ? arena_printf(emitter->arena, "%d", units)
               : arena_printf(emitter->arena, "RNN_PAD(%d)", units);
}

const char *edge_address(struct emitter *emitter, const struct edge *edge, const char *column)
{
    const struct buffer *buffer = &emitter->schedule->buffers[edge->node];
    const char *member = emitter->buffers[edge->node], *begin = "";
    if (edge->begin)
        begin = arena_printf(emitter->arena, " + %d", edge->begin);
    const char *delay = "";
    if (edge->delay == 1 || edge->delay == -1)
        delay = edge->delay > 0 ? " - streams" : " + streams";
    else if (edge->delay)
        delay = arena_printf(emitter->arena, edge->delay > 0 ? " - %d * streams" : " + %d * streams",
                             edge->delay > 0 ? edge->delay : -edge->delay);
    bool several = emitter->region && (emitter->region->kind == REGION_FRAMES || emitter->region->group > 1);
    bool spreads = several && emitter->graph->nodes[edge->node]->time == TIME_SEQUENCE;
    switch (buffer->storage) {
    case STORE_STATIC:
        use_variables(emitter, VAR_packed);
        return arena_printf(emitter->arena, "packed->%s%s", member, begin);
    case STORE_FRAME:
        use_variables(emitter, spreads ? VAR_values | VAR_streams : VAR_values);
        return arena_printf(emitter->arena,
                            spreads ? "values->%s + %s %% streams * %s%s" : "values->%s + (ptrdiff_t)%s * %s%s", member,
                            column, edge_stride(emitter, edge), begin);
    case STORE_SEQUENCE:
    case STORE_BLOCK:
    case STORE_INPUT:
        use_variables(emitter, VAR_values | VAR_frame | (edge->delay ? VAR_streams : 0));
        return arena_printf(emitter->arena, "values->%s + (frame + %s%s) * %s%s", member, column, delay,
                            edge_stride(emitter, edge), begin);
    case STORE_NONE:
    case STORE_LATE:
    case STORE_GRADIENT:
        break;
    }
    return "NULL";
}

struct expression fill_pattern(const struct emitter *emitter, const char *pattern, const struct expression operands[],
                               bool scalar)
{
    if (strcmp(pattern, "$0") == 0)
        return (struct expression){operands[0].text, operands[0].closed, false};
    struct text text;
    text_init(&text, emitter->arena);
    for (const char *c = pattern; *c; c++) {
        if (*c == '@')
            text_puts(&text, scalar ? "rnn_" : "rnn_vec_");
        else if (*c == '$') {
            const struct expression *operand = &operands[c[1] - '0'];
            bool argument = c > pattern && (c[-1] == '(' || c[-1] == ' ') && (c[2] == ')' || c[2] == ',');
            text_printf(&text, argument || operand->closed ? "%s" : "(%s)", operand->text);
            c++;
        } else
            text_append(&text, c, 1);
    }
    return (struct expression){text.data, *pattern == '@', false};
}
