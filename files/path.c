#include "files/path.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool path_can_be_written(const char *path)
{
    char folder[PATH_MAX];
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (!exists && lstat(path, &status) == 0) {
        errno = ENOENT; /* a link that leads nowhere */
        return false;
    }
    /* A regular file is replaced by a new one. */
    return access(exists && !S_ISREG(status.st_mode) ? path : folder_of(path, folder), W_OK) == 0;
}

bool path_is_pipe(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

bool path_is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

bool path_is_same(const char *a, const char *b)
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

/* Returns the bytes of the folders that a folder and a file are both in, with the slash behind them. */
static size_t common_folders(const char *folder, const char *file)
{
    size_t same = 0, common = 0;
    for (; folder[same] && folder[same] == file[same]; same++)
        if (folder[same] == '/')
            common = same + 1;
    return !folder[same] && file[same] == '/' ? same + 1 : common;
}

bool path_from_folder(const char *folder, const char *file, char *name)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (!realpath(folder, from) || !realpath(file, to))
        return false;
    const size_t common = common_folders(from, to);
    size_t length = 0;
    for (const char *up = common < strlen(from) ? from + common : ""; *up && length + 4 < PATH_MAX; length += 3) {
        memcpy(name + length, "../", 3);
        up += strcspn(up, "/");
        up += *up == '/';
    }
    const size_t rest = strlen(to + common) + 1;
    if (length + rest > PATH_MAX)
        return false;
    memcpy(name + length, to + common, rest);
    return true;
}
