/* Shared by the conformance tests: networks that others trained, run through `rnn run` and compared with the outputs
 * that came with them.
 *
 * The data is a folder of its own, `shared/data` beside the repository or the one that RNNC_DATA names; without it the
 * tests are skipped (exit status 77) and say so. */
#ifndef RNNC_TESTS_CONFORMANCE_SUPPORT_H
#define RNNC_TESTS_CONFORMANCE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn/weights.h"

/* Finds the data and makes the folder for the test's files. Call first; ends the process with 77 without the data. */
void support_begin(const char *test_name);

/* Return paths, in memory that lives until the process ends: of the data, of the repository, of the test's files. */
const char *data_path(const char *name);
const char *source_path(const char *name);
const char *work_path(const char *name);

/* Opens a safetensors file of the data or fails the test. */
rnn_file *open_file(const char *path);

/* Returns the elements of a tensor as double, freed by the caller; fails the test if the tensor is missing. */
double *read_tensor(const rnn_file *file, const char *name, size_t *count);

/* Tensors to be written to a file. */
struct tensors {
    rnn_file_tensor items[192];
    int count;
};

enum { NAME_SIZE = 128 };

/* `values` (as F32; the second one as F64) and `ids` are copied. */
void tensors_add(struct tensors *tensors, const char *name, int rank, const int64_t *shape, const double *values);
void tensors_add_exact(struct tensors *tensors, const char *name, int rank, const int64_t *shape, const double *values);
void tensors_add_ids(struct tensors *tensors, const char *name, int rank, const int64_t *shape, const int32_t *ids);

/* Adds all tensors of the file, times `scale`, under the names that `rename` gives; it returns false for those left
 * out. */
void tensors_add_file(struct tensors *tensors, const rnn_file *file, double scale,
                      bool (*rename)(const char *name, char renamed[NAME_SIZE]));
bool rename_weights(const char *name, char renamed[NAME_SIZE]); /* everything but `ref.`, as it is */

/* Writes the tensors to `name` among the test's files, frees their memory, and returns the path. */
const char *tensors_save(struct tensors *tensors, const char *name);

/* Runs `rnn` with the arguments up to NULL. Returns its exit status (-1: it was killed); *output, if not NULL, receives
 * its output on both streams, freed by the caller. Otherwise a failure prints that output. */
int run_rnn(const char *const arguments[], char **output);

/* Returns the largest absolute difference; NaN if either has one. */
double largest_difference(const double *a, const double *b, size_t count);

#endif
