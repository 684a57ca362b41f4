/* Collects the definitions of a file, and chooses the one that is compiled. */
#include <string.h>

#include "base/arena.h"
#include "base/suggest.h"
#include "sema/dimensions.h"
#include "sema/names.h"
#include "sema/resolve.h"
#include "sema/sema.h"

static const struct span nowhere = {0, 0};

static void add_global(struct elaboration *e, struct module *module, const struct name *name,
                       const struct global *meaning)
{
    const struct global *before = map_get(&module->globals, name->text);
    const struct tree_definition *definition = meaning->definition;
    if (before) {
        report_error(&e->report, name->span, "'%s' is defined twice", name->text);
        report_note(&e->report, before->span, "it was first defined here");
        if (before->module || meaning->module)
            report_note(&e->report, before->module ? before->span : name->span,
                        "an import can have another name: 'import ... as NAME'");
        return;
    }
    if ((meaning->module || (definition && definition->kind != DEFINE_MODEL)) &&
        op_find(name->text, (int)strlen(name->text)) != OP_COUNT) {
        report_error(&e->report, name->span, "'%s' is a function of the language and cannot be defined again",
                     name->text);
        return;
    }
    struct global *global = ARENA_NEW(e->arena, struct global);
    *global = *meaning;
    global->span = name->span;
    map_put(&module->globals, name->text, global);
}

static void add_constants(struct elaboration *e, struct module *module, const struct statement *statement,
                          struct map *constants)
{
    for (int k = 0; k < statement->count; k++) {
        struct symbol *symbol = ARENA_NEW(e->arena, struct symbol);
        const struct name *name = &statement->declarators[k].name;
        *symbol = (struct symbol){.kind = SYMBOL_NUMBER,
                                  .name = name->text,
                                  .span = name->span,
                                  .declarator = &statement->declarators[k],
                                  .statement = statement,
                                  .definition = statement->values[k]};
        if (module == e->main)
            define_number(e, symbol);
        add_global(e, module, name, &(struct global){.constant = symbol});
        map_put(constants, name->text, symbol);
    }
}

/* Collects the names at the top of a file; those that it imports have been collected. */
static void collect_names(struct elaboration *e, struct module *module)
{
    struct map constants;
    map_init(&constants, e->arena);
    for (int i = 0; i < module->tree->definition_count; i++) {
        const struct tree_definition *definition = module->tree->definitions[i];
        if (definition->kind == DEFINE_CONST)
            add_constants(e, module, definition->constants, &constants);
        else if (definition->kind == DEFINE_IMPORT && definition->import->imported)
            add_global(e, module, &definition->name,
                       &(struct global){.module = &e->modules[definition->import->imported->rank]});
        else if (definition->kind != DEFINE_IMPORT)
            add_global(e, module, &definition->name, &(struct global){.definition = definition});
    }
    evaluate_constants(e, &module->scope, &constants);
}

void collect_globals(struct elaboration *e)
{
    e->module_count = e->tree->part_count;
    e->modules = ARENA_ARRAY(e->arena, struct module, e->module_count);
    e->main = &e->modules[e->module_count - 1];
    for (struct module *module = e->modules; module <= e->main; module++) {
        module->tree = e->tree->parts[module - e->modules];
        module->function_places = ARENA_ARRAY(e->arena, bool *, module->tree->definition_count + 1);
        module->used = ARENA_ARRAY(e->arena, bool, module->tree->definition_count + 1);
        module->scope.module = module;
        module->scope.path = "";
        map_init(&module->globals, e->arena);
        map_init(&module->scope.symbols, e->arena);
        map_init(&module->scope.stems, e->arena);
        collect_names(e, module);
    }
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
const struct tree_definition *choose_top(struct elaboration *e)
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
