/* Loads checkpoints. Nothing in the file is trusted. Its sum shows damage, and each number is checked all the same, as
 * a sum can be made to fit. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "data/array.h"
#include "train/checkpoint.h"
#include "train/checkpoint_content.h"

/* Counters are whole numbers that a double can hold. */
static const double most_count = 9007199254740992.0;

/* A checkpoint that is being read. */
struct reading {
    struct trainer *trainer;
    struct report *report;
    const rnn_file *file;
    const char *path;
    const char **error;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct reading *reading, const char *format, ...)
{
    struct arena *arena = reading->trainer->arena;
    va_list args;
    va_start(args, format);
    *reading->error =
        arena_printf(arena, "cannot go on from '%s': %s", reading->path, arena_vprintf(arena, format, args));
    va_end(args);
    return false;
}

static bool check_sum(const struct reading *reading)
{
    const char *found = rnn_file_metadata(reading->file, CHECKSUM_KEY);
    if (!found)
        return refuse(reading,
                      "it is not a checkpoint of rnn train, or of one from before they had checksums; --weights "
                      "takes its weights");
    if (strcmp(found, checkpoint_sum(reading->trainer->arena, reading->file)) != 0)
        return refuse(reading, "it is damaged, its checksum differs");
    return true;
}

/* ---- settings ---- */

/* The value of a setting that checkpoints of earlier versions do not have; NULL: all have it. */
static const char *earlier_value(const char *key)
{
    static const char *const values[][2] = {{"train/compression", "none"}, {"train/factors", "never"}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(key, values[i][0]) == 0)
            return values[i][1];
    return NULL;
}

static bool check_setting(const struct reading *reading, const struct setting *setting)
{
    const char *found = rnn_file_metadata(reading->file, setting->key), *name = strchr(setting->key, '/') + 1;
    found = found ? found : earlier_value(setting->key);
    if (!found)
        return refuse(reading, "it does not say what its training has for %s", name);
    if (strcmp(found, setting->value) == 0)
        return true;
    switch (setting->kind) {
    case SETTING_KEPT:
        return refuse(reading, "its training has '%s' for %s, this one '%s'", found, name, setting->value);
    case SETTING_SUM:
        return refuse(reading, "the %s is not what it was in its training; --weights takes its weights alone", name);
    case SETTING_FREE:
        if (!reading->trainer->options->quiet)
            fprintf(stderr, "rnn: going on with '%s' for %s, which was '%s' before\n", setting->value, name, found);
        return true;
    }
    return false;
}

static bool check_settings(const struct reading *reading)
{
    struct arena *arena = reading->trainer->arena;
    struct setting settings[SETTINGS];
    settings_list(arena, reading->trainer, settings);
    for (int i = 0; i < SETTINGS; i++)
        if (!check_setting(reading, &settings[i]))
            return false;
    const struct vocabulary *vocabulary = reading->trainer->data->table->vocabulary;
    const char *found = rnn_file_metadata(reading->file, VOCABULARY_KEY);
    if (vocabulary && (!found || strcmp(found, vocabulary_print(arena, vocabulary)) != 0))
        return refuse(reading, "the text has other characters than that of its training");
    return true;
}

/* ---- the position ---- */

static bool is_count(double number) { return number >= 0 && number <= most_count && number == floor(number); }

/* The name of the first number that no training reaches, or NULL. */
static const char *find_impossible(const struct trainer *trainer, const struct position *p,
                                   const rnn_schedule_state *rates, long log_length)
{
    const struct {
        const char *name;
        bool good;
    } numbers[] = {
        {"step", is_count((double)p->step)},
        {"epoch", p->epoch >= 0 && p->epoch < INT_MAX},
        {"batch", p->batch >= 0 && p->batch <= trainer_batches(trainer)},
        {"frames", is_count((double)p->frames)},
        {"loss", !isinf(p->loss)},
        {"rate", isfinite(p->rate) && p->rate >= 0},
        {"seconds", isfinite(p->seconds) && p->seconds >= 0},
        {"scale of the rate", rates->scale > 0 && rates->scale <= 1},
        {"best loss", isfinite(rates->best) || rates->best == INFINITY},
        {"losses waited", is_count((double)rates->waited)},
        {"length of the log", is_count((double)log_length)},
        {"first loss", !isinf(p->first)},
        {"best validation", isfinite(p->best)},
        {"best epoch", p->best_epoch >= 0 && p->best_epoch <= p->epoch},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!numbers[i].good)
            return numbers[i].name;
    return NULL;
}

static bool load_position(const struct reading *reading)
{
    const char *text = rnn_file_metadata(reading->file, POSITION_KEY);
    struct trainer *trainer = reading->trainer;
    struct position p = {0};
    rnn_schedule_state rates;
    long length;
    int end = 0;
    enum { FIELDS = 15 };
    int found =
        text ? sscanf(text, "%" SCNu64 " %d %ld %ld %" SCNu64 " %la %la %la %la %la %" SCNd64 " %ld %la %la %d%n",
                      &p.step, &p.epoch, &p.batch, &p.begin, &p.frames, &p.loss, &p.rate, &p.seconds, &rates.scale,
                      &rates.best, &rates.waited, &length, &p.first, &p.best, &p.best_epoch, &end)
             : 0;
    if (found != FIELDS || text[end])
        return refuse(reading, "its position is no row of %d numbers", FIELDS);
    const char *wrong = find_impossible(trainer, &p, &rates, length);
    if (wrong)
        return refuse(reading, "no training comes to its number of '%s'", wrong);
    trainer->position = p;
    trainer->rates = rates;
    reading->report->log_length = length;
    return trainer_begins_window(trainer) || refuse(reading, "no window of its batch begins at frame %ld", p.begin);
}

/* ---- arrays ---- */

static bool all_finite(const void *data, rnn_dtype dtype, size_t elements, bool non_negative)
{
    for (size_t i = 0; i < elements; i++) {
        double x = dtype == RNN_DTYPE_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
        if (!isfinite(x) || (non_negative && x < 0))
            return false;
    }
    return true;
}

/* Copies a tensor of this type and number of elements. */
static bool load_vector(const struct reading *reading, const char *name, rnn_dtype dtype, size_t elements, void *data)
{
    const rnn_file_tensor *tensor = rnn_file_find(reading->file, name);
    if (!tensor)
        return refuse(reading, "'%s' is missing in it", name);
    if (tensor->dtype != dtype || tensor->elements != elements)
        return refuse(reading, "'%s' in it has %zu elements, where %zu are expected, or another type", name,
                      tensor->elements, elements);
    memcpy(data, tensor->data, elements * rnn_dtype_size(dtype));
    return true;
}

/* Loads the moments. Means of squares are not below 0, and no more steps can have been counted than there were. */
static bool load_moments(const struct reading *reading)
{
    struct trainer *trainer = reading->trainer;
    rnn_optimizer_array arrays[RNN_OPTIMIZER_ARRAYS];
    int count = rnn_optimizer_arrays(trainer->options->optimizer.kind, trainer->model->parameter_elements,
                                     trainer->model->real_size, arrays);
    for (int i = 0; i < count; i++) {
        const rnn_optimizer_array *array = &arrays[i];
        const char *name = arena_printf(trainer->arena, "train/optimizer.%s", array->name);
        void *data = (char *)trainer->moments + array->offset;
        if (!load_vector(reading, name, array->dtype, array->elements, data))
            return false;
        bool squares = *array->name == 'v' || *array->name == 'd';
        bool good = array->dtype == RNN_DTYPE_I64
                        ? *(const int64_t *)data >= 0 && (uint64_t) * (const int64_t *)data <= trainer->position.step
                        : all_finite(data, array->dtype, array->elements, squares);
        if (!good)
            return refuse(reading, "'%s' in it has a number that no training comes to", name);
    }
    return true;
}

/* Loads the training state, which exists within a batch; its layout is the compiled network's own. */
static bool load_state(const struct reading *reading)
{
    struct trainer *trainer = reading->trainer;
    const rnn_file_tensor *tensor = rnn_file_find(reading->file, "train/state");
    size_t size = trainer->model->training->state_size(trainer->batch.all);
    if (!trainer->position.begin)
        return true;
    if (tensor && tensor->elements != size)
        return refuse(
            reading,
            "its state has %zu bytes, but that of this network %zu: it is from another processor, compiler or "
            "version",
            tensor->elements, size);
    void *whole = arena_alloc(trainer->arena, size + 1, 1);
    return load_vector(reading, "train/state", RNN_DTYPE_U8, size, whole) &&
           (trainer_take_state(trainer, whole) ||
            refuse(reading, "its state is not of %d streams", trainer->batch.all));
}

/* Loads what --compress auto has chosen, and what compression has left of gradients, of which each rank gets a part. */
static bool load_compression(const struct reading *reading)
{
    struct trainer *trainer = reading->trainer;
    struct compress *compress = &trainer->compress;
    const rnn_dtype dtype = trainer->model->real_size == (int)sizeof(double) ? RNN_DTYPE_F64 : RNN_DTYPE_F32;
    const char *ways = rnn_file_metadata(reading->file, WAYS_KEY);
    if (compress->options.chooses && (!ways || !trainer_take_ways(trainer, ways)))
        return refuse(reading, "it does not say how the gradient of each parameter is sent");
    if (!compress->error)
        return true;
    if (!load_vector(reading, "train/compression.rest", dtype, compress->elements, compress->error) ||
        !load_vector(reading, "train/compression.factors", RNN_DTYPE_F64, compress->q_count, compress->q))
        return false;
    if (!all_finite(compress->error, dtype, compress->elements, false) ||
        !all_finite(compress->q, RNN_DTYPE_F64, compress->q_count, false))
        return refuse(reading, "its compression has a number that no training comes to");
    trainer_scatter(trainer);
    return true;
}

static bool load_losses(const struct reading *reading)
{
    struct tally *tally = &reading->trainer->tally;
    int count = tally->training->loss_count;
    if (!load_vector(reading, "train/losses", RNN_DTYPE_F64, 2 * (size_t)count, tally->losses))
        return false;
    for (int i = 0; i < count; i++)
        if (!isfinite(tally->losses[i].sum) || !is_count(tally->losses[i].count))
            return refuse(reading, "'train/losses' in it has a number that no training comes to");
    return true;
}

static bool load_curve(const struct reading *reading, const char *name, struct curve *curve)
{
    const rnn_file_tensor *tensor = rnn_file_find(reading->file, name);
    struct array array = {.rank = 2};
    if (!tensor || tensor->rank != 2 || tensor->dtype != RNN_DTYPE_F64)
        return refuse(reading, "'%s' is missing in it, or no curve", name);
    array.shape[0] = (long)tensor->shape[0];
    array.shape[1] = (long)tensor->shape[1];
    array.data = ARENA_ARRAY(reading->trainer->arena, double, tensor->elements + 1);
    rnn_file_read_double(tensor, array.data);
    return curve_restore(curve, &array) || refuse(reading, "'%s' in it is no curve", name);
}

static bool load_parameters(const struct reading *reading)
{
    struct trainer *trainer = reading->trainer;
    rnn_error reason;
    if (rnn_parameters_load(trainer->model, trainer->parameters, reading->path, &reason) != RNN_OK) {
        *reading->error = arena_printf(trainer->arena, "%s", reason.text);
        return false;
    }
    const rnn_tensor *infinite = parameters_find_infinite(trainer->model, trainer->parameters);
    return !infinite || refuse(reading, "its parameter '%s' is not finite", infinite->name);
}

bool checkpoint_forms(struct trainer *trainer, const char *path, const char **forms, const char **error)
{
    rnn_error reason;
    rnn_file *file = rnn_file_open(path, &reason);
    if (!file) {
        *error = arena_printf(trainer->arena, "%s", reason.text);
        return false;
    }
    const struct reading reading = {trainer, NULL, file, path, error};
    bool good = check_sum(&reading);
    const char *found = rnn_file_metadata(file, FORMS_KEY);
    *forms = found ? arena_copy_string(trainer->arena, found, strlen(found)) : NULL;
    rnn_file_close(file);
    return good;
}

bool checkpoint_load(struct trainer *trainer, struct report *report, const char *path, const char **error)
{
    rnn_error reason;
    rnn_file *file = rnn_file_open(path, &reason);
    if (!file) {
        *error = arena_printf(trainer->arena, "%s", reason.text);
        return false;
    }
    const struct reading reading = {trainer, report, file, path, error};
    bool loaded = check_sum(&reading) && check_settings(&reading) && load_parameters(&reading) &&
                  load_position(&reading) && load_moments(&reading) && load_state(&reading) &&
                  load_compression(&reading) && load_losses(&reading) &&
                  load_curve(&reading, "train/curve.training", &report->learned) &&
                  load_curve(&reading, "train/curve.validation", &report->held);
    rnn_file_close(file);
    return loaded;
}
