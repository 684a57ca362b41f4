/* Components, orders and the analysis of cycles, against brute force on random graphs; and programs so long that
 * recursion or anything quadratic would show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "analysis/components.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/random.h"
#include "base/scc.h"
#include "base/source.h"
#include "pipeline.h"

enum { GRAPHS = 1000, MOST_NODES = 24 };

static int pick(struct random *random, int count) { return (int)((random_bits(random) >> 33) % (uint64_t)count); }

/* reach[u][v]: there is a path of one edge or more. */
struct reach {
    int count;
    bool from[MOST_NODES][MOST_NODES];
};

/* Closes reach over paths (Floyd 1962, Warshall 1962). */
static void close_reach(struct reach *reach)
{
    for (int k = 0; k < reach->count; k++)
        for (int u = 0; u < reach->count; u++)
            for (int v = 0; v < reach->count; v++)
                reach->from[u][v] |= reach->from[u][k] && reach->from[k][v];
}

/* ---- strongly connected components ---- */

static void compare_with_reach(const struct reach *reach, const int *component, int component_count)
{
    bool seen[MOST_NODES] = {false};
    for (int u = 0; u < reach->count; u++) {
        assert_in_range(component[u], 0, component_count - 1);
        seen[component[u]] = true;
        for (int v = 0; v < reach->count; v++) {
            bool together = u == v || (reach->from[u][v] && reach->from[v][u]);
            assert_int_equal(component[u] == component[v], together);
            if (reach->from[u][v] && !together)
                assert_true(component[u] > component[v]);
        }
    }
    for (int c = 0; c < component_count; c++)
        assert_true(seen[c]);
}

static void test_random_graphs(void **state)
{
    (void)state;
    struct random random = random_start(1);
    for (int g = 0; g < GRAPHS; g++) {
        struct arena *arena = arena_new();
        struct reach reach = {.count = pick(&random, MOST_NODES + 1)};
        int percent = 1 + pick(&random, 20), edges = 0;
        int begin[MOST_NODES + 1], target[2 * MOST_NODES * MOST_NODES];
        for (int u = 0; u < reach.count; u++) {
            begin[u] = edges;
            for (int v = 0; v < reach.count; v++)
                for (int twice = 0; twice < 2; twice++)
                    if (pick(&random, 100) < percent) {
                        target[edges++] = v;
                        reach.from[u][v] = true;
                    }
        }
        begin[reach.count] = edges;
        close_reach(&reach);
        int count;
        const int *component = scc_find(arena, reach.count, begin, target, &count);
        compare_with_reach(&reach, component, count);
        arena_free(arena);
    }
}

/* A ring of so many nodes, and a path of as many behind it. */
static void test_long_paths(void **state)
{
    (void)state;
    enum { LENGTH = 200000 };
    struct arena *arena = arena_new();
    int *begin = ARENA_ARRAY(arena, int, 2 * LENGTH + 1), *target = ARENA_ARRAY(arena, int, 2 * LENGTH + 1);
    int edges = 0, count;
    for (int u = 0; u < 2 * LENGTH; u++) {
        begin[u] = edges;
        if (u != LENGTH - 1)
            target[edges++] = u + 1 < 2 * LENGTH ? u + 1 : 0;
        else
            target[edges++] = 0;
    }
    begin[2 * LENGTH] = edges;
    const int *component = scc_find(arena, 2 * LENGTH, begin, target, &count);
    assert_int_equal(count, LENGTH + 1);
    for (int u = 1; u < LENGTH; u++)
        assert_int_equal(component[u], component[0]);
    for (int u = LENGTH; u + 1 < 2 * LENGTH; u++)
        assert_int_equal(component[u], component[u + 1] + 1);
    arena_free(arena);
}

/* ---- the graph of the compiler ---- */

static struct edge edge_between(const struct graph *graph, int source, int delay)
{
    struct edge edge = edge_to(graph, source);
    edge.delay = delay;
    return edge;
}

/* Draws a graph of additions of vectors of 3 units; delays of 0 go backwards (with `loops` anywhere), and some edges
 * mix units. */
static struct graph *draw_graph(struct arena *arena, struct random *random, bool loops)
{
    const struct shape vector = {1, {3}}, scalar = {0};
    struct graph *graph = graph_new(arena, NULL, "random");
    int count = 1 + pick(random, MOST_NODES - 1);
    for (int i = 0; i < count; i++) {
        bool sum = pick(random, 10) == 0;
        graph_add_node(graph, sum ? OP_sum : OP_add, sum ? scalar : vector, TIME_FRAME, sum ? 1 : 2, NULL);
    }
    for (int i = 0; i < count; i++) {
        struct node *node = graph->nodes[i];
        for (int k = 0; k < node->count; k++) {
            int source = pick(random, count);
            int delay = source < i || loops ? pick(random, 3) : 1 + pick(random, 3);
            node->edges[k] = edge_between(graph, source, delay);
            if (node->op == OP_add && node->edges[k].length == 3 && pick(random, 20) == 0)
                node->edges[k].length = 1; /* one unit, spread */
        }
    }
    return graph;
}

static struct reach reach_of(const struct graph *graph, bool delayed_too)
{
    struct reach reach = {.count = graph->node_count};
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++) {
            const struct edge *edge = &graph->nodes[i]->edges[k];
            if (delayed_too || edge->delay == 0)
                reach.from[i][edge->node] = true;
        }
    close_reach(&reach);
    return reach;
}

/* An order exists exactly if no node reaches itself within a frame, and then puts sources first. */
static void test_order(void **state)
{
    (void)state;
    struct random random = random_start(2);
    int ordered = 0;
    for (int g = 0; g < GRAPHS; g++) {
        struct arena *arena = arena_new();
        struct graph *graph = draw_graph(arena, &random, pick(&random, 4) == 0);
        struct reach reach = reach_of(graph, false);
        bool cycle = false;
        for (int i = 0; i < reach.count; i++)
            cycle |= reach.from[i][i];
        const int *order = graph_order(graph, arena);
        assert_int_equal(order == NULL, cycle);
        assert_int_equal(graph_verify(graph, arena) != NULL, cycle);
        int place[MOST_NODES];
        memset(place, -1, sizeof place);
        for (int i = 0; order && i < graph->node_count; i++)
            place[order[i]] = i;
        for (int i = 0; order && i < graph->node_count; i++) {
            assert_true(place[i] >= 0);
            for (int v = 0; v < reach.count; v++)
                if (reach.from[i][v])
                    assert_true(place[v] < place[i]);
        }
        ordered += order != NULL;
        arena_free(arena);
    }
    assert_in_range(ordered, GRAPHS / 4, GRAPHS - 1); /* both kinds have been tried */
}

/* Compares the result of find_components for a component with its definition. */
static void compare_component(const struct graph *graph, const struct components *components, int c)
{
    struct component expected = {.elementwise = true};
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];
        if (components->of[i] != c)
            continue;
        expected.node_count++;
        for (int k = 0; k < node->count; k++) {
            const struct edge *edge = &node->edges[k];
            if (components->of[edge->node] != c)
                continue;
            expected.cyclic = true;
            if (edge->delay && (!expected.delay || edge->delay < expected.delay))
                expected.delay = edge->delay;
            bool same_units = node->op == OP_add && edge->begin == 0 && edge->length == node_units(node) &&
                              edge->length == node_units(graph->nodes[edge->node]);
            expected.elementwise &= same_units;
        }
    }
    const struct component *component = &components->component[c];
    assert_int_equal(component->node_count, expected.node_count);
    assert_int_equal(component->cyclic, expected.cyclic);
    assert_int_equal(component->elementwise, expected.cyclic && expected.elementwise);
    if (expected.cyclic)
        assert_int_equal(component->delay, expected.delay);
}

static void test_graph_components(void **state)
{
    (void)state;
    struct random random = random_start(3);
    for (int g = 0; g < GRAPHS; g++) {
        struct arena *arena = arena_new();
        struct graph *graph = draw_graph(arena, &random, false);
        struct reach reach = reach_of(graph, true);
        struct components components = find_components(graph, arena, arena);
        compare_with_reach(&reach, components.of, components.count);
        for (int c = 0; c < components.count; c++)
            compare_component(graph, &components, c);
        arena_free(arena);
    }
}

/* ---- long programs ---- */

static void compile_text(const struct text *text)
{
    struct arena *arena = arena_new();
    struct source *source = source_from_memory(arena, "long.rnn", text->data, text->length);
    struct diagnostics *diag = diag_new(arena, source);
    struct pipeline_options options = pipeline_default_options();
    struct pipeline_result result = {0};
    assert_true(pipeline_run(arena, source, &options, diag, &result));
    assert_int_equal(diag_error_count(diag), 0);
    assert_true(result.main.length > 0);
    arena_free(arena);
}

/* Sanitizers make the compiler slow, and watch memory: there is no more of that to see in a longer program. */
#ifdef __SANITIZE_ADDRESS__
enum { EQUATIONS = 2000 };
#else
enum { EQUATIONS = 10000 };
#endif

static void test_many_equations(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "model many {\n  input x[3]\n  v0 = x\n");
    for (int i = 1; i < EQUATIONS; i++)
        text_printf(&text, "  v%d = tanh(v%d[t-1] + 0.5 * v%d)\n", i, i, i - 1);
    text_printf(&text, "  output y = v%d\n}\n", EQUATIONS - 1);
    compile_text(&text);
    arena_free(arena);
}

static void test_long_cycle(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct text text;
    text_init(&text, arena);
    text_printf(&text, "model cycle {\n  input x[3]\n  v0 = x + 0.5 * v%d[t-1]\n", EQUATIONS - 1);
    for (int i = 1; i < EQUATIONS; i++)
        text_printf(&text, "  v%d = tanh(v%d)\n", i, i - 1);
    text_printf(&text, "  output y = v%d\n}\n", EQUATIONS - 1);
    compile_text(&text);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_graphs),  cmocka_unit_test(test_long_paths),
        cmocka_unit_test(test_order),          cmocka_unit_test(test_graph_components),
        cmocka_unit_test(test_many_equations), cmocka_unit_test(test_long_cycle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
