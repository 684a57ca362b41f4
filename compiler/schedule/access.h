/* Access: the place that a kernel reads for an edge, or writes for a node, as data: the struct, the column of a buffer,
 * the first unit, the distance between columns. Its form in C (emit/expr.c) and the width of vectors do not appear
 * here. */
#ifndef RNNC_SCHEDULE_ACCESS_H
#define RNNC_SCHEDULE_ACCESS_H

#include "schedule/schedule.h"

enum access_place {
    PLACE_NOWHERE,    /* a number, or a value that its kernel keeps in registers */
    PLACE_PARAMETERS, /* the caller's parameters */
    PLACE_PACKED,     /* the packed weights */
    PLACE_VALUES,     /* the values of a call */
    PLACE_GRADIENT    /* the gradients of the parameters */
};

enum access_column {
    COLUMN_ONLY,      /* the only one: static values and those of call time */
    COLUMN_STREAM,    /* that of the stream, where the column at hand is the stream */
    COLUMN_OF_FRAMES, /* that of the stream, where columns at hand are those of several frames: column modulo streams */
    COLUMN_FRAME      /* `delay` frames before that at hand, of the same stream */
};

struct access {
    enum access_place place;
    int member; /* a node with a buffer, or the number of a parameter */
    enum access_column column;
    int delay; /* COLUMN_FRAME; negative: ahead */
    int units; /* of a column */
    bool
        padded; /* each column is aligned and has room for whole vectors; else columns follow each other unit on unit */
    int length; /* units read */
    bool aligned; /* whole vectors may be read and written from the first unit on */
    /* Element (i, j, k) is at view.offset + i * view.stride[0] + ...; of a vector unit i at view.offset + i. */
    struct shape shape;
    struct view view;
};

/* Returns the place that the edge reads, for a kernel of `region`. */
struct access access_of_edge(const struct schedule *schedule, const struct region *region, const struct edge *edge);

/* Returns the place of all units of a node at its own frame, to be written or read. */
struct access access_of_node(const struct schedule *schedule, const struct region *region, int node);

/* Returns the source of a copy: the place of a parameter in the caller's memory, or of a part within its value. */
struct access access_of_source(const struct schedule *schedule, int id);

/* True if the elements are contiguous, so that a matrix can be treated as one column. */
bool access_is_contiguous(const struct access *access);

/* True if a parameter, or a part of a static value, needs no storage of its own: all readers read it in place, by
 * strides or, if its elements are contiguous, as an unaligned column. */
bool value_is_read_in_place(const struct schedule *schedule, int id);

/* True for a rounded parameter, or part of one, that is a table of rows: it is kept in its storage. */
bool value_is_stored_table(const struct schedule *schedule, int id);

/* Returns for each node whether a call reads its static value. Values that are only packed into matrices are not needed
 * after packing. */
bool *statics_read_by_calls(const struct schedule *schedule, struct arena *arena);

/* True if a sum over frames and streams is added up directly in the gradient of a parameter, of which it is all or a
 * term. */
bool sum_is_made_in_gradient(const struct schedule *schedule, int id);

#endif
