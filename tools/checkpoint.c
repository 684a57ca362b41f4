#include "checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "data/array.h"
#include "rnn/weights.h"

enum { SETTINGS = 8, OTHER_METADATA = 3 };

/* What a file is made of. */
struct content {
    struct arena *arena;
    rnn_file_tensor *tensors;
    rnn_metadata metadata[SETTINGS + OTHER_METADATA];
    int tensor_count, metadata_count;
};

static rnn_dtype real_dtype(const rnn_model *model)
{
    return model->real_size == (int)sizeof(double) ? RNN_DTYPE_F64 : RNN_DTYPE_F32;
}

static void add_metadata(struct content *content, const char *key, const char *value)
{
    content->metadata[content->metadata_count++] = (rnn_metadata){key, value};
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

/* The parameters and what identifies them. */
static void add_weights(struct content *content, const struct trainer *trainer)
{
    enum { MOST_MORE = RNN_OPTIMIZER_ARRAYS + 4 };
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
    add_metadata(content, "rnnc.fingerprint", arena_printf(content->arena, "%016" PRIx64, model->fingerprint));
    if (trainer->data->table->vocabulary)
        add_metadata(content, VOCABULARY_KEY, vocabulary_print(content->arena, trainer->data->table->vocabulary));
}

/* Every file that is kept has parameters that are numbers; one from before they were not is left as it is. */
static bool save(const struct trainer *trainer, const struct content *content, const char *path, const char **error)
{
    const rnn_tensor *infinite = trainer_find_infinite(trainer);
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

/* What a training cannot change its mind about, as metadata; the key after the slash is what it is called. */
static void list_settings(struct arena *arena, const struct trainer *trainer, rnn_metadata settings[SETTINGS])
{
    const struct train_options *options = trainer->options;
    const struct dataset *data = trainer->data;
    const rnn_metadata all[SETTINGS] = {
        {"train/streams", arena_printf(arena, "%d", options->streams)},
        {"train/window", arena_printf(arena, "%d", trainer->window)},
        {"train/advance", arena_printf(arena, "%d", trainer->advance)},
        {"train/optimizer", rnn_optimizers[options->optimizer.kind].name},
        {"train/seed", arena_printf(arena, "%" PRIu64, options->seed)},
        {"train/precision", trainer->model->real_size == (int)sizeof(double) ? "double" : "float"},
        {"train/sequences of the data", arena_printf(arena, "%ld", data->count)},
        {"train/frames of the data", arena_printf(arena, "%ld", data->frames)},
    };
    memcpy(settings, all, sizeof all);
}

/* Doubles are written in hexadecimal: they come back as they were. */
static const char *print_position(struct arena *arena, const struct trainer *trainer, const struct report *report)
{
    const struct position *p = &trainer->position;
    const rnn_schedule_state *rates = &trainer->rates;
    return arena_printf(arena, "%" PRIu64 " %d %ld %ld %" PRIu64 " %a %a %a %a %a %" PRId64 " %ld %a %a %d", p->step,
                        p->epoch, p->batch, p->begin, p->frames, p->loss, p->rate, report_seconds(report), rates->scale,
                        rates->best, rates->waited, report->log_length, p->first, p->best, p->best_epoch);
}

static bool parse_position(const char *text, struct trainer *trainer, struct report *report)
{
    struct position p = {0};
    rnn_schedule_state rates;
    long length;
    int found = text ? sscanf(text, "%" SCNu64 " %d %ld %ld %" SCNu64 " %la %la %la %la %la %" SCNd64 " %ld %la %la %d",
                              &p.step, &p.epoch, &p.batch, &p.begin, &p.frames, &p.loss, &p.rate, &p.seconds,
                              &rates.scale, &rates.best, &rates.waited, &length, &p.first, &p.best, &p.best_epoch)
                     : 0;
    enum { FIELDS = 15 };
    bool good = found == FIELDS && p.epoch >= 0 && p.batch >= 0 && p.batch <= trainer_batches(trainer) && p.begin >= 0;
    if (!good)
        return false;
    trainer->position = p;
    trainer->rates = rates;
    report->log_length = length;
    return true;
}

bool checkpoint_save(const struct trainer *trainer, const struct report *report, const char *path, const char **error)
{
    struct arena *arena = arena_new();
    struct content content = {.arena = arena};
    rnn_metadata settings[SETTINGS];
    rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS];
    const rnn_model *model = trainer->model;
    add_weights(&content, trainer);
    list_settings(arena, trainer, settings);
    for (int i = 0; i < SETTINGS; i++)
        add_metadata(&content, settings[i].key, settings[i].value);
    add_metadata(&content, "train/position", print_position(arena, trainer, report));
    int count =
        rnn_optimizer_arrays(trainer->options->optimizer.kind, model->parameter_elements, model->real_size, arrays);
    for (int i = 0; i < count; i++)
        add_vector(&content, arena_printf(arena, "train/optimizer.%s", arrays[i].name), arrays[i].dtype,
                   (const char *)trainer->moments + arrays[i].offset, arrays[i].elements);
    if (trainer->position.begin)
        add_vector(&content, "train/state", RNN_DTYPE_U8, trainer->state,
                   model->training->state_size(trainer->batch.streams));
    add_vector(&content, "train/losses", RNN_DTYPE_F64, trainer->tally.losses, 2 * (size_t)model->training->loss_count);
    add_curve(&content, &report->learned, "train/curve.training");
    add_curve(&content, &report->held, "train/curve.validation");
    bool saved = save(trainer, &content, path, error);
    arena_free(arena);
    return saved;
}

/* ---- and back ---- */

static bool refuse(const struct trainer *trainer, const char *path, const char *reason, const char **error)
{
    *error = arena_printf(trainer->arena, "cannot go on from '%s': %s", path, reason);
    return false;
}

static bool check_settings(const struct trainer *trainer, const rnn_file *file, const char *path, const char **error)
{
    struct arena *arena = trainer->arena;
    rnn_metadata settings[SETTINGS];
    list_settings(arena, trainer, settings);
    for (int i = 0; i < SETTINGS; i++) {
        const char *found = rnn_file_metadata(file, settings[i].key), *name = strchr(settings[i].key, '/') + 1;
        if (!found)
            return refuse(trainer, path, "it is not a checkpoint of rnn train", error);
        if (strcmp(found, settings[i].value) != 0)
            return refuse(
                trainer, path,
                arena_printf(arena, "its training has '%s' for %s, this one '%s'", found, name, settings[i].value),
                error);
    }
    const struct vocabulary *vocabulary = trainer->data->table->vocabulary;
    const char *found = rnn_file_metadata(file, VOCABULARY_KEY);
    if (vocabulary && (!found || strcmp(found, vocabulary_print(arena, vocabulary)) != 0))
        return refuse(trainer, path, "the text has other characters than that of its training", error);
    return true;
}

/* Copies a tensor of this type and number of elements. */
static bool load_vector(const rnn_file *file, const char *name, rnn_dtype dtype, size_t elements, size_t size,
                        void *data)
{
    const rnn_file_tensor *tensor = rnn_file_find(file, name);
    if (!tensor || tensor->dtype != dtype || tensor->elements != elements)
        return false;
    memcpy(data, tensor->data, elements * size);
    return true;
}

static bool load_curve(struct arena *arena, const rnn_file *file, const char *name, struct curve *curve)
{
    const rnn_file_tensor *tensor = rnn_file_find(file, name);
    struct array array = {.rank = 2};
    if (!tensor || tensor->rank != 2)
        return false;
    array.shape[0] = (long)tensor->shape[0];
    array.shape[1] = (long)tensor->shape[1];
    array.data = ARENA_ARRAY(arena, double, tensor->elements + 1);
    rnn_file_read_double(tensor, array.data);
    return curve_restore(curve, &array);
}

static bool load_rest(struct trainer *trainer, struct report *report, const rnn_file *file)
{
    const rnn_model *model = trainer->model;
    struct arena *arena = trainer->arena;
    rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS];
    int count =
        rnn_optimizer_arrays(trainer->options->optimizer.kind, model->parameter_elements, model->real_size, arrays);
    bool good = parse_position(rnn_file_metadata(file, "train/position"), trainer, report);
    for (int i = 0; i < count && good; i++)
        good = load_vector(file, arena_printf(arena, "train/optimizer.%s", arrays[i].name), arrays[i].dtype,
                           arrays[i].elements, arrays[i].dtype == RNN_DTYPE_F32 ? sizeof(float) : sizeof(double),
                           (char *)trainer->moments + arrays[i].offset);
    if (good && trainer->position.begin) {
        const rnn_file_tensor *state = rnn_file_find(file, "train/state");
        good = state && state->elements <= model->training->state_size(trainer->options->streams) &&
               load_vector(file, "train/state", RNN_DTYPE_U8, state->elements, 1, trainer->state);
    }
    good = good && load_vector(file, "train/losses", RNN_DTYPE_F64, 2 * (size_t)model->training->loss_count,
                               sizeof(double), trainer->tally.losses);
    return good && load_curve(arena, file, "train/curve.training", &report->learned) &&
           load_curve(arena, file, "train/curve.validation", &report->held);
}

bool checkpoint_load(struct trainer *trainer, struct report *report, const char *path, const char **error)
{
    rnn_error reason;
    rnn_file *file = rnn_file_open(path, &reason);
    bool loaded = file && rnn_parameters_load(trainer->model, trainer->parameters, path, &reason) == RNN_OK;
    if (!loaded)
        *error = arena_printf(trainer->arena, "%s", reason.text);
    loaded = loaded && check_settings(trainer, file, path, error);
    if (loaded && !load_rest(trainer, report, file))
        loaded = refuse(trainer, path, "a part of it is missing or broken", error);
    if (file)
        rnn_file_close(file);
    return loaded;
}
