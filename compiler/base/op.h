/* Operations: the enumeration and the lookups made from op.def. */
#ifndef RNNC_BASE_OP_H
#define RNNC_BASE_OP_H

#include <stdbool.h>

#include "base/shape.h"

enum op {
#define OP(id, ...) OP_##id,
#include "base/op.def"
#undef OP
    OP_COUNT
};

enum op_class {
    OP_CLASS_LEAF,
    OP_CLASS_ELEMENTWISE,
    OP_CLASS_COLUMN,
    OP_CLASS_PRODUCT,
    OP_CLASS_MOVE,
    OP_CLASS_OVER_TIME,
    OP_CLASS_LOSS
};

enum shape_rule {
    SHAPE_SPREAD, /* all operands of one shape, or [] which spreads; the result has that shape */
    SHAPE_VECTOR, /* the first operand is a vector [n], the others [n] or []; the result is [n] */
    SHAPE_REDUCE, /* the operand is a vector [n]; the result is [] */
    SHAPE_SPECIAL /* a rule of its own */
};

/* When the result exists. */
enum result_time {
    WITH_OPERANDS, /* at the latest time of its operands, or later: a copy may give each frame the same */
    FOR_LOAD,      /* static */
    FOR_SEQUENCES, /* once for each sequence */
    FOR_FRAMES,    /* at each frame */
    FOR_CALL,      /* once for a training call */
    AS_GIVEN       /* the program says when */
};

struct op_info {
    const char *id;        /* "add" */
    const char *name;      /* language name, or NULL */
    enum op_class class;
    enum shape_rule shape;
    int least, most;       /* operands in a program; most = -1: any number */
    double defaults[2];    /* values of the operands left out */
    int flops;             /* for one unit of the result (product: for one weight) */
    const char *emit;      /* see op.def */
    const char *gradient;  /* see op.def */
    enum result_time time;
    bool edges, hides_edges; /* see op.def */
};

const struct op_info *op_info(enum op op);

/* Whether an operation needs all frames of a sequence: the class OVER_TIME, and the loss ctc. */
bool op_is_over_time(enum op op);

/* When the result exists, if `latest` is the latest time of the operands. */
enum value_time op_result_time(enum op op, enum value_time latest);

/* The operation that the language calls by `name` (`length` bytes), or OP_COUNT. */
enum op op_find(const char *name, int length);

/* The same by its id, which every operation has: rules for gradients use them. */
enum op op_find_id(const char *id, int length);

#endif
