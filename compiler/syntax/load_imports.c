/* Stage load-imports: finds the files behind `import`, parses each once, and puts them in the order in which they need
 * each other. */
#include "syntax/parse_file.h"

#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/scc.h"
#include "base/suggest.h"
#include "syntax/modules.h"
#include "syntax/tree.h"

enum { PARTS_MOST = 1000 };

struct loading {
    struct arena *arena;
    struct source *source;
    const struct import_options *options;
    struct diagnostics *diag;
    struct tree **trees; /* in the order in which they were found, the program first */
    int count, capacity;
    bool is_full; /* there are too many, which has been said */
};

/* ---- finding a file ---- */

static int add_module(struct loading *loading, const struct import *import)
{
    const struct name *path = &import->path;
    const struct module_text *module = module_find(path->text);
    const char *error;
    if (module) {
        const char *name = arena_printf(loading->arena, "<%s>", module->name);
        int file = source_add_memory(loading->source, name, (const char *)module->text, module->length, &error);
        if (file < 0)
            diag_error(loading->diag, path->span, "%s", error);
        return file;
    }
    struct suggestion suggestion;
    suggest_init(&suggestion, path->text);
    const char *list = "";
    for (module = module_texts; module->name; module++) {
        suggest_consider(&suggestion, module->name);
        list = arena_printf(loading->arena, "%s%s'%s'", list, *list ? ", " : "", module->name);
    }
    diag_error(loading->diag, path->span, "there is no module '%s': there are %s", path->text, list);
    const struct module_text *standard = module_find(arena_printf(loading->arena, "std.%s", path->text));
    if (standard || suggestion.best)
        diag_note(loading->diag, path->span, "did you mean '%s'?", standard ? standard->name : suggestion.best);
    else if (strncmp(path->text, "std.", 4) != 0)
        diag_note(loading->diag, path->span, "a file is imported by 'import \"%s.rnn\"'", path->text);
    return -1;
}

/* Reports a file that is in none of the folders. */
static void tell_missing(struct loading *loading, const struct name *path, const char *first)
{
    const char *list = "";
    for (int i = 0; i < loading->options->folder_count; i++)
        list = arena_printf(loading->arena, "%s%s'%s'", list, *list ? ", " : "", loading->options->folders[i]);
    diag_error(loading->diag, path->span, "there is no file '%s'", first);
    if (*path->text != '/')
        diag_note(loading->diag, path->span,
                  *list ? "nor is there '%s' in the folders of -I: %s"
                        : "'%s' is looked for beside the file that imports it; -I FOLDER adds a folder",
                  path->text, list);
}

/* Looks for a file beside the one that imports it, then in the folders of -I. A folder of that name is passed over, and
 * told where there is no file. */
static int add_file(struct loading *loading, const struct tree *from, const struct import *import)
{
    const struct name *path = &import->path;
    const char *own = loading->source->files[from->file].name, *slash = strrchr(own, '/');
    const bool is_absolute = *path->text == '/';
    const char *first = slash && !is_absolute
                            ? arena_printf(loading->arena, "%.*s/%s", (int)(slash - own), own, path->text)
                            : path->text;
    const char *error = NULL;
    int file = source_add_file(loading->source, first, &error);
    for (int i = 0; file == SOURCE_MISSING && !is_absolute && i < loading->options->folder_count; i++)
        file = source_add_file(loading->source,
                               arena_printf(loading->arena, "%s/%s", loading->options->folders[i], path->text), &error);
    if (file == SOURCE_MISSING && !error)
        tell_missing(loading, path, first);
    else if (file < 0)
        diag_error(loading->diag, path->span, "%s", error);
    return file;
}

/* ---- loading all of them ---- */

static bool has_definitions(const struct tree *tree)
{
    for (int i = 0; i < tree->definition_count; i++)
        if (tree->definitions[i]->kind != DEFINE_MODEL && tree->definitions[i]->kind != DEFINE_IMPORT)
            return true;
    return false;
}

/* Reports a file that has nothing which another could use, unless mistakes in it have been told. */
static void check_use(struct loading *loading, const struct import *import)
{
    const struct tree *tree = import->imported;
    if (tree->is_wrong || has_definitions(tree))
        return;
    diag_error(loading->diag, import->path.span, "'%s' defines no cell, function or constant, which alone are imported",
               import->path.text);
    for (int i = 0; i < tree->definition_count; i++)
        if (tree->definitions[i]->kind == DEFINE_MODEL)
            diag_note(loading->diag, tree->definitions[i]->name.span,
                      "'%s' is a model: to be imported it has to be a cell", tree->definitions[i]->name.text);
}

/* Returns the tree of a file, which is parsed if it is new. NULL where there are too many. */
static struct tree *load_file(struct loading *loading, int file, const struct import *import)
{
    for (int i = 0; i < loading->count; i++)
        if (loading->trees[i]->file == file)
            return loading->trees[i];
    if (loading->count == PARTS_MOST) {
        diag_error(loading->diag, import->path.span, "the program imports more than %d files", PARTS_MOST);
        loading->is_full = true;
        return NULL;
    }
    const int errors = diag_error_count(loading->diag);
    struct tree *tree = parse_file(loading->arena, loading->source, file, loading->diag);
    tree->is_wrong = diag_error_count(loading->diag) > errors;
    ARENA_PUSH(loading->arena, loading->trees, loading->count, loading->capacity, tree);
    return tree;
}

static void load_import(struct loading *loading, const struct tree *from, struct import *import)
{
    const int file = import->is_module ? add_module(loading, import) : add_file(loading, from, import);
    import->imported = file < 0 ? NULL : load_file(loading, file, import);
    if (import->imported)
        check_use(loading, import);
}

/* ---- their order ---- */

static int number_of(const struct loading *loading, const struct tree *tree)
{
    int i = 0;
    while (loading->trees[i] != tree)
        i++;
    return i;
}

/* The import of a tree that leads to another, or NULL. */
static const struct import *find_import(const struct tree *tree, const struct tree *target)
{
    for (int i = 0; i < tree->definition_count; i++)
        if (tree->definitions[i]->kind == DEFINE_IMPORT && tree->definitions[i]->import->imported == target)
            return tree->definitions[i]->import;
    return NULL;
}

/* Reports the shortest way by which a tree imports itself: reached[i] is the tree from which trees[i] was reached. */
static void tell_circle(struct loading *loading, int first)
{
    struct tree **trees = loading->trees;
    int *reached = ARENA_ARRAY(loading->arena, int, loading->count),
        *queue = ARENA_ARRAY(loading->arena, int, loading->count);
    int count = 1, last = first;
    for (int i = 0; i < loading->count; i++)
        reached[i] = -1;
    queue[0] = first;
    for (int i = 0; i < count; i++) {
        last = queue[i];
        if (find_import(trees[last], trees[first]))
            break;
        for (int k = 0; k < loading->count; k++)
            if (k != first && reached[k] < 0 && find_import(trees[last], trees[k])) {
                reached[k] = last;
                queue[count++] = k;
            }
    }
    const char *chain = loading->source->files[trees[first]->file].name;
    int next = first; /* behind the first */
    for (int i = last; i != first; next = i, i = reached[i])
        chain = arena_printf(loading->arena, "%s -> %s", loading->source->files[trees[i]->file].name, chain);
    diag_error(loading->diag, find_import(trees[first], trees[next])->path.span,
               "files import each other in a circle: %s -> %s", loading->source->files[trees[first]->file].name, chain);
}

/* Numbers the trees so that each comes behind those that it imports. */
static int *order(struct loading *loading, int *component_count, bool *imports_itself)
{
    int *begin = ARENA_ARRAY(loading->arena, int, loading->count + 1), *targets = NULL, edges = 0, capacity = 0;
    for (int i = 0; i < loading->count; i++) {
        const struct tree *tree = loading->trees[i];
        begin[i] = edges;
        for (int k = 0; k < tree->definition_count; k++) {
            const struct import *import = tree->definitions[k]->import;
            if (!import || !import->imported)
                continue;
            int target = number_of(loading, import->imported);
            imports_itself[i] |= target == i;
            ARENA_PUSH(loading->arena, targets, edges, capacity, target);
        }
    }
    begin[loading->count] = edges;
    return scc_find(loading->arena, loading->count, begin, targets, component_count);
}

static void order_parts(struct loading *loading, struct tree *program)
{
    int component_count;
    bool *told = ARENA_ARRAY(loading->arena, bool, loading->count);
    bool *imports_itself = ARENA_ARRAY(loading->arena, bool, loading->count);
    const int *component = order(loading, &component_count, imports_itself);
    program->parts = ARENA_ARRAY(loading->arena, struct tree *, loading->count);
    program->part_count = loading->count;
    for (int i = 0; i < loading->count; i++) {
        struct tree **place = &program->parts[component[i]];
        if ((*place || imports_itself[i]) && !told[component[i]])
            tell_circle(loading, *place ? number_of(loading, *place) : i);
        told[component[i]] |= *place || imports_itself[i];
        *place = loading->trees[i];
        loading->trees[i]->rank = component[i];
    }
}

void load_imports(struct arena *arena, struct source *source, struct tree *tree, const struct import_options *options,
                  struct diagnostics *diag)
{
    struct loading loading = {.arena = arena, .source = source, .options = options, .diag = diag};
    ARENA_PUSH(arena, loading.trees, loading.count, loading.capacity, tree);
    for (int i = 0; i < loading.count; i++)
        for (int k = 0; k < loading.trees[i]->definition_count && !loading.is_full; k++)
            if (loading.trees[i]->definitions[k]->kind == DEFINE_IMPORT)
                load_import(&loading, loading.trees[i], loading.trees[i]->definitions[k]->import);
    order_parts(&loading, tree);
}

struct tree *parse_program(struct arena *arena, struct source *source, const struct import_options *options,
                           struct diagnostics *diag)
{
    struct tree *tree = parse(arena, source, diag);
    if (!diag_error_count(diag))
        load_imports(arena, source, tree, options, diag);
    return tree;
}
