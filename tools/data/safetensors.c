/* .safetensors files as arrays, through the runtime's reader. */
#include <string.h>

#include "base/arena.h"
#include "data/array.h"
#include "rnn/weights.h"

static enum array_type array_type_of(rnn_dtype dtype)
{
    switch (dtype) {
    case RNN_DTYPE_F64:
        return ARRAY_F64;
    case RNN_DTYPE_F32:
    case RNN_DTYPE_F16:
    case RNN_DTYPE_BF16:
        return ARRAY_F32;
    case RNN_DTYPE_I64:
        return ARRAY_I64;
    case RNN_DTYPE_I32:
    case RNN_DTYPE_I16:
    case RNN_DTYPE_I8:
    case RNN_DTYPE_U8:
    case RNN_DTYPE_BOOL:
        return ARRAY_I32;
    }
    return ARRAY_F64;
}

static bool read_tensor(struct arena *arena, const char *path, const rnn_file_tensor *tensor, struct array *array,
                        const char **error)
{
    long shape[ARRAY_MAX_RANK] = {0};
    const char *name = arena_copy_string(arena, tensor->name, strlen(tensor->name));
    *array = (struct array){.type = array_type_of(tensor->dtype), .name = name};
    for (int i = 0; i < tensor->rank && i < ARRAY_MAX_RANK; i++)
        shape[i] = (long)tensor->shape[i];
    if (tensor->rank <= ARRAY_MAX_RANK && !array_set_shape(array, tensor->rank, shape)) {
        *error = arena_printf(arena, "'%s': the shape of tensor '%s' is too large", path, tensor->name);
        return false;
    }
    if (tensor->rank > ARRAY_MAX_RANK) {
        *array = (struct array){.name = name,
                                .problem = arena_printf(arena, "'%s': tensor '%s' has rank %d; at most %d are read",
                                                        path, name, tensor->rank, ARRAY_MAX_RANK)};
        return true;
    }
    array->data = ARENA_ARRAY(arena, double, tensor->elements + 1);
    rnn_file_read_double(tensor, array->data);
    return true;
}

bool safetensors_read(struct arena *arena, const char *path, struct array **arrays, int *count, const char **error)
{
    rnn_error reason;
    rnn_file *file = rnn_file_open(path, &reason);
    if (!file) {
        *error = arena_printf(arena, "%s", reason.text);
        return false;
    }
    *count = rnn_file_count(file);
    *arrays = ARENA_ARRAY(arena, struct array, *count + 1);
    bool read = true;
    for (int i = 0; i < *count && read; i++)
        read = read_tensor(arena, path, rnn_file_at(file, i), &(*arrays)[i], error);
    rnn_file_close(file);
    return read;
}

/* The elements in the array's own type. */
static const void *narrow(struct arena *arena, const struct array *array, long size, rnn_dtype *dtype)
{
    switch (array->type) {
    case ARRAY_F32: {
        float *data = ARENA_ARRAY(arena, float, size + 1);
        for (long i = 0; i < size; i++)
            data[i] = (float)array->data[i];
        *dtype = RNN_DTYPE_F32;
        return data;
    }
    case ARRAY_I32: {
        int32_t *data = ARENA_ARRAY(arena, int32_t, size + 1);
        for (long i = 0; i < size; i++)
            data[i] = (int32_t)array->data[i];
        *dtype = RNN_DTYPE_I32;
        return data;
    }
    case ARRAY_I64: {
        int64_t *data = ARENA_ARRAY(arena, int64_t, size + 1);
        for (long i = 0; i < size; i++)
            data[i] = (int64_t)array->data[i];
        *dtype = RNN_DTYPE_I64;
        return data;
    }
    case ARRAY_F64:
        break;
    }
    *dtype = RNN_DTYPE_F64;
    return array->data;
}

bool safetensors_write(struct arena *arena, const char *path, const struct array *arrays, int count, const char **error)
{
    rnn_file_tensor *tensors = ARENA_ARRAY(arena, rnn_file_tensor, count + 1);
    for (int i = 0; i < count; i++) {
        long size = array_size(&arrays[i]);
        tensors[i].name = arrays[i].name;
        tensors[i].rank = arrays[i].rank;
        for (int k = 0; k < arrays[i].rank; k++)
            tensors[i].shape[k] = arrays[i].shape[k];
        tensors[i].elements = (size_t)size;
        tensors[i].data = narrow(arena, &arrays[i], size, &tensors[i].dtype);
    }
    rnn_error reason;
    if (rnn_file_save(path, tensors, count, NULL, 0, &reason) == RNN_OK)
        return true;
    *error = arena_printf(arena, "%s", reason.text);
    return false;
}
