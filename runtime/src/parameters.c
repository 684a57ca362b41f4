/* A network's parameters and a weights file: everything is compared before anything is written. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dtype.h"
#include "rnn/variant.h"
#include "status.h"

enum { SOME_NAMES = 4, NAME_LIMIT = 127, CHUNK = 512, FINGERPRINT_TEXT = 17 };

static const char fingerprint_key[] = "rnnc.fingerprint";

static size_t elements_of(const rnn_tensor *tensor)
{
    size_t elements = 1;
    for (int i = 0; i < tensor->rank; i++)
        elements *= (size_t)tensor->shape[i];
    return elements;
}

static void widen_shape(const rnn_tensor *tensor, int64_t *shape)
{
    for (int i = 0; i < tensor->rank; i++)
        shape[i] = tensor->shape[i];
}

/* ---- missing tensors, and similar names ---- */

/* Returns the letters to insert, delete or change to turn a into b (Levenshtein); NAME_LIMIT if one of them is too long
 * to be compared. */
static int name_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > NAME_LIMIT || b_length > NAME_LIMIT)
        return NAME_LIMIT;
    int row[NAME_LIMIT + 1]; /* row[j]: of a's first i letters and b's first j */
    for (size_t j = 0; j <= b_length; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            int other = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
            row[j] = change < other ? change : other;
        }
    }
    return row[b_length];
}

/* Returns the file's tensor with the name nearest to `name` among those that the network does not use, or NULL if none
 * is near. */
static const rnn_file_tensor *find_similar(const rnn_model *model, const rnn_file *file, const char *name)
{
    const rnn_file_tensor *nearest = NULL;
    int least = 2 + (int)strlen(name) / 3;
    for (int i = 0; i < rnn_file_count(file); i++) {
        const rnn_file_tensor *candidate = rnn_file_at(file, i);
        bool used = false;
        for (int p = 0; p < model->parameter_count && !used; p++)
            used = strcmp(model->parameters[p].name, candidate->name) == 0;
        int distance = used ? NAME_LIMIT : name_distance(name, candidate->name);
        if (distance < least) {
            least = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

/* Returns the tensor that is a parameter's first factor, as svd and cp have them (NAME.A), or NULL. */
static const rnn_file_tensor *find_factor(const rnn_file *file, const char *parameter)
{
    char name[NAME_LIMIT + 3];
    if (strlen(parameter) > NAME_LIMIT)
        return NULL;
    snprintf(name, sizeof name, "%s.A", parameter);
    const rnn_file_tensor *factor = rnn_file_find(file, name);
    return factor && factor->rank == 2 ? factor : NULL;
}

/* Returns the tensor that a parameter of the network is a factor of, or NULL. */
static const rnn_file_tensor *find_whole(const rnn_file *file, const char *parameter)
{
    char name[NAME_LIMIT + 1];
    size_t length = strlen(parameter);
    if (length > NAME_LIMIT || length < 3 || parameter[length - 2] != '.' || !strchr("ABC", parameter[length - 1]))
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)length - 2, parameter);
    return rnn_file_find(file, name);
}

/* Writes what the file has in place of a parameter that it lacks, if it has something of the kind. */
static void write_hint(char *hint, size_t size, const rnn_model *model, const rnn_file *file, const char *name)
{
    const rnn_file_tensor *factor = find_factor(file, name), *whole = find_whole(file, name);
    const rnn_file_tensor *similar = factor || whole ? NULL : find_similar(model, file, name);
    if (factor)
        snprintf(hint, size,
                 "; the file has factors of '%.60s' of rank %" PRId64
                 ", for a program that declares them, as svd(r) or cp(r)",
                 name, factor->shape[1]);
    else if (whole)
        snprintf(hint, size, "; the file has '%.60s' itself, for the program without its factors", whole->name);
    else if (similar)
        snprintf(hint, size, "; the file has '%.60s', which may have to be renamed", similar->name);
}

static rnn_status check_names(const rnn_model *model, const rnn_file *file, const char *origin, rnn_error *error)
{
    char names[300] = "";
    const char *first = NULL;
    int missing = 0;
    for (int p = 0; p < model->parameter_count; p++) {
        const char *name = model->parameters[p].name;
        if (rnn_file_find(file, name))
            continue;
        if (missing++ == 0)
            first = name;
        size_t used = strlen(names);
        if (missing <= SOME_NAMES)
            snprintf(names + used, sizeof names - used, "%s'%.60s'", missing > 1 ? ", " : "", name);
    }
    if (missing == 0)
        return RNN_OK;

    char more[40] = "", hint[200] = "";
    if (missing > SOME_NAMES)
        snprintf(more, sizeof more, " and %d more", missing - SOME_NAMES);
    write_hint(hint, sizeof hint, model, file, first);
    return rnn_fail(error, RNN_ERROR_WEIGHTS, "%.120s: no tensor %s%s, which '%.60s' needs%s", origin, names, more,
                    model->name, hint);
}

/* ---- mismatches ---- */

static rnn_status check_tensor(const rnn_model *model, const rnn_tensor *parameter, const rnn_file_tensor *tensor,
                               const char *origin, rnn_error *error)
{
    int64_t shape[RNN_FILE_MAX_RANK] = {0};
    char wanted[RNN_SHAPE_TEXT], found[RNN_SHAPE_TEXT];
    widen_shape(parameter, shape);
    if (tensor->rank != parameter->rank || memcmp(tensor->shape, shape, sizeof shape[0] * (size_t)tensor->rank) != 0)
        return rnn_fail(error, RNN_ERROR_WEIGHTS,
                        "%.150s: tensor '%.60s' is %s but '%.60s' needs %s: was it trained with other dimensions?",
                        origin, tensor->name, rnn_shape_text(found, tensor->rank, tensor->shape), model->name,
                        rnn_shape_text(wanted, parameter->rank, shape));
    switch (tensor->dtype) {
    case RNN_DTYPE_F64:
    case RNN_DTYPE_F32:
    case RNN_DTYPE_F16:
    case RNN_DTYPE_BF16:
    case RNN_DTYPE_I8:
    case RNN_DTYPE_U8:
        return RNN_OK;
    case RNN_DTYPE_I64:
    case RNN_DTYPE_I32:
    case RNN_DTYPE_I16:
    case RNN_DTYPE_BOOL:
        break;
    }
    return rnn_fail(error, RNN_ERROR_WEIGHTS,
                    "%.200s: tensor '%.100s' is of type %s; a parameter is F64, F32, F16, BF16, I8 or U8", origin,
                    tensor->name, rnn_dtype_name(tensor->dtype));
}

static void write_fingerprint(char text[FINGERPRINT_TEXT], uint64_t fingerprint)
{
    snprintf(text, FINGERPRINT_TEXT, "%016" PRIx64, fingerprint);
}

/* Checks the fingerprint; the last check, because a name or a shape says more. */
static rnn_status check_fingerprint(const rnn_model *model, const rnn_file *file, const char *origin, rnn_error *error)
{
    char wanted[FINGERPRINT_TEXT];
    const char *found = rnn_file_metadata(file, fingerprint_key);
    for (int i = 0; found && model->variants && i < model->variants->count; i++) {
        write_fingerprint(wanted, model->variants->list[i].fingerprint);
        if (strcmp(found, wanted) == 0)
            return RNN_OK;
    }
    write_fingerprint(wanted, model->fingerprint);
    if (!found || strcmp(found, wanted) == 0)
        return RNN_OK;
    return rnn_fail(
        error, RNN_ERROR_WEIGHTS,
        "%.150s: saved by another network (fingerprint %.20s) than '%.60s' (%s); without \"%s\" in its metadata it "
        "would load",
        origin, found, model->name, wanted, fingerprint_key);
}

/* ---- load and save ---- */

/* Reads the next elements of a tensor from `done` on, at most CHUNK; returns their number. */
static size_t read_chunk(const rnn_file_tensor *tensor, size_t done, double *chunk)
{
    rnn_file_tensor part = *tensor;
    size_t rest = tensor->elements - done;
    part.elements = rest < CHUNK ? rest : CHUNK;
    part.data = (const unsigned char *)tensor->data + done * rnn_dtype_size(tensor->dtype);
    rnn_file_read_double(&part, chunk);
    return part.elements;
}

/* Checks that float can hold the numbers of a tensor: only F64 has finite ones that it cannot. */
static rnn_status check_range(const rnn_model *model, const rnn_file_tensor *tensor, const char *origin,
                              rnn_error *error)
{
    double chunk[CHUNK];
    if (tensor->dtype != RNN_DTYPE_F64 || model->real_size == (int)sizeof(double))
        return RNN_OK;
    for (size_t done = 0, count; done < tensor->elements; done += count) {
        count = read_chunk(tensor, done, chunk);
        for (size_t i = 0; i < count; i++)
            if (isfinite(chunk[i]) && !isfinite((float)chunk[i]))
                return rnn_fail(error, RNN_ERROR_WEIGHTS,
                                "%.200s: element %zu of tensor '%.60s' is %g, more than float can hold: "
                                "compute in double (rnn --double, or C with -DRNN_REAL_DOUBLE)",
                                origin, done + i, tensor->name, chunk[i]);
    }
    return RNN_OK;
}

static void copy_elements(const rnn_model *model, void *parameters, const rnn_tensor *parameter,
                          const rnn_file_tensor *tensor)
{
    double chunk[CHUNK];
    for (size_t done = 0, count; done < tensor->elements; done += count) {
        count = read_chunk(tensor, done, chunk);
        size_t at = parameter->offset + done;
        for (size_t i = 0; i < count; i++)
            if (model->real_size == (int)sizeof(double))
                ((double *)parameters)[at + i] = chunk[i];
            else
                ((float *)parameters)[at + i] = (float)chunk[i];
    }
}

/* Checks all that the parameters need of a file. */
static rnn_status check_file(const rnn_model *model, const rnn_file *file, const char *origin, rnn_error *error)
{
    rnn_status status = check_names(model, file, origin, error);
    for (int i = 0; !status && i < model->parameter_count; i++) {
        const rnn_tensor *parameter = &model->parameters[i];
        status = check_tensor(model, parameter, rnn_file_find(file, parameter->name), origin, error);
    }
    if (!status)
        status = check_fingerprint(model, file, origin, error);
    for (int i = 0; !status && i < model->parameter_count; i++)
        status = check_range(model, rnn_file_find(file, model->parameters[i].name), origin, error);
    return status;
}

static void copy_file(const rnn_model *model, void *parameters, const rnn_file *file)
{
    for (int i = 0; i < model->parameter_count; i++)
        copy_elements(model, parameters, &model->parameters[i], rnn_file_find(file, model->parameters[i].name));
}

/* Loads the variants whose arrays the file has. */
static rnn_status load_variants(const rnn_model *model, void *parameters, const rnn_file *file, const char *origin,
                                rnn_error *error)
{
    rnn_tensor *tensors = calloc((size_t)model->parameter_count + 1, sizeof *tensors);
    if (!tensors)
        return rnn_fail(error, RNN_ERROR_MEMORY, "%.300s: out of memory", origin);
    char reasons[sizeof error->text] = "";
    uint32_t present = 0;
    for (int i = 0; i < model->variants->count; i++) {
        rnn_error reason;
        rnn_model variant = *model;
        variant.parameters = tensors;
        variant.parameter_count = rnn_variant_tensors(model, 1u << i, tensors);
        const size_t used = strlen(reasons);
        if (check_file(&variant, file, origin, &reason) == RNN_OK)
            present |= 1u << i;
        else
            snprintf(reasons + used, sizeof reasons - used, "%s%.30s: %.200s", used ? "; " : "",
                     model->variants->list[i].name, reason.text);
    }
    rnn_model found = *model;
    found.parameters = tensors;
    found.parameter_count = rnn_variant_tensors(model, present, tensors);
    if (present) {
        copy_file(&found, parameters, file);
        rnn_set_present(model, parameters, present);
    }
    free(tensors);
    return present ? RNN_OK : rnn_fail(error, RNN_ERROR_WEIGHTS, "no variant has its arrays: %s", reasons);
}

/* Loads the parameters from a file, and closes it. */
static rnn_status load_file(const rnn_model *model, void *parameters, rnn_file *file, const char *origin,
                            rnn_error *error)
{
    if (!file)
        return error->status;
    rnn_status status = RNN_OK;
    if (model->variants)
        status = load_variants(model, parameters, file, origin, error);
    else if ((status = check_file(model, file, origin, error)) == RNN_OK)
        copy_file(model, parameters, file);
    rnn_file_close(file);
    return status;
}

rnn_status rnn_parameters_load(const rnn_model *model, void *parameters, const char *path, rnn_error *error)
{
    if (!model || !parameters || !path)
        return rnn_fail(error, RNN_ERROR_ARGUMENT, "rnn_parameters_load: no model, parameters or path");
    rnn_error unseen;
    error = error ? error : &unseen;
    return load_file(model, parameters, rnn_file_open(path, error), path, error);
}

rnn_status rnn_parameters_load_memory(const rnn_model *model, void *parameters, const void *memory, size_t size,
                                      rnn_error *error)
{
    if (!model || !parameters)
        return rnn_fail(error, RNN_ERROR_ARGUMENT, "rnn_parameters_load_memory: no model or parameters");
    rnn_error unseen;
    error = error ? error : &unseen;
    return load_file(model, parameters, rnn_file_open_memory(memory, size, error), "weights in memory", error);
}

rnn_status rnn_parameters_save(const rnn_model *model, const void *parameters, const char *path, rnn_error *error)
{
    if (!model || !parameters || !path)
        return rnn_fail(error, RNN_ERROR_ARGUMENT, "rnn_parameters_save: no model, parameters or path");
    rnn_file_tensor *tensors = calloc((size_t)model->parameter_count + 1, sizeof *tensors);
    if (!tensors)
        return rnn_fail(error, RNN_ERROR_MEMORY, "%.300s: out of memory", path);
    int count = 0;
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *parameter = &model->parameters[i];
        if (!rnn_parameter_is_present(model, parameters, i))
            continue;
        tensors[count] = (rnn_file_tensor){
            .name = parameter->name,
            .dtype = model->real_size == (int)sizeof(double) ? RNN_DTYPE_F64 : RNN_DTYPE_F32,
            .rank = parameter->rank,
            .data = (const unsigned char *)parameters + parameter->offset * (size_t)model->real_size,
            .elements = elements_of(parameter),
        };
        widen_shape(parameter, tensors[count++].shape);
    }
    uint64_t fingerprint;
    char text[FINGERPRINT_TEXT];
    const int shared = rnn_shared_fingerprint(model, parameters, &fingerprint);
    write_fingerprint(text, fingerprint);
    rnn_metadata metadata = {fingerprint_key, text};
    rnn_status status = rnn_file_save(path, tensors, count, &metadata, shared, error);
    free(tensors);
    return status;
}

static bool is_parameter(const rnn_model *model, const char *name)
{
    for (int i = 0; i < model->parameter_count; i++)
        if (strcmp(model->parameters[i].name, name) == 0)
            return true;
    return false;
}

int rnn_parameters_unused(const rnn_model *model, const rnn_file *file, const char **names, int room)
{
    static const char of_checkpoints[] = "train/";
    int count = 0;
    for (int i = 0; i < rnn_file_count(file); i++) {
        const char *name = rnn_file_at(file, i)->name;
        if (strncmp(name, of_checkpoints, sizeof of_checkpoints - 1) == 0 || is_parameter(model, name))
            continue;
        if (count < room)
            names[count] = name;
        count++;
    }
    return count;
}
