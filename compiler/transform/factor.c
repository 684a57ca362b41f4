/* before:   %3 = concat %1[t-1], %2          after:   %5 = view W, columns 0..n      %6 = view W, columns n..
 *           %4 = product W, %3                        %7 = product %5, %1[t-1]       %8 = product %6, %2
 *                                                     %4 = add %7, %8
 */
#include "analysis/uses.h"
#include "base/arena.h"
#include "graph/graph.h"
#include "transform/transform.h"

/* Rows and columns of a static matrix, as a view. */
static int add_matrix_part(struct graph *graph, int matrix, int row, int rows, int column, int columns)
{
    struct shape shape = graph->nodes[matrix]->shape;
    if (rows == shape.dim[0] && columns == shape.dim[1])
        return matrix;
    struct shape part = {2, {rows, columns}};
    struct node *view = graph_add_node(graph, OP_view, part, TIME_STATIC, 1, graph->nodes[matrix]);
    view->view = (struct view){(long)row * shape.dim[1] + column, {shape.dim[1], 1}};
    view->edges[0] = edge_to(graph, matrix);
    return graph->node_count - 1;
}

/* Units begin .. begin + length of a static vector, as a view. */
static int add_vector_part(struct graph *graph, int vector, int begin, int length)
{
    struct shape part = {1, {length}};
    struct node *view = graph_add_node(graph, OP_view, part, TIME_STATIC, 1, graph->nodes[vector]);
    view->view = (struct view){begin, {1}};
    view->edges[0] = edge_to(graph, vector);
    return graph->node_count - 1;
}

/* Units begin .. begin + length of what `edge` reads. A scalar that spreads is every part of itself. */
static struct edge edge_part(struct graph *graph, struct edge edge, int begin, int length)
{
    if (edge.length == 1)
        return edge;
    const struct node *source = graph->nodes[edge.node];
    if (source->time == TIME_STATIC)
        return edge_to(graph, add_vector_part(graph, edge.node, begin, length));
    edge.begin += begin;
    edge.length = length;
    return edge;
}

/* ---- products over concat ---- */

/* The operand of a concat as the product would have read it. False where the initial values cannot be taken apart. */
static bool read_concat_operand(struct graph *graph, const struct edge *through, const struct edge *operand, int at,
                                struct edge *result)
{
    *result = *operand;
    if (!through->delay)
        return true;
    if (operand->delay) {
        if (through->init != NO_NODE || operand->init != NO_NODE || (through->delay > 0) != (operand->delay > 0))
            return false;
        result->delay += through->delay;
        return true;
    }
    if (through->init != NO_NODE && node_units(graph->nodes[through->init]) > 1) {
        if (graph->nodes[through->init]->time != TIME_STATIC || !edge_is_whole(graph, operand))
            return false;
        result->init = add_vector_part(graph, through->init, at, operand->length);
    } else {
        result->init = through->init;
    }
    result->delay = through->delay;
    return graph->nodes[operand->node]->time == TIME_FRAME;
}

static void factor_product_of_concat(struct graph *graph, int id)
{
    struct node *product = graph->nodes[id];
    struct edge x = product->edges[1];
    const struct node *concat = graph->nodes[x.node];
    if (concat->op != OP_concat || concat->time != TIME_FRAME)
        return;
    struct edge *operands = ARENA_ARRAY(graph->arena, struct edge, concat->count + 1);
    int *columns = ARENA_ARRAY(graph->arena, int, concat->count + 1), count = 0;
    for (int i = 0, at = 0; i < concat->count; at += concat->edges[i++].length) {
        struct edge operand;
        int from = at > x.begin ? at : x.begin, to = at + concat->edges[i].length;
        to = to < x.begin + x.length ? to : x.begin + x.length;
        if (from >= to)
            continue;
        if (!read_concat_operand(graph, &x, &concat->edges[i], at, &operand))
            return;
        if (to - from != operand.length) {
            if (graph->nodes[operand.node]->time == TIME_STATIC)
                return;
            operand.begin += from - at;
            operand.length = to - from;
        }
        columns[count] = from - x.begin;
        operands[count++] = operand;
    }
    int sum = NO_NODE, rows = node_units(product), weight = product->edges[0].node;
    for (int i = 0; i < count; i++) {
        int part = add_matrix_part(graph, weight, 0, rows, columns[i], operands[i].length);
        struct node *term = graph_add_node(graph, OP_product, product->shape, product->time, 2, product);
        int term_id = graph->node_count - 1;
        term->edges[0] = edge_to(graph, part);
        term->edges[1] = operands[i];
        if (graph->nodes[operands[i].node]->time == TIME_STATIC)
            term->time = TIME_STATIC;
        if (sum != NO_NODE) {
            struct node *add = graph_add_node(graph, OP_add, product->shape, product->time, 2, product);
            add->edges[0] = edge_to(graph, sum);
            add->edges[1] = edge_to(graph, term_id);
            term_id = graph->node_count - 1;
        }
        sum = term_id;
    }
    graph_replace(graph, id, sum);
}

static void factor_products_of_concat(struct graph *graph)
{
    for (int i = graph->node_count - 1; i >= 0; i--)
        if (graph->nodes[i]->op == OP_product && graph->nodes[i]->time == TIME_FRAME)
            factor_product_of_concat(graph, i);
    graph_sweep(graph);
}

/* ---- parts ---- */

/* Whether a node is only ever read in parts that do not overlap, so that taking it apart computes nothing twice. */
static bool node_is_read_in_parts(const struct graph *graph, const struct uses *uses, int id)
{
    for (int u = uses->begin[id]; u < uses->begin[id + 1]; u++) {
        const struct edge *edge = uses->use[u].edge;
        if (uses->use[u].init || uses->use[u].reader < 0 || edge_is_whole(graph, edge))
            return false;
        if (edge->init != NO_NODE && graph->nodes[edge->init]->time != TIME_STATIC)
            return false;
        for (int v = uses->begin[id]; v < u; v++) {
            const struct edge *other = uses->use[v].edge;
            bool same = other->begin == edge->begin && other->length == edge->length;
            if (!same && edge->begin < other->begin + other->length && other->begin < edge->begin + edge->length)
                return false;
        }
    }
    return uses_count(uses, id) > 0;
}

/* Units begin .. begin + length of an elementwise node or a product, as a node of their own. */
static int add_node_part(struct graph *graph, int id, int begin, int length)
{
    const struct node *whole = graph->nodes[id];
    struct edge edges[3];
    if (whole->op == OP_product) {
        int weight = whole->edges[0].node, columns = graph->nodes[weight]->shape.dim[1];
        edges[0] = edge_to(graph, add_matrix_part(graph, weight, begin, length, 0, columns));
        edges[1] = whole->edges[1];
    } else {
        for (int k = 0; k < whole->count; k++)
            edges[k] = edge_part(graph, whole->edges[k], begin, length);
    }
    struct shape shape = {1, {length}};
    struct node *part = graph_add_node(graph, whole->op, shape, whole->time, whole->count, whole);
    for (int k = 0; k < whole->count; k++)
        part->edges[k] = edges[k];
    return graph->node_count - 1;
}

/* Initial values of a delayed read follow its range. */
static void move_edge_to_part(struct graph *graph, struct edge *edge, int part)
{
    if (edge->init != NO_NODE && node_units(graph->nodes[edge->init]) > 1)
        edge->init = add_vector_part(graph, edge->init, edge->begin, edge->length);
    edge->node = part;
    edge->begin = 0;
}

static bool node_can_be_parted(const struct node *node)
{
    return node->time == TIME_FRAME && (op_info(node->op)->class == OP_CLASS_ELEMENTWISE || node->op == OP_product);
}

/* From the readers towards the operands, so that the parts of a sum become sums of parts. */
static bool take_nodes_apart(struct graph *graph, struct arena *scratch)
{
    struct uses uses = find_uses(graph, scratch);
    bool changed = false;
    for (int i = graph->node_count - 1; i >= 0; i--) {
        if (!node_can_be_parted(graph->nodes[i]) || !node_is_read_in_parts(graph, &uses, i))
            continue;
        int count = uses_count(&uses, i), *begin = ARENA_ARRAY(scratch, int, count), *part = ARENA_ARRAY(scratch, int, count);
        int parts = 0;
        for (int u = uses.begin[i]; u < uses.begin[i + 1]; u++) {
            struct edge *edge = uses.use[u].edge;
            int p = 0;
            while (p < parts && begin[p] != edge->begin)
                p++;
            if (p == parts) {
                begin[parts] = edge->begin;
                part[parts++] = add_node_part(graph, i, edge->begin, edge->length);
            }
            move_edge_to_part(graph, edge, part[p]);
        }
        changed = true;
    }
    graph_sweep(graph);
    return changed;
}

/* A part that lies within one operand of a concat reads that operand. */
static bool read_parts_of_concats(struct graph *graph)
{
    bool changed = false;
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++) {
            struct edge *edge = &graph->nodes[i]->edges[k];
            const struct node *concat = graph->nodes[edge->node];
            if (concat->op != OP_concat || concat->time != TIME_FRAME || edge_is_whole(graph, edge))
                continue;
            int at = 0, j = 0;
            while (at + concat->edges[j].length <= edge->begin)
                at += concat->edges[j++].length;
            struct edge operand;
            if (edge->begin + edge->length > at + concat->edges[j].length || edge->init != NO_NODE ||
                !read_concat_operand(graph, edge, &concat->edges[j], at, &operand) ||
                graph->nodes[operand.node]->time == TIME_STATIC)
                continue;
            operand.begin += edge->begin - at;
            operand.length = edge->length;
            *edge = operand;
            changed = true;
        }
    return changed;
}

/* ---- products of static matrices ---- */

static bool reassociate_product(struct graph *graph, int id)
{
    struct node *product = graph->nodes[id];
    const struct node *matmul = graph->nodes[product->edges[0].node];
    if (product->time != TIME_FRAME || matmul->op != OP_matmul)
        return false;
    struct edge a = matmul->edges[0], b = matmul->edges[1];
    double rows = matmul->shape.dim[0], columns = matmul->shape.dim[1], inner = graph->nodes[b.node]->shape.dim[0];
    if (inner * (rows + columns) >= rows * columns)
        return false;
    struct shape shape = {1, {(int)inner}};
    struct node *thin = graph_add_node(graph, OP_product, shape, product->time, 2, product);
    thin->edges[0] = b;
    thin->edges[1] = product->edges[1];
    product->edges[0] = a;
    product->edges[1] = edge_to(graph, graph->node_count - 1);
    return true;
}

void factor(struct graph *graph, struct arena *scratch)
{
    factor_products_of_concat(graph);
    bool changed = true;
    while (changed) {
        changed = take_nodes_apart(graph, scratch);
        changed |= read_parts_of_concats(graph);
        factor_products_of_concat(graph);
        for (int i = 0; i < graph->node_count; i++)
            if (graph->nodes[i]->op == OP_product)
                changed |= reassociate_product(graph, i);
        graph_sweep(graph);
        simplify(graph, scratch);
    }
    factor_sums(graph, scratch);
    simplify(graph, scratch);
}
