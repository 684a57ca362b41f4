/* Writing: header and data go to a new file that takes the path's place when it is complete (files/new_file.h). */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "dtype.h"
#include "files/new_file.h"
#include "status.h"

enum { ALIGNMENT = 8 };

/* ---- the header ---- */

/* True for UTF-8 as in RFC 3629. JSON can hold nothing else. */
static bool is_utf8(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        unsigned least = *c == 0xe0   ? 0xa0
                         : *c == 0xf0 ? 0x90
                                      : 0x80,
                 most = *c == 0xed   ? 0x9f
                        : *c == 0xf4 ? 0x8f
                                     : 0xbf;
        int more = *c < 0x80 ? 0 : *c < 0xc2 ? -1 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : *c < 0xf5 ? 3 : -1;
        if (more < 0)
            return false;
        for (c++; more > 0; more--, c++, least = 0x80, most = 0xbf)
            if (*c < least || *c > most)
                return false;
    }
    return true;
}

/* Reports the reason for which jansson refused `text`. */
static rnn_status refuse_text(const char *path, const char *text, rnn_error *error)
{
    if (is_utf8(text))
        return rnn_fail(error, RNN_ERROR_MEMORY, "%.200s: out of memory", path);
    return rnn_fail(error, RNN_ERROR_ARGUMENT, "%.200s: the name '%.100s' is not UTF-8", path, text);
}

/* Returns {"dtype": .., "shape": [..], "data_offsets": [begin, end]}, NULL when out of memory. */
static json_t *describe_tensor(const rnn_file_tensor *tensor, size_t begin, size_t end)
{
    json_t *shape = json_array();
    for (int i = 0; i < tensor->rank; i++)
        if (json_array_append_new(shape, json_integer(tensor->shape[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", rnn_dtype_name(tensor->dtype), "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)end);
}

static rnn_status add_tensors(json_t *header, const char *path, const rnn_file_tensor *tensors, int count,
                              rnn_error *error)
{
    size_t begin = 0;
    for (int i = 0; i < count; i++) {
        const rnn_file_tensor *tensor = &tensors[i];
        size_t elements, size = rnn_dtype_size(tensor->dtype), end;
        if (tensor->rank < 0 || tensor->rank > RNN_FILE_MAX_RANK ||
            !rnn_shape_elements(tensor->rank, tensor->shape, size, &elements) || elements != tensor->elements ||
            __builtin_add_overflow(begin, elements * size, &end) || end > INT64_MAX)
            return rnn_fail(error, RNN_ERROR_ARGUMENT,
                            "%.200s: the shape of tensor '%.100s' does not fit its %zu elements", path, tensor->name,
                            tensor->elements);
        if (strcmp(tensor->name, "__metadata__") == 0 || json_object_get(header, tensor->name))
            return rnn_fail(error, RNN_ERROR_ARGUMENT, "%.200s: two tensors cannot be called '%.100s'", path,
                            tensor->name);
        if (json_object_set_new(header, tensor->name, describe_tensor(tensor, begin, end)) != 0)
            return refuse_text(path, tensor->name, error);
        begin = end;
    }
    return RNN_OK;
}

static rnn_status add_metadata(json_t *header, const char *path, const rnn_metadata *metadata, int count,
                               rnn_error *error)
{
    if (count == 0)
        return RNN_OK;
    json_t *object = json_object();
    if (json_object_set_new(header, "__metadata__", object) != 0)
        return rnn_fail(error, RNN_ERROR_MEMORY, "%.200s: out of memory", path);
    for (int i = 0; i < count; i++)
        if (json_object_set_new(object, metadata[i].key, json_string(metadata[i].value)) != 0)
            return refuse_text(path, is_utf8(metadata[i].key) ? metadata[i].value : metadata[i].key, error);
    return RNN_OK;
}

/* Returns the header: its length and text, padded with spaces so that the data begin at a multiple of 8; NULL on
 * failure. */
static unsigned char *make_header(const char *path, const rnn_file_tensor *tensors, int count,
                                  const rnn_metadata *metadata, int metadata_count, size_t *size, rnn_error *error)
{
    unsigned char *bytes = NULL;
    json_t *header = json_object();
    if (add_metadata(header, path, metadata, metadata_count, error) == RNN_OK &&
        add_tensors(header, path, tensors, count, error) == RNN_OK) {
        size_t length = json_dumpb(header, NULL, 0, JSON_COMPACT);
        uint64_t padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        bytes = length ? malloc(sizeof padded + padded) : NULL;
        if (bytes) {
            *size = sizeof padded + padded;
            memset(bytes, ' ', *size);
            memcpy(bytes, &padded, sizeof padded);
        }
        if (!bytes || json_dumpb(header, (char *)bytes + sizeof padded, length, JSON_COMPACT) != length) {
            rnn_fail(error, RNN_ERROR_MEMORY, "%.200s: out of memory", path);
            free(bytes);
            bytes = NULL;
        }
    }
    json_decref(header);
    return bytes;
}

/* ---- the file ---- */

static int write_tensors(struct new_file *file, const rnn_file_tensor *tensors, int count)
{
    int reason = 0;
    for (int i = 0; i < count && !reason; i++)
        reason = rnn_new_file_write(file, tensors[i].data, tensors[i].elements * rnn_dtype_size(tensors[i].dtype));
    return reason;
}

rnn_status rnn_file_save(const char *path, const rnn_file_tensor *tensors, int count, const rnn_metadata *metadata,
                         int metadata_count, rnn_error *error)
{
    size_t header_size;
    rnn_error unseen;
    error = error ? error : &unseen;
    unsigned char *header = make_header(path, tensors, count, metadata, metadata_count, &header_size, error);
    if (!header)
        return error->status;

    struct new_file file;
    int reason = rnn_new_file_begin(&file, path);
    reason = reason ? reason : rnn_new_file_write(&file, header, header_size);
    reason = reason ? reason : write_tensors(&file, tensors, count);
    reason = reason ? reason : rnn_new_file_flush(&file);
    reason = reason ? reason : rnn_new_file_place(&file);
    rnn_new_file_end(&file);
    free(header);
    if (!reason)
        return rnn_succeed(error);
    char words[RNN_NEW_FILE_WORDS];
    return rnn_fail(error, reason == ENOMEM ? RNN_ERROR_MEMORY : RNN_ERROR_FILE, "%.300s: cannot be written: %s", path,
                    rnn_new_file_reason(path, reason, words));
}
