#include "import/torch.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/op.h"
#include "import/torch_program.h"

/* ---- which module ---- */

/* The length of "encoder." in "encoder.weight_ih_l0" and "encoder.weight_ih", or -1. */
static int prefix_length(const char *name)
{
    static const char *const ends[] = {"weight_ih_l0", "weight_ih"};
    const size_t length = strlen(name);
    for (int i = 0; i < 2; i++) {
        const size_t end = strlen(ends[i]);
        if (length >= end && strcmp(name + length - end, ends[i]) == 0 &&
            (length == end || name[length - end - 1] == '.'))
            return (int)(length - end);
    }
    return -1;
}

/* The prefix of the file's recurrent module, or of the one that is given; NULL, with an error. */
static const char *find_prefix(struct torch_program *program, const char *given)
{
    struct text found;
    const char *prefix = NULL;
    int count = 0;
    text_init(&found, program->arena);
    for (int i = 0; i < program->array_count; i++) {
        const char *name = program->arrays[i].name;
        const int length = prefix_length(name), shown = length > 0 ? length - 1 : 0;
        if (length < 0)
            continue;
        text_printf(&found, "%s'%.*s'", found.length ? ", " : "", shown, name);
        if (given && (strlen(given) != (size_t)shown || strncmp(given, name, (size_t)shown) != 0))
            continue;
        prefix = arena_printf(program->arena, "%.*s", length, name);
        count++;
    }
    if (count == 1)
        return prefix;
    if (!found.length)
        torch_error(program,
                    " has no layer of nn.LSTM, nn.GRU or nn.RNN, nor one of their cells: no tensor's name ends in "
                    "'weight_ih_l0' or 'weight_ih'; --chain names other modules, in the order in which they are "
                    "called");
    else if (given)
        torch_error(program, " has no recurrent layer '%s'; there are: %s", given, found.data);
    else
        torch_error(program,
                    " has several recurrent layers, %s: choose one with --prefix, or name all modules in their order "
                    "with --chain",
                    found.data);
    return NULL;
}

/* Names the equation as the module, whose name need not be one that an equation can have. */
static bool find_name(struct torch_program *program, struct torch_module *module)
{
    static const char *const taken[] = {"x", "y", "t", "torch"};
    const char *prefix = module->prefix;
    const size_t length = strlen(prefix);
    bool part_begins = true, fits = true;
    for (size_t i = 0; i + 1 < length; i++) {
        const char c = prefix[i];
        fits = fits && (c == '.' ? !part_begins : isalnum((unsigned char)c) || c == '_');
        part_begins = c == '.';
    }
    if (!fits || (length && part_begins))
        return torch_error(program,
                           ": equations cannot be named '%.*s', as a layer is there: names have letters, digits "
                           "and _, with dots between them",
                           (int)length - 1, prefix);
    if (!length) /* the layer names itself */
        return true;
    const char *name = arena_printf(program->arena, "%.*s", (int)length - 1, prefix);
    bool moved = isdigit((unsigned char)*name);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        moved = moved || (strncmp(name, taken[i], strlen(taken[i])) == 0 && strcspn(name, ".") == strlen(taken[i]));
    module->name = moved ? arena_printf(program->arena, "layer.%s", name) : name;
    return true;
}

static bool write_module(struct torch_program *program, const char *prefix, const char *options)
{
    struct torch_module module = {.prefix = prefix, .options = options};
    if (!find_name(program, &module))
        return false;
    return torch_find(program, &module, "weight_ih_l0") && !*options ? torch_recurrent(program, &module)
                                                                     : torch_other(program, &module);
}

/* ---- several modules ---- */

static bool has_module(const struct torch_program *program, const char *prefix)
{
    for (int i = 0; i < program->array_count; i++)
        if (strncmp(program->arrays[i].name, prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* A function of the language with one argument: `relu`, `softmax`, `last`. */
static bool write_function(struct torch_program *program, const char *name)
{
    const enum op op = op_find(name, (int)strlen(name));
    const struct op_info *info = op == OP_COUNT ? NULL : op_info(op);
    const bool over_time = info && info->class == OP_CLASS_OVER_TIME;
    if (!info || info->least != 1 || info->shape == SHAPE_REDUCE ||
        (info->class != OP_CLASS_ELEMENTWISE && info->class != OP_CLASS_COLUMN && !over_time))
        return torch_error(program, ": --chain: there is neither a module '%s' nor a function of one value", name);
    if (!program->before)
        return torch_error(program, ": --chain: '%s' needs a module before it", name);
    if (over_time && program->whole)
        return torch_error(program,
                           ": --chain: '%s' takes frames, but '%s' before it gives one value for each sequence", name,
                           program->before);
    program->expression = arena_printf(program->arena, "%s(%s)", name, program->expression);
    program->before = name;
    program->whole = program->whole || over_time;
    return true;
}

/* False, with an error, if the module has the name of one before it, or a part of that, as equations cannot. */
static bool check_names(struct torch_program *program, const char *const *prefixes, int count)
{
    const char *last = prefixes[count];
    for (int i = 0; i < count; i++) {
        const size_t length = strlen(prefixes[i]), other = strlen(last);
        if (strcmp(prefixes[i], last) == 0)
            return torch_error(program, ": --chain: '%.*s' is called twice, which a program of equations cannot do",
                               (int)other - 1, last);
        if (strncmp(prefixes[i], last, length < other ? length : other) == 0)
            return torch_error(program, ": --chain: '%.*s' and '%.*s' cannot both be there: one is within the other",
                               (int)length - 1, prefixes[i], (int)other - 1, last);
    }
    return true;
}

/* Writes "conv:padding=1,relu,lstm,last,head". */
static bool write_chain(struct torch_program *program, const char *chain)
{
    const char **prefixes = ARENA_ARRAY(program->arena, const char *, strlen(chain) + 1);
    int count = 0;
    for (const char *c = chain; *c;) {
        const size_t length = strcspn(c, ",");
        char *name = arena_copy_string(program->arena, c, length), *options = strchr(name, ':');
        if (options)
            *options++ = '\0';
        prefixes[count] = arena_printf(program->arena, "%s.", name);
        c += length + (c[length] == ',');
        if (!has_module(program, prefixes[count])) {
            if (options)
                return torch_error(program, ": --chain: there is no module '%s' of which '%s' could be said", name,
                                   options);
            if (!write_function(program, name))
                return false;
        } else if (!check_names(program, prefixes, count) ||
                   !write_module(program, prefixes[count++], options ? options : "")) {
            return false;
        }
    }
    return program->before || torch_error(program, ": --chain names no module");
}

/* ---- the program ---- */

/* True for what the program has, and for how often a BatchNorm was trained, which is nothing to compute with. */
static bool is_taken(const struct torch_program *program, const struct array *array)
{
    const char *dot = strrchr(array->name, '.');
    bool taken = dot && strcmp(dot, ".num_batches_tracked") == 0;
    for (int k = 0; k < program->network->weight_count && !taken; k++)
        taken = program->network->weights[k].data == array->data;
    return taken;
}

/* Counts the tensors that are left out, and names their modules: "'embedding', 'head'". */
static void find_left_out(struct torch_program *program)
{
    struct text out;
    const char *last = "";
    text_init(&out, program->arena);
    text_puts(&out, "");
    for (int i = 0; i < program->array_count; i++) {
        const char *name = program->arrays[i].name, *dot = strrchr(name, '.');
        if (is_taken(program, &program->arrays[i]))
            continue;
        program->network->left_out++;
        const char *module = arena_printf(program->arena, "%.*s", dot ? (int)(dot - name) : 0, name);
        if (!dot || strcmp(module, last) == 0 || out.length > 200)
            continue;
        text_printf(&out, "%s'%s'", out.length ? ", " : "", module);
        last = module;
    }
    program->network->left_modules = out.data;
}

/* False, with an error, if the file has more than the one layer that it was searched for, which nobody has chosen. */
static bool check_whole(struct torch_program *program, const char *prefix)
{
    const struct torch_network *network = program->network;
    if (!network->left_out)
        return true;
    const int shown = *prefix ? (int)strlen(prefix) - 1 : 0;
    return torch_error(program,
                       " has more than the recurrent layer '%.*s': %d other tensor%s%s%s: name all modules with "
                       "--chain, in the order in which they are called and with the functions between them, or choose "
                       "this layer alone with --prefix '%.*s'",
                       shown, prefix, network->left_out, network->left_out == 1 ? "" : "s",
                       *network->left_modules ? ", of " : "", network->left_modules, shown, prefix);
}

bool torch_import(struct arena *arena, const char *path, const struct torch_choice *choice,
                  struct torch_network *network, const char **error)
{
    struct array *arrays;
    int count;
    if (!safetensors_read(arena, path, &arrays, &count, error))
        return false;
    struct torch_program program = {.arena = arena,
                                    .path = path,
                                    .arrays = arrays,
                                    .array_count = count,
                                    .as = choice->as,
                                    .error = error,
                                    .network = network};
    text_init(&program.cells, arena);
    text_init(&program.equations, arena);
    text_init(&program.modules, arena);
    text_init(&program.notes, arena);
    text_puts(&program.notes, "");
    text_puts(&program.cells, "");
    *network = (struct torch_network){.weights = ARENA_ARRAY(arena, struct array, count + 1)};
    const char *prefix = choice->chain ? NULL : find_prefix(&program, choice->prefix);
    if (choice->chain ? !write_chain(&program, choice->chain) : !prefix || !write_module(&program, prefix, ""))
        return false;
    find_left_out(&program);
    if (!choice->chain && !choice->prefix && !check_whole(&program, prefix))
        return false;
    network->notes = program.notes.data;
    const char *about = choice->chain ? arena_printf(arena, "\n%s", program.modules.data)
                                      : arena_printf(arena, " %s\n", program.module);
    network->program =
        arena_printf(arena, "# PyTorch:%simport std.torch\n\n%smodel net {\n  input %s\n%s  output y = %s\n}\n", about,
                     program.cells.data, program.input, program.equations.data, program.expression);
    return true;
}
