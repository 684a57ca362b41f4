/* Operands: where a kernel finds what an edge reads.
 *
 *   frame    the first column of the frame at hand, within the block (0 in frames regions)
 *   column   stream within the frame (scans), or column within the block (frames regions)
 *   unit     the first of RNN_LANES units
 */
#include <ctype.h>
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

const char *edge_address(const struct emitter *emitter, const struct edge *edge, const char *column)
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
        return arena_printf(emitter->arena, "packed->%s%s", member, begin);
    case STORE_FRAME:
        return arena_printf(emitter->arena,
                            spreads ? "values->%s + %s %% streams * %s%s" : "values->%s + (ptrdiff_t)%s * %s%s", member,
                            column, edge_stride(emitter, edge), begin);
    case STORE_SEQUENCE:
    case STORE_BLOCK:
    case STORE_INPUT:
        return arena_printf(emitter->arena, "values->%s + (frame + %s%s) * %s%s", member, column, delay,
                            edge_stride(emitter, edge), begin);
    case STORE_NONE:
    case STORE_LATE:
    case STORE_GRADIENT:
        break;
    }
    return "NULL";
}

/* Whether an expression stands in one pair of brackets: "(a + b)", not "(a) + (b)". */
static bool is_bracketed(const char *expression)
{
    int depth = 0;
    for (const char *c = expression; *c; c++) {
        depth += (*c == '(') - (*c == ')');
        if (depth == 0)
            return c > expression && !c[1];
    }
    return false;
}

const char *fill_pattern(const struct emitter *emitter, const char *pattern, const char *const operands[], bool scalar)
{
    struct text text;
    text_init(&text, emitter->arena);
    for (const char *c = pattern; *c; c++) {
        if (*c == '@')
            text_puts(&text, scalar ? "rnn_" : "rnn_vec_");
        else if (*c == '$') {
            const char *operand = operands[c[1] - '0'];
            bool argument = c > pattern && (c[-1] == '(' || c[-1] == ' ') && (c[2] == ')' || c[2] == ',');
            size_t bracket = argument && is_bracketed(operand); /* an argument needs none of its own */
            text_append(&text, operand + bracket, strlen(operand) - 2 * bracket);
            c++;
        } else
            text_append(&text, c, 1);
    }
    return text.data;
}

/* Whether `word` stands in the text as a whole word. */
bool text_has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += length) {
        bool begins = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
        if (begins && !(isalnum((unsigned char)at[length]) || at[length] == '_'))
            return true;
    }
    return false;
}

bool function_mentions(const struct emitter *emitter, size_t begin, const char *variable)
{
    return text_has_word(emitter->out->data + begin, variable);
}

void close_function(struct emitter *emitter, size_t begin)
{
    static const char *const parameters[] = {"packed",        "values", "frame", "frames", "columns", "streams",
                                             "streams_given", "stream", "ends",  "end",    "to",      "from",
                                             "memory",        "inputs", "whole", "length", "done",   "past",  "params"};
    char *head = emitter->out->data + begin, *body = strchr(head, '{');
    *body = '\0';
    bool unused[sizeof parameters / sizeof *parameters];
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        unused[i] = text_has_word(head, parameters[i]) && !text_has_word(body + 1, parameters[i]);
    *body = '{';
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (unused[i])
            text_printf(emitter->out, "    (void)%s;\n", parameters[i]);
    text_puts(emitter->out, "}\n\n");
}
