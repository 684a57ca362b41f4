#include "depfile.h"

#include <string.h>

#include "base/arena.h"
#include "base/source.h"
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

/* Returns the number of files that the C is made from besides the program, and lists them. */
static int list_files(const struct options *options, const struct source *source, const char **files)
{
    int count = 0;
    for (int i = 1; i < source->file_count; i++)
        if (!source->files[i].built_in)
            files[count++] = source->files[i].name;
    if (options->pipeline.embed)
        files[count++] = options->pipeline.embed;
    if (options->machine)
        files[count++] = options->machine;
    for (int i = 0; i < options->plan_count; i++)
        files[count++] = options->plans[i];
    return count;
}

void depfile_write(const struct options *options, const struct source *source, struct text *out)
{
    const char **files = ARENA_ARRAY(out->arena, const char *, options->plan_count + source->file_count + 2);
    const int count = list_files(options, source, files);
    if (options->depfile.target)
        text_puts(out, options->depfile.target); /* quoted by the caller, as in C compilers */
    else
        write_outputs(options, out);
    text_puts(out, ":");
    if (strcmp(options->input, "-") != 0) {
        text_puts(out, " ");
        write_path(options->input, out);
    }
    for (int i = 0; i < count; i++) {
        text_puts(out, " ");
        write_path(files[i], out);
    }
    text_puts(out, "\n");
    for (int i = 0; options->depfile.phony && i < count; i++) {
        text_puts(out, "\n");
        write_path(files[i], out);
        text_puts(out, ":\n");
    }
}
