#include "import/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/op.h"

void import_names_init(struct import_names *names, struct arena *arena, const char *module)
{
    names->arena = arena;
    names->module = module;
    map_init(&names->taken, arena);
}

static bool is_taken(const struct import_names *names, const char *name)
{
    static const char *const words[] = {"t",     "net",     "inf",   "nan",   "import", "as",     "model", "cell",
                                        "fn",    "const",   "param", "input", "output", "target", "loss",  "init",
                                        "stack", "reverse", "once",  "index", "labels", "fixed",  "shared"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return strcmp(name, names->module) == 0 || op_find(name, (int)strlen(name)) != OP_COUNT ||
           map_get(&names->taken, name);
}

const char *import_plain_name(struct arena *arena, const char *like)
{
    while (*like && !isalnum((unsigned char)*like))
        like++;
    char *plain = (char *)arena_printf(arena, "%s%.60s", isalpha((unsigned char)*like) ? "" : "v", like);
    for (char *c = plain; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
    return plain;
}

const char *import_line(struct arena *arena, const char *words)
{
    char *line = (char *)arena_printf(arena, "%s", words);
    for (char *c = line; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = ' ';
    return line;
}

const char *import_take_name(struct import_names *names, const char *like)
{
    const char *plain = import_plain_name(names->arena, like), *name = plain;
    for (int i = 2; is_taken(names, name); i++)
        name = arena_printf(names->arena, "%s_%d", plain, i);
    map_put(&names->taken, name, names);
    return name;
}
