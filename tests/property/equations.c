/* Equations: groups of them, alone or in a cycle, recurrent layers as papers have them, static ones, and inits. */
#include <string.h>

#include "base/arena.h"
#include "scope.h"

static struct context anywhere(const struct scope *scope, int depth)
{
    return (struct context){.depth = depth, .most = WHEN_FRAME, .own = true, .forward = scope->cyclic};
}

/* Makes an expression between -1 and 1, more or less: values in a cycle must not grow. */
static struct code bounded(struct scope *scope, struct code code)
{
    if (code.bound <= 1.01)
        return code;
    if (code.bound <= 2 && chance(scope->generator, 40)) {
        code.text = format(scope, "0.5 * %s", bracketed(scope, &code, LEVEL_UNARY));
        code.level = LEVEL_PRODUCT;
        code.bound /= 2;
        return code;
    }
    if (chance(scope->generator, 15)) {
        code.text = format(scope, "clip(%s, -1, 1)", code.text);
        code.level = LEVEL_POSTFIX;
        code.bound = 1;
        return code;
    }
    return squashed(scope, code);
}

static void define(struct variable *variable, struct code code)
{
    variable->ready = true;
    variable->exact = code.exact;
    variable->bound = code.bound;
    variable->time = code.time;
    variable->grounded = true;
}

static void write_equation(struct scope *scope, struct variable *variable)
{
    struct code code = {0};
    int reads = scope->own_reads, others = scope->other_reads;
    for (int i = 0; i < 3 && (!code.text || (scope->cyclic && scope->own_reads == reads)); i++)
        code = make_frames(scope, variable->shape, anywhere(scope, 2 + pick(scope->generator, 2)));
    if (scope->other_reads == others) /* a value of its own past alone would never change */
        code = add_frames(scope, variable->shape, code);
    code = bounded(scope, code);
    const char *declared = "";
    if (variable->shape.rank && (variable->grounded || !code.grounded)) {
        declared = sizes_text(scope, &variable->shape);
    } else if (!code.grounded) {
        code.text = format(scope, "%s + 0.125", bracketed(scope, &code, LEVEL_SUM));
    }
    add_statement(scope, format(scope, "%s%s = %s", variable->name, declared, code.text));
    define(variable, code);
}

/* `a, b = split(e, 2)` for variables of one size, the first `count` that have it. */
static int write_split(struct scope *scope, struct variable *variables, int most)
{
    int count = 1;
    if (variables[0].shape.rank != 1)
        return 0;
    while (count < most && sizes_equal(scope, &variables[count].shape, &variables[0].shape))
        count++;
    struct size size = variables[0].shape.dim[0];
    struct size whole = {size.n * count, size.m * count, size.c * count};
    struct context context = mixing(scope, anywhere(scope, 2));
    struct code code = bounded(scope, make_frames(scope, vector_of(whole), context));
    const char *names = "";
    for (int i = 0; i < count; i++) {
        const char *declared = variables[i].grounded || !code.grounded ? sizes_text(scope, &variables[i].shape) : "";
        names = format(scope, "%s%s%s%s", names, i ? ", " : "", variables[i].name, declared);
    }
    add_statement(scope, format(scope, "%s = split(%s, %d)", names, code.text, count));
    for (int i = 0; i < count; i++)
        define(&variables[i], code);
    return count;
}

static void write_one(struct scope *scope, struct variable *variable)
{
    if (chance(scope->generator, 30) && write_instance(scope, variable, anywhere(scope, 1))) {
        define(variable, (struct code){NULL, LEVEL_POSTFIX, WHEN_FRAME, false, true, 1});
        return;
    }
    write_equation(scope, variable);
}

static struct variable *new_variables(struct scope *scope, int count)
{
    struct generator *generator = scope->generator;
    struct variable *variables = &scope->variables[scope->variable_count];
    struct sizes shape = {0};
    for (int i = 0; i < count; i++) {
        if (i == 0 || !(scope->elementwise || chance(generator, 30)))
            shape = chance(generator, 12) ? (struct sizes){0} : vector_of(size_random(scope));
        struct variable *variable = add_variable(scope, new_name(scope), shape, WHEN_FRAME);
        variable->ready = false;
        variable->grounded = shape.rank && chance(generator, 25); /* will be declared */
    }
    return variables;
}

void write_group(struct scope *scope, struct variable *variables, int count)
{
    struct generator *generator = scope->generator;
    scope->group++;
    scope->cyclic = scope->delays && chance(generator, 65);
    scope->elementwise = scope->cyclic && chance(generator, 35);
    scope->ahead = scope->cyclic && generator->future && chance(generator, 30);
    if (!variables)
        variables = new_variables(scope, count);
    for (int i = 0; i < count; i++)
        variables[i].group = scope->group;
    for (int i = 0; i < count;) {
        int split = chance(generator, 15) ? write_split(scope, variables + i, count - i) : 0;
        if (!split)
            write_one(scope, &variables[i]);
        i += split ? split : 1;
    }
    scope->cyclic = scope->elementwise = scope->ahead = false;
    scope->group++;
}

/* ---- layers ---- */

/* Recurrent layers. In the equations, $ marks letters that get a name: parameters are capitals, values small letters;
 * $x is the input and $t is t-1 or the like. */
static const struct layer {
    const char *matrices; /* of [n, m], on the input */
    const char *squares;  /* of [n, n] */
    const char *vectors;  /* of [n] */
    const char *values;   /* the last is the layer's output */
    const char *equations[6];
} layers[] = {
    {"A", "B", "C", "h", {"$h = tanh($A @ $x + $B @ $h[$t] + $C)"}},
    {"ABCD",
     "EFGH",
     "IJ",
     "ch",
     {"$c = sigmoid($A @ $x + $E @ $h[$t] + $I) * $c[$t] + sigmoid($B @ $x + $F @ $h[$t]) * tanh($C @ $x + $G @ "
      "$h[$t])",
      "$h = sigmoid($D @ $x + $H @ $h[$t] + $J * $c) * tanh($c)"}},
    {"ABC",
     "EFG",
     "I",
     "rzh",
     {"$r = sigmoid($A @ $x + $E @ $h[$t])", "$z = sigmoid($B @ $x + $F @ $h[$t] + $I)",
      "$h = (1 - $z) * $h[$t] + $z * tanh($C @ $x + $G @ ($r * $h[$t]))"}},
    {"ABC",
     "EFG",
     "I",
     "rzh",
     {"$r = sigmoid($A @ $x + $E @ $h[$t])", "$z = sigmoid($B @ $x + $F @ $h[$t])",
      "$h = (1 - $z) * tanh($C @ $x + $r * ($G @ $h[$t] + $I)) + $z * $h[$t]"}},
    {"ABC",
     "",
     "IJ",
     "fch",
     {"$f = sigmoid($A @ $x + $I)", "$c = $f * $c[$t] + (1 - $f) * ($B @ $x)",
      "$h = sigmoid($C @ $x + $J) * tanh($c)"}},
    {"AB", "", "IJ", "zh", {"$z = sigmoid($A @ $x + $I * $h[$t])", "$h = $z * $h[$t] + (1 - $z) * tanh($B @ $x + $J)"}},
    {"A", "", "IJ", "h", {"$h = relu($A @ $x + clip($I, -0.5, 0.5) * $h[$t] + $J)"}},
    {"A", "EF", "I", "ab", {"$a = tanh($A @ $x + $E @ $b[$t])", "$b = softmax($F @ $a + $I * $b[$t])"}},
};

/* The parameters and values of a layer by their letters. */
struct letters {
    const char *names[128];
};

static bool add_letters(struct scope *scope, struct letters *letters, const char *which, struct sizes shape)
{
    for (; *which; which++) {
        struct variable *variable = add_parameter(scope, shape);
        if (!variable)
            return false;
        letters->names[(int)*which] = variable->name;
    }
    return true;
}

static const char *filled(struct scope *scope, const char *form, const struct letters *letters)
{
    struct text text;
    text_init(&text, scope->generator->arena);
    for (; *form; form++) {
        if (*form != '$')
            text_append(&text, form, 1);
        else
            text_puts(&text, letters->names[(int)*++form]);
    }
    return text.data;
}

void write_layer(struct scope *scope)
{
    struct generator *generator = scope->generator;
    const struct layer *layer = &layers[pick(generator, sizeof layers / sizeof *layers)];
    struct size n = size_random(scope), m = size_random(scope);
    struct letters letters = {0};
    struct code x = make_frames(scope, vector_of(m), anywhere(scope, 1));
    if (!add_letters(scope, &letters, layer->matrices, matrix_of(n, m)) ||
        !add_letters(scope, &letters, layer->squares, matrix_of(n, n)) ||
        !add_letters(scope, &letters, layer->vectors, vector_of(n)))
        return;
    letters.names['x'] = bracketed(scope, &x, LEVEL_UNARY);
    bool ahead = generator->future && chance(generator, 30);
    int delay = delay_random(generator);
    letters.names['t'] = format(scope, "t%c%d", ahead ? '+' : '-', delay);
    scope->group++;
    for (const char *value = layer->values; *value; value++) {
        const char *name = new_name(scope);
        letters.names[(int)*value] = name;
        struct variable *variable = add_variable(scope, name, vector_of(n), WHEN_FRAME);
        variable->used = value[1] != 0;
        variable->past_used = true;
    }
    scope->group++;
    for (int i = 0; layer->equations[i]; i++)
        add_statement(scope, filled(scope, layer->equations[i], &letters));
    scope->stateful = true;
    scope->future |= ahead;
    scope->product_count += 2;
}

/* ---- static values ---- */

void write_static(struct scope *scope)
{
    struct generator *generator = scope->generator;
    struct context context = {.depth = 2, .most = WHEN_STATIC};
    struct code code;
    struct sizes shape;
    if (chance(generator, 40)) {
        shape.rank = 2;
        shape.dim[0] = size_random(scope);
        shape.dim[1] = size_random(scope);
        code = make_matrix(scope, shape.dim[0], shape.dim[1], 2);
    } else {
        shape = chance(generator, 20) ? (struct sizes){0} : vector_of(size_random(scope));
        code = make_expression(scope, shape, context);
    }
    if (!code.text || code.time != WHEN_STATIC)
        return;
    if (shape.rank < 2)
        code = bounded(scope, code);
    struct variable *variable = add_variable(scope, new_name(scope), shape, WHEN_STATIC);
    variable->exact = code.exact;
    variable->bound = code.bound;
    add_statement(scope, format(scope, "%s = %s", variable->name, code.text));
}

void write_inits(struct scope *scope)
{
    struct generator *generator = scope->generator;
    int count = scope->variable_count;
    for (int i = 0; i < count; i++) {
        struct variable *variable = &scope->variables[i];
        bool replaces = variable->has_init && strchr(variable->name, '.'); /* what the cell of an instance says */
        if (!variable->past_used || (variable->has_init && !replaces) || variable->vocabulary ||
            variable->time != WHEN_FRAME || !chance(generator, 35))
            continue;
        struct sizes shape = chance(generator, 25) ? (struct sizes){0} : variable->shape;
        struct context context = {.depth = variable->exact ? 0 : pick(generator, 2), .most = WHEN_STATIC};
        struct code code = make_expression(scope, shape, context);
        for (int k = 0; k < scope->variable_count; k++) {
            struct variable *input = &scope->variables[k];
            if (input->group || input->vocabulary || !sizes_equal(scope, &input->shape, &variable->shape) ||
                !chance(generator, 60))
                continue;
            if (input->time == WHEN_SEQUENCE)
                code = code_of(input);
            /* In a cell it may depend on this variable; and it may have an init that does. */
            if (input->time == WHEN_FRAME && generator->future && !scope->generic && variable->group &&
                !input->has_init)
                code = over_time_of(scope, code_of(input));
        }
        if (!code.text || (variable->exact && !code.exact))
            continue;
        add_statement(scope, format(scope, "init %s = %s", variable->name, bounded(scope, code).text));
        variable->has_init = true;
    }
}
