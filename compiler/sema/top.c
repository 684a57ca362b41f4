/* Collects the definitions of a file, and chooses the one that is compiled. */
#include <string.h>

#include "base/arena.h"
#include "base/suggest.h"
#include "sema/dimensions.h"
#include "sema/names.h"
#include "sema/resolve.h"
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

void collect_globals(struct elaboration *e)
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
            define_number(e, symbol);
            add_global(e, name, NULL, symbol);
            map_put(&constants, name->text, symbol);
        }
    }
    evaluate_constants(e, NULL, &constants);
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
