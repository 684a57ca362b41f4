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

const char *array_shape_text(struct arena *arena, const struct array *array)
{
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "[");
    for (int i = 0; i < array->rank; i++)
        text_printf(&text, i ? ", %ld" : "%ld", array->shape[i]);
    text_puts(&text, "]");
    return text.data;
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
