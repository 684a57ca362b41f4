/* The header of a weights file checked against its data, tensor by tensor and as a partition. */
#include <stdlib.h>
#include <string.h>

#include "dtype.h"
#include "safetensors.h"
#include "status.h"

/* Reads element `index` of an array, an integer of 0 or more; false if it is none. */
static bool natural_at(const json_t *array, size_t index, int64_t *value)
{
    const json_t *item = json_array_get(array, index);
    *value = json_integer_value(item);
    return json_is_integer(item) && *value >= 0;
}

static rnn_status read_shape(const struct reader *reader, rnn_file_tensor *tensor, const json_t *shape)
{
    if (!json_is_array(shape))
        return BROKEN("%.200s: tensor '%.100s' has no \"shape\" list", reader->origin, tensor->name);
    if (json_array_size(shape) > RNN_FILE_MAX_RANK)
        return BROKEN("%.200s: tensor '%.100s' has %zu dimensions, more than %d", reader->origin, tensor->name,
                      json_array_size(shape), RNN_FILE_MAX_RANK);
    tensor->rank = (int)json_array_size(shape);
    for (int i = 0; i < tensor->rank; i++)
        if (!natural_at(shape, (size_t)i, &tensor->shape[i]))
            return BROKEN("%.200s: dimension %d of tensor '%.100s' is not an integer of 0 or more", reader->origin, i,
                          tensor->name);
    if (!rnn_shape_elements(tensor->rank, tensor->shape, rnn_dtype_size(tensor->dtype), &tensor->elements))
        return BROKEN("%.200s: tensor '%.100s' is larger than memory can be", reader->origin, tensor->name);
    return RNN_OK;
}

static rnn_status read_offsets(const struct reader *reader, rnn_file_tensor *tensor, const json_t *offsets)
{
    int64_t begin, end;
    if (json_array_size(offsets) != 2 || !natural_at(offsets, 0, &begin) || !natural_at(offsets, 1, &end))
        return BROKEN("%.200s: tensor '%.100s' has no \"data_offsets\" of two integers", reader->origin, tensor->name);
    if (begin > end || (uint64_t)end > reader->data_size)
        return BROKEN(
            "%.200s: the data of tensor '%.100s' is at bytes %lld to %lld, but there are %zu: the file is cut off or "
            "broken, get it again",
            reader->origin, tensor->name, (long long)begin, (long long)end, reader->data_size);
    size_t length = tensor->elements * rnn_dtype_size(tensor->dtype);
    char shape[RNN_SHAPE_TEXT];
    if ((uint64_t)(end - begin) != length)
        return BROKEN("%.200s: tensor '%.100s' has %lld bytes, but %s of %s needs %zu", reader->origin, tensor->name,
                      (long long)(end - begin), rnn_shape_text(shape, tensor->rank, tensor->shape),
                      rnn_dtype_name(tensor->dtype), length);
    tensor->data = reader->data + begin;
    return RNN_OK;
}

static rnn_status read_tensor(const struct reader *reader, rnn_file_tensor *tensor, const char *name,
                              const json_t *entry)
{
    *tensor = (rnn_file_tensor){.name = name};
    const json_t *dtype = json_object_get(entry, "dtype");
    if (!json_is_string(dtype))
        return BROKEN("%.200s: tensor '%.100s' has no \"dtype\"", reader->origin, name);
    if (!rnn_dtype_find(json_string_value(dtype), &tensor->dtype))
        return BROKEN(
            "%.200s: tensor '%.100s' has the element type '%.20s', which is none of F64 F32 F16 BF16 I64 I32 I16 "
            "I8 U8 BOOL",
            reader->origin, name, json_string_value(dtype));
    rnn_status status = read_shape(reader, tensor, json_object_get(entry, "shape"));
    return status ? status : read_offsets(reader, tensor, json_object_get(entry, "data_offsets"));
}

static rnn_status check_metadata(const struct reader *reader, json_t *metadata)
{
    if (!json_is_object(metadata))
        return BROKEN("%.200s: \"__metadata__\" is not an object", reader->origin);
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value) if (!json_is_string(value)) return BROKEN(
        "%.200s: \"__metadata__\" has a value for '%.100s' that is not a string", reader->origin, key);
    return RNN_OK;
}

/* Orders tensors by place. Empty ones share their place with the next one: they come first, by name. */
static int compare_places(const void *left, const void *right)
{
    const rnn_file_tensor *a = left, *b = right;
    const unsigned char *a_data = a->data, *b_data = b->data;
    if (a_data != b_data)
        return a_data < b_data ? -1 : 1;
    if ((a->elements == 0) != (b->elements == 0))
        return a->elements == 0 ? -1 : 1;
    return strcmp(a->name, b->name);
}

int rnn_compare_names(const void *left, const void *right)
{
    const rnn_file_tensor *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

/* Checks that the sorted tensors cover the data from its first byte to its last, each byte once. */
static rnn_status check_cover(const struct reader *reader)
{
    const unsigned char *covered = reader->data;
    const rnn_file_tensor *before = NULL;
    for (int i = 0; i < reader->file->count; i++) {
        const rnn_file_tensor *tensor = &reader->file->tensors[i];
        const unsigned char *begin = tensor->data;
        if (begin < covered)
            return BROKEN("%.150s: tensors '%.100s' and '%.100s' overlap", reader->origin, before->name, tensor->name);
        if (begin > covered)
            return BROKEN("%.200s: a hole of %zu bytes before tensor '%.100s'", reader->origin,
                          (size_t)(begin - covered), tensor->name);
        covered = begin + tensor->elements * rnn_dtype_size(tensor->dtype);
        before = tensor;
    }
    size_t rest = reader->data_size - (size_t)(covered - reader->data);
    return rest ? BROKEN("%.200s: %zu bytes after the last tensor", reader->origin, rest) : RNN_OK;
}

rnn_status rnn_read_tensors(const struct reader *reader)
{
    rnn_file *file = reader->file;
    size_t entries = json_object_size(file->header);
    file->tensors = calloc(entries + 1, sizeof file->tensors[0]);
    file->by_name = calloc(entries + 1, sizeof file->by_name[0]);
    if (!file->tensors || !file->by_name)
        return rnn_fail(reader->error, RNN_ERROR_MEMORY, "%.200s: out of memory", reader->origin);

    const char *name;
    json_t *entry;
    json_object_foreach(file->header, name, entry)
    {
        rnn_status status = strcmp(name, "__metadata__") == 0
                                ? check_metadata(reader, entry)
                                : read_tensor(reader, &file->tensors[file->count++], name, entry);
        if (status)
            return status;
    }
    qsort(file->tensors, (size_t)file->count, sizeof file->tensors[0], compare_places);
    for (int i = 0; i < file->count; i++)
        file->by_name[i] = &file->tensors[i];
    qsort(file->by_name, (size_t)file->count, sizeof file->by_name[0], rnn_compare_names);
    return check_cover(reader);
}
