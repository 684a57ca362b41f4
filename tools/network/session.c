#include "network/session.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "rnn/variant.h"
#include "rnn/weights.h"

bool session_open(struct session *session, const rnn_model *model, int frames, int streams, const char **error)
{
    *session = (struct session){.model = model, .frames = frames, .streams = streams};
    size_t parameter_bytes = model->parameter_elements * (size_t)model->real_size;
    session->parameters = rnn_alloc(parameter_bytes ? parameter_bytes : 1, model->alignment);
    session->packed = rnn_alloc(model->packed_size(), model->alignment);
    session->state = rnn_alloc(model->state_size(streams), model->alignment);
    session->work = rnn_alloc(model->work_size(frames, streams), model->alignment);
    if (session->parameters && session->packed && session->state && session->work) {
        model->state_init(session->state, streams);
        return true;
    }
    session_close(session);
    *error = "out of memory: fewer frames or streams in one call need less";
    return false;
}

void session_close(struct session *session)
{
    rnn_free(session->parameters);
    rnn_free(session->packed);
    rnn_free(session->state);
    rnn_free(session->work);
}

bool session_load(struct arena *arena, struct session *session, const char *path, bool strict, const char **error)
{
    return parameters_load(arena, session->model, session->parameters, path, strict, false, error);
}

/* "'a', 'b' and 3 more", or NULL where the network has all of the file's tensors. */
static const char *list_extra_tensors(struct arena *arena, const rnn_model *model, const char *path)
{
    enum { MOST = 8 };
    rnn_error unseen;
    rnn_file *file = rnn_file_open(path, &unseen);
    struct text names;
    const char *unused[MOST];
    const int count = file ? rnn_parameters_unused(model, file, unused, MOST) : 0;
    text_init(&names, arena);
    for (int i = 0; i < count && i < MOST; i++)
        text_printf(&names, "%s'%s'", i ? ", " : "", unused[i]);
    if (count > MOST)
        text_printf(&names, " and %d more", count - MOST);
    if (file)
        rnn_file_close(file);
    return count ? names.data : NULL;
}

/* True if a file has a parameter of the network in other sizes: a -D may have been forgotten. */
static bool has_other_sizes(const rnn_model *model, const char *path)
{
    rnn_error unseen;
    rnn_file *file = rnn_file_open(path, &unseen);
    bool other = false;
    for (int i = 0; file && i < model->parameter_count; i++) {
        const rnn_tensor *parameter = &model->parameters[i];
        const rnn_file_tensor *tensor = rnn_file_find(file, parameter->name);
        for (int k = 0; tensor && tensor->rank == parameter->rank && k < parameter->rank; k++)
            other |= tensor->shape[k] != parameter->shape[k];
    }
    if (file)
        rnn_file_close(file);
    return other;
}

bool parameters_load(struct arena *arena, const rnn_model *model, void *parameters, const char *path, bool strict,
                     bool quiet, const char **error)
{
    rnn_error reason;
    rnn_status status = rnn_parameters_load(model, parameters, path, &reason);
    if (status != RNN_OK) {
        bool sized = status == RNN_ERROR_WEIGHTS && has_other_sizes(model, path);
        *error = arena_printf(arena, "%s%s", reason.text,
                              sized ? " (constants and dimensions are given with -D NAME=VALUE, as when it was trained)"
                                    : "");
        return false;
    }
    const char *extra = strict || !quiet ? list_extra_tensors(arena, model, path) : NULL;
    if (extra && strict) {
        *error = arena_printf(arena, "'%s' holds tensors that '%s' does not have: %s", path, model->name, extra);
        return false;
    }
    if (extra)
        fprintf(stderr, "rnn: not used, as '%s' has no parameter of the name: %s in '%s'\n", model->name, extra, path);
    return true;
}

void session_draw(struct session *session, uint64_t seed)
{
    rnn_parameters_init(session->model, session->parameters, seed);
}

static const rnn_choice *choice_of(const struct session *session)
{
    return (const rnn_choice *)(const void *)((const char *)session->parameters + session->model->variants->choice);
}

/* Returns "'dense', 'f16'", the variants of a set. */
static const char *list_variants(struct arena *arena, const rnn_variants *variants, uint32_t set)
{
    struct text names;
    text_init(&names, arena);
    for (int i = 0; i < variants->count; i++)
        if (set >> i & 1)
            text_printf(&names, "%s'%s'", names.length ? ", " : "", variants->list[i].name);
    return names.data;
}

static bool use_variant(struct arena *arena, struct session *session, const char *name, const char **error)
{
    const rnn_variants *variants = session->model->variants;
    int number = 0;
    while (number < variants->count && strcmp(variants->list[number].name, name) != 0)
        number++;
    if (rnn_use_variant(session->model, session->parameters, number) == RNN_OK)
        return true;
    *error = number < variants->count ? arena_printf(arena, "the weights lack arrays of variant '%s'; they are for %s",
                                                     name, list_variants(arena, variants, choice_of(session)->present))
                                      : arena_printf(arena, "there is no variant '%s'; --variants has %s", name,
                                                     list_variants(arena, variants, UINT32_MAX));
    return false;
}

static const char *shape_text(struct arena *arena, const int64_t *shape, int rank)
{
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "[");
    for (int k = 0; k < rank; k++)
        text_printf(&text, "%s%" PRId64, k ? ", " : "", shape[k]);
    text_puts(&text, "]");
    return text.data;
}

/* Returns the first array by which a file is not for a variant. */
static const char *why_absent(struct arena *arena, const rnn_model *model, const rnn_file *file, int variant)
{
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *wanted = &model->parameters[i];
        const rnn_file_tensor *tensor = rnn_file_find(file, wanted->name);
        if (!(model->variants->readers[i] >> variant & 1))
            continue;
        if (!tensor)
            return arena_printf(arena, "the weights have no '%s'", wanted->name);
        const int64_t shape[] = {wanted->shape[0], wanted->shape[1], wanted->shape[2]};
        if (tensor->rank != wanted->rank || memcmp(tensor->shape, shape, (size_t)wanted->rank * sizeof *shape) != 0)
            return arena_printf(arena, "it needs '%s' as %s, the weights have %s", wanted->name,
                                shape_text(arena, shape, wanted->rank), shape_text(arena, tensor->shape, tensor->rank));
    }
    return "the weights are of another network";
}

/* Says which variants the weights are not for, and why. */
static void tell_absent(struct arena *arena, const struct session *session, const char *weights)
{
    const rnn_variants *variants = session->model->variants;
    rnn_error unseen;
    rnn_file *file = rnn_file_open(weights, &unseen);
    for (int i = 0; file && i < variants->count; i++)
        if (!(choice_of(session)->present >> i & 1))
            fprintf(stderr, "rnn: variant '%s' is left out: %s\n", variants->list[i].name,
                    why_absent(arena, session->model, file, i));
    if (file)
        rnn_file_close(file);
}

bool session_choose(struct arena *arena, struct session *session, const char *variant, const char *weights,
                    const char **error)
{
    const rnn_variants *variants = session->model->variants;
    if (!variants)
        return true;
    if (variant)
        return use_variant(arena, session, variant, error);
    if (weights)
        tell_absent(arena, session, weights);
    fprintf(stderr, "rnn: variant '%s' is taken, of %s\n", variants->list[choice_of(session)->variant].name,
            list_variants(arena, variants, choice_of(session)->present));
    return true;
}

bool session_pack(struct arena *arena, struct session *session, const char **error)
{
    rnn_status status = session->model->pack(session->parameters, session->packed);
    const rnn_tensor *infinite = status ? parameters_find_infinite(session->model, session->parameters) : NULL;
    *error = rnn_status_text(status);
    if (status == RNN_ERROR_WEIGHTS && infinite)
        *error = arena_printf(arena,
                              "parameter '%s' has numbers that are not finite, which a storage of int8 cannot hold: "
                              "give it another storage, or train it again",
                              infinite->name);
    return status == RNN_OK;
}

void session_spoil_work(const struct session *session)
{
    memset(session->work, 0xff, session->model->work_size(session->frames, session->streams));
}

long tensor_units(const rnn_tensor *tensor)
{
    long units = 1;
    for (int i = 0; i < tensor->rank; i++)
        units *= tensor->shape[i];
    return units;
}

long tensor_elements(const rnn_tensor *tensor, int frames, int streams)
{
    return tensor_units(tensor) * streams * (tensor->time == RNN_TIME_FRAME ? frames : 1);
}

static size_t element_size(const rnn_model *model, const rnn_tensor *tensor)
{
    return tensor->type == RNN_TYPE_ID ? sizeof(int32_t) : (size_t)model->real_size;
}

void *tensor_new(struct arena *arena, const rnn_model *model, const rnn_tensor *tensor, int frames, int streams)
{
    return arena_alloc(arena, (size_t)tensor_elements(tensor, frames, streams) + 1, element_size(model, tensor));
}

void *tensor_at(const rnn_model *model, const rnn_tensor *tensor, void *data, int t, int streams)
{
    if (tensor->time != RNN_TIME_FRAME)
        return data;
    return (char *)data + (size_t)(tensor_units(tensor) * streams) * (size_t)t * element_size(model, tensor);
}

double tensor_get(const rnn_model *model, const rnn_tensor *tensor, const void *data, long i)
{
    if (tensor->type == RNN_TYPE_ID)
        return ((const int32_t *)data)[i];
    return model->real_size == sizeof(double) ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

void tensor_set(const rnn_model *model, const rnn_tensor *tensor, void *data, long i, double x)
{
    if (tensor->type == RNN_TYPE_ID)
        ((int32_t *)data)[i] = (int32_t)x;
    else if (model->real_size == sizeof(double))
        ((double *)data)[i] = x;
    else
        ((float *)data)[i] = (float)x;
}

const rnn_tensor *tensor_find(struct arena *arena, const rnn_tensor *tensors, int count, const char *what,
                              const char *name, const char **error)
{
    struct text names;
    text_init(&names, arena);
    for (int i = 0; i < count; i++) {
        if (strcmp(tensors[i].name, name) == 0)
            return &tensors[i];
        text_printf(&names, "%s'%s'", i ? ", " : "", tensors[i].name);
    }
    *error = arena_printf(arena, "the network has no %s '%s'; it has %s", what, name, count ? names.data : "none");
    return NULL;
}

const rnn_tensor *parameters_find_infinite(const rnn_model *model, const void *parameters)
{
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *tensor = &model->parameters[i];
        for (long k = 0; k < tensor_units(tensor) && rnn_parameter_is_present(model, parameters, i); k++)
            if (!isfinite(tensor_get(model, tensor, parameters, (long)tensor->offset + k)))
                return tensor;
    }
    return NULL;
}
