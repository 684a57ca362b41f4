/* Values under their paths. */
#include "base/arena.h"
#include "sema/names.h"
#include "sema/shapes.h"

struct term *value_init(const struct value *value)
{
    while (!value->init && value->stands_for)
        value = value->stands_for;
    return value->init;
}

const char *elaborate_path(struct elaboration *e, const struct instance *instance, const char *name)
{
    return *instance->path ? arena_printf(e->arena, "%s.%s", instance->path, name) : name;
}

const char *elaborate_unique(struct elaboration *e, const char *path)
{
    int *count = map_get(&e->paths, path);
    while (count) {
        path = arena_printf(e->arena, "%s_%d", path, ++*count);
        count = map_get(&e->paths, path);
    }
    count = ARENA_NEW(e->arena, int);
    *count = 1;
    map_put(&e->paths, path, count);
    return path;
}

/* The definition with the most instances, and how many it has. */
static const struct tree_definition *find_frequent(struct elaboration *e, int *most)
{
    const struct tree_definition *frequent = e->top->definition;
    struct map counts;
    map_init(&counts, e->arena);
    *most = 0;
    for (int i = 0; i < e->instance_count; i++) {
        const struct tree_definition *definition = e->instances[i]->definition;
        int *count = map_get(&counts, definition->name.text);
        if (!count) {
            count = ARENA_NEW(e->arena, int);
            map_put(&counts, definition->name.text, count);
        }
        if (++*count > *most) {
            *most = *count;
            frequent = definition;
        }
    }
    return frequent;
}

static void tell_full(struct elaboration *e)
{
    int most;
    const struct tree_definition *frequent = find_frequent(e, &most);
    e->full = true;
    e->report.origin = NULL;
    report_error(&e->report, e->top->definition->name.span,
                 "'%s' has more than %d values when its instances are written out", e->program->name, VALUE_LIMIT);
    if (most > 1)
        report_note(&e->report, frequent->name.span,
                    "'%s' has been written out %d times so far: each call of a cell or function writes out all that it "
                    "calls; give a result that is used twice a name",
                    frequent->name.text, most);
}

struct value *elaborate_value(struct elaboration *e, struct instance *instance, enum value_kind kind, const char *path,
                              struct span span, struct span equation)
{
    struct value *value = ARENA_NEW(e->arena, struct value);
    value->kind = kind;
    value->name = elaborate_unique(e, path);
    value->hidden = instance->hidden;
    value->shape.rank = SHAPE_OPEN;
    value->span = span;
    value->equation = equation;
    value->origin = instance->parent ? &instance->origin : NULL;
    solver_add(&e->solver, value);
    struct instance *owner = NULL;
    int owner_count = value->id;
    ARENA_PUSH(e->arena, e->owners, owner_count, e->owner_capacity, owner);
    struct entry entry = {.value = value};
    ARENA_PUSH(e->arena, instance->entries, instance->entry_count, instance->entry_capacity, entry);
    if (e->solver.count > VALUE_LIMIT && !e->full)
        tell_full(e);
    return value;
}

struct value *elaborate_hidden(struct elaboration *e, struct instance *instance, const char *base, const char *what,
                               struct span span, struct span equation)
{
    const char *name = arena_printf(e->arena, "%s.%s", base, what);
    struct value *value = elaborate_value(e, instance, VALUE_EQUATION, name, span, equation);
    value->hidden = true;
    return value;
}
