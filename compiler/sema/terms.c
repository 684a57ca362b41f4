/* Terms: making them, and the form of an expression before it becomes one. */
#include "sema/terms.h"

#include "base/arena.h"
#include "sema/names.h"
#include "sema/shapes.h"

struct term *term_new(struct builder *b, enum term_kind kind, struct span span)
{
    struct term *term = ARENA_NEW(b->e->arena, struct term);
    term->kind = kind;
    term->span = span;
    term->shape.rank = SHAPE_OPEN;
    return term;
}

struct term *term_number(struct builder *b, double number, struct span span)
{
    struct term *term = term_new(b, TERM_NUMBER, span);
    term->number = number;
    term->shape.rank = 0;
    return term;
}

struct term *term_value(struct builder *b, struct value *value, struct span span)
{
    struct term *term = term_new(b, TERM_VALUE, span);
    term->value = value;
    return term;
}

void term_set_arg(struct term *term, int index, struct term *arg)
{
    term->args[index] = arg;
    if (arg && arg->depth >= term->depth)
        term->depth = arg->depth + 1;
}

/* Makes a term with one or two operands; NULL if an operand is NULL. */
struct term *term_op(struct builder *b, enum op op, struct span span, int count, struct term *first,
                     struct term *second)
{
    if (!first || (count > 1 && !second))
        return NULL;
    struct term *term = term_new(b, TERM_OP, span);
    term->op = op;
    term->count = count;
    term->args = ARENA_ARRAY(b->e->arena, struct term *, count);
    term_set_arg(term, 0, first);
    if (count > 1)
        term_set_arg(term, 1, second);
    return term;
}

void set_term(struct elaboration *e, struct value *value, struct term *term)
{
    value->term = term;
    if (term)
        solver_attach(&e->solver, value);
}

struct value *term_hidden(struct builder *b, const char *what, struct term *term)
{
    struct value *value = elaborate_hidden(b->e, b->instance, b->base, what, term->span, b->equation);
    set_term(b->e, value, term);
    return value;
}

struct built built_of(struct term *term)
{
    if (!term)
        return (struct built){.kind = BUILT_NOTHING};
    return (struct built){.kind = BUILT_TERM, .span = term->span, .term = term};
}

/* Makes one term of an expression that is not an operand of `@`. */
struct term *built_term(struct builder *b, const struct built *built)
{
    struct report *report = &b->e->report;
    switch (built->kind) {
    case BUILT_NOTHING:
        return NULL;
    case BUILT_TERM:
        return built->term;
    case BUILT_CP:
        if (built->term->kind == TERM_VALUE)
            report_error(report, built->span, "the cp parameter '%s' can only be multiplied with a vector",
                         report_excerpt(report, built->term->value->span));
        else
            report_error(report, built->span,
                         "a slice of a cp parameter is a matrix that can only be multiplied with a vector");
        return NULL;
    case BUILT_DIAG:
        report_error(report, built->span, "'%s' stands only on the left of '@'", report_excerpt(report, built->span));
        return NULL;
    }
    return NULL;
}
