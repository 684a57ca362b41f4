/* Access: where a kernel finds what an edge reads, or where it puts what a node makes, as data. Which struct, which
 * column of a buffer, from which unit on, how far columns are apart; nothing of how C says it (emit/expr.c) or of the
 * width of its vectors. */
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
    COLUMN_ONLY,      /* there is one: static values and those of call time */
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

/* What the edge reads, for a kernel of `region`. */
struct access access_of_edge(const struct schedule *schedule, const struct region *region, const struct edge *edge);

/* All units of a node at its own frame: to be written, or read. */
struct access access_of_node(const struct schedule *schedule, const struct region *region, int node);

/* A parameter where the caller has it, or a part of a value as its source has it: what a copy of it is made from. */
struct access access_of_source(const struct schedule *schedule, int id);

/* Whether the elements lie one behind the other, so that a matrix can be worked on as one column. */
bool access_is_contiguous(const struct access *access);

/* Whether a parameter, or a part of a static value, needs no storage of its own: all readers read it by strides where
 * it is, or, where its elements lie one behind the other, as a column that is not aligned. */
bool value_is_read_in_place(const struct schedule *schedule, int id);

/* Whether it is copied as it is when parameters are packed: a parameter, or a part of one. */
bool value_is_of_parameter(const struct graph *graph, int id);

/* Whether a sum over frames and streams is made where the gradient of a parameter is, of which it is all or a term. */
bool sum_is_made_in_gradient(const struct schedule *schedule, int id);

#endif
