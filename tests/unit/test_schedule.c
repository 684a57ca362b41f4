/* The schedule: regions, kernels and phases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "schedule_check.h"

static void expect_regions(const char *text, const char *const *lines)
{
    expect_schedule(text, &default_schedule_options, lines);
}

/* ---- regions ---- */

static void test_regions_of_a_recurrence(void **state)
{
    (void)state;
    expect_regions("cell C[n = 4](x[n]) -> y[n] {\n  param W[n, n], U[n, n], b[n]\n  k = exp(b)\n  h = tanh(W @ x + U "
                   "@ h[t-1] + k)\n"
                   "  y = exp(h)\n}",
                   LINES("static: static: 0 elementwise 4", "frames: frames: 0 panel 1x4 by x",
                         "h_scan: scan: 0 panel 1x4 by h[t-1]", "y_frames: frames: 0 elementwise 4"));
}

static void test_regions_are_named_after_instances(void **state)
{
    (void)state;
    expect_regions("cell R[n](x[m]) -> h[n] {\n  param W[n, m], U[n, n]\n  h = tanh(W @ x + U @ h[t-1])\n}\n"
                   "model M {\n  input x[4]\n  enc = stack 2 R[4](x)\n  dec = R[4](enc)\n  output y = dec\n}",
                   LINES("enc_0_frames: frames: 0 panel 1x4 by x", "enc_0_scan: scan: 0 panel 1x4 by enc.0.h[t-1]",
                         "enc_1_frames: frames: 0 panel 1x4 by enc.0.h",
                         "enc_1_scan: scan: 0 panel 1x4 by enc.1.h[t-1]", "dec_frames: frames: 0 panel 1x4 by enc.1.h",
                         "dec_scan: scan: 0 panel 1x4 by dec.h[t-1]"));
}

#define SRU                                                                                                            \
    "cell SRU[n = 4](x[n]) -> h[n] {\n  param W[n, n], V[n, n]\n  f = sigmoid(W @ x)\n  c = f * c[t-1] + (1 - f) * "   \
    "(V @ x)\n"                                                                                                        \
    "  h = tanh(c) * f\n}"

static void test_elementwise_scan(void **state)
{
    (void)state;
    expect_regions(SRU, LINES("f_frames: frames: 0 panel 2x4 by x", "c_scan: elementwise scan: 0 elementwise 4",
                              "h_frames: frames: 0 elementwise 4"));
    struct schedule_options options = default_schedule_options;
    options.elementwise_scan = false;
    expect_schedule(SRU, &options,
                    LINES("f_frames: frames: 0 panel 2x4 by x", "c_scan: scan: 0 elementwise 4",
                          "h_frames: frames: 0 elementwise 4"));
}

static void test_long_delays_run_in_groups(void **state)
{
    (void)state;
    static const char text[] =
        "cell C[n = 4](x[n]) -> h[n] {\n  param U[n, n], V[n, n]\n  h = tanh(U @ h[t-3] + V @ h[t-5] + x)\n}";
    expect_regions(text, LINES("h_scan: scan of 3 frames: 0 panel 1x4 by h[t-3], h[t-5]"));
    struct schedule_options options = default_schedule_options;
    options.group_frames = false;
    expect_schedule(text, &options, LINES("h_scan: scan: 0 panel 1x4 by h[t-3], h[t-5]"));
}

static void test_regions_of_passes(void **state)
{
    (void)state;
    expect_regions(
        "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  f = tanh(x + f[t-1])\n  b = tanh(W @ x + U @ b[t+1])\n"
        "  output y = last(f) + first(b)\n}",
        LINES("f_scan: elementwise scan: 0 elementwise 4", "frames: frames: 0 over time 4",
              "frames_2: pass 1 frames: 0 panel 1x4 by x", "b_scan: pass 1 reversed scan: 0 panel 1x4 by b[t+1]",
              "frames_3: pass 2 frames: 0 over time 4", "y_sequence: pass 3 sequence: 0 elementwise 4"));
}

/* All frames of inputs are there before the first pass, whichever of them it reads. */
static void test_inputs_ahead(void **state)
{
    (void)state;
    expect_schedule("model M { input x[4]; param U[4, 4]; h = tanh(U @ h[t-1] + x[t+1]); output h }",
                    &default_schedule_options, LINES("h_scan: scan: 0 panel 1x4 by h[t-1]"));
}

static void test_cost_of_regions(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule_program("cell C[n = 4](x[3]) -> y[n] {\n  param W[n, 3], U[n, n]\n"
                                                  "  y = relu(W @ x + U @ y[t-1])\n}",
                                                  &default_schedule_options);
    const struct region *regions = scheduled.schedule->regions;
    assert_int_equal(scheduled.schedule->region_count, 2);
    assert_true(regions[0].flops == 2 * 4 * 3 && regions[0].bytes == 4 * 4 * 3);
    assert_true(regions[1].flops == 2 * 4 * 4 + 4 + 4 && regions[1].bytes == 4 * 4 * 4);
    scheduled_free(&scheduled);
}

/* ---- kernels ---- */

static void test_lstm_is_one_phase(void **state)
{
    (void)state;
    expect_regions("cell LSTM[n = 8](x[3]) -> h[n] {\n  param W[4*n, 3], U[4*n, n], b[4*n]\n"
                   "  i, f, g, o = split(W @ x + U @ h[t-1] + b, 4)\n  c = sigmoid(f) * c[t-1] + sigmoid(i) * tanh(g)\n"
                   "  h = sigmoid(o) * tanh(c)\n}",
                   LINES("static: static", "frames: frames: 0 panel 4x8 by x", "h_scan: scan: 0 panel 4x8 by h[t-1]"));
}

static void test_lstm_with_projection_has_two(void **state)
{
    (void)state;
    expect_regions("cell LSTMP[n = 8](x[3]) -> h[4] {\n  param W[4*n, 3], U[4*n, 4], P[4, n]\n"
                   "  i, f, g, o = split(W @ x + U @ h[t-1], 4)\n  c = sigmoid(f) * c[t-1] + sigmoid(i) * tanh(g)\n"
                   "  h = P @ (sigmoid(o) * tanh(c))\n}",
                   LINES("static: static", "frames: frames: 0 panel 4x8 by x",
                         "h_scan: scan: 0 panel 4x8 by h[t-1]; 1 panel 1x4 by mul"));
}

static void test_gru_reset_before_has_two(void **state)
{
    (void)state;
    expect_regions(
        "cell GRU[n = 8](x[3]) -> h[n] {\n  param W_r[n, n+3], W_z[n, n+3], W_n[n, n+3], b_r[n], b_z[n], b_n[n]\n"
        "  r = sigmoid(W_r @ concat(h[t-1], x) + b_r)\n  z = sigmoid(W_z @ concat(h[t-1], x) + b_z)\n"
        "  k = tanh(W_n @ concat(r * h[t-1], x) + b_n)\n  h = (1 - z) * h[t-1] + z * k\n}",
        LINES("static: static", "frames: frames: 0 panel 3x8 by x",
              "h_scan: scan: 0 panel 2x8 by h[t-1]; 1 panel 1x8 by mul"));
}

static void test_gru_reset_after_is_one(void **state)
{
    (void)state;
    expect_regions(
        "cell GRU[n = 8](x[3]) -> h[n] {\n  param W[3*n, 3], U[3*n, n], b[3*n], c[3*n]\n"
        "  wr, wz, wn = split(W @ x + b, 3)\n  ur, uz, un = split(U @ h[t-1] + c, 3)\n  r = sigmoid(wr + ur)\n"
        "  z = sigmoid(wz + uz)\n  k = tanh(wn + r * un)\n  h = (1 - z) * k + z * h[t-1]\n}",
        LINES("static: static: 1 elementwise 8", "frames: frames: 0 panel 3x8 by x",
              "h_scan: scan: 0 panel 3x8 by h[t-1]"));
}

static void test_layernorm_adds_column_kernels(void **state)
{
    (void)state;
    expect_regions(
        "cell C[n = 8](x[n]) -> h[n] {\n  param U[n, n], g[n], b[n]\n  h = tanh(layernorm(U @ h[t-1] + x, g, b))\n}",
        LINES("h_scan: scan: 0 panel 1x8 by h[t-1]; 1 column 8; 2 elementwise 8"));
}

static void test_softmax_and_sums(void **state)
{
    (void)state;
    expect_regions(
        "cell C(x[8]) -> y[8] {\n  param W[8, 8]\n  p = softmax(W @ x)\n  y = p / sum(p * x)\n}",
        LINES("y_frames: frames: 0 panel 1x8 by x; 1 column 8; 2 elementwise 8; 3 column 1; 4 elementwise 8"));
}

static void test_concat_and_embed(void **state)
{
    (void)state;
    expect_regions(
        "model M {\n  param E[5, 3]\n  input id: index[5], x[2]\n  output y = softmax(concat(embed(E, id), x))\n}",
        LINES("y_frames: frames: 0 embed 3; 1 concat 5; 2 column 5"));
}

/* Products with one right-hand side are stacked, four at most, which fill the registers. */
static void test_products_are_stacked(void **state)
{
    (void)state;
    expect_regions("cell C(x[3]) -> a[8], b[8], c[8], d[8], e[8], f[8] {\n"
                   "  param A[8, 3], B[8, 3], C[8, 3], D[8, 3], E[8, 3], F[8, 3]\n"
                   "  a = A @ x\n  b = B @ x\n  c = C @ x\n  d = D @ x\n  e = E @ x\n  f = F @ x\n}",
                   LINES("f_frames: frames: 0 panel 4x8 by x; 0 panel 2x8 by x"));
    /* Of other sizes or of other vectors they are not. */
    expect_regions("cell C(x[3], z[3]) -> a[8], b[4], c[8] {\n  param A[8, 3], B[4, 3], C[8, 3]\n"
                   "  a = A @ x\n  b = B @ x\n  c = C @ z\n}",
                   LINES("c_frames: frames: 0 panel 1x8 by x; 0 panel 1x4 by x; 0 panel 1x8 by z"));
}

/* An accumulator receives all products of its sum; one that only some of the rows receive says which. */
static void test_operands_cover_rows(void **state)
{
    (void)state;
    expect_regions("cell C(x[3], z[2]) -> y[8] {\n  param A[8, 3], B[8, 3], C[8, 2], b[8]\n"
                   "  y = tanh(A @ x + C @ z + b) * sigmoid(B @ x)\n}",
                   LINES("y_frames: frames: 0 panel 2x8 by x, z (0..0)"));
}

/* The number of the accumulator of a program's only panel kernel that ends as the node called `name`; -1: none does. */
static int accumulator_of(const struct scheduled *scheduled, const char *name)
{
    const struct region *region = &scheduled->schedule->regions[scheduled->schedule->region_count - 1];
    for (int i = 0; i < region->kernels[0].accumulator_count; i++)
        if (region->kernels[0].accumulators[i].result == node_called(&scheduled->lowered, name))
            return i;
    return -1;
}

/* A sum is absorbed if it alone reads the product; its other operand must be computed before. */
static void test_what_accumulators_end_as(void **state)
{
    (void)state;
    struct scheduled absorbed =
        schedule_program("cell C(x[3]) -> y[8] {\n  param A[8, 3], b[8]\n  p = A @ x\n  s = p + b\n  y = tanh(s)\n}",
                         &default_schedule_options);
    assert_int_equal(accumulator_of(&absorbed, "s"), 0);
    scheduled_free(&absorbed);
    struct scheduled kept = schedule_program(
        "cell C(x[3]) -> y[8] {\n  param A[8, 3], b[8]\n  p = A @ x\n  s = p + b\n  y = tanh(s) * p\n}",
        &default_schedule_options);
    assert_int_equal(accumulator_of(&kept, "p"), 0);
    assert_int_equal(accumulator_of(&kept, "s"), -1);
    scheduled_free(&kept);
    /* Values of the kernel itself are not yet computed when its accumulators start. */
    struct scheduled inner =
        schedule_program("cell C(x[8]) -> y[8] {\n  param A[8, 8]\n  e = exp(x)\n  s = A @ x + e\n  y = tanh(s) * e\n}",
                         &default_schedule_options);
    for (int r = 0; r < inner.schedule->region_count; r++)
        for (int k = 0; k < inner.schedule->regions[r].kernel_count; k++) {
            const struct kernel *kernel = &inner.schedule->regions[r].kernels[k];
            for (int i = 0; i < kernel->accumulator_count; i++)
                if (kernel->accumulators[i].start.node != NO_NODE)
                    assert_ptr_not_equal(inner.schedule->kernel_of[kernel->accumulators[i].start.node], kernel);
        }
    scheduled_free(&inner);
}

/* ---- kernels that would have too many accumulators ---- */

enum { MOST = 32 }; /* of a kernel, for the usual machine */

/* Counts the nodes of a region that kernels hand on to others, in phases one after the other. */
static int count_handed_on(const struct scheduled *scheduled)
{
    const struct schedule *schedule = scheduled->schedule;
    bool *handed_on = calloc((size_t)schedule->graph->node_count, sizeof *handed_on);
    int count = 0;
    for (int i = 0; i < schedule->graph->node_count; i++)
        for (int k = 0; k < schedule->graph->nodes[i]->count && schedule->kernel_of[i]; k++) {
            int source = schedule->graph->nodes[i]->edges[k].node;
            const struct kernel *from = schedule->kernel_of[source];
            if (!from || from == schedule->kernel_of[i])
                continue;
            assert_true(from->phase < schedule->kernel_of[i]->phase);
            count += !handed_on[source];
            handed_on[source] = true;
        }
    free(handed_on);
    return count;
}

/* `y = v0 + v1 + ...`, or from the right, with v_i = tanh(W_i @ x) or W_i @ x. */
static struct scheduled schedule_sum(int count, const char *function, bool from_left)
{
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "cell C[n = 4](x[n]) -> y[n] {\n");
    for (int i = 0; i < count; i++)
        text_printf(&text, "  param W%d[n, n]\n", i);
    text_printf(&text, "  s0 = %s(W0 @ x)\n", function);
    for (int i = 1; i < count; i++)
        text_printf(&text, from_left ? "  s%1$d = s%2$d + %3$s(W%1$d @ x)\n" : "  s%1$d = %3$s(W%1$d @ x) + s%2$d\n", i,
                    i - 1, function);
    text_printf(&text, "  y = s%d\n}\n", count - 1);
    struct scheduled scheduled = schedule_program(text.data, &default_schedule_options);
    arena_free(arena);
    return scheduled;
}

/* A thousand products fed through something else: pieces that are full but for the last, each handing on its sum. */
static void test_products_of_a_long_sum_are_split(void **state)
{
    (void)state;
    for (int from_left = 0; from_left < 2; from_left++) {
        enum { COUNT = 1000, PIECES = (COUNT + MOST - 1) / MOST };
        struct scheduled scheduled = schedule_sum(COUNT, "tanh", from_left);
        const struct region *region = &scheduled.schedule->regions[0];
        assert_int_equal(scheduled.schedule->region_count, 1);
        assert_int_equal(region->kernel_count, PIECES);
        for (int k = 0; k < PIECES; k++) {
            assert_int_equal(region->kernels[k].phase, k);
            assert_int_equal(region->kernels[k].accumulator_count, k < PIECES - 1 ? MOST : COUNT % MOST);
        }
        assert_int_equal(count_handed_on(&scheduled), PIECES - 1);
        scheduled_free(&scheduled);
    }
}

/* Products that are added up as they are need one accumulator, however many they are. */
static void test_products_of_one_accumulator_are_not_split(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule_sum(1000, "", true);
    const struct region *region = &scheduled.schedule->regions[0];
    assert_int_equal(region->kernel_count, 1);
    assert_int_equal(region->kernels[0].accumulator_count, 1);
    assert_int_equal(region->kernels[0].operand_count, 1000);
    for (int o = 0; o < 1000; o++) /* in the order of the sum */
        assert_true(o == 0 ||
                    region->kernels[0].operands[o].products[0] > region->kernels[0].operands[o - 1].products[0]);
    scheduled_free(&scheduled);
}

/* Later phases make room for the pieces. */
static void test_phases_behind_pieces(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "cell C[n = 4](x[n]) -> h[n] {\n  param U[n, n]\n");
    for (int i = 0; i < 40; i++)
        text_printf(&text, "  param W%d[n, n]\n  v%d = tanh(W%d @ h[t-1]) * %s\n", i, i, i,
                    i ? arena_printf(arena, "v%d", i - 1) : "x");
    text_puts(&text, "  h = tanh(U @ v39)\n}\n");
    expect_regions(text.data, LINES("h_scan: scan: 0 panel 32x4 by h[t-1]; 1 panel 8x4 by h[t-1]; 2 panel 1x4 by v39"));
    arena_free(arena);
}

/* Nodes that only a later phase reads are computed there, from values that are in memory anyway. */
static void test_elementwise_nodes_sink(void **state)
{
    (void)state;
    struct scheduled scheduled =
        schedule_program("cell C[n = 8](x[n]) -> h[n] {\n  param U[n, n], V[n, n]\n  z = sigmoid(U @ h[t-1] + x)\n"
                         "  k = tanh(V @ (z * h[t-1]))\n  w = 1 - z\n  h = w + z * k\n}",
                         &default_schedule_options);
    const struct schedule *schedule = scheduled.schedule;
    assert_int_equal(schedule->kernel_of[node_called(&scheduled.lowered, "z")]->phase, 0);
    assert_int_equal(schedule->kernel_of[node_called(&scheduled.lowered, "w")]->phase, 1);
    assert_string_equal(buffer_text(&scheduled, "z"), "frame");
    assert_string_equal(buffer_text(&scheduled, "w"), "none");
    scheduled_free(&scheduled);
}

/* A frames region's delayed read of its own value waits for the value's whole block. */
static void test_delays_in_frames_begin_a_phase(void **state)
{
    (void)state;
    expect_regions("cell C(x[8]) -> y[8] {\n  a = tanh(x)\n  y = exp(a[t-1]) * a\n}",
                   LINES("y_frames: frames: 0 elementwise 8; 1 elementwise 8"));
    /* Whichever of the two the program tells first. */
    struct scheduled scheduled =
        schedule_program("cell C(x[8]) -> y[8] {\n  y = exp(a[t-1])\n  a = tanh(x)\n}", &default_schedule_options);
    assert_int_equal(scheduled.schedule->kernel_of[node_called(&scheduled.lowered, "a")]->phase, 0);
    assert_int_equal(scheduled.schedule->kernel_of[node_called(&scheduled.lowered, "y")]->phase, 1);
    scheduled_free(&scheduled);
}

/* Every computed node belongs to one kernel, and is computed there after its operands or stands for an accumulator. */
static void test_every_node_has_a_kernel(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule_program(
        "cell C[n = 8](x[n]) -> h[n] {\n  param U[n, n], V[n, n], g[n]\n  z = sigmoid(U @ h[t-1] + x)\n"
        "  k = tanh(V @ (z * h[t-1]))\n  h = layernorm((1 - z) * h[t-1] + z * k, g, 0)\n}",
        &default_schedule_options);
    const struct schedule *schedule = scheduled.schedule;
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        for (int i = 0; i < region->node_count && region->kind != REGION_STATIC; i++) {
            const struct kernel *kernel = schedule->kernel_of[region->nodes[i]];
            assert_true(kernel >= region->kernels && kernel < region->kernels + region->kernel_count);
        }
        for (int k = 0; k < region->kernel_count; k++) {
            const struct kernel *kernel = &region->kernels[k];
            assert_true(k == 0 || kernel[-1].phase <= kernel->phase);
            for (int i = 1; i < kernel->node_count; i++)
                assert_true(kernel->nodes[i - 1] < kernel->nodes[i]);
            int covered = 0;
            for (int o = 0; o < kernel->operand_count; o++)
                for (int p = 0; p < kernel->operands[o].row_count; p++, covered++)
                    assert_int_equal(schedule->graph->nodes[kernel->operands[o].products[p]]->op, OP_product);
            assert_true(covered >= kernel->accumulator_count);
        }
    }
    scheduled_free(&scheduled);
}

/* ---- size ---- */

/* Ten thousand equations, most of them cycles of their own; anything quadratic would take minutes. */
static void test_many_equations(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "cell C[n = 4](x[n]) -> y[n] {\n  param W[n, n]\n  v0 = W @ x\n");
    for (int i = 1; i <= COUNT; i++)
        text_printf(&text, "  v%d = tanh(v%d[t-1] * v%d + %d)\n", i, i % 3 ? i : i - 1, i / 2, i);
    text_printf(&text, "  y = v%d + v%d\n}\n", COUNT, COUNT - 1);
    struct scheduled scheduled = schedule_program(text.data, &default_schedule_options);
    assert_true(scheduled.schedule->region_count > 10);
    scheduled_free(&scheduled);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regions_of_a_recurrence),
        cmocka_unit_test(test_regions_are_named_after_instances),
        cmocka_unit_test(test_elementwise_scan),
        cmocka_unit_test(test_long_delays_run_in_groups),
        cmocka_unit_test(test_regions_of_passes),
        cmocka_unit_test(test_inputs_ahead),
        cmocka_unit_test(test_cost_of_regions),
        cmocka_unit_test(test_lstm_is_one_phase),
        cmocka_unit_test(test_lstm_with_projection_has_two),
        cmocka_unit_test(test_gru_reset_before_has_two),
        cmocka_unit_test(test_gru_reset_after_is_one),
        cmocka_unit_test(test_layernorm_adds_column_kernels),
        cmocka_unit_test(test_softmax_and_sums),
        cmocka_unit_test(test_concat_and_embed),
        cmocka_unit_test(test_products_are_stacked),
        cmocka_unit_test(test_operands_cover_rows),
        cmocka_unit_test(test_what_accumulators_end_as),
        cmocka_unit_test(test_products_of_a_long_sum_are_split),
        cmocka_unit_test(test_products_of_one_accumulator_are_not_split),
        cmocka_unit_test(test_phases_behind_pieces),
        cmocka_unit_test(test_elementwise_nodes_sink),
        cmocka_unit_test(test_delays_in_frames_begin_a_phase),
        cmocka_unit_test(test_every_node_has_a_kernel),
        cmocka_unit_test(test_many_equations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
