/* Expressions to terms. */
#include <string.h>

#include "base/arena.h"
#include "sema/elaborate.h"

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

/* One operand, or two; NULL where an operand is. */
struct term *term_op(struct builder *b, enum op op, struct span span, int count, struct term *first,
                     struct term *second)
{
    if (!first || (count > 1 && !second))
        return NULL;
    struct term *term = term_new(b, TERM_OP, span);
    term->op = op;
    term->count = count;
    term->args = ARENA_ARRAY(b->e->arena, struct term *, count);
    term->args[0] = first;
    if (count > 1)
        term->args[1] = second;
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

struct built built_chain(struct term *left, struct term *middle, struct term *right, struct span span)
{
    return (struct built){.kind = BUILT_CHAIN, .span = span, .left = left, .middle = middle, .right = right};
}

/* As one term, where it is no operand of `@`. */
struct term *built_term(struct builder *b, const struct built *built)
{
    struct report *report = &b->e->report;
    switch (built->kind) {
    case BUILT_NOTHING:
        return NULL;
    case BUILT_TERM:
        return built->term;
    case BUILT_CHAIN:
        if (!built->middle)
            return term_op(b, OP_matmul, built->span, 2, built->left, built->right);
        report_error(report, built->span, "a part of a cp parameter can only be multiplied with a vector");
        return NULL;
    case BUILT_CP:
        report_error(report, built->span, "the cp parameter '%s' can only be multiplied with a vector",
                     built->symbol->name);
        return NULL;
    case BUILT_DIAG:
        report_error(report, built->span, "'%s' stands only on the left of '@'", report_excerpt(report, built->span));
        return NULL;
    }
    return NULL;
}

struct term *build_term(struct builder *b, const struct expr *expr)
{
    struct built built = build_expr(b, expr);
    return built_term(b, &built);
}

static struct built build_symbol(struct builder *b, struct symbol *symbol, struct span span)
{
    switch (symbol->kind) {
    case SYMBOL_NUMBER:
        return symbol->known ? built_of(term_number(b, symbol->number.real, span)) : (struct built){0};
    case SYMBOL_VALUE:
        return symbol->value ? built_of(term_value(b, symbol->value, span)) : (struct built){0};
    case SYMBOL_FUNCTION:
        report_error(&b->e->report, span, "'%s' is a function, not a value: it has to be called", symbol->name);
        return (struct built){0};
    case SYMBOL_FACTORED:
        break;
    }
    if (!symbol->factors[0])
        return (struct built){0};
    if (symbol->form == FORM_CP)
        return (struct built){.kind = BUILT_CP, .span = span, .symbol = symbol};
    return built_chain(term_factor(b, symbol, 0, span), NULL, term_factor(b, symbol, 1, span), span);
}

static struct built build_name(struct builder *b, const struct expr *expr)
{
    struct elaboration *e = b->e;
    const struct name *name = &expr->name;
    struct symbol *symbol = map_get(&b->instance->symbols, name->text);
    struct global *global = map_get(&e->globals, name->text);
    if (!symbol && global)
        symbol = global->constant;
    if (symbol)
        return build_symbol(b, symbol, expr->span);
    if (global)
        tell_unknown(e, b->instance, name, false);
    else if (op_find(name->text, (int)strlen(name->text)) != OP_COUNT)
        report_error(&e->report, expr->span, "'%s' is a function, not a value: it has to be called", name->text);
    else
        tell_unknown(e, b->instance, name, false);
    return (struct built){0};
}

static struct built build_member(struct builder *b, const struct expr *expr)
{
    struct instance *owner, *wait = NULL;
    struct symbol *symbol = resolve_path(b->e, b->instance, expr, &owner, &wait);
    return symbol ? build_symbol(b, symbol, expr->span) : (struct built){0};
}

static enum op op_of(enum binary_operator operator)
{
    static const enum op ops[] = {
        [BINARY_ADD] = OP_add,    [BINARY_SUB] = OP_sub, [BINARY_MUL] = OP_mul, [BINARY_DIV] = OP_div,
        [BINARY_AT] = OP_product, [BINARY_LT] = OP_lt,   [BINARY_LE] = OP_le,   [BINARY_GT] = OP_gt,
        [BINARY_GE] = OP_ge,      [BINARY_EQ] = OP_eq,   [BINARY_NE] = OP_ne};
    return ops[operator];
}

static struct built build_binary(struct builder *b, const struct expr *expr)
{
    struct built left = build_expr(b, expr->args[0]), right = build_expr(b, expr->args[1]);
    if (expr->operator== BINARY_AT)
        return build_product(b, expr, &left, &right);
    struct term *first = built_term(b, &left), *second = built_term(b, &right);
    return built_of(term_op(b, op_of(expr->operator), expr->span, 2, first, second));
}

/* `h[t-1]`, `(e)[t-1]`: in a reversed instance, the past lies ahead. */
static struct built build_delay(struct builder *b, const struct expr *expr)
{
    const struct expr *of = expr->args[0];
    int delay = evaluate_delay(b, expr);
    if (of->kind != EXPR_NAME && of->kind != EXPR_MEMBER && of->kind != EXPR_BRACKET) {
        const char *text = report_excerpt(&b->e->report, of->span);
        report_error(&b->e->report, expr->span, "a delay follows a name or a bracketed expression: write '(%s)%s'",
                     text, report_excerpt(&b->e->report, (struct span){of->span.end, expr->span.end}));
        return (struct built){0};
    }
    struct term *inner = build_term(b, of);
    if (!inner || !delay)
        return (struct built){0};
    if (inner->kind == TERM_NUMBER) {
        report_error(&b->e->report, expr->span, "'%s' is a number and has no past",
                     report_excerpt(&b->e->report, of->span));
        return (struct built){0};
    }
    struct value *value = inner->kind == TERM_VALUE ? inner->value : term_hidden(b, "delayed", inner);
    struct term *term = term_new(b, TERM_DELAY, expr->span);
    term->value = value;
    term->delay = delay * b->instance->direction;
    term->reads_init = delay > 0;
    return built_of(term);
}

static struct built build_negation(struct builder *b, const struct expr *expr)
{
    struct term *term = build_term(b, expr->args[0]);
    if (term && term->kind == TERM_NUMBER)
        return built_of(term_number(b, -term->number, expr->span));
    return built_of(term_op(b, OP_neg, expr->span, 1, term, NULL));
}

/* Recurses over the expression, whose depth the parser bounds. */
struct built build_expr(struct builder *b, const struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_NUMBER:
        return built_of(term_number(b, expr->number, expr->span));
    case EXPR_NAME:
        return build_name(b, expr);
    case EXPR_NEGATE:
        return build_negation(b, expr);
    case EXPR_BINARY:
        return build_binary(b, expr);
    case EXPR_BRACKET:
        return build_expr(b, expr->args[0]);
    case EXPR_CALL:
        return build_call(b, expr);
    case EXPR_INDEX:
        return is_delay_index(expr) ? build_delay(b, expr) : build_part(b, expr);
    case EXPR_MEMBER:
        return build_member(b, expr);
    case EXPR_STACK: /* only at the beginning of a right side, says the parser, where find_callee takes it off */
    case EXPR_REVERSE:
        break;
    }
    return (struct built){0};
}
