/* Inputs and outputs of a call, between the caller's memory and that of kernels. */
#include <string.h>

#include "emit/calls.h"

/* ---- inputs ---- */

/* Returns the address of the block at hand in the caller's memory. */
static const char *at_block(const struct emitter *emitter, const char *argument, const char *units, bool one_frame)
{
    const char *each = strcmp(units, "1") == 0 ? "" : arena_printf(emitter->arena, " * %s", units);
    return one_frame ? argument : arena_printf(emitter->arena, "%s + call.column%s", argument, each);
}

/* Writes an input: an address if kernels read the caller's memory, a copy if they need padded columns. */
static void write_input(struct emitter *emitter, const struct step *step, int id, int indent, bool one_frame)
{
    const struct node *node = emitter->graph->nodes[id];
    const char *argument = emitter->arguments[node->input], *member = emitter->buffers[id];
    bool of_block = step->scope == SCOPE_BLOCK;
    const char *units = value_size(emitter, id);
    const char *from = of_block ? at_block(emitter, argument, units, one_frame) : argument;
    const char *columns = one_frame || node->time == TIME_SEQUENCE ? "streams"
                          : of_block                               ? "call.columns"
                                                                   : "(ptrdiff_t)call.whole";
    if (node_is_given_adjoint(emitter->graph, node))
        text_printf(emitter->out, "%*srnn_pad_or_clear(values.%s, %s, %s, %s);\n", indent, "", member,
                    of_block ? arena_printf(emitter->arena, "%s ? %s : NULL", argument, from) : from, units, columns);
    else if (emitter->schedule->buffers[id].storage == STORE_INPUT)
        text_printf(emitter->out, "%*svalues.%s = %s;\n", indent, "", member, from);
    else
        text_printf(emitter->out, "%*srnn_pad_columns(values.%s, %s, %s, %s);\n", indent, "", member, from, units,
                    columns);
}

/* Writes lengths, or marks of the ends of sequences, which a call gives. */
static void write_given(struct emitter *emitter, int id, int indent)
{
    enum op op = emitter->graph->nodes[id]->op;
    if (op == OP_length)
        text_printf(emitter->out, "%*srnn_mark_lengths(values.%s, streams, call.left);\n", indent, "",
                    emitter->buffers[id]);
    else
        text_printf(emitter->out, "%*srnn_mark_ends(values.%s, %d, frames, streams, call.left);\n", indent, "",
                    emitter->buffers[id], op == OP_at_last);
}

void write_inputs(struct emitter *emitter, const struct step *step, int indent, bool one_frame)
{
    for (int i = 0; i < step->value_count; i++)
        if (emitter->graph->nodes[step->values[i]]->op == OP_input)
            write_input(emitter, step, step->values[i], indent, one_frame);
        else
            write_given(emitter, step->values[i], indent);
}

/* Writes a cast to void of each input, from one on, that no step of a plan is about. */
static void write_unread(struct emitter *emitter, const struct plan *plan, int first)
{
    const struct graph *graph = emitter->graph;
    bool *read = ARENA_ARRAY(emitter->arena, bool, graph->input_count + 1);
    for (int i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];
        for (int v = 0; step->kind == STEP_INPUTS && v < step->value_count; v++)
            if (graph->nodes[step->values[v]]->op == OP_input)
                read[graph->nodes[step->values[v]]->input] = true;
    }
    for (int i = first; i < graph->input_count; i++)
        if (!read[i])
            text_printf(emitter->out, "    (void)%s;\n", emitter->arguments[i]);
}

void write_unread_inputs(struct emitter *emitter, const struct plan *plan)
{
    bool reads_packed = false;
    for (int i = 0; i < plan->step_count; i++)
        reads_packed |= plan->steps[i].kind == STEP_REGION;
    if (!reads_packed)
        text_puts(emitter->out, "    (void)packed;\n");
    write_unread(emitter, plan, 0);
}

void write_unread_adjoints(struct emitter *emitter, const struct plan *plan)
{
    write_unread(emitter, plan, emitter->graph->input_count - emitter->graph->target_count);
}

/* ---- outputs ---- */

static void write_copy(struct emitter *emitter, int id, const char *units, const char *to, int indent,
                       const char *columns)
{
    if (emitter->schedule->buffers[id].storage == STORE_INPUT)
        text_printf(emitter->out, "%*smemcpy(%s, values.%s, (size_t)%s * %s);\n", indent, "", to, emitter->buffers[id],
                    columns, size_in_bytes(emitter, units));
    else
        text_printf(emitter->out, "%*srnn_unpad_columns(%s, values.%s, %s, %s);\n", indent, "", to,
                    emitter->buffers[id], units, columns);
}

/* Writes an output if it is wanted. Frames behind the end of a stream are 0, and so are values of a sequence without
 * frames. */
static void write_output(struct emitter *emitter, const struct step *step, int index, int indent, bool one_frame)
{
    const struct graph_output *output = &emitter->graph->outputs[index];
    const char *name = emitter->arguments[emitter->graph->input_count + index];
    int id = output->edge.node;
    const char *units = node_size(emitter, id, shape_size(&output->shape));
    bool of_block = step->scope == SCOPE_BLOCK;
    const char *to = of_block ? at_block(emitter, name, units, one_frame) : name;
    text_printf(emitter->out, one_frame ? "%*sif (%s)\n" : "%*sif (%s) {\n", indent, "", name);
    indent += 4;
    if (output->time == TIME_SEQUENCE || one_frame) {
        write_copy(emitter, id, units, to, indent, "streams");
        if (!one_frame && (!emitter->graph->trains || output->forward))
            text_printf(emitter->out, "%*srnn_clear_empty(%s, %s, values.ages, streams);\n", indent, "", name, units);
    } else if (of_block) {
        write_copy(emitter, id, units, to, indent, "call.columns");
        text_printf(emitter->out, "%*srnn_clear_after_end(%s, %s, call.ends, call.count, streams);\n", indent, "", to,
                    units);
    } else {
        write_copy(emitter, id, units, to, indent, "(ptrdiff_t)call.whole");
        text_printf(emitter->out, "%*srnn_clear_after_end(%s, %s, lengths, frames, streams);\n", indent, "", to, units);
    }
    if (!one_frame)
        text_printf(emitter->out, "%*s}\n", indent - 4, "");
}

void write_outputs(struct emitter *emitter, const struct step *step, int indent, bool one_frame)
{
    for (int i = 0; i < step->value_count; i++)
        write_output(emitter, step, step->values[i], indent, one_frame);
}
