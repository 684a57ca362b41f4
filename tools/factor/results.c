/* The folder that `rnn factor` writes. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "data/file.h"
#include "factor/factor.h"
#include "table/vocabulary.h"

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

/* Writes the program's parameters, of those with forms the factors, with --keep-dense both, and the vocabulary if there
 * is one. */
static bool write_weights(const struct factoring *factoring, const char *path, const char **error)
{
    const struct program *program = factoring->program;
    rnn_file_tensor *tensors = ARENA_ARRAY(factoring->arena, rnn_file_tensor, 4 * program->parameter_count + 1);
    int count = 0;
    for (int i = 0; i < program->parameter_count; i++) {
        const rnn_file_tensor *tensor = rnn_file_find(factoring->file, program->parameters[i]->name);
        const struct matrix *matrix = factored_matrix(factoring, tensor);
        for (int k = 0; matrix && k < matrix->factor_count; k++)
            tensors[count++] = matrix->factors[k];
        if (!matrix || factoring->options->keep_dense)
            tensors[count++] = *tensor;
    }
    const rnn_metadata vocabulary = {VOCABULARY_KEY, rnn_file_metadata(factoring->file, VOCABULARY_KEY)};
    rnn_error reason;
    if (rnn_file_save(path, tensors, count, &vocabulary, vocabulary.value != NULL, &reason) == RNN_OK)
        return true;
    *error = arena_printf(factoring->arena, "%s", reason.text);
    return false;
}

enum { RESULTS = 4 };

static const char *result_path(const struct factoring *factoring, const char *folder, int which)
{
    const char *const names[RESULTS] = {base_name(factoring->options->network.path), "weights.safetensors",
                                        "report.txt", "report.html"};
    return arena_printf(factoring->arena, "%s/%s", folder, names[which]);
}

const char *program_path(const struct factoring *factoring, const char *folder)
{
    return result_path(factoring, folder, 0);
}

const char *weights_path(const struct factoring *factoring, const char *folder)
{
    return result_path(factoring, folder, 1);
}

bool write_network(const struct factoring *factoring, const struct source *program, const char *folder,
                   const char **error)
{
    const char *weights = weights_path(factoring, folder);
    const struct text *trained = factoring->trained;
    return file_write(factoring->arena, program_path(factoring, folder), program->data, program->length, error) &&
           (trained ? file_write(factoring->arena, weights, trained->data, trained->length, error)
                    : write_weights(factoring, weights, error));
}

static bool write_reports(const struct factoring *factoring, const char *folder, const struct text *report,
                          const char **error)
{
    struct arena *arena = factoring->arena;
    struct text page;
    text_init(&page, arena);
    report_page(factoring, report, &page);
    return file_write(arena, result_path(factoring, folder, 2), report->data, report->length, error) &&
           file_write(arena, result_path(factoring, folder, 3), page.data, page.length, error);
}

/* Makes an empty folder beside the one that is asked for; NULL with *error. */
static const char *make_folder(const struct factoring *factoring, const char **error)
{
    struct arena *arena = factoring->arena;
    const char *output = factoring->options->output;
    size_t length = strlen(output);
    while (length > 1 && output[length - 1] == '/')
        length--;
    char *folder = arena_printf(arena, "%.*s.XXXXXX", (int)length, output);
    if (mkdtemp(folder))
        return folder;
    *error = arena_printf(arena, "'%s' cannot be made: %s", output, strerror(errno));
    return NULL;
}

static bool refuse_output(const struct factoring *factoring, int reason, const char **error)
{
    *error = arena_printf(factoring->arena, "'%s' cannot be written: %s; give a new or an empty folder",
                          factoring->options->output, strerror(reason));
    return false;
}

bool check_output(const struct factoring *factoring, const char **error)
{
    errno = 0;
    DIR *there = opendir(factoring->options->output);
    if (!there && errno != ENOENT)
        return refuse_output(factoring, errno, error);
    int entries = 0;
    while (there && readdir(there))
        entries++;
    if (there)
        closedir(there);
    if (entries > 2) /* . and .. */
        return refuse_output(factoring, ENOTEMPTY, error);
    const char *folder = make_folder(factoring, error);
    return folder && rmdir(folder) == 0;
}

bool write_results(const struct factoring *factoring, const struct text *report, const char **error)
{
    const char *folder = make_folder(factoring, error);
    if (!folder)
        return false;
    bool done = chmod(folder, 0755) == 0 &&
                write_network(factoring, rewrite_program(factoring, folder), folder, error) &&
                write_reports(factoring, folder, report, error);
    if (done && rename(folder, factoring->options->output) != 0)
        done = refuse_output(factoring, errno, error);
    for (int i = 0; !done && i < RESULTS; i++)
        (void)unlink(result_path(factoring, folder, i));
    if (!done)
        (void)rmdir(folder);
    return done;
}
