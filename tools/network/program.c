#include "network/program.h"

#include <stdio.h>
#include <unistd.h>

#include "base/diag.h"
#include "syntax/tree.h"

const struct program *program_check(const struct network_options *options, const struct source *source)
{
    struct arena *arena = options->arena;
    struct diagnostics *diag = diag_new(arena, source);
    const struct sema_options sema = {options->definitions, options->definition_count, options->top};
    const struct tree *tree = parse(arena, source, diag);
    struct program *program = diag_error_count(diag) ? NULL : resolve_names(arena, tree, &sema, diag);
    if (program && diag_error_count(diag) == 0)
        infer_shapes(arena, program, diag);
    if (program && diag_error_count(diag) == 0)
        return program;
    diag_print(diag, &(struct diag_options){.colour = isatty(STDERR_FILENO)}, stderr);
    return NULL;
}
