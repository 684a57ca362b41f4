/* rnn factor: replaces matrices of a trained network by low-rank factors, in its program and in its weights. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "command/commands.h"
#include "data/file.h"
#include "factor/factor.h"
#include "factor/lapack.h"
#include "network/program.h"
#include "table/vocabulary.h"

enum { KEY_FORM = 1024, KEY_SEED };

static const struct argp_option options_table[] = {
    {"weights", 'w', "FILE", 0, "The trained weights, of all parameters (.safetensors)", 2},
    {"form", KEY_FORM, "NAME=FORM", 0,
     "Keep this parameter, or those whose names match the pattern, as svd:RANK or cp:RANK; later ones count", 2},
    {"out", 'o', "FOLDER", 0, "Write the program, its weights and the report here: a new or an empty folder", 2},
    {"seed", KEY_SEED, "N", 0, "For the starts of cp (default 1)", 2},
    {0},
};

static const char documentation[] =
    "Replace weights of a trained network by low-rank factors, with which it computes and reads less.\v"
    "A matrix W[n, m] becomes A[n, r] B[r, m], from its largest singular values: no other factors of this rank are "
    "nearer. A parameter Z[k, n, m] becomes a canonical polyadic decomposition, Z[i] = B diag(A[i]) C', by alternating "
    "least squares. Without --form it only prints how fast the singular values of each matrix fall, from which ranks "
    "can be taken; ranks that are multiples of 16 fill the lanes of every machine.\n\n"
    "The folder gets the program, under its own name, with the forms in its declarations, weights.safetensors and "
    "report.txt, all or nothing. `rnn eval` says how good the result is, `rnn bench` how fast, and `rnn train "
    "--weights` goes on training the factors.\n\n"
    "Exit status: 0 done, 1 the program or the weights are wrong or nothing can be written, 2 the command line is "
    "wrong.";

static const struct argument_field fields[] = {
    {'w', ARGUMENT_TEXT, offsetof(struct factor_options, weights)},
    {KEY_FORM, ARGUMENT_WORD, offsetof(struct factor_options, forms)},
    {'o', ARGUMENT_TEXT, offsetof(struct factor_options, output)},
    {KEY_SEED, ARGUMENT_SEED, offsetof(struct factor_options, seed)},
    {0},
};

static void check_options(void *to, struct argp_state *state)
{
    const struct factor_options *options = to;
    if (!options->weights)
        argp_error(state, "--weights is missing: which weights are to be factored?");
    if (options->output && !options->forms.count)
        argp_error(state, "--out writes a network with factors: say which with --form, as --form 'h.U=svd:64'");
    if (options->forms.count && !options->output)
        argp_error(state, "--form needs --out, the folder for the new network");
}

static const struct command_line command_line = {.options = options_table,
                                                 .fields = fields,
                                                 .doc = documentation,
                                                 .parts = {{&network_argp, offsetof(struct factor_options, network)}},
                                                 .check = check_options};

/* ---- results ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const struct matrix *factored_matrix(const struct factoring *factoring, const rnn_file_tensor *tensor)
{
    for (int i = 0; i < factoring->matrix_count; i++)
        if (factoring->matrices[i].weights == tensor && factoring->matrices[i].factor_count)
            return &factoring->matrices[i];
    return NULL;
}

/* Writes the program's parameters, the factors of those with forms, and the vocabulary if there is one. */
static bool write_weights(const struct factoring *factoring, const char *path, const char **error)
{
    const struct program *program = factoring->program;
    rnn_file_tensor *tensors = ARENA_ARRAY(factoring->arena, rnn_file_tensor, 3 * program->parameter_count + 1);
    int count = 0;
    for (int i = 0; i < program->parameter_count; i++) {
        const rnn_file_tensor *tensor = rnn_file_find(factoring->file, program->parameters[i]->name);
        const struct matrix *matrix = factored_matrix(factoring, tensor);
        for (int k = 0; matrix && k < matrix->factor_count; k++)
            tensors[count++] = matrix->factors[k];
        if (!matrix)
            tensors[count++] = *tensor;
    }
    const rnn_metadata vocabulary = {VOCABULARY_KEY, rnn_file_metadata(factoring->file, VOCABULARY_KEY)};
    rnn_error reason;
    if (rnn_file_save(path, tensors, count, &vocabulary, vocabulary.value != NULL, &reason) == RNN_OK)
        return true;
    *error = arena_printf(factoring->arena, "%s", reason.text);
    return false;
}

static const char *result_path(const struct factoring *factoring, const char *folder, int which)
{
    const char *const names[] = {base_name(factoring->options->network.path), "weights.safetensors", "report.txt"};
    return arena_printf(factoring->arena, "%s/%s", folder, names[which]);
}

static bool fill_folder(const struct factoring *factoring, const char *folder, const struct source *program,
                        const struct text *report, const char **error)
{
    return file_write(factoring->arena, result_path(factoring, folder, 0), program->data, program->length, error) &&
           write_weights(factoring, result_path(factoring, folder, 1), error) &&
           file_write(factoring->arena, result_path(factoring, folder, 2), report->data, report->length, error);
}

/* Writes everything into a folder beside the one that is asked for, which then takes its place. */
static bool write_results(const struct factoring *factoring, const struct source *program, const struct text *report,
                          const char **error)
{
    struct arena *arena = factoring->arena;
    const char *output = factoring->options->output;
    size_t length = strlen(output);
    while (length > 1 && output[length - 1] == '/')
        length--;
    char *folder = arena_printf(arena, "%.*s.XXXXXX", (int)length, output);
    if (!mkdtemp(folder)) {
        *error = arena_printf(arena, "'%s' cannot be made: %s", output, strerror(errno));
        return false;
    }
    bool done = chmod(folder, 0755) == 0 && fill_folder(factoring, folder, program, report, error);
    if (done && rename(folder, output) != 0) {
        done = false;
        *error =
            arena_printf(arena, "'%s' cannot be written: %s; give a new or an empty folder", output, strerror(errno));
    }
    for (int i = 0; !done && i < 3; i++)
        (void)unlink(result_path(factoring, folder, i));
    if (!done)
        (void)rmdir(folder);
    return done;
}

static bool factor(struct factoring *factoring, const char **error)
{
    const struct factor_options *options = factoring->options;
    factoring->source = source_from_file(factoring->arena, options->network.path, error);
    if (!factoring->source)
        return false;
    factoring->program = program_check(&options->network, factoring->source);
    if (!factoring->program || !lapack_open(error) || !find_matrices(factoring, error) ||
        !choose_forms(factoring, error) || !compute_factors(factoring, error))
        return false;
    struct text report;
    text_init(&report, factoring->arena);
    report_factors(factoring, &report);
    if (options->output) {
        const struct source *program = rewrite_program(factoring);
        if (!program_check(&options->network, program) || !write_results(factoring, program, &report, error))
            return false;
    }
    fwrite(report.data, 1, report.length, stdout);
    return true;
}

int command_factor(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct factor_options options = {.network = network_options_new(arena), .forms.arena = arena, .seed = 1};
    command_line_parse(&command_line, argc, argv, &options);
    struct factoring factoring = {.options = &options, .arena = arena};
    const char *error = NULL;
    const bool done = factor(&factoring, &error);
    if (!done)
        print_error(error);
    rnn_file_close(factoring.file);
    arena_free(arena);
    return done ? 0 : 1;
}
