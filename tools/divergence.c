/* What to say when a loss is not finite. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "trainer.h"

/* The first value of an output that is not finite. */
struct finding {
    const rnn_tensor *output; /* NULL: none */
    long frame;
    int stream;
};

static void search_output(const struct trainer *trainer, const rnn_tensor *output, const void *data, long begin,
                          int frames, struct finding *finding)
{
    const rnn_model *model = trainer->model;
    const struct batch *batch = &trainer->batch;
    long units = tensor_units(output);
    int rows = output->time == RNN_TIME_FRAME ? frames : 1;
    for (int t = 0; t < rows && (!finding->output || begin + t < finding->frame); t++)
        for (int b = 0; b < batch->streams; b++)
            for (long u = 0; u < units; u++)
                if (!isfinite(tensor_get(model, output, data, ((long)t * batch->streams + b) * units + u))) {
                    *finding = (struct finding){output, begin + t, b};
                    return;
                }
}

/* Runs the batch from its start to the window with the parameters that failed, and looks at all outputs. */
static struct finding search_outputs(struct trainer *trainer, struct session *session)
{
    const rnn_model *model = trainer->model;
    struct batch *batch = &trainer->batch;
    struct finding finding = {.output = NULL};
    struct plan plan = {.last = false};
    void **outputs = ARENA_ARRAY(trainer->arena, void *, model->output_count + 1);
    for (int i = 0; i < model->output_count; i++)
        outputs[i] = tensor_new(trainer->arena, model, &model->outputs[i], trainer->frames, batch->streams);
    model->state_init(session->state, batch->streams);
    long until = trainer->position.begin + (trainer->window ? trainer->window : 1);
    for (long begin = 0; !plan.last && begin < until && !finding.output; begin += plan.advance) {
        plan = trainer_plan(trainer, begin, trainer->window, trainer->window);
        batch_fill(batch, begin, plan.frames, 0);
        if (model->run(session->packed, session->state, session->work, plan.frames, batch->window_lengths,
                       (const void *const *)batch->inputs, outputs) != RNN_OK)
            break;
        for (int i = 0; i < model->output_count; i++)
            if (model->outputs[i].type == RNN_TYPE_REAL)
                search_output(trainer, &model->outputs[i], outputs[i], begin, plan.frames, &finding);
    }
    return finding;
}

static struct finding find_first(struct trainer *trainer)
{
    const rnn_model *model = trainer->model;
    struct session session;
    struct finding finding = {.output = NULL};
    const char *error;
    if (!session_open(&session, model, trainer->frames, trainer->batch.streams, &error))
        return finding;
    memcpy(session.parameters, trainer->parameters, model->parameter_elements * (size_t)model->real_size);
    if (session_pack(&session, &error))
        finding = search_outputs(trainer, &session);
    session_close(&session);
    return finding;
}

const char *explain_divergence(struct trainer *trainer, const struct plan *plan, double loss, const char *what)
{
    const struct position *position = &trainer->position;
    struct arena *arena = trainer->arena;
    const rnn_tensor *parameter = trainer_find_infinite(trainer);
    struct finding finding = find_first(trainer);
    const char *cause;
    if (parameter)
        cause = arena_printf(arena, "the step before left parameter '%s' not finite", parameter->name);
    else if (finding.output)
        cause = arena_printf(arena, "the first output that is not finite is '%s' at frame %ld of stream %d",
                             finding.output->name, finding.frame, finding.stream);
    else
        cause = "all outputs are finite";
    const char *clip = isfinite(trainer->options->clip) ? "a smaller --clip" : "--clip 1";
    return arena_printf(
        arena,
        "epoch %d, step %llu, frames %ld to %ld of %d streams: the %s is not finite (loss %g); %s. Try a "
        "smaller --rate than %g, or %s",
        position->epoch + 1, (unsigned long long)position->step + 1, position->begin,
        position->begin + plan->frames - 1, trainer->batch.streams, what, loss, cause, trainer->options->optimizer.rate,
        clip);
}
