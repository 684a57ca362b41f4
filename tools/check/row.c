#include "check/row.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/arena.h"

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Measures the seconds of one call on all frames: the best of as many as fit into a fifth of a second, at least three.
 */
static bool measure(const struct check *check, struct session *session, void *const outputs[], double *best,
                    const char **error)
{
    const double enough = 0.2;
    const double begin = seconds_now();
    *best = INFINITY;
    for (int calls = 0; calls < 3 || seconds_now() - begin < enough; calls++) {
        double start = seconds_now();
        rnn_status status = check->model->run(check->session.packed, session->state, session->work, session->frames,
                                              NULL, (const void *const *)check->inputs, outputs);
        *best = fmin(*best, seconds_now() - start);
        if (status != RNN_OK) {
            *error = rnn_status_text(status);
            return false;
        }
    }
    return true;
}

bool row_print(const struct check *check, const char **error)
{
    const rnn_model *model = check->model;
    /* All the data as one long stream. A sequence input then belongs to the first one. */
    const int frames = check->frames * check->streams;
    void **outputs = ARENA_ARRAY(check->arena, void *, model->output_count + 1);
    for (int i = 0; i < model->output_count; i++)
        outputs[i] = tensor_new(check->arena, model, &model->outputs[i], frames, 1);
    struct session session;
    if (!session_open(&session, model, frames, 1, error))
        return false;
    double seconds, largest = 0;
    bool done = measure(check, &session, outputs, &seconds, error);
    session_close(&session);
    for (int i = 0; i < model->output_count; i++)
        largest = fmax(largest, check->judge.verdicts[i].error);
    if (done)
        printf("%s\t%zu\t%.0f\t%.3g\t%.2g\n", model->name, model->parameter_elements, model->flops,
               1e6 * seconds / frames, largest);
    return done;
}
