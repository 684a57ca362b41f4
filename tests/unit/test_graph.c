/* Graphs of copies: the order of nodes, replacing and sweeping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "graph/graph.h"

/* Node 0 is the input x; nodes 1 .. count are copies, each of the node given. */
static struct graph *make_copies(struct arena *arena, const int *sources, int count)
{
    struct graph *graph = graph_new(arena, NULL, "Copies");
    static struct graph_input inputs[] = {{.name = "x", .shape = {1, {4}}, .time = TIME_FRAME}};
    graph->inputs = inputs;
    graph->input_count = 1;
    graph_add_node(graph, OP_input, (struct shape){1, {4}}, TIME_FRAME, 0, NULL);
    for (int i = 0; i < count; i++)
        graph_add_node(graph, OP_copy, (struct shape){1, {4}}, TIME_FRAME, 1, NULL);
    for (int i = 0; i < count; i++)
        graph->nodes[i + 1]->edges[0] = edge_to(graph, sources[i]);
    return graph;
}

static void add_output(struct graph *graph, const char *name, int node)
{
    struct graph_output *outputs = ARENA_ARRAY(graph->arena, struct graph_output, graph->output_count + 1);
    for (int i = 0; i < graph->output_count; i++)
        outputs[i] = graph->outputs[i];
    outputs[graph->output_count++] = (struct graph_output){.name = name,
                                                           .edge = edge_to(graph, node),
                                                           .shape = graph->nodes[node]->shape,
                                                           .time = graph->nodes[node]->time,
                                                           .input = -1};
    graph->outputs = outputs;
}

static void expect_order(const struct graph *graph, struct arena *arena, const int *wanted)
{
    const int *order = graph_order(graph, arena);
    assert_non_null(order);
    for (int i = 0; i < graph->node_count; i++)
        assert_int_equal(order[i], wanted[i]);
}

static void test_order_is_close_to_numbering(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    /* 1 <- 5, 2 <- 0, 3 <- 1, 4 <- 0, 5 <- 4 */
    struct graph *graph = make_copies(arena, (const int[]){5, 0, 1, 0, 4}, 5);
    expect_order(graph, arena, (const int[]){0, 2, 4, 5, 1, 3});
    graph->nodes[1]->edges[0].delay = 1; /* a delayed edge binds nothing */
    expect_order(graph, arena, (const int[]){0, 1, 2, 3, 4, 5});
    graph->nodes[1]->edges[0].init = 3; /* an initial value does */
    graph->nodes[3]->edges[0].node = 0;
    expect_order(graph, arena, (const int[]){0, 2, 3, 1, 4, 5});
    graph->nodes[3]->edges[0].node = 1;
    assert_null(graph_order(graph, arena));
    arena_free(arena);
}

static void test_sweep_drops_and_sorts(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct graph *graph = make_copies(arena, (const int[]){5, 0, 1, 0, 4}, 5);
    graph->nodes[3]->name = "three";
    graph->nodes[5]->name = "five";
    add_output(graph, "y", 3);
    int version = graph->version;
    graph_sweep(graph); /* needs 3 <- 1 <- 5 <- 4 <- 0; 2 is dead */
    assert_true(graph->version > version);
    assert_int_equal(graph->node_count, 5);
    for (int i = 1; i < 5; i++)
        assert_int_equal(graph->nodes[i]->edges[0].node, i - 1);
    assert_string_equal(graph->nodes[4]->name, "three");
    assert_string_equal(graph->nodes[2]->name, "five");
    assert_int_equal(graph->outputs[0].edge.node, 4);
    graph_add_number(graph, 1); /* the array of nodes grows on */
    assert_int_equal(graph->node_count, 6);
    arena_free(arena);
}

static void test_replace(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct graph *graph = make_copies(arena, (const int[]){0, 1, 2, 3}, 4);
    graph->nodes[2]->name = "two";
    static const struct node_origin origin = {"two", "", NULL};
    graph->nodes[2]->origin = &origin;
    graph->nodes[3]->name = "three";
    add_output(graph, "y", 4);
    graph->nodes[4]->edges[0].delay = 1;
    graph->nodes[4]->edges[0].init = 2;
    graph_replace(graph, 2, 1);
    assert_string_equal(graph->nodes[1]->name, "two"); /* a name without a node would be lost */
    assert_ptr_equal(graph->nodes[1]->origin, &origin);
    graph_replace(graph, 3, 2); /* follows what 2 was replaced by; 1 keeps the name that it has */
    assert_string_equal(graph->nodes[1]->name, "two");
    assert_int_equal(graph_resolve(graph, 3), 1);
    assert_int_equal(graph_resolve(graph, 4), 4);
    assert_int_equal(graph_resolve(graph, NO_NODE), NO_NODE);
    int version = graph->version;
    graph_replace(graph, 1, 3); /* itself: nothing happens */
    assert_int_equal(graph->nodes[1]->replaced_by, NO_NODE);
    assert_int_equal(graph->version, version);
    graph_sweep(graph);
    assert_int_equal(graph->node_count, 3);
    assert_int_equal(graph->nodes[2]->edges[0].node, 1); /* the reader, and its initial value */
    assert_int_equal(graph->nodes[2]->edges[0].init, 1);
    graph_replace(graph, 2, 0); /* outputs follow too */
    graph_sweep(graph);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(graph->outputs[0].edge.node, 0);
    arena_free(arena);
}

/* A hundred thousand nodes, all of them against the order: anything quadratic would take minutes. */
static void test_large_graph(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct arena *arena = arena_new();
    int *sources = ARENA_ARRAY(arena, int, COUNT);
    for (int i = 0; i < COUNT; i++)
        sources[i] = i + 1 < COUNT ? i + 2 : 0;
    struct graph *graph = make_copies(arena, sources, COUNT);
    add_output(graph, "y", 1);
    graph_sweep(graph);
    assert_int_equal(graph->node_count, COUNT + 1);
    assert_null(graph_verify(graph, arena));
    assert_int_equal(graph->outputs[0].edge.node, COUNT);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_close_to_numbering),
        cmocka_unit_test(test_sweep_drops_and_sorts),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_large_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
