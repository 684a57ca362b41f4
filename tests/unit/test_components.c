/* Analyses: components, their stages and passes, uses, cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/components.h"
#include "analysis/cost.h"
#include "analysis/passes.h"
#include "analysis/uses.h"
#include "base/arena.h"
#include "base/machine.h"
#include "graph_check.h"
#include "transform/transform.h"

struct analysed {
    struct lowered lowered;
    struct components components;
    struct passes passes;
};

static struct analysed analyse(const char *text)
{
    struct analysed analysed = {.lowered = lower_program(text)};
    simplify(analysed.lowered.graph, analysed.lowered.arena);
    factor(analysed.lowered.graph, &machine_generic, analysed.lowered.arena);
    factor_sums(analysed.lowered.graph, analysed.lowered.arena);
    struct graph *graph = analysed.lowered.graph;
    struct arena *arena = analysed.lowered.arena;
    struct uses uses = find_uses(graph, arena);
    analysed.components = find_components(graph, arena, arena);
    analysed.passes = find_passes(graph, &analysed.components, &uses, arena, arena);
    return analysed;
}

static struct component component_of(const struct analysed *analysed, const char *name)
{
    return analysed->components.component[analysed->components.of[node_called(&analysed->lowered, name)]];
}

/* Expects the properties of every graph: sources are in components before their readers or in the same one, and in no
 * later stage; a component without a cycle is one node; members are listed once. */
static void expect_consistent(const struct analysed *analysed)
{
    const struct graph *graph = analysed->lowered.graph;
    const struct components *components = &analysed->components;
    assert_int_equal(components->version, graph->version);
    assert_int_equal(components->begin[components->count], graph->node_count);
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++) {
            int source = components->of[graph->nodes[i]->edges[k].node], own = components->of[i];
            assert_true(source <= own);
            assert_true(components->component[source].stage <= components->component[own].stage);
        }
    for (int c = 0; c < components->count; c++) {
        const struct component *component = &components->component[c];
        assert_int_equal(components->begin[c + 1] - components->begin[c], component->node_count);
        assert_true(component->cyclic || component->node_count == 1);
        for (int m = components->begin[c]; m < components->begin[c + 1]; m++)
            assert_int_equal(components->of[components->member[m]], c);
    }
}

static void expect_cycle(const struct analysed *analysed, const char *name, int nodes, int delay, bool elementwise)
{
    struct component component = component_of(analysed, name);
    assert_true(component.cyclic);
    assert_int_equal(component.node_count, nodes);
    assert_int_equal(component.delay, delay);
    assert_int_equal(component.elementwise, elementwise);
}

static void test_outside_and_inside(void **state)
{
    (void)state;
    struct analysed analysed = analyse("cell C[n = 4](x[n]) -> y[n] {\n  param W[n, n], U[n, n], b[n]\n"
                                       "  a = exp(W @ x)\n  h = tanh(U @ h[t-1] + a)\n  y = exp(h)\n}");
    expect_consistent(&analysed);
    expect_cycle(&analysed, "h", 3, 1, false); /* the product, the sum, tanh */
    assert_false(component_of(&analysed, "a").cyclic);
    assert_false(component_of(&analysed, "y").cyclic);
    assert_int_equal(component_of(&analysed, "a").stage, 0);
    assert_int_equal(component_of(&analysed, "h").stage, 0);
    assert_int_equal(component_of(&analysed, "y").stage, 1);
    lowered_free(&analysed.lowered);
}

/* A chain of cycles is one stage; frames between two cycles begin another. */
static void test_stages(void **state)
{
    (void)state;
    struct analysed analysed =
        analyse("cell C[n = 4](x[n]) -> z[n] {\n  param U[n, n]\n  a = tanh(a[t-1] + x)\n  b = tanh(b[t-1] * a)\n"
                "  f = exp(U @ a)\n  c = tanh(c[t-1] * b + f)\n  d = exp(x)\n  z = c * d\n}");
    expect_consistent(&analysed);
    static const struct {
        const char *name;
        int stage;
    } wanted[] = {{"a", 0}, {"b", 0}, {"f", 1}, {"c", 1}, {"d", 0}, {"z", 2}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_int_equal(component_of(&analysed, wanted[i].name).stage, wanted[i].stage);
    lowered_free(&analysed.lowered);
}

static void test_smallest_delay(void **state)
{
    (void)state;
    struct analysed analysed =
        analyse("cell C[n = 4](x[n]) -> h[n], g[n] {\n  param U[n, n]\n  h = tanh(U @ h[t-5] + g[t-3] + x)\n"
                "  g = exp(h[t-7] + x[t-1])\n}");
    expect_consistent(&analysed);
    expect_cycle(&analysed, "h", 6, 3, false); /* x[t-1] is not of the cycle */
    assert_int_equal(analysed.components.of[node_called(&analysed.lowered, "h")],
                     analysed.components.of[node_called(&analysed.lowered, "g")]);
    lowered_free(&analysed.lowered);
}

static void test_elementwise_cycles(void **state)
{
    (void)state;
    struct analysed sru =
        analyse("cell SRU[n = 4](x[n]) -> h[n] {\n  param W[n, n]\n  f = sigmoid(W @ x)\n  c = f * c[t-1] + x\n"
                "  h = f * tanh(c)\n}");
    expect_cycle(&sru, "c", 2, 1, true);
    assert_false(component_of(&sru, "f").elementwise);
    lowered_free(&sru.lowered);
    /* Units that read other units of the cycle: by an operation on all of them, by a part, by spreading. */
    static const char *const mixing[] = {"sum(c[t-1]) * x", "concat((c[t-1])[2:4], (c[t-1])[0:2]) * x",
                                         "(c[t-1])[0] * x", "softmax(c[t-1] + x)", "dot * x"};
    for (size_t i = 0; i < sizeof mixing / sizeof *mixing; i++) {
        char text[300];
        snprintf(text, sizeof text, "cell C[n = 4](x[n]) -> c[n] {\n  c = %s\n  dot = c[t-1] @ x\n}", mixing[i]);
        struct analysed analysed = analyse(text);
        assert_true(component_of(&analysed, "c").cyclic);
        assert_false(component_of(&analysed, "c").elementwise);
        expect_consistent(&analysed);
        lowered_free(&analysed.lowered);
    }
    /* Spreading a scalar from outside mixes nothing; a scalar recurrence is one unit. */
    struct analysed scalars =
        analyse("cell C[n = 4](x[n], s) -> c[n] {\n  r = r[t-1] * 0.5 + s\n  c = c[t-1] * r + x\n}");
    expect_cycle(&scalars, "c", 2, 1, true);
    expect_cycle(&scalars, "r", 2, 1, true);
    lowered_free(&scalars.lowered);
}

/* ---- passes ---- */

static void expect_passes(const char *text, int count, const char *const *names, const int *passes)
{
    struct analysed analysed = analyse(text);
    expect_consistent(&analysed);
    assert_int_equal(analysed.passes.version, analysed.lowered.graph->version);
    assert_int_equal(analysed.passes.count, count);
    for (int i = 0; names[i]; i++) {
        int found = analysed.passes.of[node_called(&analysed.lowered, names[i])];
        if (found != passes[i])
            fail_msg("'%s' is in pass %d, not %d", names[i], found, passes[i]);
    }
    lowered_free(&analysed.lowered);
}

#define PASSES(...) ((const int[]){__VA_ARGS__})

static void test_one_pass(void **state)
{
    (void)state;
    expect_passes("cell C[n = 4](x[n]) -> y[n] {\n  a = exp(x)\n  h = tanh(h[t-1] + a)\n  y = exp(h[t-2])\n}", 1,
                  LINES("a", "h", "y"), PASSES(0, 0, 0));
    /* An input is there from the start: reading it ahead needs no pass of its own. */
    expect_passes("cell C[n = 4](x[n]) -> y[n] {\n  h = tanh(h[t-1] + x[t+3])\n  y = exp(h)\n}", 1, LINES("h", "y"),
                  PASSES(0, 0));
    expect_passes("model M {\n  input x[4]\n  output l = exp(s)\n  s = last(x)\n}", 1, LINES("s", "l"), PASSES(0, 1));
}

static void test_reversed_cycles_run_backward(void **state)
{
    (void)state;
    expect_passes("cell C[n = 4](x[n]) -> y[n] {\n  f = tanh(f[t-1] + x)\n  b = tanh(b[t+1] + x)\n  y = f * b\n}", 2,
                  LINES("f", "b", "y"), PASSES(0, 1, 1));
    /* A forward cycle behind a backward one waits for a third pass. */
    expect_passes("cell C[n = 4](x[n]) -> y[n] {\n  b = tanh(b[t+1] + x)\n  f = tanh(f[t-1] + b)\n  y = f * b\n}", 3,
                  LINES("b", "f", "y"), PASSES(1, 2, 2));
}

static void test_reading_ahead_waits(void **state)
{
    (void)state;
    expect_passes("cell C[n = 4](x[n]) -> y[n] {\n  a = tanh(a[t-1] + x)\n  y = exp(a[t+1])\n}", 2, LINES("a", "y"),
                  PASSES(0, 1));
    /* A value that read ahead is complete, in its own pass, at the same frame and at frames behind it in the pass's
     * direction. */
    expect_passes("cell C[n = 4](x[n]) -> y[n] {\n  a = tanh(a[t-1] + x)\n  b = exp(a[t+1])\n  y = exp(b[t+1])\n}", 2,
                  LINES("a", "b", "y"), PASSES(0, 1, 1));
    expect_passes("cell C[n = 4](x[n]) -> y[n] {\n  a = tanh(a[t-1] + x)\n  b = exp(a[t+1])\n  y = exp(b[t-1])\n}", 3,
                  LINES("a", "b", "y"), PASSES(0, 1, 2));
}

/* A forward cycle waits for an even pass: the one between stays empty. */
static void test_sequence_values_wait(void **state)
{
    (void)state;
    expect_passes("model M {\n  input x[4]\n  m = mean_over_time(x)\n  h = tanh(h[t-1] + x - m)\n  l = last(h)\n"
                  "  output y = exp(l)\n}",
                  3, LINES("m", "h", "l", "y"), PASSES(0, 2, 2, 3));
    /* An initial value is needed before the first frame. */
    expect_passes("model M {\n  input x[4]\n  h = tanh(h[t-1] + x)\n  init h = last(x)\n  output y = h * x\n}", 3,
                  LINES("h", "y"), PASSES(2, 2));
}

/* Nodes that only a later pass needs are computed there. */
static void test_nodes_sink(void **state)
{
    (void)state;
    expect_passes(
        "cell C[n = 4](x[n]) -> y[n] {\n  param W[n, n]\n  a = W @ x\n  b = tanh(b[t+1] + a)\n  y = exp(b)\n}", 2,
        LINES("a", "b", "y"), PASSES(1, 1, 1));
    expect_passes(
        "cell C[n = 4](x[n]) -> y[n], a[n] {\n  param W[n, n]\n  a = W @ x\n  b = tanh(b[t+1] + a)\n  y = exp(b)\n}", 2,
        LINES("a", "b", "y"), PASSES(0, 1, 1));
}

/* ---- uses, cost ---- */

static void test_uses(void **state)
{
    (void)state;
    struct lowered lowered = lower_program("cell C[n = 4](x[n]) -> h[n], g[n] {\n  param k[n]\n  h = tanh(x * h[t-1])\n"
                                           "  g = x - x\n  init h = k\n}");
    simplify(lowered.graph, lowered.arena);
    struct uses uses = find_uses(lowered.graph, lowered.arena);
    assert_int_equal(uses.version, lowered.graph->version);
    assert_int_equal(uses_count(&uses, node_called(&lowered, "x")), 3);
    int k = node_called(&lowered, "k"), h = node_called(&lowered, "h"), outputs = 0;
    assert_int_equal(uses_count(&uses, k), 1);
    assert_true(uses.use[uses.begin[k]].init);
    assert_int_equal(uses.use[uses.begin[k]].edge->node, h); /* the edge whose initial value it is */
    assert_int_equal(uses_count(&uses, h), 2);
    for (int i = 0; i < lowered.graph->node_count; i++)
        for (int u = uses.begin[i]; u < uses.begin[i + 1]; u++) {
            const struct use *use = &uses.use[u];
            assert_int_equal(use->init ? use->edge->init : use->edge->node, i);
            if (use->reader >= 0)
                continue;
            assert_ptr_equal(use->edge, &lowered.graph->outputs[-1 - use->reader].edge);
            outputs++;
        }
    assert_int_equal(outputs, 2);
    lowered_free(&lowered);
}

static double flops_of(const struct lowered *lowered, const char *name)
{
    return node_flops(lowered->graph, lowered->graph->nodes[node_called(lowered, name)]);
}

static void test_cost(void **state)
{
    (void)state;
    struct lowered lowered =
        lower_program("cell C(x[3]) -> y[5] {\n  param W[5, 3], A[5, 2], B[2, 7], v[7]\n  p = W @ x\n  s = sum(x * x)\n"
                      "  e = p + s\n  m = A @ B\n  q = m @ v\n  y = e * q\n}");
    simplify(lowered.graph, lowered.arena);
    assert_true(flops_of(&lowered, "p") == 2 * 5 * 3);
    assert_true(flops_of(&lowered, "s") == 3);
    assert_true(flops_of(&lowered, "e") == 5);
    assert_true(flops_of(&lowered, "m") == 2 * 5 * 2 * 7);
    assert_true(flops_of(&lowered, "x") == 0);
    assert_true(node_weights(lowered.graph, lowered.graph->nodes[node_called(&lowered, "p")]) == 5 * 3);
    assert_true(node_weights(lowered.graph, lowered.graph->nodes[node_called(&lowered, "e")]) == 0);
    lowered_free(&lowered);
}

/* Using an analysis of the graph after an edit is an error of the compiler. */
static void test_stale_results(void **state)
{
    (void)state;
    for (int stale = 0; stale < 2; stale++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (!child) {
            struct analysed analysed = analyse("cell C[n = 4](x[n]) -> h[n] {\n  h = tanh(x + h[t-1])\n}");
            struct graph *graph = analysed.lowered.graph;
            struct arena *arena = analysed.lowered.arena;
            fclose(stderr);
            struct uses uses = find_uses(graph, arena);
            if (stale)
                graph_add_number(graph, 1);
            find_passes(graph, &analysed.components, &uses, arena, arena);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), stale ? 3 : 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outside_and_inside),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_smallest_delay),
        cmocka_unit_test(test_elementwise_cycles),
        cmocka_unit_test(test_one_pass),
        cmocka_unit_test(test_reversed_cycles_run_backward),
        cmocka_unit_test(test_reading_ahead_waits),
        cmocka_unit_test(test_sequence_values_wait),
        cmocka_unit_test(test_nodes_sink),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_stale_results),
        cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
