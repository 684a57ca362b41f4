/* The oracle's losses of whole programs, in numbers that can be followed by hand; CTC path by path. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "oracle/oracle.h"
#include "sema_check.h"

static struct oracle_loss find_loss(const char *text, int frames, int length, const double *const *inputs,
                                    const double *const *targets, int label_count)
{
    struct checked checked = check_correct(text);
    struct oracle_loss loss;
    double *outputs[] = {NULL};
    struct oracle_call call = {.frames = frames,
                               .length = length,
                               .inputs = inputs,
                               .outputs = outputs,
                               .targets = targets,
                               .label_counts = &label_count,
                               .losses = &loss};
    assert_int_equal(checked.program->loss_count, 1);
    oracle_run(checked.program, &call);
    checked_free(&checked);
    return loss;
}

static void expect_loss(struct oracle_loss loss, double sum, int count)
{
    assert_int_equal(loss.count, count);
    if (!(fabs(loss.sum - sum) <= 1e-12 * fabs(sum)))
        fail_msg("the loss is %.17g, expected %.17g", loss.sum, sum);
}

static void test_cross_entropy(void **state)
{
    (void)state;
    const char *text = "model m { input x[2]; target y: index[2]; output x; loss 0.5 * cross_entropy(x, y) }";
    const double *inputs[] = {(double[]){0, log(3), 5, 6, 0, 0, 9, 9}}, *targets[] = {(double[]){1, -1, 0, 0}};
    expect_loss(find_loss(text, 4, 3, inputs, targets, 0), 0.5 * (log(4) - log(3) + log(2)), 2);
    expect_loss(find_loss(text, 4, 0, inputs, targets, 0), 0, 0);
}

static void test_cross_entropy_of_a_sequence(void **state)
{
    (void)state;
    const char *text = "model m { input x[2]; target y: index[2]; z = last(x); output z; loss cross_entropy(z, y) }";
    const double *inputs[] = {(double[]){7, 7, 0, log(3), 7, 7}}, *targets[] = {(double[]){0}};
    expect_loss(find_loss(text, 3, 2, inputs, targets, 0), log(4), 1);
    expect_loss(find_loss(text, 3, 2, inputs, (const double *[]){(double[]){-1}}, 0), 0, 0);
}

static void test_squares_and_binary(void **state)
{
    (void)state;
    const double *inputs[] = {(double[]){1, 2, 3, 4}}, *targets[] = {(double[]){1, 0, 0, 1}};
    expect_loss(find_loss("model m { input x[2]; target y[2]; output x; loss mse(x, y) }", 2, 2, inputs, targets, 0),
                2 + (9 + 9) / 2.0, 2);
    double first = log1p(exp(-1)) + log1p(exp(2)), second = log1p(exp(3)) + log1p(exp(-4));
    expect_loss(find_loss("model m { input x[2]; target y[2]; output x; loss binary_cross_entropy(x, y) }", 2, 2,
                          inputs, targets, 0),
                (first + second) / 2, 2);
}

enum { CTC_FRAMES = 4, CTC_SYMBOLS = 3 };

/* The probability of all paths that spell the labels, path by path. */
static double spell_probability(const double *x, const double *labels, int label_count)
{
    double total = 0;
    for (int path = 0; path < 81; path++) { /* CTC_SYMBOLS to the power of CTC_FRAMES */
        double probability = 1;
        int before = 0, spelt = 0, rest = path;
        for (int t = 0; t < CTC_FRAMES; t++, rest /= CTC_SYMBOLS) {
            int symbol = rest % CTC_SYMBOLS;
            double sum = 0;
            for (int k = 0; k < CTC_SYMBOLS; k++)
                sum += exp(x[t * CTC_SYMBOLS + k]);
            probability *= exp(x[t * CTC_SYMBOLS + symbol]) / sum;
            if (symbol && symbol != before)
                spelt = spelt >= 0 && spelt < label_count && labels[spelt] == symbol ? spelt + 1 : -1;
            if (spelt < 0)
                break;
            before = symbol;
        }
        if (spelt == label_count)
            total += probability;
    }
    return total;
}

static void test_ctc(void **state)
{
    (void)state;
    const char *text = "model m { input x[3]; target y: labels[3]; output x; loss ctc(x, y) }";
    const double x[] = {0.3, -1, 0.7, 1.1, 0.2, -0.4, -0.6, 0.5, 0.9, 0, 0.8, -1.2};
    static const double labels[][3] = {{1, 2, 0}, {1, 1, 0}, {2, 0, 0}, {0, 0, 0}, {1, 2, 1}};
    static const int counts[] = {2, 2, 1, 0, 3};
    for (int i = 0; i < 5; i++)
        expect_loss(
            find_loss(text, CTC_FRAMES, CTC_FRAMES, (const double *[]){x}, (const double *[]){labels[i]}, counts[i]),
            -log(spell_probability(x, labels[i], counts[i])), 1);
    /* Too few frames for two equal labels with a blank between them. */
    assert_true(find_loss(text, CTC_FRAMES, 2, (const double *[]){x}, (const double *[]){labels[1]}, 2).sum ==
                INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_cross_entropy_of_a_sequence),
        cmocka_unit_test(test_squares_and_binary),
        cmocka_unit_test(test_ctc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
