/* Dimensions: exact integer expressions over constants and dimensions, in 64 bits, checked. Constants may also be real
 * numbers, which then cannot be used as dimensions. */
#include "sema/dimensions.h"

#include <math.h>

#include "base/arena.h"
#include "sema/names.h"
#include "sema/shapes.h"

static struct number integer(int64_t i) { return (struct number){true, i, (double)i}; }

static struct number real(double x) { return (struct number){false, 0, x}; }

/* The symbol of a name here, or else of a constant of this file or of an import. */
static struct symbol *find_constant(const struct instance *instance, const struct expr *expr)
{
    struct symbol *symbol = expr->kind == EXPR_NAME ? map_get(&instance->symbols, expr->name.text) : NULL;
    const struct global *global = symbol ? NULL : find_global_at(instance, expr);
    return global ? global->constant : symbol;
}

static enum evaluation evaluate_name(struct elaboration *e, struct instance *instance, const struct expr *expr,
                                     bool quiet, struct number *result)
{
    struct symbol *symbol = find_constant(instance, expr);
    if (symbol && symbol->kind == SYMBOL_NUMBER) {
        *result = symbol->number;
        return symbol->known ? EVALUATION_DONE : EVALUATION_OPEN;
    }
    if (quiet)
        return EVALUATION_WRONG;
    if (symbol) {
        report_error(&e->report, expr->span, "'%s' is no constant, which is needed here", expr->name.text);
        report_note(&e->report, symbol->span, "'%s' is defined here", expr->name.text);
    } else if (expr->kind == EXPR_MEMBER) {
        tell_imported(e, instance, expr, false);
    } else {
        tell_unknown(e, instance, &expr->name, false);
    }
    return EVALUATION_WRONG;
}

/* a / b stays an integer where it is whole. */
static struct number divide(struct number a, struct number b)
{
    if (a.is_integer && b.is_integer && b.integer != -1 && a.integer % b.integer == 0)
        return integer(a.integer / b.integer);
    return real(a.real / b.real);
}

static bool combine(enum binary_operator operator, struct number a, struct number b, struct number *result,
                    const char **error)
{
    bool whole = a.is_integer && b.is_integer, overflow = false;
    int64_t i = 0;
    switch (operator) {
    case BINARY_ADD:
        overflow = whole && __builtin_add_overflow(a.integer, b.integer, &i);
        *result = whole ? integer(i) : real(a.real + b.real);
        break;
    case BINARY_SUB:
        overflow = whole && __builtin_sub_overflow(a.integer, b.integer, &i);
        *result = whole ? integer(i) : real(a.real - b.real);
        break;
    case BINARY_MUL:
        overflow = whole && __builtin_mul_overflow(a.integer, b.integer, &i);
        *result = whole ? integer(i) : real(a.real * b.real);
        break;
    case BINARY_DIV:
        if (b.real == 0) {
            *error = "divides by zero";
            return false;
        }
        *result = divide(a, b);
        break;
    case BINARY_AT:
    case BINARY_LT:
    case BINARY_LE:
    case BINARY_GT:
    case BINARY_GE:
    case BINARY_EQ:
    case BINARY_NE:
        *error = "is no constant: only + - * / make one";
        return false;
    }
    *error = "is too large";
    return !overflow && isfinite(result->real);
}

/* Operators that make constants bind from the left. */
static enum evaluation evaluate_binary(struct elaboration *e, struct instance *instance, const struct expr *expr,
                                       bool quiet, struct number *result)
{
    enum evaluation done = evaluate_number(e, instance, expr->args[0], quiet, result);
    for (int i = 1; i < expr->count; i++) {
        struct number left = *result, right;
        enum evaluation one = evaluate_number(e, instance, expr->args[i], quiet, &right);
        const char *error;
        done = one > done ? one : done;
        if (done != EVALUATION_DONE || combine(expr->operators[i - 1], left, right, result, &error))
            continue;
        struct span span = span_join(expr->args[0]->span, expr->args[i]->span);
        if (!quiet)
            report_error(&e->report, span, "'%s' %s", report_excerpt(&e->report, span), error);
        done = EVALUATION_WRONG;
    }
    return done;
}

/* Recurses over the expression, whose depth the parser bounds. */
enum evaluation evaluate_number(struct elaboration *e, struct instance *instance, const struct expr *expr, bool quiet,
                                struct number *result)
{
    switch (expr->kind) {
    case EXPR_NUMBER:
        *result = expr->is_integer && expr->number < 9e18 ? integer((int64_t)expr->number) : real(expr->number);
        return EVALUATION_DONE;
    case EXPR_NAME:
        return evaluate_name(e, instance, expr, quiet, result);
    case EXPR_BRACKET:
        return evaluate_number(e, instance, expr->args[0], quiet, result);
    case EXPR_NEGATE: {
        enum evaluation done = evaluate_number(e, instance, expr->args[0], quiet, result);
        if (done == EVALUATION_DONE)
            *result =
                result->is_integer && result->integer != INT64_MIN ? integer(-result->integer) : real(-result->real);
        return done;
    }
    case EXPR_BINARY:
        return evaluate_binary(e, instance, expr, quiet, result);
    case EXPR_MEMBER:
        if (names_import(instance, expr))
            return evaluate_name(e, instance, expr, quiet, result);
        break;
    case EXPR_CALL:
    case EXPR_INDEX:
    case EXPR_STACK:
    case EXPR_REVERSE:
        break;
    }
    if (!quiet)
        report_error(&e->report, expr->span,
                     "'%s' is no constant: it is made of numbers, constants and dimensions with + - * /",
                     report_excerpt(&e->report, expr->span));
    return EVALUATION_WRONG;
}

/* A number as errors quote it. For a whole number that is not an integer it says why. */
static const char *number_text(struct arena *arena, struct number number)
{
    if (number.is_integer)
        return arena_printf(arena, "%lld", (long long)number.integer);
    if (fabs(number.real) > 1e15 || (double)(int64_t)number.real != number.real)
        return arena_printf(arena, "%.10g", number.real);
    return arena_printf(arena, "the real number %.1f: whole numbers are written without dot and exponent", number.real);
}

enum evaluation evaluate_count(struct elaboration *e, struct instance *instance, const struct expr *expr,
                               const char *what, long least, long most, int *result)
{
    struct number number;
    enum evaluation done = evaluate_number(e, instance, expr, false, &number);
    if (done != EVALUATION_DONE)
        return done;
    if (number.is_integer && number.integer >= least && number.integer <= most) {
        *result = (int)number.integer;
        return EVALUATION_DONE;
    }
    bool is_limit_news = most < SHAPE_MAX_ELEMENTS || (number.is_integer && number.integer > most);
    const char *wanted = is_limit_news ? arena_printf(e->arena, "from %ld to %ld", least, most)
                                       : arena_printf(e->arena, "of %ld or more", least);
    report_error(&e->report, expr->span, "%s has to be a whole number %s, but is %s", what, wanted,
                 number_text(e->arena, number));
    return EVALUATION_WRONG;
}

const char *count_text(struct elaboration *e, const struct expr *expr, const char *noun)
{
    if (expr->kind == EXPR_NUMBER || (expr->kind == EXPR_NEGATE && expr->args[0]->kind == EXPR_NUMBER))
        return arena_printf(e->arena, "a %s", noun);
    return arena_printf(e->arena, "the %s '%s'", noun, report_excerpt(&e->report, expr->span));
}

enum evaluation evaluate_size(struct elaboration *e, struct instance *instance, const struct expr *expr, int *result)
{
    return evaluate_count(e, instance, expr, count_text(e, expr, "size"), 1, SHAPE_MAX_ELEMENTS, result);
}

bool evaluate_shape(struct elaboration *e, struct instance *instance, const struct declarator *declarator, int rank_max,
                    struct shape *shape)
{
    *shape = (struct shape){.rank = declarator->dimension_count};
    if (shape->rank > rank_max) {
        report_error(&e->report, declarator->span, "'%s' has %d dimensions, but %s has at most %d",
                     declarator->name.text, shape->rank, rank_max == 1 ? "a value that changes with time" : "a value",
                     rank_max);
        return false;
    }
    for (int i = 0; i < shape->rank; i++)
        if (evaluate_size(e, instance, declarator->dimensions[i].expr, &shape->dim[i]) != EVALUATION_DONE)
            return false;
    if (shape_is_small(shape))
        return true;
    report_error(&e->report, declarator->span, "'%s' is %s, which has more than %d elements", declarator->name.text,
                 shape_text(e->arena, shape), SHAPE_MAX_ELEMENTS);
    return false;
}

/* The path of the first constant or dimension that an expression names, or NULL. */
static const char *first_name(struct elaboration *e, struct instance *instance, const struct expr *expr)
{
    const char *name = expr->kind == EXPR_NAME ? expr->name.text : NULL;
    if (expr->kind == EXPR_MEMBER) /* of an import */
        return NULL;
    if (name)
        return map_get(&instance->symbols, name) ? elaborate_path(e, instance, name) : name;
    for (int i = 0; i < expr->count && !name; i++)
        name = first_name(e, instance, expr->args[i]);
    return name;
}

void name_sizes(struct elaboration *e, struct instance *instance, const struct declarator *declarator,
                struct value *value)
{
    for (int i = 0; i < declarator->dimension_count && i < SHAPE_MAX_RANK && !instance->hidden; i++) {
        const struct expr *expr = declarator->dimensions[i].expr;
        const char *name = first_name(e, instance, expr);
        value->size_names[i] = expr->kind == EXPR_NAME ? name : NULL;
        if (i == 0)
            value->row_name = name;
    }
}

/* Finds a constant that `expr` reads and that is not evaluated yet. */
static struct symbol *find_unevaluated(struct map *symbols, const struct expr *expr)
{
    if (expr->kind == EXPR_NAME) {
        struct symbol *symbol = map_get(symbols, expr->name.text);
        bool constant = symbol && symbol->kind == SYMBOL_NUMBER && symbol->definition;
        return constant && symbol->evaluated != PROGRESS_DONE ? symbol : NULL;
    }
    for (int i = 0; i < expr->count; i++) {
        struct symbol *symbol = find_unevaluated(symbols, expr->args[i]);
        if (symbol)
            return symbol;
    }
    return NULL;
}

/* Reports a circle: `needed`, which the last of the waiting constants reads, waits itself. */
static void tell_circle(struct elaboration *e, struct symbol *const *waiting, int count, const struct symbol *needed)
{
    int first = count - 1;
    while (first > 0 && waiting[first] != needed)
        first--;
    const char *chain = needed->name;
    for (int i = first + 1; i < count; i++)
        chain = arena_printf(e->arena, "%s -> %s", chain, waiting[i]->name);
    report_error(&e->report, needed->span, "the constant '%s' depends on itself: %s -> %s", needed->name, chain,
                 needed->name);
}

/* Constants may be defined in any order: each waits on a stack for those that it reads. */
void evaluate_constants(struct elaboration *e, struct instance *instance, struct map *symbols)
{
    struct symbol **stack = NULL;
    int count = 0, capacity = 0;
    for (int i = 0; i < symbols->count; i++) {
        struct symbol *first = symbols->entries[i].value;
        if (first->kind == SYMBOL_NUMBER && first->definition && first->evaluated == PROGRESS_NONE)
            ARENA_PUSH(e->arena, stack, count, capacity, first);
        while (count) {
            struct symbol *symbol = stack[count - 1];
            struct symbol *needed = find_unevaluated(symbols, symbol->definition);
            symbol->evaluated = PROGRESS_BEGUN;
            if (needed && needed->evaluated == PROGRESS_NONE) {
                ARENA_PUSH(e->arena, stack, count, capacity, needed);
                continue;
            }
            if (needed)
                tell_circle(e, stack, count, needed);
            else if (!symbol->known)
                symbol->known =
                    evaluate_number(e, instance, symbol->definition, false, &symbol->number) == EVALUATION_DONE;
            symbol->evaluated = PROGRESS_DONE;
            count--;
        }
    }
}
