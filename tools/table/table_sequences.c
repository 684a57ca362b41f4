/* Places the sequences of a table: how many there are, of how many frames, and whether they are one series. */
#include <limits.h>

#include "base/arena.h"
#include "network/session.h"
#include "table/table_reader.h"

static bool any_of_sequence(const rnn_tensor *tensors, int count)
{
    bool any = false;
    for (int i = 0; i < count; i++)
        any |= tensors[i].type == RNN_TYPE_LABELS || tensors[i].time == RNN_TIME_SEQUENCE;
    return any;
}

/* True if no column has one row per sequence: such a row is of all frames, not of a part that they are cut into. */
static bool can_be_cut(const struct table *table)
{
    return !any_of_sequence(table->model->inputs, table->model->input_count) &&
           !any_of_sequence(table->model->training->targets, table->model->training->target_count);
}

/* Counts sequences: from the options, the lengths, or the first array with one row for each. */
static long count_sequences(const struct reader *reader)
{
    const rnn_model *model = reader->table->model;
    if (reader->options->streams)
        return reader->options->streams;
    if (reader->lengths)
        return array_size(reader->lengths->array);
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        const struct source *source =
            tensor->time == RNN_TIME_SEQUENCE ? sources_find(&reader->sources, tensor->name) : NULL;
        if (source && reader_leading_axes(tensor, source->array, 2) == 1)
            return source->array->shape[0];
    }
    return 1;
}

/* Places the sequences of `count` lengths, or of `most` frames each, one after the other or padded to that. */
static bool put_sequences(struct reader *reader, long count, long most, bool padded)
{
    struct table *table = reader->table;
    const struct source *lengths = reader->lengths;
    const int *counts = NULL;
    if (lengths && !(counts = reader_take_counts(reader, lengths, count, !reader->options->inputs_only, most)))
        return false;
    table->sequence_count = count;
    table->sequences = ARENA_ARRAY(reader->arena, struct sequence, count);
    reader->skipped = ARENA_ARRAY(reader->arena, bool, count);
    long row = 0;
    for (long i = 0; i < count; i++) {
        int length = counts ? counts[i] : table->is_series ? 0 : (int)most;
        table->sequences[i] = (struct sequence){.row = row, .number = i, .length = length};
        row += padded ? most : length;
    }
    if (table->is_series || row == table->rows)
        return true;
    *reader->error = arena_printf(reader->arena, "'%s': the lengths add up to %ld frames, but '%s' has %ld",
                                  lengths->path, row, reader->frames->name, table->rows);
    return false;
}

bool reader_place_sequences(struct reader *reader)
{
    struct table *table = reader->table;
    const struct table_options *options = reader->options;
    const struct source *lengths = reader->lengths;
    bool padded = table->axes == AXES_PADDED;
    table->has_lengths = lengths != NULL;
    table->of_sequences |= padded;
    if (table->axes == AXES_NONE) {
        table->rows = count_sequences(reader) * options->frames;
        return put_sequences(reader, count_sequences(reader), options->frames, true);
    }
    table->is_series = !padded && !lengths && !options->inputs_only && can_be_cut(table);
    table->rows = padded ? reader->shape[0] * reader->shape[1] : reader->shape[0];
    long count = padded ? reader->shape[0] : lengths ? array_size(lengths->array) : 1;
    long most = padded ? reader->shape[1] : table->rows; /* frames of a sequence */
    if (count < 1 || count > INT_MAX || table->rows < 1 || (!table->is_series && !lengths && most > INT_MAX))
        return reader_refuse_shape(reader, reader->frames,
                                   arena_printf(reader->arena, "of sequences of 1 to %d frames", INT_MAX));
    if (options->streams && count != options->streams)
        return reader_refuse_shape(reader, reader->frames,
                                   arena_printf(reader->arena, "of %d sequences, as --streams says", options->streams));
    if (options->frames && most != options->frames && (padded || !lengths))
        return reader_refuse_shape(reader, reader->frames,
                                   arena_printf(reader->arena, "of %d frames, as --frames says", options->frames));
    return put_sequences(reader, count, most, padded);
}
