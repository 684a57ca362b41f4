/* Kernels that gather values over the frames of each block. */
#include "emit/kernel.h"

/* Returns the columns of all frames of the block as arguments: their address, and the distance between them. */
static const char *columns_place(struct writing *writing, const struct edge *edge)
{
    struct emitter *emitter = writing->emitter;
    struct access access = access_of_edge(emitter->schedule, writing->region, edge);
    return arena_printf(emitter->arena, "%s, %s", access_address(emitter, &access, NULL),
                        access_stride(emitter, &access));
}

/* Returns them with their units behind. */
static const char *columns_text(struct writing *writing, const struct edge *edge)
{
    return arena_printf(writing->emitter->arena, "%s, %s", columns_place(writing, edge),
                        node_size(writing->emitter, edge->node, edge->length));
}

/* Returns the condition under which a product over frames begins its sum, in the first block of its pass. */
static const char *fresh_text(struct writing *writing, int id)
{
    if (!product_begins_gradient(writing->emitter->schedule, id))
        return "0";
    return pass_is_backward(writing->region->pass) ? "values->done + frames == values->window->frames"
                                                   : "values->done == 0";
}

/* Writes a sum over frames and streams, see rnn/total.h and rnn/outer.h. */
static void write_sum_over_all(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    const struct node *node = emitter->graph->nodes[id];
    struct access to = access_of_node(emitter->schedule, writing->region, id);
    const char *base = access_address(emitter, &to, "0"), *value = columns_text(writing, &node->edges[node->count - 1]);
    const bool two_sides = node->op == OP_outer || node->op == OP_total_normalized;
    const char *left = two_sides ? columns_text(writing, &node->edges[0]) : NULL;
    const char *share = region_is_shared(writing->region) ? "share" : "&rnn_alone";
    long first = node->shape.rank ? to.view.stride[0] : 1;
    if (region_is_shared(writing->region))
        use_variables(emitter, VAR_share);
    if (node->op == OP_total)
        text_printf(emitter->out, "    rnn_total(%s, %ld, %s, frames, streams, values->left, %s);\n", base, first,
                    value, share);
    else if (node->op == OP_total_normalized) /* both sides have as many units, which are given once */
        text_printf(emitter->out, "    rnn_total_normalized(%s, %ld, %s, %s, frames, streams, values->left, %s);\n",
                    base, first, left, columns_place(writing, &node->edges[1]), share);
    else if (node->op == OP_rows)
        text_printf(emitter->out, "    rnn_rows(%s, %ld, %ld, values->%s, %s, frames, streams, values->left, %s);\n",
                    base, first, to.view.stride[1], emitter->buffers[node->edges[0].node], value, share);
    else
        text_printf(emitter->out,
                    "    rnn_outer(%s, %ld, %ld, %s, %s, frames, streams, values->left, %s, values->scratch, %s);\n",
                    base, first, to.view.stride[1], left, value, fresh_text(writing, id), share);
}

/* Writes a seed: the frames and streams that count, and the sum of their losses. */
static void write_seed(struct emitter *emitter, int id)
{
    const struct node *node = emitter->graph->nodes[id];
    const char *seed = emitter->buffers[id], *counts = "NULL";
    const char *from = node->time == TIME_FRAME ? "values->done, values->window->loss_from" : "0, 0";
    if (emitter->graph->of_outputs) {
        text_printf(emitter->out, "    rnn_mark_counted(values->%s, %s, frames, streams, values->left);\n", seed, from);
        return;
    }
    if (emitter->graph->nodes[node->edges[1].node]->op != OP_number)
        counts = arena_printf(emitter->arena, "values->%s", emitter->buffers[node->edges[1].node]);
    text_printf(emitter->out,
                "    rnn_seed_add(&values->sums[%d], values->%s, values->%s, %s, %s, frames, streams, values->left);\n",
                node->loss, seed, emitter->buffers[node->edges[0].node], counts, from);
}

/* Writes a seed, a sum or another value gathered from the frames of a block that are the stream's own. */
void write_over_time_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    use_variables(emitter, VAR_values | VAR_frames | VAR_streams);
    if (node->op == OP_seed)
        write_seed(emitter, id);
    else if (op_info(node->op)->time == FOR_CALL)
        write_sum_over_all(writing, id);
    else if (node->op == OP_outside)
        text_printf(
            emitter->out,
            "    rnn_gather_outside(values->%s_so_far_, values->%s, RNN_PAD(%s), frames, streams, values->ages, "
            "values->left, values->done, %d, %d);\n",
            emitter->buffers[id], emitter->buffers[node->edges[0].node], value_size(emitter, id), node->delay,
            emitter->graph->of_pasts);
    else {
        use_variables(emitter, VAR_ends);
        text_printf(emitter->out,
                    "    rnn_gather_%s(values->%s_so_far_, values->%s, RNN_PAD(%s), frames, streams, ends%s);\n",
                    op_info(node->op)->emit, emitter->buffers[id], emitter->buffers[node->edges[0].node],
                    value_size(emitter, id), node->op == OP_first ? ", values->ages" : "");
    }
}
