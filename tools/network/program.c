#include "network/program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "files/path.h"

struct import_options program_imports(const struct network_options *options)
{
    return (struct import_options){options->folders.items, options->folders.count};
}

void program_reads(const struct network_options *options, struct argument_files *files)
{
    const char *error;
    argument_reads(files, "the program", options->path);
    if (strcmp(options->path, "-") == 0 || path_is_special(options->path)) /* which can be read once */
        return;
    struct source *source = source_from_file(options->arena, options->path, &error);
    if (!source)
        return;
    const struct import_options imports = program_imports(options);
    parse_program(options->arena, source, &imports, diag_new(options->arena, source));
    for (int i = 1; i < source->file_count; i++)
        if (!source->files[i].built_in)
            argument_reads(files, "the imported", source->files[i].name);
}

static const struct program *check(const struct network_options *options, struct source *source,
                                   struct diagnostics *diag)
{
    struct arena *arena = options->arena;
    const struct sema_options sema = {.definitions = options->definitions,
                                      .definition_count = options->definition_count,
                                      .top = options->top,
                                      .forms = options->forms.items,
                                      .form_count = options->forms.count};
    const struct import_options imports = program_imports(options);
    const struct tree *tree = parse_program(arena, source, &imports, diag);
    struct program *program = diag_error_count(diag) ? NULL : resolve_names(arena, tree, &sema, diag);
    if (program && diag_error_count(diag) == 0)
        infer_shapes(arena, program, diag);
    return program && diag_error_count(diag) == 0 ? program : NULL;
}

const struct program *program_check(const struct network_options *options, struct source *source)
{
    struct diagnostics *diag = diag_new(options->arena, source);
    const struct program *program = check(options, source, diag);
    if (!program)
        diag_print(diag, &(struct diag_options){.colour = isatty(STDERR_FILENO)}, stderr);
    return program;
}

bool program_is_right(const struct network_options *options, struct source *source)
{
    return check(options, source, diag_new(options->arena, source)) != NULL;
}
