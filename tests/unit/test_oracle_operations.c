/* The oracle's operations, one at a time, on terms made by hand. Expected numbers were computed with 30 digits. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"
#include "oracle/oracle.h"
#include "oracle_terms.h"

/* Evaluates the term and compares it with the expected value. */
static void expect(struct fixture *fixture, struct term *term, const double *expected)
{
    struct value *value = add_value(fixture, VALUE_EQUATION, term->shape, TIME_STATIC);
    double result[64];
    double *outputs[] = {result};
    value->term = term;
    fixture->output.value = value;
    struct oracle_call call = {.frames = 1, .length = 1, .inputs = fixture->data, .outputs = outputs};
    oracle_run(&fixture->program, &call);
    for (long i = 0; i < shape_size(&term->shape); i++)
        if (!(fabs(result[i] - expected[i]) <= 1e-15 + 1e-14 * fabs(expected[i])))
            fail_msg("element %ld is %.17g, expected %.17g", i, result[i], expected[i]);
    arena_free(fixture->arena);
}

static void test_elementwise(void **state)
{
    (void)state;
    static struct fixture fixture;
    bool seen[OP_COUNT] = {false};
    for (int i = 0; i < scalar_case_count; i++) {
        begin(&fixture);
        seen[scalar_cases[i].op] = true;
        expect(&fixture, scalar_operation(&fixture, &scalar_cases[i]), &scalar_cases[i].expected);
    }
    for (int op = 0; op < OP_COUNT; op++)
        if (op_info((enum op)op)->class == OP_CLASS_ELEMENTWISE && !seen[op])
            fail_msg("no case for '%s'", op_info((enum op)op)->id);
}

static void test_scalars_spread(void **state)
{
    (void)state;
    static struct fixture fixture;
    begin(&fixture);
    struct term *args[] = {given(&fixture, VECTOR(3), (double[]){1, 2, 3}), given(&fixture, SCALAR, (double[]){10})};
    expect(&fixture, operation(&fixture, OP_sub, VECTOR(3), 2, args), (double[]){-9, -8, -7});
}

static void test_operations(void **state)
{
    (void)state;
    static struct fixture fixture;
    bool seen[OP_COUNT] = {[OP_view] = true,         [OP_split] = true,
                           [OP_diag] = true, /* never in a checked program */
                           [OP_round] = true,        [OP_softmax_over_time] = true,
                           [OP_frame_number] = true, [OP_refine] = true};
    for (int i = 0; i < shaped_case_count; i++) {
        begin(&fixture);
        seen[shaped_cases[i].op] = true;
        expect(&fixture, shaped_operation(&fixture, &shaped_cases[i]), shaped_cases[i].expected);
    }
    for (int op = 0; op < OP_COUNT; op++) {
        enum op_class class = op_info((enum op)op)->class;
        bool covered = class == OP_CLASS_COLUMN || class == OP_CLASS_PRODUCT || class == OP_CLASS_MOVE;
        if (covered && !seen[op] && op < OP_at_first) /* those behind it are in no program */
            fail_msg("no case for '%s'", op_info((enum op)op)->id);
    }
}

static void test_part_of_a_cube(void **state)
{
    (void)state;
    static struct fixture fixture;
    begin(&fixture);
    double data[24];
    for (int i = 0; i < 24; i++)
        data[i] = i;
    struct term part = {.kind = TERM_PART,
                        .shape = VECTOR(2),
                        .count = 1,
                        .begin = {1, 2, 1},
                        .length = {1, 1, 2},
                        .step = {1, 1, 1},
                        .drop = {true, true, false}};
    struct term *args[] = {given(&fixture, CUBE(2, 3, 4), data)};
    part.args = args;
    expect(&fixture, &part, (double[]){21, 22});
}

static void test_part_of_a_matrix(void **state)
{
    (void)state;
    static struct fixture fixture;
    begin(&fixture);
    struct term part = {
        .kind = TERM_PART, .shape = MATRIX(2, 1), .count = 1, .begin = {1, 0}, .length = {2, 1}, .step = {1, 1}};
    struct term *args[] = {given(&fixture, MATRIX(3, 2), (double[]){1, 2, 3, 4, 5, 6})};
    part.args = args;
    expect(&fixture, &part, (double[]){3, 5});
}

static void test_rounding(void **state)
{
    (void)state;
    static struct fixture fixture;
    begin(&fixture);
    /* 1 + 2^-30 is no float, and neither is a partial sum of the product. */
    struct term *args[] = {given(&fixture, VECTOR(3), (double[]){1, 1, 1}),
                           given(&fixture, VECTOR(3), (double[]){1, ldexp(1, -30), -1})};
    struct value *value = add_value(&fixture, VALUE_EQUATION, SCALAR, TIME_STATIC);
    value->term = operation(&fixture, OP_dot, SCALAR, 2, args);
    fixture.output.value = value;
    double result;
    struct oracle_call call = {.frames = 1, .length = 1, .inputs = fixture.data, .outputs = (double *[]){&result}};
    oracle_run(&fixture.program, &call);
    assert_true(result == ldexp(1, -30));
    call.round_to_float = true;
    oracle_run(&fixture.program, &call);
    assert_true(result == 0);
    struct random random = random_start(1);
    int up = 0, down = 0, exact = 0;
    call.rounding = &random; /* up or down, one about as often as the other; or an order in which 1 and -1 meet first */
    for (int i = 0; i < 600; i++) {
        oracle_run(&fixture.program, &call);
        assert_true(result == 0 || result == FLT_EPSILON || result == ldexp(1, -30));
        up += result == FLT_EPSILON;
        down += result == 0;
        exact += result == ldexp(1, -30);
    }
    assert_true(up > 25 && down > 25 && exact > 400);
    arena_free(fixture.arena);
}

/* 1 + (2^-30 - 1): where roundings are drawn, so is the order of a row of additions, brackets or not. */
static void test_rounding_of_rows(void **state)
{
    (void)state;
    static struct fixture fixture;
    begin(&fixture);
    static const double data[][2] = {{1, 2}, {0x1p-30, 0}, {1, 2}};
    struct term *numbers[3];
    for (int i = 0; i < 3; i++)
        numbers[i] = given(&fixture, i == 1 ? SCALAR : VECTOR(2), data[i]);
    struct term *inner = operation(&fixture, OP_sub, VECTOR(2), 2, (struct term *[]){numbers[1], numbers[2]});
    struct value *value = add_value(&fixture, VALUE_EQUATION, VECTOR(2), TIME_STATIC);
    value->term = operation(&fixture, OP_add, VECTOR(2), 2, (struct term *[]){numbers[0], inner});
    fixture.output.value = value;
    double result[2];
    struct random random = random_start(1);
    struct oracle_call call = {.frames = 1,
                               .length = 1,
                               .inputs = fixture.data,
                               .outputs = (double *[]){result},
                               .round_to_float = true,
                               .rounding = &random};
    int rounded = 0, exact = 0;
    for (int i = 0; i < 200; i++) {
        oracle_run(&fixture.program, &call);
        for (int u = 0; u < 2; u++) {
            assert_true(result[u] == 0 || fabs(result[u]) == FLT_EPSILON * (u + 1) ||
                        fabs(result[u]) == FLT_EPSILON / 2 * (u + 1) || result[u] == 0x1p-30);
            exact += result[u] == 0x1p-30;
            rounded += result[u] != 0x1p-30;
        }
    }
    assert_true(rounded > 50 && exact > 50);
    arena_free(fixture.arena);
}

/* Networks flush subnormals: so does the oracle where it rounds to float, and nowhere else. */
static void test_rounding_flushes_subnormals(void **state)
{
    (void)state;
    static const double tiny[] = {1e-39, -1e-39, 2e-38};
    static const double flushed[] = {0, 0, (float)2e-38};
    static struct fixture fixture;
    begin(&fixture);
    struct value *value = add_value(&fixture, VALUE_EQUATION, VECTOR(3), TIME_STATIC);
    value->term =
        operation(&fixture, OP_mul, VECTOR(3), 2,
                  (struct term *[]){given(&fixture, VECTOR(3), (double[]){1, 1, 1}), given(&fixture, VECTOR(3), tiny)});
    fixture.output.value = value;
    double result[3];
    struct oracle_call call = {.frames = 1, .length = 1, .inputs = fixture.data, .outputs = (double *[]){result}};
    oracle_run(&fixture.program, &call);
    assert_memory_equal(result, tiny, sizeof tiny);
    call.round_to_float = true;
    oracle_run(&fixture.program, &call);
    for (int i = 0; i < 3; i++)
        assert_true(result[i] == flushed[i]);
    arena_free(fixture.arena);
}

/* v0 = x, v1 = v0 + 1, v2 = v1 + 1, ...: no recursion over equations. */
static void test_long_chain(void **state)
{
    (void)state;
    static struct fixture fixture;
    begin(&fixture);
    struct term one = {.kind = TERM_NUMBER, .number = 1};
    struct term *last = given(&fixture, SCALAR, (double[]){0.5});
    for (int i = 0; i < 10000; i++) {
        struct value *value = add_value(&fixture, VALUE_EQUATION, SCALAR, TIME_STATIC);
        value->term = operation(&fixture, OP_add, SCALAR, 2, (struct term *[]){last, &one});
        last = read_value(&fixture, value);
    }
    expect(&fixture, last, (double[]){10000.5});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementwise),      cmocka_unit_test(test_scalars_spread),
        cmocka_unit_test(test_operations),       cmocka_unit_test(test_part_of_a_cube),
        cmocka_unit_test(test_part_of_a_matrix), cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_rounding_of_rows), cmocka_unit_test(test_rounding_flushes_subnormals),
        cmocka_unit_test(test_long_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
