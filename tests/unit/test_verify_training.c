/* A graph by hand of operations that only training has: the verifier finds each that is broken. */
#include "broken_graph.h"

#include <stdio.h>

/* One of each: losses of x with an id and with labels, what they hand back, and sums over frames for the gradient of
 * W. */
enum {
    W,
    X,
    ID_INPUT,
    LABELS,
    ONE,
    ID,
    ENTROPY,
    ENTROPY_SLOPE,
    CTC,
    CTC_SLOPE,
    SEED,
    AT_FIRST,
    AT_LAST,
    LENGTH,
    KEEP,
    PAD,
    OUTSIDE,
    TOTAL,
    OUTER,
    ROWS,
    UNVIEW,
    GRADIENT,
    NODES
};

static const struct shape scalar = {0}, vector = {1, {4}}, long_vector = {1, {8}}, square = {2, {4, 4}};

static struct node *add(struct graph *graph, enum op op, struct shape shape, enum value_time time, int a, int b)
{
    int count = (a != NO_NODE) + (b != NO_NODE);
    struct node *node = graph_add_node(graph, op, shape, time, count, NULL);
    if (a != NO_NODE)
        node->edges[0] = edge_to(graph, a);
    if (b != NO_NODE)
        node->edges[1] = edge_to(graph, b);
    return node;
}

static void add_nodes(struct graph *graph)
{
    add(graph, OP_parameter, square, TIME_STATIC, NO_NODE, NO_NODE)->parameter = 0;
    add(graph, OP_input, vector, TIME_FRAME, NO_NODE, NO_NODE)->input = 0;
    add(graph, OP_input, scalar, TIME_FRAME, NO_NODE, NO_NODE)->input = 1;
    add(graph, OP_input, scalar, TIME_SEQUENCE, NO_NODE, NO_NODE)->input = 2;
    graph_add_number(graph, 1);
    add(graph, OP_id, scalar, TIME_FRAME, ID_INPUT, NO_NODE);
    add(graph, OP_cross_entropy, scalar, TIME_FRAME, X, ID);
    add(graph, OP_cross_entropy_slope, vector, TIME_FRAME, X, ID);
    add(graph, OP_ctc, scalar, TIME_SEQUENCE, X, LABELS);
    add(graph, OP_ctc_slope, vector, TIME_FRAME, X, LABELS);
    add(graph, OP_seed, scalar, TIME_FRAME, ENTROPY, ONE)->loss = 0;
    add(graph, OP_at_first, scalar, TIME_FRAME, NO_NODE, NO_NODE);
    add(graph, OP_at_last, scalar, TIME_FRAME, NO_NODE, NO_NODE);
    add(graph, OP_length, scalar, TIME_SEQUENCE, NO_NODE, NO_NODE);
    add(graph, OP_keep, vector, TIME_FRAME, NO_NODE, NO_NODE)->number = 0.5;
    add(graph, OP_pad, long_vector, TIME_FRAME, X, NO_NODE)->begin = 4;
    add(graph, OP_outside, vector, TIME_SEQUENCE, X, NO_NODE)->delay = 1;
    add(graph, OP_total, vector, TIME_CALL, X, NO_NODE);
    add(graph, OP_outer, square, TIME_CALL, X, X);
    add(graph, OP_rows, square, TIME_CALL, ID_INPUT, X);
    add(graph, OP_unview, square, TIME_CALL, TOTAL, NO_NODE)->view = (struct view){12, {1}};
    struct node *gradient = add(graph, OP_gradient, square, TIME_CALL, OUTER, ROWS);
    gradient->parameter = 0;
    gradient->view = (struct view){0, {4, 1}};
}

static int make_graph(void **state)
{
    static struct graph_parameter parameters[] = {{.name = "W", .shape = {2, {4, 4}}}};
    static struct graph_input inputs[] = {{.name = "x", .shape = {1, {4}}, .time = TIME_FRAME},
                                          {.name = "id", .time = TIME_FRAME, .vocabulary = 4},
                                          {.name = "labels", .time = TIME_SEQUENCE, .vocabulary = 4, .labels = true}};
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    fixture->arena = arena_new();
    struct graph *graph = fixture->graph = graph_new(fixture->arena, NULL, "Fixture");
    graph->parameters = parameters;
    graph->parameter_count = 1;
    graph->inputs = inputs;
    graph->input_count = 3;
    graph->trains = true;
    add_nodes(graph);
    *state = fixture;
    return 0;
}

static void expect_right(void **state)
{
    struct fixture *fixture = *state;
    assert_null(graph_verify(fixture->graph, fixture->arena));
}

static void test_whole_graph_is_right(void **state)
{
    assert_int_equal(((struct fixture *)*state)->graph->node_count, NODES);
    expect_right(state);
}

static void test_training_alone(void **state)
{
    ((struct fixture *)*state)->graph->trains = false;
    expect_wrong(state, "%5 (id) is of training alone");
}

static void test_numbers_of_operands(void **state)
{
    static const int some[] = {ID,  ENTROPY, ENTROPY_SLOPE, CTC,   CTC_SLOPE, SEED,
                               PAD, OUTSIDE, TOTAL,         OUTER, ROWS,      UNVIEW};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "%%%d has %d operands", some[i], --node_of(state, some[i])->count);
        expect_wrong(state, wanted);
        node_of(state, some[i])->count++;
    }
    node_of(state, GRADIENT)->count = 0;
    expect_wrong(state, "%21 has 0 operands");
}

static void test_times(void **state)
{
    static const int made_for_one_time[] = {CTC, CTC_SLOPE, AT_FIRST, AT_LAST, LENGTH, OUTSIDE, TOTAL, OUTER, ROWS};
    for (size_t i = 0; i < sizeof made_for_one_time / sizeof *made_for_one_time; i++) {
        struct node *node = node_of(state, made_for_one_time[i]);
        enum value_time right = node->time;
        char wanted[64];
        node->time = right == TIME_FRAME ? TIME_SEQUENCE : TIME_FRAME;
        snprintf(wanted, sizeof wanted, "%%%d (%s) is of %s time", made_for_one_time[i], op_info(node->op)->id,
                 time_name(node->time));
        expect_wrong(state, wanted);
        node->time = right;
    }
    node_of(state, SEED)->time = TIME_CALL;
    expect_wrong(state, "%10 (seed) has operands that do not fit");
    node_of(state, SEED)->time = TIME_FRAME;
    edge_of(state, CTC, 0)->node = LABELS; /* no frames */
    edge_of(state, CTC, 0)->length = 1;
    expect_wrong(state, "%8 (ctc) has operands that do not fit");
}

/* A value that all streams share has operands that all streams share, or is gathered over time. */
static void test_call_time_of_frames(void **state)
{
    *edge_of(state, UNVIEW, 0) = (struct edge){.node = X, .init = NO_NODE, .length = 4};
    expect_wrong(state, "%20 is one for all streams, its operand %1 is not");
    *edge_of(state, UNVIEW, 0) = (struct edge){.node = TOTAL, .init = NO_NODE, .length = 4};
    edge_of(state, OUTSIDE, 0)->init = TOTAL;
    edge_of(state, OUTSIDE, 0)->delay = 1;
    expect_wrong(state, "%16 has an init that changes with time");
    *edge_of(state, OUTSIDE, 0) = (struct edge){.node = X, .init = NO_NODE, .length = 4};
    *edge_of(state, PAD, 0) = (struct edge){.node = TOTAL, .init = NO_NODE, .length = 4};
    expect_wrong(state, "%15 exists before its operand %17");
}

/* Each operand in turn is one unit shorter or longer than it may be. */
static void test_lengths_of_operands(void **state)
{
    static const struct {
        int node, operand, length;
    } wrong[] = {{ENTROPY_SLOPE, 0, 3}, {CTC_SLOPE, 0, 3}, {OUTSIDE, 0, 3}, {OUTSIDE, 0, 1},
                 {TOTAL, 0, 1},         {OUTER, 0, 3},     {OUTER, 1, 3},   {ROWS, 1, 3}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct edge *edge = edge_of(state, wrong[i].node, wrong[i].operand);
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%%%d (%s) has operands that do not fit", wrong[i].node,
                 op_info(node_of(state, wrong[i].node)->op)->id);
        int right = edge->length;
        edge->length = wrong[i].length;
        expect_wrong(state, wanted);
        edge->length = right;
    }
}

/* Ids, labels, and the losses of seeds are one number. */
static void test_numbers(void **state)
{
    static const int readers[][2] = {{ID, 0},        {ENTROPY, 1}, {ENTROPY_SLOPE, 1}, {CTC, 1},
                                     {CTC_SLOPE, 1}, {SEED, 0},    {SEED, 1},          {ROWS, 0}};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        struct edge *edge = edge_of(state, readers[i][0], readers[i][1]), right = *edge;
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%%%d (%s) has operands that do not fit", readers[i][0],
                 op_info(node_of(state, readers[i][0])->op)->id);
        *edge = edge_to(((struct fixture *)*state)->graph, X);
        expect_wrong(state, wanted);
        *edge = right;
    }
}

static void test_shapes_of_results(void **state)
{
    static const int some[] = {ID, ENTROPY, CTC, SEED, AT_FIRST, AT_LAST, LENGTH, OUTER, ROWS, GRADIENT};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        struct node *node = node_of(state, some[i]);
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%%%d (%s) has operands that do not fit", some[i], op_info(node->op)->id);
        struct shape right = node->shape;
        node->shape = (struct shape){1, {3}};
        expect_wrong(state, wanted);
        node->shape = right;
    }
    edge_of(state, ROWS, 0)->delay = 1; /* ids are read at the frame that is added */
    expect_wrong(state, "%19 (rows) has operands that do not fit");
}

static void test_what_is_said_beside_operands(void **state)
{
    node_of(state, KEEP)->dropout = -1;
    expect_wrong(state, "%14 (keep) has operands that do not fit");
    node_of(state, KEEP)->dropout = 0;
    node_of(state, KEEP)->number = 1;
    expect_wrong(state, "%14 (keep) has operands that do not fit");
    node_of(state, KEEP)->number = 0;
    node_of(state, PAD)->begin = 5;
    expect_wrong(state, "%15 (pad) has operands that do not fit");
    node_of(state, PAD)->begin = -1;
    expect_wrong(state, "%15 (pad) has operands that do not fit");
    node_of(state, PAD)->begin = 0;
    node_of(state, OUTSIDE)->delay = 0;
    expect_wrong(state, "%16 (outside) has operands that do not fit");
    node_of(state, OUTSIDE)->delay = -2;
    node_of(state, SEED)->loss = -1;
    expect_wrong(state, "%10 (seed) has operands that do not fit");
    node_of(state, SEED)->loss = 1;
    node_of(state, GRADIENT)->parameter = 1;
    expect_wrong(state, "%21 (gradient) has operands that do not fit");
    node_of(state, GRADIENT)->parameter = 0;
    node_of(state, GRADIENT)->view.offset = 1;
    expect_wrong(state, "%21 (gradient) has operands that do not fit");
    node_of(state, GRADIENT)->view.offset = 0;
    node_of(state, UNVIEW)->view.offset = 13;
    expect_wrong(state, "%20 (unview) has operands that do not fit");
    node_of(state, UNVIEW)->view.offset = 0;
    expect_right(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_graph, free_graph)
    const struct CMUnitTest tests[] = {
        TEST(test_whole_graph_is_right),
        TEST(test_training_alone),
        TEST(test_numbers_of_operands),
        TEST(test_times),
        TEST(test_call_time_of_frames),
        TEST(test_lengths_of_operands),
        TEST(test_numbers),
        TEST(test_shapes_of_results),
        TEST(test_what_is_said_beside_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
