#include "data/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "files/new_file.h"
#include "files/path.h"

static bool fail(struct arena *arena, const char *path, const char *what, const char **error)
{
    *error = arena_printf(arena, "cannot %s '%s': %s", what, path, strerror(errno));
    return false;
}

bool file_read(struct arena *arena, const char *path, struct text *content, const char **error)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return fail(arena, path, "open", error);
    text_init(content, arena);
    char buffer[65536];
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0)
        text_append(content, buffer, got);
    bool failed = ferror(file) != 0;
    if (failed)
        fail(arena, path, "read", error);
    fclose(file);
    return !failed;
}

/* Says why the path cannot be written; the reason is an errno. */
static bool refuse(struct arena *arena, const char *path, int reason, const char **error)
{
    char words[RNN_NEW_FILE_WORDS];
    *error = arena_printf(arena, "cannot write '%s': %s", path, rnn_new_file_reason(path, reason, words));
    return false;
}

bool file_can_be_written(struct arena *arena, const char *path, const char **error)
{
    return path_can_be_written(path) || refuse(arena, path, errno, error);
}

bool file_write_after(struct arena *arena, const char *path, const char *data, size_t length,
                      bool (*other)(void *context, const char **error), void *context, const char **error)
{
    struct new_file file;
    int reason = rnn_new_file_begin(&file, path);
    reason = reason ? reason : rnn_new_file_write(&file, data, length);
    reason = reason ? reason : rnn_new_file_flush(&file);
    const bool stopped = !reason && other && !other(context, error);
    reason = reason || stopped ? reason : rnn_new_file_place(&file);
    rnn_new_file_end(&file);
    return !stopped && (!reason || refuse(arena, path, reason, error));
}

bool file_write(struct arena *arena, const char *path, const char *data, size_t length, const char **error)
{
    return file_write_after(arena, path, data, length, NULL, NULL, error);
}
