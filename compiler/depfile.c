#include "depfile.h"

#include <string.h>

#include "base/target.h"
#include "base/text.h"
#include "options.h"
#include "options_paths.h"

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

/* Writes the C files that the rule makes. */
static void write_outputs(const struct options *options, struct text *out)
{
    write_path(options->output, out);
    for (const struct target *level = options_levels(options); level && level->name; level++) {
        text_puts(out, " ");
        write_path(options_level_path(out->arena, options, level), out);
    }
}

void depfile_write(const struct options *options, struct text *out)
{
    const char *files[] = {strcmp(options->input, "-") != 0 ? options->input : NULL, options->pipeline.embed,
                           options->machine};
    if (options->depfile.target)
        text_puts(out, options->depfile.target); /* quoted by the caller, as in C compilers */
    else
        write_outputs(options, out);
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
