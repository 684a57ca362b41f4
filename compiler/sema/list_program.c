/* Lists the results of the elaboration in the order of the text. */
#include "base/arena.h"
#include "sema/names.h"
#include "sema/resolve.h"

struct place {
    const struct instance *instance;
    int next;
};

/* Lists the values in the order of the text, instances where their equations stand. */
void list_values(struct elaboration *e)
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

/* Names the kind of a symbol that no equation defines, or NULL. */
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
        return; /* reported here, or where it is declared */
    for (int i = 0; i < program->output_count; i++) {
        if (program->outputs[i].value != value)
            continue;
        report_error(&e->report, name->span, "'%s' is an output twice", name->text);
        report_note(&e->report, program->outputs[i].span, "it was first declared here");
        return;
    }
    program->outputs[program->output_count++] = (struct output){symbol->name, value, name->span};
}

/* True for `output p = ...` where p has been defined before, which is reported there. */
static bool is_defined_before(struct elaboration *e, const struct statement *statement)
{
    const struct symbol *symbol = map_get(&e->top->symbols, statement->declarators[0].name.text);
    return statement->value_count && symbol && symbol->declarator != &statement->declarators[0];
}

void list_outputs(struct elaboration *e)
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

void warn_unused(struct elaboration *e)
{
    for (int i = 0; i < e->program->parameter_count; i++) {
        const struct value *value = e->program->parameters[i];
        const char *name = report_excerpt(&e->report, value->span);
        if (!e->solver.nodes[value->id].read)
            report_warning(&e->report, value->span, "the parameter '%s' is never used", name);
    }
}
