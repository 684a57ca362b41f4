/* Curves: bounded in size, the same after a checkpoint, and drawn. */
#include "tools_fixture.h"

#include <math.h>

#include "data/array.h"
#include "train/curve.h"

/* However many values there are, every point is the mean of as many, and none is lost. */
static void test_points(void **state)
{
    (void)state;
    struct curve curve;
    for (int values = 1; values < 5000; values += 617) {
        curve_start(&curve);
        for (int i = 1; i <= values; i++)
            curve_add(&curve, i, i);
        double sum = curve.sum, expected = (double)values * (values + 1) / 2;
        for (int i = 0; i < curve.count; i++)
            sum += curve.y[i] * curve.stride;
        assert_true(fabs(sum - expected) < 1e-6 * expected);
        assert_true(curve.count <= CURVE_POINTS && curve.count * curve.stride + curve.waiting == values);
        if (curve.count)
            assert_true(curve.x[curve.count - 1] == curve.count * curve.stride);
    }
    int before = curve.count;
    curve_add(&curve, 1e4, NAN);
    curve_add(&curve, 1e4, INFINITY);
    assert_int_equal(curve.count, before);
}

static void test_restore(void **state)
{
    struct fixture *fixture = *state;
    struct curve curve, back;
    curve_start(&curve);
    for (int i = 0; i < 1500; i++)
        curve_add(&curve, i, 1.0 / (1 + i));
    struct array array = curve_array(fixture->arena, &curve, "x");
    assert_true(curve_restore(&back, &array));
    assert_int_equal(back.count, curve.count);
    for (int i = 1500; i < 3000; i++) {
        curve_add(&curve, i, i % 7);
        curve_add(&back, i, i % 7);
    }
    assert_int_equal(back.count, curve.count);
    assert_memory_equal(back.y, curve.y, (size_t)curve.count * sizeof(double));
    array.shape[1] = 3;
    assert_false(curve_restore(&back, &array));
}

static void test_picture(void **state)
{
    struct fixture *fixture = *state;
    struct curve curve, empty;
    const char *path = in_folder(fixture, "x.svg"), *error;
    curve_start(&curve);
    curve_start(&empty);
    for (int i = 0; i < 50; i++)
        curve_add(&curve, 10 * i, 2.0 - 0.03 * i);
    const struct curve_line lines[] = {{"training", "blue", &curve}, {"validation", "red", &empty}};
    assert_true(curve_draw(fixture->arena, path, "a<b&c", "steps", "loss", lines, 2, &error));
    struct text text;
    assert_true(file_read(fixture->arena, path, &text, &error));
    assert_non_null(strstr(text.data, "<polyline fill=\"none\" stroke=\"blue\""));
    assert_null(strstr(text.data, "validation"));
    assert_non_null(strstr(text.data, "a&#60;b&#38;c"));
    assert_non_null(strstr(text.data, ">0.5</text>")); /* ticks are round numbers */
    assert_non_null(strstr(text.data, ">400</text>"));
    assert_non_null(strstr(text.data, "training 0.53<"));
    assert_null(strstr(text.data, "nan"));
    /* Nothing, and a single value, are pictures too. */
    assert_true(curve_draw(fixture->arena, path, "x", "steps", "loss", &lines[1], 1, &error));
    curve_start(&curve);
    curve_add(&curve, 0, 0);
    assert_true(curve_draw(fixture->arena, path, "x", "steps", "loss", lines, 2, &error));
    assert_true(file_read(fixture->arena, path, &text, &error));
    assert_null(strstr(text.data, "nan"));
    assert_null(strstr(text.data, "inf"));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_points), TEST(test_restore), TEST(test_picture)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
