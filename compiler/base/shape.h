/* Shapes and times, the two things every value has. */
#ifndef RNNC_BASE_SHAPE_H
#define RNNC_BASE_SHAPE_H

#include <stdbool.h>

struct arena;

/* A value has at most so many elements, and a dimension is no larger: padded to whole vectors, and stepped over by one
 * more, it is still an int in emitted code. */
enum { SHAPE_MAX_RANK = 3, SHAPE_MAX_ELEMENTS = 2000000000 };

/* [] (rank 0), [n], and for static values [rows, columns] and [k, rows, columns]. */
struct shape {
    int rank;
    int dim[SHAPE_MAX_RANK];
};

long shape_size(const struct shape *shape); /* number of elements; 1 for [] */
bool shape_equal(const struct shape *a, const struct shape *b);
const char *shape_text(struct arena *arena, const struct shape *shape); /* "[512, 64]" */

/* When a value exists; an operation's time is the latest of its operands'. */
enum value_time {
    TIME_STATIC,   /* once, when the weights are packed */
    TIME_SEQUENCE, /* once for each sequence */
    TIME_FRAME,    /* at each frame of each sequence */
    TIME_CALL      /* once for each training call, when all its frames are done: the gradient of a static value */
};

const char *time_name(enum value_time time); /* "static", "sequence", "frame", "call" */

/* Whether each stream has a value of its own. What all streams share may be a matrix. */
bool time_has_streams(enum value_time time);

#endif
