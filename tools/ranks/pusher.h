/* Sums that go on while the rank computes: MPI moves data when it is called, so that a thread calls it now and then,
 * from the begin of the first sum to the end of the last one. */
#ifndef RNN_TOOLS_PUSHER_H
#define RNN_TOOLS_PUSHER_H

#include <mpi.h>
#include <pthread.h>
#include <stdbool.h>

struct pusher {
    pthread_t thread;
    pthread_mutex_t mutex; /* held by whoever calls MPI while the thread pushes */
    pthread_cond_t wake;
    MPI_Request *requests; /* that it pushes */
    int count;             /* of these; 0: it sleeps */
    bool runs, ends;
};

/* Starts the thread, asleep. Where it cannot be, sums go on when the rank itself calls MPI. */
void pusher_start(struct pusher *pusher, MPI_Request *requests);
void pusher_stop(struct pusher *pusher);

/* Between these calls the thread stays away from MPI. It is then given the first `count` requests, 0: it sleeps. */
void pusher_hold(struct pusher *pusher);
void pusher_release(struct pusher *pusher, int count);

#endif
