/* Operations that only move units. */
#include "scope.h"

/* Splits `size` into two sizes of 1 or more, and gives the first. False: it cannot be split. */
static bool halve(struct scope *scope, struct size size, struct size *part)
{
    struct generator *generator = scope->generator;
    if (!scope->generic && size_value(scope, size) > 1 && chance(generator, 60)) {
        *part = (struct size){0, 0, 1 + pick(generator, size_value(scope, size) - 1)};
        return true;
    }
    if (size.n + size.m + size.c < 2 || size.c < 0)
        return false;
    if (size.n > 1 || (size.n && (size.m || size.c)))
        *part = (struct size){1, 0, 0};
    else if (size.m > 1 || (size.m && size.c))
        *part = (struct size){0, 1, 0};
    else
        *part = (struct size){0, 0, 1 + pick(generator, size.c - 1)};
    return true;
}

static struct size size_minus(struct size a, struct size b) { return (struct size){a.n - b.n, a.m - b.m, a.c - b.c}; }

static struct code concatenation(struct scope *scope, struct size size, struct context context)
{
    struct generator *generator = scope->generator;
    struct size part;
    struct code result = {NULL, LEVEL_POSTFIX, WHEN_STATIC, true, true, 0};
    const char *text = "";
    bool more = true;
    if (!scope->generic)
        size = (struct size){0, 0, size_value(scope, size)};
    while (more) {
        more = halve(scope, size, &part) && (!*text || chance(generator, 40));
        if (!more)
            part = size;
        bool scalar = part.n == 0 && part.m == 0 && part.c == 1 && chance(generator, 60);
        struct code code = make_expression(scope, scalar ? (struct sizes){0} : vector_of(part), context);
        if (!code.text)
            return code;
        text = format(scope, "%s%s%s", text, *text ? ", " : "", code.text);
        result.time = code.time > result.time ? code.time : result.time;
        result.exact &= code.exact;
        result.grounded &= code.grounded;
        result.bound = code.bound > result.bound ? code.bound : result.bound;
        size = size_minus(size, part);
    }
    result.text = format(scope, "concat(%s)", text);
    return result;
}

/* Returns [from:to] of `size` units of a vector of `whole`, without the sides of the colon that may be left out. */
static const char *range_text(struct scope *scope, struct size whole, struct size size)
{
    struct generator *generator = scope->generator;
    struct size rest = size_minus(whole, size), from = {0, 0, 0};
    if (!scope->generic && chance(generator, 60))
        from.c = pick(generator, size_value(scope, rest) + 1);
    else if (chance(generator, 50))
        from = rest;
    struct size to = {from.n + size.n, from.m + size.m, from.c + size.c};
    bool at_start = size_value(scope, from) == 0, at_end = size_equal(scope, to, whole);
    const char *begin = at_start && chance(generator, 50) ? "" : size_text(scope, from);
    return format(scope, "%s:%s", begin, at_end && chance(generator, 50) ? "" : size_text(scope, to));
}

/* Makes a part of a longer vector: a slice, or for a scalar one unit. */
static struct code part(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    struct size add = size_random(scope), whole = add;
    if (shape.rank)
        whole = (struct size){shape.dim[0].n + add.n, shape.dim[0].m + add.m, shape.dim[0].c + add.c};
    for (int i = 0; i < scope->variable_count; i++) { /* an existing value, if there is one */
        const struct variable *variable = &scope->variables[i];
        struct size rest = size_minus(variable->shape.dim[0], shape.dim[0]);
        bool longer = scope->generic ? rest.n >= 0 && rest.m >= 0 && rest.c >= 0 : size_value(scope, rest) >= 0;
        if (variable->shape.rank == 1 && longer && size_value(scope, rest) > 0 && usable(scope, variable, context) &&
            chance(generator, 40))
            whole = variable->shape.dim[0];
    }
    struct code code = chance(generator, 70) ? make_leaf(scope, vector_of(whole), context)
                                             : make_expression(scope, vector_of(whole), context);
    if (!code.text)
        return code;
    const char *base = bracketed(scope, &code, LEVEL_POSTFIX);
    bool last = chance(generator, 40);
    const char *position = shape.rank ? range_text(scope, whole, shape.dim[0])
                           : scope->generic
                               ? (last ? size_text(scope, (struct size){whole.n, whole.m, whole.c - 1}) : "0")
                               : format(scope, "%d", pick(generator, size_value(scope, whole)));
    code.text = format(scope, "%s[%s]", base, position);
    code.level = LEVEL_POSTFIX;
    return code;
}

struct code make_move(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    context = mixing(scope, context);
    if (scope->is_function)
        return (struct code){0};
    if (shape.rank && chance(generator, 50))
        return concatenation(scope, shape.dim[0], context);
    return part(scope, shape, context);
}
