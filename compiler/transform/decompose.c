/* decompose: parameters with forms as products of their factors, and products of matrices in the cheaper order.
 *
 *   before:   %3 = svd %A, %B                 after:   %5 = product %B, %2
 *             %4 = product %3, %2                      %4 = product %A, %5
 *
 *   before:   %4 = cp %A, %B, %C              after:   %6 = view %C, transposed
 *             %5 = view %4, slice 1                    %7 = product %6, %2
 *             %6 = product %5, %2                      %8 = view %A, row 1
 *                                                      %9 = mul %8, %7
 *                                                      %6 = product %B, %9
 *
 * A reader of a part of a parameter needs parts of its factors: rows of A and columns of B. Factors that are said to be
 * multiplied become one matrix when weights are packed. */
#include <string.h>

#include "base/arena.h"
#include "graph/graph.h"
#include "transform/transform.h"

/* The walk of a view through the rows or the columns of a matrix. */
struct axis {
    int begin, step, length;
    int dimension; /* of the view, or -1: it stays at `begin` */
};

/* A part of a matrix; if it is transposed, its columns are the view's first dimension. */
struct part {
    struct axis rows, columns;
};

static bool axis_is_inside(const struct axis *axis, int size)
{
    long last = axis->begin + (long)axis->step * (axis->length - 1);
    return axis->begin < size && last >= 0 && last < size;
}

static void walk(struct axis *axis, const struct node *view, int dimension, long step)
{
    axis->dimension = dimension;
    axis->length = view->shape.dim[dimension];
    axis->step = (int)step;
}

/* Finds the part of a matrix of `rows` and `columns` that begins at `offset` and that the view shows. False if there is
 * none, as for a diagonal. */
static bool find_part(const struct node *view, long offset, int rows, int columns, struct part *part)
{
    part->rows = (struct axis){(int)(offset / columns), 0, 1, -1};
    part->columns = (struct axis){(int)(offset % columns), 0, 1, -1};
    for (int i = 0; i < view->shape.rank; i++) {
        long stride = view->view.stride[i];
        struct axis *axis = stride % columns == 0 ? &part->rows : &part->columns;
        if (view->shape.dim[i] == 1)
            continue;
        if (axis->dimension >= 0)
            return false;
        walk(axis, view, i, axis == &part->rows ? stride / columns : stride);
    }
    for (int i = 0; i < view->shape.rank; i++) /* a dimension of length 1 takes the axis that is left */
        if (view->shape.dim[i] == 1)
            walk(part->rows.dimension < 0 ? &part->rows : &part->columns, view, i, 0);
    return axis_is_inside(&part->rows, rows) && axis_is_inside(&part->columns, columns);
}

static int last_node(const struct graph *graph) { return graph->node_count - 1; }

static struct edge add_view(struct graph *graph, int source, struct shape shape, struct view view,
                            const struct node *like)
{
    graph_add_node(graph, OP_view, shape, TIME_STATIC, 1, like);
    int id = last_node(graph);
    graph->nodes[id]->view = view;
    graph->nodes[id]->edges[0] = edge_to(graph, source);
    return edge_to(graph, id);
}

/* A matrix kept as factors whose element (i, j) is the sum over q of left[i, q] right[q, j], with strides. `middle`
 * scales each q. */
struct factor {
    int node;
    long along, across; /* strides: of i or j, and of q */
};

struct factors {
    struct factor left, right;
    int middle; /* a node, or NO_NODE */
    int rank;
};

static struct factors factors_of_matmul(const struct graph *graph, const struct node *matmul)
{
    int a = matmul->edges[0].node, b = matmul->edges[1].node, rank = graph->nodes[a]->shape.dim[1];
    return (struct factors){{a, rank, 1}, {b, 1, matmul->shape.dim[1]}, NO_NODE, rank};
}

/* Returns the factors of slice `slice` of a cp parameter. */
static struct factors factors_of_slice(struct graph *graph, const struct node *cp, int slice, const struct node *like)
{
    int a = cp->edges[0].node, rank = graph->nodes[a]->shape.dim[1];
    struct edge middle = add_view(graph, a, (struct shape){1, {rank}}, (struct view){(long)slice * rank, {1}}, like);
    return (struct factors){{cp->edges[1].node, rank, 1}, {cp->edges[2].node, rank, 1}, middle.node, rank};
}

/* Adds the factor as a matrix [length, rank], or [rank, length]. */
static struct edge add_factor(struct graph *graph, const struct factor *factor, const struct axis *axis, int rank,
                              bool turned, const struct node *like)
{
    long along = axis->step * factor->along;
    struct shape shape = {2, {axis->length, rank}};
    struct view view = {axis->begin * factor->along, {along, factor->across}};
    if (turned) {
        shape = (struct shape){2, {rank, axis->length}};
        view = (struct view){view.offset, {factor->across, along}};
    }
    return add_view(graph, factor->node, shape, view, like);
}

/* Adds row or column `axis->begin` of the factor, a vector [rank]. */
static struct edge add_line(struct graph *graph, const struct factor *factor, const struct axis *axis, int rank,
                            const struct node *like)
{
    return add_view(graph, factor->node, (struct shape){1, {rank}},
                    (struct view){axis->begin * factor->along, {factor->across}}, like);
}

/* Adds the vector scaled by the middle, if there is one. */
static struct edge add_scaled(struct graph *graph, const struct factors *factors, struct edge vector,
                              enum value_time time, const struct node *like)
{
    if (factors->middle == NO_NODE)
        return vector;
    struct node *scaled = graph_add_node(graph, OP_mul, (struct shape){1, {factors->rank}}, time, 2, like);
    scaled->edges[0] = edge_to(graph, factors->middle);
    scaled->edges[1] = vector;
    return edge_to(graph, last_node(graph));
}

static void become(struct graph *graph, struct node *node, enum op op, struct edge a, struct edge b)
{
    node->op = op;
    memset(&node->view, 0, sizeof node->view);
    node->count = 2;
    node->edges = ARENA_ARRAY(graph->arena, struct edge, 2);
    node->edges[0] = a;
    node->edges[1] = b;
}

/* Turns a view of a matrix that is kept as factors into a product of them. */
static void become_part(struct graph *graph, struct node *view, const struct factors *factors, const struct part *part)
{
    const struct axis *rows = &part->rows, *columns = &part->columns;
    int rank = factors->rank;
    if (view->shape.rank == 2) {
        bool turned = columns->dimension == 0;
        struct edge left = turned ? add_factor(graph, &factors->right, columns, rank, false, view)
                                  : add_factor(graph, &factors->left, rows, rank, false, view);
        struct edge right = turned ? add_factor(graph, &factors->left, rows, rank, true, view)
                                   : add_factor(graph, &factors->right, columns, rank, true, view);
        become(graph, view, OP_matmul, left, right);
        return;
    }
    bool walks_rows = rows->dimension >= 0;
    struct edge line = walks_rows ? add_line(graph, &factors->right, columns, rank, view)
                                  : add_line(graph, &factors->left, rows, rank, view);
    line = add_scaled(graph, factors, line, TIME_STATIC, view);
    struct edge other = view->shape.rank == 0 ? add_line(graph, &factors->right, columns, rank, view)
                        : walks_rows          ? add_factor(graph, &factors->left, rows, rank, false, view)
                                              : add_factor(graph, &factors->right, columns, rank, false, view);
    if (view->shape.rank)
        become(graph, view, OP_product, other, line);
    else
        become(graph, view, OP_dot, line, other);
}

/* Adds right @ x, where right is [rank, columns]. */
static struct edge add_thin_product(struct graph *graph, struct edge right, struct edge x, const struct node *like)
{
    struct shape shape = {1, {graph->nodes[right.node]->shape.dim[0]}};
    struct node *thin = graph_add_node(graph, OP_product, shape, like->time, 2, like);
    thin->edges[0] = right;
    thin->edges[1] = x;
    return edge_to(graph, last_node(graph));
}

/* True for a product of factors that are to be multiplied, whatever that costs. */
static bool is_multiplied(const struct graph *graph, const struct node *matmul)
{
    const struct node *node = graph->nodes[matmul->edges[0].node];
    while (node->op == OP_view || node->op == OP_round)
        node = graph->nodes[node->edges[0].node];
    return node->op == OP_parameter && graph->parameters[node->parameter].multiplied;
}

/* Reorders (A @ B) @ x if that is cheaper. True if it changed: A may be a product, too. */
static bool reassociate_product(struct graph *graph, struct node *product)
{
    const struct node *matmul = graph->nodes[product->edges[0].node];
    if (matmul->op != OP_matmul || is_multiplied(graph, matmul))
        return false;
    struct edge a = matmul->edges[0], b = matmul->edges[1];
    double rows = matmul->shape.dim[0], columns = matmul->shape.dim[1], inner = graph->nodes[b.node]->shape.dim[0];
    if (inner * (rows + columns) >= rows * columns)
        return false;
    product->edges[1] = add_thin_product(graph, b, product->edges[1], product);
    product->edges[0] = a;
    return true;
}

/* Rewrites a product with a slice of a cp parameter, or with a part of one. */
static void decompose_slice(struct graph *graph, struct node *product, const struct node *view, const struct node *cp)
{
    int rows = cp->shape.dim[1], columns = cp->shape.dim[2];
    long size = (long)rows * columns;
    struct part part;
    if (!find_part(view, view->view.offset % size, rows, columns, &part))
        return;
    struct factors factors = factors_of_slice(graph, cp, (int)(view->view.offset / size), product);
    bool turned = part.columns.dimension == 0;
    struct edge left = turned ? add_factor(graph, &factors.right, &part.columns, factors.rank, false, product)
                              : add_factor(graph, &factors.left, &part.rows, factors.rank, false, product);
    struct edge right = turned ? add_factor(graph, &factors.left, &part.rows, factors.rank, true, product)
                               : add_factor(graph, &factors.right, &part.columns, factors.rank, true, product);
    struct edge thin = add_thin_product(graph, right, product->edges[1], product);
    product->edges[1] = add_scaled(graph, &factors, thin, product->time, product);
    product->edges[0] = left;
}

/* Rewrites a product with all slices: their common part, C' @ x, is computed once. */
static void decompose_slices(struct graph *graph, struct node *product, const struct node *cp)
{
    int slices = cp->shape.dim[0], rows = cp->shape.dim[1];
    struct edge *edges = ARENA_ARRAY(graph->arena, struct edge, slices), common = {0};
    for (int i = 0; i < slices; i++) {
        struct factors factors = factors_of_slice(graph, cp, i, product);
        if (i == 0) {
            struct axis columns = {0, 1, cp->shape.dim[2], 1};
            struct edge right = add_factor(graph, &factors.right, &columns, factors.rank, true, product);
            common = add_thin_product(graph, right, product->edges[1], product);
        }
        struct edge scaled = add_scaled(graph, &factors, common, product->time, product);
        struct node *slice = graph_add_node(graph, OP_product, (struct shape){1, {rows}}, product->time, 2, product);
        slice->edges[0] = cp->edges[1];
        slice->edges[1] = scaled;
        edges[i] = edge_to(graph, last_node(graph));
    }
    product->op = OP_concat;
    product->count = slices;
    product->edges = edges;
}

static void decompose_product(struct graph *graph, struct node *product)
{
    const struct node *weight = graph->nodes[product->edges[0].node];
    const struct node *of = weight->op == OP_view ? graph->nodes[weight->edges[0].node] : weight;
    if (of->op == OP_cp && of->shape.dim[0] > 1 && weight->shape.dim[0] == of->shape.dim[0] * of->shape.dim[1])
        decompose_slices(graph, product, of);
    else if (of->op == OP_cp)
        decompose_slice(graph, product, weight, of);
    while (product->op == OP_product && reassociate_product(graph, product))
        continue;
}

/* Rewrites a lookup: row `id` of A B is B' @ (row `id` of A). */
static void decompose_embedding(struct graph *graph, struct node *embed)
{
    struct factors factors = factors_of_matmul(graph, graph->nodes[embed->edges[0].node]);
    struct axis columns = {0, 1, node_units(embed), 0};
    struct edge right = add_factor(graph, &factors.right, &columns, factors.rank, false, embed);
    struct node *row = graph_add_node(graph, OP_embed, (struct shape){1, {factors.rank}}, embed->time, 2, embed);
    row->edges[0] = edge_to(graph, factors.left.node);
    row->edges[1] = embed->edges[1];
    become(graph, embed, OP_product, right, edge_to(graph, last_node(graph)));
}

/* Rewrites a view of a parameter with a form. Matrices of cp parameters are left to the products that read them. */
static bool decompose_view(struct graph *graph, struct node *view, const bool *kept)
{
    int source = view->edges[0].node;
    const struct node *of = graph->nodes[source];
    struct part part;
    if (kept[source] && find_part(view, view->view.offset, of->shape.dim[0], of->shape.dim[1], &part)) {
        struct factors factors = factors_of_matmul(graph, of);
        become_part(graph, view, &factors, &part);
        return view->op == OP_matmul;
    }
    if (of->op == OP_cp && view->shape.rank < 2) {
        int rows = of->shape.dim[1], columns = of->shape.dim[2];
        long size = (long)rows * columns;
        if (find_part(view, view->view.offset % size, rows, columns, &part)) {
            struct factors factors = factors_of_slice(graph, of, (int)(view->view.offset / size), view);
            become_part(graph, view, &factors, &part);
        }
    }
    return false;
}

void decompose(struct graph *graph, struct arena *scratch)
{
    int count = graph->node_count;
    bool *kept = ARENA_ARRAY(scratch, bool, count + 1); /* products of the factors of svd parameters, or of parts */
    for (int i = 0; i < graph->node_count; i++) {
        struct node *node = graph->nodes[i];
        if (node->op == OP_svd) {
            node->op = OP_matmul;
            kept[i] = true;
        } else if (node->op == OP_view && i < count && node->edges[0].node < count) {
            kept[i] = decompose_view(graph, node, kept);
        } else if (node->op == OP_embed && node->edges[0].node < count && kept[node->edges[0].node] &&
                   !is_multiplied(graph, graph->nodes[node->edges[0].node])) {
            decompose_embedding(graph, node);
        }
        if (node->op == OP_product)
            decompose_product(graph, node);
    }
    graph_sweep(graph);
    simplify(graph, scratch);
}
