/* Terms for tests of the oracle, made by hand, and cases of every operation with their values. */
#ifndef TEST_ORACLE_TERMS_H
#define TEST_ORACLE_TERMS_H

#include "base/op.h"
#include "sema/program.h"

struct arena;

/* A program under construction: inputs and equations by hand. */
struct fixture {
    struct arena *arena;
    struct program program;
    struct value *values[10100];
    struct value *inputs[5];
    const double *data[5];
    struct output output;
};

void begin(struct fixture *fixture);
struct value *add_value(struct fixture *fixture, enum value_kind kind, struct shape shape, enum value_time time);
/* A term that is the value. */
struct term *read_value(struct fixture *fixture, struct value *value);
/* An operand: an input of static time with these numbers. */
struct term *given(struct fixture *fixture, struct shape shape, const double *data);
struct term *operation(struct fixture *fixture, enum op op, struct shape shape, int count, struct term *const *args);

#define SCALAR        ((struct shape){0, {0}})
#define VECTOR(n)     ((struct shape){1, {n}})
#define MATRIX(r, c)  ((struct shape){2, {r, c}})
#define CUBE(k, r, c) ((struct shape){3, {k, r, c}})

/* op(a, b, c) for scalars. */
struct scalar_case {
    enum op op;
    double operands[3], expected;
};
extern const struct scalar_case scalar_cases[];
extern const int scalar_case_count;

/* op(a, b, c) for operands of any shape. */
struct shaped_case {
    enum op op;
    struct shape shape, operand_shapes[3];
    double operands[3][12], expected[12];
};
extern const struct shaped_case shaped_cases[];
extern const int shaped_case_count;

/* Adds the operands of a case, and returns its operation on them. */
struct term *scalar_operation(struct fixture *fixture, const struct scalar_case *scalar);
struct term *shaped_operation(struct fixture *fixture, const struct shaped_case *shaped);

#endif
