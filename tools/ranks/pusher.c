#include "ranks/pusher.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The kernel's struct sched_attr as sched_setattr(2) describes it: <linux/sched/types.h> and <sched.h> do not go
 * together. */
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period; /* nanoseconds; runtime: of a turn */
};

/* Has the thread run as soon as its rest is over, although the network computes there: by a priority above the
 * network's if that is computed in real time, else by short turns, which Linux lets interrupt longer ones from 6.12 on.
 * Where that cannot be, the thread may have to wait for the end of the network's turn, some milliseconds. */
static void come_first(void)
{
    enum { NANOSECONDS = 100000 }; /* the least */
    struct scheduling scheduling = {.size = sizeof scheduling};
    if (syscall(SYS_sched_getattr, 0, &scheduling, sizeof scheduling, 0))
        return;
    if (scheduling.policy == SCHED_OTHER)
        scheduling.runtime = NANOSECONDS;
    else if (scheduling.policy == SCHED_FIFO || scheduling.policy == SCHED_RR)
        scheduling.priority++;
    syscall(SYS_sched_setattr, 0, &scheduling, 0);
}

/* Rests between two calls of MPI: long enough to leave the processor to the network, short enough that a fast link has
 * something to do. */
static void rest(void)
{
    enum { NANOSECONDS = 100000 };
    nanosleep(&(struct timespec){0, NANOSECONDS}, NULL);
}

static void *push(void *context)
{
    struct pusher *pusher = context;
    come_first();
    pthread_mutex_lock(&pusher->mutex);
    while (!pusher->ends) {
        int done = 0;
        if (pusher->count)
            MPI_Testall(pusher->count, pusher->requests, &done, MPI_STATUSES_IGNORE);
        if (done)
            pusher->count = 0;
        if (!pusher->count) {
            pthread_cond_wait(&pusher->wake, &pusher->mutex);
            continue;
        }
        pthread_mutex_unlock(&pusher->mutex);
        rest();
        pthread_mutex_lock(&pusher->mutex);
    }
    pthread_mutex_unlock(&pusher->mutex);
    return NULL;
}

void pusher_start(struct pusher *pusher, MPI_Request *requests)
{
    *pusher = (struct pusher){.requests = requests};
    pthread_mutex_init(&pusher->mutex, NULL);
    pthread_cond_init(&pusher->wake, NULL);
    pusher->runs = pthread_create(&pusher->thread, NULL, push, pusher) == 0;
}

void pusher_hold(struct pusher *pusher)
{
    if (pusher->runs)
        pthread_mutex_lock(&pusher->mutex);
}

void pusher_release(struct pusher *pusher, int count)
{
    if (!pusher->runs)
        return;
    pusher->count = count;
    if (count)
        pthread_cond_signal(&pusher->wake);
    pthread_mutex_unlock(&pusher->mutex);
}

void pusher_stop(struct pusher *pusher)
{
    if (!pusher->runs)
        return;
    pthread_mutex_lock(&pusher->mutex);
    pusher->ends = true;
    pthread_cond_signal(&pusher->wake);
    pthread_mutex_unlock(&pusher->mutex);
    pthread_join(pusher->thread, NULL);
    pthread_mutex_destroy(&pusher->mutex);
    pthread_cond_destroy(&pusher->wake);
}
