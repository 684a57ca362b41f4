/* Explanations of a loss that is not finite. */
#include <math.h>

#include "base/arena.h"
#include "train/trainer.h"

/* The first value of the window that is not finite, of those that are kept, and the region that computes it; of the
 * last rank that has one. */
static const char *find_cause(struct trainer *trainer, const struct plan *plan)
{
    const rnn_training *training = trainer->model->training;
    const struct batch *batch = &trainer->batch;
    const rnn_window window = {.frames = plan->frames, .lengths = batch->window_lengths};
    rnn_fault fault;
    bool found = batch->streams && training->find_fault(trainer->state, trainer->work, &window, &fault);
    int rank = found ? trainer->ranks->rank : -1;
    ranks_largest(trainer->ranks, &rank, 1);
    if (rank < 0)
        return "all values that are kept of the window are finite";
    const char *cause =
        found ? arena_printf(trainer->arena, "it begins with %s in region %s, at frame %ld of stream %d", fault.value,
                             fault.region, trainer->position.begin + fault.frame, batch->first + fault.stream)
              : "";
    return ranks_text(trainer->ranks, trainer->arena, rank, cause);
}

static const char *advise_smaller_steps(const struct trainer *trainer)
{
    const struct train_options *options = trainer->options;
    return arena_printf(trainer->arena, "Try a smaller --rate than %g, or %s", options->optimizer.rate,
                        isfinite(options->clip) ? "a smaller --clip" : "--clip 1");
}

/* Finds what may help. A rate or a clip cannot if no step has been taken or if a gradient is infinite. */
static const char *find_remedy(struct trainer *trainer, double loss, bool parameters_finite)
{
    if (isfinite(loss) && parameters_finite)
        return "The loss is finite, so a slope is not: keep what sqrt, log and / read away from the edge of their "
               "domain, as in sqrt(max(v, 1e-6)), and bound what grows from frame to frame";
    if (trainer->position.step == 0 && parameters_finite)
        return "No step has been taken yet: either the weights that it starts from or the data are more than the "
               "equations can take, as log, sqrt and / are at the edge of their domain, or exp of a large number";
    return advise_smaller_steps(trainer);
}

const char *explain_divergence(struct trainer *trainer, const struct plan *plan, double loss, const char *what)
{
    const struct position *position = &trainer->position;
    struct arena *arena = trainer->arena;
    const rnn_tensor *parameter = parameters_find_infinite(trainer->model, trainer->parameters);
    const char *cause = find_cause(trainer, plan);
    if (parameter)
        cause = arena_printf(arena, "the step before left parameter '%s' not finite; %s", parameter->name, cause);
    return arena_printf(arena,
                        "epoch %d, step %llu, frames %ld to %ld of %d streams: the %s is not finite (loss %g); %s. %s",
                        position->epoch + 1, (unsigned long long)position->step + 1, position->begin,
                        position->begin + plan->frames - 1, trainer->batch.all, what, loss, cause,
                        find_remedy(trainer, loss, parameter == NULL));
}

const char *explain_growth(const struct trainer *trainer, double loss)
{
    const double beyond_bounds = 1e6; /* times as large as at the start, or as 1 */
    double first = trainer->position.first;
    if (loss <= beyond_bounds * fmax(fabs(first), 1))
        return NULL;
    return arena_printf(trainer->arena, "epoch %d: the loss has grown from %g in the first step to %g. %s",
                        trainer->position.epoch + 1, first, loss, advise_smaller_steps(trainer));
}
