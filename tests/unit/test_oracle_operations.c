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
#include "sema/program.h"

/* A program under construction: inputs and equations by hand. */
struct fixture {
    struct arena *arena;
    struct program program;
    struct value *values[10100];
    struct value *inputs[5];
    const double *data[5];
    struct output output;
};

static void begin(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->arena = arena_new();
    fixture->program.values = fixture->values;
    fixture->program.inputs = fixture->inputs;
    fixture->program.outputs = &fixture->output;
    fixture->program.output_count = 1;
}

static struct value *add_value(struct fixture *fixture, enum value_kind kind, struct shape shape, enum value_time time)
{
    struct value *value = ARENA_NEW(fixture->arena, struct value);
    value->id = fixture->program.value_count;
    value->kind = kind;
    value->name = "value";
    value->shape = shape;
    value->time = time;
    fixture->values[fixture->program.value_count++] = value;
    return value;
}

static struct term *read(struct fixture *fixture, struct value *value)
{
    struct term *term = ARENA_NEW(fixture->arena, struct term);
    *term = (struct term){.kind = TERM_VALUE, .shape = value->shape, .time = value->time, .value = value};
    return term;
}

/* An operand: an input of static time with these numbers. */
static struct term *given(struct fixture *fixture, struct shape shape, const double *data)
{
    struct value *value = add_value(fixture, VALUE_INPUT, shape, TIME_STATIC);
    fixture->data[fixture->program.input_count] = data;
    fixture->inputs[fixture->program.input_count++] = value;
    return read(fixture, value);
}

static struct term *operation(struct fixture *fixture, enum op op, struct shape shape, int count,
                              struct term *const *args)
{
    struct term *term = ARENA_NEW(fixture->arena, struct term);
    *term = (struct term){.kind = TERM_OP, .op = op, .shape = shape, .time = TIME_STATIC, .count = count};
    term->args = ARENA_ARRAY(fixture->arena, struct term *, count + 1);
    memcpy(term->args, args, (size_t)count * sizeof *args);
    return term;
}

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

#define SCALAR        ((struct shape){0, {0}})
#define VECTOR(n)     ((struct shape){1, {n}})
#define MATRIX(r, c)  ((struct shape){2, {r, c}})
#define CUBE(k, r, c) ((struct shape){3, {k, r, c}})

/* op(a, b, c) for scalars. */
static const struct {
    enum op op;
    double operands[3], expected;
} scalar_cases[] = {
    {OP_add, {2, 3, 0}, 5},
    {OP_sub, {2, 3, 0}, -1},
    {OP_mul, {2, 3, 0}, 6},
    {OP_div, {3, 2, 0}, 1.5},
    {OP_neg, {3, 0, 0}, -3},
    {OP_lt, {2, 3, 0}, 1},
    {OP_lt, {3, 3, 0}, 0},
    {OP_le, {3, 3, 0}, 1},
    {OP_le, {4, 3, 0}, 0},
    {OP_gt, {4, 3, 0}, 1},
    {OP_gt, {3, 3, 0}, 0},
    {OP_ge, {3, 3, 0}, 1},
    {OP_ge, {2, 3, 0}, 0},
    {OP_eq, {3, 3, 0}, 1},
    {OP_eq, {2, 3, 0}, 0},
    {OP_ne, {2, 3, 0}, 1},
    {OP_ne, {3, 3, 0}, 0},
    {OP_sigmoid, {1, 0, 0}, 0.73105857863000487925},
    {OP_sigmoid, {-800, 0, 0}, 0},
    {OP_sigmoid, {800, 0, 0}, 1},
    {OP_tanh, {0.5, 0, 0}, 0.46211715726000975850},
    {OP_relu, {0.5, 0, 0}, 0.5},
    {OP_relu, {-0.5, 0, 0}, 0},
    {OP_leaky_relu, {-2, 0.25, 0}, -0.5},
    {OP_leaky_relu, {2, 0.25, 0}, 2},
    {OP_elu, {-1, 2, 0}, -1.26424111765711535681},
    {OP_elu, {1, 2, 0}, 1},
    {OP_softplus, {1, 0, 0}, 1.31326168751822283405},
    {OP_softplus, {-1, 0, 0}, 0.31326168751822283405},
    {OP_softplus, {800, 0, 0}, 800},
    {OP_log_sigmoid, {1, 0, 0}, -0.31326168751822283405},
    {OP_log_sigmoid, {-800, 0, 0}, -800},
    {OP_softsign, {-3, 0, 0}, -0.75},
    {OP_hard_sigmoid, {1, 0.25, 0.5}, 0.75},
    {OP_hard_sigmoid, {9, 0.25, 0.5}, 1},
    {OP_hard_sigmoid, {-9, 0.25, 0.5}, 0},
    {OP_hard_tanh, {-2, 0, 0}, -1},
    {OP_hard_tanh, {0.25, 0, 0}, 0.25},
    {OP_gelu, {1, 0, 0}, 0.84134474606854294859},
    {OP_gelu, {1e-4, 0, 0}, 5.00039894227973552879e-5},
    {OP_silu, {1, 0, 0}, 0.73105857863000487925},
    {OP_exp, {1, 0, 0}, 2.71828182845904523536},
    {OP_log, {2, 0, 0}, 0.69314718055994530942},
    {OP_sqrt, {2, 0, 0}, 1.41421356237309504880},
    {OP_abs, {-2, 0, 0}, 2},
    {OP_sign, {-3, 0, 0}, -1},
    {OP_sign, {0.25, 0, 0}, 1},
    {OP_floor, {-2.5, 0, 0}, -3},
    {OP_floor, {2.5, 0, 0}, 2},
    {OP_mod, {7.5, 2, 0}, 1.5},
    {OP_mod, {-7.5, 2, 0}, 0.5},
    {OP_mod, {7.5, -2, 0}, -0.5},
    {OP_mod, {-7.5, -2, 0}, -1.5},
    {OP_sin, {1, 0, 0}, 0.84147098480789650665},
    {OP_sin, {100, 0, 0}, -0.50636564110975879366},
    {OP_cos, {1, 0, 0}, 0.54030230586813971740},
    {OP_pow, {2, 0.5, 0}, 1.41421356237309504880},
    {OP_pow, {-2, 3, 0}, -8},
    {OP_pow, {0, 2, 0}, 0},
    {OP_pow, {-3, 0, 0}, 1},
    {OP_min, {2, 3, 0}, 2},
    {OP_max, {2, 3, 0}, 3},
    {OP_clip, {5, -1, 2}, 2},
    {OP_clip, {-5, -1, 2}, -1},
    {OP_clip, {0.5, -1, 2}, 0.5},
    {OP_where, {1, 4, 5}, 4},
    {OP_where, {0, 4, 5}, 5},
    {OP_dropout, {3, 0.5, 0}, 3},
    {OP_stop_gradient, {3, 0, 0}, 3},
    {OP_copy, {3, 0, 0}, 3},
};

static void test_elementwise(void **state)
{
    (void)state;
    static struct fixture fixture;
    bool seen[OP_COUNT] = {false};
    for (size_t i = 0; i < sizeof scalar_cases / sizeof scalar_cases[0]; i++) {
        begin(&fixture);
        struct term *args[3];
        for (int k = 0; k < 3; k++)
            args[k] = given(&fixture, SCALAR, &scalar_cases[i].operands[k]);
        enum op op = scalar_cases[i].op;
        seen[op] = true;
        expect(&fixture, operation(&fixture, op, SCALAR, op_info(op)->most, args), &scalar_cases[i].expected);
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

/* op(a, b, c) for operands of any shape. */
static const struct {
    enum op op;
    struct shape shape, operand_shapes[3];
    double operands[3][12], expected[12];
} cases[] = {
    {OP_softmax,
     {1, {3}},
     {{1, {3}}},
     {{1, 2, 3}},
     {0.090030573170380457998, 0.24472847105479765247, 0.66524095577482188953}},
    {OP_softmax, {1, {2}}, {{1, {2}}}, {{1000, 1000}}, {0.5, 0.5}},
    {OP_log_softmax, {1, {2}}, {{1, {2}}}, {{1000, 1001}}, {-1.3132616875182228340, -0.31326168751822283405}},
    {OP_layernorm,
     {1, {3}},
     {{1, {3}}, {1, {3}}, {0, {0}}},
     {{1, 2, 3}, {1, 2, 3}, {0.5}},
     {-0.724735685908390168998, 0.5, 4.17420705772517050699}},
    {OP_sum, {0, {0}}, {{1, {3}}}, {{1, 2, 4}}, {7}},
    {OP_mean, {0, {0}}, {{1, {4}}}, {{1, 2, 4, 5}}, {3}},
    {OP_maximum, {0, {0}}, {{1, {3}}}, {{-3, -1, -2}}, {-1}},
    {OP_dot, {0, {0}}, {{1, {2}}, {1, {2}}}, {{1, 2}, {3, 4}}, {11}},
    {OP_product, {1, {2}}, {{2, {2, 3}}, {1, {3}}}, {{1, 2, 3, 4, 5, 6}, {1, 10, 100}}, {321, 654}},
    {OP_product, {1, {4}}, {{3, {2, 2, 2}}, {1, {2}}}, {{1, 2, 3, 4, 5, 6, 7, 8}, {1, 10}}, {21, 43, 65, 87}},
    {OP_matmul, {2, {2, 2}}, {{2, {2, 3}}, {2, {3, 2}}}, {{1, 2, 3, 4, 5, 6}, {1, 0, 0, 1, 1, 1}}, {4, 5, 10, 11}},
    {OP_svd, {2, {2, 2}}, {{2, {2, 1}}, {2, {1, 2}}}, {{2, 3}, {5, 7}}, {10, 14, 15, 21}},
    {OP_cp,
     {3, {2, 1, 2}},
     {{2, {2, 2}}, {2, {1, 2}}, {2, {2, 2}}},
     {{1, 2, 3, 4}, {1, 10}, {1, 0, 2, 1}},
     {1, 22, 3, 46}},
    {OP_transpose, {2, {3, 2}}, {{2, {2, 3}}}, {{1, 2, 3, 4, 5, 6}}, {1, 4, 2, 5, 3, 6}},
    {OP_concat, {1, {4}}, {{1, {2}}, {0, {0}}, {1, {1}}}, {{1, 2}, {3}, {4}}, {1, 2, 3, 4}},
    {OP_embed, {1, {2}}, {{2, {3, 2}}, {0, {0}}}, {{1, 2, 3, 4, 5, 6}, {1}}, {3, 4}},
    {OP_embed, {1, {2}}, {{2, {3, 2}}, {0, {0}}}, {{1, 2, 3, 4, 5, 6}, {-1}}, {0, 0}},
};

static void test_operations(void **state)
{
    (void)state;
    static struct fixture fixture;
    bool seen[OP_COUNT] = {[OP_view] = true,
                           [OP_split] = true,
                           [OP_diag] = true, /* never in a checked program */
                           [OP_softmax_over_time] = true,
                           [OP_frame_number] = true};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&fixture);
        struct term *args[3];
        for (int k = 0; k < 3; k++)
            args[k] = given(&fixture, cases[i].operand_shapes[k], cases[i].operands[k]);
        int count = op_info(cases[i].op)->most;
        seen[cases[i].op] = true;
        expect(&fixture, operation(&fixture, cases[i].op, cases[i].shape, count < 0 ? 3 : count, args),
               cases[i].expected);
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
        last = read(&fixture, value);
    }
    expect(&fixture, last, (double[]){10000.5});
}

/* ---- slopes ---- */

/* Adds a loss: a weighed sum of the term's elements, so that each counts. */
static void add_loss(struct fixture *fixture, struct term *term)
{
    static const double weights[] = {1, -2, 0.5, 3, -0.25, 1.5};
    struct shape rows = VECTOR(term->shape.dim[0]), columns = VECTOR(term->shape.dim[1]);
    if (term->shape.rank == 2)
        term = operation(fixture, OP_product, rows, 2, (struct term *[]){term, given(fixture, columns, weights)});
    if (term->shape.rank == 1)
        term = operation(fixture, OP_dot, SCALAR, 2, (struct term *[]){term, given(fixture, rows, weights)});
    fixture->program.losses = ARENA_NEW(fixture->arena, struct loss);
    fixture->program.losses[0].term = term;
    fixture->program.loss_count = 1;
}

/* The loss where the inputs have moved by `step` times the direction. */
static struct oracle_loss loss_at(const struct fixture *fixture, const double *const *direction, double step,
                                  bool round_to_float)
{
    double moved[5][12];
    for (int i = 0; i < fixture->program.input_count; i++)
        for (long k = 0; k < shape_size(&fixture->inputs[i]->shape); k++)
            moved[i][k] = fixture->data[i][k] + step * direction[i][k];
    const struct oracle_direction along = {.inputs = direction};
    struct oracle_loss loss;
    const struct oracle_call call = {.frames = 1,
                                     .length = 1,
                                     .round_to_float = round_to_float,
                                     .inputs = (const double *[]){moved[0], moved[1], moved[2], moved[3], moved[4]},
                                     .outputs = (double *[]){NULL},
                                     .losses = &loss,
                                     .direction = &along};
    oracle_run(&fixture->program, &call);
    return loss;
}

/* The slope of the term where its first three inputs move, but for one, is what differences tend to. */
static void expect_slope(struct fixture *fixture, struct term *term, int still_input)
{
    static const double still[12] = {0};
    static const double moving[3][12] = {{0.5, -1, 0.75, -0.25, 1, 0.3, -0.7, 0.2, 0.9, -0.4, 0.6, -0.8},
                                         {-0.6, 0.8, 0.35, 1, -0.45, 0.65, 0.25, -0.9, 0.15, 0.7, -0.3, 0.5},
                                         {0.4, 0.7, -0.85, 0.55}};
    const double *direction[5];
    add_loss(fixture, term);
    for (int i = 0; i < 5; i++)
        direction[i] = i < 3 && i != still_input ? moving[i] : still;
    const double step = 1e-5;
    double ahead = loss_at(fixture, direction, step, false).sum, behind = loss_at(fixture, direction, -step, false).sum;
    double slope = loss_at(fixture, direction, 0, false).slope, expected = (ahead - behind) / (2 * step);
    if (!(fabs(slope - expected) <= 1e-7 * (1 + fabs(expected))))
        fail_msg("the slope of '%s' is %.17g, differences tend to %.17g", op_info(term->op)->id, slope, expected);
    arena_free(fixture->arena);
}

static void test_slopes_of_elementwise(void **state)
{
    (void)state;
    static struct fixture fixture;
    for (size_t i = 0; i < sizeof scalar_cases / sizeof scalar_cases[0]; i++) {
        const double *x = scalar_cases[i].operands;
        enum op op = scalar_cases[i].op;
        bool at_jump = op >= OP_lt && op <= OP_ne && x[0] == x[1];
        if (at_jump || op == OP_stop_gradient) /* whose slope is not that of its value */
            continue;
        begin(&fixture);
        struct term *args[3];
        for (int k = 0; k < 3; k++)
            args[k] = given(&fixture, SCALAR, &x[k]);
        /* a condition that would jump; a number; an exponent that has to stay whole */
        int still = op == OP_where ? 0 : op == OP_dropout || (op == OP_pow && x[0] <= 0) ? 1 : -1;
        expect_slope(&fixture, operation(&fixture, op, SCALAR, op_info(op)->most, args), still);
    }
}

/* The slope knows no v, and so do differences where the second call gives what the first has taken down. */
static void test_stopped_gradient(void **state)
{
    (void)state;
    static struct fixture fixture;
    const double x = 3, one = 1, later = 5;
    begin(&fixture);
    struct term *v = given(&fixture, SCALAR, &x);
    struct term *stopped = operation(&fixture, OP_stop_gradient, SCALAR, 1, (struct term *[]){v});
    add_loss(&fixture, operation(&fixture, OP_mul, SCALAR, 2, (struct term *[]){v, stopped}));
    const double *direction[] = {&one};
    struct oracle_loss loss = loss_at(&fixture, direction, 0, false);
    assert_true(loss.sum == 9 && loss.slope == 3);
    struct oracle_stops stops = {.arena = fixture.arena};
    const double *data[] = {&x};
    struct oracle_call call = {
        .frames = 1, .length = 1, .inputs = data, .outputs = (double *[]){NULL}, .losses = &loss, .stops = &stops};
    oracle_run(&fixture.program, &call);
    stops.replays = true;
    data[0] = &later;
    oracle_run(&fixture.program, &call);
    assert_true(loss.sum == 15 && stops.next == stops.count);
    arena_free(fixture.arena);
}

static void test_slopes_of_operations(void **state)
{
    (void)state;
    static struct fixture fixture;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&fixture);
        struct term *args[3];
        for (int k = 0; k < 3; k++)
            args[k] = given(&fixture, cases[i].operand_shapes[k], cases[i].operands[k]);
        enum op op = cases[i].op;
        int count = op_info(op)->most;
        struct term *term = operation(&fixture, op, cases[i].shape, count < 0 ? 3 : count, args);
        expect_slope(&fixture, term, op == OP_embed ? 1 : -1);
    }
}

static void test_slopes_of_losses(void **state)
{
    (void)state;
    static struct fixture fixture;
    static const struct {
        enum op op;
        struct shape second;
        double operands[2][3];
        int id;
    } losses[] = {{OP_mse, {1, {3}}, {{1, 2, 3}, {0.5, -1, 4}}, -1},
                  {OP_binary_cross_entropy, {1, {3}}, {{1, -2, 30}, {0.25, 1, 0}}, -1},
                  {OP_cross_entropy, {0, {0}}, {{1, 2, 3}, {1}}, 1},
                  {OP_cross_entropy, {0, {0}}, {{1, 2, 3}, {-1}}, 1}};
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        begin(&fixture);
        struct term *args[] = {given(&fixture, VECTOR(3), losses[i].operands[0]),
                               given(&fixture, losses[i].second, losses[i].operands[1])};
        expect_slope(&fixture, operation(&fixture, losses[i].op, SCALAR, 2, args), losses[i].id);
    }
}

/* In float 1 - y^2 has no digits where y = tanh(x) is as good as 1, and a slope knows it. */
static void test_rounded_slope(void **state)
{
    (void)state;
    static struct fixture fixture;
    const double x = 10, one = 1;
    begin(&fixture);
    add_loss(&fixture, operation(&fixture, OP_tanh, SCALAR, 1, (struct term *[]){given(&fixture, SCALAR, &x)}));
    const double *direction[] = {&one};
    double slope = loss_at(&fixture, direction, 0, false).slope;
    assert_true(slope > 8e-9 && slope < 9e-9);
    assert_true(loss_at(&fixture, direction, 0, true).slope == 0);
    arena_free(fixture.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementwise),          cmocka_unit_test(test_scalars_spread),
        cmocka_unit_test(test_operations),           cmocka_unit_test(test_part_of_a_cube),
        cmocka_unit_test(test_part_of_a_matrix),     cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_rounding_of_rows),     cmocka_unit_test(test_rounding_flushes_subnormals),
        cmocka_unit_test(test_long_chain),           cmocka_unit_test(test_slopes_of_elementwise),
        cmocka_unit_test(test_slopes_of_operations), cmocka_unit_test(test_slopes_of_losses),
        cmocka_unit_test(test_stopped_gradient),     cmocka_unit_test(test_rounded_slope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
