/* Where values live: a struct of addresses, and the function that lays them out in the caller's memory. */
#include <string.h>

#include "emit/emitter.h"

static bool buffer_is_value(const struct buffer *buffer)
{
    return buffer->storage == STORE_FRAME || buffer->storage == STORE_BLOCK;
}

static void write_members(struct emitter *emitter)
{
    struct text *out = emitter->out;
    text_printf(out, "/* Addresses of values: of frame 0 of a block, or of the only frame there is. */\nstruct %s_values {\n",
                emitter->prefix);
    bool any = false;
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        int units = node_units(emitter->graph->nodes[i]);
        if (emitter->graph->nodes[i]->op == OP_input) {
            const struct graph_input *input = &emitter->graph->inputs[emitter->graph->nodes[i]->index];
            const char *type = input->vocabulary ? "int32_t" : "rnn_real";
            const char *name = buffer->storage == STORE_INPUT ? emitter->buffers[i] : NULL;
            any |= name != NULL;
            if (name)
                text_printf(out, "    const %s *%s; /* the caller's, [%d] */\n", type, name, units);
        }
        if (!buffer_is_value(buffer))
            continue;
        any = true;
        text_printf(out, "    rnn_real *%s; /* [%d]", emitter->buffers[i], units);
        if (buffer->storage == STORE_BLOCK && buffer->past)
            text_printf(out, ", behind %d frame%s of past", buffer->past, buffer->past == 1 ? "" : "s");
        if (buffer->storage == STORE_FRAME)
            text_puts(out, buffer->in_place ? ", overwritten in place" : ", one frame");
        text_puts(out, " */\n");
        if (buffer->in_place)
            text_printf(out, "    rnn_real *%s_kept_; /* of streams that have ended */\n", emitter->buffers[i]);
    }
    text_puts(out, any ? "};\n\n" : "    int none;\n};\n\n");
}

/* Columns of a buffer: streams times frames and past. */
static const char *buffer_frames(struct emitter *emitter, const struct buffer *buffer)
{
    if (buffer->storage == STORE_FRAME)
        return "(size_t)streams";
    if (buffer->past)
        return arena_printf(emitter->arena, "(columns + %d * (size_t)streams)", buffer->past);
    return "columns";
}

static void write_layout(struct emitter *emitter)
{
    struct text *out = emitter->out;
    text_puts(out, "/* Lays the values of `frames` frames out in memory (NULL: nowhere) and returns how many rnn_real they take. */\n");
    size_t begin = out->length;
    text_printf(out, "static size_t %s_place(struct %s_values *values, rnn_real *memory, int frames, int streams)\n{\n"
                     "    const size_t columns = (size_t)frames * (size_t)streams;\n"
                     "    size_t next = 0;\n",
                emitter->prefix, emitter->prefix);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        if (!buffer_is_value(buffer))
            continue;
        int units = node_units(emitter->graph->nodes[i]);
        text_printf(out, "    values->%s = rnn_place(memory, next", emitter->buffers[i]);
        if (buffer->storage == STORE_BLOCK && buffer->past)
            text_printf(out, " + %d * (size_t)streams * RNN_PAD(%d)", buffer->past, units);
        text_printf(out, ");\n    next += %s * RNN_PAD(%d);\n", buffer_frames(emitter, buffer), units);
    }
    text_puts(out, "    return next + RNN_LANES; /* parts of columns may be read beyond the last */\n");
    close_function(emitter, begin);
}

static void write_past_function(struct emitter *emitter, const char *head, bool in_place_too,
                                void (*write)(struct emitter *, int id, const char *past, int units))
{
    size_t begin = emitter->out->length + (size_t)(strstr(head, "static") - head);
    text_puts(emitter->out, head);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        if (!buffer->past || !buffer_is_value(buffer) || (buffer->in_place && !in_place_too))
            continue;
        write(emitter, i, arena_printf(emitter->arena, "%d", buffer->past), node_units(emitter->graph->nodes[i]));
    }
    close_function(emitter, begin);
}

/* The address that rnn/past.h wants: behind the past. */
static const char *past_end(struct emitter *emitter, const char *values, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    if (!buffer->in_place)
        return arena_printf(emitter->arena, "%s->%s", values, emitter->buffers[id]);
    return arena_printf(emitter->arena, "%s->%s + (ptrdiff_t)streams * RNN_PAD(%d)", values, emitter->buffers[id],
                        node_units(emitter->graph->nodes[id]));
}

static void write_start(struct emitter *emitter, int id, const char *past, int units)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    const struct node *init = buffer->init == NO_NODE ? NULL : emitter->graph->nodes[buffer->init];
    const char *from = "NULL";
    if (init && init->op == OP_number)
        from = arena_printf(emitter->arena, "&(const rnn_real){%s}", emit_number(emitter->arena, init->number));
    else if (init)
        from = arena_printf(emitter->arena, "packed->%s", emitter->buffers[buffer->init]);
    text_printf(emitter->out, "    rnn_start_past(%s, %s, RNN_PAD(%d), %d, %s, %d, streams, stream);\n",
                past_end(emitter, "values", id), past, units, units, from, init && node_units(init) == 1);
}

static void write_take(struct emitter *emitter, int id, const char *past, int units)
{
    text_printf(emitter->out, "    rnn_copy_past(%s, %s, %s, RNN_PAD(%d), streams);\n", past_end(emitter, "to", id),
                past_end(emitter, "from", id), past, units);
}

static void write_carry(struct emitter *emitter, int id, const char *past, int units)
{
    text_printf(emitter->out, "    rnn_carry_past(values->%s, %s, RNN_PAD(%d), frames, streams);\n", emitter->buffers[id], past,
                units);
}

static void write_keep(struct emitter *emitter, int id, const char *past, int units)
{
    text_printf(emitter->out, "    rnn_keep_past(to->%s, from->%s, %s, RNN_PAD(%d), end, streams, stream);\n",
                emitter->buffers[id], emitter->buffers[id], past, units);
}

void emit_values(struct emitter *emitter)
{
    const char *prefix = emitter->prefix;
    write_members(emitter);
    write_layout(emitter);
    write_past_function(
        emitter,
        arena_printf(emitter->arena, "/* The past of a stream that begins. */\n"
                                     "static void %s_start(const struct %s_packed *packed, const struct %s_values *values, "
                                     "int streams, int stream)\n{\n",
                     prefix, prefix, prefix),
        true, write_start);
    write_past_function(emitter,
                        arena_printf(emitter->arena, "/* The past of every stream, to where the frames will follow it or back. */\n"
                                                     "static void %s_take(const struct %s_values *to, const struct %s_values *from, "
                                                     "int streams)\n{\n",
                                     prefix, prefix, prefix),
                        true, write_take);
    write_past_function(emitter,
                        arena_printf(emitter->arena, "/* After a block: its last frames become the past of the next. */\n"
                                                     "static void %s_carry(const struct %s_values *values, int frames, int streams)\n"
                                                     "{\n",
                                     prefix, prefix),
                        false, write_carry);
    write_past_function(emitter,
                        arena_printf(emitter->arena, "/* A stream that ends within the block, `end` frames into it, keeps its past. */\n"
                                                     "static void %s_keep(const struct %s_values *to, const struct %s_values *from, "
                                                     "int end, int streams, int stream)\n{\n",
                                     prefix, prefix, prefix),
                        false, write_keep);
}
