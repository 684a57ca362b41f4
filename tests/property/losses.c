/* Targets and losses of a model that is to be trained: every kind, of frames and of sequences, weighted, several in one
 * statement, with parameters of their own. */
#include "base/arena.h"
#include "scope.h"

static struct context anything(struct scope *scope)
{
    return (struct context){.depth = 1 + pick(scope->generator, 2), .most = WHEN_FRAME};
}

/* Returns an expression of the shape and of frame or sequence time; small enough to be squared without drowning all
 * other losses. */
static const char *predicted(struct scope *scope, struct sizes shape, bool of_sequence)
{
    struct code code = {0};
    if (of_sequence)
        code = make_over_time(scope, shape, (struct context){.depth = 2, .most = WHEN_SEQUENCE});
    if (!code.text)
        code = make_frames(scope, shape, anything(scope));
    if (code.bound > 2)
        code = squashed(scope, code);
    if (!shape.rank || code.grounded)
        return code.text;
    const char *name = new_name(scope); /* an equation gives it a size */
    add_statement(scope, format(scope, "%s%s = %s", name, sizes_text(scope, &shape), code.text));
    return name;
}

static const char *of_numbers(struct scope *scope, bool of_sequence)
{
    struct generator *generator = scope->generator;
    struct sizes shape = chance(generator, 25) ? (struct sizes){0} : vector_of(size_random(scope));
    const char *value = predicted(scope, shape, of_sequence), *target = new_name(scope);
    add_statement(scope, format(scope, "target %s%s", target, sizes_text(scope, &shape)));
    const char *loss = chance(generator, 35) ? "binary_cross_entropy" : "mse";
    const char *late = !of_sequence && chance(generator, 15) ? "[t-1]" : "";
    return format(scope, "%s(%s, %s%s)", loss, value, target, late);
}

static struct sizes classes(int count) { return vector_of((struct size){0, 0, count}); }

static const char *of_ids(struct scope *scope, bool of_sequence)
{
    struct generator *generator = scope->generator;
    const struct variable *input = NULL; /* the predicted value may be an input */
    for (int i = 0; i < scope->variable_count && !of_sequence && chance(generator, 50); i++)
        if (scope->variables[i].vocabulary && scope->variables[i].time == WHEN_FRAME)
            input = &scope->variables[i];
    int count = input ? input->vocabulary : 2 + pick(generator, 6);
    const char *value = predicted(scope, classes(count), of_sequence);
    const char *target = input ? input->name : new_name(scope);
    if (!input)
        add_statement(scope, format(scope, "target %s: index[%d]", target, count));
    const char *late = !of_sequence && chance(generator, 20) ? "[t-1]" : "";
    return format(scope, "cross_entropy(%s, %s%s)", value, target, late);
}

static const char *of_labels(struct scope *scope)
{
    int count = 2 + pick(scope->generator, 4);
    const char *value = predicted(scope, classes(count), false), *target = new_name(scope);
    add_statement(scope, format(scope, "target %s: labels[%d]", target, count));
    scope->future = true;
    return format(scope, "ctc(%s, %s)", value, target);
}

/* Returns any scalar as a loss. */
static const char *free_loss(struct scope *scope, bool of_sequence)
{
    return format(scope, "(%s + 0.125)", predicted(scope, (struct sizes){0}, of_sequence));
}

static const char *one_loss(struct scope *scope, bool of_sequence)
{
    int kind = pick(scope->generator, 100);
    if (kind < 50)
        return of_numbers(scope, of_sequence);
    if (kind < 80)
        return of_ids(scope, of_sequence);
    return free_loss(scope, of_sequence);
}

/* Returns the loss with a factor, or with a term of parameters. */
static const char *weighted(struct scope *scope, const char *loss)
{
    struct generator *generator = scope->generator;
    if (chance(generator, 60))
        return loss;
    if (chance(generator, 50))
        return chance(generator, 50) ? format(scope, "0.25 * %s", loss) : format(scope, "%s * 0.5", loss);
    struct code code = make_expression(scope, (struct sizes){0}, (struct context){.depth = 2, .most = WHEN_STATIC});
    if (!code.text || code.time != WHEN_STATIC)
        return loss;
    if (chance(generator, 50))
        return format(scope, "%s + %s", loss, bracketed(scope, &code, LEVEL_PRODUCT));
    return format(scope, "%s * %s", loss, bracketed(scope, &code, LEVEL_UNARY));
}

static const char *const over_time[] = {"first", "last", "sum_over_time", "mean_over_time", "max_over_time"};

void write_losses(struct scope *scope)
{
    struct generator *generator = scope->generator;
    for (int i = 1 + (chance(generator, 40) ? 1 + pick(generator, 2) : 0); i > 0; i--) {
        bool of_sequence = generator->future && chance(generator, 35);
        const char *loss = generator->future && chance(generator, 8) ? of_labels(scope) : one_loss(scope, of_sequence);
        loss = weighted(scope, loss);
        if (of_sequence && chance(generator, 20))
            loss = format(scope, "%s(%s) + %s", over_time[pick(generator, 5)], one_loss(scope, false), loss);
        else if (chance(generator, 20)) /* the target of a sequence may also count at each of its frames */
            loss = format(scope, "%s + %s", loss,
                          one_loss(scope, of_sequence || (generator->future && chance(generator, 30))));
        add_statement(scope, format(scope, "loss %s", loss));
    }
}
