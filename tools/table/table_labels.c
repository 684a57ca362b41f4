/* Labels of sequences, for the loss ctc: how many there are, and whether the frames of a sequence can spell them. */
#include <limits.h>

#include "base/arena.h"
#include "table/table_reader.h"

static bool refuse_label(const struct reader *reader, const struct source *source, const struct column *column,
                         long row, int place, const char *why)
{
    *reader->error = arena_printf(reader->arena,
                                  "'%s': label %d of sequence %ld in '%s' is %d; labels are 1 to %d, as 0 "
                                  "is the blank%s",
                                  source->path, place, row, source->name, (int)column->ids[row * column->most + place],
                                  column->tensor->vocabulary - 1, why);
    return false;
}

/* Counts the labels of each row. Without `NAME.lengths`, numbers below 1 at the end of a row are padding. */
static const int *count_labels(const struct reader *reader, const struct column *column)
{
    long rows = reader->table->sequence_count;
    int *counts = ARENA_ARRAY(reader->arena, int, rows + 1);
    for (long i = 0; i < rows; i++) {
        counts[i] = column->most;
        while (counts[i] > 0 && column->ids[i * column->most + counts[i] - 1] < 1)
            counts[i]--;
    }
    return counts;
}

static bool check_labels(const struct reader *reader, const struct source *source, const struct column *column,
                         bool padded)
{
    const char *why = padded ? ", and padding, 0 or -1, stands at the end of a row" : "";
    for (long i = 0; i < reader->table->sequence_count; i++)
        for (int k = 0; k < column->counts[i]; k++)
            if (column->ids[i * column->most + k] < 1)
                return refuse_label(reader, source, column, i, k, why);
    return true;
}

/* The number of frames that the labels of a row need: one for each, and one between two that are the same, for the
 * blank (Graves et al. 2006, section 3.1). */
static int count_needed(const struct column *column, long row)
{
    const int32_t *labels = column->ids + row * column->most;
    int needed = column->counts[row];
    for (int k = 1; k < column->counts[row]; k++)
        needed += labels[k] == labels[k - 1];
    return needed;
}

/* Leaves out or refuses sequences with too few frames for their labels, which no path can spell. */
static bool check_room(struct reader *reader, const struct source *source, const struct column *column)
{
    const struct table *table = reader->table;
    long first = -1, short_ones = 0;
    for (long i = 0; i < table->sequence_count; i++)
        if (count_needed(column, i) > table->sequences[i].length) {
            first = short_ones++ ? first : i;
            reader->skipped[i] = true;
        }
    if (!short_ones || reader->options->skips)
        return true;
    *reader->error = arena_printf(reader->arena,
                                  "'%s': the %d labels of sequence %ld in '%s' need %d frames, counting one between "
                                  "two that are the same, but it "
                                  "has %d; so it is with %ld of %ld sequences. --skip-unalignable leaves them out",
                                  source->path, column->counts[first], first, source->name, count_needed(column, first),
                                  table->sequences[first].length, short_ones, table->sequence_count);
    return false;
}

bool reader_take_labels(struct reader *reader, const struct source *source, struct column *column)
{
    const struct array *array = source->array;
    long rows = reader->table->sequence_count;
    if (array->rank != 2 || array->shape[0] != rows || array->shape[1] > INT_MAX)
        return reader_refuse_shape(reader, source, arena_printf(reader->arena, "[%ld, most labels]", rows));
    if (!reader_take_ids(reader, source, array, column))
        return false;
    column->most = (int)array->shape[1];
    const struct source *lengths =
        sources_find(&reader->sources, arena_printf(reader->arena, "%s.lengths", source->name));
    column->counts =
        lengths ? reader_take_counts(reader, lengths, rows, 0, column->most) : count_labels(reader, column);
    return column->counts && check_labels(reader, source, column, !lengths) && check_room(reader, source, column);
}

bool reader_leave_out(struct reader *reader)
{
    struct table *table = reader->table;
    long kept = 0;
    for (long i = 0; i < table->sequence_count; i++)
        if (!reader->skipped[i])
            table->sequences[kept++] = table->sequences[i];
    table->skipped = table->sequence_count - kept;
    table->sequence_count = kept;
    if (kept)
        return true;
    *reader->error = arena_printf(reader->arena, "%s: none of the %ld sequences has frames enough for its labels",
                                  reader->options->option, table->skipped);
    return false;
}
