/* Instances: making them, for cells and functions that are called. */
#include "sema/instances.h"

#include "base/arena.h"
#include "sema/names.h"

static const char *kind_text(const struct tree_definition *definition)
{
    return definition->kind == DEFINE_FUNCTION ? "function" : "cell";
}

/* Reports a definition that in the end calls itself, with the chain of calls. */
static void tell_recursion(struct elaboration *e, struct instance *parent, const struct tree_definition *definition,
                           const struct expr *call)
{
    const char *chain = definition->name.text;
    struct instance *instance = parent;
    for (; instance->definition != definition; instance = instance->parent)
        chain = arena_printf(e->arena, "%s -> %s", instance->definition->name.text, chain);
    chain = arena_printf(e->arena, "%s -> %s", definition->name.text, chain);
    e->report.origin = NULL;
    report_error(&e->report, call->span, "the %s '%s' contains itself: %s", kind_text(definition),
                 definition->name.text, chain);
    for (instance = parent; instance->definition != definition; instance = instance->parent)
        report_note(&e->report, instance->call->span, "'%s' is called here", instance->definition->name.text);
}

/* NULL after an error. */
struct instance *instance_new(struct elaboration *e, struct instance *parent, const char *path,
                              const struct tree_definition *definition, const struct expr *call)
{
    for (struct instance *outer = parent; outer; outer = outer->parent) {
        if (outer->definition == definition) {
            tell_recursion(e, parent, definition, call);
            return NULL;
        }
    }
    if (parent && parent->depth >= NESTING_LIMIT) {
        report_error(&e->report, call->span, "instances stand within one another more than %d deep", NESTING_LIMIT);
        return NULL;
    }
    struct instance *instance = ARENA_NEW(e->arena, struct instance);
    instance->path = path;
    instance->definition = definition;
    instance->module = &e->modules[definition->tree->rank];
    instance->parent = parent;
    instance->call = call;
    instance->direction = 1;
    map_init(&instance->symbols, e->arena);
    map_init(&instance->stems, e->arena);
    if (parent) {
        instance->depth = parent->depth + 1;
        instance->direction = parent->direction;
        instance->hidden = parent->hidden;
        instance->origin =
            (struct origin){path, definition->name.text, call->span, parent->parent ? &parent->origin : NULL};
    }
    ARENA_PUSH(e->arena, e->instances, e->instance_count, e->instance_capacity, instance);
    ARENA_PUSH(e->arena, e->undeclared, e->undeclared_count, e->undeclared_capacity, instance);
    return instance;
}

/* Makes a stack, which is an instance only in name: the real ones are its layers. */
static struct instance *stack_new(struct elaboration *e, struct instance *parent, const char *path,
                                  const struct tree_definition *cell, const struct callee *callee)
{
    struct instance *stack = instance_new(e, parent, path, cell, callee->call);
    if (!stack)
        return NULL;
    stack->is_stack = true;
    stack->layer_count = callee->layer_count;
    e->undeclared_count--; /* has no names to declare */
    return stack;
}

struct instance *instance_new_named(struct elaboration *e, struct instance *parent, struct symbol *symbol,
                                    const struct callee *callee, struct instance *shared)
{
    const struct tree_definition *cell = shared ? shared->definition : callee->cell;
    const char *path = elaborate_path(e, parent, symbol->name);
    bool is_stack = callee->layer_count || (shared && shared->is_stack);
    struct instance *instance =
        is_stack ? stack_new(e, parent, path, cell, callee) : instance_new(e, parent, path, cell, callee->call);
    if (instance) {
        instance->direction = parent->direction * callee->direction;
        instance->shared = shared;
    }
    symbol->instance = instance;
    return instance;
}

void create_instance(struct elaboration *e, struct instance *parent, struct symbol *symbol,
                     const struct statement *statement)
{
    struct callee callee;
    if (find_callee(e, parent, statement, &callee) != CALLEE_INSTANCE)
        return;
    struct entry entry = {0};
    if (callee.cell) {
        const struct symbol *other = parent->shared ? map_get(&parent->shared->symbols, symbol->name) : NULL;
        entry.instance = instance_new_named(e, parent, symbol, &callee, other ? other->instance : NULL);
    } else {
        struct sharing sharing = {parent, statement, symbol, parent->entry_count, false};
        symbol->pending = ARENA_NEW(e->arena, struct instance);
        ARENA_PUSH(e->arena, e->sharings, e->sharing_count, e->sharing_capacity, sharing);
    }
    ARENA_PUSH(e->arena, parent->entries, parent->entry_count, parent->entry_capacity, entry);
}

struct value *instance_output(struct instance *instance, int index)
{
    if (instance->is_stack && !instance->layers)
        return NULL;
    if (instance->is_stack)
        instance = instance->layers[instance->count - 1];
    if (instance->definition->kind == DEFINE_FUNCTION)
        return instance->result;
    if (index >= instance->definition->output_count)
        return NULL;
    struct symbol *symbol = map_get(&instance->symbols, instance->definition->outputs[index].name.text);
    return symbol && symbol->kind == SYMBOL_VALUE ? symbol->value : NULL;
}
