#include "refuse.h"

#include <string.h>

#include "base/diag.h"
#include "graph/graph.h"
#include "sema/program.h"
#include "transform/transform.h"

bool refuse_without_loss(const struct program *program, struct diagnostics *diag)
{
    if (program->loss_count)
        return false;
    diag_error(diag, program->output_count ? program->outputs[0].span : (struct span){0},
               "there is no loss to train with: add a statement like 'target y[n]' and 'loss mse(output, y)'");
    for (int i = 0; i < program->value_count; i++) {
        const struct value *value = program->values[i];
        if (value->kind == VALUE_EQUATION && value->name && strcmp(value->name, "loss") == 0)
            diag_note(diag, value->equation, "this is an equation; a loss is written 'loss ...', without '='");
    }
    return true;
}

bool refuse_without_output(const struct program *program, struct diagnostics *diag)
{
    if (program->output_count)
        return false;
    diag_error(diag, (struct span){0},
               "there is no output whose adjoint could be given: --vjp wants a statement like 'output h'");
    return true;
}

bool refuse_whole_sequences(const struct graph *graph, struct diagnostics *diag)
{
    const struct node *node = find_whole(graph);
    if (!node)
        return false;
    diag_error(
        diag, node->equation,
        "'%s' %s, so that '%s' needs whole sequences and has no state with gradients: leave out --vjp-states, and "
        "write states as inputs marked 'once' and outputs like 'last(h)'",
        node->name     ? node->name
        : node->origin ? origin_shown(graph->arena, node->origin)
                       : graph->name,
        op_is_over_time(node->op) ? "is a value of the sequence" : "reads ahead or runs in reverse", graph->name);
    return true;
}

void refuse_pasts(const struct graph *graph, struct diagnostics *diag)
{
    for (int i = 0; i < graph->past_count; i++)
        if (graph->pasts[i].frames > PAST_MOST)
            diag_error(diag, graph->pasts[i].equation,
                       "'%s' is read %d frames back: with --vjp-states at most %d; leave it out where sequences are "
                       "whole, or the past may count as a constant",
                       graph->pasts[i].shown, graph->pasts[i].frames, PAST_MOST);
}
