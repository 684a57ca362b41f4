/* Rules are short expressions, read by recursive descent:
 *
 *   rule        sum | sum < sum
 *   sum         term { (+|-) term }
 *   term        factor { (*|/) factor }
 *   factor      - factor | ( rule ) | number | name | name ( rule { , rule } )
 */
#include "transform/gradient_rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/internal_error.h"

struct reading {
    struct graph *graph;
    int reader;
    struct edge g;
    const char *at;
};

static struct edge read_rule(struct reading *reading);

static enum value_time result_time(const struct graph *graph, enum op op, const struct edge *edges, int count)
{
    enum value_time latest = TIME_STATIC;
    for (int i = 0; i < count; i++)
        if (graph->nodes[edges[i].node]->time > latest)
            latest = graph->nodes[edges[i].node]->time;
    return op_result_time(op, latest);
}

static struct shape result_shape(const struct graph *graph, enum op op, const struct edge *edges, int count)
{
    const struct op_info *info = op_info(op);
    if (info->shape == SHAPE_REDUCE || op == OP_dot || !count)
        return (struct shape){0};
    int longest = 0;
    for (int i = 1; i < count && info->shape == SHAPE_SPREAD; i++)
        if (edges[i].length > edges[longest].length)
            longest = i;
    const struct edge *edge = &edges[longest];
    if (edge_is_whole(graph, edge))
        return graph->nodes[edge->node]->shape;
    return edge->length == 1 ? (struct shape){0} : (struct shape){1, {edge->length}};
}

struct edge build_operation(struct graph *graph, enum op op, const struct edge *edges, int count,
                            const struct node *like)
{
    struct node *node = graph_add_node(graph, op, result_shape(graph, op, edges, count),
                                       result_time(graph, op, edges, count), count, like);
    for (int i = 0; i < count; i++)
        node->edges[i] = edges[i];
    return edge_to(graph, graph->node_count - 1);
}

static struct edge operation(struct reading *reading, enum op op, const struct edge *edges, int count)
{
    return build_operation(reading->graph, op, edges, count, reading->graph->nodes[reading->reader]);
}

static void skip_blanks(struct reading *reading) { reading->at += strspn(reading->at, " "); }

static bool accept(struct reading *reading, char c)
{
    skip_blanks(reading);
    if (*reading->at != c)
        return false;
    reading->at++;
    return true;
}

/* Aborts: rules are the compiler's own, and one that cannot be read is an error in op.def. */
static _Noreturn void fail(const struct reading *reading, const char *expected)
{
    const struct op_info *info = op_info(reading->graph->nodes[reading->reader]->op);
    internal_error("the gradient of %s has no %s before '%s'", info->id, expected, reading->at);
}

static void expect(struct reading *reading, char c)
{
    if (!accept(reading, c))
        fail(reading, (const char[]){c, '\0'});
}

static struct edge number(struct reading *reading, double value)
{
    return edge_to(reading->graph, graph_add_number(reading->graph, value));
}

/* Returns the value of a single letter: g, y, n, or an operand a, b, ... */
static struct edge read_letter(struct reading *reading, char letter)
{
    const struct node *reader = reading->graph->nodes[reading->reader];
    if (letter == 'g')
        return reading->g;
    if (letter == 'y')
        return edge_to(reading->graph, reading->reader);
    if (letter == 'n')
        return number(reading, reader->edges[0].length);
    if (letter < 'a' || letter >= 'a' + reader->count)
        fail(reading, "operand of that letter");
    return reader->edges[letter - 'a'];
}

static struct edge read_name(struct reading *reading)
{
    enum { OPERANDS_MOST = 3 };
    const char *begin = reading->at;
    while (isalnum((unsigned char)*reading->at) || *reading->at == '_')
        reading->at++;
    if (reading->at - begin == 1)
        return read_letter(reading, *begin);
    enum op op = op_find_id(begin, (int)(reading->at - begin));
    struct edge edges[OPERANDS_MOST];
    int count = 0;
    if (accept(reading, '(')) {
        do
            edges[count++] = read_rule(reading);
        while (accept(reading, ',') && count < OPERANDS_MOST);
        expect(reading, ')');
    }
    if (op == OP_COUNT || count != op_info(op)->most)
        fail(reading, "operation with as many operands");
    return operation(reading, op, edges, count);
}

static struct edge read_factor(struct reading *reading)
{
    if (accept(reading, '-')) {
        struct edge edge = read_factor(reading);
        return operation(reading, OP_neg, &edge, 1);
    }
    if (accept(reading, '(')) {
        struct edge edge = read_rule(reading);
        expect(reading, ')');
        return edge;
    }
    if (!isdigit((unsigned char)*reading->at))
        return read_name(reading);
    char *end;
    double value = strtod(reading->at, &end);
    reading->at = end;
    return number(reading, value);
}

/* Reads operands joined by the two operators of one level, from the left. */
static struct edge read_chain(struct reading *reading, const char signs[2], const enum op ops[2],
                              struct edge (*read_operand)(struct reading *))
{
    struct edge edges[2] = {read_operand(reading)};
    for (;;) {
        int which = accept(reading, signs[0]) ? 0 : accept(reading, signs[1]) ? 1 : -1;
        if (which < 0)
            return edges[0];
        edges[1] = read_operand(reading);
        edges[0] = operation(reading, ops[which], edges, 2);
    }
}

static struct edge read_term(struct reading *reading)
{
    return read_chain(reading, "*/", (const enum op[]){OP_mul, OP_div}, read_factor);
}

static struct edge read_sum(struct reading *reading)
{
    return read_chain(reading, "+-", (const enum op[]){OP_add, OP_sub}, read_term);
}

static struct edge read_rule(struct reading *reading)
{
    return read_chain(reading, "<<", (const enum op[]){OP_lt, OP_lt}, read_sum);
}

/* Returns the rule for operand `k`, or NULL. */
static const char *find_rule(enum op op, int k)
{
    const char *rule = op_info(op)->gradient;
    for (; rule && k; k--) {
        rule = strchr(rule, ';');
        rule += rule != NULL;
    }
    if (!rule)
        return NULL;
    rule += strspn(rule, " ");
    return rule[0] == '-' && (!rule[1] || rule[1] == ';') ? NULL : rule;
}

bool operand_has_gradient(enum op op, int k)
{
    return op_info(op)->special_gradient ? op_reads(op, k) != READS_ID : find_rule(op, k) != NULL;
}

bool build_gradient(struct graph *graph, int reader, int k, struct edge g, struct edge *result)
{
    struct reading reading = {graph, reader, g, find_rule(graph->nodes[reader]->op, k)};
    if (!reading.at)
        return false;
    *result = read_rule(&reading);
    skip_blanks(&reading);
    if (*reading.at && *reading.at != ';')
        fail(&reading, "end");
    return true;
}
