/* Functions passed to cells: `cell GRU[n, act = tanh](x[m])`, `GRU[64, relu](x)`. Programs do not mark which names in
 * the head of a cell are functions: they are those whose default is a function, those that the body calls, and those
 * that it passes on as functions. */
#include "sema/functions.h"

#include <string.h>

#include "base/arena.h"
#include "sema/names.h"
#include "sema/sema.h"
#include "sema/terms.h"

/* A name in the brackets of one cell that is passed on in the brackets of another. */
struct handing {
    bool *from, *to;
};

/* The uses that one cell makes of the names in its head. */
struct usage {
    struct elaboration *e;
    struct instance *scope; /* of its file */
    const struct tree_definition *cell;
    bool *called, *counted; /* as a function; as anything else */
    struct handing *handings;
    int handing_count, handing_capacity;
};

static enum op find_op(const char *name) { return op_find(name, (int)strlen(name)); }

/* The marks of those names in the brackets of a cell that are functions. */
static bool **places_of(struct elaboration *e, const struct tree_definition *cell)
{
    return &e->modules[cell->tree->rank].function_places[cell->index];
}

bool is_function_place(struct elaboration *e, const struct tree_definition *cell, int index)
{
    const bool *places = *places_of(e, cell);
    return places && index < cell->dimension_count && places[index];
}

/* True if `expr` names a function within `instance`; in the head of a cell that is the scope of its file. */
static bool find_function(const struct instance *instance, const struct expr *expr, struct function *function)
{
    const bool is_name = expr->kind == EXPR_NAME;
    if (!is_name && !names_import(instance, expr))
        return false;
    const struct symbol *symbol = is_name ? map_get(&instance->symbols, expr->name.text) : NULL;
    const struct global *global = find_global_at(instance, expr);
    *function = symbol   ? symbol->function
                : global ? (struct function){.definition = global->definition}
                         : (struct function){.op = is_name ? find_op(expr->name.text) : OP_COUNT};
    if (symbol)
        return symbol->kind == SYMBOL_FUNCTION && symbol->known;
    if (global)
        return global->definition && global->definition->kind == DEFINE_FUNCTION;
    return function->op != OP_COUNT;
}

/* The place of a name in the head, or -1. */
static int find_place(const struct tree_definition *cell, const char *name)
{
    for (int i = 0; i < cell->dimension_count; i++)
        if (cell->dimensions[i].expr->kind == EXPR_NAME && strcmp(cell->dimensions[i].expr->name.text, name) == 0)
            return i;
    return -1;
}

static void note_name(struct usage *usage, const struct expr *expr, bool called)
{
    int place = expr->kind == EXPR_NAME ? find_place(usage->cell, expr->name.text) : -1;
    if (place >= 0)
        (called ? usage->called : usage->counted)[place] = true;
}

static void note_expr(struct usage *usage, const struct expr *expr);

/* Notes the names in the brackets of a call, `Inner[n, act](x)`. */
static void note_brackets(struct usage *usage, const struct expr *brackets)
{
    const struct expr *name = brackets->args[0];
    const struct global *global = find_global_at(usage->scope, name);
    bool *to = global && global->definition ? *places_of(usage->e, global->definition) : NULL;
    for (int i = 0; i < brackets->subscript_count; i++) {
        const struct subscript *subscript = &brackets->subscripts[i];
        int place = -1;
        if (to && i < global->definition->dimension_count && !subscript->is_range &&
            subscript->begin->kind == EXPR_NAME)
            place = find_place(usage->cell, subscript->begin->name.text);
        if (place >= 0) {
            bool *places = *places_of(usage->e, usage->cell);
            struct handing handing = {&places[place], &to[i]};
            ARENA_PUSH(usage->e->arena, usage->handings, usage->handing_count, usage->handing_capacity, handing);
        } else {
            note_expr(usage, subscript->begin);
            note_expr(usage, subscript->end);
        }
    }
}

/* Recurses over the expression, whose depth the parser bounds. */
static void note_expr(struct usage *usage, const struct expr *expr)
{
    if (!expr)
        return;
    note_name(usage, expr, false);
    if (expr->kind == EXPR_CALL) {
        note_name(usage, expr->args[0], true);
        if (expr->args[0]->kind == EXPR_INDEX)
            note_brackets(usage, expr->args[0]);
    }
    for (int i = expr->kind == EXPR_CALL; i < expr->count; i++)
        note_expr(usage, expr->args[i]);
    for (int i = 0; i < expr->subscript_count; i++) {
        note_expr(usage, expr->subscripts[i].begin);
        note_expr(usage, expr->subscripts[i].end);
        note_expr(usage, expr->subscripts[i].step);
    }
}

static void note_declarators(struct usage *usage, const struct declarator *declarators, int count)
{
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < declarators[i].dimension_count; k++) {
            note_expr(usage, declarators[i].dimensions[k].expr);
            note_expr(usage, declarators[i].dimensions[k].fallback);
        }
        note_expr(usage, declarators[i].vocabulary);
        note_expr(usage, declarators[i].vocabulary_fallback);
    }
}

static void note_cell(struct usage *usage)
{
    const struct tree_definition *cell = usage->cell;
    note_declarators(usage, cell->inputs, cell->input_count);
    note_declarators(usage, cell->outputs, cell->output_count);
    for (int i = 0; i < cell->statement_count; i++) {
        const struct statement *statement = cell->statements[i];
        note_declarators(usage, statement->declarators, statement->count);
        for (int k = 0; k < statement->value_count; k++)
            note_expr(usage, statement->values[k]);
    }
}

/* Marks the names that are functions: those with a function as default, and those that are called, except a dimension
 * that shares its name with something else that can be called. */
static void decide_places(struct usage *usage, bool *places)
{
    for (int i = 0; i < usage->cell->dimension_count; i++) {
        const struct dimension *dimension = &usage->cell->dimensions[i];
        const char *name = dimension->expr->kind == EXPR_NAME ? dimension->expr->name.text : "";
        const struct global *global = find_global(usage->scope, name);
        bool names_other = (global && global->definition) || find_op(name) != OP_COUNT;
        struct function fallback;
        places[i] = (usage->called[i] && !(usage->counted[i] && names_other)) ||
                    (dimension->fallback && find_function(usage->scope, dimension->fallback, &fallback));
    }
}

static void check_fallbacks(struct elaboration *e, const struct instance *scope, const struct tree_definition *cell)
{
    const bool *places = *places_of(e, cell);
    struct function fallback;
    for (int i = 0; i < cell->dimension_count; i++) {
        const struct dimension *dimension = &cell->dimensions[i];
        if (!places[i] || !dimension->fallback || find_function(scope, dimension->fallback, &fallback))
            continue;
        report_error(&e->report, dimension->fallback->span,
                     "'%s' is a function, since it is called, but its default '%s' is not the name of one",
                     report_excerpt(&e->report, dimension->expr->span),
                     report_excerpt(&e->report, dimension->fallback->span));
    }
}

/* Finds the uses that the cells of a file make of the names in their heads. */
static void note_cells(struct usage *usage, struct module *module)
{
    struct elaboration *e = usage->e;
    usage->scope = &module->scope;
    for (int i = 0; i < module->tree->definition_count; i++) {
        usage->cell = module->tree->definitions[i];
        const struct global *global = find_global(usage->scope, usage->cell->name.text);
        bool *places = module->function_places[i];
        if (!places || !global || global->definition != usage->cell)
            continue;
        usage->called = ARENA_ARRAY(e->arena, bool, usage->cell->dimension_count);
        usage->counted = ARENA_ARRAY(e->arena, bool, usage->cell->dimension_count);
        note_cell(usage);
        decide_places(usage, places);
    }
}

void find_function_places(struct elaboration *e)
{
    struct usage usage = {.e = e};
    for (int m = 0; m < e->module_count; m++) {
        struct module *module = &e->modules[m];
        for (int i = 0; i < module->tree->definition_count; i++) {
            const struct tree_definition *cell = module->tree->definitions[i];
            if (cell->kind == DEFINE_CELL && cell->dimension_count)
                module->function_places[i] = ARENA_ARRAY(e->arena, bool, cell->dimension_count);
        }
        note_cells(&usage, module);
    }
    bool progress = true; /* at most one turn for each level of nested cells */
    for (int turn = 0; progress && turn <= NESTING_LIMIT; turn++) {
        progress = false;
        for (int i = usage.handing_count - 1; i >= 0; i--) {
            progress |= *usage.handings[i].to && !*usage.handings[i].from;
            *usage.handings[i].from |= *usage.handings[i].to;
        }
    }
    for (int m = 0; m < e->module_count; m++)
        for (int i = 0; i < e->modules[m].tree->definition_count; i++)
            if (e->modules[m].function_places[i])
                check_fallbacks(e, &e->modules[m].scope, e->modules[m].tree->definitions[i]);
}

/* ---- handing over ---- */

static void note_place(struct elaboration *e, const struct tree_definition *cell, int index)
{
    report_note(&e->report, cell->dimensions[index].expr->span, "'%s' is declared here",
                report_excerpt(&e->report, cell->dimensions[index].expr->span));
}

bool check_dimension(struct builder *b, const struct tree_definition *cell, int index, const struct expr *given)
{
    struct function function;
    if (!find_function(b->instance, given, &function))
        return true;
    report_error(&b->e->report, given->span, "'%s' of '%s' is a dimension, but '%s' is a function",
                 report_excerpt(&b->e->report, cell->dimensions[index].expr->span), cell->name.text,
                 report_excerpt(&b->e->report, given->span));
    note_place(b->e, cell, index);
    return false;
}

static bool is_unknown(const struct builder *b, const struct expr *expr)
{
    return expr->kind == EXPR_NAME && !map_get(&b->instance->symbols, expr->name.text) &&
           !find_global(b->instance, expr->name.text);
}

bool set_function(struct builder *b, struct instance *instance, int index, const struct expr *given)
{
    const struct tree_definition *cell = instance->definition;
    const struct dimension *dimension = &cell->dimensions[index];
    const char *name = report_excerpt(&b->e->report, dimension->expr->span);
    struct symbol *symbol = map_get(&instance->symbols, name);
    struct function function;
    const struct instance *scope = given ? b->instance : &instance->module->scope;
    if (find_function(scope, given ? given : dimension->fallback, &function)) {
        if (symbol && symbol->kind == SYMBOL_FUNCTION) {
            symbol->function = function;
            symbol->known = true;
        }
        return symbol != NULL;
    }
    if (!given)
        return false; /* the default is reported where it stands */
    if (is_unknown(b, given)) {
        tell_unknown(b->e, b->instance, &given->name, true);
        return false;
    }
    if (names_import(b->instance, given) && !find_global_at(b->instance, given)) {
        tell_imported(b->e, b->instance, given, true);
        return false;
    }
    report_error(&b->e->report, given->span, "'%s' of '%s' is a function, but '%s' is not the name of one", name,
                 cell->name.text, report_excerpt(&b->e->report, given->span));
    note_place(b->e, cell, index);
    return false;
}

/* ---- at the top ---- */

static void define_function(struct elaboration *e, struct symbol *symbol, const struct definition *given)
{
    const struct expr name = {.kind = EXPR_NAME, .name = {.text = given->function}};
    symbol->known = given->function && find_function(&e->main->scope, &name, &symbol->function);
    if (symbol->known)
        return;
    symbol->evaluated = PROGRESS_DONE; /* told */
    if (!given->function) {
        report_error(&e->report, symbol->span, "-D %s=%.15g: '%s' is a function", symbol->name, given->value,
                     symbol->name);
        return;
    }
    report_error(&e->report, symbol->span, "-D %s=%s: there is no function '%s'", symbol->name, given->function,
                 given->function);
    note_similar_function(e, symbol->span, given->function);
}

void define_functions(struct elaboration *e, struct instance *top)
{
    for (int i = 0; i < top->definition->dimension_count; i++) {
        const struct dimension *dimension = &top->definition->dimensions[i];
        struct symbol *symbol =
            dimension->expr->kind == EXPR_NAME ? map_get(&top->symbols, dimension->expr->name.text) : NULL;
        if (!symbol || symbol->kind != SYMBOL_FUNCTION)
            continue;
        for (int k = 0; k < e->options->definition_count; k++)
            if (strcmp(e->options->definitions[k].name, symbol->name) == 0) {
                e->definitions_used[k] = true;
                define_function(e, symbol, &e->options->definitions[k]);
            }
        if (!symbol->known && symbol->evaluated == PROGRESS_NONE && dimension->fallback)
            symbol->known = find_function(&e->main->scope, dimension->fallback, &symbol->function);
        top->failed |= !symbol->known && (dimension->fallback || symbol->evaluated);
    }
}
