/* rnnc: command line -> options -> pipeline -> exit status. */
#include <stdio.h>

#include "base/arena.h"
#include "base/output.h"
#include "base/source.h"
#include "options.h"

enum { EXIT_DONE, EXIT_PROGRAM_WRONG, EXIT_COMMAND_LINE_WRONG };

static int complain(const char *error)
{
    fprintf(stderr, "rnnc: error: %s\n", error);
    return EXIT_PROGRAM_WRONG;
}

static void print_times(const struct pipeline_result *result)
{
    for (int i = 0; i < STAGE_COUNT; i++)
        fprintf(stderr, "%-16s %8.3f ms\n", stage_name((enum stage)i), 1e3 * result->seconds[i]);
}

static int write_results(struct arena *arena, const struct options *options, const struct pipeline_result *result)
{
    const char *error, *output = options->output;
    if (options->pipeline.emit == EMIT_NOTHING)
        return EXIT_DONE;
    if (options->header && !output_write(arena, options->header, result->header.data, result->header.length, &error))
        return complain(error);
    if (!output_write(arena, output ? output : "-", result->main.data, result->main.length, &error))
        return complain(error);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct options options = options_parse(arena, argc, argv);
    const char *error;
    int status = EXIT_PROGRAM_WRONG;
    const struct source *source = source_from_file(arena, options.input, &error);
    if (!source) {
        status = complain(error);
    } else {
        struct diagnostics *diag = diag_new(arena, source);
        struct pipeline_result result = {0};
        bool done = pipeline_run(arena, source, &options.pipeline, diag, &result);
        diag_print(diag, &options.diag, stderr);
        if (result.dump.length)
            fwrite(result.dump.data, 1, result.dump.length, stderr);
        if (options.pipeline.time_stages)
            print_times(&result);
        if (done && !(options.warnings_are_errors && diag_warning_count(diag)))
            status = write_results(arena, &options, &result);
    }
    arena_free(arena);
    return status;
}
