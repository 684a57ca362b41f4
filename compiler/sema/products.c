/* Products and parts of matrices, among them those kept as factors:
 *
 *   W: svd(r)       W = A B             W @ x = A @ (B @ x)
 *   Z: cp(r)        Z[i] = B diag(A[i]) C'   Z[i] @ x = B @ (A[i] * (C' @ x))
 *                   (Kolda and Bader, "Tensor Decompositions and Applications", SIAM Review 51(3), 2009, section 3)
 *
 * so that a product with a factored parameter never makes the parameter itself. */
#include <limits.h>

#include "base/arena.h"
#include "sema/dimensions.h"
#include "sema/shape_errors.h"
#include "sema/terms.h"

const struct shape *symbol_shape(struct elaboration *e, const struct symbol *symbol)
{
    struct shape *shape = ARENA_NEW(e->arena, struct shape);
    shape->rank = symbol->form == FORM_SVD ? 2 : 3;
    for (int i = 0; i < shape->rank; i++)
        shape->dim[i] = symbol->dim[i];
    return shape;
}

struct term *term_factor(struct builder *b, const struct symbol *symbol, int index, struct span span)
{
    struct term *term = term_value(b, symbol->factors[index], span);
    term->whole = symbol_shape(b->e, symbol);
    return term;
}

static struct term *transposed(struct builder *b, struct term *term)
{
    struct term *result = term->kind == TERM_OP && term->op == OP_transpose
                              ? term->args[0]
                              : term_op(b, OP_transpose, term->span, 1, term, NULL);
    result->whole = term->whole;
    return result;
}

/* A chain that stands at `span` for a matrix [rows, columns]. */
static struct built chain_at(struct builder *b, struct span span, int rows, int columns, struct term *left,
                             struct term *middle, struct term *right)
{
    struct shape *whole = ARENA_NEW(b->e->arena, struct shape);
    *whole = (struct shape){2, {rows, columns}};
    left->whole = right->whole = whole;
    left->span = right->span = span;
    return built_chain(left, middle, right, span);
}

/* `term` restricted in dimension `dimension` as `part` is in its dimension `from`; the other dimension whole. */
static struct term *restrict_dimension(struct builder *b, struct term *term, int dimension, const struct part *part,
                                       const bool *drop, int from)
{
    if (from >= part->count || (!drop[from] && part->begin[from] == 0 && part->end[from] < 0))
        return term;
    struct part *own = ARENA_NEW(b->e->arena, struct part);
    struct term *result = term_op(b, OP_copy, term->span, 1, term, NULL);
    result->kind = TERM_PART;
    result->part = own;
    own->count = 2;
    own->end[0] = own->end[1] = -1;
    own->begin[dimension] = part->begin[from];
    own->end[dimension] = part->end[from];
    result->drop[dimension] = drop[from];
    return result;
}

/* left @ (middle * (right @ x)), without middle if there is none. */
static struct term *apply_chain(struct builder *b, const struct built *chain, struct term *x, struct span span)
{
    struct term *term = term_op(b, OP_product, span, 2, chain->right, x);
    if (chain->middle)
        term = term_op(b, OP_mul, span, 2, chain->middle, term);
    return term_op(b, OP_product, span, 2, chain->left, term);
}

static struct built slice_cp(struct builder *b, const struct built *cp, int index, struct span span)
{
    const struct symbol *symbol = cp->symbol;
    struct part part = {.count = 1, .begin = {index}, .end = {index + 1}};
    bool drop[SHAPE_MAX_RANK] = {true};
    struct term *row = restrict_dimension(b, term_factor(b, symbol, 0, span), 0, &part, drop, 0);
    struct term *left = term_factor(b, symbol, 1, span), *right = transposed(b, term_factor(b, symbol, 2, span));
    return chain_at(b, span, symbol->dim[1], symbol->dim[2], left, row, right);
}

/* The products of all slices one after the other; what they have in common, C' @ x, is one hidden value. */
static struct term *apply_cp(struct builder *b, const struct built *cp, struct term *x, struct span span)
{
    int slices = cp->symbol->dim[0];
    if (slices > STACK_LIMIT) {
        report_error(&b->e->report, span, "'%s' has %d slices; at most %d can be multiplied at once", cp->symbol->name,
                     slices, STACK_LIMIT);
        return NULL;
    }
    struct term *right = transposed(b, term_factor(b, cp->symbol, 2, cp->span));
    struct value *common = term_hidden(b, "projected", term_op(b, OP_product, span, 2, right, x));
    struct term *all = term_new(b, TERM_OP, span);
    all->op = OP_concat;
    all->count = slices;
    all->args = ARENA_ARRAY(b->e->arena, struct term *, slices);
    for (int i = 0; i < slices; i++) {
        struct built slice = slice_cp(b, cp, i, cp->span);
        struct term *scaled = term_op(b, OP_mul, span, 2, slice.middle, term_value(b, common, span));
        term_set_arg(all, i, term_op(b, OP_product, span, 2, slice.left, scaled));
    }
    return all;
}

struct built build_product(struct builder *b, struct span span, const struct built *left, const struct built *right)
{
    struct term *x = built_term(b, right);
    if (!x || left->kind == BUILT_NOTHING)
        return (struct built){0};
    switch (left->kind) {
    case BUILT_NOTHING:
    case BUILT_TERM:
        break;
    case BUILT_DIAG:
        return built_of(term_op(b, OP_mul, span, 2, left->term, x));
    case BUILT_CHAIN:
        return built_of(apply_chain(b, left, x, span));
    case BUILT_CP:
        return built_of(apply_cp(b, left, x, span));
    }
    return built_of(term_op(b, OP_product, span, 2, left->term, x));
}

struct built build_transpose(struct builder *b, const struct expr *expr, const struct built *operand)
{
    if (operand->kind == BUILT_CHAIN) {
        int rows = operand->left->whole->dim[0], columns = operand->left->whole->dim[1];
        return chain_at(b, expr->span, columns, rows, transposed(b, operand->right), operand->middle,
                        transposed(b, operand->left));
    }
    return built_of(term_op(b, OP_transpose, expr->span, 1, built_term(b, operand), NULL));
}

/* Row `id` of A B is B' @ (row `id` of A). */
struct built build_embedding(struct builder *b, const struct expr *expr, const struct built *table, struct term *id)
{
    if (table->kind != BUILT_CHAIN || table->middle)
        return built_of(term_op(b, OP_embed, expr->span, 2, built_term(b, table), id));
    struct term *row = term_op(b, OP_embed, expr->span, 2, table->left, id);
    return built_of(term_op(b, OP_product, expr->span, 2, transposed(b, table->right), row));
}

/* One position: a constant from 0. */
static bool find_position(struct builder *b, const struct expr *expr, int least, int *result)
{
    if (evaluate_count(b->e, b->instance, expr, count_text(b->e, expr, "position"), least, INT_MAX - 1, result) ==
        EVALUATION_DONE)
        return true;
    if (expr->kind == EXPR_NEGATE)
        report_note(&b->e->report, expr->span,
                    "positions count from 0; those at the end are written 'n-1', 'n-2', ...");
    return false;
}

static bool find_step(struct builder *b, const struct expr *expr, int *step)
{
    if (evaluate_count(b->e, b->instance, expr, count_text(b->e, expr, "step"), -SHAPE_MAX_ELEMENTS / 2,
                       SHAPE_MAX_ELEMENTS / 2, step) != EVALUATION_DONE)
        return false;
    if (*step == 0)
        report_error(&b->e->report, expr->span, "the step of a slice cannot be 0");
    return *step != 0;
}

static bool has_steps(const struct part *part)
{
    for (int i = 0; i < part->count; i++)
        if (part->step[i])
            return true;
    return false;
}

static struct part *find_part(struct builder *b, const struct expr *expr, bool *drop)
{
    struct part *part = ARENA_NEW(b->e->arena, struct part);
    if (expr->subscript_count > SHAPE_MAX_RANK) {
        report_error(&b->e->report, expr->span, "'%s' gives %d positions, but a value has at most %d dimensions",
                     report_excerpt(&b->e->report, expr->span), expr->subscript_count, SHAPE_MAX_RANK);
        return NULL;
    }
    part->count = expr->subscript_count;
    for (int i = 0; i < part->count; i++) {
        const struct subscript *subscript = &expr->subscripts[i];
        part->end[i] = -1;
        drop[i] = !subscript->is_range;
        if (subscript->step && !find_step(b, subscript->step, &part->step[i]))
            return NULL;
        if (part->step[i] < 0)
            part->begin[i] = -1;
        if (subscript->begin && !find_position(b, subscript->begin, 0, &part->begin[i]))
            return NULL;
        if (drop[i])
            part->end[i] = part->begin[i] + 1;
        else if (subscript->end && !find_position(b, subscript->end, part->step[i] < 0 ? 0 : 1, &part->end[i]))
            return NULL;
    }
    return part;
}

static struct part *without_first(struct builder *b, const struct part *part, bool *drop)
{
    struct part *rest = ARENA_NEW(b->e->arena, struct part);
    rest->count = part->count - 1;
    for (int i = 0; i < rest->count; i++) {
        rest->begin[i] = part->begin[i + 1];
        rest->end[i] = part->end[i + 1];
        drop[i] = drop[i + 1];
    }
    drop[rest->count] = false;
    return rest;
}

/* How many rows or columns of `all` a part has. */
static int part_length(const struct part *part, int i, int all)
{
    if (i >= part->count)
        return all;
    return (part->end[i] < 0 ? all : part->end[i]) - part->begin[i];
}

/* Rows come from the left factor, columns from the right one. One row of A B is B' @ (row of A). */
static struct built take_chain_part(struct builder *b, const struct built *chain, const struct part *part,
                                    const bool *drop, struct span span)
{
    const struct shape *whole = chain->left->whole;
    struct term *left = restrict_dimension(b, chain->left, 0, part, drop, 0);
    struct term *right = restrict_dimension(b, chain->right, 1, part, drop, 1);
    struct term *middle = chain->middle;
    if (!drop[0] && !(part->count > 1 && drop[1]))
        return chain_at(b, span, part_length(part, 0, whole->dim[0]), part_length(part, 1, whole->dim[1]), left, middle,
                        right);
    if (drop[0] && middle)
        left = term_op(b, OP_mul, span, 2, middle, left);
    else if (middle)
        right = term_op(b, OP_mul, span, 2, middle, right);
    if (drop[0] && !(part->count > 1 && drop[1]))
        return built_of(term_op(b, OP_product, span, 2, transposed(b, right), left));
    return built_of(term_op(b, OP_product, span, 2, left, right));
}

/* Positions in a cp parameter, which has no value of its own that infer-shapes could check them against. */
static bool check_cp_positions(struct builder *b, const struct expr *expr, const struct symbol *symbol,
                               const struct part *part)
{
    for (int i = 0; i < part->count; i++) {
        if (part->begin[i] < symbol->dim[i] && part->end[i] <= symbol->dim[i])
            continue;
        struct report *report = &b->e->report;
        report_error(report, expr->span, "position %d is outside %s, which is %s",
                     part->begin[i] < symbol->dim[i] ? part->end[i] - 1 : part->begin[i], symbol->name,
                     shape_words(report, symbol_shape(b->e, symbol)));
        report_note(report, symbol->span, "'%s' is declared here", symbol->name);
        return false;
    }
    return true;
}

struct built build_part(struct builder *b, const struct expr *expr)
{
    bool drop[SHAPE_MAX_RANK] = {false};
    struct built of = build_expr(b, expr->args[0]);
    const struct part *part = find_part(b, expr, drop);
    if (!part || of.kind == BUILT_NOTHING)
        return (struct built){0};
    if ((of.kind == BUILT_CP || of.kind == BUILT_CHAIN) && has_steps(part)) {
        report_error(&b->e->report, expr->span, "a parameter with a form has no slices with a step");
        return (struct built){0};
    }
    if (of.kind == BUILT_CP && !check_cp_positions(b, expr, of.symbol, part))
        return (struct built){0};
    if (of.kind == BUILT_CP && drop[0]) {
        of = slice_cp(b, &of, part->begin[0], expr->span);
        part = without_first(b, part, drop);
    }
    if (of.kind == BUILT_CHAIN && part->count <= 2)
        return part->count ? take_chain_part(b, &of, part, drop, expr->span) : of;
    if (of.kind == BUILT_CP) {
        report_error(&b->e->report, expr->span,
                     "of the cp parameter '%s' one slice is taken at a time: '%s[i]', i from 0 to %d", of.symbol->name,
                     of.symbol->name, of.symbol->dim[0] - 1);
        return (struct built){0};
    }
    struct term *whole = built_term(b, &of);
    struct term *term = term_op(b, OP_copy, expr->span, 1, whole, NULL);
    if (!term)
        return (struct built){0};
    term->kind = TERM_PART;
    term->part = part;
    for (int i = 0; i < SHAPE_MAX_RANK; i++)
        term->drop[i] = drop[i];
    return built_of(term);
}
