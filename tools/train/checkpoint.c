#include "train/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "data/array.h"
#include "train/checkpoint_content.h"

static rnn_dtype real_dtype(const rnn_model *model)
{
    return model->real_size == (int)sizeof(double) ? RNN_DTYPE_F64 : RNN_DTYPE_F32;
}

static void add_vector(struct content *content, const char *name, rnn_dtype dtype, const void *data, size_t elements)
{
    content->tensors[content->tensor_count++] = (rnn_file_tensor){
        .name = name, .dtype = dtype, .rank = 1, .shape = {(int64_t)elements}, .data = data, .elements = elements};
}

static void add_curve(struct content *content, const struct curve *curve, const char *name)
{
    struct array array = curve_array(content->arena, curve, name);
    add_vector(content, name, RNN_DTYPE_F64, array.data, (size_t)array_size(&array));
    rnn_file_tensor *tensor = &content->tensors[content->tensor_count - 1];
    tensor->rank = 2;
    tensor->shape[0] = array.shape[0];
    tensor->shape[1] = array.shape[1];
}

/* Adds the parameters, and the metadata that identifies them. */
static void add_weights(struct content *content, const struct trainer *trainer)
{
    enum { MOST_MORE = RNN_OPTIMIZER_ARRAYS + 6 };
    const rnn_model *model = trainer->model;
    content->tensors = ARENA_ARRAY(content->arena, rnn_file_tensor, model->parameter_count + MOST_MORE);
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *parameter = &model->parameters[i];
        add_vector(content, parameter->name, real_dtype(model),
                   (const char *)trainer->parameters + parameter->offset * (size_t)model->real_size,
                   (size_t)tensor_units(parameter));
        rnn_file_tensor *tensor = &content->tensors[i];
        tensor->rank = parameter->rank;
        for (int k = 0; k < parameter->rank; k++)
            tensor->shape[k] = parameter->shape[k];
    }
    content_add_metadata(content, FINGERPRINT_KEY, arena_printf(content->arena, "%016" PRIx64, model->fingerprint));
    if (trainer->data->table->vocabulary)
        content_add_metadata(content, VOCABULARY_KEY,
                             vocabulary_print(content->arena, trainer->data->table->vocabulary));
}

/* Writes the file, unless a parameter is not finite: then an earlier file is left as it is. */
static bool save(const struct trainer *trainer, const struct content *content, const char *path, const char **error)
{
    const rnn_tensor *infinite = parameters_find_infinite(trainer->model, trainer->parameters);
    if (infinite) {
        *error =
            arena_printf(trainer->arena,
                         "epoch %d, step %" PRIu64 ": parameter '%s' is not finite any more, '%s' is left as it was. "
                         "Try a smaller --rate than %g, or --clip",
                         trainer->position.epoch + 1, trainer->position.step, infinite->name, path,
                         trainer->options->optimizer.rate);
        return false;
    }
    rnn_error reason;
    if (rnn_file_save(path, content->tensors, content->tensor_count, content->metadata, content->metadata_count,
                      &reason) == RNN_OK)
        return true;
    *error = arena_printf(trainer->arena, "%s", reason.text);
    return false;
}

bool weights_save(const struct trainer *trainer, const char *path, const char **error)
{
    struct content content = {.arena = arena_new()};
    add_weights(&content, trainer);
    bool saved = save(trainer, &content, path, error);
    arena_free(content.arena);
    return saved;
}

/* ---- checkpoints ---- */

/* Doubles are written in hexadecimal: they come back as they were. */
static const char *print_position(struct arena *arena, const struct trainer *trainer, const struct report *report)
{
    const struct position *p = &trainer->position;
    const rnn_schedule_state *rates = &trainer->rates;
    return arena_printf(arena, "%" PRIu64 " %d %ld %ld %" PRIu64 " %a %a %a %a %a %" PRId64 " %ld %a %a %d", p->step,
                        p->epoch, p->batch, p->begin, p->frames, p->loss, p->rate, report_seconds(report), rates->scale,
                        rates->best, rates->waited, report->log_length, p->first, p->best, p->best_epoch);
}

bool checkpoint_save(const struct trainer *trainer, const struct report *report, const char *path, const char **error)
{
    struct arena *arena = arena_new();
    struct content content = {.arena = arena};
    struct setting settings[SETTINGS];
    rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS];
    const rnn_model *model = trainer->model;
    add_weights(&content, trainer);
    settings_list(arena, trainer, settings);
    for (int i = 0; i < SETTINGS; i++)
        content_add_metadata(&content, settings[i].key, settings[i].value);
    if (trainer->forms)
        content_add_metadata(&content, FORMS_KEY, trainer->forms);
    const char *ways = trainer_print_ways(arena, trainer);
    if (ways)
        content_add_metadata(&content, WAYS_KEY, ways);
    content_add_metadata(&content, POSITION_KEY, print_position(arena, trainer, report));
    int count =
        rnn_optimizer_arrays(trainer->options->optimizer.kind, model->parameter_elements, model->real_size, arrays);
    for (int i = 0; i < count; i++)
        add_vector(&content, arena_printf(arena, "train/optimizer.%s", arrays[i].name), arrays[i].dtype,
                   (const char *)trainer->moments + arrays[i].offset, arrays[i].elements);
    if (trainer->compress.error) {
        add_vector(&content, "train/compression.rest", real_dtype(model), trainer->compress.error,
                   model->parameter_elements);
        add_vector(&content, "train/compression.factors", RNN_DTYPE_F64, trainer->compress.q,
                   trainer->compress.q_count);
    }
    if (trainer->position.begin)
        add_vector(&content, "train/state", RNN_DTYPE_U8, trainer_whole_state(trainer),
                   model->training->state_size(trainer->batch.all));
    add_vector(&content, "train/losses", RNN_DTYPE_F64, trainer->tally.losses, 2 * (size_t)model->training->loss_count);
    add_curve(&content, &report->learned, "train/curve.training");
    add_curve(&content, &report->held, "train/curve.validation");
    content_add_metadata(&content, CHECKSUM_KEY, content_sum(&content));
    bool saved = save(trainer, &content, path, error);
    arena_free(arena);
    return saved;
}
