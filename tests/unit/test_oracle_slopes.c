/* The oracle's slopes of its operations, against differences of their values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/arena.h"
#include "oracle/oracle.h"
#include "oracle_terms.h"

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
    for (int i = 0; i < scalar_case_count; i++) {
        const double *x = scalar_cases[i].operands;
        enum op op = scalar_cases[i].op;
        bool at_jump = op >= OP_lt && op <= OP_ne && x[0] == x[1];
        if (at_jump || op == OP_stop_gradient) /* whose slope is not that of its value */
            continue;
        begin(&fixture);
        /* a condition that would jump; a number; an exponent that has to stay whole */
        int still = op == OP_where ? 0 : op == OP_dropout || (op == OP_pow && x[0] <= 0) ? 1 : -1;
        expect_slope(&fixture, scalar_operation(&fixture, &scalar_cases[i]), still);
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
    for (int i = 0; i < shaped_case_count; i++) {
        begin(&fixture);
        expect_slope(&fixture, shaped_operation(&fixture, &shaped_cases[i]), shaped_cases[i].op == OP_embed ? 1 : -1);
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
        cmocka_unit_test(test_slopes_of_elementwise), cmocka_unit_test(test_stopped_gradient),
        cmocka_unit_test(test_slopes_of_operations),  cmocka_unit_test(test_slopes_of_losses),
        cmocka_unit_test(test_rounded_slope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
