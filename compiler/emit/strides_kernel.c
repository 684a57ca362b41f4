/* Kernels of static values that are not loops over units: they read, and write gradients, by strides (rnn/matrix.h). */
#include "emit/kernel.h"

/* Returns the distances between rows, and between the columns of a row: "64, 1". */
static const char *steps(const struct emitter *emitter, const struct view *view, int row, int column)
{
    return arena_printf(emitter->arena, "%ld, %ld", row < 0 ? 0 : view->stride[row],
                        column < 0 ? 0 : view->stride[column]);
}

/* Returns the address of an operand; a number gets a variable of its own. */
static const char *operand_address(struct writing *writing, const struct edge *edge, const struct access *access)
{
    struct emitter *emitter = writing->emitter;
    const struct node *source = emitter->graph->nodes[edge->node];
    if (source->op != OP_number)
        return access_address(emitter, access, writing->column);
    text_printf(emitter->out, "    const rnn_real number = %s;\n", emit_number(emitter->arena, source->number));
    return "&number";
}

/* Writes A @ B; and A @ x as the row x^T @ A^T, so that lanes are units of the result. */
void write_matrix_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    struct access a = access_of_edge(emitter->schedule, writing->region, &node->edges[0]),
                  b = access_of_edge(emitter->schedule, writing->region, &node->edges[1]);
    const char *from_a = operand_address(writing, &node->edges[0], &a),
               *from_b = operand_address(writing, &node->edges[1], &b), *to = node_address(emitter, id, "0");
    int n = a.shape.dim[0], depth = a.shape.dim[1];
    if (node->op == OP_matmul)
        text_printf(emitter->out, "    rnn_matrix_product(%s, %s, %s, %s, %s, %d, %d, %d);\n", to, from_a,
                    steps(emitter, &a.view, 0, 1), from_b, steps(emitter, &b.view, 0, 1), n, depth, b.shape.dim[1]);
    else
        text_printf(emitter->out, "    rnn_matrix_product(%s, %s, %s, %s, %s, 1, %d, %d);\n", to, from_b,
                    steps(emitter, &b.view, -1, b.shape.rank ? 0 : -1), from_a, steps(emitter, &a.view, 1, 0), depth,
                    n);
}

/* Returns three numbers; `rest` in dimensions beyond the rank. */
static const char *triple(const struct emitter *emitter, const long numbers[], int rank, long rest)
{
    long all[SHAPE_MAX_RANK];
    for (int i = 0; i < SHAPE_MAX_RANK; i++)
        all[i] = i < rank ? numbers[i] : rest;
    return arena_printf(emitter->arena, "{%ld, %ld, %ld}", all[0], all[1], all[2]);
}

void emit_strided(struct emitter *emitter, const char *function, const struct shape *shape, const struct access *to,
                  const struct access *from, const char *from_address)
{
    long extents[SHAPE_MAX_RANK];
    for (int i = 0; i < shape->rank; i++)
        extents[i] = shape->dim[i];
    text_printf(emitter->out, "    {\n        const rnn_strides strides = {%s, %s, %s};\n",
                triple(emitter, extents, shape->rank, 1), triple(emitter, to->view.stride, shape->rank, 0),
                triple(emitter, from->view.stride, shape_size(&from->shape) == 1 ? 0 : shape->rank, 0));
    text_printf(emitter->out, "        %s(%s, %s, &strides);\n    }\n", function, access_address(emitter, to, "0"),
                from_address);
}

/* Writes a parameter, or rows of one, as a table of its storage. */
static void write_table(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    const struct node *node = emitter->graph->nodes[id];
    const int source = node->edges[0].node;
    struct access from = access_of_edge(emitter->schedule, writing->region, &node->edges[0]);
    const struct graph_parameter *parameter = &emitter->graph->parameters[from.member];
    const char *to = node_address(emitter, id, "0"), *address = access_address(emitter, &from, "0");
    const char *storage = storage_text((enum precision)node->storage);
    if (access_is_contiguous(&from))
        text_printf(emitter->out, "    rnn_stored_pack_table(%s, %s, %s, %d, %d);\n", to, storage, address,
                    node->shape.dim[0], node->shape.dim[1]);
    else
        text_printf(emitter->out, "    rnn_stored_pack_rows(%s, %s, %s, %ld, %d, %d, %d, %d);\n", to, storage, address,
                    from.view.stride[0], node->shape.dim[0], node->shape.dim[1],
                    node_rows_begin(emitter->graph, source), parameter->shape.dim[parameter->shape.rank - 1]);
}

/* Writes a parameter in the numbers of its storage. */
static void write_rounding(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    const struct node *node = emitter->graph->nodes[id];
    if (value_is_stored_table(emitter->schedule, id)) {
        write_table(writing, id);
        return;
    }
    struct access from = access_of_edge(emitter->schedule, writing->region, &node->edges[0]);
    int columns = node->shape.rank ? node->shape.dim[node->shape.rank - 1] : 1;
    text_printf(emitter->out, "    rnn_round_rows(%s, %s, %s, %d, %d);\n", node_address(emitter, id, "0"),
                access_address(emitter, &from, "0"), storage_text((enum precision)node->storage),
                node_units(node) / columns, columns);
}

/* Writes kernels by strides: a part of a computed value as a value of its own; the gradient of a value from that of its
 * part; the gradient of a part of a parameter. */
void write_strides_kernel(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    int id = writing->kernel->nodes[0];
    const struct node *node = emitter->graph->nodes[id];
    struct access to = access_of_node(emitter->schedule, writing->region, id);
    if (node->op == OP_round) {
        write_rounding(writing, id);
        return;
    }
    if (node->op == OP_unview) {
        text_printf(emitter->out, "    memset(%s, 0, %s);\n", access_address(emitter, &to, writing->column),
                    size_in_bytes(emitter, value_size(emitter, id)));
        to.view = node->view;
    }
    for (int k = 0; k < node->count; k++) {
        if (sum_is_made_in_gradient(emitter->schedule, node->edges[k].node))
            continue;
        struct access from = node->op == OP_view ? access_of_source(emitter->schedule, id)
                                                 : access_of_edge(emitter->schedule, writing->region, &node->edges[k]);
        emit_strided(emitter, node->op == OP_view ? "rnn_copy_strided" : "rnn_add_strided",
                     node->op == OP_unview ? &from.shape : &node->shape, &to, &from,
                     operand_address(writing, &node->edges[k], &from));
    }
}
