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

/* Precedence of a term, as in the grammar. */
enum binding { BIND_COMPARISON, BIND_SUM, BIND_PRODUCT, BIND_UNARY, BIND_AT, BIND_POSTFIX };

struct infix {
    const char *text; /* "+", or NULL: no operator */
    enum binding binds;
    const char *word; /* "plus", in names of values, or NULL */
};

/* The attribute of a node beside its operands, see struct node in graph/graph.h. */
enum held {
    HOLDS_NOTHING,
    HOLDS_NUMBER,    /* number */
    HOLDS_PARAMETER, /* parameter */
    HOLDS_INPUT,     /* input */
    HOLDS_VIEW,      /* view */
    HOLDS_STORAGE,   /* storage */
    HOLDS_PART,      /* parameter, and the view that shows the part of it */
    HOLDS_DROPOUT,   /* dropout, number */
    HOLDS_BEGIN,     /* begin */
    HOLDS_DELAY,     /* delay */
    HOLDS_COUNT,     /* refined */
    HOLDS_LOSS       /* loss */
};

/* The time at which the result exists. */
enum result_time {
    WITH_OPERANDS, /* at the latest time of its operands, or later: a copy may give each frame the same */
    FOR_LOAD,      /* static */
    FOR_SEQUENCES, /* once for each sequence */
    FOR_FRAMES,    /* at each frame */
    FOR_CALL,      /* once for a training call */
    AS_GIVEN       /* the program says when */
};

/* Reading of an operand: the place its value has to be in, and the part of it that is read. */
enum operand_reading {
    READS_UNITS,   /* unit by unit with the result, or one number for all of them: from registers where one kernel makes
                         both, else from a padded column */
    READS_COLUMN,  /* all units, from an aligned and padded column */
    READS_NUMBER,  /* one number */
    READS_VECTOR,  /* all units, wherever they lie */
    READS_PART,    /* units one after the other, copied from where they lie */
    READS_WEIGHTS, /* a static matrix, packed as panels */
    READS_ROWS,    /* a static matrix, row by row */
    READS_STRIDES, /* a value that all streams share, by strides, before it is packed */
    READS_ID,      /* an id, where the caller has it */
    READS_LABELS,  /* likewise the labels of a sequence */
    READS_FRAMES,  /* the frames of a block, padded columns */
    READS_ANY_FRAMES, /* the frames of a block, wherever they lie */
    READS_ALL_FRAMES  /* all frames of the sequence, when its pass is done */
};

enum { OP_READINGS = 2 };

/* The kernel that computes a value: one loop over units and columns, see schedule/schedule.h. */
#define KERNEL_KINDS(X)                                                                                                \
    X(NONE, "none")               /* no kernel of its own: leaves */                                                   \
    X(PANEL, "panel")             /* products of one number of units, and what follows them unit by unit */            \
    X(ELEMENTWISE, "elementwise") /* the same without products */                                                      \
    X(COLUMN, "column")           /* softmax, layernorm, sums over units, ... */                                       \
    X(CONCAT, "concat")                                                                                                \
    X(EMBED, "embed")                                                                                                  \
    X(REFINE, "refine") /* the largest units of a column with more products */                                         \
    X(ID, "id")                                                                                                        \
    X(KEEP, "keep")                                                                                                    \
    X(MATRIX, "matrix")       /* a product of static values */                                                         \
    X(STRIDES, "strides")     /* copies, or adds up, parts of values that are no column of their own */                \
    X(OVER_TIME, "over time") /* gathers what it needs of each block */

enum kernel_kind {
#define X(id, name) KERNEL_##id,
    KERNEL_KINDS(X)
#undef X
};

struct op_info {
    const char *id;   /* "add" */
    const char *name; /* language name, or NULL */
    enum op_class class;
    enum shape_rule shape;
    int least, most;      /* operands in a program; most = -1: any number */
    double defaults[2];   /* values of the operands left out */
    int flops;            /* for one unit of the result (product: for one weight) */
    const char *emit;     /* see op.def */
    const char *gradient; /* see op.def */
    struct infix infix;
    enum held holds;
    enum result_time time;
    enum operand_reading reads[OP_READINGS];             /* see op_reads */
    enum kernel_kind kernel;                             /* KERNEL_NONE: by class, see op_kernel */
    bool one_frame, adds, error_of_argument;             /* see op.def */
    bool training, special_gradient, edges, hides_edges; /* see op.def */
    bool of_probabilities;                               /* see op.def */
};

const struct op_info *op_info(enum op op);

/* True if an operation needs all frames of a sequence: the class OVER_TIME, and the loss ctc. */
bool op_is_over_time(enum op op);

/* True for an elementwise operation that computes an exp, a log or the like. */
bool op_is_transcendental(enum op op);

/* The time at which the result exists, if `latest` is the latest time of the operands. */
enum value_time op_result_time(enum op op, enum value_time latest);

/* Reading of operand k. */
enum operand_reading op_reads(enum op op, int k);

/* The kind of kernel that computes a value by itself. Elementwise work that is fused behind a product is part of the
 * product's KERNEL_PANEL. */
enum kernel_kind op_kernel(enum op op);

const char *kernel_kind_name(enum kernel_kind kind);

/* The operation that the language calls by `name` (`length` bytes), or OP_COUNT. */
enum op op_find(const char *name, int length);

/* The same by its id, which every operation has: rules for gradients use them. */
enum op op_find_id(const char *id, int length);

#endif
