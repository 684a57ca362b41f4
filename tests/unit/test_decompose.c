/* Parameters with forms as products of their factors, and products in the cheaper order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "graph_check.h"
#include "transform/transform.h"

/* Before decompose, a parameter with a form is one node with its name; behind it, there is none. */
static void expect_decomposed(const char *text, int forms, const char *const *lines)
{
    struct lowered lowered = lower_program(text);
    struct graph *graph = lowered.graph;
    simplify(graph, lowered.arena);
    int found = 0;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == OP_svd || graph->nodes[i]->op == OP_cp) {
            assert_string_equal(graph->nodes[i]->name, "W");
            found++;
        }
    assert_int_equal(found, forms);
    decompose(graph, lowered.arena);
    for (int i = 0; i < graph->node_count; i++)
        assert_true(graph->nodes[i]->op != OP_svd && graph->nodes[i]->op != OP_cp);
    expect_equations(&lowered, lines);
    lowered_free(&lowered);
}

static void test_thin_products(void **state)
{
    (void)state;
    expect_decomposed("cell C(x[8]) -> y[8] {\n  param A[8, 3], B[3, 8]\n  P = A @ B\n  y = P @ x\n}", 0,
                      LINES("y = (A @ (B @ x))"));
    /* 4 * (8 + 8) multiplications are no fewer than 8 * 8: the matrix is computed once. */
    expect_decomposed("cell C(x[8]) -> y[8] {\n  param A[8, 4], B[4, 8]\n  P = A @ B\n  y = P @ x\n}", 0,
                      LINES("y = (P @ x)", "P = (A @ B)"));
    expect_decomposed("cell C(x[8]) -> y[8] {\n  param A[8, 1], B[1, 8], D[8, 8]\n  y = (A @ B @ D) @ x\n}", 0,
                      LINES("y = (A @ ((B @ D) @ x))"));
}

#define SVD(equation) "cell C(x[8], id: index[8]) -> y {\n  param W[8, 8] : svd(2)\n  y = sum(" equation ")\n}"

static void test_svd(void **state)
{
    (void)state;
    expect_decomposed(SVD("W @ x"), 1, LINES("y = sum((W.A @ (W.B @ x)))"));
    expect_decomposed("cell C(x[8]) -> y[8] {\n  param W[8, 8] : svd(5)\n  y = W @ x\n}", 1,
                      LINES("y = (W @ x)", "W = (W.A @ W.B)"));
    expect_decomposed(SVD("transpose(W) @ x"), 1,
                      LINES("y = sum((W.B{8x2 from 0 by 1 8} @ (W.A{2x8 from 0 by 1 2} @ x)))"));
    expect_decomposed(SVD("W[1:7, :] @ x"), 1, LINES("y = sum((W.A{6x2 from 2 by 2 1} @ (W.B @ x)))"));
    expect_decomposed(SVD("W[:, 1:7] @ x[0:6]"), 1, LINES("y = sum((W.A @ (W.B{2x6 from 1 by 8 1} @ x[0:6])))"));
    expect_decomposed(SVD("W[::-1] @ x"), 1, LINES("y = sum((W.A{8x2 from 14 by -2 1} @ (W.B @ x)))"));
    expect_decomposed(SVD("x * W[3]"), 1, LINES("y = sum((x * (W.B{8x2 from 0 by 1 8} @ W.A{2 from 6 by 1})))"));
    expect_decomposed(SVD("x * W[:, 3]"), 1, LINES("y = sum((x * (W.A @ W.B{2 from 3 by 8})))"));
    expect_decomposed(SVD("x * W[2, 3]"), 1, LINES("y = sum((x * dot(W.A{2 from 4 by 1}, W.B{2 from 3 by 8})))"));
    expect_decomposed(SVD("embed(W, id)"), 1, LINES("y = sum((W.B{8x2 from 0 by 1 8} @ embed(W.A, id)))"));
}

#define CP(equation) "cell C(x[5]) -> y {\n  param W[2, 4, 5] : cp(3)\n  y = sum(" equation ")\n}"

static void test_cp(void **state)
{
    (void)state;
    expect_decomposed(CP("W[1] @ x"), 1, LINES("y = sum((W.B @ (W.A{3 from 3 by 1} * (W.C{3x5 from 0 by 1 3} @ x))))"));
    expect_decomposed(CP("transpose(W[1]) @ x[0:4]"), 1,
                      LINES("y = sum((W.C @ (W.A{3 from 3 by 1} * (W.B{3x4 from 0 by 1 3} @ x[0:4]))))"));
    expect_decomposed(
        CP("W[0, 1:3, 2:5] @ x[0:3]"), 1,
        LINES("y = sum((W.B{2x3 from 3 by 3 1} @ (W.A{3 from 0 by 1} * (W.C{3x3 from 6 by 1 3} @ x[0:3]))))"));
    expect_decomposed(CP("W[1, 2] * x"), 1, LINES("y = sum(((W.C @ (W.A{3 from 3 by 1} * W.B{3 from 6 by 1})) * x))"));
    expect_decomposed(CP("W[1, 2, 3] * x"), 1,
                      LINES("y = sum((dot((W.A{3 from 3 by 1} * W.B{3 from 6 by 1}), W.C{3 from 9 by 1}) * x))"));
    /* The common part of slices is computed once. */
    expect_decomposed(CP("W @ x"), 1,
                      LINES("y = sum(concat((W.B @ (W.A{3 from 0 by 1} * u1)), (W.B @ (W.A{3 from 3 by 1} * u1))))",
                            "u1 = (W.C{3x5 from 0 by 1 3} @ x)"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thin_products),
        cmocka_unit_test(test_svd),
        cmocka_unit_test(test_cp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
