#include "oracle_terms.h"

#include <string.h>

#include "base/arena.h"

void begin(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->arena = arena_new();
    fixture->program.values = fixture->values;
    fixture->program.inputs = fixture->inputs;
    fixture->program.outputs = &fixture->output;
    fixture->program.output_count = 1;
}

struct value *add_value(struct fixture *fixture, enum value_kind kind, struct shape shape, enum value_time time)
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

struct term *read_value(struct fixture *fixture, struct value *value)
{
    struct term *term = ARENA_NEW(fixture->arena, struct term);
    *term = (struct term){.kind = TERM_VALUE, .shape = value->shape, .time = value->time, .value = value};
    return term;
}

struct term *given(struct fixture *fixture, struct shape shape, const double *data)
{
    struct value *value = add_value(fixture, VALUE_INPUT, shape, TIME_STATIC);
    fixture->data[fixture->program.input_count] = data;
    fixture->inputs[fixture->program.input_count++] = value;
    return read_value(fixture, value);
}

struct term *operation(struct fixture *fixture, enum op op, struct shape shape, int count, struct term *const *args)
{
    struct term *term = ARENA_NEW(fixture->arena, struct term);
    *term = (struct term){.kind = TERM_OP, .op = op, .shape = shape, .time = TIME_STATIC, .count = count};
    term->args = ARENA_ARRAY(fixture->arena, struct term *, count + 1);
    memcpy(term->args, args, (size_t)count * sizeof *args);
    return term;
}

/* ---- cases ---- */

const struct scalar_case scalar_cases[] = {
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

const int scalar_case_count = sizeof scalar_cases / sizeof scalar_cases[0];

const struct shaped_case shaped_cases[] = {
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
    /* Of one column and for one unit: previews 2, 5, 4; of equal ones, 4, 5, 5, the first; with one number for all. */
    {OP_refined_product,
     {1, {3}},
     {{2, {3, 2}}, {1, {2}}, {1, {3}}},
     {{1, 2, 3, 4, 2, 6}, {1, 10}, {1, 2, 2}},
     {2, 45, 4}},
    {OP_refined_product,
     {1, {3}},
     {{2, {3, 2}}, {1, {2}}, {1, {3}}},
     {{1, 2, 3, 4, 2, 6}, {1, 10}, {3, 2, 3}},
     {4, 45, 5}},
    {OP_refined_product, {1, {3}}, {{2, {3, 2}}, {1, {2}}, {0, {0}}}, {{1, 2, 3, 4, 2, 6}, {1, 10}, {1}}, {2, 44, 3}},
    {OP_transpose, {2, {3, 2}}, {{2, {2, 3}}}, {{1, 2, 3, 4, 5, 6}}, {1, 4, 2, 5, 3, 6}},
    {OP_concat, {1, {4}}, {{1, {2}}, {0, {0}}, {1, {1}}}, {{1, 2}, {3}, {4}}, {1, 2, 3, 4}},
    {OP_embed, {1, {2}}, {{2, {3, 2}}, {0, {0}}}, {{1, 2, 3, 4, 5, 6}, {1}}, {3, 4}},
    {OP_embed, {1, {2}}, {{2, {3, 2}}, {0, {0}}}, {{1, 2, 3, 4, 5, 6}, {-1}}, {0, 0}},
};

const int shaped_case_count = sizeof shaped_cases / sizeof shaped_cases[0];

struct term *scalar_operation(struct fixture *fixture, const struct scalar_case *scalar)
{
    struct term *args[3];
    for (int k = 0; k < 3; k++)
        args[k] = given(fixture, SCALAR, &scalar->operands[k]);
    return operation(fixture, scalar->op, SCALAR, op_info(scalar->op)->most, args);
}

struct term *shaped_operation(struct fixture *fixture, const struct shaped_case *shaped)
{
    struct term *args[3];
    for (int k = 0; k < 3; k++)
        args[k] = given(fixture, shaped->operand_shapes[k], shaped->operands[k]);
    int most = op_info(shaped->op)->most;
    struct term *term = operation(fixture, shaped->op, shaped->shape, most < 0 ? 3 : most, args);
    term->preview = term->refine = shaped->op == OP_refined_product;
    return term;
}
