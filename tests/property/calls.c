/* Calls of functions and cells, and instances. */
#include "scope.h"

#include "base/arena.h"

struct code add_frames(struct scope *scope, struct sizes shape, struct code code)
{
    struct variable *variable = NULL;
    for (int i = 0, count = 0; i < scope->variable_count; i++) {
        struct variable *other = &scope->variables[i];
        bool fits = other->shape.rank <= 1 &&
                    (other->shape.rank == 0 || other->group == 0 || sizes_equal(scope, &other->shape, &shape));
        if (other->time == WHEN_FRAME && other->group != scope->group && !other->vocabulary && fits &&
            pick(scope->generator, ++count) == 0)
            variable = other;
    }
    if (!variable) /* a group of its own has no other yet: the first value is an input with frames */
        variable = &scope->variables[0];
    bool whole = sizes_equal(scope, &variable->shape, &shape);
    variable->used = true;
    code.text = format(scope, "%s + %s%s", bracketed(scope, &code, LEVEL_SUM), variable->name,
                       whole || variable->shape.rank == 0 ? "" : "[0]");
    code.level = LEVEL_SUM;
    code.time = WHEN_FRAME;
    code.bound += 1;
    code.exact = false;
    code.grounded |= whole;
    return code;
}

struct code make_frames(struct scope *scope, struct sizes shape, struct context context)
{
    for (int i = 0; i < 3; i++) {
        struct code code = make_expression(scope, shape, context);
        if (code.text && code.time == WHEN_FRAME)
            return code;
    }
    return add_frames(scope, shape, make_leaf(scope, shape, (struct context){.most = WHEN_FRAME}));
}

static struct code call_function(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    const struct function *function = &generator->functions[pick(generator, generator->function_count)];
    if (function->vectors_only && shape.rank != 1)
        return (struct code){0};
    if (function->vectors_only)
        context = mixing(scope, context);
    struct code result = {NULL, LEVEL_POSTFIX, WHEN_STATIC, false, true, 3};
    const char *text = "";
    for (int i = 0; i < function->arity; i++) {
        struct code code = make_expression(scope, shape, context);
        if (!code.text)
            return code;
        if (code.bound > 2)
            code = squashed(scope, code);
        text = format(scope, "%s%s%s", text, *text ? ", " : "", code.text);
        result.time = code.time > result.time ? code.time : result.time;
        result.grounded &= code.grounded;
    }
    result.text = format(scope, "%s(%s)", function->name, text);
    return result;
}

static struct sizes sizes_substitute(const struct sizes *sizes, struct size n, struct size m)
{
    struct sizes result = *sizes;
    for (int i = 0; i < result.rank; i++)
        result.dim[i] = size_substitute(sizes->dim[i], n, m);
    return result;
}

/* True if this cell may be called here, backwards if `reversed`. */
static bool cell_fits(const struct scope *scope, const struct cell *cell, bool reversed, struct context context)
{
    if (cell->stateful && !scope->delays)
        return false;
    if (!scope->cyclic || !(context.own || context.forward))
        return true;
    return !cell->future && !scope->elementwise && (!cell->stateful || reversed == scope->ahead);
}

/* Returns an id of this vocabulary: an existing one, or in a model a new input; NULL in a cell without one. */
static const char *find_id(struct scope *scope, int vocabulary)
{
    for (int i = 0; i < scope->variable_count; i++) {
        struct variable *id = &scope->variables[i];
        if (id->vocabulary != vocabulary || id->time != WHEN_FRAME || !chance(scope->generator, 70))
            continue;
        id->used = true;
        return scope->delays && chance(scope->generator, 30) ? format(scope, "%s[t-1]", id->name) : id->name;
    }
    if (scope->generic)
        return NULL;
    const char *name = new_name(scope);
    struct variable *id = add_variable(scope, name, (struct sizes){0}, WHEN_FRAME);
    id->exact = id->used = true;
    id->vocabulary = vocabulary;
    id->group = 0;
    add_statement(scope, format(scope, "input %s: index[%d]", name, vocabulary));
    return name;
}

/* Writes the arguments of a call. A value declared only by its own past gets an equation of its own, for a cell has to
 * know the sizes of its inputs. */
static const char *write_arguments(struct scope *scope, const struct instance *instance, struct context context)
{
    const char *text = "";
    for (int i = 0; i < instance->cell->input_count; i++) {
        if (instance->cell->vocabularies[i]) {
            const char *id = find_id(scope, instance->cell->vocabularies[i]);
            if (!id)
                return NULL;
            text = format(scope, "%s%s%s", text, *text ? ", " : "", id);
            continue;
        }
        struct sizes shape = sizes_substitute(&instance->cell->inputs[i], instance->n, instance->m);
        struct code code = make_frames(scope, shape, context);
        if (!code.text || code.time != WHEN_FRAME)
            return NULL;
        if (code.bound > 2)
            code = squashed(scope, code);
        if (!code.grounded && shape.rank && !context.now) {
            const char *name = new_name(scope);
            add_statement(scope, format(scope, "%s%s = %s", name, sizes_text(scope, &shape), code.text));
            add_variable(scope, name, shape, WHEN_FRAME);
            code.text = name;
        } else if (!code.grounded) {
            return NULL;
        }
        text = format(scope, "%s%s%s", text, *text ? ", " : "", code.text);
    }
    return text;
}

/* Returns ", f" for a function that a cell is given, "" for its default. */
static const char *given_text(struct scope *scope)
{
    static const char *const names[] = {"tanh", "sigmoid", "relu", "leaky_relu", "elu", "gelu", "hard_sigmoid"};
    struct generator *generator = scope->generator;
    if (chance(generator, 20))
        return "";
    if (scope->given && chance(generator, 50))
        return ", act";
    const struct function *function =
        generator->function_count ? &generator->functions[pick(generator, generator->function_count)] : NULL;
    if (function && function->arity == 1 && !function->vectors_only && chance(generator, 50))
        return format(scope, ", %s", function->name);
    return format(scope, ", %s", names[pick(generator, sizeof names / sizeof *names)]);
}

static const char *brackets(struct scope *scope, const struct instance *instance)
{
    if (!instance->cell->brackets)
        return "";
    const char *given = instance->cell->given ? given_text(scope) : "";
    return format(scope, "[%s%s]", size_text(scope, instance->n), given);
}

/* Calls a cell without parameters within an expression. */
static struct code call_cell(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    const struct cell *cell = generator->cells[pick(generator, generator->cell_count)];
    context = mixing(scope, context);
    if (cell->owns || cell->output_count > 1 || shape.rank != 1 || scope->is_function || context.most != WHEN_FRAME ||
        !cell_fits(scope, cell, false, context))
        return (struct code){0};
    struct instance instance = {NULL, cell, shape.dim[0], size_random(scope)};
    const char *arguments = write_arguments(scope, &instance, context);
    if (!arguments)
        return (struct code){0};
    scope->stateful |= cell->stateful;
    scope->future |= cell->future;
    return (struct code){format(scope, "%s%s(%s)", cell->name, brackets(scope, &instance), arguments),
                         LEVEL_POSTFIX,
                         WHEN_FRAME,
                         false,
                         true,
                         1};
}

struct code make_call(struct scope *scope, struct sizes shape, struct context context)
{
    struct generator *generator = scope->generator;
    if (generator->function_count && chance(generator, 50))
        return call_function(scope, shape, context);
    return generator->cell_count ? call_cell(scope, shape, context) : (struct code){0};
}

/* Adds everything that an instance makes readable: the other outputs are in `names` already. */
static void add_inner(struct scope *scope, const struct instance *instance, const char *path)
{
    const struct cell *cell = instance->cell;
    for (int i = 0; i < cell->inner_count; i++) {
        struct sizes shape = sizes_substitute(&cell->inner[i].shape, instance->n, instance->m);
        const char *name = format(scope, "%s.%s", path, cell->inner[i].name);
        struct variable *variable = add_variable(scope, name, shape, WHEN_FRAME);
        variable->bound = cell->inner[i].bound;
        variable->has_init = cell->inner[i].has_init;
        variable->used = true;
    }
}

/* Returns an instance whose weights a call can share, or NULL. */
static const struct instance *find_shared(struct scope *scope, const struct variable *variable)
{
    for (int i = 0; i < scope->instance_count; i++)
        if (scope->instances[i].name && size_equal(scope, scope->instances[i].n, variable->shape.dim[0]) &&
            chance(scope->generator, 30))
            return &scope->instances[i];
    return NULL;
}

bool write_instance(struct scope *scope, struct variable *variable, struct context context)
{
    struct generator *generator = scope->generator;
    if (variable->shape.rank != 1 || !generator->cell_count || (!scope->parameters && scope->generic))
        return false;
    const struct cell *cell = generator->cells[pick(generator, generator->cell_count)];
    struct instance instance = {NULL, cell, variable->shape.dim[0], size_random(scope)};
    const struct instance *shared = find_shared(scope, variable);
    if (shared) {
        instance = *shared;
        cell = instance.cell;
    }
    bool on_cycle = scope->cyclic && cell->stateful;
    bool reversed = on_cycle ? scope->ahead : generator->future && chance(generator, 30);
    if (!cell_fits(scope, cell, reversed, context))
        return false;
    const char *arguments = write_arguments(scope, &instance, context);
    if (!arguments)
        return false;
    bool stacked = !shared && cell->input_count == 1 && cell->output_count == 1 && chance(generator, 25);
    const char *call = shared ? instance.name : format(scope, "%s%s", cell->name, brackets(scope, &instance));
    const char *names = variable->name;
    if (variable->grounded)
        names = format(scope, "%s%s", names, sizes_text(scope, &variable->shape));
    for (int i = 1; i < cell->output_count; i++) {
        struct variable *output = add_variable(scope, new_name(scope),
                                               sizes_substitute(&cell->outputs[i], instance.n, instance.m), WHEN_FRAME);
        names = format(scope, "%s, %s", names, output->name);
    }
    const char *stack = stacked ? format(scope, "stack %d ", 1 + pick(generator, 3)) : "";
    add_statement(scope, format(scope, "%s = %s%s%s(%s)", names, stack, reversed ? "reverse " : "", call, arguments));
    add_inner(scope, &instance, stacked ? format(scope, "%s.0", variable->name) : variable->name);
    instance.name = stacked ? NULL : variable->name;
    if (scope->instance_count < MOST_ITEMS && cell->owns && !shared)
        scope->instances[scope->instance_count++] = instance;
    scope->stateful |= cell->stateful;
    scope->future |= cell->future || reversed;
    scope->product_count++;
    return true;
}
