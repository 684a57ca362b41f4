/* The rules for shapes and times: those of a term, from those of its operands. */
#include <string.h>

#include "base/arena.h"
#include "sema/report.h"
#include "sema/shape_errors.h"
#include "sema/shapes.h"

bool shape_is_small(const struct shape *shape)
{
    long size = 1;
    for (int i = 0; i < shape->rank; i++)
        if (__builtin_mul_overflow(size, (long)shape->dim[i], &size) || size > SHAPE_MAX_ELEMENTS)
            return false;
    return size > 0;
}

static struct shape vector_of(int n) { return (struct shape){1, {n}}; }

/* Rule for operands of one shape, or [], which spreads. After a reported mismatch the result has no shape, nor has that
 * of an operand that stayed open, so that nothing more is reported about terms made of it. */
static void spread(struct term *term, struct report *report)
{
    const struct term *widest = NULL;
    bool fits = true;
    for (int i = 0; i < term->count; i++) {
        const struct term *arg = term->args[i];
        fits &= !term_is_open(arg);
        if (term_is_open(arg))
            continue;
        if (!widest || (widest->shape.rank == 0 && arg->shape.rank > 0)) {
            widest = arg;
        } else if (arg->shape.rank > 0 && !shape_equal(&arg->shape, &widest->shape)) {
            tell_clash(report, term, widest, arg);
            fits = false;
        }
    }
    if (widest && (fits || !report))
        term->shape = widest->shape;
}

static void spread_vector(struct term *term, struct report *report)
{
    spread(term, report);
    if (!term_is_open(term) && term->shape.rank != 1) {
        tell_operand(report, term, term->args[0], "a vector");
        term->shape.rank = SHAPE_OPEN;
    } else if (term->args[0]->shape.rank == 0) {
        tell_operand(report, term, term->args[0], "a vector");
    }
}

static void multiply_static(struct term *term, struct report *report)
{
    const struct term *a = term->args[0], *b = term->args[1];
    term->op = OP_matmul;
    term->shape = (struct shape){2, {a->shape.dim[0], b->shape.dim[1]}};
    if (a->shape.rank != 2)
        tell_operand(report, term, b, "a vector on the right of what has three dimensions");
    else if (a->shape.dim[1] != b->shape.dim[0])
        tell_clash(report, term, a, b);
    else if (report && !shape_is_small(&term->shape))
        report_error(report, term->span, "'%s' is %s, which has more than %d elements",
                     report_excerpt(report, term->span), shape_text(report->arena, &term->shape), SHAPE_MAX_ELEMENTS);
}

/* `W @ x` with a matrix or a stack of matrices: the vector of all rows. */
static void multiply_vector(struct term *term, struct report *report)
{
    const struct term *a = term->args[0], *b = term->args[1];
    int last = a->shape.rank - 1;
    term->op = OP_product;
    term->shape = vector_of(a->shape.rank == 2 ? a->shape.dim[0] : a->shape.dim[0] * a->shape.dim[1]);
    if (b->shape.rank == 0)
        tell_operand(report, term, b, "a vector on the right of '@'");
    else if (!term_is_open(b) && a->shape.dim[last] != b->shape.dim[0])
        tell_clash(report, term, a, b);
}

static void tell_vector_matrix(struct report *report, const struct term *term)
{
    if (report)
        tell_operand(report, term, term->args[1],
                     arena_printf(report->arena, "a vector on the right of a vector (or write 'transpose(%s) @ %s')",
                                  tell_text(report, term->args[1]), tell_text(report, term->args[0])));
}

/* `a @ b`: the shapes decide which product it is. An open `b` that changes with time can only be a vector. */
static void at(struct term *term, struct report *report)
{
    const struct term *a = term->args[0], *b = term->args[1];
    if (a->shape.rank == 0)
        tell_operand(report, term, a, "a matrix or a vector on the left of '@'");
    if (a->shape.rank <= 0)
        return;
    if (a->shape.rank == 1) {
        term->op = OP_dot;
        term->shape = (struct shape){0};
        if (b->shape.rank > 1)
            tell_vector_matrix(report, term);
        else if (b->shape.rank == 0)
            tell_operand(report, term, b, "a vector on the right of '@'");
        else if (b->shape.rank == 1 && !shape_equal(&a->shape, &b->shape))
            tell_clash(report, term, a, b);
    } else if (b->shape.rank > 1) {
        multiply_static(term, report);
    } else if (b->shape.rank == 1 || b->time != TIME_STATIC || report) {
        multiply_vector(term, report);
    }
}

/* True for a term that is a scalar whatever shapes its values get. */
static bool is_surely_scalar(const struct term *term)
{
    switch (term->kind) {
    case TERM_NUMBER:
        return true;
    case TERM_VALUE:
    case TERM_DELAY:
        return term->shape.rank == 0 && (term->value->declared || term->value->kind != VALUE_EQUATION);
    case TERM_PART:
        return term->shape.rank == 0;
    case TERM_OP:
        break;
    }
    enum shape_rule rule = op_info(term->op)->shape;
    if (rule == SHAPE_REDUCE || op_info(term->op)->class == OP_CLASS_LOSS || term->op == OP_dot)
        return true;
    for (int i = 0; i < term->count; i++)
        if (!is_surely_scalar(term->args[i]))
            return false;
    return rule == SHAPE_SPREAD;
}

static void concat(struct term *term, bool settled, struct report *report)
{
    long total = 0;
    for (int i = 0; i < term->count; i++) {
        const struct term *arg = term->args[i];
        if (term_is_open(arg) || (arg->shape.rank == 0 && !settled && !is_surely_scalar(arg)))
            return;
        if (arg->shape.rank > 1) {
            tell_operand(report, term, arg, "vectors");
            return;
        }
        total += arg->shape.rank ? arg->shape.dim[0] : 1;
    }
    if (total > SHAPE_MAX_ELEMENTS) {
        if (report)
            report_error(report, term->span, "'%s' is [%ld], which has more than %d elements",
                         report_excerpt(report, term->span), total, SHAPE_MAX_ELEMENTS);
        return;
    }
    term->shape = vector_of((int)total);
}

static void embed(struct term *term, struct report *report)
{
    const struct term *table = term->args[0];
    if (table->shape.rank == 2)
        term->shape = vector_of(table->shape.dim[1]);
    else
        tell_operand(report, term, table, "a matrix of static time first");
    tell_wrong_id(term, table, term->args[1], false, report);
}

static void loss(struct term *term, struct report *report)
{
    const struct term *a = term->args[0], *b = term->args[1];
    term->shape = (struct shape){0};
    if (term->op == OP_cross_entropy || term->op == OP_ctc) {
        if (a->shape.rank != 1)
            tell_operand(report, term, a, "a vector of logits first");
        tell_wrong_id(term, a, b, term->op == OP_ctc, report);
        if (report && term->op == OP_ctc && a->time != TIME_FRAME)
            report_error(report, a->span, "'ctc' compares labels with logits of every frame, but '%s' is of %s time",
                         tell_text(report, a), time_name(a->time));
    } else if (!term_is_open(a) && !term_is_open(b) && !shape_equal(&a->shape, &b->shape)) {
        tell_clash(report, term, a, b);
    } else if (a->shape.rank > 1) {
        tell_operand(report, term, a, "vectors");
    }
}

static void transpose(struct term *term, struct report *report)
{
    const struct shape *shape = &term->args[0]->shape;
    if (shape->rank == 2)
        term->shape = (struct shape){2, {shape->dim[1], shape->dim[0]}};
    else
        tell_operand(report, term, term->args[0], "a matrix");
}

/* A parameter with a form, whose factors are as they were declared. */
static void formed(struct term *term)
{
    const struct term *a = term->args[0], *b = term->args[1];
    if (term->op == OP_svd)
        term->shape = (struct shape){2, {a->shape.dim[0], b->shape.dim[1]}};
    else
        term->shape = (struct shape){3, {a->shape.dim[0], b->shape.dim[0], term->args[2]->shape.dim[0]}};
}

static void special(struct term *term, bool settled, struct report *report)
{
    if (op_info(term->op)->class == OP_CLASS_LOSS)
        loss(term, report);
    else if (term->op == OP_concat)
        concat(term, settled, report);
    else if (term->op == OP_embed)
        embed(term, report);
    else if (term->op == OP_transpose)
        transpose(term, report);
    else if (term->op == OP_svd || term->op == OP_cp)
        formed(term);
    else
        at(term, report);
}

static bool is_moving_matrix(const struct term *term) { return term->shape.rank > 1 && term->time != TIME_STATIC; }

static bool has_moving_matrix(const struct term *term)
{
    for (int i = 0; i < term->count; i++)
        if (is_moving_matrix(term->args[i]))
            return true;
    return false;
}

/* The name of the call in the program; this operation may be only a part of it. */
static const char *called_name(struct report *report, const struct term *term)
{
    const char *text = report_excerpt(report, term->span), *bracket = strchr(text, '(');
    return bracket ? arena_copy_string(report->arena, text, (size_t)(bracket - text)) : op_info(term->op)->name;
}

static void check_operation(struct term *term, struct report *report)
{
    tell_ids(term, report);
    const struct term *arg = term->args[0];
    if (op_info(term->op)->class == OP_CLASS_OVER_TIME && arg->time != TIME_FRAME && !term_is_open(arg))
        report_error(report, term->span, "'%s' needs the frames of a sequence, but '%s' is of %s time",
                     called_name(report, term), tell_text(report, arg), time_name(arg->time));
    if (is_moving_matrix(term) && !has_moving_matrix(term))
        report_error(report, term->span, "a matrix has to be static, but '%s' is of %s time",
                     report_excerpt(report, term->span), time_name(term->time));
}

static void shape_operation(struct term *term, bool settled, struct report *report)
{
    enum op_class class = op_info(term->op)->class;
    term->time = TIME_STATIC;
    for (int i = 0; i < term->count; i++)
        term->time = term->args[i]->time > term->time ? term->args[i]->time : term->time;
    bool has_frames = term->time == TIME_FRAME; /* if not: wrong, or a target whose time is not yet known */
    if ((class == OP_CLASS_OVER_TIME && has_frames) || term->op == OP_ctc)
        term->time = TIME_SEQUENCE;
    switch (op_info(term->op)->shape) {
    case SHAPE_SPREAD:
        spread(term, report);
        break;
    case SHAPE_VECTOR:
        spread_vector(term, report);
        break;
    case SHAPE_REDUCE:
        term->shape = (struct shape){0};
        if (term->args[0]->shape.rank != 1)
            tell_operand(report, term, term->args[0], "a vector");
        break;
    case SHAPE_SPECIAL:
        special(term, settled, report);
        break;
    }
    if (report)
        check_operation(term, report);
}

void shape_term(struct term *term, bool settled, struct report *report)
{
    for (int i = 0; i < term->count; i++)
        shape_term(term->args[i], settled, report);
    term->shape = (struct shape){.rank = SHAPE_OPEN};
    switch (term->kind) {
    case TERM_NUMBER:
        term->shape.rank = 0;
        term->time = TIME_STATIC;
        break;
    case TERM_VALUE:
        term->shape = term->value->shape;
        term->time = term->value->time;
        break;
    case TERM_DELAY:
        term->shape = term->value->shape;
        term->time = TIME_FRAME;
        break;
    case TERM_PART:
        shape_part(term, report);
        break;
    case TERM_OP:
        shape_operation(term, settled, report);
        break;
    }
}
