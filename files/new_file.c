#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_TMPFILE */
#endif
#include "files/new_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 100, PROC_ROOM = 64 };

const char *rnn_new_file_reason(const char *path, int reason, char words[RNN_NEW_FILE_WORDS])
{
    char target[RNN_NEW_FILE_WORDS - 50];
    ssize_t length = reason == ENOENT ? readlink(path, target, sizeof target) : -1;
    if (length >= 0)
        snprintf(words, RNN_NEW_FILE_WORDS, "it is a link to '%.*s', which is not there", (int)length, target);
    else
        snprintf(words, RNN_NEW_FILE_WORDS, "%s",
                 reason == ENXIO ? "it is a pipe or socket that nobody reads from" : strerror(reason));
    return words;
}

/* The path itself, or the file that it is a link to, to be freed; NULL with errno. Pipes that /dev/stdout leads to have
 * no path of their own. */
static char *follow_link(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISLNK(status.st_mode))
        return strdup(path);
    if (stat(path, &status) != 0)
        return NULL;
    return S_ISREG(status.st_mode) ? realpath(path, NULL) : strdup(path);
}

static const char form[] = ".rnnc.%016llx.partial";

/* True if a name is of this form. */
static bool is_temporary(const char *name)
{
    unsigned long long number;
    int end = 0;
    return sscanf(name, ".rnnc.%16llx.partial%n", &number, &end) == 1 && end == 30 && !name[end];
}

/* A name in the folder of the path, to be freed; NULL with errno. */
static char *make_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0, room = folder + sizeof form + 16;
    uint64_t number;
    char *name = getentropy(&number, sizeof number) == 0 ? malloc(room) : NULL;
    if (name) {
        memcpy(name, path, folder);
        snprintf(name + folder, room - folder, form, (unsigned long long)number);
    }
    return name;
}

/* Calls make(file, name) with new names until there is one that no file has; 0 or an errno. */
static int find_name(struct new_file *file, int (*make)(struct new_file *file, const char *name))
{
    int reason = EEXIST;
    for (int i = 0; i < ATTEMPTS && reason == EEXIST; i++) {
        char *name = make_name(file->path);
        if (!name)
            return errno;
        reason = make(file, name) == 0 ? 0 : errno;
        if (reason)
            free(name);
        else
            file->temporary = name;
    }
    return reason;
}

/* Locks the file, so that sweeps leave it. False if a sweep was faster or, with an errno, if there are no locks. */
static bool lock(int descriptor)
{
    struct stat status;
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return false;
    return fstat(descriptor, &status) == 0 && status.st_nlink > 0;
}

static int create(struct new_file *file, const char *name)
{
    file->descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file->descriptor < 0)
        return -1;
    if (lock(file->descriptor))
        return 0;
    close(file->descriptor);
    file->descriptor = -1;
    errno = EEXIST; /* another name, please */
    return -1;
}

static void name_in_proc(const struct new_file *file, char name[PROC_ROOM])
{
    snprintf(name, PROC_ROOM, "/proc/self/fd/%d", file->descriptor);
}

static int give_name(struct new_file *file, const char *name)
{
    char in_proc[PROC_ROOM];
    name_in_proc(file, in_proc);
    return linkat(AT_FDCWD, in_proc, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

/* The folder of the path, to be freed; NULL when out of memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Opens a file that has no name yet; false if the file system has no such files. */
static bool create_nameless(struct new_file *file)
{
#ifdef O_TMPFILE
    char in_proc[PROC_ROOM];
    char *folder = folder_of(file->path);
    if (folder)
        file->descriptor = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    free(folder);
    if (file->descriptor < 0)
        return false;
    name_in_proc(file, in_proc);
    if (access(in_proc, F_OK) == 0) {
        (void)flock(file->descriptor,
                    LOCK_EX | LOCK_NB); /* if the file system has no locks, there are no sweeps either */
        return true;
    }
    close(file->descriptor);
    file->descriptor = -1;
#else
    (void)file;
#endif
    return false;
}

static int open_special(struct new_file *file)
{
    struct stat status;
    /* Without O_NONBLOCK, a pipe would wait for its reader. */
    file->special = true;
    file->descriptor = open(file->path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0)
        return errno;
    if (S_ISREG(status.st_mode)) /* it was something else a moment ago */
        return EAGAIN;
    int flags = fcntl(file->descriptor, F_GETFL);
    return flags >= 0 && fcntl(file->descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0 ? 0 : errno;
}

int rnn_new_file_begin(struct new_file *file, const char *path)
{
    struct stat status;
    *file = (struct new_file){.descriptor = -1, .path = follow_link(path)};
    if (!file->path)
        return errno;
    bool exists = stat(file->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode))
        return EISDIR;
    if (exists && !S_ISREG(status.st_mode))
        return open_special(file);
    if (!create_nameless(file)) {
        int reason = find_name(file, create);
        if (reason)
            return reason;
    }
    return !exists || fchmod(file->descriptor, status.st_mode & 0777) == 0 ? 0 : errno;
}

int rnn_new_file_write(struct new_file *file, const void *data, size_t size)
{
    const char *bytes = data;
    while (size) {
        ssize_t written = write(file->descriptor, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : EIO;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

int rnn_new_file_flush(struct new_file *file) { return file->special || fsync(file->descriptor) == 0 ? 0 : errno; }

/* Flushes the folder, so that its new entry lasts. Some file systems cannot and say EINVAL. A folder that may be
 * written but not read cannot be opened. */
static int flush_folder(const char *path)
{
    char *folder = folder_of(path);
    int descriptor = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int reason = descriptor >= 0 ? (fsync(descriptor) == 0 ? 0 : errno) : folder ? errno : ENOMEM;
    if (descriptor >= 0)
        close(descriptor);
    free(folder);
    return reason == EINVAL || reason == EACCES ? 0 : reason;
}

int rnn_new_file_place(struct new_file *file)
{
    if (!file->special) {
        int reason = file->temporary ? 0 : find_name(file, give_name);
        if (reason)
            return reason;
        if (rename(file->temporary, file->path) != 0)
            return errno;
        free(file->temporary);
        file->temporary = NULL;
    }
    int descriptor = file->descriptor;
    file->descriptor = -1;
    return close(descriptor) != 0 ? errno : file->special ? 0 : flush_folder(file->path);
}

/* Removes an abandoned file of the folder. Files that cannot be inspected stay. */
static void sweep_name(int folder, const char *name)
{
    struct stat status;
    int descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0)
        return;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
        flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
    close(descriptor);
}

void rnn_new_file_sweep(const char *path)
{
    char *name = folder_of(path);
    DIR *folder = name ? opendir(name) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_temporary(entry->d_name))
            sweep_name(dirfd(folder), entry->d_name);
    if (folder)
        closedir(folder);
    free(name);
}

void rnn_new_file_end(struct new_file *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
}
