/* Operations unit by unit, and operations on whole vectors. */
#include <string.h>

#include "base/text.h"
#include "scope.h"

static double largest(double a, double b) { return a > b ? a : b; }

/* Returns the result of an operation with the text and level given: its time, ground and bound follow from the
 * operands. */
static struct code combine(const char *text, enum level level, int count, const struct code *operands)
{
    struct code code = {text, level, WHEN_STATIC, false, false, 0};
    for (int i = 0; i < count; i++) {
        if (!operands[i].text)
            return (struct code){0};
        code.time = operands[i].time > code.time ? operands[i].time : code.time;
        code.grounded |= operands[i].grounded;
        code.bound = largest(code.bound, operands[i].bound);
    }
    return code;
}

/* Makes an operand of the shape, or now and then a scalar, which spreads. */
static struct code operand(struct scope *scope, struct sizes shape, struct context context)
{
    if (shape.rank && chance(scope->generator, 20)) {
        struct code code = make_expression(scope, (struct sizes){0}, context);
        code.grounded = false; /* says nothing about the shape */
        return code;
    }
    return make_expression(scope, shape, context);
}

static struct code arithmetic(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    bool swap = chance(generator, 50);
    struct code full = make_expression(scope, shape, context), other = operand(scope, shape, context);
    struct code pair[2] = {swap ? other : full, swap ? full : other};
    if (!pair[0].text || !pair[1].text)
        return (struct code){0};
    bool product = chance(generator, 45);
    char sign = product ? '*' : chance(generator, 65) ? '+' : '-';
    enum level level = product ? LEVEL_PRODUCT : LEVEL_SUM;
    const char *left = bracketed(scope, &pair[0], level);
    const char *right = bracketed(scope, &pair[1], product ? LEVEL_UNARY : LEVEL_PRODUCT);
    struct code code = combine(format(scope, "%s %c %s", left, sign, right), level, 2, pair);
    code.exact = !product && full.exact && other.exact;
    code.bound = product ? full.bound * other.bound : full.bound + other.bound;
    return code;
}

/* Makes a quotient whose divisor stays away from 0. */
static struct code quotient(struct scope *scope, struct sizes shape, struct context context)
{
    struct code pair[2];
    pair[0] = make_expression(scope, shape, context);
    pair[1] = operand(scope, shape, context);
    if (!pair[0].text || !pair[1].text)
        return (struct code){0};
    static const char *const divisors[] = {"(1 + abs(%s))", "(0.5 + softplus(%s))", "exp(tanh(%s))"};
    const char *divisor = format(scope, divisors[pick(scope->generator, 3)], pair[1].text);
    struct code code =
        combine(format(scope, "%s / %s", bracketed(scope, &pair[0], LEVEL_PRODUCT), divisor), LEVEL_PRODUCT, 2, pair);
    code.bound = 2 * pair[0].bound;
    return code;
}

static struct code comparison(struct scope *scope, struct sizes shape, struct context context)
{
    static const char *const signs[] = {"<", "<=", ">", ">=", "==", "!="};
    struct code pair[2];
    pair[0] = make_exact(scope, shape, context);
    pair[1] = make_exact(scope, chance(scope->generator, 30) ? (struct sizes){0} : shape, context);
    if (!pair[0].text || !pair[1].text)
        return (struct code){0};
    const char *left = bracketed(scope, &pair[0], LEVEL_SUM), *right = bracketed(scope, &pair[1], LEVEL_SUM);
    struct code code =
        combine(format(scope, "%s %s %s", left, signs[pick(scope->generator, 6)], right), LEVEL_COMPARISON, 2, pair);
    code.grounded = pair[0].grounded;
    code.exact = true;
    code.bound = 1;
    return code;
}

/* A function whose operand gets a constant added in tests of gradients: a value and a copy of it without gradient would
 * be a tie, which differences of max, relu or a comparison step across, as in h = max(stop_gradient(h[t-1]), b). */
static const char stop_gradient[] = "stop_gradient(%s)";

/* Functions of one operand: the bound of the operand, and that of the result for an operand of 1. */
static const struct function_of_one {
    const char *form;
    double most, gain;
    bool exact;
} functions[] = {
    {"sigmoid(%s)", 100, 1, false},
    {"tanh(%s)", 100, 1, false},
    {"relu(%s)", 100, 1, true},
    {"leaky_relu(%s)", 100, 1, false},
    {"leaky_relu(%s, 0.25)", 100, 1, false},
    {"elu(%s)", 100, 1, false},
    {"elu(%s, 0.5)", 100, 1, false},
    {"softplus(%s)", 100, 1.7, false},
    {"log_sigmoid(%s)", 100, 1.7, false},
    {"softsign(%s)", 100, 1, false},
    {"hard_sigmoid(%s)", 100, 1, false},
    {"hard_sigmoid(%s, 0.25, 0.375)", 100, 1, false},
    {"hard_tanh(%s)", 100, 1, false},
    {"gelu(%s)", 100, 1, false},
    {"silu(%s)", 100, 1, false},
    {"exp(%s)", 1.5, 3, false},
    {"log(1 + abs(%s))", 100, 1, false},
    {"log(0.5 + softplus(%s))", 100, 1, false},
    {"sqrt(0.25 + abs(%s))", 100, 1.5, false},
    {"abs(%s)", 100, 1, true},
    {"dropout(%s, 0.5)", 100, 1, true},
    {"dropout(%s, 0.25, once)", 100, 1, true},
    {"clip(%s, -0.5, 0.75)", 100, 1, true},
    {stop_gradient, 100, 1, true},
    {"sin(%s)", 100, 1, false},
    {"cos(%s)", 100, 1, false},
    {"pow(%s, 2)", 2, 1, false},
    {"pow(%s, 3)", 2, 1, false},
    {"pow(0.25 + abs(%s), -0.5)", 100, 2, false},
    {"pow(1.5, %s)", 3, 1.5, false},
    {"sin(30 * (%s))", 3, 1, false}, /* too steep for a cycle, where it is chaos and differences tell nothing */
};
enum { FUNCTIONS = sizeof functions / sizeof *functions, STEEP = FUNCTIONS - 1 };

/* Makes functions that jump, of operands without roundings, so that no side of a jump is taken for the other. */
static struct code step(struct scope *scope, struct sizes shape, struct context context)
{
    static const char *const forms[] = {"sign(%s)", "floor(2 * (%s))", "mod(%s, 0.75)", "mod(%s, -1.5)"};
    struct code code = make_exact(scope, shape, context);
    if (!code.text)
        return code;
    code.text = format(scope, forms[pick(scope->generator, 4)], code.text);
    code.level = LEVEL_POSTFIX;
    code.bound = largest(1.5, 2 * code.bound);
    return code;
}

static struct code function_of_one(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    struct code code = make_expression(scope, shape, context);
    if (!code.text)
        return code;
    if (chance(generator, 15)) {
        code.text = format(scope, "-%s", bracketed(scope, &code, LEVEL_UNARY));
        code.level = LEVEL_UNARY;
        return code;
    }
    if (scope->given && chance(generator, 30)) { /* one that makes of 2 no more than 3 */
        if (code.bound > 2)
            code = squashed(scope, code);
        return (struct code){format(scope, "act(%s)", code.text), LEVEL_POSTFIX, code.time, false, code.grounded, 3};
    }
    int number = pick(generator, FUNCTIONS - scope->cyclic);
    if (number == STEEP && generator->train && scope->generic) /* functions and cells may be called in a cycle */
        number--;
    const struct function_of_one *function = &functions[number];
    if (code.bound > function->most)
        code = squashed(scope, code);
    if (generator->train && !strcmp(function->form, stop_gradient))
        code.text = format(scope, "(%s) + 0.03125", code.text);
    code.text = format(scope, function->form, code.text);
    code.level = LEVEL_POSTFIX;
    code.exact &= function->exact;
    code.bound *= function->gain;
    return code;
}

static struct code function_of_more(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    struct code a = make_expression(scope, shape, context), b = operand(scope, shape, context);
    if (!a.text || !b.text)
        return (struct code){0};
    struct code all[3] = {a, b, {"0", LEVEL_POSTFIX, WHEN_STATIC, true, false, 0}};
    struct code code;
    switch (pick(generator, 5)) {
    case 3:
        code = combine(format(scope, "pow(0.25 + softsign(abs(%s)), %s)", a.text, squashed(scope, b).text),
                       LEVEL_POSTFIX, 2, all);
        code.bound = 4;
        return code;
    case 0:
        code = combine(format(scope, "%s(%s, %s)", chance(generator, 50) ? "min" : "max", a.text, b.text),
                       LEVEL_POSTFIX, 2, all);
        code.exact = a.exact && b.exact;
        return code;
    case 1:
        code = combine(format(scope, "clip(%s, -abs(%s), 0.5)", a.text, b.text), LEVEL_POSTFIX, 2, all);
        return code;
    case 2:
        code = combine(format(scope, "leaky_relu(%s, %s)", a.text, b.text), LEVEL_POSTFIX, 2, all);
        code.bound = a.bound * largest(1, b.bound);
        return code;
    default:
        break;
    }
    all[2] = comparison(scope, chance(generator, 30) ? (struct sizes){0} : shape, context);
    if (!all[2].text)
        return (struct code){0};
    code = combine(format(scope, "where(%s, %s, %s)", all[2].text, a.text, b.text), LEVEL_POSTFIX, 3, all);
    code.grounded = a.grounded; /* the condition may be a scalar */
    code.exact = a.exact && b.exact;
    return code;
}

/* Makes g * a + (1 - g) * b, the sum that gates make. */
static struct code blend(struct scope *scope, struct sizes shape, struct context context)
{
    struct code all[3];
    for (int i = 0; i < 3; i++)
        all[i] = make_expression(scope, shape, context);
    if (!all[0].text || !all[1].text || !all[2].text)
        return (struct code){0};
    const char *gate = all[0].text;
    const char *text = format(scope, "sigmoid(%s) * %s + (1 - sigmoid(%s)) * %s", gate,
                              bracketed(scope, &all[1], LEVEL_UNARY), gate, bracketed(scope, &all[2], LEVEL_UNARY));
    struct code code = combine(text, LEVEL_SUM, 3, all);
    code.bound = largest(all[1].bound, all[2].bound);
    return code;
}

/* Makes more terms in a row than a program nests: a + a - a ..., of one size. Two leaves, so that compilers keep them
 * apart. */
static struct code long_row(struct scope *scope, struct sizes shape, struct context context)
{
    struct code all[2] = {make_leaf(scope, shape, context), make_leaf(scope, shape, context)};
    if (!all[0].text || !all[1].text)
        return (struct code){0};
    int count = 200 + pick(scope->generator, 200);
    struct text text;
    text_init(&text, scope->generator->arena);
    for (int i = 0; i < count; i++)
        text_printf(&text, "%s%s * 0.%03d",
                    i == 0  ? ""
                    : i % 3 ? " + "
                            : " - ",
                    bracketed(scope, &all[i % 2], LEVEL_UNARY), 1 + i % 7);
    struct code code = combine(text.data, LEVEL_SUM, 2, all);
    code.bound = 1 + largest(all[0].bound, all[1].bound);
    code.exact = false;
    return code;
}

struct code make_elementwise(struct scope *scope, struct sizes shape, struct context context)
{
    int kind = pick(scope->generator, 100);
    if (kind == 0 && chance(scope->generator, 10))
        return long_row(scope, shape, context);
    if (kind < 40)
        return arithmetic(scope, shape, context);
    if (kind < 70)
        return function_of_one(scope, shape, context);
    if (kind < 84)
        return function_of_more(scope, shape, context);
    if (kind < 90)
        return quotient(scope, shape, context);
    if (kind < 93)
        return comparison(scope, shape, context);
    if (kind < 95)
        return step(scope, shape, context);
    return context.depth > 0 ? blend(scope, shape, context) : (struct code){0};
}

/* ---- whole vectors ---- */

static struct code normalised(struct scope *scope, struct sizes shape, struct context context)
{
    struct code all[3] = {make_expression(scope, shape, context)};
    struct variable *spread = add_parameter(scope, shape); /* so that the variance is not 0 but for roundings */
    for (int i = 1; i < 3; i++)
        all[i] = make_leaf(scope, chance(scope->generator, 25) ? (struct sizes){0} : shape, context);
    if (!spread || !all[0].text || !all[1].text || !all[2].text)
        return (struct code){0};
    spread->used = true;
    const char *text = format(scope, "layernorm(%s + %s, %s, %s)", bracketed(scope, &all[0], LEVEL_SUM), spread->name,
                              all[1].text, all[2].text);
    struct code code = combine(text, LEVEL_POSTFIX, 3, all);
    code.grounded = true;
    code.bound = 3;
    return code;
}

struct code make_column(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    context = mixing(scope, context);
    if (shape.rank) {
        if (chance(generator, 30) && !scope->is_function)
            return normalised(scope, shape, context);
        struct code code = make_expression(scope, shape, context);
        if (!code.text)
            return code;
        bool logarithm = chance(generator, 25);
        code =
            combine(format(scope, "%s(%s)", logarithm ? "log_softmax" : "softmax", code.text), LEVEL_POSTFIX, 1, &code);
        code.bound = logarithm ? 4 : 1;
        return code;
    }
    struct size size = size_random(scope);
    struct sizes vector = vector_of(size);
    struct code code = make_expression(scope, vector, context);
    if (!code.text)
        return code;
    static const char *const reductions[] = {"sum", "mean", "maximum"};
    int kind = pick(generator, 4);
    if (kind == 3) {
        struct code pair[2] = {code};
        pair[1] = make_expression(scope, vector, context);
        if (!pair[1].text)
            return (struct code){0};
        code = combine(format(scope, "%s @ %s", bracketed(scope, &pair[0], LEVEL_POSTFIX),
                              bracketed(scope, &pair[1], LEVEL_UNARY)),
                       LEVEL_AT, 2, pair);
        code.bound = pair[0].bound * pair[1].bound * size_value(scope, size) * 0.3;
        code.grounded = pair[0].grounded;
        return code;
    }
    double bound = kind == 0 ? code.bound * size_value(scope, size) * 0.4 : code.bound;
    bool exact = code.exact && kind != 1;
    code = combine(format(scope, "%s(%s)", reductions[kind], code.text), LEVEL_POSTFIX, 1, &code);
    code.bound = bound;
    code.exact = exact;
    return code;
}
