#include "data/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

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

static bool write_all(int descriptor, const char *data, size_t length)
{
    while (length) {
        ssize_t written = write(descriptor, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        length -= (size_t)written;
    }
    return true;
}

static bool write_special(struct arena *arena, const char *path, const char *data, size_t length, const char **error)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return fail(arena, path, "open", error);
    bool written = fwrite(data, 1, length, file) == length;
    if (fclose(file) != 0 || !written)
        return fail(arena, path, "write", error);
    return true;
}

/* mkstemp makes files that only their owner may read; a new file should be as open as the umask says. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

bool file_write(struct arena *arena, const char *path, const char *data, size_t length, const char **error)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return write_special(arena, path, data, length, error);
    char *temporary = arena_printf(arena, "%s.XXXXXX", path);
    int descriptor = mkstemp(temporary);
    if (descriptor < 0)
        return fail(arena, path, "create", error);
    bool written =
        write_all(descriptor, data, length) && fchmod(descriptor, usual_mode()) == 0 && fsync(descriptor) == 0;
    int reason = errno;
    if (close(descriptor) != 0 && written) {
        written = false;
        reason = errno;
    }
    if (written && rename(temporary, path) == 0)
        return true;
    if (!written)
        errno = reason;
    fail(arena, path, "write", error);
    unlink(temporary);
    return false;
}

/* The folder of a name, as stat and access take it. */
static const char *folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    if (!slash || length >= PATH_MAX)
        return ".";
    memcpy(folder, path, length);
    folder[length] = '\0';
    return folder;
}

bool file_can_be_written(const char *path)
{
    char folder[PATH_MAX];
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return false;
    }
    /* A regular file is replaced by a new one. */
    return access(exists && !S_ISREG(status.st_mode) ? path : folder_of(path, folder), W_OK) == 0;
}

bool file_is_same(const char *a, const char *b)
{
    char folder[PATH_MAX];
    struct stat one, other;
    bool one_exists = stat(a, &one) == 0, other_exists = stat(b, &other) == 0;
    if (one_exists || other_exists)
        return one_exists && other_exists && S_ISREG(one.st_mode) && one.st_dev == other.st_dev &&
               one.st_ino == other.st_ino;
    const char *slash_a = strrchr(a, '/'), *slash_b = strrchr(b, '/');
    return strcmp(slash_a ? slash_a + 1 : a, slash_b ? slash_b + 1 : b) == 0 && stat(folder_of(a, folder), &one) == 0 &&
           stat(folder_of(b, folder), &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}
