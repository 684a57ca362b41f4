/* _step makes no allocation, no lock and no system call: 250 steps between two marks on standard output, which
 * strace.sh looks for, with every function that allocates or locks wrapped by the linker (--wrap) and counted.
 * With --control each step does both, and the test must fail. */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

enum { STEPS = 250, STREAMS = 3 };

/* Calls while `counting`. The wrappers below have no other way to reach them. */
static volatile int counting;
static volatile long calls;

/* WRAP(result, name, parameters, arguments): __wrap_name counts and calls the real one. */
#define WRAP(result, name, parameters, arguments)                                                                      \
    result __real_##name parameters;                                                                                   \
    result __wrap_##name parameters;                                                                                   \
    result __wrap_##name parameters                                                                                    \
    {                                                                                                                  \
        calls += counting;                                                                                             \
        return __real_##name arguments;                                                                                \
    }

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *memory, size_t size), (memory, size))
WRAP(void, free, (void *memory), (memory))
WRAP(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
WRAP(int, posix_memalign, (void **memory, size_t alignment, size_t size), (memory, alignment, size))
WRAP(void *, mmap, (void *at, size_t size, int protection, int flags, int file, off_t offset),
     (at, size, protection, flags, file, offset))
WRAP(int, munmap, (void *at, size_t size), (at, size))
WRAP(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
WRAP(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
WRAP(int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
WRAP(int, pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex), (condition, mutex))
WRAP(int, sem_wait, (sem_t * semaphore), (semaphore))

/* The allocation and the system call of every step with --control. */
static void make_noise(void)
{
    void *volatile memory = malloc(100);
    free(memory);
    (void)getppid();
}

static void mark(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        exit(1);
}

int main(int argc, char **argv)
{
    int control = argc > 1 && strcmp(argv[1], "--control") == 0;
    struct harness *harness = harness_new(STEPS, STREAMS, 1);
    const rnn_model *model = harness->model;
    if (!model->step) {
        fprintf(stderr, "%s has no step\n", model->name);
        return 1;
    }
    void *state = harness_state(harness, STREAMS);
    const char *inputs[MAX_PORTS];
    void *outputs[MAX_PORTS];
    rnn_status status = RNN_OK;

    mark("silence begins\n");
    counting = 1;
    for (int t = 0; t < STEPS; t++) {
        for (int i = 0; i < model->input_count; i++) {
            const rnn_tensor *port = &model->inputs[i];
            size_t element = port->type == RNN_TYPE_ID ? sizeof(int32_t) : sizeof(rnn_real);
            size_t frame = port->time == RNN_TIME_FRAME ? (size_t)t : 0;
            inputs[i] = (const char *)harness->inputs[i] + frame * STREAMS * port_width(port) * element;
        }
        for (int i = 0; i < model->output_count; i++) {
            size_t frame = model->outputs[i].time == RNN_TIME_FRAME ? (size_t)t : 0;
            outputs[i] = harness->outputs[i] + frame * STREAMS * port_width(&model->outputs[i]);
        }
        status |= model->step(harness->packed, state, (const void *const *)inputs, outputs);
        if (control)
            make_noise();
    }
    counting = 0;
    mark("silence ends\n");

    double sum = 0;
    for (int i = 0; i < model->output_count; i++)
        for (size_t k = 0; k < port_elements(&model->outputs[i], STEPS, STREAMS); k++)
            sum += (double)harness->outputs[i][k];
    printf("%s: %d steps, %ld allocations or locks, sum of outputs %g\n", model->name, STEPS, (long)calls, sum);
    free(state);
    harness_free(harness);
    return status != RNN_OK || calls != 0 || sum != sum;
}
