/* Tables from text, and the choice between text and arrays. */
#include "table/table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "command/argument.h"
#include "data/array.h"
#include "network/session.h"

static bool is_symbol(const rnn_tensor *tensor)
{
    return tensor->type == RNN_TYPE_ID && tensor->time == RNN_TIME_FRAME;
}

/* True if a text is for the network; false, with a sentence, if it is for other data. */
static bool check_text_tensors(struct arena *arena, const struct table_options *options, const rnn_model *model,
                               const char **error)
{
    const rnn_tensor *input = model->inputs;
    const char *needed = "a network with one input that is index[V], one a frame";
    bool fits = model->input_count == 1 && is_symbol(input);
    if (!options->inputs_only) {
        const rnn_tensor *target = model->training->targets;
        needed = "a network with one input and one target that are both index[V] with the same V, one a frame";
        fits = fits && model->training->target_count == 1 && is_symbol(target);
        fits = fits && input->vocabulary == target->vocabulary;
    } else if (fits && !options->vocabulary) {
        needed = "--weights that rnn train has found on a text, as they hold its vocabulary";
        fits = false;
    }
    if (!fits)
        *error = arena_printf(arena,
                              "'%s' is taken for text, which needs %s; data files for '%s' end in .npy, .npz, .csv or "
                              ".safetensors",
                              options->files[0], needed, model->name);
    return fits;
}

/* Checks that the vocabulary fits the network's. */
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

static bool read_text_table(struct arena *arena, const struct table_options *options, const rnn_model *model,
                            struct table *table, const char **error)
{
    struct symbols symbols = {.arena = arena};
    const char *path = options->files[0];
    if (!check_text_tensors(arena, options, model, error))
        return false;
    bool bytes = options->vocabulary ? options->vocabulary->bytes : options->bytes;
    for (int i = 0; i < options->count; i++)
        if (!symbols_read(&symbols, options->files[i], bytes, error))
            return false;
    long least = options->inputs_only ? 1 : 2;
    if ((long)symbols.count < least || (options->inputs_only && symbols.count > INT_MAX)) {
        *error = arena_printf(arena, "'%s' has %zu symbol%s; a text needs %ld or more, and at most %d at once", path,
                              symbols.count, symbols.count == 1 ? "" : "s", least, INT_MAX);
        return false;
    }
    *table = (struct table){.model = model, .axes = AXES_ROWS, .is_series = !options->inputs_only, .sequence_count = 1};
    table->rows = (long)symbols.count - !options->inputs_only;
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
    if (options->inputs_only)
        table->sequences->length = (int)table->rows;
    else
        *table->targets = (struct column){.tensor = model->training->targets, .ids = ids + 1};
    return true;
}

bool table_read(struct arena *arena, const struct table_options *options, const rnn_model *model, struct table *table,
                const char **error)
{
    bool text = options->count > 0;
    for (int i = 0; i < options->count; i++) {
        const char *path = named_file_split(arena, options->files[i]).path;
        bool data = file_is_data(path);
        text = text && !data;
        if (!data && access(path, F_OK) != 0) { /* before its kind is checked */
            *error = arena_printf(arena, "cannot open '%s': %s", path, strerror(errno));
            return false;
        }
    }
    return text ? read_text_table(arena, options, model, table, error)
                : table_read_arrays(arena, options, model, table, error);
}

void table_tell(const struct table *table, const char *option)
{
    if (table->unused)
        fprintf(stderr, "rnn: %s\n", table->unused);
    if (table->order_note)
        fprintf(stderr, "rnn: %s\n", table->order_note);
    if (table->unknown && !table->is_series)
        fprintf(stderr, "rnn: characters of the text that are not in the vocabulary, which count as none: %ld\n",
                table->unknown);
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
