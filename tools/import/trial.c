#include "import/trial.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* The child's life: it leaves no core, no handler of this process keeps it from its end, and it ends without what this
 * process does then. */
static _Noreturn void try(const char *(*work)(void *context), void *context, const struct import_limits *limits, int to)
{
    static const int ends[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU};
    const struct rlimit no_core = {0, 0}, time = {(rlim_t)limits->seconds, (rlim_t)limits->seconds + 1};
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_CPU, &time);
    limit_memory(limits->bytes);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        signal(ends[i], SIG_DFL);
    const char *error = work(context);
    for (size_t length = error ? strlen(error) : 0; length;) {
        const ssize_t written = write(to, error, length);
        if (written < 0)
            break;
        error += written;
        length -= (size_t)written;
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

bool import_try(struct arena *arena, const char *(*work)(void *context), void *context,
                const struct import_limits *limits, const char **error)
{
    int ends[2], status;
    struct text text;
    text_init(&text, arena);
    if (pipe(ends) != 0)
        return true;
    const pid_t child = fork();
    if (child == 0)
        try(work, context, limits, ends[1]);
    close(ends[1]);
    if (child > 0)
        read_all(ends[0], &text);
    close(ends[0]);
    if (child < 0)
        return true;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return true;
    const bool returned = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    *error = returned && text.length ? text.data : NULL;
    return returned && !text.length;
}
