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

/* The time at which a value exists; an operation's is the latest of its operands'. */
#define VALUE_TIMES(X)                                                                                                 \
    X(STATIC, "static")     /* once, when the weights are packed */                                                    \
    X(SEQUENCE, "sequence") /* once for each sequence */                                                               \
    X(FRAME, "frame")       /* at each frame of each sequence */                                                       \
    X(CALL, "call")         /* once for each training call, when its frames are done: the gradient of a static value */

enum value_time {
#define X(id, name) TIME_##id,
    VALUE_TIMES(X)
#undef X
};

const char *time_name(enum value_time time); /* "static", "sequence", "frame", "call" */

/* True if each stream has a value of its own. A value that all streams share may be a matrix. */
bool time_has_streams(enum value_time time);

#endif
