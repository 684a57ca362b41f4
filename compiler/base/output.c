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

static bool is_standard_output(const char *path) { return strcmp(path, "-") == 0; }

static bool is_replaced(const char *path) { return !is_standard_output(path) && !is_special(path); }

/* Writes to `target`, and on failure leaves no file there and sets errno. */
static bool write_file(const char *target, bool is_new, const struct output_file *file)
{
    int descriptor = open(target, is_new ? O_WRONLY | O_CREAT | O_TRUNC : O_WRONLY, 0666);
    bool done = descriptor >= 0 && write_all(descriptor, file->data, file->length);
    int problem = errno;
    if (descriptor >= 0 && close(descriptor) != 0 && done) {
        done = false;
        problem = errno;
    }
    if (!done && descriptor >= 0 && is_new)
        unlink(target);
    errno = problem;
    return done;
}

static bool write_output(const struct output_file *file, const char *temporary)
{
    if (is_standard_output(file->path))
        return fflush(stdout) == 0 && write_all(STDOUT_FILENO, file->data, file->length);
    return temporary ? write_file(temporary, true, file) : write_file(file->path, false, file);
}

bool output_write(struct arena *arena, const struct output_file *files, int count, const char **error)
{
    const char **temporary = ARENA_ARRAY(arena, const char *, count);
    int written = 0, renamed = 0;
    for (int i = 0; i < count; i++)
        if (is_replaced(files[i].path))
            temporary[i] = arena_printf(arena, "%s.%ld.tmp", files[i].path, (long)getpid());
    while (written < count && write_output(&files[written], temporary[written]))
        written++;
    while (written == count && renamed < count &&
           (!temporary[renamed] || rename(temporary[renamed], files[renamed].path) == 0))
        renamed++;
    if (renamed == count)
        return true;

    const char *path = files[written < count ? written : renamed].path;
    const char *problem = strerror(errno);
    *error = is_standard_output(path) ? arena_printf(arena, "cannot write to standard output: %s", problem)
                                      : arena_printf(arena, "cannot write '%s': %s", path, problem);
    for (int i = renamed; i < written; i++)
        if (temporary[i])
            unlink(temporary[i]);
    return false;
}
