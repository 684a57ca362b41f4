/* Expressions of a given shape, as operands. */
#include "base/arena.h"
#include "scope.h"

struct code code_of(struct variable *variable)
{
    variable->used = true;
    return (struct code){variable->name,  LEVEL_POSTFIX,      variable->time,
                         variable->exact, variable->grounded, variable->bound};
}

struct code squashed(struct scope *scope, struct code code)
{
    static const char *const functions[] = {"tanh", "sigmoid", "softsign", "hard_tanh", "tanh", "sigmoid"};
    const char *function = functions[pick(scope->generator, 6)];
    return (struct code){
        format(scope, "%s(%s)", function, code.text), LEVEL_POSTFIX, code.time, false, code.grounded, 1};
}

static struct code number(struct scope *scope)
{
    double value;
    const char *text = number_text(scope, &value);
    return (struct code){text, value < 0 ? LEVEL_UNARY : LEVEL_POSTFIX, WHEN_STATIC, true, true, 1};
}

/* Assembles a vector from scalars and existing values: the last resort without parameters. */
static struct code assemble(struct scope *scope, struct size size, struct context context)
{
    struct code result = {NULL, LEVEL_POSTFIX, WHEN_STATIC, true, true, 1};
    const char *text = NULL;
    struct size atoms[DIMENSIONS] = {{1, 0, 0}, {0, 1, 0}};
    int counts[DIMENSIONS] = {size.n, size.m};
    context.own = context.forward = false;
    for (int i = 0; i < DIMENSIONS; i++)
        for (int k = 0; k < counts[i]; k++) {
            struct sizes atom = vector_of(atoms[i]);
            struct variable *variable = find_variable(scope, context, &atom, false);
            if (!variable)
                return (struct code){0};
            struct code part = code_of(variable);
            text = format(scope, "%s%s%s", text ? text : "", text ? ", " : "", part.text);
            result.time = part.time > result.time ? part.time : result.time;
            result.exact &= part.exact;
            result.bound = part.bound > result.bound ? part.bound : result.bound;
        }
    for (int k = 0; k < size.c; k++)
        text = format(scope, "%s%s%s", text ? text : "", text ? ", " : "", number(scope).text);
    result.text = format(scope, "concat(%s)", text);
    return result;
}

struct code make_leaf(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    if (scope->delays && context.most == WHEN_FRAME && chance(generator, scope->cyclic ? 60 : 30)) {
        struct code code = make_delay(scope, shape, context);
        if (code.text)
            return code;
    }
    struct variable *variable = chance(generator, 85) ? find_variable(scope, context, &shape, false) : NULL;
    if (!variable && shape.rank == 0 && chance(generator, 50))
        return number(scope);
    if (!variable)
        variable = add_parameter(scope, shape);
    if (!variable)
        variable = find_variable(scope, context, &shape, false);
    if (variable)
        return code_of(variable);
    return shape.rank ? assemble(scope, shape.dim[0], context) : number(scope);
}

/* A delay of some frames: of the next one in most reads, in some of more than a step moves. */
int delay_random(struct generator *generator)
{
    return chance(generator, 65) ? 1 : chance(generator, 75) ? 1 + pick(generator, 4) : 5 + pick(generator, 12);
}

struct code make_delay(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    if (!scope->delays || context.most < WHEN_FRAME)
        return (struct code){0};
    int delay = delay_random(generator);
    bool free_way = !scope->cyclic && generator->future && chance(generator, 40);
    struct code code;
    bool ahead;
    if (context.depth > 1 && chance(generator, 25)) {
        struct context inside = context;
        inside.depth = context.depth - 1;
        inside.now = true;
        code = make_expression(scope, shape, inside);
        if (!code.text || code.time != WHEN_FRAME)
            return (struct code){0};
        ahead = scope->cyclic ? scope->ahead : free_way;
        code.text = format(scope, "(%s)", code.text);
    } else {
        struct variable *variable = find_variable(scope, context, &shape, true);
        if (!variable)
            return (struct code){0};
        code = code_of(variable);
        variable->past_used = true;
        bool on_cycle = scope->cyclic && variable->group == scope->group;
        ahead = on_cycle ? scope->ahead : generator->future && chance(generator, 30);
        code.time = WHEN_FRAME;
    }
    scope->stateful = true;
    scope->future |= ahead;
    code.text = format(scope, "%s[t%c%d]", code.text, ahead ? '+' : '-', delay);
    code.level = LEVEL_POSTFIX;
    return code;
}

struct code over_time_of(struct scope *scope, struct code code)
{
    static const char *const functions[] = {"last", "first", "mean_over_time", "max_over_time", "sum_over_time"};
    int function = pick(scope->generator, 5);
    scope->future = scope->stateful = true;
    code.text = format(scope, "%s(%s)", functions[function], code.text);
    code.level = LEVEL_POSTFIX;
    code.time = WHEN_SEQUENCE;
    code.exact &= function != 2;
    code.bound *= function == 4 ? 4 : 1;
    return code;
}

struct code make_over_time(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    if (!generator->future || scope->is_function || context.most < WHEN_SEQUENCE)
        return (struct code){0};
    bool frames = context.most == WHEN_FRAME;
    context.most = WHEN_FRAME;
    context.own = context.forward = context.now = false;
    context.depth--;
    struct code code = make_expression(scope, shape, context);
    if (!code.text || code.time != WHEN_FRAME)
        return (struct code){0};
    if (frames && chance(generator, 20)) {
        scope->future = scope->stateful = true;
        code.text = format(scope, "softmax_over_time(%s)", code.text);
        return (struct code){code.text, LEVEL_POSTFIX, WHEN_FRAME, false, code.grounded, 1};
    }
    return over_time_of(scope, code);
}

struct code make_embedding(struct scope *scope, struct size size, struct context context)
{
    struct generator *generator = scope->generator;
    struct variable *id = NULL;
    for (int i = 0, count = 0; i < scope->variable_count; i++)
        if (scope->variables[i].vocabulary && scope->variables[i].time <= context.most && pick(generator, ++count) == 0)
            id = &scope->variables[i];
    if (!id)
        return (struct code){0};
    id->used = true;
    struct code table = make_matrix(scope, (struct size){0, 0, id->vocabulary}, size, context.depth > 1);
    if (!table.text)
        return (struct code){0};
    const char *delay = "";
    if (id->time == WHEN_FRAME && chance(generator, 30)) {
        bool ahead = generator->future && chance(generator, 30);
        delay = format(scope, "[t%c%d]", ahead ? '+' : '-', 1 + pick(generator, 3));
        scope->future |= ahead;
    }
    return (struct code){format(scope, "embed(%s, %s%s)", table.text, id->name, delay),
                         LEVEL_POSTFIX,
                         id->time,
                         table.exact,
                         true,
                         table.bound};
}

/* ---- operands of comparisons ---- */

/* Makes an operand of a comparison: inputs, parameters, their past and multiples of 1/8, with nothing between them that
 * rounds. */
struct code make_exact(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    context.depth = 1;
    for (int i = 0; i < 4; i++) {
        struct code code = make_leaf(scope, shape, context);
        if (!code.text || !code.exact)
            continue;
        if (chance(generator, 25)) {
            static const char *const functions[] = {"abs", "relu"};
            code.text = format(scope, "%s(%s)", functions[pick(generator, 2)], code.text);
            code.level = LEVEL_POSTFIX;
        } else if (chance(generator, 25)) {
            struct code other = number(scope);
            code.text =
                format(scope, "%s + %s", bracketed(scope, &code, LEVEL_SUM), bracketed(scope, &other, LEVEL_PRODUCT));
            code.level = LEVEL_SUM;
        }
        return code;
    }
    return (struct code){0};
}

/* ---- any expression ---- */

static struct code make_vector(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    int kind = pick(generator, 100);
    if (kind < 45)
        return make_elementwise(scope, shape, context);
    if (kind < 65)
        return scope->is_function || (scope->product_count > 3 && chance(generator, 80))
                   ? (struct code){0}
                   : make_product(scope, shape.dim[0], context);
    if (kind < 75)
        return make_move(scope, shape, context);
    if (kind < 80)
        return make_column(scope, shape, context);
    if (kind < 84)
        return make_embedding(scope, shape.dim[0], context);
    if (kind < 87)
        return make_over_time(scope, shape, context);
    if (kind < 90)
        return make_static_part(scope, shape);
    if (kind < 95)
        return make_call(scope, shape, context);
    return make_delay(scope, shape, context);
}

static struct code make_scalar(struct scope *scope, struct sizes shape, struct context context)
{
    int kind = pick(scope->generator, 100);
    if (kind < 45)
        return make_elementwise(scope, shape, context);
    if (kind < 75)
        return make_column(scope, shape, context);
    if (kind < 85)
        return make_move(scope, shape, context);
    if (kind < 90)
        return make_call(scope, shape, context);
    if (kind < 93)
        return make_over_time(scope, shape, context);
    if (kind < 95 && scope->delays && context.most == WHEN_FRAME) {
        scope->stateful = true;
        return (struct code){"1 / (1 + frame_number())", LEVEL_PRODUCT, WHEN_FRAME, false, true, 1};
    }
    return make_delay(scope, shape, context);
}

struct code make_expression(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    if (context.depth <= 0 || chance(generator, 6))
        return make_leaf(scope, shape, context);
    context.depth--;
    for (int i = 0; i < 6; i++) {
        struct code code = shape.rank ? make_vector(scope, shape, context) : make_scalar(scope, shape, context);
        if (code.text && code.bound > 4)
            return squashed(scope, code);
        if (code.text && chance(generator, 3)) { /* for nothing */
            code.text = format(scope, "(%s)", code.text);
            code.level = LEVEL_POSTFIX;
        }
        if (code.text)
            return code;
    }
    return make_leaf(scope, shape, context);
}
