/* Instances whose weights are used again: `h3 = h1(x2)`. */
#include "sema/instances.h"
#include "sema/names.h"

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
    struct instance *instance = instance_new_named(e, sharing->parent, sharing->symbol, &callee, shared);
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

/* Goes forwards and backwards until nothing more is found, so that chains in either order take few turns. */
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
        e->sharings[i].symbol->pending = NULL; /* nothing is left to wait for */
    for (int i = 0; i < e->sharing_count; i++) {
        struct callee callee;
        struct instance *wait = NULL;
        struct sharing *sharing = &e->sharings[i];
        e->report.origin = sharing->parent->parent ? &sharing->parent->origin : NULL;
        if (find_callee(e, sharing->parent, sharing->statement, &callee) == CALLEE_INSTANCE)
            resolve_instance(e, sharing->parent, callee.name, &wait);
    }
}
