#include "depfile.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "options.h"

/* A path as make reads it. */
static void write_path(const char *path, struct text *out)
{
    for (; *path; path++) {
        if (*path == ' ' || *path == '#')
            text_puts(out, "\\");
        else if (*path == '$')
            text_puts(out, "$");
        text_append(out, path, 1);
    }
}

const char *depfile_path(struct arena *arena, const struct options *options)
{
    if (options->depfile.path)
        return options->depfile.path;
    const char *slash = strrchr(options->output, '/');
    const char *dot = strrchr(slash ? slash : options->output, '.');
    size_t length = dot ? (size_t)(dot - options->output) : strlen(options->output);
    return arena_printf(arena, "%.*s.d", (int)length, options->output);
}

void depfile_write(const struct options *options, struct text *out)
{
    const char *files[] = {strcmp(options->input, "-") != 0 ? options->input : NULL, options->pipeline.embed,
                           options->machine};
    if (options->depfile.target)
        text_puts(out, options->depfile.target); /* quoted by the caller, as in C compilers */
    else
        write_path(options->output, out);
    text_puts(out, ":");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i]) {
            text_puts(out, " ");
            write_path(files[i], out);
        }
    text_puts(out, "\n");
    for (size_t i = 1; options->depfile.phony && i < sizeof files / sizeof *files; i++)
        if (files[i]) {
            text_puts(out, "\n");
            write_path(files[i], out);
            text_puts(out, ":\n");
        }
}
