/* -D on a command line. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sema/sema.h"

/* The decimal numbers of the language, with a sign; strtod knows more. */
static bool read_number(const char *text, double *result)
{
    char *end;
    const char *digits = text + (*text == '-' || *text == '+');
    *result = strtod(text, &end);
    return isdigit((unsigned char)*digits) && !strpbrk(digits, "xX") && !*end && isfinite(*result);
}

const char *read_definition(struct arena *arena, const char *text, struct definition *definition)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return arena_printf(arena, "-D wants NAME=VALUE, not '%s'", text);
    *definition = (struct definition){.name = arena_copy_string(arena, text, (size_t)(equals - text))};
    if (isalpha((unsigned char)equals[1]) || equals[1] == '_')
        definition->function = arena_printf(arena, "%s", equals + 1);
    else if (!read_number(equals + 1, &definition->value))
        return arena_printf(arena, "-D wants a number or the name of a function for '%s', not '%s'", definition->name,
                            equals + 1);
    return NULL;
}
