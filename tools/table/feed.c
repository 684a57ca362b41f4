#include "table/feed.h"

#include "base/arena.h"
#include "network/session.h"

enum { KEY_SEED = 512, KEY_STREAMS, KEY_FRAMES, KEY_FRAMES_FIRST, KEY_STRICT };

static const struct argp_option options_table[] = {
    {NULL, 0, NULL, 0, "The data:", 2},
    {"weights", 'w', "FILE", 0, "Weights, a .safetensors file", 2},
    {"seed", KEY_SEED, "N", 0, "Draw the weights from the network's start values instead", 2},
    {"input", 'i', "[NAME=]FILE", 0,
     "Data of an input: .npy or .csv, or a .npz, .safetensors or .csv file that holds several inputs under their "
     "names; or text, which is read with the vocabulary of --weights. NAME may be left out where there is only one "
     "input. What rnn train reads is read in the same way",
     2},
    {"streams", KEY_STREAMS, "B", 0, "How many sequences the data has, where files of two axes do not tell", 2},
    {"frames", KEY_FRAMES, "T", 0, "How many frames, where no input tells", 2},
    {"frames-first", KEY_FRAMES_FIRST, NULL, 0, "Axes are [frames, sequences, units], not [sequences, frames, units]",
     2},
    {"strict", KEY_STRICT, NULL, 0, "Refuse weights files with tensors that the network does not have", 2},
    {0},
};

static const struct argument_field fields[] = {
    {'w', ARGUMENT_TEXT, offsetof(struct feed_options, weights)},
    {KEY_SEED, ARGUMENT_SEED, offsetof(struct feed_options, seed)},
    {'i', ARGUMENT_WORD, offsetof(struct feed_options, inputs)},
    {KEY_STREAMS, ARGUMENT_COUNT, offsetof(struct feed_options, streams)},
    {KEY_FRAMES, ARGUMENT_COUNT, offsetof(struct feed_options, frames)},
    {KEY_FRAMES_FIRST, ARGUMENT_FLAG, offsetof(struct feed_options, frames_first)},
    {KEY_STRICT, ARGUMENT_FLAG, offsetof(struct feed_options, strict)},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct feed_options *options = state->input;
    if (argument_set(options_table, fields, key, argument, options, state)) {
        options->has_seed |= key == KEY_SEED;
        return 0;
    }
    if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    if (options->strict && !options->weights)
        argp_error(state, "--strict is about --weights FILE, which is not given");
    return 0;
}

struct feed_options feed_options_new(struct arena *arena)
{
    return (struct feed_options){.arena = arena, .inputs.arena = arena};
}

const struct argp feed_argp = {.options = options_table, .parser = parse_option};

/* Loads the vocabulary of the weights, in which a text is read; NULL: they have none. */
static const struct vocabulary *load_vocabulary(const struct feed_options *options)
{
    const char *none;
    return options->weights ? vocabulary_load(options->arena, options->weights, &none) : NULL;
}

bool feed_read(const struct feed_options *options, const rnn_model *model, struct feed *feed, const char **error)
{
    struct arena *arena = options->arena;
    const struct table_options from = {.option = "--input",
                                       .files = options->inputs.items,
                                       .count = options->inputs.count,
                                       .frames_first = options->frames_first,
                                       .inputs_only = true,
                                       .vocabulary = load_vocabulary(options),
                                       .streams = options->streams,
                                       .frames = options->frames};
    *feed = (struct feed){.frames_first = options->frames_first};
    bool read = table_read(arena, &from, model, &feed->table, error);
    const struct table *table = &feed->table;
    table_tell(table, "--input");
    if (!read)
        return false;
    bool any = options->streams || table->axes != AXES_NONE || table->has_lengths || table->of_sequences;
    for (long i = 0; i < table->sequence_count; i++) {
        int length = table->sequences[i].length;
        feed->frames = length > feed->frames ? length : feed->frames;
    }
    if (table->axes == AXES_PADDED)
        feed->frames = (int)(table->rows / table->sequence_count);
    for (int i = 0; i < model->input_count; i++)
        any |= feed_has(feed, i);
    feed->streams = any ? (int)table->sequence_count : 0;
    if (!table->has_lengths)
        return true;
    feed->lengths = ARENA_ARRAY(arena, int, feed->streams + 1);
    for (int b = 0; b < feed->streams; b++)
        feed->lengths[b] = table->sequences[b].length;
    return true;
}

bool feed_has(const struct feed *feed, int input)
{
    const struct column *column = &feed->table.inputs[input];
    return column->reals || column->ids;
}

void feed_fill(const struct feed *feed, int input, int frames, int streams, void *to)
{
    const struct table *table = &feed->table;
    const struct column *column = &table->inputs[input];
    bool has_frames = column->tensor->time == RNN_TIME_FRAME;
    for (int t = 0; t < (has_frames ? frames : 1); t++)
        for (int b = 0; b < streams; b++) {
            const struct sequence *sequence = b < feed->streams ? &table->sequences[b] : NULL;
            long row = !sequence ? -1 : !has_frames ? sequence->number : t < sequence->length ? sequence->row + t : -1;
            column_put(table->model, column, row, to, (long)t * streams + b);
        }
}
