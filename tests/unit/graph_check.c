#include "graph_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"
#include "base/text.h"
#include "lower/lower.h"
#include "sema/sema.h"
#include "syntax/tree.h"

static void expect_no_errors(const struct diagnostics *diag)
{
    if (diag_error_count(diag))
        diag_print(diag, &(struct diag_options){0}, stderr);
    assert_int_equal(diag_error_count(diag), 0);
}

static struct lowered lower_text(const char *text, bool trains)
{
    struct lowered lowered = {.arena = arena_new()};
    struct source *source = source_from_memory(lowered.arena, "test.rnn", text, strlen(text));
    struct diagnostics *diag = diag_new(lowered.arena, source);
    struct tree *tree = parse(lowered.arena, source, diag);
    expect_no_errors(diag);
    struct program *program = resolve_names(lowered.arena, tree, &(struct sema_options){0}, diag);
    expect_no_errors(diag);
    infer_shapes(lowered.arena, program, diag);
    expect_no_errors(diag);
    lowered.graph =
        trains ? build_training_graph(lowered.arena, program, diag) : build_graph(lowered.arena, program, diag);
    expect_no_errors(diag);
    expect_verified(&lowered);
    return lowered;
}

struct lowered lower_program(const char *text) { return lower_text(text, false); }
struct lowered lower_training(const char *text) { return lower_text(text, true); }

void lowered_free(struct lowered *lowered) { arena_free(lowered->arena); }

void expect_verified(const struct lowered *lowered)
{
    const char *wrong = graph_verify(lowered->graph, lowered->arena);
    if (wrong)
        fail_msg("%s in\n%s", wrong, graph_equations(lowered));
}

int node_called(const struct lowered *lowered, const char *name)
{
    const struct graph *graph = lowered->graph;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->name && strcmp(graph->nodes[i]->name, name) == 0)
            return i;
    fail_msg("there is no node '%s' in\n%s", name, graph_equations(lowered));
    return NO_NODE;
}

/* ---- equations ---- */

struct equations {
    const struct graph *graph;
    struct arena *arena;
    struct text *out;
    const char **called; /* by node: its name in its readers, NULL: it is written inline */
    int *queue;          /* nodes that have or will have a line */
    int queue_count, unnamed_count;
    int *readers;
};

static void count_readers(struct equations *equations)
{
    const struct graph *graph = equations->graph;
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->count; k++) {
            const struct edge *edge = &graph->nodes[i]->edges[k];
            equations->readers[edge->node]++;
            if (edge->init != NO_NODE)
                equations->readers[edge->init]++;
        }
}

static void write_term(struct equations *equations, int id);

static void write_reference(struct equations *equations, int id)
{
    const struct node *node = equations->graph->nodes[id];
    bool leaf = op_info(node->op)->class == OP_CLASS_LEAF;
    if (leaf || (!node->name && equations->readers[id] < 2 && !equations->called[id])) {
        write_term(equations, id);
        return;
    }
    if (!equations->called[id]) {
        equations->called[id] =
            node->name ? node->name : arena_printf(equations->arena, "u%d", ++equations->unnamed_count);
        equations->queue[equations->queue_count++] = id;
    }
    text_puts(equations->out, equations->called[id]);
}

static void write_edge(struct equations *equations, const struct edge *edge)
{
    write_reference(equations, edge->node);
    if (!edge_is_whole(equations->graph, edge))
        text_printf(equations->out, "[%d:%d]", edge->begin, edge->begin + edge->length);
    if (!edge->delay)
        return;
    text_printf(equations->out, "[t%+d", -edge->delay);
    if (edge->init != NO_NODE) {
        text_puts(equations->out, " or ");
        write_reference(equations, edge->init);
    }
    text_puts(equations->out, "]");
}

static void write_view(struct equations *equations, const struct node *node)
{
    write_edge(equations, &node->edges[0]);
    text_puts(equations->out, "{");
    for (int i = 0; i < node->shape.rank; i++)
        text_printf(equations->out, i ? "x%d" : "%d", node->shape.dim[i]);
    text_printf(equations->out, " from %ld by", node->view.offset);
    for (int i = 0; i < node->shape.rank; i++)
        text_printf(equations->out, " %ld", node->view.stride[i]);
    text_puts(equations->out, "}");
}

static const char *infix_of(enum op op)
{
    static const struct {
        enum op op;
        const char *infix;
    } infixes[] = {{OP_add, " + "}, {OP_sub, " - "},     {OP_mul, " * "},
                   {OP_div, " / "}, {OP_product, " @ "}, {OP_matmul, " @ "}};
    for (size_t i = 0; i < sizeof infixes / sizeof *infixes; i++)
        if (infixes[i].op == op)
            return infixes[i].infix;
    return NULL;
}

static void write_term(struct equations *equations, int id)
{
    const struct node *node = equations->graph->nodes[id];
    struct text *out = equations->out;
    const char *infix = infix_of(node->op);
    if (node->op == OP_number)
        text_printf(out, "%g", node->number);
    else if (node->op == OP_parameter)
        text_puts(out, equations->graph->parameters[node->parameter].name);
    else if (node->op == OP_input)
        text_puts(out, equations->graph->inputs[node->input].name);
    else if (node->op == OP_view)
        write_view(equations, node);
    else if (infix) {
        text_puts(out, "(");
        write_edge(equations, &node->edges[0]);
        text_puts(out, infix);
        write_edge(equations, &node->edges[1]);
        text_puts(out, ")");
    } else {
        text_printf(out, "%s(", op_info(node->op)->id);
        for (int k = 0; k < node->count; k++) {
            text_puts(out, k ? ", " : "");
            write_edge(equations, &node->edges[k]);
        }
        text_puts(out, ")");
    }
}

const char *graph_equations(const struct lowered *lowered)
{
    const struct graph *graph = lowered->graph;
    struct text text;
    text_init(&text, lowered->arena);
    struct equations equations = {.graph = graph, .arena = lowered->arena, .out = &text};
    equations.called = ARENA_ARRAY(lowered->arena, const char *, graph->node_count + 1);
    equations.queue = ARENA_ARRAY(lowered->arena, int, graph->node_count + 1);
    equations.readers = ARENA_ARRAY(lowered->arena, int, graph->node_count + 1);
    count_readers(&equations);
    int written = 0;
    for (int i = 0; i < graph->output_count; i++) {
        const struct graph_output *output = &graph->outputs[i];
        const char *name = graph->nodes[output->edge.node]->name;
        bool leaf = op_info(graph->nodes[output->edge.node]->op)->class == OP_CLASS_LEAF;
        if (leaf || !name || strcmp(name, output->name) != 0) {
            text_printf(&text, "output %s = ", output->name);
            write_edge(&equations, &output->edge);
            text_puts(&text, "\n");
        } else if (!equations.called[output->edge.node]) {
            equations.called[output->edge.node] = name;
            equations.queue[equations.queue_count++] = output->edge.node;
        }
        for (; written < equations.queue_count; written++) {
            text_printf(&text, "%s = ", equations.called[equations.queue[written]]);
            write_term(&equations, equations.queue[written]);
            text_puts(&text, "\n");
        }
    }
    return text.data;
}

void expect_equations(const struct lowered *lowered, const char *const *lines)
{
    struct text wanted;
    text_init(&wanted, lowered->arena);
    for (int i = 0; lines[i]; i++)
        text_printf(&wanted, "%s\n", lines[i]);
    expect_verified(lowered);
    const char *found = graph_equations(lowered);
    if (strcmp(found, wanted.data) != 0)
        fail_msg("expected\n%sbut found\n%s", wanted.data, found);
}
