/* What the conformance tests share: networks that others trained, run through `rnn run` and compared with the outputs
 * that came with them.
 *
 * The data is a folder of its own, `shared/data` beside the repository or where RNNC_DATA says; without it the tests
 * are skipped (exit status 77) and say so. */
#ifndef RNNC_TESTS_CONFORMANCE_SUPPORT_H
#define RNNC_TESTS_CONFORMANCE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn/weights.h"

/* Finds the data and makes the folder for what the test writes. Call first; ends the process with 77 without the data.
 */
void support_begin(const char *test_name);

/* Paths, in memory that lives until the process ends: of the data, of the repository, of what this test writes. */
const char *data_path(const char *name);
const char *source_path(const char *name);
const char *work_path(const char *name);

/* Opens a safetensors file of the data or fails the test. */
rnn_file *open_file(const char *path);

/* The elements of a tensor as double; fails the test where it is not there. Freed by the caller. */
double *read_tensor(const rnn_file *file, const char *name, size_t *count);

/* Tensors that are to become a file. */
struct tensors {
    rnn_file_tensor items[64];
    int count;
};

enum { NAME_SIZE = 128 };

/* `values` (as F32; the second one as F64) and `ids` are copied. */
void tensors_add(struct tensors *tensors, const char *name, int rank, const int64_t *shape, const double *values);
void tensors_add_exact(struct tensors *tensors, const char *name, int rank, const int64_t *shape, const double *values);
void tensors_add_ids(struct tensors *tensors, const char *name, int rank, const int64_t *shape, const int32_t *ids);

/* All tensors of the file, times `scale`, under the names that `rename` gives; it returns false for what is left out.
 */
void tensors_add_file(struct tensors *tensors, const rnn_file *file, double scale,
                      bool (*rename)(const char *name, char renamed[NAME_SIZE]));
bool rename_weights(const char *name, char renamed[NAME_SIZE]); /* everything but `ref.`, as it is */

/* Writes the tensors to `name` among what this test writes, gives their memory back, and returns the path. */
const char *tensors_save(struct tensors *tensors, const char *name);

/* `rnn` with the arguments up to NULL. Returns its exit status (-1: it was killed); *output, where wanted, receives
 * what it wrote on both streams, and is freed by the caller. Where that is not wanted, a failure prints it. */
int run_rnn(const char *const arguments[], char **output);

/* Largest absolute difference; NaN where either has one. */
double largest_difference(const double *a, const double *b, size_t count);

#endif
