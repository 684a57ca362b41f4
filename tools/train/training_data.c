#include "train/training_data.h"

#include "base/arena.h"

/* Data that is being read. */
struct reading {
    const struct train_options *options;
    const rnn_model *model;
    struct training_data *data;
    const char **error;
};

/* Checks that some symbol of a text is known. */
static bool check_text(const struct reading *reading, const struct table *table, const char *option)
{
    if (!table->vocabulary || table->unknown < table->rows)
        return true;
    *reading->error =
        arena_printf(reading->options->network.arena, "%s: no character of the text is in the vocabulary", option);
    return false;
}

static bool check_windows(const struct reading *reading)
{
    const struct train_options *options = reading->options;
    if (!reading->model->training->whole_sequences || !options->window)
        return true;
    *reading->error = arena_printf(
        options->network.arena,
        "'%s' is trained on whole sequences, as it needs the future or has a loss of all frames: leave %s out; "
        "a text or series is cut with --piece",
        reading->model->name, options->advance ? "--window and --advance" : "--window");
    return false;
}

static bool check_use(const struct reading *reading)
{
    const struct train_options *options = reading->options;
    const struct training_data *data = reading->data;
    bool whole = reading->model->training->whole_sequences;
    bool cuts = data->table.is_series || (whole && data->held_table.is_series);
    if (options->frames_first && data->table.vocabulary)
        *reading->error = "--frames-first is for arrays, but --data has a text: leave it out";
    else if (options->bytes && !data->table.vocabulary)
        *reading->error = "--bytes is for text, but --data has arrays: leave it out";
    else if (options->bytes && !data->table.vocabulary->bytes)
        *reading->error = arena_printf(
            options->network.arena, "--bytes: the vocabulary in '%s' is of characters: leave it out", options->weights);
    else if (options->piece && !cuts)
        *reading->error = "--piece cuts a text or series, but the data are whole sequences: leave it out";
    else
        return true;
    return false;
}

static bool read_table(const struct reading *reading, const struct table_options *from, struct table *table)
{
    const struct train_options *options = reading->options;
    bool read = table_read(options->network.arena, from, reading->model, table, reading->error);
    if (!options->quiet)
        table_tell(table, from->option);
    return read && check_text(reading, table, from->option);
}

static bool read_tables(const struct reading *reading)
{
    const struct train_options *options = reading->options;
    struct training_data *data = reading->data;
    struct arena *arena = options->network.arena;
    enum { USUAL_PIECE = 64 };
    struct cut cut = {.streams = options->streams, .piece = options->piece};
    if (reading->model->training->whole_sequences) {
        if (!cut.piece)
            cut.piece = USUAL_PIECE;
        cut.held_piece = cut.piece;
    }
    struct table_options from = {.option = "--data",
                                 .files = options->data.items,
                                 .count = options->data.count,
                                 .bytes = options->bytes,
                                 .skips = options->skips,
                                 .frames_first = options->frames_first,
                                 .held_out = options->held_out};
    struct dataset rest;
    const char *none; /* weights of other origin have no vocabulary */
    if (options->weights)
        from.vocabulary = vocabulary_load(arena, options->weights, &none);
    if (!read_table(reading, &from, &data->table) ||
        !dataset_split(arena, &data->table, &cut, options->held_out, &data->learned, &data->held, reading->error))
        return false;
    if (!options->valid_data.count)
        return true;
    from.option = "--valid-data";
    from.files = options->valid_data.items;
    from.count = options->valid_data.count;
    from.vocabulary = data->table.vocabulary;
    if (!read_table(reading, &from, &data->held_table))
        return false;
    cut = dataset_held_cut(&cut, data->held_table.rows);
    return dataset_split(arena, &data->held_table, &cut, 0, &data->held, &rest, reading->error);
}

bool training_data_read(struct training_data *data, const struct train_options *options, const rnn_model *model,
                        const char **error)
{
    const struct reading reading = {options, model, data, error};
    return check_windows(&reading) && read_tables(&reading) && check_use(&reading);
}
