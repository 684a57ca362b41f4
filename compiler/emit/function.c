#include "emit/function.h"

#include <string.h>

#include "emit/emitter.h"

const char *variable_name(enum variable_number variable)
{
    static const char *const names[] = {
#define X(name) #name,
        EMITTED_VARIABLES(X)
#undef X
    };
    return names[variable];
}

void open_function(struct emitter *emitter, unsigned parameters)
{
    emitter->function = (struct function){.parameters = parameters};
}

void use_variables(struct emitter *emitter, unsigned variables) { emitter->function.used |= variables; }

void write_unused_parameters(struct emitter *emitter)
{
    const struct function *function = &emitter->function;
    for (int v = 0; v < VARIABLE_COUNT; v++)
        if ((function->parameters & ~function->used) >> v & 1)
            text_printf(emitter->out, "    (void)%s;\n", variable_name((enum variable_number)v));
}

void close_function(struct emitter *emitter)
{
    write_unused_parameters(emitter);
    text_puts(emitter->out, "}\n\n");
}

void open_kernel(struct emitter *emitter)
{
    emitter->function = (struct function){.file = emitter->out};
    text_init(&emitter->function.body, emitter->arena);
    emitter->out = &emitter->function.body;
}

/* Returns the declaration of a variable: "const struct lstm_packed *packed". */
static const char *declaration(const struct emitter *emitter, enum variable_number variable)
{
    const char *name = variable_name(variable);
    bool makes = variable == NUMBER_packed && emitter->region && emitter->region->kind == REGION_STATIC;
    switch (1u << variable) {
    case VAR_packed:
    case VAR_values:
        return arena_printf(emitter->arena, "%sstruct %s_%s *%s", makes ? "" : "const ", emitter->prefix, name, name);
    case VAR_window:
        return "const rnn_window *window";
    case VAR_to:
    case VAR_from:
        return arena_printf(emitter->arena, "const struct %s_values *%s", emitter->prefix, name);
    case VAR_params:
        return arena_printf(emitter->arena, "const %s *params", emitter->parameters_type);
    case VAR_ends:
        return "const int *ends";
    case VAR_share:
        return "const rnn_share *share";
    case VAR_frame:
        return "const ptrdiff_t frame";
    }
    return arena_printf(emitter->arena, "const int %s", name);
}

/* Returns the declarations of those of the variables that lie in a range. */
static const char *declarations(const struct emitter *emitter, unsigned variables, int first, int end)
{
    struct text text;
    text_init(&text, emitter->arena);
    text_puts(&text, ""); /* there may be none */
    for (int v = first; v < end; v++)
        if (variables >> v & 1)
            text_printf(&text, "%s%s", text.length ? ", " : "", declaration(emitter, (enum variable_number)v));
    return text.data;
}

unsigned close_kernel(struct emitter *emitter, const char *head, const char *name)
{
    struct function *function = &emitter->function;
    struct text *out = emitter->out = function->file;
    const char *objects = declarations(emitter, function->used, 0, NUMBER_memory),
               *numbers = declarations(emitter, function->used, NUMBER_memory, VARIABLE_COUNT);
    size_t first = strlen(head) + strlen(name) + strlen(objects) + strlen(" (,");
    bool both = *objects && *numbers, one_line = first + strlen(numbers) + strlen(" )") <= LINE_MOST;
    text_printf(out, "%s %s(%s%s%s%s)\n{\n", head, name, first > LINE_MOST ? "\n    " : "", objects,
                !both      ? ""
                : one_line ? ", "
                           : ",\n    ",
                numbers);
    text_append(out, function->body.data, function->body.length);
    text_puts(out, "}\n\n");
    return function->used;
}
