#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "low_rank/factoring.h"
#include "syntax/tree.h"

/* Text that goes into the program at a place. */
struct insertion {
    uint32_t place;
    const struct matrix *matrix;
};

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
    const uint32_t x = ((const struct insertion *)a)->place, y = ((const struct insertion *)b)->place;
    return (x > y) - (x < y);
}

/* Finds the declarations with a form, in the order of the text. */
static int find_insertions(const struct factoring *factoring, const struct tree *tree, struct insertion *insertions)
{
    int count = 0;
    for (int d = 0; d < tree->definition_count; d++)
        for (int s = 0; s < tree->definitions[d]->statement_count; s++) {
            const struct statement *statement = tree->definitions[d]->statements[s];
            for (int i = 0; statement->kind == STATEMENT_PARAM && i < statement->count; i++) {
                const struct declarator *declarator = &statement->declarators[i];
                const struct matrix *matrix = declarator->part ? NULL : find_matrix(factoring, declarator);
                if (matrix)
                    insertions[count++] = (struct insertion){place_behind(factoring->source, declarator), matrix};
            }
        }
    qsort(insertions, (size_t)count, sizeof *insertions, compare);
    return count;
}

struct source *rewrite_program(const struct factoring *factoring)
{
    const struct source *source = factoring->source;
    struct arena *arena = factoring->arena;
    const struct tree *tree = parse(arena, source, diag_new(arena, source)); /* it has been checked */
    struct insertion *insertions = ARENA_ARRAY(arena, struct insertion, factoring->matrix_count + 1);
    const int count = find_insertions(factoring, tree, insertions);
    struct text text;
    text_init(&text, arena);
    uint32_t from = 0;
    for (int i = 0; i < count; i++) {
        const struct matrix *matrix = insertions[i].matrix;
        text_printf(&text, "%.*s : %s", (int)(insertions[i].place - from), source->data + from,
                    choice_text(arena, &matrix->choice));
        from = insertions[i].place;
    }
    text_append(&text, source->data + from, source->files[0].end - from);
    return source_from_memory(arena, source->name, text.data, text.length);
}
