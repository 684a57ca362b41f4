/* Ways to send a gradient, as words. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ranks/compress.h"

/* Reads the rank behind "NAME:". */
static bool parse_rank(const char *text, const char *name, int *rank)
{
    enum { MOST_RANK = 1024 };
    const size_t length = strlen(name);
    char *end;
    if (strncmp(text, name, length) != 0 || text[length] != ':')
        return false;
    const char *number = text + length + 1;
    const long found = strtol(number, &end, 10);
    *rank = (int)found;
    return *number >= '1' && *number <= '9' && !*end && found <= MOST_RANK;
}

bool compress_parse(const char *text, struct compress_options *options)
{
    struct compress_way way = {.kind = COMPRESS_NONE};
    bool chooses = strcmp(text, "auto") == 0, good = chooses || strcmp(text, "none") == 0;
    if (strcmp(text, "f16") == 0) {
        way.kind = COMPRESS_F16;
        good = true;
    } else if (parse_rank(text, "powersgd", &way.rank)) {
        way.kind = COMPRESS_POWERSGD;
        good = true;
    } else if (parse_rank(text, "auto", &way.rank)) {
        chooses = good = true;
    }
    options->chooses = chooses;
    options->way = way;
    return good;
}

const char *compress_print_way(struct arena *arena, struct compress_way way)
{
    switch (way.kind) {
    case COMPRESS_NONE:
        break;
    case COMPRESS_F16:
        return "f16";
    case COMPRESS_POWERSGD:
        return arena_printf(arena, "powersgd:%d", way.rank);
    }
    return "none";
}

bool compress_begins_later(const struct compress_options *options)
{
    return options->chooses || options->way.kind == COMPRESS_POWERSGD;
}

const char *compress_print(struct arena *arena, const struct compress_options *options)
{
    const char *name = options->chooses ? "auto" : compress_print_way(arena, options->way);
    if (options->chooses && options->way.rank)
        name = arena_printf(arena, "auto:%d", options->way.rank);
    return compress_begins_later(options) ? arena_printf(arena, "%s after %d steps", name, options->after) : name;
}
