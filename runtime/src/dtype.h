/* The element types of a weights file: names, sizes, conversion, and shapes in words. */
#ifndef RNN_SRC_DTYPE_H
#define RNN_SRC_DTYPE_H

#include <stdbool.h>

#include "rnn/weights.h"

enum { RNN_SHAPE_TEXT = 200 };

const char *rnn_dtype_name(rnn_dtype dtype);

/* false: no element type has that name. */
bool rnn_dtype_find(const char *name, rnn_dtype *dtype);

/* "[512, 64]"; returns `text`, which has RNN_SHAPE_TEXT bytes. */
const char *rnn_shape_text(char *text, int rank, const int64_t *shape);

/* The number of elements; false where it, or its size in bytes, is more than size_t holds, or a dimension is below 0.
 */
bool rnn_shape_elements(int rank, const int64_t *shape, size_t element_size, size_t *elements);

#endif
