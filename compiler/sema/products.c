/* Products and parts of matrices. */
#include <limits.h>

#include "base/arena.h"
#include "sema/dimensions.h"
#include "sema/shape_errors.h"
#include "sema/terms.h"

/* Checks `Z @ x`, which is one product for each slice. */
static bool check_slices(struct builder *b, const struct built *cp, struct span span)
{
    const struct term *term = cp->term;
    if (term->kind != TERM_VALUE || term->value->shape.dim[0] <= STACK_LIMIT)
        return true;
    report_error(&b->e->report, span, "'%s' has %d slices; at most %d can be multiplied at once",
                 report_excerpt(&b->e->report, term->value->span), term->value->shape.dim[0], STACK_LIMIT);
    return false;
}

struct built build_product(struct builder *b, struct span span, const struct built *left, const struct built *right)
{
    struct term *x = built_term(b, right);
    if (!x || left->kind == BUILT_NOTHING)
        return (struct built){0};
    if (left->kind == BUILT_DIAG)
        return built_of(term_op(b, OP_mul, span, 2, left->term, x));
    if (left->kind == BUILT_CP && !check_slices(b, left, span))
        return (struct built){0};
    return built_of(term_op(b, OP_product, span, 2, left->term, x));
}

/* Builds a transpose; a slice of a cp parameter stays one. */
struct built build_transpose(struct builder *b, const struct expr *expr, const struct built *operand)
{
    bool is_slice = operand->kind == BUILT_CP && operand->term->kind != TERM_VALUE;
    struct term *matrix = is_slice ? operand->term : built_term(b, operand);
    struct built built = built_of(term_op(b, OP_transpose, expr->span, 1, matrix, NULL));
    if (is_slice)
        built.kind = BUILT_CP;
    return built;
}

struct built build_embedding(struct builder *b, const struct expr *expr, const struct built *table, struct term *id)
{
    return built_of(term_op(b, OP_embed, expr->span, 2, built_term(b, table), id));
}

/* Evaluates one position, a constant that counts from 0. */
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

/* Checks the part that is taken of a cp parameter: one slice, or parts of it. False after an error. */
static bool check_cp_part(struct builder *b, const struct expr *expr, const struct term *of, const struct part *part,
                          const bool *drop)
{
    struct report *report = &b->e->report;
    if (has_steps(part)) {
        report_error(report, expr->span, "a cp parameter has no slices with a step");
        return false;
    }
    if (of->kind != TERM_VALUE)
        return true;
    const char *name = report_excerpt(report, of->value->span);
    if (!drop[0] && of->value->shape.rank == 3) /* else its declaration is wrong, and has been reported */
        report_error(report, expr->span,
                     "of the cp parameter '%s' one slice is taken at a time: '%s[i]', i from 0 to %d", name, name,
                     of->value->shape.dim[0] - 1);
    return drop[0];
}

/* True if the part of a cp parameter, or of a slice of one, is a matrix: its rank without the dropped dimensions is 2.
 */
static bool is_matrix(const struct term *of, const struct part *part, const bool *drop)
{
    int rank = of->kind == TERM_VALUE ? 3 : 2;
    for (int i = 0; i < part->count; i++)
        rank -= drop[i];
    return rank == 2;
}

struct built build_part(struct builder *b, const struct expr *expr)
{
    bool drop[SHAPE_MAX_RANK] = {false};
    struct built of = build_expr(b, expr->args[0]);
    const struct part *part = find_part(b, expr, drop);
    if (!part || of.kind == BUILT_NOTHING)
        return (struct built){0};
    bool is_cp = of.kind == BUILT_CP;
    if (is_cp && !check_cp_part(b, expr, of.term, part, drop))
        return (struct built){0};
    struct term *whole = is_cp ? of.term : built_term(b, &of);
    struct term *term = term_op(b, OP_copy, expr->span, 1, whole, NULL);
    if (!term)
        return (struct built){0};
    term->kind = TERM_PART;
    term->part = part;
    for (int i = 0; i < SHAPE_MAX_RANK; i++)
        term->drop[i] = drop[i];
    struct built built = built_of(term);
    if (is_cp && is_matrix(of.term, part, drop))
        built.kind = BUILT_CP;
    return built;
}
