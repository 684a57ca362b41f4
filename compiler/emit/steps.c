/* Steps of a region beside its kernels: initial values when a stream begins, the past, and values gathered from all
 * frames. One function for each, so that a region has all its steps together. Its parameters are those that it uses. */
#include "emit/calls.h"

/* ---- calls ---- */

/* Returns the kind of the function that does a step: taking the past is keeping it, the other way round. */
static enum step_kind function_kind(const struct step *step)
{
    return step->kind == STEP_TAKE ? STEP_KEEP : step->kind;
}

/* True for a step that carries values which a call of many frames need not carry. */
static bool step_carries_by_frame(const struct emitter *emitter, const struct step *step)
{
    return step->kind == STEP_CARRY && emitter->schedule->buffers[step->values[0]].storage == STORE_SEQUENCE;
}

/* True if one function does two steps, of one plan or of two: it is about the same values. */
static bool steps_share_function(const struct step *a, const struct step *b)
{
    bool share = function_kind(a) == function_kind(b) && a->value_count == b->value_count;
    for (int i = 0; i < a->value_count && share; i++)
        share = a->values[i] == b->values[i];
    return share;
}

/* True if given values that a step is about are those of one section, and others have some too. */
static bool is_of_one_section(const struct emitter *emitter, const struct step *step)
{
    bool others = false;
    if (step->region != NO_REGION || step->section == NO_SECTION)
        return false;
    for (int p = 0; p < emitter->schedule->plan_count; p++) {
        const struct plan *plan = &emitter->schedule->plans[p];
        for (int i = 0; i < plan->step_count; i++)
            others |= plan->steps[i].region == NO_REGION && plan->steps[i].kind == step->kind &&
                      plan->steps[i].section != NO_SECTION && !steps_share_function(&plan->steps[i], step);
    }
    return others;
}

/* Returns the name of a step's function: "lm_h1_scan_keep". */
static const char *function_name(const struct emitter *emitter, const struct step *step)
{
    const struct region *region = step->region == NO_REGION ? NULL : &emitter->schedule->regions[step->region];
    bool later = step->kind == STEP_START && step->pass != (region ? region->pass : 0);
    struct arena *arena = emitter->arena;
    return arena_printf(arena, "%s_%s_%s%s", emitter->prefix, region ? region->name : "inputs",
                        step_kind_name(function_kind(step)),
                        later                                  ? arena_printf(arena, "_%d", step->pass)
                        : is_of_one_section(emitter, step)     ? arena_printf(arena, "_of_%d", step->section)
                        : step_carries_by_frame(emitter, step) ? "_by_frame"
                                                               : "");
}

/* Returns the function that does a step; NULL: none has been written. */
static const struct step_function *function_of(const struct emitter *emitter, const struct step *step)
{
    for (int i = 0; i < emitter->step_function_count; i++)
        if (steps_share_function(emitter->step_functions[i].step, step))
            return &emitter->step_functions[i];
    return NULL;
}

void write_step_call(struct emitter *emitter, const struct step *step, const char *frames)
{
    const struct step_function *function = function_of(emitter, step);
    bool takes = step->kind == STEP_TAKE;
    const char *separator = "";
    text_printf(emitter->out, "%s(", function_name(emitter, function->step));
    for (int v = 0; v < VARIABLE_COUNT; v++) {
        if (!(function->uses >> v & 1))
            continue;
        const char *argument = variable_name((enum variable_number)v);
        if (v == NUMBER_values)
            argument = "&values";
        else if (v == NUMBER_to)
            argument = takes ? "&values" : "&past";
        else if (v == NUMBER_from)
            argument = takes ? "&past" : "&values";
        else if (v == NUMBER_length)
            argument = "rnn_length(&call, stream)";
        else if (v == NUMBER_end && takes)
            argument = "0";
        else if (v == NUMBER_frames && step->kind == STEP_CARRY)
            argument = frames;
        text_printf(emitter->out, "%s%s", separator, argument);
        separator = ", ";
    }
    text_puts(emitter->out, ");\n");
}

/* ---- start ---- */

/* Returns the address that rnn/past.h takes: behind the past. */
static const char *past_end(struct emitter *emitter, const char *values, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    if (!buffer->in_place)
        return arena_printf(emitter->arena, "%s->%s", values, emitter->buffers[id]);
    return arena_printf(emitter->arena, "%s->%s + (ptrdiff_t)streams * RNN_PAD(%s)", values, emitter->buffers[id],
                        value_size(emitter, id));
}

/* Writes a call that copies the upper groups of a ring to the lower ones; nothing for a value that is no ring. */
static void write_mirror(struct emitter *emitter, const char *values, int id, const char *streams)
{
    const char *name = emitter->buffers[id];
    if (past_is_ring(emitter->schedule, id))
        text_printf(emitter->out, "    rnn_mirror_past(%s%s, %s%s_ring_, %d, RNN_PAD(%s), %s);\n", values, name, values,
                    name, emitter->schedule->buffers[id].past, value_size(emitter, id), streams);
}

static void write_start(struct emitter *emitter, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    const struct node *node = emitter->graph->nodes[id];
    const char *units = value_size(emitter, id);
    use_variables(emitter, VAR_values | VAR_stream);
    if (node_gathers(node))
        text_printf(emitter->out, "    rnn_gather_start(values->%s_so_far_, %s, %d, stream);\n", emitter->buffers[id],
                    gathered_numbers(emitter, id), node->op == OP_max_over_time);
    if (!buffer_is_value(buffer) || !(buffer->past || buffer->future))
        return;
    use_variables(emitter, VAR_streams);
    if (buffer->past || buffer->in_place)
        text_printf(emitter->out, "    rnn_start_past(%s, %d, RNN_PAD(%s), %s, %s, streams, stream);\n",
                    past_end(emitter, "values", id), buffer->in_place ? 1 : buffer->past, units, units,
                    initial_value(emitter, id));
    write_mirror(emitter, "values->", id, "streams, stream, 1");
    if (!buffer->future || buffer->in_place)
        return;
    bool at_end = node->op == OP_input || !ends_with_block(emitter->schedule, id); /* of the stream itself */
    use_variables(emitter, VAR_frames | (at_end ? VAR_length : 0));
    text_printf(emitter->out, "    rnn_start_future(values->%s, %s%d, RNN_PAD(%s), %s, %s, %s, streams, stream);\n",
                emitter->buffers[id], at_end ? "frames - length + " : "", buffer->future, units, units,
                initial_value(emitter, id), at_end ? "length" : "frames");
}

/* ---- past ---- */

/* Keeps the past of a value. A scan that overwrites it in place has kept it for streams that end within the block. */
static void write_keep(struct emitter *emitter, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    const struct node *node = emitter->graph->nodes[id];
    const char *name = emitter->buffers[id];
    const char *units = value_size(emitter, id);
    use_variables(emitter, VAR_to | VAR_from | VAR_stream);
    if (node_gathers(node))
        text_printf(emitter->out, "    rnn_gather_keep(to->%s_so_far_, from->%s_so_far_, %s, stream);\n", name, name,
                    gathered_numbers(emitter, id));
    if (!buffer->past)
        return;
    use_variables(emitter, buffer->in_place ? VAR_streams : VAR_streams | VAR_end);
    if (value_is_kept_by_scan(emitter->schedule, id))
        text_puts(emitter->out, "    if (!from->kept)\n    ");
    text_printf(emitter->out, "    rnn_keep_past(%s, %s, %d, RNN_PAD(%s), %s, streams, stream);\n",
                past_end(emitter, "to", id), past_end(emitter, "from", id), buffer->past, units,
                buffer->in_place ? "0" : "end");
    write_mirror(emitter, "to->", id, "streams, stream, 1");
}

/* Writes a call that copies the past of streams between states. */
static void write_copy_of_past(struct emitter *emitter, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    const char *name = emitter->buffers[id], *units = value_size(emitter, id);
    const char *behind = buffer->in_place ? arena_printf(emitter->arena, " * RNN_PAD(%s)", units) : NULL;
    text_printf(emitter->out, "    rnn_copy_past(new_values.%s%s%s, to_streams, to_first, old_values.%s%s%s, streams,",
                name, behind ? " + (ptrdiff_t)to_streams" : "", behind ? behind : "", name,
                behind ? " + (ptrdiff_t)streams" : "", behind ? behind : "");
    text_printf(emitter->out, " from_first, count, %d, RNN_PAD(%s));\n", buffer->past, units);
    write_mirror(emitter, "new_values.", id, "to_streams, to_first, count");
}

/* Writes a call that copies the numbers that streams have gathered. */
static void write_copy_of_gathered(struct emitter *emitter, int id)
{
    const char *name = emitter->buffers[id], *numbers = gathered_numbers(emitter, id);
    text_printf(emitter->out,
                "    rnn_gather_copy(new_values.%s_so_far_, to_first, old_values.%s_so_far_, from_first, count, %s);\n",
                name, name, numbers);
}

/* Writes the copying of streams, once `status` says that their ages have been copied. */
static void write_copies(struct emitter *emitter, bool carries)
{
    const struct buffer *buffers = emitter->schedule->buffers;
    const bool trains = emitter->graph->trains;
    bool any = false;
    for (int i = 0; i < emitter->graph->node_count && carries; i++)
        any |= (buffer_is_value(&buffers[i]) && buffers[i].past) || (!trains && node_gathers(emitter->graph->nodes[i]));
    if (any) {
        write_pattern(emitter, "    if (status != RNN_OK)\n        return status;\n"
                               "    const int to_streams = rnn_streams(to), streams = rnn_streams(from);\n"
                               "    struct $_values new_values, old_values;\n"
                               "    $_place_state(&new_values, ($_state *)to, to_streams);\n"
                               "    $_place_state(&old_values, ($_state *)from, streams);\n");
        for (int i = 0; i < emitter->graph->node_count; i++) {
            if (!trains && node_gathers(emitter->graph->nodes[i]))
                write_copy_of_gathered(emitter, i);
            if (buffer_is_value(&buffers[i]) && buffers[i].past)
                write_copy_of_past(emitter, i);
        }
    }
    text_puts(emitter->out, "    return status;\n}\n\n");
}

void write_copy_of_streams(struct emitter *emitter)
{
    write_pattern(
        emitter,
        "static rnn_status $_copy_streams(void *to, int to_first, const void *from, int from_first, int count)\n{\n"
        "    const rnn_status status = rnn_copy_ages(to, to_first, from, from_first, count);\n");
    write_copies(emitter, emitter->graph->carries);
}

void write_state_copy(struct emitter *emitter)
{
    text_puts(emitter->out, emitter->internal ? "static " : "");
    write_pattern(emitter, "rnn_status $_state_copy(const $_packed *packed, $_state *to, int to_first,\n"
                           "    const $_state *from, int from_first, int count)\n{\n"
                           "    const rnn_status status = packed && rnn_is_aligned(packed)\n"
                           "        ? rnn_copy_ages(to, to_first, from, from_first, count) : RNN_ERROR_ARGUMENT;\n");
    write_copies(emitter, plan_of_call(emitter->schedule, CALL_RUN)->carries);
}

static void write_carry(struct emitter *emitter, int id)
{
    use_variables(emitter, VAR_values | VAR_frames | VAR_streams);
    const char *name = emitter->buffers[id];
    const bool ring = past_is_ring(emitter->schedule, id);
    text_printf(emitter->out, "    rnn_carry_%s(values->%s, ", ring ? "ring" : "past", name);
    if (ring)
        text_printf(emitter->out, "values->%s_ring_, ", name);
    text_printf(emitter->out, "%d, RNN_PAD(%s), frames, streams);\n", emitter->schedule->buffers[id].past,
                value_size(emitter, id));
}

/* ---- finish ---- */

/* Writes the end of a loss, computed from all its frames. */
static void write_finished_loss(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    const char *name = emitter->buffers[id];
    use_variables(emitter, VAR_values | VAR_streams);
    const char *labels = emitter->buffers[node->edges[1].node], *logits = emitter->buffers[node->edges[0].node];
    const char *n = node_size(emitter, node->edges[0].node, node->edges[0].length);
    text_printf(emitter->out,
                "    for (int stream = 0; stream < streams; stream++)\n"
                "        %srnn_ctc(values->%s + (ptrdiff_t)stream * RNN_PAD(%s), (ptrdiff_t)streams * RNN_PAD(%s),\n"
                "            values->left[stream], %s, values->%s->ids + (ptrdiff_t)stream * values->%s->most,\n"
                "            values->%s->counts[stream], ",
                node->op == OP_ctc ? arena_printf(emitter->arena, "values->%s[(ptrdiff_t)stream * RNN_PAD(1)] = ", name)
                                   : "(void)",
                logits, n, n, n, labels, labels, labels);
    if (node->op == OP_ctc)
        text_puts(emitter->out, "NULL, 0, 1, values->scratch);\n");
    else
        text_printf(emitter->out,
                    "values->%s + (ptrdiff_t)stream * RNN_PAD(%s),\n"
                    "            (ptrdiff_t)streams * RNN_PAD(%s), 1, values->scratch);\n",
                    name, n, n);
}

static void write_finished_gathering(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    use_variables(emitter, VAR_values | VAR_streams);
    text_printf(emitter->out, "    rnn_gather_finish%s(values->%s, values->%s_so_far_, RNN_PAD(%s), ",
                op_info(node->op)->adds ? "_sum" : "", emitter->buffers[id], emitter->buffers[id],
                value_size(emitter, id));
    if (op_info(node->op)->adds)
        text_printf(emitter->out, "%d, ", node->op == OP_mean_over_time);
    text_puts(emitter->out, "streams, values->ages);\n");
}

/* ---- all of them ---- */

static void write_value(struct emitter *emitter, enum step_kind kind, int id)
{
    if (kind == STEP_START)
        write_start(emitter, id);
    else if (kind == STEP_KEEP)
        write_keep(emitter, id);
    else if (kind == STEP_CARRY)
        write_carry(emitter, id);
    else if (node_gathers(emitter->graph->nodes[id]))
        write_finished_gathering(emitter, id);
    else
        write_finished_loss(emitter, id);
}

/* Returns the comment of a step's function; NULL: it has none. */
static const char *step_comment(enum step_kind kind)
{
    switch (kind) {
    case STEP_START:
        return "A stream begins: what is read before its first frame, or behind its last.";
    case STEP_KEEP:
        return "The past of a stream, as it is before frame `end`, from one place to another.";
    case STEP_CARRY:
        return "The last frames of a block become the past of the next.";
    case STEP_FINISH:
        return "What has been gathered from all frames becomes a value.";
    case STEP_PACK:
    case STEP_INPUTS:
    case STEP_TAKE:
    case STEP_REGION:
    case STEP_OUTPUTS:
    case STEP_AGE:
    case STEP_LOSS:
    case STEP_CLEAR:
    case STEP_TELL:
        break;
    }
    return NULL;
}

/* Writes the function of a step, if it has one of its own and none has been written for another that shares it. */
static void write_step_function(struct emitter *emitter, const struct step *step)
{
    const enum step_kind kind = function_kind(step);
    const char *comment = step_comment(kind);
    bool seldom = kind == STEP_START || kind == STEP_KEEP;
    if (!comment || function_of(emitter, step))
        return;
    text_printf(emitter->out, "/* %s */\n", comment);
    open_kernel(emitter);
    for (int k = 0; k < step->value_count; k++)
        write_value(emitter, kind, step->values[k]);
    unsigned uses = close_kernel(emitter, seldom ? "RNN_SELDOM void" : "static void", function_name(emitter, step));
    emitter->step_functions[emitter->step_function_count++] = (struct step_function){step, uses};
}

/* The plan of many frames has nearly all steps of the others. */
void write_step_functions(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    int count = 0;
    for (int p = 0; p < schedule->plan_count; p++)
        count += schedule->plans[p].step_count;
    emitter->step_functions = ARENA_ARRAY(emitter->arena, struct step_function, count + 1);
    for (int p = schedule->plan_count - 1; p >= 0; p--)
        for (int i = 0; i < schedule->plans[p].step_count; i++)
            write_step_function(emitter, &schedule->plans[p].steps[i]);
}
