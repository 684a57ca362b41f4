/* rnnc: command line -> options -> pipeline -> exit status. */
#include <stdio.h>

#include "base/arena.h"
#include "base/source.h"
#include "base/target.h"
#include "files/path.h"
#include "files/standard.h"
#include "options.h"
#include "options_paths.h"
#include "output.h"
#include "serve.h"

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

/* Returns the imported file that a result would overwrite, or NULL. */
static const char *find_overwritten(const struct source *source, const struct output_file *results, int count)
{
    for (int i = 0; i < count; i++)
        for (int k = 1; k < source->file_count; k++)
            if (!source->files[k].built_in && path_is_same(results[i].path, source->files[k].name))
                return source->files[k].name;
    return NULL;
}

static int write_results(struct arena *arena, const struct options *options, const struct source *source,
                         const struct pipeline_result *result)
{
    struct output_file files[3 + PIPELINE_LEVELS] = {
        {options->output ? options->output : "-", result->main.data, result->main.length}};
    int count = 1;
    if (options->header)
        files[count++] = (struct output_file){options->header, result->header.data, result->header.length};
    const struct target *levels = options_levels(options);
    for (int i = 0; levels && levels[i].name; i++)
        files[count++] = (struct output_file){options_level_path(arena, options, &levels[i]), result->levels[i].data,
                                              result->levels[i].length};
    struct text rule;
    text_init(&rule, arena);
    if (options->depfile.wanted) {
        depfile_write(options, source, &rule);
        files[count++] = (struct output_file){options_depfile_path(arena, options), rule.data, rule.length};
    }
    const char *error, *overwritten = find_overwritten(source, files, count);
    if (overwritten) {
        complain(arena_printf(arena, "a result would overwrite '%s', which the program imports", overwritten));
        return EXIT_COMMAND_LINE_WRONG;
    }
    if (options->pipeline.emit == EMIT_NOTHING || output_write(arena, files, count, &error))
        return EXIT_DONE;
    return complain(error);
}

int main(int argc, char **argv)
{
    standard_streams_open();
    struct arena *arena = arena_new();
    struct options options = options_parse(arena, argc, argv);
    if (options.serves) {
        const int served = serve(&options.pipeline);
        arena_free(arena);
        return served;
    }
    const char *error;
    int status = EXIT_PROGRAM_WRONG;
    struct source *source = source_from_file(arena, options.input, &error);
    if (!source) {
        status = complain(error);
    } else {
        struct diagnostics *diag = diag_new(arena, source);
        struct pipeline_result result = {0};
        choose_forms(arena, source, &options.pipeline);
        bool done = pipeline_run(arena, source, &options.pipeline, diag, &result);
        if (options.warnings_are_errors)
            diag_promote_warnings(diag);
        diag_print(diag, &options.diag, stderr);
        if (result.dump.length)
            fwrite(result.dump.data, 1, result.dump.length, stderr);
        if (options.pipeline.time_stages)
            print_times(&result);
        if (result.unused)
            fprintf(stderr, "rnnc: %s\n", result.unused);
        if (result.error)
            status = complain(result.error);
        if (done && !diag_error_count(diag))
            status = write_results(arena, &options, source, &result);
    }
    arena_free(arena);
    return status;
}
