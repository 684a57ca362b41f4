/* Inside the reading of weights files: the file, and its tensors. */
#ifndef RNN_SRC_SAFETENSORS_H
#define RNN_SRC_SAFETENSORS_H

#include <jansson.h>
#include <stddef.h>

#include "rnn/weights.h"

struct rnn_file {
    unsigned char *memory;
    size_t size;
    json_t *header;           /* owns all names and strings */
    rnn_file_tensor *tensors; /* in order of their data */
    const rnn_file_tensor **by_name;
    int count;
};

/* A file while it is read, and its name in messages. */
struct reader {
    rnn_file *file;
    const char *origin;
    const unsigned char *data; /* after the header */
    size_t data_size;
    rnn_error *error;
};

#define BROKEN(...) rnn_fail(reader->error, RNN_ERROR_FORMAT, __VA_ARGS__)

/* Reads the tensors of file->header; checks them one by one and as a partition of the data. */
rnn_status rnn_read_tensors(const struct reader *reader);

/* Compares names: the order of by_name. */
int rnn_compare_names(const void *left, const void *right);

#endif
