#include "import/trial.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's life: it leaves no core, no handler of this process keeps it from its end, and it ends without what this
 * process does then. */
static _Noreturn void try(void (*work)(void *context), void *context, long seconds)
{
    static const int ends[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU};
    const struct rlimit no_core = {0, 0}, limit = {(rlim_t)seconds, (rlim_t)seconds + 1};
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_CPU, &limit);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        signal(ends[i], SIG_DFL);
    work(context);
    _exit(0);
}

bool import_try(void (*work)(void *context), void *context, long seconds)
{
    int status;
    const pid_t child = fork();
    if (child == 0)
        try(work, context, seconds);
    if (child < 0)
        return true;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return true;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
