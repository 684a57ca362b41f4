/* Stage resolve-names: chooses what is compiled, writes its instances out, and lists what came of it. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/suggest.h"
#include "sema/elaborate.h"
#include "sema/sema.h"

static const struct span nowhere = {0, 0};

static void add_global(struct elaboration *e, const struct name *name, const struct tree_definition *definition,
                       struct symbol *constant)
{
    struct global *before = map_get(&e->globals, name->text);
    if (before) {
        report_error(&e->report, name->span, "'%s' is defined twice", name->text);
        report_note(&e->report, before->span, "it was first defined here");
        return;
    }
    if (definition && definition->kind != DEFINE_MODEL && op_find(name->text, (int)strlen(name->text)) != OP_COUNT) {
        report_error(&e->report, name->span, "'%s' is a function of the language and cannot be defined again",
                     name->text);
        return;
    }
    struct global *global = ARENA_NEW(e->arena, struct global);
    *global = (struct global){definition, constant, name->span};
    map_put(&e->globals, name->text, global);
}

/* -D NAME=VALUE for a constant or dimension. */
static void define(struct elaboration *e, struct symbol *symbol)
{
    for (int i = 0; i < e->options->definition_count; i++) {
        const struct definition *definition = &e->options->definitions[i];
        if (strcmp(definition->name, symbol->name) != 0)
            continue;
        e->definitions_used[i] = true;
        double value = definition->function ? 1 : definition->value;
        bool whole = value == floor(value) && fabs(value) < 0x1p53;
        if (definition->function)
            report_error(&e->report, symbol->span, "-D %s=%s: '%s' is a number", symbol->name, definition->function,
                         symbol->name);
        symbol->known = true;
        symbol->evaluated = PROGRESS_DONE;
        symbol->number = (struct number){whole, whole ? (int64_t)value : 0, value};
        if (!symbol->definition && (!whole || value < 1 || value > SHAPE_MAX_ELEMENTS)) {
            report_error(&e->report, symbol->span, "-D %s=%.15g: a dimension is a whole number from 1 to %d",
                         symbol->name, value, SHAPE_MAX_ELEMENTS);
            symbol->number = (struct number){true, 1, 1};
        }
    }
}

static void collect_globals(struct elaboration *e)
{
    struct map constants;
    map_init(&constants, e->arena);
    for (int i = 0; i < e->tree->definition_count; i++) {
        const struct tree_definition *definition = e->tree->definitions[i];
        if (definition->kind != DEFINE_CONST) {
            add_global(e, &definition->name, definition, NULL);
            continue;
        }
        const struct statement *statement = definition->constants;
        for (int k = 0; k < statement->count; k++) {
            struct symbol *symbol = ARENA_NEW(e->arena, struct symbol);
            const struct name *name = &statement->declarators[k].name;
            *symbol = (struct symbol){.kind = SYMBOL_NUMBER,
                                      .name = name->text,
                                      .span = name->span,
                                      .declarator = &statement->declarators[k],
                                      .statement = statement,
                                      .definition = statement->values[k]};
            define(e, symbol);
            add_global(e, name, NULL, symbol);
            map_put(&constants, name->text, symbol);
        }
    }
    evaluate_constants(e, NULL, &constants);
}

/* `list` with one more name in quotes, or "..." in its place where there are many. */
static const char *list_name(struct elaboration *e, const char *list, const char *name, int *count)
{
    enum { MOST = 20 };
    if (*count > MOST)
        return list;
    const char *quoted = *count < MOST ? arena_printf(e->arena, "'%s'", name) : "...";
    return arena_printf(e->arena, "%s%s%s", list, (*count)++ ? ", " : "", quoted);
}

static void note_definitions(struct elaboration *e)
{
    const char *list = "";
    int count = 0;
    for (int i = 0; i < e->tree->definition_count; i++) {
        const struct tree_definition *definition = e->tree->definitions[i];
        if (definition->kind == DEFINE_CELL || definition->kind == DEFINE_MODEL)
            list = list_name(e, list, definition->name.text, &count);
    }
    report_note(&e->report, nowhere, *list ? "--top can choose %s" : "there is no cell or model in this file", list);
}

static const struct tree_definition *find_top(struct elaboration *e, const char *name)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, name);
    for (int i = 0; i < e->tree->definition_count; i++) {
        const struct tree_definition *definition = e->tree->definitions[i];
        if (definition->kind != DEFINE_CELL && definition->kind != DEFINE_MODEL)
            continue;
        if (strcmp(definition->name.text, name) == 0)
            return definition;
        suggest_consider(&suggestion, definition->name.text);
    }
    report_error(&e->report, nowhere, "there is no cell or model '%s' to compile", name);
    if (suggestion.best)
        report_note(&e->report, nowhere, "did you mean '%s'?", suggestion.best);
    note_definitions(e);
    return NULL;
}

/* The only model, or else the last cell. */
static const struct tree_definition *choose_top(struct elaboration *e)
{
    if (e->options->top)
        return find_top(e, e->options->top);
    const struct tree_definition *model = NULL, *cell = NULL;
    for (int i = 0; i < e->tree->definition_count; i++) {
        const struct tree_definition *definition = e->tree->definitions[i];
        if (definition->kind == DEFINE_CELL)
            cell = definition;
        if (definition->kind != DEFINE_MODEL)
            continue;
        if (model) {
            report_error(&e->report, definition->name.span,
                         "there are several models: choose one with '--top %s' or '--top %s'", model->name.text,
                         definition->name.text);
            report_note(&e->report, model->name.span, "'%s' is defined here", model->name.text);
            return NULL;
        }
        model = definition;
    }
    if (!model && !cell && !e->report.error_count)
        report_error(&e->report, nowhere, "there is no cell or model in this file");
    return model ? model : cell;
}

static void create_top(struct elaboration *e, const struct tree_definition *definition)
{
    e->top = instance_new(e, NULL, "", definition, NULL);
    declare_instances(e);
    resolve_sharings(e);
    for (int i = 0; i < e->top->symbols.count; i++) {
        struct symbol *symbol = e->top->symbols.entries[i].value;
        if (symbol->kind == SYMBOL_NUMBER)
            define(e, symbol);
    }
    define_functions(e, e->top);
    int losses = 0;
    for (int i = 0; i < definition->statement_count; i++)
        losses += definition->statements[i]->kind == STATEMENT_LOSS;
    e->program->losses = ARENA_ARRAY(e->arena, struct loss, losses);
    e->program->loss_count = losses;
    bind_top(e);
}

static bool is_definable(const struct symbol *symbol)
{
    return symbol->kind == SYMBOL_NUMBER || symbol->kind == SYMBOL_FUNCTION;
}

static const char *list_definable(struct elaboration *e)
{
    const char *list = "";
    int count = 0;
    for (int i = 0; i < e->globals.count + e->top->symbols.count; i++) {
        bool is_global = i < e->globals.count;
        const struct map_entry *entry =
            is_global ? &e->globals.entries[i] : &e->top->symbols.entries[i - e->globals.count];
        if (is_global ? ((struct global *)entry->value)->constant != NULL : is_definable(entry->value))
            list = list_name(e, list, entry->key, &count);
    }
    return list;
}

static void tell_undefined(struct elaboration *e)
{
    for (int i = 0; i < e->options->definition_count; i++) {
        if (e->definitions_used[i])
            continue;
        const char *name = e->options->definitions[i].name;
        struct suggestion suggestion;
        suggest_init(&suggestion, name);
        for (int k = 0; k < e->globals.count; k++)
            if (((struct global *)e->globals.entries[k].value)->constant)
                suggest_consider(&suggestion, e->globals.entries[k].key);
        for (int k = 0; k < e->top->symbols.count; k++)
            if (is_definable(e->top->symbols.entries[k].value))
                suggest_consider(&suggestion, e->top->symbols.entries[k].key);
        report_error(&e->report, e->top->definition->name.span, "-D %s: there is no such constant or dimension in '%s'",
                     name, e->top->definition->name.text);
        const char *list = list_definable(e);
        if (suggestion.best)
            report_note(&e->report, e->top->definition->name.span, "did you mean '%s'?", suggestion.best);
        report_note(&e->report, e->top->definition->name.span,
                    *list ? "-D can set %s" : "there is nothing that -D can set", list);
    }
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

/* Shapes that have become known may bind instances, which makes more terms, and so on. */
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

struct place {
    const struct instance *instance;
    int next;
};

/* Lists the values in the order of the text, instances where their equations stand. */
static void list_values(struct elaboration *e)
{
    struct program *program = e->program;
    int count = e->solver.count;
    program->values = ARENA_ARRAY(e->arena, struct value *, count);
    program->parameters = ARENA_ARRAY(e->arena, struct value *, count);
    program->inputs = ARENA_ARRAY(e->arena, struct value *, count);
    program->targets = ARENA_ARRAY(e->arena, struct value *, count);
    struct place *stack = NULL;
    int depth = 0, capacity = 0;
    struct place top = {e->top, 0};
    ARENA_PUSH(e->arena, stack, depth, capacity, top);
    while (depth) {
        struct place *place = &stack[depth - 1];
        if (place->next == place->instance->entry_count) {
            depth--;
            continue;
        }
        struct entry entry = place->instance->entries[place->next++];
        if (entry.instance) {
            struct place inner = {entry.instance, 0};
            ARENA_PUSH(e->arena, stack, depth, capacity, inner);
        } else if (entry.value) {
            program->values[program->value_count++] = entry.value;
        }
    }
    for (int i = 0; i < program->value_count; i++) {
        struct value *value = program->values[i];
        if (value->kind == VALUE_PARAMETER)
            program->parameters[program->parameter_count++] = value;
        else if (value->kind == VALUE_INPUT)
            program->inputs[program->input_count++] = value;
        else if (value->kind == VALUE_TARGET)
            program->targets[program->target_count++] = value;
    }
}

/* What a symbol is that no equation defines, or NULL. */
static const char *find_undefined(const struct symbol *symbol)
{
    if (symbol->kind == SYMBOL_FUNCTION)
        return "a function";
    if (symbol->kind == SYMBOL_NUMBER)
        return symbol->definition ? "a constant" : "a dimension";
    if (symbol->kind == SYMBOL_FACTORED || (symbol->value && symbol->value->kind == VALUE_PARAMETER))
        return "a parameter";
    return symbol->value && symbol->value->kind == VALUE_TARGET ? "a target" : NULL;
}

static void add_output(struct elaboration *e, const struct name *name)
{
    struct program *program = e->program;
    struct symbol *symbol = map_get(&e->top->symbols, name->text);
    if (!symbol) {
        tell_unknown(e, e->top, name, false);
        return;
    }
    const char *what = find_undefined(symbol);
    struct value *value = symbol->value;
    if (what) {
        report_error(&e->report, name->span, "'%s' is %s, but an output has an equation", name->text, what);
        report_note(&e->report, symbol->span, "'%s' is defined here", name->text);
    }
    if (what || !value)
        return; /* told here, or where it is declared */
    for (int i = 0; i < program->output_count; i++) {
        if (program->outputs[i].value != value)
            continue;
        report_error(&e->report, name->span, "'%s' is an output twice", name->text);
        report_note(&e->report, program->outputs[i].span, "it was first declared here");
        return;
    }
    program->outputs[program->output_count++] = (struct output){symbol->name, value, name->span};
}

/* `output p = ...` where p has been defined before, which is told there. */
static bool is_defined_before(struct elaboration *e, const struct statement *statement)
{
    const struct symbol *symbol = map_get(&e->top->symbols, statement->declarators[0].name.text);
    return statement->value_count && symbol && symbol->declarator != &statement->declarators[0];
}

static void list_outputs(struct elaboration *e)
{
    const struct tree_definition *definition = e->top->definition;
    struct program *program = e->program;
    program->outputs = ARENA_ARRAY(e->arena, struct output, definition->output_count + definition->statement_count);
    e->report.origin = NULL;
    for (int i = 0; i < definition->output_count; i++)
        if (map_get(&e->top->symbols, definition->outputs[i].name.text))
            add_output(e, &definition->outputs[i].name);
    bool any = definition->kind == DEFINE_CELL || program->loss_count;
    for (int i = 0; i < definition->statement_count; i++) {
        const struct statement *statement = definition->statements[i];
        if (statement->kind == STATEMENT_OUTPUT && definition->kind == DEFINE_MODEL && !is_defined_before(e, statement))
            add_output(e, &statement->declarators[0].name);
        any |= statement->kind == STATEMENT_OUTPUT;
    }
    if (!any)
        report_error(&e->report, definition->name.span, "the model '%s' has no output and no loss",
                     definition->name.text);
}

static void warn_unused(struct elaboration *e)
{
    for (int i = 0; i < e->program->parameter_count; i++) {
        const struct value *value = e->program->parameters[i];
        const char *name = report_excerpt(&e->report, value->span);
        if (!e->solver.nodes[value->id].read)
            report_warning(&e->report, value->span, "the parameter '%s' is never used", name);
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
    map_init(&e->globals, arena);
    map_init(&e->paths, arena);
    map_init(&e->function_places, arena);
    e->definitions_used = ARENA_ARRAY(arena, bool, options->definition_count + 1);
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
