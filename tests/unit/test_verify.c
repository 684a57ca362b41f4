/* A graph by hand: every kind of broken graph that the verifier claims to find; edges and printing. */
#include "broken_graph.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A small graph with one of everything that the verifier has a rule for:
 *     h = tanh((W @ x) + h[t-1 or k]), s = sum(h), V = view of W, e = embed(W, id), c = concat(h, x), d = dot(h, h), M
 * = W @ V, l = layernorm(h, k, 2), g = last(h) */
enum { W, K, X, ID, TWO, WX, PAST, H, SUM, VIEW, EMBED, CONCAT, DOT, MATMUL, NORM, LAST, NODES };

static int add(struct graph *graph, enum op op, struct shape shape, enum value_time time, int a, int b, int c)
{
    int sources[] = {a, b, c}, count = 0;
    while (count < 3 && sources[count] != NO_NODE)
        count++;
    struct node *node = graph_add_node(graph, op, shape, time, count, NULL);
    for (int k = 0; k < count; k++)
        node->edges[k] = edge_to(graph, sources[k]);
    return graph->node_count - 1;
}

static int make_graph(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    struct arena *arena = fixture->arena = arena_new();
    struct graph *graph = fixture->graph = graph_new(arena, NULL, "Fixture");
    const struct shape scalar = {0}, vector = {1, {4}}, square = {2, {4, 4}}, long_vector = {1, {8}};
    static struct graph_parameter parameters[] = {{.name = "W", .shape = {2, {4, 4}}},
                                                  {.name = "k", .shape = {1, {4}}}};
    static struct graph_input inputs[] = {{.name = "x", .shape = {1, {4}}, .time = TIME_FRAME},
                                          {.name = "id", .time = TIME_FRAME, .vocabulary = 4}};
    graph->parameters = parameters;
    graph->inputs = inputs;
    graph->parameter_count = graph->input_count = 2;
    add(graph, OP_parameter, square, TIME_STATIC, NO_NODE, NO_NODE, NO_NODE);
    add(graph, OP_parameter, vector, TIME_STATIC, NO_NODE, NO_NODE, NO_NODE);
    add(graph, OP_input, vector, TIME_FRAME, NO_NODE, NO_NODE, NO_NODE);
    add(graph, OP_input, scalar, TIME_FRAME, NO_NODE, NO_NODE, NO_NODE);
    graph->nodes[K]->parameter = graph->nodes[ID]->input = 1;
    graph_add_number(graph, 2);
    add(graph, OP_product, vector, TIME_FRAME, W, X, NO_NODE);
    add(graph, OP_add, vector, TIME_FRAME, WX, WX, NO_NODE);
    add(graph, OP_tanh, vector, TIME_FRAME, PAST, NO_NODE, NO_NODE);
    graph->nodes[PAST]->edges[1] = (struct edge){.node = H, .delay = 1, .init = K, .length = 4};
    add(graph, OP_sum, scalar, TIME_FRAME, H, NO_NODE, NO_NODE);
    add(graph, OP_view, square, TIME_STATIC, W, NO_NODE, NO_NODE);
    graph->nodes[VIEW]->view = (struct view){0, {1, 4}};
    add(graph, OP_embed, vector, TIME_FRAME, W, ID, NO_NODE);
    add(graph, OP_concat, long_vector, TIME_FRAME, H, X, NO_NODE);
    add(graph, OP_dot, scalar, TIME_FRAME, H, H, NO_NODE);
    add(graph, OP_matmul, square, TIME_STATIC, W, VIEW, NO_NODE);
    add(graph, OP_layernorm, vector, TIME_FRAME, H, K, TWO);
    add(graph, OP_last, vector, TIME_SEQUENCE, H, NO_NODE, NO_NODE);
    static const int outputs[] = {H, SUM, EMBED, CONCAT, DOT, NORM, LAST, X};
    static const char *const names[] = {"h", "sum", "embed", "concat", "dot", "norm", "last", "x"};
    graph->output_count = sizeof outputs / sizeof *outputs;
    graph->outputs = ARENA_ARRAY(arena, struct graph_output, graph->output_count);
    for (int i = 0; i < graph->output_count; i++) {
        const struct node *node = graph->nodes[outputs[i]];
        graph->outputs[i] = (struct graph_output){.name = names[i],
                                                  .edge = edge_to(graph, outputs[i]),
                                                  .shape = node->shape,
                                                  .time = node->time,
                                                  .input = -1};
    }
    *state = fixture;
    return 0;
}

static void test_whole_graph_is_right(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture->graph->node_count, NODES);
    assert_null(graph_verify(fixture->graph, fixture->arena));
}

static void test_edges_to_nowhere(void **state)
{
    edge_of(state, H, 0)->node = NODES;
    expect_wrong(state, "%7 reads %16, which is not there");
    edge_of(state, H, 0)->node = -2;
    expect_wrong(state, "%7 reads %-2, which is not there");
    edge_of(state, H, 0)->node = PAST;
    edge_of(state, PAST, 1)->init = NODES;
    expect_wrong(state, "%6 reads init %16, which is not there");
}

static void test_ranges_outside(void **state)
{
    struct edge *edge = edge_of(state, CONCAT, 0);
    static const int ranges[][2] = {{-1, 4}, {1, 4}, {0, 5}, {0, 0}, {3, -1}, {2147483647, 4}, {4, 2147483647}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        edge->begin = ranges[i][0];
        edge->length = ranges[i][1];
        expect_wrong(state, "%11 reads units out of the range of %7");
    }
}

static void test_parts_of_static_values(void **state)
{
    edge_of(state, NORM, 1)->length = 1;
    expect_wrong(state, "%14 reads a part of static %1 without a view");
}

static void test_delays_without_frames(void **state)
{
    edge_of(state, NORM, 1)->delay = 1;
    expect_wrong(state, "%14 reads %1, which has no frames, with a delay");
}

static void test_times_out_of_order(void **state)
{
    node_of(state, SUM)->time = TIME_SEQUENCE;
    expect_wrong(state, "%8 exists before its operand %7");
    node_of(state, SUM)->time = TIME_FRAME;
    node_of(state, LAST)->op = OP_copy;
    expect_wrong(state, "%15 exists before its operand %7");
}

static void test_initial_values(void **state)
{
    struct edge *past = edge_of(state, PAST, 1);
    past->init = X;
    expect_wrong(state, "%6 has an init that changes with time");
    past->init = W;
    expect_wrong(state, "%6 has an init of another size than %7");
    struct fixture *fixture = *state;
    past->init = TWO; /* one number for all units */
    assert_null(graph_verify(fixture->graph, fixture->arena));
    edge_of(state, NORM, 0)->init = TWO;
    expect_wrong(state, "%14 has an init without a delay");
}

static void test_numbers_of_operands(void **state)
{
    node_of(state, SUM)->count = 0;
    expect_wrong(state, "%8 has 0 operands");
    node_of(state, SUM)->count = 1;
    node_of(state, CONCAT)->count = 0;
    expect_wrong(state, "%11 has 0 operands");
    node_of(state, CONCAT)->count = 2;
    node_of(state, NORM)->count = 2;
    expect_wrong(state, "%14 has 2 operands");
}

static void test_lengths_of_operands(void **state)
{
    edge_of(state, PAST, 0)->length = 3; /* spread: 4 or 1 */
    expect_wrong(state, "%6 (add) has operands that do not fit");
    edge_of(state, PAST, 0)->length = 1;
    edge_of(state, NORM, 0)->length = 1; /* vector: the first has to be as long as the result */
    expect_wrong(state, "%14 (layernorm) has operands that do not fit");
    edge_of(state, NORM, 0)->length = 4;
    node_of(state, SUM)->shape = (struct shape){1, {4}}; /* reduce: one unit */
    expect_wrong(state, "%8 (sum) has operands that do not fit");
}

static void test_products_that_do_not_fit(void **state)
{
    edge_of(state, WX, 1)->length = 3;
    expect_wrong(state, "%5 (product) has operands that do not fit");
    *edge_of(state, WX, 1) = (struct edge){.node = H, .delay = 1, .init = NO_NODE, .length = 4};
    *edge_of(state, WX, 0) = (struct edge){.node = K, .init = NO_NODE, .length = 4};
    expect_wrong(state, "%5 (product) has operands that do not fit");
    node_of(state, W)->shape = (struct shape){2, {3, 4}};
    *edge_of(state, WX, 0) = (struct edge){.node = W, .init = NO_NODE, .length = 12};
    expect_wrong(state, "%5 (product) has operands that do not fit");
}

static void test_products_of_stored_weights(void **state)
{
    struct fixture *fixture = *state;
    node_of(state, WX)->storage = PRECISION_INT8;
    assert_null(graph_verify(fixture->graph, fixture->arena));
    edge_of(state, WX, 0)->node = VIEW; /* transposed: a row has elements of all rows */
    expect_wrong(state, "%5 (product) has operands that do not fit");
    node_of(state, WX)->storage = PRECISION_F16;
    assert_null(graph_verify(fixture->graph, fixture->arena));
    edge_of(state, WX, 0)->node = MATMUL; /* no parameter */
    expect_wrong(state, "%5 (product) has operands that do not fit");
}

static void test_special_rules(void **state)
{
    node_of(state, CONCAT)->shape.dim[0] = 9;
    expect_wrong(state, "%11 (concat) has operands that do not fit");
    node_of(state, CONCAT)->shape.dim[0] = 8;
    edge_of(state, DOT, 1)->length = 3;
    expect_wrong(state, "%12 (dot) has operands that do not fit");
    edge_of(state, DOT, 1)->length = 4;
    edge_of(state, MATMUL, 0)->node = K;
    edge_of(state, MATMUL, 0)->length = 4;
    expect_wrong(state, "%13 (matmul) has operands that do not fit");
    edge_of(state, MATMUL, 0)->node = W;
    edge_of(state, MATMUL, 0)->length = 16;
    node_of(state, MATMUL)->shape.dim[1] = 3;
    expect_wrong(state, "%13 (matmul) has operands that do not fit");
    node_of(state, MATMUL)->shape.dim[1] = 4;
    *edge_of(state, EMBED, 1) = (struct edge){.node = X, .init = NO_NODE, .length = 4};
    expect_wrong(state, "%10 (embed) has operands that do not fit");
}

static void test_views_outside(void **state)
{
    struct view *view = &node_of(state, VIEW)->view;
    static const struct view outside[] = {{1, {1, 4}}, {-1, {1, 4}}, {0, {1, 5}}, {11, {-4, 1}}, {0, {4, 2}}};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        *view = outside[i];
        expect_wrong(state, "%9 (view) has operands that do not fit");
    }
    struct fixture *fixture = *state;
    *view = (struct view){12, {-4, 1}};
    assert_null(graph_verify(fixture->graph, fixture->arena));
}

static void test_leaves_without_a_place(void **state)
{
    node_of(state, W)->parameter = 2;
    expect_wrong(state, "%0 (parameter) has operands that do not fit");
    node_of(state, W)->parameter = -1;
    expect_wrong(state, "%0 (parameter) has operands that do not fit");
    node_of(state, W)->parameter = 0;
    node_of(state, X)->input = 2;
    expect_wrong(state, "%2 (input) has operands that do not fit");
}

static void test_matrices_with_frames(void **state)
{
    node_of(state, WX)->shape = (struct shape){2, {2, 2}};
    expect_wrong(state, "%5 is a matrix that changes with time");
}

static void test_replaced_nodes(void **state)
{
    struct fixture *fixture = *state;
    graph_replace(fixture->graph, WX, X);
    expect_wrong(state, "%5 was replaced but not swept away");
}

static void test_cycles_without_delay(void **state)
{
    *edge_of(state, PAST, 1) = (struct edge){.node = H, .init = NO_NODE, .length = 4};
    expect_wrong(state, "a cycle has no delay");
    /* An initial value that depends on the value that it begins is one too. */
    *edge_of(state, PAST, 1) = (struct edge){.node = H, .delay = 1, .init = LAST, .length = 4};
    edge_of(state, LAST, 0)->delay = 0;
    expect_wrong(state, "a cycle has no delay");
}

static void test_outputs(void **state)
{
    struct fixture *fixture = *state;
    struct graph_output *output = &fixture->graph->outputs[0], before = *output;
    output->edge.node = NODES;
    expect_wrong(state, "output h reads %16, which is not there");
    *output = before;
    output->edge.delay = 1;
    expect_wrong(state, "output h is not all of %7 at its own frame");
    *output = before;
    output->edge.length = 3;
    expect_wrong(state, "output h is not all of %7 at its own frame");
    *output = before;
    output->time = TIME_SEQUENCE;
    expect_wrong(state, "output h has another shape or time than %7");
    *output = before;
    output->shape.dim[0] = 5;
    expect_wrong(state, "output h has another shape or time than %7");
}

/* ---- edges, printing ---- */

static void test_edges(void **state)
{
    struct fixture *fixture = *state;
    struct edge whole = edge_to(fixture->graph, CONCAT), other = whole;
    assert_true(edge_is_whole(fixture->graph, &whole));
    assert_true(edge_equal(&whole, &other));
    int *const fields[] = {&other.node, &other.delay, &other.init, &other.begin, &other.length};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        int before = *fields[i];
        *fields[i] = before + 1;
        assert_false(edge_equal(&whole, &other));
        *fields[i] = before;
    }
    other.length = 7;
    assert_false(edge_is_whole(fixture->graph, &other));
    other = (struct edge){.node = CONCAT, .begin = 1, .length = 8, .init = NO_NODE};
    assert_false(edge_is_whole(fixture->graph, &other));
    whole.delay = 3; /* when it is read does not matter */
    assert_true(edge_is_whole(fixture->graph, &whole));
    assert_int_equal(node_units(fixture->graph->nodes[W]), 16);
    assert_int_equal(node_units(fixture->graph->nodes[SUM]), 1);
}

static void test_print(void **state)
{
    struct fixture *fixture = *state;
    edge_of(state, CONCAT, 0)->begin = 1;
    edge_of(state, CONCAT, 0)->length = 3;
    edge_of(state, CONCAT, 0)->delay = -2;
    struct text text;
    text_init(&text, fixture->arena);
    graph_print(fixture->graph, &text);
    static const char *const lines[] = {"graph Fixture\n",
                                        "%0 static [4, 4] = parameter W\n",
                                        "%3 frame [] = input id\n",
                                        "%6 frame [4] = add %5, %7[t-1] or %1\n",
                                        "%9 static [4, 4] = view %0 from 0 by 1 4\n",
                                        "%11 frame [8] = concat %7[1:4][t+2], %2\n",
                                        "%14 frame [4] = layernorm %7, %1, 2\n",
                                        "%15 sequence [4] = last %7\n",
                                        "output last = %15\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(text.data, lines[i]))
            fail_msg("expected the line\n%sin\n%s", lines[i], text.data);
    assert_null(strstr(text.data, "%4 ")); /* numbers are printed where they are read */
}

#define WITH_GRAPH(test) cmocka_unit_test_setup_teardown(test, make_graph, free_graph)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_GRAPH(test_whole_graph_is_right),
        WITH_GRAPH(test_edges_to_nowhere),
        WITH_GRAPH(test_ranges_outside),
        WITH_GRAPH(test_parts_of_static_values),
        WITH_GRAPH(test_delays_without_frames),
        WITH_GRAPH(test_times_out_of_order),
        WITH_GRAPH(test_initial_values),
        WITH_GRAPH(test_numbers_of_operands),
        WITH_GRAPH(test_lengths_of_operands),
        WITH_GRAPH(test_products_that_do_not_fit),
        WITH_GRAPH(test_products_of_stored_weights),
        WITH_GRAPH(test_special_rules),
        WITH_GRAPH(test_views_outside),
        WITH_GRAPH(test_leaves_without_a_place),
        WITH_GRAPH(test_matrices_with_frames),
        WITH_GRAPH(test_replaced_nodes),
        WITH_GRAPH(test_cycles_without_delay),
        WITH_GRAPH(test_outputs),
        WITH_GRAPH(test_edges),
        WITH_GRAPH(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
