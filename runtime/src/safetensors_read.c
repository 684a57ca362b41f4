/* Reading: the whole file into memory, then the header checked against it, tensor by tensor and as a partition of the
 * data. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dtype.h"
#include "status.h"

enum { LENGTH_BYTES = 8, MAX_HEADER = 100000000 };

struct rnn_file {
    unsigned char *memory;
    size_t size;
    json_t *header;           /* owns all names and strings */
    rnn_file_tensor *tensors; /* in order of their data */
    const rnn_file_tensor **by_name;
    int count;
};

/* What is being read, for the messages. */
struct reader {
    rnn_file *file;
    const char *origin;
    const unsigned char *data; /* after the header */
    size_t data_size;
    rnn_error *error;
};

#define BROKEN(...) rnn_fail(reader->error, RNN_ERROR_FORMAT, __VA_ARGS__)

/* ---- one tensor ---- */

/* The element `index` of the array that `entry` has under `key`, an integer of 0 or more; false: it is not. */
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

/* ---- all of them ---- */

/* Empty tensors share their place with the next one: they come first, by name. */
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

static int compare_names(const void *left, const void *right)
{
    const rnn_file_tensor *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

/* The tensors, sorted, must cover the data from its first byte to its last, each byte once. */
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

static rnn_status read_tensors(const struct reader *reader)
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
    qsort(file->by_name, (size_t)file->count, sizeof file->by_name[0], compare_names);
    return check_cover(reader);
}

/* ---- the file ---- */

/* jansson takes some of its own failed allocations for errors of the text, so that it is asked for memory once more. */
static rnn_status refuse_header(const struct reader *reader, size_t length, const json_error_t *json_error)
{
    void *memory = malloc(length);
    bool out_of_memory = !memory || !json_error->text[0] || json_error_code(json_error) == json_error_out_of_memory;
    free(memory);
    if (out_of_memory)
        return rnn_fail(reader->error, RNN_ERROR_MEMORY, "%.200s: out of memory", reader->origin);
    return BROKEN("%.200s: the header is broken at its byte %d: %.160s", reader->origin, json_error->position,
                  json_error->text);
}

/* What a file is that other programs keep weights in, by its first LENGTH_BYTES bytes; NULL: nothing known. */
static const char *name_other_kind(const unsigned char *begin)
{
    if (memcmp(begin, "PK\3\4", 4) == 0)
        return "a zip archive, as PyTorch (.pt) and NumPy (.npz) write";
    if (begin[0] == 0x80 && begin[1] >= 2 && begin[1] <= 5)
        return "a Python pickle, as PyTorch (.pt) wrote";
    if (memcmp(begin, "\x89HDF\r\n\x1a\n", 8) == 0)
        return "an HDF5 file, as Keras (.h5) writes";
    if (memcmp(begin, "\x93NUMPY", 6) == 0)
        return "an array of NumPy (.npy)";
    if (memcmp(begin, "GGUF", 4) == 0)
        return "a GGUF file";
    if (begin[0] == 0x08 && begin[1] < 0x20 && (begin[2] == 0x12 || begin[2] == 0x3a))
        return "an ONNX model";
    return NULL;
}

static rnn_status read_header(struct reader *reader)
{
    rnn_file *file = reader->file;
    if (file->size < LENGTH_BYTES)
        return BROKEN("%.200s: not a safetensors file: only %zu bytes long", reader->origin, file->size);
    const char *kind = name_other_kind((const unsigned char *)file->memory);
    bool has_header = file->size > LENGTH_BYTES && file->memory[LENGTH_BYTES] == '{';
    if (kind && !has_header)
        return BROKEN("%.200s: not a safetensors file but %s: write its tensors with safetensors.torch or .numpy",
                      reader->origin, kind);
    uint64_t length;
    memcpy(&length, file->memory, LENGTH_BYTES);
    if (length > MAX_HEADER)
        return BROKEN("%.200s: not a safetensors file: its header would have %llu bytes, more than %d", reader->origin,
                      (unsigned long long)length, MAX_HEADER);
    const char *text = (const char *)file->memory + LENGTH_BYTES;
    if (length > file->size - LENGTH_BYTES && file->size > LENGTH_BYTES && !has_header)
        return BROKEN("%.200s: not a safetensors file: it would begin with the length of a header and '{'",
                      reader->origin);
    if (length > file->size - LENGTH_BYTES)
        return BROKEN("%.200s: cut off: its header has %llu bytes, but only %zu follow; get the file again",
                      reader->origin, (unsigned long long)length, file->size - LENGTH_BYTES);
    if (length == 0 || text[0] != '{')
        return BROKEN("%.200s: not a safetensors file: its header does not begin with '{'", reader->origin);

    json_error_t json_error;
    file->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &json_error);
    if (!file->header)
        return refuse_header(reader, (size_t)length, &json_error);
    reader->data = file->memory + LENGTH_BYTES + length;
    reader->data_size = file->size - LENGTH_BYTES - (size_t)length;
    return read_tensors(reader);
}

/* Takes over `memory`, a copy of the file. */
static rnn_file *open_copy(unsigned char *memory, size_t size, const char *origin, rnn_error *error)
{
    rnn_file *file = calloc(1, sizeof *file);
    if (!file) {
        free(memory);
        rnn_fail(error, RNN_ERROR_MEMORY, "%.200s: out of memory", origin);
        return NULL;
    }
    file->memory = memory;
    file->size = size;
    struct reader reader = {.file = file, .origin = origin, .error = error};
    if (read_header(&reader) != RNN_OK) {
        rnn_file_close(file);
        return NULL;
    }
    rnn_succeed(error);
    return file;
}

rnn_file *rnn_file_open_memory(const void *memory, size_t size, rnn_error *error)
{
    if (!memory) {
        rnn_fail(error, RNN_ERROR_ARGUMENT, "weights in memory: there is none");
        return NULL;
    }
    unsigned char *copy = malloc(size + 1);
    if (!copy) {
        rnn_fail(error, RNN_ERROR_MEMORY, "weights in memory: out of memory for %zu bytes", size);
        return NULL;
    }
    return open_copy(memcpy(copy, memory, size), size, "weights in memory", error);
}

static bool read_fully(int descriptor, unsigned char *memory, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(descriptor, memory + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* it shrank while it was read */
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

/* The bytes of a regular file, NULL on failure. */
static unsigned char *read_file(const char *path, size_t *size, rnn_error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for its writer */
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        rnn_fail(error, RNN_ERROR_FILE, "%.300s: cannot be opened: %s", path, strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        return NULL;
    }
    unsigned char *memory = NULL;
    *size = (size_t)status.st_size;
    if (!S_ISREG(status.st_mode)) {
        rnn_fail(error, RNN_ERROR_FILE, "%.300s: is not a regular file", path);
    } else if (!(memory = malloc(*size + 1))) {
        rnn_fail(error, RNN_ERROR_MEMORY, "%.300s: out of memory for %zu bytes", path, *size);
    } else if (!read_fully(descriptor, memory, *size)) {
        rnn_fail(error, RNN_ERROR_FILE, "%.300s: cannot be read: %s", path, strerror(errno));
        free(memory);
        memory = NULL;
    }
    close(descriptor);
    return memory;
}

rnn_file *rnn_file_open(const char *path, rnn_error *error)
{
    size_t size;
    unsigned char *memory = read_file(path, &size, error);
    return memory ? open_copy(memory, size, path, error) : NULL;
}

void rnn_file_close(rnn_file *file)
{
    if (!file)
        return;
    json_decref(file->header);
    free(file->tensors);
    free(file->by_name);
    free(file->memory);
    free(file);
}

/* ---- what is in it ---- */

int rnn_file_count(const rnn_file *file) { return file->count; }
const rnn_file_tensor *rnn_file_at(const rnn_file *file, int index) { return &file->tensors[index]; }

const rnn_file_tensor *rnn_file_find(const rnn_file *file, const char *name)
{
    rnn_file_tensor wanted = {.name = name};
    const rnn_file_tensor *key = &wanted;
    const rnn_file_tensor **found = bsearch(&key, file->by_name, (size_t)file->count, sizeof key, compare_names);
    return found ? *found : NULL;
}

const char *rnn_file_metadata(const rnn_file *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

int rnn_file_metadata_list(const rnn_file *file, rnn_metadata *entries, int room)
{
    const char *key;
    json_t *value;
    int count = 0;
    json_object_foreach(json_object_get(file->header, "__metadata__"), key, value)
    {
        if (count < room)
            entries[count] = (rnn_metadata){key, json_string_value(value)};
        count++;
    }
    return count;
}
