#include "table/table_reader.h"

#include <limits.h>
#include <math.h>

#include "base/arena.h"
#include "network/session.h"

bool reader_refuse_shape(const struct reader *reader, const struct source *source, const char *needed)
{
    *reader->error = arena_printf(reader->arena, "'%s': '%s' is %s; it has to be %s", source->path, source->name,
                                  array_shape_text(reader->arena, source->array), needed);
    return false;
}

int reader_leading_axes(const rnn_tensor *tensor, const struct array *array, int most)
{
    long units = tensor_units(tensor), last = array->rank ? array->shape[array->rank - 1] : 0;
    if (units > 1)
        return last == units ? array->rank - 1 : -1;
    return array->rank > most || (array->rank == most && last == 1) ? array->rank - (last == 1) : array->rank;
}

const int *reader_take_counts(const struct reader *reader, const struct source *source, long count, int least,
                              long most)
{
    const struct array *array = source->array;
    if (array_size(array) != count) {
        reader_refuse_shape(reader, source, arena_printf(reader->arena, "[%ld], a number for each sequence", count));
        return NULL;
    }
    int *counts = ARENA_ARRAY(reader->arena, int, count + 1);
    for (long i = 0; i < count; i++) {
        double number = array->data[i];
        if (!(number >= least && number <= (double)most && number <= INT_MAX && number == floor(number))) {
            *reader->error =
                arena_printf(reader->arena, "'%s': '%s' of sequence %ld is %g, not a whole number from %d to %ld",
                             source->path, source->name, i, number, least, most);
            return NULL;
        }
        counts[i] = (int)number;
    }
    return counts;
}

/* True if the elements are ids (or labels) of the tensor, if it has such. */
static bool check_ids(struct arena *arena, const rnn_tensor *tensor, const struct array *array, const char *path,
                      const char **error)
{
    for (long i = 0; i < array_size(array) && tensor->type != RNN_TYPE_REAL; i++) {
        double id = array->data[i];
        if (id >= -1 && id < tensor->vocabulary && id == (double)(long)id)
            continue;
        *error = arena_printf(arena, "'%s', element %s: %g is no id of '%s', which are -1 (none) and 0 to %d", path,
                              array_place_text(arena, array, i), id, tensor->name, tensor->vocabulary - 1);
        return false;
    }
    return true;
}

bool reader_take_ids(const struct reader *reader, const struct source *source, const struct array *array,
                     struct column *column)
{
    long size = array_size(array);
    if (!check_ids(reader->arena, column->tensor, source->array, source->path, reader->error))
        return false;
    int32_t *ids = ARENA_ARRAY(reader->arena, int32_t, size + 1);
    for (long i = 0; i < size; i++)
        ids[i] = (int32_t)array->data[i];
    column->ids = ids;
    return true;
}
