/* Checks for options that exclude each other. */
#include "options_check.h"

#include <string.h>

#include "base/target.h"
#include "emit/emit.h"
#include "files/path.h"
#include "options_paths.h"

/* Checks that no output overwrites an input or another output; only formatting may overwrite the program. */
static void check_places(struct argp_state *state, const struct options *options, struct arena *arena)
{
    bool formats = options->pipeline.emit == EMIT_SOURCE;
    struct {
        const char *name, *path;
    } results[3 + PIPELINE_LEVELS] = {{"-o", options->output},
                                      {"--header", options->header},
                                      {"-MF", options->depfile.wanted ? options_depfile_path(arena, options) : NULL}};
    const struct target *levels = options_levels(options);
    for (int i = 0; levels && levels[i].name; i++) {
        results[3 + i].path = options_level_path(arena, options, &levels[i]);
        results[3 + i].name = "-o with --target=multi";
    }
    for (int i = 0; i < 3 + PIPELINE_LEVELS; i++) {
        const char *path = results[i].path;
        for (int k = 0; path && k < i; k++)
            if (results[k].path && path_is_same(results[k].path, path))
                argp_error(state, "%s and %s name the same file", results[k].name, results[i].name);
        if (path && strcmp(options->input, "-") != 0 && !formats && path_is_same(path, options->input))
            argp_error(state, "%s would overwrite the program '%s'", results[i].name, options->input);
        if (path && options->pipeline.embed && path_is_same(path, options->pipeline.embed))
            argp_error(state, "%s would overwrite the weights '%s'", results[i].name, options->pipeline.embed);
        if (path && options->machine && path_is_same(path, options->machine))
            argp_error(state, "%s would overwrite the machine '%s'", results[i].name, options->machine);
        for (int k = 0; path && k < options->plan_count; k++)
            if (path_is_same(path, options->plans[k]))
                argp_error(state, "%s would overwrite the forms '%s'", results[i].name, options->plans[k]);
    }
}

/* The C file includes the header by its name, between quotes. */
static void check_header(struct argp_state *state, const struct options *options)
{
    const char *name = options_header_name(options);
    if (strcmp(options->header, "-") == 0)
        argp_error(state, "--header needs a file: the C file includes it by its name");
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127 || *c == '"' || *c == '\\')
            argp_error(state,
                       "--header: '%s' cannot be included, as C has no quotes, backslashes and control "
                       "characters in the name of a header",
                       name);
}

/* Checks that the stage of --dump-after belongs to the run. */
static void check_dump(struct argp_state *state, const struct pipeline_options *options)
{
    enum stage stage = options->dump_after;
    if (stage == STAGE_COUNT)
        return;
    if (stage == STAGE_DIFFERENTIATE && !options->train && !options->vjp)
        argp_error(state, "--dump-after=%s goes with --train or --vjp", stage_name(stage));
    if (options->emit == EMIT_SOURCE && stage > STAGE_PARSE && stage < STAGE_EMIT)
        argp_error(state, "--dump-after=%s: --emit=source needs no more than parse", stage_name(stage));
    if (options->emit == EMIT_NOTHING && stage > STAGE_INFER_SHAPES)
        argp_error(state, "--dump-after=%s: -fsyntax-only ends with infer-shapes", stage_name(stage));
}

/* Checks that there are names for the files of several levels, and that each has its own machine. */
static void check_target(struct argp_state *state, const struct options *options)
{
    const struct target *target = options->pipeline.target;
    if (target && target->levels && options->pipeline.emit != EMIT_C && options->pipeline.emit != EMIT_NOTHING)
        argp_error(state, "--target=%s goes with --emit=c", target->name);
    if (!options_levels(options))
        return;
    if (!options->output || strcmp(options->output, "-") == 0 || path_is_special(options->output))
        argp_error(state, "--target=%s needs -o FILE, of a regular file: the names of its other files come from that",
                   target->name);
    if (options->pipeline.schedule.machine)
        argp_error(state, "--machine is about one machine, --target=%s about several", target->name);
}

static void check_variants(struct argp_state *state, const struct pipeline_options *options)
{
    if (options->emit != EMIT_C && options->emit != EMIT_NOTHING)
        argp_error(state, "--variants goes with --emit=c; --form shows one of them");
    if (options->train)
        argp_error(state, "--variants is about inference, --train about one form");
    if (options->vjp)
        argp_error(state, "--variants is about inference, --vjp about one form");
    if (options->embed)
        argp_error(state, "--embed writes the weights of one form, --variants is about several");
}

/* Checks what C without a runtime cannot have. */
static void check_freestanding(struct argp_state *state, const struct pipeline_options *options)
{
    if (options->plain && !options->freestanding)
        argp_error(state, "--plain-c goes with --freestanding");
    if (options->embed_packed && !options->plain)
        argp_error(state, "--weights goes with --freestanding --plain-c, for which packed weights have one order; "
                          "--embed=FILE is for any C");
    if (options->self_test && (!options->freestanding || (options->emit != EMIT_C && options->emit != EMIT_NOTHING)))
        argp_error(state, "--self-test goes with --freestanding and --emit=c");
    if (!options->freestanding)
        return;
    const bool explains = options->emit == EMIT_EXPLAIN && options->plain;
    if (options->emit != EMIT_C && options->emit != EMIT_NOTHING && !explains)
        argp_error(state, "--freestanding goes with --emit=c, or, with --plain-c, with --emit=explain");
    if (options->in_double)
        argp_error(state, "--freestanding computes in float; leave out --double");
    if (options->train || options->vjp)
        argp_error(state, "--freestanding is about inference: training needs the runtime");
    if (options->variant_count)
        argp_error(state,
                   "--freestanding is about one form: a network that chooses among --variants needs the runtime");
    if (options->target)
        argp_error(state, "--freestanding: the C compiler's own options say for what it compiles, as -mcpu=cortex-m4; "
                          "leave out --target");
    if (options->schedule.threads != THREADS_AUTO && options->schedule.threads != THREADS_SERIAL)
        argp_error(state, "--freestanding has no threads; leave out -fthreads");
}

void options_check(struct argp_state *state, const struct options *options, struct arena *arena)
{
    if (options->serves) {
        if (options->input)
            argp_error(state, "--lsp takes programs from the editor, not '%s'", options->input);
        if (options->output || options->header || options->depfile.wanted)
            argp_error(state, "--lsp writes no files");
        return;
    }
    if (!options->input)
        argp_error(state, "no input file; `rnnc net.rnn -o net.c` compiles a network, - reads standard input");
    if (options->pipeline.prefix && !emit_prefix_is_valid(options->pipeline.prefix))
        argp_error(state, "--prefix wants an identifier of C that neither is rnn nor begins with rnn_, not '%s'",
                   options->pipeline.prefix);
    check_dump(state, &options->pipeline);
    if (options->header && options->pipeline.emit != EMIT_C)
        argp_error(state, "--header goes with --emit=c");
    if (options->header)
        check_header(state, options);
    if (options->load_given && options->pipeline.emit != EMIT_PREDICT && !options->pipeline.variant_count &&
        !forms_leave_choices(&options->pipeline.sema))
        argp_error(state, "--load goes with --emit=predict, --variants or --form PATTERN=auto");
    if (options->pipeline.in_double && options->pipeline.emit != EMIT_PREDICT && !options->pipeline.freestanding)
        argp_error(state, "--double goes with --emit=predict: the C is for both, and -DRNN_REAL_DOUBLE says which");
    if (options->pipeline.variant_count)
        check_variants(state, &options->pipeline);
    if (options->pipeline.input_gradients && !options->pipeline.train)
        argp_error(state, "--input-gradients goes with --train");
    if ((options->pipeline.embed || options->pipeline.no_files) && options->pipeline.emit != EMIT_C)
        argp_error(state, "--%s goes with --emit=c",
                   options->pipeline.embed_packed ? "weights"
                   : options->pipeline.embed      ? "embed"
                                                  : "no-files");
    if (options->depfile.wanted &&
        (options->pipeline.emit != EMIT_C || !options->output || strcmp(options->output, "-") == 0))
        argp_error(state, "-M goes with --emit=c and -o FILE");
    check_freestanding(state, &options->pipeline);
    check_target(state, options);
    check_places(state, options, arena);
}
