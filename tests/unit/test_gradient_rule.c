/* Every rule in the gradient column of op.def can be read, has a part for each operand, and makes a graph that holds
 * together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "graph/graph.h"
#include "transform/gradient_rule.h"

static int add_input(struct graph *graph, struct shape shape, enum value_time time)
{
    graph_add_node(graph, OP_input, shape, time, 0, NULL);
    return graph->node_count - 1;
}

/* A node of an operation, on inputs of its own. */
static int add_operation(struct graph *graph, enum op op)
{
    const struct op_info *info = op_info(op);
    struct edge edges[3] = {{0}};
    for (int k = 0; k < info->most; k++) {
        enum operand_reading reading = op_reads(op, k);
        struct shape shape =
            reading == READS_NUMBER || reading == READS_LABELS ? (struct shape){0} : (struct shape){1, {4}};
        edges[k] = edge_to(graph, add_input(graph, shape, reading == READS_LABELS ? TIME_SEQUENCE : TIME_FRAME));
    }
    int node = build_operation(graph, op, edges, info->most, NULL).node;
    if (info->class == OP_CLASS_LOSS)
        graph->nodes[node]->shape = (struct shape){0};
    return node;
}

static int count_parts(const char *rule)
{
    int count = 1;
    for (; *rule; rule++)
        count += *rule == ';';
    return count;
}

static void read_rules_of(struct arena *arena, enum op op)
{
    static struct graph_input input = {.name = "x", .shape = {1, {4}}, .labels = true};
    const struct op_info *info = op_info(op);
    struct graph *graph = graph_new(arena, NULL, info->id);
    graph->trains = true;
    graph->inputs = &input;
    graph->input_count = 1;
    if (count_parts(info->gradient) != info->most)
        fail_msg("the gradient of %s has %d parts", info->id, count_parts(info->gradient));
    int node = add_operation(graph, op);
    struct edge g = edge_to(graph, add_input(graph, graph->nodes[node]->shape, graph->nodes[node]->time));
    for (int k = 0; k < info->most; k++) {
        struct edge received;
        if (!build_gradient(graph, node, k, g, &received))
            continue;
        int units = graph->nodes[node]->edges[k].length;
        if (received.length != units && received.length != 1)
            fail_msg("operand %d of %s has %d units and receives %d", k, info->id, units, received.length);
    }
    const char *wrong = graph_verify(graph, arena);
    if (wrong)
        fail_msg("the gradient of %s: %s", info->id, wrong);
}

static void test_every_rule_can_be_read(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    int rules = 0;
    for (int op = 0; op < OP_COUNT; op++)
        if (op_info((enum op)op)->gradient) {
            read_rules_of(arena, (enum op)op);
            rules++;
        }
    assert_true(rules > 40);
    arena_free(arena);
}

/* Every operation that a loss can depend on has a gradient rule, if only that there is none. */
static void test_every_operation_on_units_has_a_rule(void **state)
{
    (void)state;
    for (int op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info((enum op)op);
        bool computes = info->class == OP_CLASS_ELEMENTWISE || info->class == OP_CLASS_COLUMN;
        if (computes && !info->training && !info->gradient)
            fail_msg("%s has no gradient", info->id);
        assert_false(info->gradient && info->special_gradient);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule_can_be_read),
        cmocka_unit_test(test_every_operation_on_units_has_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
