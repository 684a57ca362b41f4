#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "data/array.h"
#include "import/torch.h"

static const struct kind {
    const char *as;      /* of the command line */
    const char *module;  /* in torch.nn, and of its cells in std.torch */
    const char *cell;    /* one direction of one layer, in std.torch */
    const char *option;  /* of both cells, behind the units */
    const char *keyword; /* in the call of torch.nn */
    int gates;
} kinds[] = {
    {"lstm", "LSTM", "lstm", "", "", 4},
    {"gru", "GRU", "gru", "", "", 3},
    {"rnn_tanh", "RNN", "rnn", "", "", 1},
    {"rnn_relu", "RNN", "rnn", ", relu", ", nonlinearity='relu'", 1},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0], MODULE_LAYERS = 3 /* the most that cells of std.torch have */ };

struct layer {
    struct arena *arena;
    const char *path;
    const struct array *arrays;
    int array_count;
    const char *prefix; /* with its dot, or "" */
    const char *name;   /* of the equation */
    const struct kind *kind;
    long inputs, units, projection; /* 0: none */
    int layers, directions;
    bool biased;
};

static const struct kind *find_kind(const char *as)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].as, as) == 0)
            return &kinds[i];
    return NULL;
}

bool torch_has_kind(const char *as) { return find_kind(as) != NULL; }

/* "weight_ih_l1_reverse" */
static const char *parameter_name(const struct layer *layer, const char *what, int k, int direction)
{
    return arena_printf(layer->arena, "%s_l%d%s", what, k, direction ? "_reverse" : "");
}

static const struct array *find_array(const struct layer *layer, const char *what, int k, int direction)
{
    const char *name = arena_printf(layer->arena, "%s%s", layer->prefix, parameter_name(layer, what, k, direction));
    for (int i = 0; i < layer->array_count; i++)
        if (strcmp(layer->arrays[i].name, name) == 0)
            return &layer->arrays[i];
    return NULL;
}

/* ---- which layer ---- */

/* The length of "encoder." in "encoder.weight_ih_l0", or -1. */
static int prefix_length(const char *name)
{
    static const char first[] = "weight_ih_l0";
    const size_t length = strlen(name), end = sizeof first - 1;
    if (length < end || strcmp(name + length - end, first) != 0)
        return -1;
    return length == end || name[length - end - 1] == '.' ? (int)(length - end) : -1;
}

static bool find_prefix(struct layer *layer, const char *given, const char **error)
{
    struct text found;
    text_init(&found, layer->arena);
    int count = 0;
    for (int i = 0; i < layer->array_count; i++) {
        const char *name = layer->arrays[i].name;
        const int length = prefix_length(name), shown = length > 0 ? length - 1 : 0;
        if (length < 0)
            continue;
        text_printf(&found, "%s'%.*s'", found.length ? ", " : "", shown, name);
        if (given && (strlen(given) != (size_t)shown || strncmp(given, name, (size_t)shown) != 0))
            continue;
        layer->prefix = arena_printf(layer->arena, "%.*s", length, name);
        count++;
    }
    if (count == 1)
        return true;
    if (!found.length)
        *error = arena_printf(layer->arena,
                              "'%s' has no layer of nn.LSTM, nn.GRU or nn.RNN: no tensor's name ends in 'weight_ih_l0'",
                              layer->path);
    else if (given)
        *error = arena_printf(layer->arena, "'%s' has no recurrent layer '%s'; there are: %s", layer->path, given,
                              found.data);
    else
        *error = arena_printf(layer->arena, "'%s' has several recurrent layers, %s: choose one with --prefix",
                              layer->path, found.data);
    return false;
}

/* Names the equation as the layer, whose name need not be one that an equation can have. */
static bool find_name(struct layer *layer, const char **error)
{
    static const char *const taken[] = {"x", "y", "t", "torch"};
    const size_t length = strlen(layer->prefix);
    bool part_begins = true, fits = true;
    for (size_t i = 0; i + 1 < length; i++) {
        const char c = layer->prefix[i];
        fits = fits && (c == '.' ? !part_begins : isalnum((unsigned char)c) || c == '_');
        part_begins = c == '.';
    }
    if (!fits || (length && part_begins)) {
        *error = arena_printf(layer->arena,
                              "'%s': equations cannot be named '%.*s', as a layer is there: names have letters, digits "
                              "and _, with dots between them",
                              layer->path, (int)length - 1, layer->prefix);
        return false;
    }
    if (!length) {
        layer->name = layer->kind->cell;
        return true;
    }
    layer->name = arena_printf(layer->arena, "%.*s", (int)length - 1, layer->prefix);
    bool moved = isdigit((unsigned char)*layer->name);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        moved = moved || (strncmp(layer->name, taken[i], strlen(taken[i])) == 0 &&
                          strcspn(layer->name, ".") == strlen(taken[i]));
    if (moved)
        layer->name = arena_printf(layer->arena, "layer.%s", layer->name);
    return true;
}

/* ---- what it is ---- */

static bool find_sizes(struct layer *layer, const char *as, const char **error)
{
    const struct array *W = find_array(layer, "weight_ih", 0, 0), *U = find_array(layer, "weight_hh", 0, 0);
    const struct array *V = find_array(layer, "weight_hr", 0, 0);
    if (!U || W->rank != 2 || U->rank != 2 || (V && V->rank != 2)) {
        *error = arena_printf(layer->arena, "'%s': '%sweight_ih_l0' needs '%sweight_hh_l0' beside it, both matrices",
                              layer->path, layer->prefix, layer->prefix);
        return false;
    }
    layer->inputs = W->shape[1];
    layer->units = V ? V->shape[1] : U->shape[1];
    layer->projection = V ? V->shape[0] : 0;
    layer->directions = find_array(layer, "weight_ih", 0, 1) ? 2 : 1;
    layer->biased = find_array(layer, "bias_ih", 0, 0) != NULL;
    while (find_array(layer, "weight_ih", layer->layers, 0))
        layer->layers++;
    layer->kind = as ? find_kind(as) : NULL;
    for (int i = 0; i < KIND_COUNT && !layer->kind; i++)
        if (layer->units > 0 && W->shape[0] % layer->units == 0 && W->shape[0] / layer->units == kinds[i].gates)
            layer->kind = &kinds[i];
    if (!layer->kind || layer->units < 1 || layer->inputs < 1 || W->shape[0] % layer->units ||
        W->shape[0] / layer->units != layer->kind->gates || (V && (layer->kind->gates != 4 || V->shape[0] < 1))) {
        *error = arena_printf(layer->arena, "'%s': '%sweight_ih_l0' is %s and '%sweight_hh_l0' %s, as in no %s",
                              layer->path, layer->prefix, array_shape_text(layer->arena, W), layer->prefix,
                              array_shape_text(layer->arena, U), as ? layer->kind->module : "LSTM, GRU or RNN");
        return false;
    }
    if (!as && layer->kind->gates == 1) {
        *error = arena_printf(layer->arena,
                              "'%s' does not say which function the RNN of '%sweight_ih_l0' has: give "
                              "--as torch:rnn_tanh or --as torch:rnn_relu",
                              layer->path, layer->prefix);
        return false;
    }
    return true;
}

/* Takes the tensor if it is as it has to be: [rows, columns], or [rows] where columns is 0. */
static bool take(const struct layer *layer, struct torch_network *network, const char *what, int k, int direction,
                 long rows, long columns, const char **error)
{
    const struct array *array = find_array(layer, what, k, direction);
    const char *name = parameter_name(layer, what, k, direction);
    if (!array) {
        *error = arena_printf(layer->arena, "'%s' lacks '%s%s'", layer->path, layer->prefix, name);
        return false;
    }
    struct array wanted = {.rank = columns ? 2 : 1, .shape = {rows, columns}};
    if (array->problem || array->rank != wanted.rank || array->shape[0] != rows ||
        (columns && array->shape[1] != columns)) {
        *error = array->problem
                     ? array->problem
                     : arena_printf(layer->arena, "'%s': '%s' is %s instead of %s", layer->path, array->name,
                                    array_shape_text(layer->arena, array), array_shape_text(layer->arena, &wanted));
        return false;
    }
    struct array *weight = &network->weights[network->weight_count++];
    *weight = *array;
    weight->name = arena_printf(layer->arena, "%s.%s", layer->name, name);
    return true;
}

/* True for a tensor under the layer's prefix; without one, for a name as those of layers are. */
static bool is_of_layer(const struct layer *layer, const char *name)
{
    const size_t length = strlen(layer->prefix);
    if (length)
        return strncmp(name, layer->prefix, length) == 0;
    static const char *const begins[] = {"weight_ih_l", "weight_hh_l", "weight_hr_l", "bias_ih_l", "bias_hh_l"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (strncmp(name, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

static bool take_all(const struct layer *layer, struct torch_network *network, const char **error)
{
    const long rows = layer->kind->gates * layer->units, given = layer->projection ? layer->projection : layer->units;
    for (int k = 0; k < layer->layers; k++)
        for (int d = 0; d < layer->directions; d++)
            if (!take(layer, network, "weight_ih", k, d, rows, k ? given * layer->directions : layer->inputs, error) ||
                !take(layer, network, "weight_hh", k, d, rows, given, error) ||
                (layer->biased && (!take(layer, network, "bias_ih", k, d, rows, 0, error) ||
                                   !take(layer, network, "bias_hh", k, d, rows, 0, error))) ||
                (layer->projection && !take(layer, network, "weight_hr", k, d, given, layer->units, error)))
                return false;
    int with_prefix = 0;
    for (int i = 0; i < layer->array_count; i++)
        with_prefix += is_of_layer(layer, layer->arrays[i].name);
    if (with_prefix != network->weight_count) {
        const char *under = *layer->prefix ? arena_printf(layer->arena, " under '%s'", layer->prefix) : " of a layer";
        *error =
            arena_printf(layer->arena,
                         "'%s' has %d tensors%s, but an nn.%s of %d layers as these has %d: save the "
                         "state_dict as PyTorch gives it",
                         layer->path, with_prefix, under, layer->kind->module, layer->layers, network->weight_count);
        return false;
    }
    network->left_out = layer->array_count - network->weight_count;
    return true;
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
static void write_cell(struct text *out, const struct layer *layer)
{
    const char *given = layer->projection ? "p" : "n";
    text_printf(out, "cell Layers[n%s](x[m]) -> h[%s%s] {\n", layer->projection ? ", p" : "",
                layer->directions == 2 ? "2*" : "", given);
    if (!layer->biased && layer->kind->gates == 3)
        text_puts(out, "  zero[3*n] = 0\n");
    for (int k = 0; k < layer->layers; k++) {
        for (int d = 0; d < layer->directions; d++)
            write_direction(out, layer, k, d);
        const char *name = k + 1 == layer->layers ? "h" : arena_printf(layer->arena, "h%d", k);
        text_printf(out, layer->directions == 2 ? "  %s = concat(forward%d, backward%d)\n" : "  %s = forward%d\n", name,
                    k, k);
    }
    text_puts(out, "}\n\n");
}

static const char *write_program(const struct layer *layer)
{
    const bool own = !layer->biased || layer->layers > MODULE_LAYERS;
    const char *n = arena_printf(layer->arena, "%ld", layer->units);
    const char *p = arena_printf(layer->arena, "%ld", layer->projection);
    struct text out;
    text_init(&out, layer->arena);
    text_printf(&out, "# PyTorch: nn.%s(%ld, %s", layer->kind->module, layer->inputs, n);
    if (layer->layers > 1)
        text_printf(&out, ", num_layers=%d", layer->layers);
    text_printf(&out, "%s%s%s", layer->biased ? "" : ", bias=False",
                layer->directions == 2 ? ", bidirectional=True" : "", layer->kind->keyword);
    if (layer->projection)
        text_printf(&out, ", proj_size=%s", p);
    text_puts(&out, ")\nimport std.torch\n\n");
    if (own)
        write_cell(&out, layer);
    text_printf(&out, "model net {\n  input x[%ld]\n  %s = ", layer->inputs, layer->name);
    if (own)
        text_printf(&out, "Layers[%s](x)\n", layer->projection ? arguments(layer, n, p) : n);
    else {
        text_printf(&out, "torch.%s%s%s", layer->directions == 2 ? "Bi" : "", layer->kind->module,
                    layer->projection ? "P" : "");
        if (layer->layers > 1)
            text_printf(&out, "%d", layer->layers);
        text_printf(&out, "[%s](x)\n", arguments(layer, n, p));
    }
    text_printf(&out, "  output y = %s\n}\n", layer->name);
    return out.data;
}

bool torch_import(struct arena *arena, const char *path, const struct torch_choice *choice,
                  struct torch_network *network, const char **error)
{
    struct array *arrays;
    int count;
    if (!safetensors_read(arena, path, &arrays, &count, error))
        return false;
    struct layer layer = {.arena = arena, .path = path, .arrays = arrays, .array_count = count};
    *network = (struct torch_network){.weights = ARENA_ARRAY(arena, struct array, count + 1)};
    if (!find_prefix(&layer, choice->prefix, error) || !find_sizes(&layer, choice->as, error) ||
        !find_name(&layer, error) || !take_all(&layer, network, error))
        return false;
    network->program = write_program(&layer);
    return true;
}
