#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

static bool write_all(int file, const char *data, size_t length)
{
    while (length) {
        ssize_t written = write(file, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        length -= (size_t)written;
    }
    return true;
}

/* Devices and pipes cannot be replaced by a file: they are written to as they are. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

bool output_write(struct arena *arena, const char *path, const char *data, size_t length, const char **error)
{
    if (strcmp(path, "-") == 0) {
        if (fflush(stdout) == 0 && write_all(STDOUT_FILENO, data, length))
            return true;
        *error = arena_printf(arena, "cannot write to standard output: %s", strerror(errno));
        return false;
    }
    bool special = is_special(path);
    const char *target = special ? path : arena_printf(arena, "%s.%ld.tmp", path, (long)getpid());
    int file = open(target, special ? O_WRONLY : O_WRONLY | O_CREAT | O_TRUNC, 0666);
    bool done = file >= 0 && write_all(file, data, length);
    int problem = errno;
    if (file >= 0 && close(file) != 0 && done) {
        done = false;
        problem = errno;
    }
    if (done && !special && rename(target, path) != 0) {
        done = false;
        problem = errno;
    }
    if (!done) {
        if (file >= 0 && !special)
            unlink(target);
        *error = arena_printf(arena, "cannot write '%s': %s", path, strerror(problem));
    }
    return done;
}
