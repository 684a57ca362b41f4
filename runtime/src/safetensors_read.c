/* Reading: the whole file into memory, then its header, then the tensors that the header lists
 * (safetensors_tensors.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "safetensors.h"
#include "status.h"

enum { LENGTH_BYTES = 8, MAX_HEADER = 100000000 };

/* Reports a header that jansson refused. jansson takes some of its own failed allocations for errors of the text, so
 * memory is asked for once more. */
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

/* Names the format of another program's weights file, by its first LENGTH_BYTES bytes; NULL if it is unknown. */
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
    return rnn_read_tensors(reader);
}

/* Opens a file from `memory`, a copy of it, which it takes over. */
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

/* Returns the bytes of a regular file, NULL on failure. */
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

/* ---- contents ---- */

int rnn_file_count(const rnn_file *file) { return file->count; }
const rnn_file_tensor *rnn_file_at(const rnn_file *file, int index) { return &file->tensors[index]; }

const rnn_file_tensor *rnn_file_find(const rnn_file *file, const char *name)
{
    rnn_file_tensor wanted = {.name = name};
    const rnn_file_tensor *key = &wanted;
    const rnn_file_tensor **found = bsearch(&key, file->by_name, (size_t)file->count, sizeof key, rnn_compare_names);
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
