/* Expressions to terms. */
#include <string.h>

#include "base/arena.h"
#include "sema/names.h"
#include "sema/terms.h"

struct term *build_term(struct builder *b, const struct expr *expr)
{
    struct built built = build_expr(b, expr);
    return built_term(b, &built);
}

/* Builds the arguments of a wrong call only to report the errors in them. */
void build_in_vain(struct builder *b, const struct expr *call)
{
    for (int i = 1; i < call->count; i++)
        build_expr(b, call->args[i]);
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
    if (!symbol->value)
        return (struct built){0};
    struct built built = built_of(term_value(b, symbol->value, span));
    if (symbol->form == FORM_CP)
        built.kind = BUILT_CP;
    return built;
}

static struct built build_name(struct builder *b, const struct expr *expr)
{
    struct elaboration *e = b->e;
    const struct name *name = &expr->name;
    struct symbol *symbol = map_get(&b->instance->symbols, name->text);
    struct global *global = find_global(b->instance, name->text);
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
    if (names_import(b->instance, expr)) {
        const struct global *global = find_global_at(b->instance, expr);
        if (global && global->constant)
            return build_symbol(b, global->constant, expr->span);
        tell_imported(b->e, b->instance, expr, false);
        return (struct built){0};
    }
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

/* Makes a term of the greatest depth a hidden value, so that long sums do not become deeper terms. */
static struct term *shallow_term(struct builder *b, const char *what, struct term *term)
{
    if (!term || term->depth < TERM_DEPTH)
        return term;
    return term_value(b, term_hidden(b, what, term), term->span);
}

/* W @ (V @ (U @ x)) */
static struct built build_products(struct builder *b, const struct expr *expr)
{
    struct built *operands = ARENA_ARRAY(b->e->arena, struct built, expr->count);
    for (int i = 0; i < expr->count; i++)
        operands[i] = build_expr(b, expr->args[i]);
    struct built right = operands[expr->count - 1];
    for (int i = expr->count - 2; i >= 0; i--) {
        struct span span = span_join(expr->args[i]->span, expr->args[expr->count - 1]->span);
        if (right.kind == BUILT_TERM)
            right.term = shallow_term(b, "product", right.term);
        right = build_product(b, span, &operands[i], &right);
    }
    return right;
}

/* ((u + v) - w) + ... */
static struct built build_binary(struct builder *b, const struct expr *expr)
{
    if (expr->operators[0] == BINARY_AT)
        return build_products(b, expr);
    struct built left = build_expr(b, expr->args[0]);
    for (int i = 1; i < expr->count; i++) {
        struct built right = build_expr(b, expr->args[i]);
        struct term *first = shallow_term(b, "part", built_term(b, &left)), *second = built_term(b, &right);
        struct span span = span_join(expr->args[0]->span, expr->args[i]->span);
        left = built_of(term_op(b, op_of(expr->operators[i - 1]), span, 2, first, second));
    }
    return left;
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
    case EXPR_STACK: /* the parser allows it only at the beginning of a right side, where find_callee takes it off */
    case EXPR_REVERSE:
        break;
    }
    return (struct built){0};
}
