#include "table/sources.h"

#include <string.h>

#include "base/arena.h"
#include "base/suggest.h"
#include "base/text.h"
#include "command/argument.h"
#include "data/columns.h"
#include "network/session.h"

const struct source *sources_find(const struct sources *sources, const char *name)
{
    const struct source *found = NULL;
    for (int i = 0; i < sources->count; i++)
        if (strcmp(sources->items[i].name, name) == 0 && (!found || sources->items[i].by_name))
            found = &sources->items[i];
    return found;
}

/* ---- names ---- */

static const rnn_tensor *find_named(const struct sources *sources, const char *name)
{
    for (int i = 0; i < sources->model->input_count; i++)
        if (strcmp(sources->model->inputs[i].name, name) == 0)
            return &sources->model->inputs[i];
    for (int i = 0; i < sources->target_count; i++)
        if (strcmp(sources->targets[i].name, name) == 0)
            return &sources->targets[i];
    return NULL;
}

/* Lists everything that is asked for; returns the number of names. */
static int list_wanted(const struct sources *sources, const char ***wanted)
{
    const rnn_model *model = sources->model;
    int count = 0;
    *wanted = ARENA_ARRAY(sources->arena, const char *, model->input_count + 2 * sources->target_count + 1);
    for (int i = 0; i < model->input_count; i++)
        (*wanted)[count++] = model->inputs[i].name;
    for (int i = 0; i < sources->target_count; i++) {
        (*wanted)[count++] = sources->targets[i].name;
        if (sources->targets[i].type == RNN_TYPE_LABELS)
            (*wanted)[count++] = arena_printf(sources->arena, "%s.lengths", sources->targets[i].name);
    }
    (*wanted)[count++] = "lengths";
    return count;
}

/* True if something of this name is asked for; else suggests the nearest name that is missing. */
static bool is_wanted(const struct sources *sources, const char *name, struct suggestion *near)
{
    const char **wanted;
    int count = list_wanted(sources, &wanted);
    suggest_init(near, name);
    for (int i = 0; i < count; i++) {
        if (strcmp(name, wanted[i]) == 0)
            return true;
        if (!sources_find(sources, wanted[i]))
            suggest_consider(near, wanted[i]);
    }
    return false;
}

static const char *kinds(const struct sources *sources) { return sources->target_count ? "input or target" : "input"; }

/* "'x', 'y'" */
static const char *print_wanted(const struct sources *sources)
{
    struct text text;
    text_init(&text, sources->arena);
    text_puts(&text, "");
    for (int i = 0; i < sources->model->input_count; i++)
        text_printf(&text, "%s'%s'", text.length ? ", " : "", sources->model->inputs[i].name);
    for (int i = 0; i < sources->target_count; i++)
        text_printf(&text, "%s'%s'", text.length ? ", " : "", sources->targets[i].name);
    return text.length ? text.data : "none";
}

static bool refuse_name(const struct sources *sources, const struct source *source, const char *near)
{
    struct arena *arena = sources->arena;
    const char *model = sources->model->name;
    const char *hint = near              ? arena_printf(arena, "; did you mean '%s'?", near)
                       : source->by_name ? arena_printf(arena, "; it has %s", print_wanted(sources))
                                         : "";
    *sources->error = source->by_name
                          ? arena_printf(arena, "%s %s=%s: '%s' has no %s of that name%s", sources->option,
                                         source->name, source->path, model, kinds(sources), hint)
                          : arena_printf(arena, "'%s': '%s' has no %s '%s'%s If not, leave the array out of the file",
                                         source->path, model, kinds(sources), source->name, hint);
    return false;
}

/* True for `NAME.lengths`, the number of labels, if targets are not asked for. */
static bool counts_labels(const struct sources *sources, const char *name)
{
    const char *point = strrchr(name, '.');
    return !sources->target_count && point && strcmp(point, ".lengths") == 0;
}

/* Checks that all NAME=FILE are asked for, and that nothing is given twice. A file may hold more than is asked for, but
 * nothing that looks like a misspelling of a missing name. */
static bool check_names(struct sources *sources)
{
    struct text unused;
    text_init(&unused, sources->arena);
    for (int i = 0; i < sources->count; i++) {
        const struct source *source = &sources->items[i];
        struct suggestion near;
        bool wanted = is_wanted(sources, source->name, &near);
        if (!wanted) {
            if (source->by_name || (near.best && !counts_labels(sources, source->name)))
                return refuse_name(sources, source, near.best);
            text_printf(&unused, "%s'%s' in '%s'", unused.length ? ", " : "", source->name, source->path);
        }
        if (wanted && source->array->problem) {
            *sources->error = source->array->problem;
            return false;
        }
        for (int k = 0; wanted && k < i; k++)
            if (sources->items[k].by_name == source->by_name && strcmp(sources->items[k].name, source->name) == 0) {
                *sources->error = arena_printf(sources->arena, "'%s' is given twice, in '%s' and '%s'", source->name,
                                               sources->items[k].path, source->path);
                return false;
            }
    }
    if (unused.length)
        sources->unused =
            arena_printf(sources->arena, "not used, as no %s has the name: %s", kinds(sources), unused.data);
    return true;
}

/* ---- files ---- */

static void add(struct sources *sources, const char *name, const char *path, const struct array *array, bool by_name)
{
    struct source source = {name, path, array, by_name};
    ARENA_PUSH(sources->arena, sources->items, sources->count, sources->capacity, source);
}

/* The names of the columns of a tensor: "x", or "x.0,x.1,x.2". */
static const char *print_columns(const struct sources *sources, const rnn_tensor *tensor)
{
    long units = tensor_units(tensor);
    if (units == 1)
        return tensor->name;
    return arena_printf(sources->arena, units == 2 ? "%s.0,%s.1" : "%s.0,%s.1,...", tensor->name, tensor->name);
}

/* A valid first line for a .csv file. */
static const char *print_header(const struct sources *sources)
{
    struct text text;
    text_init(&text, sources->arena);
    text_puts(&text, "");
    for (int i = 0; i < sources->model->input_count; i++)
        text_printf(&text, "%s%s", text.length ? "," : "", print_columns(sources, &sources->model->inputs[i]));
    for (int i = 0; i < sources->target_count; i++)
        text_printf(&text, "%s%s", text.length ? "," : "", print_columns(sources, &sources->targets[i]));
    return text.data;
}

/* Adds the array of a file without names that are asked for. */
static bool add_nameless(struct sources *sources, const struct array *array, const char *path)
{
    if (!sources->target_count && sources->model->input_count == 1) {
        if (!columns_check(array, sources->error))
            return false;
        add(sources, sources->model->inputs->name, path, array, false);
        return true;
    }
    struct arena *arena = sources->arena;
    const char *found = array->columns
                            ? arena_printf(arena, "'%s' has the columns %s", path, columns_print(arena, array))
                            : arena_printf(arena, "which %s is '%s' for", kinds(sources), path);
    const char *cure =
        columns_can_be_named(path)
            ? arena_printf(arena, ", or a first line with the names of the columns, such as %s", print_header(sources))
            : "";
    *sources->error = array->columns
                          ? arena_printf(arena, "%s, none of which is an %s of '%s': write %s NAME=%s%s", found,
                                         kinds(sources), sources->model->name, sources->option, path, cure)
                          : arena_printf(arena, "%s? '%s' has %s: write %s NAME=%s%s", found, sources->model->name,
                                         print_wanted(sources), sources->option, path, cure);
    return false;
}

/* Takes the columns of a .csv file that have this name. */
static bool take_columns(struct sources *sources, const struct array *array, const char *path, const char *name,
                         bool by_name)
{
    struct array *part = ARENA_NEW(sources->arena, struct array);
    if (!columns_take(sources->arena, path, array, name, part, sources->error))
        return false;
    add(sources, name, path, part, by_name);
    return true;
}

/* Adds every column of a .csv file under its name, if any of them is asked for. */
static bool add_columns(struct sources *sources, const struct array *array, const char *path)
{
    const char **names;
    int count, before = sources->count;
    columns_names(sources->arena, array, &names, &count);
    for (int i = 0; i < count; i++) {
        struct suggestion near;
        if (is_wanted(sources, names[i], &near) && !take_columns(sources, array, path, names[i], false))
            return false;
    }
    if (sources->count == before)
        return add_nameless(sources, array, path);
    for (int i = 0; i < count; i++) {
        struct suggestion near;
        if (!is_wanted(sources, names[i], &near))
            add(sources, names[i], path, array, false);
    }
    return true;
}

/* Adds --data NAME=FILE.csv: the columns of that name; all columns if none has it, or if they are as many as the tensor
 * has units and so have names of their own. */
static bool add_named_columns(struct sources *sources, const struct array *array, struct named_file file)
{
    const rnn_tensor *tensor = find_named(sources, file.name);
    const char **names;
    int count;
    columns_names(sources->arena, array, &names, &count);
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], file.name) == 0 && !(tensor && tensor_units(tensor) == array->shape[1]))
            return take_columns(sources, array, file.path, file.name, true);
    if (!columns_check(array, sources->error))
        return false;
    add(sources, file.name, file.path, array, true);
    return true;
}

/* Adds --data NAME=FILE. */
static bool add_named(struct sources *sources, const struct array *arrays, int count, struct named_file file)
{
    for (int i = 0; i < count; i++)
        if (count == 1 || strcmp(arrays[i].name, file.name) == 0)
            return add(sources, file.name, file.path, &arrays[i], true), true;
    *sources->error = arena_printf(sources->arena, "'%s' has no array '%s'", file.path, file.name);
    return false;
}

static bool add_file(struct sources *sources, const char *argument)
{
    struct named_file file = named_file_split(sources->arena, argument);
    struct array *arrays;
    int count;
    if (!arrays_read(sources->arena, file.path, &arrays, &count, sources->error))
        return false;
    if (count == 1 && arrays->columns)
        return file.name ? add_named_columns(sources, arrays, file) : add_columns(sources, arrays, file.path);
    if (file.name)
        return add_named(sources, arrays, count, file);
    if (count == 1 && !arrays->name)
        return add_nameless(sources, arrays, file.path);
    for (int i = 0; i < count; i++)
        add(sources, arrays[i].name, file.path, &arrays[i], false);
    return true;
}

bool sources_read(struct sources *sources, const char *const *files, int count)
{
    for (int i = 0; i < count; i++)
        if (!add_file(sources, files[i]))
            return false;
    return check_names(sources);
}

const char *sources_explain_missing(const struct sources *sources, const char *what, const char *name)
{
    return arena_printf(sources->arena,
                        "no data for %s '%s': give %s %s=FILE, or a file that holds it under that name, .npz, "
                        ".safetensors, or .csv with names of columns",
                        what, name, sources->option, name);
}
