#include "output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "files/new_file.h"
#include "files/standard.h"

static bool is_standard_output(const char *path) { return strcmp(path, "-") == 0; }

/* Writes one output; returns 0 or an errno. */
static int write_output(const struct output_file *output, struct new_file *file)
{
    if (is_standard_output(output->path)) {
        struct new_file standard = {.descriptor = STDOUT_FILENO, .special = true};
        int lost = standard_output_flush();
        return lost ? lost : rnn_new_file_write(&standard, output->data, output->length);
    }
    int reason = rnn_new_file_begin(file, output->path);
    reason = reason ? reason : rnn_new_file_write(file, output->data, output->length);
    return reason ? reason : rnn_new_file_flush(file);
}

static void explain(struct arena *arena, const char *path, int reason, const char **error)
{
    char words[RNN_NEW_FILE_WORDS];
    if (reason == ENOMEM)
        out_of_memory();
    rnn_new_file_reason(path, reason, words);
    *error = is_standard_output(path) ? arena_printf(arena, "cannot write to standard output: %s", words)
                                      : arena_printf(arena, "cannot write '%s': %s", path, words);
}

bool output_write(struct arena *arena, const struct output_file *files, int count, const char **error)
{
    struct new_file *outputs = ARENA_ARRAY(arena, struct new_file, count);
    int reason = 0, written = 0;
    for (int i = 0; i < count; i++)
        outputs[i].descriptor = -1;
    for (; written < count && !reason; written++)
        if ((reason = write_output(&files[written], &outputs[written])))
            explain(arena, files[written].path, reason, error);
    for (int i = 0; i < count && !reason; i++)
        if (outputs[i].path && (reason = rnn_new_file_place(&outputs[i])))
            explain(arena, files[i].path, reason, error);
    for (int i = 0; i < written; i++)
        rnn_new_file_end(&outputs[i]);
    return !reason;
}
