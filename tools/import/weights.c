#include "import/weights.h"

#include <math.h>

#include "base/arena.h"
#include "base/text.h"
#include "data/array.h"

/* A number as the weights file will have it. */
static double written(const struct array *array, long i)
{
    return array->type == ARRAY_F32 ? (double)(float)array->data[i] : array->data[i];
}

static const char *kind_of(double number) { return isnan(number) ? "nan" : number > 0 ? "inf" : "-inf"; }

const char *import_infinite_weights(struct arena *arena, const struct array *weights, int count)
{
    struct text lines;
    text_init(&lines, arena);
    text_puts(&lines, "");
    for (int k = 0; k < count; k++) {
        const struct array *array = &weights[k];
        long first = -1, found = 0;
        for (long i = array_size(array) - 1; i >= 0; i--)
            if (!isfinite(written(array, i))) {
                first = i;
                found++;
            }
        if (!found)
            continue;
        text_printf(&lines, "%s'%s' has %s", lines.length ? "\n" : "", array->name, kind_of(written(array, first)));
        if (array->rank)
            text_printf(&lines, " at %s", array_place_text(arena, array, first));
        if (found > 1)
            text_printf(&lines, ", the first of %ld numbers that are not finite", found);
        if (isfinite(array->data[first]))
            text_printf(&lines, ": float cannot hold %g", array->data[first]);
    }
    return lines.data;
}

const char *import_rounded_weights(struct arena *arena, const struct array *weights, int count)
{
    const char *name = NULL;
    int tensors = 0;
    double most = 0;
    for (int k = 0; k < count; k++) {
        double own = 0;
        for (long i = 0; i < array_size(&weights[k]); i++) {
            const double exact = weights[k].data[i], rounded = written(&weights[k], i);
            if (isfinite(rounded) && fabs(rounded - exact) > 0)
                own = fmax(own, fabs(rounded - exact) / fabs(exact));
        }
        if (!(own > 0))
            continue;
        name = name ? name : weights[k].name;
        tensors++;
        most = fmax(most, own);
    }
    if (!tensors)
        return "";
    return arena_printf(arena, "%s'%s'%s rounded to float, by %.2g of a number's size at most",
                        tensors > 1 ? arena_printf(arena, "%d tensors, the first of which is ", tensors) : "", name,
                        tensors > 1 ? ", are" : " is", most);
}
