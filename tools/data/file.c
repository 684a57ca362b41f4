#include "data/file.h"

#include <errno.h>
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
