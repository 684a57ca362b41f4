#include "command/stop.h"

#include <time.h>

static sigset_t stop_set(void)
{
    struct sigaction hangup;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) != 0 || hangup.sa_handler != SIG_IGN) /* as nohup makes it */
        sigaddset(&set, SIGHUP);
    return set;
}

sigset_t stop_hold_signals(void)
{
    sigset_t set = stop_set(), before;
    sigprocmask(SIG_BLOCK, &set, &before);
    return before;
}

void stop_restore_signals(const sigset_t *before) { sigprocmask(SIG_SETMASK, before, NULL); }

bool stop_requested(void)
{
    sigset_t waiting;
    return sigpending(&waiting) == 0 && (sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1 ||
                                         sigismember(&waiting, SIGHUP) == 1);
}

int stop_signal(void)
{
    sigset_t set = stop_set();
    int number = sigtimedwait(&set, NULL, &(struct timespec){0});
    return number > 0 ? number : 0;
}
