/* Operands: an access of the schedule as C.
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

/* Returns the member that an access reads, and records the use of its struct. */
static const char *access_base(struct emitter *emitter, const struct access *access)
{
    switch (access->place) {
    case PLACE_PARAMETERS:
        use_variables(emitter, VAR_params);
        return arena_printf(emitter->arena, "params->%s", emitter->parameters[access->member]);
    case PLACE_GRADIENT:
        use_variables(emitter, VAR_values);
        return arena_printf(emitter->arena, "values->gradient->%s", emitter->parameters[access->member]);
    case PLACE_PACKED:
        use_variables(emitter, VAR_packed);
        return arena_printf(emitter->arena, "packed->%s", emitter->buffers[access->member]);
    case PLACE_VALUES:
        use_variables(emitter, VAR_values);
        return arena_printf(emitter->arena, "values->%s", emitter->buffers[access->member]);
    case PLACE_NOWHERE:
        break;
    }
    return "NULL";
}

const char *access_stride(const struct emitter *emitter, const struct access *access)
{
    bool node = access->place == PLACE_PACKED || access->place == PLACE_VALUES;
    const char *units =
        node ? node_size(emitter, access->member, access->units) : arena_printf(emitter->arena, "%d", access->units);
    return access->padded ? arena_printf(emitter->arena, "RNN_PAD(%s)", units) : units;
}

/* Returns the columns from the frame at hand to the frame that is read: " - 2 * streams". */
static const char *delay_text(struct emitter *emitter, int delay)
{
    if (!delay)
        return "";
    use_variables(emitter, VAR_streams);
    if (delay == 1 || delay == -1)
        return delay > 0 ? " - streams" : " + streams";
    return arena_printf(emitter->arena, delay > 0 ? " - %d * streams" : " + %d * streams", delay > 0 ? delay : -delay);
}

/* Returns the address of the first column of a block's first frame, or of the frame that it reads. */
static const char *first_frame_address(struct emitter *emitter, const struct access *access, const char *base,
                                       const char *stride, const char *begin)
{
    int distance = access->delay > 0 ? access->delay : -access->delay;
    if (!distance)
        return arena_printf(emitter->arena, "%s%s", base, begin);
    use_variables(emitter, VAR_streams);
    const char *frames = distance == 1 ? "" : arena_printf(emitter->arena, "%d * ", distance);
    return arena_printf(emitter->arena, "%s %c %s(ptrdiff_t)streams%s%s", base, access->delay > 0 ? '-' : '+', frames,
                        stride, begin);
}

const char *access_address(struct emitter *emitter, const struct access *access, const char *column)
{
    struct arena *arena = emitter->arena;
    const char *base = access_base(emitter, access), *stride = access_stride(emitter, access);
    stride = strcmp(stride, "1") == 0 ? "" : arena_printf(arena, " * %s", stride);
    const char *begin = access->view.offset ? arena_printf(arena, " + %ld", access->view.offset) : "";
    switch (access->column) {
    case COLUMN_ONLY:
        break;
    case COLUMN_STREAM:
        if (!column || strcmp(column, "0") == 0)
            break;
        return arena_printf(arena, "%s + (ptrdiff_t)%s%s%s", base, column, stride, begin);
    case COLUMN_OF_FRAMES:
        if (!column)
            break;
        use_variables(emitter, VAR_streams);
        return arena_printf(arena, "%s + %s %% streams%s%s", base, column, stride, begin);
    case COLUMN_FRAME:
        if (!column)
            return first_frame_address(emitter, access, base, stride, begin);
        use_variables(emitter, VAR_frame);
        column = strcmp(column, "0") == 0 ? "" : arena_printf(arena, " + %s", column);
        return arena_printf(arena, *column || access->delay ? "%s + (frame%s%s)%s%s" : "%s + frame%s%s%s%s", base,
                            column, delay_text(emitter, access->delay), stride, begin);
    }
    return *begin ? arena_printf(arena, "%s%s", base, begin) : base;
}

const char *edge_address(struct emitter *emitter, const struct edge *edge, const char *column)
{
    struct access access = access_of_edge(emitter->schedule, emitter->region, edge);
    return access_address(emitter, &access, column);
}

const char *node_address(struct emitter *emitter, int node, const char *column)
{
    struct edge edge = edge_to(emitter->graph, node);
    return edge_address(emitter, &edge, column);
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
            bool begins = (c > pattern && c[-1] == '(') || (c > pattern + 1 && c[-2] == ',' && c[-1] == ' ');
            bool argument = begins && (c[2] == ')' || c[2] == ',');
            text_printf(&text, argument || operand->closed ? "%s" : "(%s)", operand->text);
            c++;
        } else
            text_append(&text, c, 1);
    }
    return (struct expression){text.data, *pattern == '@', false};
}
