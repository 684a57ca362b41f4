/* Weights files: safetensors, under the program's own names.
 *
 * A file is checked as a whole before anything is taken from it: header size (at most 100 MB), JSON without duplicate
 * keys, dtype and shape of every tensor against its length, offsets in range, no overlap, no hole, no trailing bytes.
 * Format: https://github.com/huggingface/safetensors, README, "Format". Saving is atomic: a new file in the same
 * folder, fsync, rename. Devices and pipes are written to as they are. */
#ifndef RNN_WEIGHTS_H
#define RNN_WEIGHTS_H

#include "rnn/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a safetensors file as such ---- */

typedef enum {
    RNN_DTYPE_F64,
    RNN_DTYPE_F32,
    RNN_DTYPE_F16,
    RNN_DTYPE_BF16,
    RNN_DTYPE_I64,
    RNN_DTYPE_I32,
    RNN_DTYPE_I16,
    RNN_DTYPE_I8,
    RNN_DTYPE_U8,
    RNN_DTYPE_BOOL
} rnn_dtype;

size_t rnn_dtype_size(rnn_dtype dtype); /* of an element, in bytes */

enum { RNN_FILE_MAX_RANK = 8 };

typedef struct {
    const char *name;
    rnn_dtype dtype;
    int rank;
    int64_t shape[RNN_FILE_MAX_RANK];
    const void *data; /* little-endian, row-major, as in the file, where it need not be aligned */
    size_t elements;
} rnn_file_tensor;

typedef struct rnn_file rnn_file; /* an opened file: its tensors and metadata, all in memory */

/* Open a file, or a copy of one in memory; NULL on failure, with the reason in *error. `memory` is copied. Here and
 * below `error` may be NULL. */
rnn_file *rnn_file_open(const char *path, rnn_error *error);
rnn_file *rnn_file_open_memory(const void *memory, size_t size, rnn_error *error);
void rnn_file_close(rnn_file *file);

int rnn_file_count(const rnn_file *file);
const rnn_file_tensor *rnn_file_at(const rnn_file *file, int index);          /* in order of their data */
const rnn_file_tensor *rnn_file_find(const rnn_file *file, const char *name); /* NULL: none */
const char *rnn_file_metadata(const rnn_file *file, const char *key);         /* NULL: none */

typedef struct {
    const char *key, *value;
} rnn_metadata;

/* Writes up to `room` entries of the metadata, and returns how many there are. */
int rnn_file_metadata_list(const rnn_file *file, rnn_metadata *entries, int room);

/* Reads the elements as double (any dtype). */
void rnn_file_read_double(const rnn_file_tensor *tensor, double *out);

/* Writes the tensors in the order given, atomically. */
rnn_status rnn_file_save(const char *path, const rnn_file_tensor *tensors, int count, const rnn_metadata *metadata,
                         int metadata_count, rnn_error *error);

/* ---- the parameters of a network ---- */

/* Load the parameters. Every parameter of the model must be in the file, under its name and with its shape, as F64,
 * F32, F16, BF16, or as I8 or U8, which are read unscaled: scaling them is up to the network. Tensors that the network
 * does not have are ignored; a fingerprint, where the file has one ("rnnc.fingerprint" in its metadata, 16 hexadecimal
 * digits), must match. A number of F64 that float cannot hold is an error. On failure nothing is written. */
rnn_status rnn_parameters_load(const rnn_model *model, void *parameters, const char *path, rnn_error *error);
rnn_status rnn_parameters_load_memory(const rnn_model *model, void *parameters, const void *memory, size_t size,
                                      rnn_error *error);

/* Writes up to `room` names of tensors of a file that the network does not have, in order of their data, and returns
 * how many there are; without those of a training's checkpoints, which begin with "train/". */
int rnn_parameters_unused(const rnn_model *model, const rnn_file *file, const char **names, int room);

/* Saves the parameters; of a network with variants those of the variants whose arrays are there, with the fingerprint
 * that they share: networks of one form load such a file, too. */
rnn_status rnn_parameters_save(const rnn_model *model, const void *parameters, const char *path, rnn_error *error);

/* Sets start values, from a counter-based generator keyed by `seed`, the parameter's name and the element: the same on
 * every machine and whatever else is drawn. RNN_ERROR_MEMORY: orthogonal ones need room for the matrix in double. */
rnn_status rnn_parameters_init(const rnn_model *model, void *parameters, uint64_t seed);

#ifdef __cplusplus
}
#endif

#endif
