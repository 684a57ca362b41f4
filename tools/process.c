#include "process.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
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

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool process_run(struct arena *arena, const char *const *arguments, struct text *output, int *status,
                 const char **error)
{
    int ends[2] = {-1, -1};
    if (output && pipe(ends) != 0)
        return fail(arena, arguments[0], errno, error);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (output) {
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_addclose(&actions, ends[0]);
        posix_spawn_file_actions_addclose(&actions, ends[1]);
    }
    pid_t child;
    int reason = posix_spawnp(&child, arguments[0], &actions, NULL, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (output)
        close(ends[1]);
    if (reason == 0 && output)
        collect(ends[0], output);
    if (output)
        close(ends[0]);
    if (reason)
        return fail(arena, arguments[0], reason, error);
    *status = wait_for(child);
    return true;
}
