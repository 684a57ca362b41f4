/* The element types of a weights file: names, sizes, conversion, and shapes in words. */
#ifndef RNN_SRC_DTYPE_H
#define RNN_SRC_DTYPE_H

#include <stdbool.h>

#include "rnn/weights.h"

enum { RNN_SHAPE_TEXT = 200 };

const char *rnn_dtype_name(rnn_dtype dtype);

/* Finds the element type with that name; false if there is none. */
bool rnn_dtype_find(const char *name, rnn_dtype *dtype);

/* Writes "[512, 64]" to `text`, which has RNN_SHAPE_TEXT bytes, and returns it. */
const char *rnn_shape_text(char *text, int rank, const int64_t *shape);

/* Computes the number of elements; false if it, or its size in bytes, is more than size_t holds, or a dimension is
 * below 0. */
bool rnn_shape_elements(int rank, const int64_t *shape, size_t element_size, size_t *elements);

#endif
