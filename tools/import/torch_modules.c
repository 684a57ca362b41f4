/* Modules of torch.nn but nn.LSTM, nn.GRU and nn.RNN, by their tensors. */
#include <string.h>

#include "base/arena.h"
#include "import/torch_program.h"

/* ---- nn.LSTMCell, nn.GRUCell, nn.RNNCell ---- */

static bool write_cell(struct torch_program *program, struct torch_module *module)
{
    const struct array *W = torch_find(program, module, "weight_ih"), *U = torch_find(program, module, "weight_hh");
    const bool biased = torch_find(program, module, "bias_ih") != NULL;
    if (!U || W->rank != 2 || U->rank != 2)
        return torch_error(program, ": '%sweight_ih' needs '%sweight_hh' beside it, both matrices", module->prefix,
                           module->prefix);
    const long n = U->shape[1], m = W->shape[1], rows = W->shape[0];
    const struct torch_kind *kind = torch_find_kind(program, W, U, n);
    if (!kind)
        return false;
    if (!module->name)
        module->name = kind->cell;
    if (!torch_enter(program, module, m, true) || !torch_take(program, module, "weight_ih", rows, m) ||
        !torch_take(program, module, "weight_hh", rows, n) ||
        (biased &&
         (!torch_take(program, module, "bias_ih", rows, 0) || !torch_take(program, module, "bias_hh", rows, 0))))
        return false;
    const char *name = module->name, *given = name;
    if (biased) {
        text_printf(&program->equations, "  %s = torch.%sCell[%ld%s](%s)\n", name, kind->module, n, kind->option,
                    program->expression);
    } else {
        given = arena_printf(program->arena, "%s.h", name);
        text_printf(&program->equations, "  param %s.weight_ih[%ld, %ld], %s.weight_hh[%ld, %ld]\n", name, rows, m,
                    name, rows, n);
        if (kind->gates == 3)
            text_printf(&program->equations, "  %s.zero[%ld] = 0\n", name, rows);
        const char *bias = kind->gates == 3 ? arena_printf(program->arena, "%s.zero, %s.zero", name, name) : "0";
        text_printf(&program->equations, "  %s = torch.%s[%ld%s](%s, %s.weight_ih, %s.weight_hh, %s)\n", given,
                    kind->cell, n, kind->option, program->expression, name, name, bias);
    }
    torch_give(program, module, given, n, "nn.%sCell(%ld, %ld%s%s)", kind->module, m, n, biased ? "" : ", bias=False",
               kind->keyword);
    return true;
}

/* ---- modules without a state ---- */

static bool write_embedding(struct torch_program *program, struct torch_module *module, long count, long n)
{
    if (!torch_take(program, module, "weight", count, n))
        return false;
    program->input = arena_printf(program->arena, "x: index[%ld]", count);
    text_printf(&program->equations, "  %s = torch.Embedding[%ld](x)\n", module->name, n);
    torch_note(program, module, "nn.Embedding",
               arena_printf(program->arena, "if it is nn.Linear without bias, name it '%.*s:linear'",
                            (int)strlen(module->prefix) - 1, module->prefix));
    torch_give(program, module, module->name, n, "nn.Embedding(%ld, %ld)", count, n);
    return true;
}

static bool write_linear(struct torch_program *program, struct torch_module *module, long n, long m)
{
    const bool biased = torch_find(program, module, "bias") != NULL;
    const char *name = module->name, *given = name;
    if (!torch_enter(program, module, m, false) || !torch_take(program, module, "weight", n, m) ||
        (biased && !torch_take(program, module, "bias", n, 0)))
        return false;
    if (biased) {
        text_printf(&program->equations, "  %s = torch.Linear[%ld](%s)\n", name, n, program->expression);
    } else {
        given = arena_printf(program->arena, "%s.y", name);
        text_printf(&program->equations, "  param %s.weight[%ld, %ld]\n  %s = %s.weight @ %s\n", name, n, m, given,
                    name, program->expression);
    }
    torch_give(program, module, given, n, "nn.Linear(%ld, %ld%s)", m, n, biased ? "" : ", bias=False");
    return true;
}

static bool write_layer_norm(struct torch_program *program, struct torch_module *module, long n)
{
    if (!torch_enter(program, module, n, false) || !torch_take(program, module, "weight", n, 0) ||
        !torch_take(program, module, "bias", n, 0))
        return false;
    text_printf(&program->equations, "  %s = torch.LayerNorm(%s)\n", module->name, program->expression);
    torch_note(program, module, "nn.LayerNorm with eps=1e-05", "nn.GroupNorm has such tensors too, and is not read");
    torch_give(program, module, module->name, n, "nn.LayerNorm(%ld), with eps=1e-05", n);
    return true;
}

static bool write_batch_norm(struct torch_program *program, struct torch_module *module, long n)
{
    const char *name = module->name, *given = arena_printf(program->arena, "%s.y", name);
    if (!torch_enter(program, module, n, false) || !torch_take(program, module, "running_mean", n, 0) ||
        !torch_take(program, module, "running_var", n, 0) || !torch_take(program, module, "weight", n, 0) ||
        !torch_take(program, module, "bias", n, 0))
        return false;
    text_printf(&program->equations,
                "  param %s.weight[%ld], %s.bias[%ld], %s.running_mean[%ld], %s.running_var[%ld]\n"
                "  %s = %s.weight * (%s - %s.running_mean) / sqrt(%s.running_var + 1e-05) + %s.bias\n",
                name, n, name, n, name, n, name, n, given, name, program->expression, name, name, name);
    torch_note(program, module, "nn.BatchNorm1d with eps=1e-05",
               "nn.InstanceNorm1d has such tensors too, and is not read");
    torch_give(program, module, given, n, "nn.BatchNorm1d(%ld), with eps=1e-05", n);
    return true;
}

bool torch_other(struct torch_program *program, struct torch_module *module)
{
    const struct array *weight = torch_find(program, module, "weight"),
                       *mean = torch_find(program, module, "running_mean");
    const bool biased = torch_find(program, module, "bias") != NULL, linear = strcmp(module->options, "linear") == 0;
    if (weight && weight->rank == 3)
        return torch_conv(program, module, weight);
    if (*module->options && !(linear && weight && weight->rank == 2))
        return torch_error(program, ": --chain: '%s' is no %s, so that '%s' cannot stand behind it", module->name,
                           linear ? "nn.Linear" : "nn.Conv1d", module->options);
    if (torch_find(program, module, "weight_ih"))
        return write_cell(program, module);
    if (mean && mean->rank == 1 && weight && biased)
        return write_batch_norm(program, module, mean->shape[0]);
    if (weight && weight->rank == 1 && biased)
        return write_layer_norm(program, module, weight->shape[0]);
    if (weight && weight->rank == 2 && weight->shape[0] > 0 && weight->shape[1] > 0) {
        const bool looked_up = !program->before && !biased && !linear;
        return looked_up ? write_embedding(program, module, weight->shape[0], weight->shape[1])
                         : write_linear(program, module, weight->shape[0], weight->shape[1]);
    }
    if (torch_find(program, module, "weight_g") || torch_find(program, module, "parametrizations.weight.original0"))
        return torch_error(program,
                           ": the weight of '%s' is made of others, as weight_norm does: call "
                           "torch.nn.utils.parametrize.remove_parametrizations(module, 'weight') first, or "
                           "torch.nn.utils.remove_weight_norm(module) of the older weight_norm",
                           module->prefix);
    return torch_error(program,
                       ": '%s' is no module that is read: by its tensors it is none of nn.LSTM, nn.GRU, nn.RNN, their "
                       "cells, nn.Linear, nn.Embedding, nn.Conv1d, and nn.LayerNorm and nn.BatchNorm1d with weight and "
                       "bias",
                       module->prefix);
}
