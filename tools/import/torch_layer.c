/* nn.LSTM, nn.GRU and nn.RNN, of any number of layers. */
#include <string.h>

#include "base/arena.h"
#include "import/torch_program.h"

enum { MODULE_LAYERS = 3 }; /* the most that cells of std.torch have */

struct layer {
    struct arena *arena;
    struct torch_program *program;
    const struct torch_module *module;
    const struct torch_kind *kind;
    long inputs, units, projection; /* 0: none */
    int layers, directions;
    bool biased;
};

/* "weight_ih_l1_reverse" */
static const char *parameter_name(const struct layer *layer, const char *what, int k, int direction)
{
    return arena_printf(layer->arena, "%s_l%d%s", what, k, direction ? "_reverse" : "");
}

static const struct array *find_array(const struct layer *layer, const char *what, int k, int direction)
{
    return torch_find(layer->program, layer->module, parameter_name(layer, what, k, direction));
}

static bool find_sizes(struct layer *layer)
{
    const struct array *W = find_array(layer, "weight_ih", 0, 0), *U = find_array(layer, "weight_hh", 0, 0);
    const struct array *V = find_array(layer, "weight_hr", 0, 0);
    const char *prefix = layer->module->prefix;
    if (!U || W->rank != 2 || U->rank != 2 || (V && V->rank != 2))
        return torch_error(layer->program, ": '%sweight_ih_l0' needs '%sweight_hh_l0' beside it, both matrices", prefix,
                           prefix);
    layer->inputs = W->shape[1];
    layer->units = V ? V->shape[1] : U->shape[1];
    layer->projection = V ? V->shape[0] : 0;
    layer->directions = find_array(layer, "weight_ih", 0, 1) ? 2 : 1;
    layer->biased = find_array(layer, "bias_ih", 0, 0) != NULL;
    while (find_array(layer, "weight_ih", layer->layers, 0))
        layer->layers++;
    layer->kind = torch_find_kind(layer->program, W, U, layer->units);
    if (layer->kind && V && (layer->kind->gates != 4 || V->shape[0] < 1))
        return torch_error(layer->program, ": '%s' is %s, as in no LSTM", V->name, array_shape_text(layer->arena, V));
    return layer->kind != NULL;
}

static bool take(const struct layer *layer, const char *what, int k, int direction, long rows, long columns)
{
    return torch_take(layer->program, layer->module, parameter_name(layer, what, k, direction), rows, columns);
}

/* True for a tensor under the layer's prefix; without one, for a name as those of layers are. */
static bool is_of_layer(const struct layer *layer, const char *name)
{
    const size_t length = strlen(layer->module->prefix);
    if (length)
        return strncmp(name, layer->module->prefix, length) == 0;
    static const char *const begins[] = {"weight_ih_l", "weight_hh_l", "weight_hr_l", "bias_ih_l", "bias_hh_l"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (strncmp(name, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

static bool take_all(const struct layer *layer)
{
    const long rows = layer->kind->gates * layer->units, given = layer->projection ? layer->projection : layer->units;
    const int before = layer->program->network->weight_count;
    for (int k = 0; k < layer->layers; k++)
        for (int d = 0; d < layer->directions; d++)
            if (!take(layer, "weight_ih", k, d, rows, k ? given * layer->directions : layer->inputs) ||
                !take(layer, "weight_hh", k, d, rows, given) ||
                (layer->biased && (!take(layer, "bias_ih", k, d, rows, 0) || !take(layer, "bias_hh", k, d, rows, 0))) ||
                (layer->projection && !take(layer, "weight_hr", k, d, given, layer->units)))
                return false;
    int with_prefix = 0;
    for (int i = 0; i < layer->program->array_count; i++)
        with_prefix += is_of_layer(layer, layer->program->arrays[i].name);
    const int taken = layer->program->network->weight_count - before;
    const char *prefix = layer->module->prefix;
    return with_prefix == taken ||
           torch_error(layer->program,
                       " has %d tensors%s, but an nn.%s of %d layers as these has %d: save the "
                       "state_dict as PyTorch gives it",
                       with_prefix, *prefix ? arena_printf(layer->arena, " under '%s'", prefix) : " of a layer",
                       layer->kind->module, layer->layers, taken);
}

/* ---- the program ---- */

/* "n" or "n, p" or "n, relu" */
static const char *arguments(const struct layer *layer, const char *n, const char *p)
{
    return layer->projection ? arena_printf(layer->arena, "%s, %s", n, p)
                             : arena_printf(layer->arena, "%s%s", n, layer->kind->option);
}

static void write_direction(struct text *out, const struct layer *layer, int k, int d)
{
    const int gates = layer->kind->gates;
    const char *rows = gates == 1 ? "n" : arena_printf(layer->arena, "%d*n", gates);
    const char *given = layer->projection ? "p" : "n", *end = d ? "_reverse" : "";
    const char *input = k == 0 ? "m" : layer->directions == 2 ? arena_printf(layer->arena, "2*%s", given) : given;
    text_printf(out, "  param weight_ih_l%d%s[%s, %s], weight_hh_l%d%s[%s, %s]", k, end, rows, input, k, end, rows,
                given);
    if (layer->biased)
        text_printf(out, ", bias_ih_l%d%s[%s], bias_hh_l%d%s[%s]", k, end, rows, k, end, rows);
    if (layer->projection)
        text_printf(out, "\n  param weight_hr_l%d%s[p, n]", k, end);
    text_printf(out, "\n  %s%d = %storch.%s%s[%s](", d ? "backward" : "forward", k, d ? "reverse " : "",
                layer->projection ? "projected_" : "", layer->kind->cell, arguments(layer, "n", "p"));
    if (k)
        text_printf(out, "h%d", k - 1);
    else
        text_puts(out, "x");
    text_printf(out, ", weight_ih_l%d%s, weight_hh_l%d%s, ", k, end, k, end);
    if (!layer->biased)
        text_puts(out, gates == 3 ? "zero, zero" : "0");
    else
        text_printf(out, "bias_ih_l%d%s %s bias_hh_l%d%s", k, end, gates == 3 ? "," : "+", k, end);
    if (layer->projection)
        text_printf(out, ", weight_hr_l%d%s", k, end);
    text_puts(out, ")\n");
}

/* A layer that std.torch does not have: of more than three layers, or without biases. */
static void write_cell(struct text *out, const struct layer *layer, const char *name)
{
    const char *given = layer->projection ? "p" : "n";
    text_printf(out, "cell %s[n%s](x[m]) -> h[%s%s] {\n", name, layer->projection ? ", p" : "",
                layer->directions == 2 ? "2*" : "", given);
    if (!layer->biased && layer->kind->gates == 3)
        text_puts(out, "  zero[3*n] = 0\n");
    for (int k = 0; k < layer->layers; k++) {
        for (int d = 0; d < layer->directions; d++)
            write_direction(out, layer, k, d);
        const char *given_name = k + 1 == layer->layers ? "h" : arena_printf(layer->arena, "h%d", k);
        text_printf(out, layer->directions == 2 ? "  %s = concat(forward%d, backward%d)\n" : "  %s = forward%d\n",
                    given_name, k, k);
    }
    text_puts(out, "}\n\n");
}

/* "(7, 12, num_layers=2, bidirectional=True)" */
static const char *arguments_in_torch(const struct layer *layer)
{
    struct text out;
    text_init(&out, layer->arena);
    text_printf(&out, "(%ld, %ld", layer->inputs, layer->units);
    if (layer->layers > 1)
        text_printf(&out, ", num_layers=%d", layer->layers);
    text_printf(&out, "%s%s%s", layer->biased ? "" : ", bias=False",
                layer->directions == 2 ? ", bidirectional=True" : "", layer->kind->keyword);
    if (layer->projection)
        text_printf(&out, ", proj_size=%ld", layer->projection);
    text_puts(&out, ")");
    return out.data;
}

static void write_equation(struct layer *layer)
{
    struct torch_program *program = layer->program;
    const char *n = arena_printf(layer->arena, "%ld", layer->units);
    const char *p = arena_printf(layer->arena, "%ld", layer->projection);
    text_printf(&program->equations, "  %s = ", layer->module->name);
    if (!layer->biased || layer->layers > MODULE_LAYERS) {
        const char *cell =
            program->cells.length ? arena_printf(layer->arena, "Layers%d", ++program->cell_count) : "Layers";
        write_cell(&program->cells, layer, cell);
        text_printf(&program->equations, "%s[%s]", cell, layer->projection ? arguments(layer, n, p) : n);
    } else {
        text_printf(&program->equations, "torch.%s%s%s", layer->directions == 2 ? "Bi" : "", layer->kind->module,
                    layer->projection ? "P" : "");
        if (layer->layers > 1)
            text_printf(&program->equations, "%d", layer->layers);
        text_printf(&program->equations, "[%s]", arguments(layer, n, p));
    }
    text_printf(&program->equations, "(%s)\n", program->expression);
}

bool torch_recurrent(struct torch_program *program, struct torch_module *module)
{
    struct layer layer = {.arena = program->arena, .program = program, .module = module};
    if (!find_sizes(&layer))
        return false;
    if (!module->name)
        module->name = layer.kind->cell;
    if (!torch_enter(program, module, layer.inputs, true) || !take_all(&layer))
        return false;
    write_equation(&layer);
    torch_give(program, module, module->name, layer.directions * (layer.projection ? layer.projection : layer.units),
               "nn.%s%s", layer.kind->module, arguments_in_torch(&layer));
    return true;
}
