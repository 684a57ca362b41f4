#include "import/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"

/* Bounds the size of this process, where the system says what it is. */
static void limit_memory(long more)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;
    const bool known = file && fscanf(file, "%ld", &pages) == 1;
    if (file)
        fclose(file);
    const rlim_t size = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (rlim_t)more;
    const struct rlimit limit = {size, size};
    if (known)
        setrlimit(RLIMIT_AS, &limit);
}

/* Signals that end a process over what it did itself. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU};
enum { FAULT_COUNT = sizeof faults / sizeof faults[0], OUT_OF_MEMORY = 3 };

/* Stands before all that this process does at exit(), such as to write what its streams still hold: in the child only
 * out_of_memory() calls that. */
static void leave(void) { _exit(OUT_OF_MEMORY); }

/* The child's life: it leaves no core and writes nothing but the error, no handler of this process keeps it from its
 * end, and it ends without what this process does then. */
static _Noreturn void try(const char *(*work)(void *context), void *context, const struct import_limits *limits, int to)
{
    const struct rlimit no_core = {0, 0}, time = {(rlim_t)limits->seconds, (rlim_t)limits->seconds + 1};
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_CPU, &time);
    limit_memory(limits->bytes);
    for (int i = 0; i < FAULT_COUNT; i++)
        signal(faults[i], SIG_DFL);
    if (atexit(leave) != 0)
        _exit(OUT_OF_MEMORY);
    const char *error = work(context);
    for (size_t length = error ? strlen(error) : 0; length;) {
        const ssize_t written = write(to, error, length);
        if (written < 0 && errno != EINTR)
            break;
        error += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    _exit(0);
}

/* All that the child says. */
static void read_all(int from, struct text *text)
{
    char part[4096];
    ssize_t count;
    while ((count = read(from, part, sizeof part)) > 0 || (count < 0 && errno == EINTR))
        text_append(text, part, count > 0 ? (size_t)count : 0);
}

const char *import_memory_error(struct arena *arena, const char *path)
{
    return arena_printf(
        arena,
        "'%s' needs more memory to be read than there is, or than its size explains: free some, or save "
        "the model again",
        path);
}

/* Why the child did not return. */
static const char *ending(struct arena *arena, const char *path, int status)
{
    const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    for (int i = 0; i < FAULT_COUNT; i++)
        if (number == faults[i])
            return arena_printf(arena, "'%s' is damaged, so that the HDF5 library fails over it: save the model again",
                                path);
    if (WIFEXITED(status) && WEXITSTATUS(status) == OUT_OF_MEMORY)
        return import_memory_error(arena, path);
    if (number)
        return arena_printf(arena, "'%s' is not read: the process that tries it was ended by signal %d (%s): try again",
                            path, number, strsignal(number));
    return arena_printf(arena, "'%s' is not read: the process that tries it ended with status %d: try again", path,
                        WEXITSTATUS(status));
}

bool import_try(struct arena *arena, const char *path, const char *(*work)(void *context), void *context,
                const struct import_limits *limits, const char **error)
{
    int ends[2], status;
    struct text text;
    text_init(&text, arena);
    if (pipe(ends) != 0)
        return true;
    signal(SIGCHLD, SIG_DFL); /* ignored, as a process may inherit it, it takes the child's status away */
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        try(work, context, limits, ends[1]);
    }
    close(ends[1]);
    if (child > 0)
        read_all(ends[0], &text);
    close(ends[0]);
    if (child < 0)
        return true;
    while (waitpid(child, &status, 0) < 0) {
        if (errno == EINTR)
            continue;
        *error = arena_printf(arena, "'%s' is not read: cannot wait for the process that tries it: %s", path,
                              strerror(errno));
        return false;
    }
    const bool returned = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!returned)
        *error = ending(arena, path, status);
    else if (text.length)
        *error = text.data;
    return returned && !text.length;
}
