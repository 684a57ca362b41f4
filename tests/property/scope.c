#include "scope.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"

int pick(struct generator *generator, int count)
{
    return (int)((random_bits(&generator->random) >> 33) % (uint64_t)count);
}

bool chance(struct generator *generator, int percent) { return pick(generator, 100) < percent; }

/* ---- sizes ---- */

int size_value(const struct scope *scope, struct size size)
{
    return size.n * scope->dimension_value[0] + size.m * scope->dimension_value[1] + size.c;
}

bool size_equal(const struct scope *scope, struct size a, struct size b)
{
    if (scope->generic)
        return a.n == b.n && a.m == b.m && a.c == b.c;
    return size_value(scope, a) == size_value(scope, b);
}

bool sizes_equal(const struct scope *scope, const struct sizes *a, const struct sizes *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (!size_equal(scope, a->dim[i], b->dim[i]))
            return false;
    return true;
}

struct size size_substitute(struct size size, struct size n, struct size m)
{
    return (struct size){size.n * n.n + size.m * m.n, size.n * n.m + size.m * m.m,
                         size.n * n.c + size.m * m.c + size.c};
}

/* Draws the size of a value with frames, so that expressions for it can use that value. */
static bool size_of_value(struct scope *scope, struct size *size)
{
    int count = 0;
    for (int i = 0; i < scope->variable_count; i++) {
        const struct variable *variable = &scope->variables[i];
        if (variable->time == WHEN_FRAME && variable->shape.rank == 1 && pick(scope->generator, ++count) == 0)
            *size = variable->shape.dim[0];
    }
    return count > 0;
}

struct size size_random(struct scope *scope)
{
    struct generator *generator = scope->generator;
    struct size size;
    if (chance(generator, 55) && size_of_value(scope, &size))
        return size;
    int kind = pick(generator, 20);
    if (scope->is_function || kind < 9)
        return (struct size){1, 0, 0};
    if (kind < 13)
        return scope->has_second ? (struct size){0, 1, 0} : (struct size){1, 0, 0};
    if (kind < 14)
        return (struct size){2, 0, 0};
    if (kind < 15)
        return (struct size){1, 0, 1};
    if (kind < 17 && scope->has_second)
        return (struct size){1, 1, 0};
    static const int constants[] = {1, 1, 2, 3, 4, 5, 7};
    return (struct size){0, 0, constants[pick(generator, 7)]};
}

struct sizes vector_of(struct size size) { return (struct sizes){1, {size}}; }

struct sizes matrix_of(struct size rows, struct size columns) { return (struct sizes){2, {rows, columns}}; }

const char *size_text(const struct scope *scope, struct size size)
{
    if (!scope->generic && (size.n < 0 || size.m < 0 || chance(scope->generator, 40)))
        return format(scope, "%d", size_value(scope, size));
    const char *text = "";
    int factors[DIMENSIONS] = {size.n, size.m};
    for (int i = 0; i < DIMENSIONS; i++) {
        const char *name = scope->dimension[i];
        if (factors[i] > 1)
            text = format(scope, "%s%s%d*%s", text, *text ? "+" : "", factors[i], name);
        else if (factors[i] == 1)
            text = format(scope, "%s%s%s", text, *text ? "+" : "", name);
    }
    if (size.c || !*text)
        text = format(scope, "%s%s%d", text, *text && size.c >= 0 ? "+" : "", size.c);
    return text;
}

const char *sizes_text(const struct scope *scope, const struct sizes *sizes)
{
    const char *text = "";
    for (int i = 0; i < sizes->rank; i++)
        text = format(scope, "%s%s%s", text, i ? ", " : "[", size_text(scope, sizes->dim[i]));
    return sizes->rank ? format(scope, "%s]", text) : "";
}

/* ---- text ---- */

const char *format(const struct scope *scope, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    const char *text = arena_vprintf(scope->generator->arena, form, args);
    va_end(args);
    return text;
}

const char *bracketed(const struct scope *scope, const struct code *code, enum level least)
{
    if (code->level >= least)
        return code->text;
    return format(scope, "(%s)", code->text);
}

const char *number_text(struct scope *scope, double *value)
{
    static const double numbers[] = {0.125, 0.25, 0.5, 0.75, 0.375, 1, 0};
    double number = numbers[pick(scope->generator, 7)];
    bool negative = number > 0 && chance(scope->generator, 25);
    *value = negative ? -number : number;
    bool dotted = number != (int)number || chance(scope->generator, 50);
    return format(scope, "%s%.*f", negative ? "-" : "", dotted ? 3 : 0, number);
}

/* Names that a C compiler or the emitted code uses must work like any other. None is that of a function, f0, f1, ...,
 * which it would hide. */
static const char *const taken_names[] = {"int",    "double", "static", "struct", "return", "sizeof",  "main",
                                          "NULL",   "values", "packed", "frame",  "frames", "streams", "unit",
                                          "column", "row",    "panel",  "ends",   "count",  "state",   "params",
                                          "work",   "I",      "to",     "x",      "h",      "c"};

const char *new_name(struct scope *scope)
{
    int number = scope->name_count++;
    int place = pick(scope->generator, 400);
    const int taken = (int)(sizeof taken_names / sizeof *taken_names);
    if (place < taken && !(scope->taken_names >> place & 1)) {
        scope->taken_names |= UINT64_C(1) << place;
        return taken_names[place];
    }
    return format(scope, "%c%d", "abcdetghijklnopqrsuvwz"[pick(scope->generator, 22)], number);
}

void add_statement(struct scope *scope, const char *text)
{
    if (scope->statement_count < MOST_ITEMS)
        scope->statements[scope->statement_count++] = text;
}

/* ---- values ---- */

struct scope *scope_new(struct generator *generator)
{
    struct scope *scope = ARENA_NEW(generator->arena, struct scope);
    scope->generator = generator;
    scope->variables = ARENA_ARRAY(generator->arena, struct variable, MOST_ITEMS);
    scope->instances = ARENA_ARRAY(generator->arena, struct instance, MOST_ITEMS);
    scope->declarations = ARENA_ARRAY(generator->arena, const char *, MOST_ITEMS);
    scope->statements = ARENA_ARRAY(generator->arena, const char *, MOST_ITEMS);
    scope->dimension[0] = "n";
    scope->dimension[1] = "m";
    scope->parameters = scope->delays = true;
    return scope;
}

struct variable *add_variable(struct scope *scope, const char *name, struct sizes shape, enum when time)
{
    struct variable *variable = &scope->variables[scope->variable_count];
    if (scope->variable_count < MOST_ITEMS - 1)
        scope->variable_count++;
    *variable = (struct variable){
        .name = name, .shape = shape, .time = time, .group = scope->group, .ready = true, .grounded = true, .bound = 1};
    return variable;
}

static void declare(struct scope *scope, const char *text)
{
    if (scope->declaration_count < MOST_ITEMS)
        scope->declarations[scope->declaration_count++] = text;
}

/* Returns the start of a parameter, or nothing. Numbers of a vector differ more often than not, since they are
 * compared. */
static const char *start_text(struct scope *scope, int rank)
{
    struct generator *generator = scope->generator;
    static const char *const any[] = {" = 1", " = 0.5", " ~ normal(0.3)", " ~ uniform(0.5)"};
    static const char *const matrix[] = {"", "", " ~ glorot", " ~ orthogonal", " ~ normal(0.25)", " ~ identity(0.5)"};
    if (rank < 2)
        return chance(generator, 50) ? "" : any[pick(generator, 4)];
    return matrix[pick(generator, rank == 2 ? 6 : 3)];
}

/* Returns a storage, or nothing. */
static const char *storage_text(struct scope *scope)
{
    static const char *const storages[] = {"f16", "bf16", "int8", "f32"};
    struct generator *generator = scope->generator;
    return chance(generator, 25) ? storages[pick(generator, 4)] : "";
}

struct variable *add_parameter(struct scope *scope, struct sizes shape)
{
    struct generator *generator = scope->generator;
    for (int i = 0; i < scope->variable_count; i++) {
        struct variable *old = &scope->variables[i];
        if (old->group == 0 && old->time == WHEN_STATIC && !old->formed && sizes_equal(scope, &old->shape, &shape) &&
            chance(generator, 30))
            return old;
    }
    if (!scope->parameters)
        return NULL;
    int group = scope->group;
    scope->group = 0;
    const char *name = new_name(scope);
    if (chance(generator, 10))
        name = format(scope, "part.%d.%s", pick(generator, 3), name);
    struct variable *variable = add_variable(scope, name, shape, WHEN_STATIC);
    scope->group = group;
    const char *storage = storage_text(scope);
    variable->exact = strcmp(storage, "int8") != 0; /* scales are rounded with sums */
    const char *sizes = sizes_text(scope, &shape);
    const char *fixed = chance(generator, 10) ? " fixed" : "";
    declare(scope, format(scope, "%s%s%s%s%s%s", variable->name, sizes, *storage ? " : " : "", storage, fixed,
                          start_text(scope, shape.rank)));
    if (shape.rank && chance(generator, 10)) /* its first part otherwise */
        declare(scope, format(scope, "%s[0:1] = 0.75", variable->name));
    return variable;
}

/* Returns how products with a matrix are previewed, or nothing. Where two units are so near each other that roundings
 * say which is among the largest, the oracle's samples of rounding differ in that too, and with them the tolerance. */
static const char *preview_text(struct scope *scope, const struct sizes *shape, int rank)
{
    struct generator *generator = scope->generator;
    int rows = scope->generic ? 1 : size_value(scope, shape->dim[0]);
    if (!chance(generator, 40))
        return "";
    return format(scope, ", preview = %d, refine = %d", 1 + pick(generator, rank), 1 + pick(generator, rows));
}

struct variable *add_formed(struct scope *scope, struct sizes shape)
{
    if (!scope->parameters)
        return NULL;
    int most = 3;
    for (int i = shape.rank - 2; i < shape.rank; i++) {
        int value = scope->generic ? 1 : size_value(scope, shape.dim[i]);
        most = value < most ? value : most;
    }
    int group = scope->group;
    scope->group = 0;
    struct variable *variable = add_variable(scope, new_name(scope), shape, WHEN_STATIC);
    scope->group = group;
    variable->formed = true;
    const char *sizes = sizes_text(scope, &shape), *storage = storage_text(scope);
    int rank = 1 + pick(scope->generator, most);
    declare(scope, format(scope, "%s%s : %s(%d%s)%s%s%s", variable->name, sizes, shape.rank == 2 ? "svd" : "cp", rank,
                          shape.rank == 2 ? preview_text(scope, &shape, rank) : "", *storage ? " " : "", storage,
                          chance(scope->generator, 30) ? " ~ glorot" : ""));
    return variable;
}

struct context mixing(const struct scope *scope, struct context context)
{
    if (scope->elementwise)
        context.own = context.forward = false;
    return context;
}

bool usable(const struct scope *scope, const struct variable *variable, struct context context)
{
    if (variable->time > context.most || variable->vocabulary || variable->formed)
        return false;
    if (variable->group == 0 || variable->group != scope->group)
        return variable->ready;
    if (!scope->cyclic)
        return variable->ready;
    return context.own && (variable->ready || (context.forward && context.now));
}

struct variable *find_variable(struct scope *scope, struct context context, const struct sizes *shape, bool delayed)
{
    struct variable *found = NULL;
    int weight = 0;
    if (delayed)
        context.now = true;
    for (int i = 0; i < scope->variable_count; i++) {
        struct variable *variable = &scope->variables[i];
        if (!usable(scope, variable, context) || !sizes_equal(scope, &variable->shape, shape) ||
            (delayed && variable->time != WHEN_FRAME))
            continue;
        /* Values that nobody reads yet, and the past of later ones, are drawn more often: they connect the program. */
        int own = variable->ready ? (variable->used ? 1 : 4) : 8;
        own *= variable->time == WHEN_FRAME ? 4 : 1;
        weight += own;
        if (pick(scope->generator, weight) < own)
            found = variable;
    }
    if (found && found->group == scope->group)
        scope->own_reads++;
    else if (found && found->time == WHEN_FRAME)
        scope->other_reads++;
    return found;
}
