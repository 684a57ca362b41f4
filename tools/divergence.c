/* What to say when a loss is not finite. */
#include <math.h>

#include "base/arena.h"
#include "trainer.h"

/* The first value of the window that is not finite, of those that are kept, and the region that computes it. */
static const char *find_cause(struct trainer *trainer, const struct plan *plan)
{
    const rnn_training *training = trainer->model->training;
    const rnn_window window = {.frames = plan->frames, .lengths = trainer->batch.window_lengths};
    rnn_fault fault;
    if (!training->find_fault(trainer->state, trainer->work, &window, &fault))
        return "all values of the window are finite";
    return arena_printf(trainer->arena, "it begins with %s in region %s, at frame %ld of stream %d", fault.value,
                        fault.region, trainer->position.begin + fault.frame, fault.stream);
}

const char *explain_divergence(struct trainer *trainer, const struct plan *plan, double loss, const char *what)
{
    const struct position *position = &trainer->position;
    struct arena *arena = trainer->arena;
    const rnn_tensor *parameter = trainer_find_infinite(trainer);
    const char *cause = find_cause(trainer, plan);
    if (parameter)
        cause = arena_printf(arena, "the step before left parameter '%s' not finite; %s", parameter->name, cause);
    const char *clip = isfinite(trainer->options->clip) ? "a smaller --clip" : "--clip 1";
    return arena_printf(
        arena,
        "epoch %d, step %llu, frames %ld to %ld of %d streams: the %s is not finite (loss %g); %s. Try a "
        "smaller --rate than %g, or %s",
        position->epoch + 1, (unsigned long long)position->step + 1, position->begin,
        position->begin + plan->frames - 1, trainer->batch.streams, what, loss, cause, trainer->options->optimizer.rate,
        clip);
}
