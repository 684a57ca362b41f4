/* Stage resolve-names: chooses what is compiled, writes its instances out, and lists the result. */
#include "base/arena.h"
#include "sema/bind.h"
#include "sema/forms.h"
#include "sema/functions.h"
#include "sema/instances.h"
#include "sema/resolve.h"
#include "sema/sema.h"
#include "sema/shapes.h"
#include "sema/terms.h"

static void create_top(struct elaboration *e, const struct tree_definition *definition)
{
    e->top = instance_new(e, NULL, "", definition, NULL);
    declare_instances(e);
    resolve_sharings(e);
    for (int i = 0; i < e->top->symbols.count; i++) {
        struct symbol *symbol = e->top->symbols.entries[i].value;
        if (symbol->kind == SYMBOL_NUMBER)
            define_number(e, symbol);
    }
    define_functions(e, e->top);
    int losses = 0;
    for (int i = 0; i < definition->statement_count; i++)
        losses += definition->statements[i]->kind == STATEMENT_LOSS;
    e->program->losses = ARENA_ARRAY(e->arena, struct loss, losses);
    e->program->loss_count = losses;
    bind_top(e);
}

static void run_tasks(struct elaboration *e)
{
    while (e->task_begin < e->task_count && !e->full) {
        struct task task = e->tasks[e->task_begin++];
        struct instance *instance = task.instance;
        e->report.origin = task.kind == TASK_BIND     ? instance->origin.parent
                           : instance->parent != NULL ? &instance->origin
                                                      : NULL;
        switch (task.kind) {
        case TASK_BIND:
            bind_instance(e, instance);
            break;
        case TASK_BUILD:
            build_statement(e, instance, task.statement);
            break;
        }
    }
    e->task_begin = e->task_count = 0;
}

/* Elaborates until nothing is left: shapes that become known bind instances, which makes more terms, and so on. */
static void elaborate(struct elaboration *e)
{
    for (;;) {
        run_tasks(e);
        if (e->full)
            return;
        if (e->sharing_count)
            resolve_sharings(e);
        solver_run(&e->solver);
        for (int i = 0; i < e->solver.changed_count; i++) {
            struct instance *owner = e->owners[e->solver.changed[i]];
            if (owner && !owner->bound)
                push_task(e, TASK_BIND, owner, NULL);
        }
        e->solver.changed_count = 0;
        if (!e->task_count && !solver_settle(&e->solver))
            return;
    }
}

static struct program *finish(struct elaboration *e)
{
    if (e->full)
        return NULL;
    tell_unshared(e);
    bool unbound = e->top->failed || tell_unbound(e);
    check_arguments(e);
    tell_undefined(e);
    tell_unused_forms(e);
    check_unused(e);
    list_values(e);
    list_outputs(e);
    if (!e->report.error_count && !unbound)
        warn_unused(e);
    for (int i = 0; i < e->program->value_count; i++)
        e->program->values[i]->id = i;
    return e->top->failed ? NULL : e->program;
}

struct program *resolve_names(struct arena *arena, const struct tree *tree, const struct sema_options *options,
                              struct diagnostics *diag)
{
    struct elaboration elaboration = {.arena = arena, .tree = tree, .options = options}, *e = &elaboration;
    report_init(&e->report, arena, diag, tree->source);
    solver_init(&e->solver, arena);
    map_init(&e->paths, arena);
    e->definitions_used = ARENA_ARRAY(arena, bool, options->definition_count + 1);
    e->forms_used = ARENA_ARRAY(arena, bool, options->form_count + 1);
    collect_globals(e);
    find_function_places(e);
    const struct tree_definition *top = choose_top(e);
    if (!top)
        return NULL;
    e->program = ARENA_NEW(arena, struct program);
    e->program->name = top->name.text;
    e->program->is_model = top->kind == DEFINE_MODEL;
    e->program->source = tree->source;
    create_top(e, top);
    elaborate(e);
    return finish(e);
}
