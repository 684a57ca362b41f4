/* Where values live: a struct of addresses, and the functions that lay them out, begin them, and carry them on. */
#include <string.h>

#include "emit/emitter.h"

static bool node_adds_over_time(const struct node *node)
{
    return node->op == OP_mean_over_time || node->op == OP_sum_over_time || node->op == OP_outside;
}

const char *gathered_numbers(struct arena *arena, const struct node *node)
{
    return arena_printf(arena, node_adds_over_time(node) ? "2 * RNN_PAD(%d)" : "RNN_PAD(%d)", node_units(node));
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
        return arena_printf(emitter->arena, "values->%s + (ptrdiff_t)stream * RNN_PAD(%d), %d", emitter->buffers[init],
                            node_units(node), one);
    return arena_printf(emitter->arena, "packed->%s, %d", emitter->buffers[init], one);
}

/* ---- the struct ---- */

static const char *frames_text(struct emitter *emitter, int frames, const char *where)
{
    return frames ? arena_printf(emitter->arena, ", %s %d frame%s", where, frames, frames == 1 ? "" : "s") : "";
}

static void write_value_members(struct emitter *emitter, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    const struct node *node = emitter->graph->nodes[id];
    struct text *out = emitter->out;
    text_printf(out, "    rnn_real *%s; /* [%d]", emitter->buffers[id], node_units(node));
    if (buffer->storage == STORE_FRAME)
        text_puts(out, node->time == TIME_SEQUENCE ? ", once a sequence"
                       : buffer->in_place          ? ", overwritten in place"
                                                   : ", one frame");
    else
        text_printf(out, "%s%s%s", buffer->storage == STORE_SEQUENCE ? ", the whole sequence" : "",
                    frames_text(emitter, buffer->past, "behind"), frames_text(emitter, buffer->future, "before"));
    text_puts(out, " */\n");
    if (buffer->in_place && !emitter->schedule->whole_sequence)
        text_printf(out, "    rnn_real *%s_kept_; /* of streams that have ended */\n", emitter->buffers[id]);
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
    if (emitter->graph->trains)
        text_printf(out,
                    "    const int *left; /* of each stream: frames from the first of the block on */\n"
                    "    int done;        /* frames of the window before the block */\n"
                    "    const rnn_window *window;\n"
                    "    rnn_loss_sum *sums; /* of each loss */\n"
                    "    double *loss;\n"
                    "    rnn_real *scratch;\n"
                    "    %s *gradient;\n",
                    emitter->parameters_type);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        const struct node *node = emitter->graph->nodes[i];
        if (node->op == OP_input && buffer->storage == STORE_INPUT && emitter->buffers[i])
            text_printf(out, "    const %s *%s; /* the caller's, [%d] */\n",
                        input_type(&emitter->graph->inputs[node->input]), emitter->buffers[i], node_units(node));
        if (buffer->storage == STORE_LATE)
            text_printf(out, "    rnn_real *%s; /* [%ld], the gradient of a static value */\n", emitter->buffers[i],
                        shape_size(&node->shape));
        if (buffer_is_value(buffer))
            write_value_members(emitter, i);
    }
    text_puts(out, "};\n\n");
}

/* ---- layout ---- */

/* Columns of a buffer. */
static const char *buffer_columns(struct emitter *emitter, const struct buffer *buffer)
{
    bool sequence = buffer->storage == STORE_SEQUENCE;
    int outside = buffer->past + buffer->future;
    use_variables(emitter, buffer->storage == STORE_FRAME
                               ? VAR_columns
                               : (sequence ? VAR_whole : VAR_block) | (outside ? VAR_columns : 0));
    if (buffer->storage == STORE_FRAME)
        return buffer->group > 1 ? arena_printf(emitter->arena, "%d * columns", buffer->group) : "columns";
    const char *frames = sequence ? "whole" : "block";
    if (outside <= 1)
        return outside ? arena_printf(emitter->arena, "(%s + columns)", frames) : frames;
    return arena_printf(emitter->arena, "(%s + %d * columns)", frames, outside);
}

static void write_layout(struct emitter *emitter)
{
    struct text *out = emitter->out;
    text_puts(out, "/* Lays values out in memory (NULL: nowhere) and returns how many rnn_real they take. Columns: those of a "
                   "block of\n"
                   " * frames, of the whole sequence, and of one frame, which has one for each stream. */\n");
    open_function(emitter, VAR_values | VAR_memory | VAR_block | VAR_whole | VAR_columns);
    text_printf(out,
                "static size_t %s_place(struct %s_values *values, rnn_real *memory, size_t block, size_t whole, size_t "
                "columns)\n{\n"
                "    size_t next = 0;\n",
                emitter->prefix, emitter->prefix);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        if (!buffer_is_value(buffer))
            continue;
        int units = node_units(emitter->graph->nodes[i]);
        use_variables(emitter, VAR_values | VAR_memory);
        text_printf(out, "    values->%s = rnn_place(memory, next", emitter->buffers[i]);
        if (buffer->storage != STORE_FRAME && buffer->past)
            text_printf(out, " + %d * columns * RNN_PAD(%d)", buffer->past, units);
        text_printf(out, ");\n    next += %s * RNN_PAD(%d);\n", buffer_columns(emitter, buffer), units);
        if (!node_gathers(emitter->graph->nodes[i]))
            continue;
        use_variables(emitter, VAR_columns);
        text_printf(out, "    values->%s_so_far_ = rnn_place(memory, next);\n    next += columns * %s;\n",
                    emitter->buffers[i], gathered_numbers(emitter->arena, emitter->graph->nodes[i]));
    }
    write_unused_parameters(emitter);
    text_puts(out, "    return next + RNN_LANES; /* parts of columns may be read beyond the last */\n}\n\n");
}

/* Values of the whole sequence, seen from frame `done` on. */
static void write_at(struct emitter *emitter)
{
    text_puts(emitter->out, "/* Values of the whole sequence as a block sees them that begins at frame `done`. */\n");
    enum { PARAMETERS = VAR_values | VAR_whole | VAR_done | VAR_streams };
    open_function(emitter, PARAMETERS);
    text_printf(
        emitter->out,
        "static void %s_at(struct %s_values *values, const struct %s_values *whole, int done, int streams)\n{\n",
        emitter->prefix, emitter->prefix, emitter->prefix);
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (emitter->schedule->buffers[i].storage == STORE_SEQUENCE) {
            use_variables(emitter, PARAMETERS);
            text_printf(emitter->out, "    values->%s = whole->%s + (ptrdiff_t)done * streams * RNN_PAD(%d);\n",
                        emitter->buffers[i], emitter->buffers[i], node_units(emitter->graph->nodes[i]));
        }
    close_function(emitter);
}

/* ---- pasts ---- */

/* The address that rnn/past.h wants: behind the past. */
static const char *past_end(struct emitter *emitter, const char *values, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    if (!buffer->in_place)
        return arena_printf(emitter->arena, "%s->%s", values, emitter->buffers[id]);
    return arena_printf(emitter->arena, "%s->%s + (ptrdiff_t)streams * RNN_PAD(%d)", values, emitter->buffers[id],
                        node_units(emitter->graph->nodes[id]));
}

static int node_pass(const struct emitter *emitter, int id)
{
    int region = emitter->schedule->region_of[id];
    return region < 0 ? 0 : emitter->schedule->regions[region].pass;
}

/* The pass in which its initial value is there, from its own on. */
static int start_pass(const struct emitter *emitter, int id)
{
    int own = node_pass(emitter, id), init = emitter->schedule->buffers[id].init;
    if (init == NO_NODE || emitter->graph->nodes[init]->time != TIME_SEQUENCE)
        return own;
    int pass = emitter->schedule->passes.of[init] + node_gathers_frames(emitter->graph, emitter->graph->nodes[init]);
    return pass > own ? pass : own;
}

static void write_start(struct emitter *emitter, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    const struct node *node = emitter->graph->nodes[id];
    int units = node_units(node);
    if (node_gathers(node)) {
        use_variables(emitter, VAR_past | VAR_stream);
        text_printf(emitter->out, "    rnn_gather_start(past->%s_so_far_, %s, %d, stream);\n", emitter->buffers[id],
                    gathered_numbers(emitter->arena, node), node->op == OP_max_over_time);
    }
    if (!buffer_is_value(buffer))
        return;
    if (buffer->past || buffer->future || buffer->in_place)
        use_variables(emitter, VAR_past | VAR_streams | VAR_stream);
    if (buffer->past || buffer->in_place)
        text_printf(emitter->out, "    rnn_start_past(%s, %d, RNN_PAD(%d), %d, %s, streams, stream);\n",
                    past_end(emitter, "past", id), buffer->in_place ? 1 : buffer->past, units, units,
                    initial_value(emitter, id));
    if (!buffer->future || buffer->in_place)
        return;
    bool given = node->op == OP_input || !ends_with_block(emitter->schedule, id);
    use_variables(emitter, given ? VAR_whole | VAR_length : VAR_whole);
    text_printf(emitter->out, "    rnn_start_future(past->%s, %s%d, RNN_PAD(%d), %d, %s, %s, streams, stream);\n",
                emitter->buffers[id], given ? "whole - length + " : "", buffer->future, units, units,
                initial_value(emitter, id), given ? "length" : "whole");
}

/* Numbers that values are before their first frame, or behind their last. */
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

static void write_starts(struct emitter *emitter)
{
    bool to_ends = emitter->schedule->whole_sequence || emitter->graph->trains;
    for (int pass = 0; pass < emitter->schedule->passes.count; pass++) {
        text_puts(emitter->out,
                  "/* What a stream that begins reads out of range, and what it has gathered: nothing. */\n");
        open_function(emitter, VAR_packed | VAR_past | VAR_values | VAR_streams | VAR_stream |
                                   (to_ends ? VAR_whole | VAR_length : 0));
        text_printf(emitter->out,
                    "static void %s_start_%d(const struct %s_packed *packed, const struct %s_values *past,\n"
                    "    const struct %s_values *values, %sint streams, int stream)\n{\n",
                    emitter->prefix, pass, emitter->prefix, emitter->prefix, emitter->prefix,
                    to_ends ? "int whole, int length, " : "");
        for (int i = 0; i < emitter->graph->node_count; i++)
            if (time_has_streams(emitter->graph->nodes[i]->time) && start_pass(emitter, i) == pass)
                write_start(emitter, i);
        close_function(emitter);
    }
}

/* The past of every stream, from one layout to another. */
static void write_take(struct emitter *emitter)
{
    text_puts(emitter->out, "/* The past of every stream, to where its frames will follow, or back. */\n");
    enum { PARAMETERS = VAR_to | VAR_from | VAR_streams };
    open_function(emitter, PARAMETERS);
    text_printf(emitter->out,
                "static void %s_take(const struct %s_values *to, const struct %s_values *from, int streams)\n{\n",
                emitter->prefix, emitter->prefix, emitter->prefix);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        if (!buffer_is_value(buffer) || !buffer->past)
            continue;
        use_variables(emitter, PARAMETERS);
        text_printf(emitter->out, "    rnn_copy_past(%s, %s, %d, RNN_PAD(%d), streams);\n", past_end(emitter, "to", i),
                    past_end(emitter, "from", i), buffer->past, node_units(emitter->graph->nodes[i]));
    }
    close_function(emitter);
}

static void write_carry(struct emitter *emitter)
{
    text_puts(emitter->out, "/* After a block: its last frames become the past of the next. */\n");
    enum { PARAMETERS = VAR_values | VAR_frames | VAR_streams };
    open_function(emitter, PARAMETERS);
    text_printf(emitter->out, "static void %s_carry(const struct %s_values *values, int frames, int streams)\n{\n",
                emitter->prefix, emitter->prefix);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        if (buffer->storage != STORE_BLOCK || !buffer->past)
            continue;
        use_variables(emitter, PARAMETERS);
        text_printf(emitter->out, "    rnn_carry_past(values->%s, %d, RNN_PAD(%d), frames, streams);\n",
                    emitter->buffers[i], buffer->past, node_units(emitter->graph->nodes[i]));
    }
    close_function(emitter);
}

static void write_keep(struct emitter *emitter)
{
    text_puts(emitter->out, "/* A stream that ends within the block, `end` frames into it, keeps its past. */\n");
    enum { PARAMETERS = VAR_to | VAR_from | VAR_end | VAR_streams | VAR_stream };
    open_function(emitter, PARAMETERS);
    text_printf(emitter->out,
                "static void %s_keep(const struct %s_values *to, const struct %s_values *from, int end, int streams,\n"
                "    int stream)\n{\n",
                emitter->prefix, emitter->prefix, emitter->prefix);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct buffer *buffer = &emitter->schedule->buffers[i];
        if ((buffer->storage != STORE_BLOCK && buffer->storage != STORE_SEQUENCE) || !buffer->past)
            continue;
        use_variables(emitter, PARAMETERS);
        text_printf(emitter->out, "    rnn_keep_past(to->%s, from->%s, %d, RNN_PAD(%d), end, streams, stream);\n",
                    emitter->buffers[i], emitter->buffers[i], buffer->past, node_units(emitter->graph->nodes[i]));
    }
    close_function(emitter);
}

/* What a loss makes of all its frames at once. */
static void write_finished_loss(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    const char *name = emitter->buffers[id];
    if (node->op == OP_seed && node->time == TIME_FRAME)
        text_printf(emitter->out,
                    "    *values->loss += rnn_seed_finish(&values->sums[%d], values->%s, values->window->frames, streams);\n",
                    node->loss, name);
    if ((node->op == OP_seed && node->time == TIME_FRAME) || node->op == OP_ctc || node->op == OP_ctc_slope)
        use_variables(emitter, VAR_values | VAR_streams);
    if (node->op != OP_ctc && node->op != OP_ctc_slope)
        return;
    const char *labels = emitter->buffers[node->edges[1].node], *logits = emitter->buffers[node->edges[0].node];
    int n = node->edges[0].length;
    text_printf(emitter->out,
                "    for (int stream = 0; stream < streams; stream++)\n"
                "        %srnn_ctc(values->%s + (ptrdiff_t)stream * RNN_PAD(%d), (ptrdiff_t)streams * RNN_PAD(%d),\n"
                "            values->left[stream], %d, values->%s->ids + (ptrdiff_t)stream * values->%s->most,\n"
                "            values->%s->counts[stream], ",
                node->op == OP_ctc ? arena_printf(emitter->arena, "values->%s[(ptrdiff_t)stream * RNN_PAD(1)] = ", name)
                                   : "(void)",
                logits, n, n, n, labels, labels, labels);
    if (node->op == OP_ctc)
        text_puts(emitter->out, "NULL, 0, 1, values->scratch);\n");
    else
        text_printf(emitter->out,
                    "values->%s + (ptrdiff_t)stream * RNN_PAD(%d),\n"
                    "            (ptrdiff_t)streams * RNN_PAD(%d), 1, values->scratch);\n",
                    name, n, n);
}

static void write_finished_gathering(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    use_variables(emitter, VAR_values | VAR_streams);
    text_printf(emitter->out, "    rnn_gather_finish%s(values->%s, values->%s_so_far_, RNN_PAD(%d), ",
                node_adds_over_time(node) ? "_sum" : "", emitter->buffers[id], emitter->buffers[id], node_units(node));
    if (node_adds_over_time(node))
        text_printf(emitter->out, "%d, ", node->op == OP_mean_over_time);
    text_puts(emitter->out, "streams, values->ages);\n");
}

/* What a pass has gathered over time becomes a value. */
static void write_finish(struct emitter *emitter)
{
    for (int pass = 0; pass < emitter->schedule->passes.count; pass++) {
        text_printf(emitter->out, "/* What pass %d has gathered over time, as values of the sequences. */\n", pass);
        open_function(emitter, VAR_values | VAR_streams);
        text_printf(emitter->out, "static void %s_finish_%d(const struct %s_values *values, int streams)\n{\n",
                    emitter->prefix, pass, emitter->prefix);
        for (int i = 0; i < emitter->graph->node_count; i++) {
            const struct node *node = emitter->graph->nodes[i];
            if (emitter->graph->trains && node_pass(emitter, i) == pass)
                write_finished_loss(emitter, i);
            if (node_gathers(node) && node_pass(emitter, i) == pass)
                write_finished_gathering(emitter, i);
        }
        close_function(emitter);
    }
}

void emit_values(struct emitter *emitter)
{
    write_members(emitter);
    write_layout(emitter);
    write_first_numbers(emitter);
    write_starts(emitter);
    write_finish(emitter);
    if (emitter->schedule->whole_sequence) {
        write_at(emitter);
        if (emitter->graph->carries)
            write_keep(emitter);
        return;
    }
    write_take(emitter);
    write_carry(emitter);
    write_keep(emitter);
}
