#include "network/process.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

extern char **environ;

static bool fail(struct arena *arena, const char *name, int reason, const char **error)
{
    *error = arena_printf(arena, "cannot run '%s': %s", name, strerror(reason));
    return false;
}

static void collect(int descriptor, struct text *output)
{
    char buffer[65536];
    for (;;) {
        ssize_t got = read(descriptor, buffer, sizeof buffer);
        if (got > 0)
            text_append(output, buffer, (size_t)got);
        else if (got == 0 || errno != EINTR)
            return;
    }
}

/* True for a signal that ends this program: it ends the child first, and then waits for its own turn. */
static bool is_stop_signal(int number)
{
    struct sigaction action;
    return (number == SIGINT || number == SIGTERM || number == SIGHUP) &&
           !(sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
}

/* Waits for a signal of the set; -1 when it is time for `watch`. */
static int next_signal(const sigset_t *set, void (*watch)(void *context), void *context)
{
    const struct timespec quarter = {.tv_nsec = 250000000};
    if (!watch)
        return sigwaitinfo(set, NULL);
    watch(context);
    return sigtimedwait(set, NULL, &quarter);
}

/* Waits for the child. The signals of `set` are blocked, SIGCHLD among them. */
static int wait_for(pid_t child, const sigset_t *set, void (*watch)(void *context), void *context)
{
    int status = 0, stop = 0;
    for (pid_t ended = 0; ended != child;) {
        ended = waitpid(child, &status, WNOHANG);
        if (ended < 0 && errno != EINTR)
            break;
        int number = ended == 0 ? next_signal(set, watch, context) : 0;
        if (is_stop_signal(number)) {
            stop = number;
            kill(child, number);
        }
    }
    if (stop)
        raise(stop);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Blocks the signals that are waited for; returns their set, and in *before those that were blocked. SIGCHLD may have
 * been ignored, in which case no status would come. */
static sigset_t block_signals(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &set, before);
    return set;
}

/* Starts the program; 0 or an errno. ends: of a pipe that its standard output goes to, or -1. Signals
 * reach it as they reach any program. */
static int start(const char *const *arguments, const int ends[2], pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (ends[1] >= 0) {
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_addclose(&actions, ends[0]);
        posix_spawn_file_actions_addclose(&actions, ends[1]);
    }
    int reason = posix_spawnp(child, arguments[0], &actions, &attributes, (char *const *)arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return reason;
}

bool process_run_watched(struct arena *arena, const char *const *arguments, struct text *output,
                         void (*watch)(void *context), void *context, int *status, const char **error)
{
    int ends[2] = {-1, -1};
    if (output && pipe(ends) != 0)
        return fail(arena, arguments[0], errno, error);
    pid_t child;
    sigset_t before, set = block_signals(&before);
    int reason = start(arguments, ends, &child);
    if (output)
        close(ends[1]);
    if (reason == 0 && output)
        collect(ends[0], output);
    if (output)
        close(ends[0]);
    if (!reason)
        *status = wait_for(child, &set, watch, context);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return reason ? fail(arena, arguments[0], reason, error) : true;
}

bool process_run(struct arena *arena, const char *const *arguments, struct text *output, int *status,
                 const char **error)
{
    return process_run_watched(arena, arguments, output, NULL, NULL, status, error);
}
