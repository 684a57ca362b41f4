/* Instances: making them, for cells called, for the layers of stacks, and for instances whose weights are used again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sema/elaborate.h"

static const char *kind_text(const struct tree_definition *definition)
{
    return definition->kind == DEFINE_FUNCTION ? "function" : "cell";
}

/* A definition that is called, in the end, by itself: prints the chain of calls. */
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

/* A stack is an instance only in name: its layers are. */
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

static struct instance *new_instance(struct elaboration *e, struct instance *parent, struct symbol *symbol,
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
        entry.instance = new_instance(e, parent, symbol, &callee, other ? other->instance : NULL);
    } else {
        struct sharing sharing = {parent, statement, symbol, parent->entry_count, false};
        symbol->pending = ARENA_NEW(e->arena, struct instance);
        ARENA_PUSH(e->arena, e->sharings, e->sharing_count, e->sharing_capacity, sharing);
    }
    ARENA_PUSH(e->arena, parent->entries, parent->entry_count, parent->entry_capacity, entry);
}

static void share(struct elaboration *e, struct sharing *sharing, struct instance *shared)
{
    struct callee callee;
    find_callee(e, sharing->parent, sharing->statement, &callee);
    sharing->done = true;
    if (callee.brackets || (callee.layer_count && shared->is_stack)) {
        e->report.origin = sharing->parent->parent ? &sharing->parent->origin : NULL;
        report_error(&e->report, callee.call->span, "'%s' has its %s already",
                     report_excerpt(&e->report, callee.name->span), callee.brackets ? "dimensions" : "layers");
        return;
    }
    struct instance *instance = new_instance(e, sharing->parent, sharing->symbol, &callee, shared);
    if (!instance)
        return;
    sharing->parent->entries[sharing->entry].instance = instance;
    declare_instances(e);
    wake_waiting(e, sharing->symbol->pending);
    if (!sharing->parent->bound)
        return;
    create_layers(e, instance);
    push_task(e, TASK_BUILD, sharing->parent, sharing->statement);
}

/* Forwards and backwards until nothing more is found, so that chains in either order take few turns. */
void resolve_sharings(struct elaboration *e)
{
    bool progress = true;
    for (int turn = 0; progress; turn++) {
        progress = false;
        for (int i = 0; i < e->sharing_count; i++) {
            struct sharing *sharing = &e->sharings[turn % 2 ? e->sharing_count - 1 - i : i];
            struct callee callee;
            if (sharing->done || find_callee(e, sharing->parent, sharing->statement, &callee) != CALLEE_INSTANCE)
                continue;
            struct instance *shared = peek_instance(e, sharing->parent, callee.name);
            if (!shared)
                continue;
            share(e, sharing, shared);
            progress = true;
        }
    }
    int left = 0;
    for (int i = 0; i < e->sharing_count; i++)
        if (!e->sharings[i].done)
            e->sharings[left++] = e->sharings[i];
    e->sharing_count = left;
}

void tell_unshared(struct elaboration *e)
{
    for (int i = 0; i < e->sharing_count; i++)
        e->sharings[i].symbol->pending = NULL; /* nobody has anything to wait for any more */
    for (int i = 0; i < e->sharing_count; i++) {
        struct callee callee;
        struct instance *wait = NULL;
        struct sharing *sharing = &e->sharings[i];
        e->report.origin = sharing->parent->parent ? &sharing->parent->origin : NULL;
        if (find_callee(e, sharing->parent, sharing->statement, &callee) == CALLEE_INSTANCE)
            resolve_instance(e, sharing->parent, callee.name, &wait);
    }
}

/* The number of layers, 0 after an error. */
static int count_layers(struct elaboration *e, struct instance *stack)
{
    if (stack->shared && stack->shared->is_stack)
        return stack->shared->count;
    int count = 0;
    evaluate_count(e, stack->parent, stack->layer_count, "the number of layers", 1, STACK_LIMIT, &count);
    return count;
}

/* Once the parent is bound, and a stack that is shared has its layers. */
void create_layers(struct elaboration *e, struct instance *stack)
{
    struct instance *shared = stack->shared;
    if (!stack->is_stack || stack->layers || stack->failed)
        return;
    if (shared && shared->is_stack && !shared->layers && !shared->failed)
        return;
    stack->count = count_layers(e, stack);
    stack->failed = stack->count == 0;
    stack->layers = ARENA_ARRAY(e->arena, struct instance *, stack->count + 1);
    for (int i = 0; i < stack->count; i++) {
        const char *path = arena_printf(e->arena, "%s.%d", stack->path, i);
        struct instance *layer = instance_new(e, stack->parent, path, stack->definition, stack->call);
        if (!layer) {
            stack->failed = true;
            break;
        }
        layer->direction = stack->direction;
        layer->shared = shared && shared->is_stack ? shared->layers[i] : shared;
        stack->layers[i] = layer;
        struct entry entry = {.instance = layer};
        ARENA_PUSH(e->arena, stack->entries, stack->entry_count, stack->entry_capacity, entry);
    }
    if (stack->failed)
        stack->layers = NULL, stack->count = 0;
    declare_instances(e);
    wake_waiting(e, stack);
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
