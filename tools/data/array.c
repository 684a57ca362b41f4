#include "data/array.h"

#include <limits.h>

#include "base/text.h"

long array_size(const struct array *array)
{
    long size = 1;
    for (int i = 0; i < array->rank; i++)
        size *= array->shape[i];
    return size;
}

static const char *list(struct arena *arena, const long *numbers, int count)
{
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "[");
    for (int i = 0; i < count; i++)
        text_printf(&text, i ? ", %ld" : "%ld", numbers[i]);
    text_puts(&text, "]");
    return text.data;
}

const char *array_shape_text(struct arena *arena, const struct array *array)
{
    return list(arena, array->shape, array->rank);
}

const char *array_place_text(struct arena *arena, const struct array *array, long i)
{
    long place[ARRAY_MAX_RANK];
    for (int axis = array->rank - 1; axis >= 0; i /= array->shape[axis--])
        place[axis] = i % array->shape[axis];
    return list(arena, place, array->rank);
}

bool array_set_shape(struct array *array, int rank, const long *shape)
{
    long room = LONG_MAX / (long)sizeof(double), product = 1; /* of the dimensions that are not 0 */
    array->rank = rank;
    for (int i = 0; i < rank; i++) {
        array->shape[i] = shape[i];
        if (shape[i] < 0 || (shape[i] > 0 && product > room / shape[i]))
            return false;
        product *= shape[i] ? shape[i] : 1;
    }
    return true;
}
