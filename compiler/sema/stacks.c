/* The layers of stacks: instances that are made once their number is known. */
#include "base/arena.h"
#include "sema/dimensions.h"
#include "sema/instances.h"

/* The number of layers, 0 after an error. */
static int count_layers(struct elaboration *e, struct instance *stack)
{
    if (stack->shared && stack->shared->is_stack)
        return stack->shared->count;
    int count = 0;
    evaluate_count(e, stack->parent, stack->layer_count, "the number of layers", 1, STACK_LIMIT, &count);
    return count;
}

/* Creates the layers. The parent must be bound, and a shared stack must have its layers. */
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
