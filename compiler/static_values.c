#include "static_values.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/internal_error.h"
#include "graph/graph.h"
#include "oracle/oracle.h"

#define RNN_PLAIN_C
#include "rnn/stored_round.h"

/* A node while it is computed: the first units of what its edges read, and of the result. */
struct evaluation {
    const struct graph *graph;
    const struct node *node;
    const double *const *operands;
    double *result;
};

static void elementwise(const struct evaluation *at)
{
    const struct node *node = at->node;
    for (int i = 0; i < node_units(node); i++) {
        double units[3] = {0};
        for (int k = 0; k < node->count && k < 3; k++)
            units[k] = at->operands[k][node->edges[k].length == 1 ? 0 : i];
        at->result[i] = oracle_elementwise(node->op, units);
    }
}

/* ---- operations on columns ---- */

static double sum(const double *x, int n)
{
    double total = 0;
    for (int i = 0; i < n; i++)
        total += x[i];
    return total;
}

static double dot(const double *x, const double *y, int n)
{
    double total = 0;
    for (int i = 0; i < n; i++)
        total += x[i] * y[i];
    return total;
}

static double largest(const double *x, int n)
{
    double most = x[0];
    for (int i = 1; i < n; i++)
        most = x[i] > most || isnan(x[i]) ? x[i] : most;
    return most;
}

/* exp(x_i - m) / sum of exp(x_j - m), m the largest x_i; or its log */
static void softmax(const struct evaluation *at, bool logarithm)
{
    const double *x = at->operands[0];
    const int n = at->node->edges[0].length;
    const double most = largest(x, n);
    double total = 0;
    for (int i = 0; i < n; i++)
        total += exp(x[i] - most);
    for (int i = 0; i < n; i++)
        at->result[i] = logarithm ? x[i] - most - log(total) : exp(x[i] - most) / total;
}

/* (x_i - mean) / sqrt(variance + 1e-5) * gain + bias */
static void layernorm(const struct evaluation *at)
{
    const double *x = at->operands[0];
    const struct edge *edges = at->node->edges;
    const int n = edges[0].length;
    const double mean = sum(x, n) / n;
    double variance = 0;
    for (int i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean) / n;
    for (int i = 0; i < n; i++)
        at->result[i] = (x[i] - mean) / sqrt(variance + 1e-5) * at->operands[1][edges[1].length == 1 ? 0 : i] +
                        at->operands[2][edges[2].length == 1 ? 0 : i];
}

/* ---- products and moves ---- */

/* [n, m] from [n, depth] and [depth, m], or from [depth], of which m is 1 */
static void product(const struct evaluation *at)
{
    const struct shape *a = &at->graph->nodes[at->node->edges[0].node]->shape;
    const int n = a->dim[0], depth = a->dim[1], m = node_units(at->node) / n;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < depth; k++)
            for (int j = 0; j < m; j++)
                at->result[i * m + j] += at->operands[0][i * depth + k] * at->operands[1][k * m + j];
}

static void view(const struct evaluation *at)
{
    const struct view *from = &at->node->view;
    int extents[SHAPE_MAX_RANK], next = 0;
    for (int d = 0; d < SHAPE_MAX_RANK; d++)
        extents[d] = d < at->node->shape.rank ? at->node->shape.dim[d] : 1;
    for (int i = 0; i < extents[0]; i++)
        for (int j = 0; j < extents[1]; j++)
            for (int k = 0; k < extents[2]; k++)
                at->result[next++] =
                    at->operands[0][from->offset + i * from->stride[0] + j * from->stride[1] + k * from->stride[2]];
}

static void concat(const struct evaluation *at)
{
    double *next = at->result;
    for (int k = 0; k < at->node->count; next += at->node->edges[k++].length)
        memcpy(next, at->operands[k], (size_t)at->node->edges[k].length * sizeof *next);
}

/* A parameter as its storage holds it, row by row. */
static void round_rows(struct arena *arena, const struct evaluation *at)
{
    const struct shape *shape = &at->node->shape;
    const int units = node_units(at->node), columns = shape->rank ? shape->dim[shape->rank - 1] : 1;
    float *numbers = ARENA_ARRAY(arena, float, units);
    for (int i = 0; i < units; i++)
        numbers[i] = (float)at->operands[0][i];
    rnn_round_rows(numbers, numbers, (rnn_storage)at->node->storage, units / columns, columns);
    for (int i = 0; i < units; i++)
        at->result[i] = (double)numbers[i];
}

/* ---- all of them ---- */

static void evaluate(struct arena *arena, const struct evaluation *at)
{
    const struct node *node = at->node;
    const double *x = node->count ? at->operands[0] : NULL;
    const int n = node->count ? node->edges[0].length : 0;
    if (op_info(node->op)->class == OP_CLASS_ELEMENTWISE)
        elementwise(at);
    else if (node->op == OP_number)
        at->result[0] = node->number;
    else if (node->op == OP_softmax || node->op == OP_log_softmax)
        softmax(at, node->op == OP_log_softmax);
    else if (node->op == OP_layernorm)
        layernorm(at);
    else if (node->op == OP_sum || node->op == OP_mean)
        at->result[0] = sum(x, n) / (node->op == OP_mean ? n : 1);
    else if (node->op == OP_maximum)
        at->result[0] = largest(x, n);
    else if (node->op == OP_dot)
        at->result[0] = dot(x, at->operands[1], n);
    else if (node->op == OP_product || node->op == OP_matmul)
        product(at);
    else if (node->op == OP_view)
        view(at);
    else if (node->op == OP_concat)
        concat(at);
    else if (node->op == OP_round)
        round_rows(arena, at);
    else
        internal_error("'%s' of static time, which nothing computes here", op_info(node->op)->name);
}

/* Returns where each parameter begins. */
static const double **find_parameters(struct arena *arena, const struct graph *graph, const double *weights)
{
    const double **parameters = ARENA_ARRAY(arena, const double *, graph->parameter_count + 1);
    for (int i = 0; i < graph->parameter_count; i++) {
        parameters[i] = weights;
        weights += shape_size(&graph->parameters[i].shape);
    }
    return parameters;
}

const double *const *static_values(struct arena *arena, const struct graph *graph, const double *weights)
{
    const double **values = ARENA_ARRAY(arena, const double *, graph->node_count + 1);
    const double **parameters = find_parameters(arena, graph, weights);
    const int *order = graph_order(graph, arena);
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[order[i]];
        if (node->time != TIME_STATIC)
            continue;
        if (node->op == OP_parameter) {
            values[order[i]] = parameters[node->parameter];
            continue;
        }
        const double **operands = ARENA_ARRAY(arena, const double *, node->count + 1);
        for (int k = 0; k < node->count; k++)
            operands[k] = values[node->edges[k].node] + node->edges[k].begin;
        const struct evaluation at = {graph, node, operands, ARENA_ARRAY(arena, double, node_units(node) + 1)};
        evaluate(arena, &at);
        values[order[i]] = at.result;
    }
    return values;
}
