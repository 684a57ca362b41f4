/* The memory of values: a struct of addresses, and the functions that lay values out, begin them, and carry them on. */
#include <string.h>

#include "emit/calls.h"

const char *gathered_numbers(const struct emitter *emitter, int id)
{
    bool adds = op_info(emitter->graph->nodes[id]->op)->adds;
    return arena_printf(emitter->arena, adds ? "2 * RNN_PAD(%s)" : "RNN_PAD(%s)", value_size(emitter, id));
}

const char *initial_value(struct emitter *emitter, int id)
{
    int init = emitter->schedule->buffers[id].init;
    if (init == NO_NODE)
        return "NULL, 0";
    const struct node *node = emitter->graph->nodes[init];
    int one = node_units(node) == 1;
    if (node->op == OP_number)
        return arena_printf(emitter->arena, "&%s_%s_first_, 1", emitter->prefix, emitter->buffers[id]);
    use_variables(emitter, node->time == TIME_SEQUENCE ? VAR_values | VAR_stream : VAR_packed);
    if (node->time == TIME_SEQUENCE)
        return arena_printf(emitter->arena, "values->%s + (ptrdiff_t)stream * RNN_PAD(%s), %d", emitter->buffers[init],
                            value_size(emitter, init), one);
    return arena_printf(emitter->arena, "packed->%s, %d", emitter->buffers[init], one);
}

/* ---- the struct ---- */

static const char *frames_text(struct emitter *emitter, int frames, const char *where)
{
    return frames ? arena_printf(emitter->arena, ", %s %d frame%s", where, frames, plural(frames)) : "";
}

static void write_value_members(struct emitter *emitter, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    const struct node *node = emitter->graph->nodes[id];
    struct text *out = emitter->out;
    text_printf(out, "    rnn_real *%s; /* [%s]", emitter->buffers[id], value_size(emitter, id));
    if (buffer->storage == STORE_FRAME)
        text_puts(out, node->time == TIME_SEQUENCE ? ", once a sequence"
                       : buffer->in_place          ? ", overwritten in place"
                                                   : ", one frame");
    else
        text_printf(out, "%s%s%s", buffer->storage == STORE_SEQUENCE ? ", the whole sequence" : "",
                    frames_text(emitter, buffer->past, "behind"), frames_text(emitter, buffer->future, "before"));
    text_puts(out, " */\n");
    if (past_is_ring(emitter->schedule, id))
        text_printf(out, "    int *%s_ring_; /* in a state: the position of its past, a ring; else NULL */\n",
                    emitter->buffers[id]);
    if (node_gathers(node))
        text_printf(out, "    rnn_real *%s_so_far_;\n", emitter->buffers[id]);
}

static void write_members(struct emitter *emitter)
{
    struct text *out = emitter->out;
    text_printf(out,
                "/* Addresses of values: of frame 0 of a block, or of the only frame there is. */\nstruct %s_values {\n"
                "    const int64_t *ages; /* of each stream: frames since it began */\n",
                emitter->prefix);
    if (scans_keep(emitter->schedule))
        write_pattern(emitter,
                      "    const struct $_values *kept; /* the state's, where streams that end within a block keep "
                      "their past */\n");
    if (emitter->graph->trains)
        text_printf(out,
                    "    const int *left; /* of each stream: frames from the first of the block on */\n"
                    "    int done;        /* frames of the window before the block */\n"
                    "    const rnn_window *window;\n%s"
                    "    rnn_real *scratch;\n%s"
                    "    %s *gradient;\n",
                    emitter->graph->of_outputs ? "" : "    rnn_loss_sum *sums; /* of each loss */\n",
                    scratch_count(emitter) > 1 ? "    size_t scratch_numbers;\n" : "", emitter->parameters_type);
    write_wanted_members(emitter);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        const struct node *node = emitter->graph->nodes[i];
        if (node->op == OP_input && buffer->storage == STORE_INPUT && emitter->buffers[i])
            text_printf(out, "    const %s *%s; /* the caller's, [%s] */\n",
                        input_type(&emitter->graph->inputs[node->input]), emitter->buffers[i], value_size(emitter, i));
        if (buffer->storage == STORE_LATE)
            text_printf(out, "    rnn_real *%s; /* [%s], the gradient of a static value */\n", emitter->buffers[i],
                        value_size(emitter, i));
        if (buffer_is_value(buffer))
            write_value_members(emitter, i);
    }
    write_rounded_members(emitter);
    text_puts(out, "};\n\n");
}

/* ---- layout ---- */

/* Returns the number of columns of a buffer. */
static const char *buffer_columns(struct emitter *emitter, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    bool sequence = buffer->storage == STORE_SEQUENCE;
    int outside = buffer->past + buffer->future;
    use_variables(emitter, buffer->storage == STORE_FRAME
                               ? VAR_columns
                               : (sequence ? VAR_whole : VAR_block) | (outside ? VAR_columns : 0));
    if (buffer->storage == STORE_FRAME)
        return buffer->group > 1 ? arena_printf(emitter->arena, "%d * columns", buffer->group) : "columns";
    const char *frames = sequence ? "whole" : "block";
    if (past_is_ring(emitter->schedule, id))
        return arena_printf(emitter->arena, "(%s + (rings ? %d : %d) * columns)", frames, 2 * outside - 1, outside);
    if (outside <= 1)
        return outside ? arena_printf(emitter->arena, "(%s + columns)", frames) : frames;
    return arena_printf(emitter->arena, "(%s + %d * columns)", frames, outside);
}

/* Writes the address of frame 0 of a value. */
static void write_place(struct emitter *emitter, int id)
{
    const int past = emitter->schedule->buffers[id].storage == STORE_FRAME ? 0 : emitter->schedule->buffers[id].past;
    const char *units = value_size(emitter, id), *name = emitter->buffers[id];
    struct text *out = emitter->out;
    const bool ring = past_is_ring(emitter->schedule, id);
    if (ring)
        text_printf(out,
                    "    values->%s_ring_ = rings ? (int *)(void *)rnn_place(memory, next) : NULL;\n"
                    "    next += (size_t)rings * RNN_LANES;\n",
                    name);
    text_printf(out, "    values->%s = rnn_place(memory, next", name);
    if (ring)
        text_printf(out, " + (%d + rnn_ring_position(values->%s_ring_)) * columns * RNN_PAD(%s)", past, name, units);
    else if (past)
        text_printf(out, past == 1 ? " + columns * RNN_PAD(%s)" : " + %2$d * columns * RNN_PAD(%1$s)", units, past);
    text_printf(out, ");\n    next += %s * RNN_PAD(%s) + RNN_APART;\n", buffer_columns(emitter, id), units);
}

static void write_layout(struct emitter *emitter)
{
    struct text *out = emitter->out;
    const bool rings = has_rings(emitter->schedule);
    text_printf(
        out,
        "/* Lays values out in memory (NULL: nowhere) and returns how many rnn_real they take. Columns: those of a "
        "block of frames, of the whole sequence, and of one frame, which has one for each stream.%s */\n",
        rings ? " rings: 1 in a state, where long pasts are rings, else 0." : "");
    open_function(emitter, VAR_values | VAR_memory | VAR_block | VAR_whole | VAR_columns);
    text_printf(out,
                "RNN_INLINE size_t %s_place(struct %s_values *values, rnn_real *memory,\n"
                "    size_t block, size_t whole, size_t columns%s)\n{\n"
                "    size_t next = 0;\n",
                emitter->prefix, emitter->prefix, rings ? ", int rings" : "");
    for (int i = 0; i < emitter->graph->node_count; i++) {
        if (!buffer_is_value(&emitter->schedule->buffers[i]))
            continue;
        use_variables(emitter, VAR_values | VAR_memory);
        write_place(emitter, i);
        if (!node_gathers(emitter->graph->nodes[i]))
            continue;
        use_variables(emitter, VAR_columns);
        text_printf(out, "    values->%s_so_far_ = rnn_place(memory, next);\n    next += columns * %s;\n",
                    emitter->buffers[i], gathered_numbers(emitter, i));
    }
    write_rounded_layout(emitter);
    write_unused_parameters(emitter);
    text_puts(out, "    return next + RNN_LANES; /* vectors may reach beyond the last column */\n}\n\n");
}

/* Puts a count of numbers, in plain C as its lanes have it, which hold one number: RNN_PAD(n) is n, RNN_LANES 1,
 * and there is nothing for RNN_APART. */
static void put_count(const struct emitter *emitter, struct text *out, const char *at, size_t length)
{
    static const char *const plain[][2] = {{"RNN_PAD(", "("}, {" + RNN_APART", ""}, {"RNN_LANES", "1"}};
    const size_t words = emitter->plain ? sizeof plain / sizeof *plain : 0;
    for (const char *const end = at + length; at < end;) {
        size_t w = 0;
        while (w < words && strncmp(at, plain[w][0], strlen(plain[w][0])) != 0)
            w++;
        if (w < words) {
            text_puts(out, plain[w][1]);
            at += strlen(plain[w][0]);
        } else {
            text_printf(out, "%c", *at++);
        }
    }
}

const char *values_numbers(struct emitter *emitter)
{
    struct text sum, layout, *const out = emitter->out;
    text_init(&sum, emitter->arena);
    text_init(&layout, emitter->arena);
    emitter->out = &layout;
    write_layout(emitter);
    emitter->out = out;
    for (const char *at = layout.data; (at = strstr(at, "next += ")) != NULL;) {
        at += strlen("next += ");
        const size_t length = strcspn(at, ";");
        const char *quantised = strstr(at, "RNN_QUANTISED(");
        if (emitter->plain && quantised && quantised < at + length)
            continue; /* plain C rounds no columns */
        put_count(emitter, &sum, at, length);
        text_puts(&sum, " + \\\n     ");
    }
    put_count(emitter, &sum, "RNN_LANES", strlen("RNN_LANES"));
    return sum.data;
}

/* Writes the function that gives values of the whole sequence as seen from a block on. */
static void write_at(struct emitter *emitter)
{
    write_pattern(emitter,
                  "/* Values of the whole sequence as a block sees them that begins at `column`. */\n"
                  "static void $_at(struct $_values *values, const struct $_values *whole, ptrdiff_t column)\n{\n");
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (emitter->schedule->buffers[i].storage == STORE_SEQUENCE)
            text_printf(emitter->out, "    values->%s = whole->%s + column * RNN_PAD(%s);\n", emitter->buffers[i],
                        emitter->buffers[i], value_size(emitter, i));
    text_puts(emitter->out, "}\n\n");
}

/* Writes the numbers that values have before their first frame, or behind their last. */
static void write_first_numbers(struct emitter *emitter)
{
    bool any = false;
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        if (!buffer_is_value(buffer) || buffer->init == NO_NODE || emitter->graph->nodes[buffer->init]->op != OP_number)
            continue;
        text_printf(emitter->out, "static const rnn_real %s_%s_first_ = %s;\n", emitter->prefix, emitter->buffers[i],
                    emit_number(emitter->arena, emitter->graph->nodes[buffer->init]->number));
        any = true;
    }
    text_puts(emitter->out, any ? "\n" : "");
}

bool values_move_with_blocks(const struct emitter *emitter)
{
    bool any = false;
    for (int i = 0; i < emitter->graph->node_count; i++)
        any |= emitter->schedule->buffers[i].storage == STORE_SEQUENCE;
    return any;
}

void emit_values(struct emitter *emitter)
{
    write_members(emitter);
    write_layout(emitter);
    write_first_numbers(emitter);
    if (values_move_with_blocks(emitter))
        write_at(emitter);
}
