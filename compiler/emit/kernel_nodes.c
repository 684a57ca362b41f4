/* Nodes of a kernel: loads into variables, computation unit by unit, and stores to memory. */
#include <string.h>

#include "emit/kernel.h"

const char *fresh_local(struct writing *writing, int node, int delay)
{
    struct emitter *emitter = writing->emitter;
    const char *stem = own_name(emitter, last_name(emitter->schedule->names[node]));
    if (delay)
        stem = arena_printf(emitter->arena, delay == 1 || delay == -1 ? "%s_%s" : "%s_%s_%d", stem,
                            delay > 0 ? "before" : "after", delay > 0 ? delay : -delay);
    return unique_name(&writing->names, stem);
}

/* Returns the expression of a name or a call. */
static struct expression name_of(const char *text) { return (struct expression){text, true, false}; }

static bool edge_is_computed_here(const struct writing *writing, const struct edge *edge)
{
    return !edge->delay && writing->emitter->schedule->kernel_of[edge->node] == writing->kernel;
}

void remember_load(struct writing *writing, const struct edge *edge, const char *name)
{
    struct emitter *emitter = writing->emitter;
    struct loaded loaded = {*edge, name, emitter->last_load[edge->node]};
    emitter->last_load[edge->node] = writing->loaded_count;
    ARENA_PUSH(emitter->arena, writing->loaded, writing->loaded_count, writing->loaded_capacity, loaded);
}

/* Finds the variable of an edge, or NULL. Entries left from another function are behind the end, of another node, or
 * not before the entry that led to them. */
static const char *find_load(const struct writing *writing, const struct edge *edge)
{
    int end = writing->loaded_count, i = writing->emitter->last_load[edge->node];
    while (i >= 0 && i < end && writing->loaded[i].edge.node == edge->node) {
        if (edge_equal(&writing->loaded[i].edge, edge))
            return writing->loaded[i].name;
        end = i;
        i = writing->loaded[i].before;
    }
    return NULL;
}

/* Returns a variable for an edge's operand in memory, loaded when it is first needed. */
struct expression load_edge(struct writing *writing, const struct edge *edge)
{
    struct emitter *emitter = writing->emitter;
    const struct node *source = emitter->graph->nodes[edge->node];
    if (source->op == OP_number)
        return name_of(arena_printf(emitter->arena, "rnn_vec_splat(%s)", emit_number(emitter->arena, source->number)));
    const char *name = find_load(writing, edge);
    if (name)
        return name_of(name);
    name = fresh_local(writing, edge->node, edge->delay);
    struct access access = access_of_edge(emitter->schedule, writing->region, edge);
    const char *address = access_address(emitter, &access, writing->column);
    text_printf(emitter->out, "%sconst rnn_vec %s = ", writing->indent, name);
    if (edge->length == 1 && writing->kernel->units > 1)
        text_printf(emitter->out, "rnn_vec_splat(*(%s));\n", address);
    else if (access.column == COLUMN_ONLY && !access.aligned)
        text_printf(emitter->out, "rnn_vec_load_left(%s + unit, %s - unit);\n", address,
                    kernel_size(emitter, writing->kernel));
    else
        text_printf(emitter->out, "rnn_vec_load%s(%s + unit);\n", access.aligned ? "" : "_unaligned", address);
    remember_load(writing, edge, name);
    return name_of(name);
}

static struct expression operand_expression(struct writing *writing, const struct edge *edge)
{
    return edge_is_computed_here(writing, edge) ? writing->emitter->locals[edge->node] : load_edge(writing, edge);
}

/* True if a node is written inline: an unnamed value with one use and a short expression; others get variables. */
static bool node_stands_inline(const struct writing *writing, int id, const char *expression)
{
    const struct emitter *emitter = writing->emitter;
    return !emitter->graph->nodes[id]->name && emitter->schedule->buffers[id].storage == STORE_NONE &&
           uses_count(&emitter->uses, id) == 1 && strlen(expression) < 72;
}

void keep_expression(struct writing *writing, int id, struct expression expression)
{
    struct emitter *emitter = writing->emitter;
    if (node_stands_inline(writing, id, expression.text)) {
        emitter->locals[id] = (struct expression){expression.text, expression.closed, true};
        return;
    }
    const char *name = fresh_local(writing, id, 0);
    text_printf(emitter->out, "%sconst rnn_vec %s = %s;\n", writing->indent, name, expression.text);
    emitter->locals[id] = name_of(name);
}

/* Returns the pattern of a multiply-add, and its operands, if an operand of a sum or difference is an inline product;
 * else NULL. */
static const char *multiply_add(struct writing *writing, const struct node *node, struct expression operands[3])
{
    const struct emitter *emitter = writing->emitter;
    for (int k = 0; k < 2 && (node->op == OP_add || node->op == OP_sub); k++) {
        const struct edge *edge = &node->edges[k];
        const struct node *product = emitter->graph->nodes[edge->node];
        if (product->op != OP_mul || !edge_is_computed_here(writing, edge) || !emitter->locals[edge->node].stands)
            continue;
        operands[2] = operands[1 - k];
        operands[0] = operand_expression(writing, &product->edges[0]);
        operands[1] = operand_expression(writing, &product->edges[1]);
        return node->op == OP_add ? "@madd($0, $1, $2)" : k == 0 ? "@madd($0, $1, -$2)" : "@madd(-$0, $1, $2)";
    }
    return NULL;
}

/* Returns the units at hand of a row that is looked up. */
static struct expression row_expression(struct writing *writing, const struct node *node)
{
    struct emitter *emitter = writing->emitter;
    const int table = node->edges[0].node;
    const bool first = strcmp(writing->column, "0") == 0;
    use_variables(emitter, VAR_packed | VAR_values | VAR_frame);
    return name_of(arena_printf(emitter->arena, "rnn_embed_units(packed->%s, values->%s[frame%s%s], %s, %s, unit)",
                                emitter->buffers[table], emitter->buffers[node->edges[1].node], first ? "" : " + ",
                                first ? "" : writing->column, parameter_size(emitter, table, 0),
                                parameter_size(emitter, table, 1)));
}

void write_node(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    const struct node *node = emitter->graph->nodes[id];
    if (node->op == OP_gradient)
        return;
    if (node->by_units) {
        keep_expression(writing, id, row_expression(writing, node));
        return;
    }
    struct expression operands[3] = {0};
    for (int k = 0; k < node->count; k++)
        operands[k] = operand_expression(writing, &node->edges[k]);
    const char *pattern = multiply_add(writing, node, operands);
    if (pattern)
        count_multiply_add(&writing->operations, node);
    else
        count_node(writing, node);
    if (!pattern)
        pattern = op_info(node->op)->emit;
    keep_expression(writing, id, fill_pattern(emitter, pattern, operands, false));
}

/* Adds the units at hand to a parameter's gradient, but for sums over frames, which have been made in it. */
static void write_added_gradient(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    const struct node *node = emitter->graph->nodes[id];
    struct access to = access_of_node(emitter->schedule, writing->region, id);
    const char *sum = NULL;
    for (int k = 0; k < node->count; k++) {
        if (sum_is_made_in_gradient(emitter->schedule, node->edges[k].node))
            continue;
        const char *operand = operand_expression(writing, &node->edges[k]).text;
        sum = sum ? arena_printf(emitter->arena, "%s + %s", sum, operand) : operand;
    }
    text_printf(emitter->out, "%srnn_vec_add_left(%s + unit, %s, %s - unit);\n", writing->indent,
                access_address(emitter, &to, writing->column), sum, kernel_size(emitter, writing->kernel));
}

/* Stores a value that outlives the kernel, after all reads of the value that it overwrites. */
void write_store(struct writing *writing, int id)
{
    struct emitter *emitter = writing->emitter;
    if (emitter->graph->nodes[id]->op == OP_gradient)
        write_added_gradient(writing, id);
    if (emitter->schedule->buffers[id].storage == STORE_NONE)
        return;
    text_printf(emitter->out, "%srnn_vec_store(%s + unit, %s);\n", writing->indent,
                node_address(emitter, id, writing->column), emitter->locals[id].text);
}

void write_stores(struct writing *writing)
{
    for (int i = 0; i < writing->kernel->accumulator_count; i++)
        write_store(writing, writing->kernel->accumulators[i].result);
    for (int i = 0; i < writing->kernel->node_count; i++)
        write_store(writing, writing->kernel->nodes[i]);
}
