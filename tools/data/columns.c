#include "data/columns.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* The place of a column in a part. */
struct place {
    const char *name; /* of the part */
    long index;       /* -1: it is the only one */
};

/* Finds the place of a column by its name: x, x.3 or x[3]. */
static struct place find_place(struct arena *arena, const char *column)
{
    size_t length = strlen(column), digits = 0, end = length - (length && column[length - 1] == ']');
    while (digits < end && isdigit((unsigned char)column[end - digits - 1]))
        digits++;
    size_t before = end - digits; /* of the digits */
    char opening = end < length ? '[' : '.';
    if (!digits || digits > 9 || before < 2 || column[before - 1] != opening)
        return (struct place){column, -1};
    return (struct place){arena_copy_string(arena, column, before - 1), strtol(column + before, NULL, 10)};
}

void columns_names(struct arena *arena, const struct array *array, const char ***names, int *count)
{
    *names = ARENA_ARRAY(arena, const char *, array->shape[1]);
    *count = 0;
    for (long c = 0; c < array->shape[1]; c++) {
        const char *name = find_place(arena, array->columns[c]).name;
        bool known = !*name;
        for (int i = *count - 1; i >= 0 && !known; i--)
            known = strcmp((*names)[i], name) == 0;
        if (!known)
            (*names)[(*count)++] = name;
    }
}

bool columns_take(struct arena *arena, const char *path, const struct array *array, const char *name,
                  struct array *part, const char **error)
{
    long rows = array->shape[0], all = array->shape[1], count = 0;
    struct place *places = ARENA_ARRAY(arena, struct place, all);
    for (long c = 0; c < all; c++) {
        places[c] = find_place(arena, array->columns[c]);
        count += strcmp(places[c].name, name) == 0;
    }
    bool *taken = ARENA_ARRAY(arena, bool, count + 1);
    *part = (struct array){.name = name, .type = array->type, .rank = 2, .shape = {rows, count}};
    part->data = ARENA_ARRAY(arena, double, array_size(part) + 1);
    for (long c = 0; c < all; c++) {
        long index = places[c].index < 0 ? 0 : places[c].index;
        if (strcmp(places[c].name, name) != 0)
            continue;
        if (index >= count || taken[index]) {
            *error = index >= count ? arena_printf(arena, "'%s' has a column '%s', but not all those before it", path,
                                                   array->columns[c])
                                    : arena_printf(arena, "'%s' has two columns '%s'", path, array->columns[c]);
            return false;
        }
        if (array->wrong && array->wrong[c]) {
            *error = array->wrong[c];
            return false;
        }
        taken[index] = true;
        for (long r = 0; r < rows; r++)
            part->data[r * count + index] = array->data[r * all + c];
    }
    return true;
}

bool columns_check(const struct array *array, const char **error)
{
    for (long c = 0; array->wrong && c < array->shape[1]; c++)
        if (array->wrong[c]) {
            *error = array->wrong[c];
            return false;
        }
    return true;
}

const char *columns_print(struct arena *arena, const struct array *array)
{
    enum { MOST = 8 };
    struct text text;
    text_init(&text, arena);
    for (long c = 0; c < array->shape[1] && c < MOST; c++)
        text_printf(&text, "%s'%s'", c ? ", " : "", array->columns[c]);
    if (array->shape[1] > MOST)
        text_printf(&text, " and %ld more", array->shape[1] - MOST);
    return text.data;
}

bool columns_can_be_named(const char *path)
{
    size_t length = strlen(path);
    return length >= 4 && strcmp(path + length - 4, ".csv") == 0;
}
