#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "files/path.h"
#include "low_rank/factoring.h"
#include "syntax/tree.h"

/* Text that takes the place of the bytes [begin, end) of the program. */
struct edit {
    uint32_t begin, end;
    const char *text;
};

/* Edits in the order of the text. */
struct edits {
    struct arena *arena;
    struct edit *items;
    int count, capacity;
};

static void add_edit(struct edits *edits, uint32_t begin, uint32_t end, const char *text)
{
    ARENA_PUSH(edits->arena, edits->items, edits->count, edits->capacity, ((struct edit){begin, end, text}));
}

/* Returns the place behind `W[4 * n, m]`: behind the bracket that closes its dimensions, beyond comments. */
static uint32_t place_behind(const struct source *source, const struct declarator *declarator)
{
    uint32_t place = declarator->name.span.end;
    if (!declarator->has_dimensions)
        return place;
    place = declarator->dimensions[declarator->dimension_count - 1].expr->span.end;
    while (source->data[place] != ']')
        place += source->data[place] == '#' ? (uint32_t)strcspn(source->data + place, "\n") : 1;
    return place + 1;
}

static const struct matrix *find_matrix(const struct factoring *factoring, const struct declarator *declarator)
{
    for (int i = 0; i < factoring->matrix_count; i++) {
        const struct matrix *matrix = &factoring->matrices[i];
        if (!choice_is_none(&matrix->choice) && matrix->value->span.begin == declarator->name.span.begin)
            return matrix;
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const uint32_t x = ((const struct edit *)a)->begin, y = ((const struct edit *)b)->begin;
    return (x > y) - (x < y);
}

/* Puts the forms behind the declarations of their matrices. */
static void add_forms(const struct factoring *factoring, const struct tree_definition *definition, struct edits *edits)
{
    for (int s = 0; s < definition->statement_count; s++) {
        const struct statement *statement = definition->statements[s];
        for (int i = 0; statement->kind == STATEMENT_PARAM && i < statement->count; i++) {
            const struct declarator *declarator = &statement->declarators[i];
            const struct matrix *matrix = declarator->part ? NULL : find_matrix(factoring, declarator);
            const uint32_t place = matrix ? place_behind(factoring->source, declarator) : 0;
            if (matrix)
                add_edit(edits, place, place,
                         arena_printf(edits->arena, " : %s", choice_text(edits->arena, &matrix->choice)));
        }
    }
}

/* Names a file that is imported from the program's folder as it is found from the folder that the program goes to. */
static void add_path(const struct factoring *factoring, const struct import *import, const char *folder,
                     struct edits *edits)
{
    const char *program = factoring->source->name, *slash = strrchr(program, '/');
    const char *path = import->path.text;
    char name[PATH_MAX];
    if (import->is_module || *path == '/')
        return;
    path = arena_printf(edits->arena, "%.*s%s", slash ? (int)(slash + 1 - program) : 0, program, path);
    if ((folder ? path_from_folder(folder, path, name) : realpath(path, name) != NULL) && !strpbrk(name, "\"\n"))
        add_edit(edits, import->path.span.begin, import->path.span.end, arena_printf(edits->arena, "\"%s\"", name));
}

struct source *rewrite_program(const struct factoring *factoring, const char *folder)
{
    const struct source *source = factoring->source;
    struct arena *arena = factoring->arena;
    const struct tree *tree = parse(arena, source, diag_new(arena, source)); /* it has been checked */
    struct edits edits = {.arena = arena};
    for (int i = 0; i < tree->definition_count; i++)
        if (tree->definitions[i]->kind == DEFINE_IMPORT)
            add_path(factoring, tree->definitions[i]->import, folder, &edits);
        else
            add_forms(factoring, tree->definitions[i], &edits);
    if (edits.count)
        qsort(edits.items, (size_t)edits.count, sizeof *edits.items, compare);
    struct text text;
    text_init(&text, arena);
    uint32_t from = 0;
    for (int i = 0; i < edits.count; i++) {
        text_append(&text, source->data + from, edits.items[i].begin - from);
        text_puts(&text, edits.items[i].text);
        from = edits.items[i].end;
    }
    text_append(&text, source->data + from, source->files[0].end - from);
    return source_from_memory(arena, source->name, text.data, text.length);
}
