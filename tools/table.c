/* Tables from text, and the choice between text and arrays. */
#include "table.h"

#include <stdio.h>

#include "base/arena.h"
#include "data/array.h"
#include "feed.h"
#include "session.h"

/* The tensor that a text is for; false, with a sentence, if the network is for other data. */
static bool find_text_tensors(struct arena *arena, const rnn_model *model, const char *path, const char **error)
{
    const rnn_tensor *input = model->inputs, *target = model->training->targets;
    bool fits = model->input_count == 1 && model->training->target_count == 1;
    fits = fits && input->type == RNN_TYPE_ID && input->time == RNN_TIME_FRAME;
    fits = fits && target->type == RNN_TYPE_ID && target->time == RNN_TIME_FRAME;
    fits = fits && input->vocabulary == target->vocabulary;
    if (!fits)
        *error = arena_printf(arena,
                              "'%s' is taken for text, which needs a network with one input and one target that are "
                              "both index[V] with the same V, one a frame; data files for '%s' end in .npy, .npz, .csv "
                              "or .safetensors",
                              path, model->name);
    return fits;
}

/* The vocabulary has to fit the network's. */
static bool check_size(struct arena *arena, const struct vocabulary *vocabulary, const rnn_model *model,
                       const char **error)
{
    if (vocabulary->count <= model->inputs->vocabulary)
        return true;
    *error = arena_printf(arena,
                          "the text has %d different %s, but input '%s' of '%s' has room for %d: give the const in its "
                          "index[...] that value, for example with -D V=%d",
                          vocabulary->count, vocabulary->bytes ? "bytes" : "characters", model->inputs->name,
                          model->name, model->inputs->vocabulary, vocabulary->count);
    return false;
}

static const struct vocabulary *find_vocabulary(struct arena *arena, const struct table_options *options,
                                                const struct symbols *symbols)
{
    if (options->vocabulary)
        return options->vocabulary;
    struct vocabulary *vocabulary = ARENA_NEW(arena, struct vocabulary);
    size_t held_out = (size_t)((double)(symbols->count - 1) * options->held_out);
    *vocabulary = vocabulary_build(arena, symbols->codes, symbols->count - held_out, options->bytes);
    return vocabulary;
}

bool table_read_text(struct arena *arena, const struct table_options *options, const rnn_model *model,
                     struct table *table, const char **error)
{
    struct symbols symbols = {.arena = arena};
    const char *path = options->files[0];
    if (!find_text_tensors(arena, model, path, error))
        return false;
    bool bytes = options->vocabulary ? options->vocabulary->bytes : options->bytes;
    for (int i = 0; i < options->count; i++)
        if (!symbols_read(&symbols, options->files[i], bytes, error))
            return false;
    if (symbols.count < 2) {
        *error = arena_printf(arena, "'%s' has %zu symbols; a text needs 2 or more", path, symbols.count);
        return false;
    }
    *table = (struct table){.model = model, .is_series = true, .sequence_count = 1, .rows = (long)symbols.count - 1};
    table->vocabulary = find_vocabulary(arena, options, &symbols);
    if (!check_size(arena, table->vocabulary, model, error))
        return false;
    int32_t *ids = ARENA_ARRAY(arena, int32_t, symbols.count);
    for (size_t i = 0; i < symbols.count; i++) {
        ids[i] = vocabulary_find(table->vocabulary, symbols.codes[i]);
        table->unknown += ids[i] < 0;
    }
    table->sequences = ARENA_NEW(arena, struct sequence);
    table->inputs = ARENA_NEW(arena, struct column);
    table->targets = ARENA_NEW(arena, struct column);
    *table->inputs = (struct column){.tensor = model->inputs, .ids = ids};
    *table->targets = (struct column){.tensor = model->training->targets, .ids = ids + 1};
    return true;
}

bool table_read(struct arena *arena, const struct table_options *options, const rnn_model *model, struct table *table,
                const char **error)
{
    bool text = true;
    for (int i = 0; i < options->count; i++)
        text = text && !file_is_data(named_file_split(arena, options->files[i]).path);
    return text ? table_read_text(arena, options, model, table, error)
                : table_read_arrays(arena, options, model, table, error);
}

void table_tell(const struct table *table, const char *option)
{
    if (table->unused)
        fprintf(stderr, "rnn: %s\n", table->unused);
    if (table->order_note)
        fprintf(stderr, "rnn: %s\n", table->order_note);
    if (table->skipped)
        fprintf(stderr, "rnn: %s: left out %ld of %ld sequences, which have too few frames for their labels\n", option,
                table->skipped, table->skipped + table->sequence_count);
}

void column_put(const rnn_model *model, const struct column *column, long row, void *to, long at)
{
    long units = tensor_units(column->tensor);
    for (long u = 0; u < units; u++) {
        double x = column->ids ? -1 : 0;
        if (row >= 0)
            x = column->ids ? column->ids[row] : column->reals[row * units + u];
        tensor_set(model, column->tensor, to, at * units + u, x);
    }
}
