#include "options_paths.h"

#include <string.h>

#include "base/arena.h"
#include "base/target.h"

const char *options_header_name(const struct options *options)
{
    const char *path = options->header;
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Returns how many letters of a path stand before its extension. A dot that begins the name begins no extension. */
static size_t stem_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? (size_t)(dot - path) : strlen(path);
}

const struct target *options_levels(const struct options *options)
{
    const struct target *target = options->pipeline.target;
    return target && options->pipeline.emit == EMIT_C ? target->levels : NULL;
}

const char *options_level_path(struct arena *arena, const struct options *options, const struct target *level)
{
    size_t stem = stem_of(options->output);
    return arena_printf(arena, "%.*s-%s%s", (int)stem, options->output, level->name, options->output + stem);
}

const char *options_depfile_path(struct arena *arena, const struct options *options)
{
    if (options->depfile.path)
        return options->depfile.path;
    return arena_printf(arena, "%.*s.d", (int)stem_of(options->output), options->output);
}
