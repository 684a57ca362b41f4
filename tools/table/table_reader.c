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

bool reader_is_padding(const struct reader *reader, const rnn_tensor *tensor, long i)
{
    const struct table *table = reader->table;
    const long sequences = reader->shape[0], frames = reader->shape[1], row = i / tensor_units(tensor);
    if (table->axes != AXES_PADDED || tensor->time != RNN_TIME_FRAME)
        return false;
    return reader->options->frames_first ? row / sequences >= table->sequences[row % sequences].length
                                         : row % frames >= table->sequences[row / frames].length;
}

static bool is_id(const rnn_tensor *tensor, double id)
{
    return id >= -1 && id < tensor->vocabulary && id == (double)(long)id;
}

/* Checks that the elements of the source are ids (or labels) of the tensor, or padding. */
static bool check_ids(const struct reader *reader, const struct source *source, const rnn_tensor *tensor)
{
    const struct array *array = source->array;
    for (long i = 0; i < array_size(array); i++) {
        if (is_id(tensor, array->data[i]) || reader_is_padding(reader, tensor, i))
            continue;
        *reader->error = arena_printf(
            reader->arena, "'%s', element %s: %g is no id of '%s', which are -1 (none) and 0 to %d", source->path,
            array_place_text(reader->arena, array, i), array->data[i], tensor->name, tensor->vocabulary - 1);
        return false;
    }
    return true;
}

bool reader_take_ids(const struct reader *reader, const struct source *source, const struct array *array,
                     struct column *column)
{
    long size = array_size(array);
    if (!check_ids(reader, source, column->tensor))
        return false;
    int32_t *ids = ARENA_ARRAY(reader->arena, int32_t, size + 1);
    for (long i = 0; i < size; i++)
        ids[i] = is_id(column->tensor, array->data[i]) ? (int32_t)array->data[i] : -1;
    column->ids = ids;
    return true;
}
