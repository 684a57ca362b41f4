/* Tables from arrays: assigns arrays to columns, and interprets their axes. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "network/session.h"
#include "table/table_reader.h"

/* Returns why a number cannot be an element of the column; NULL: it can. */
static const char *find_fault(const struct reader *reader, const struct column *column, double x)
{
    const bool in_float = reader->table->model->real_size == sizeof(float);
    if (reader->options->inputs_only && !isfinite(x))
        return NULL;
    if (!isfinite(x))
        return "a network learns from finite numbers only";
    if (in_float && !isfinite((float)x))
        return "more than float can hold: scale the data, or compute with --double";
    if (column->probabilities && !(x >= 0 && x <= 1))
        return "a loss takes it for a probability, 0 to 1: scale the data, or compare with mse";
    return NULL;
}

/* Takes the elements of the source, whose axes may have been put into another order. */
static bool take_elements(const struct reader *reader, const struct source *source, const struct array *array,
                          struct column *column)
{
    if (column->tensor->type != RNN_TYPE_REAL)
        return reader_take_ids(reader, source, array, column);
    for (long i = 0; i < array_size(array); i++) {
        const double x = source->array->data[i];
        const char *fault = find_fault(reader, column, x);
        if (!fault || reader_is_padding(reader, column->tensor, i))
            continue;
        *reader->error = arena_printf(reader->arena, "'%s': element %s of '%s' is %g; %s", source->path,
                                      array_place_text(reader->arena, source->array, i), source->name, x, fault);
        return false;
    }
    column->reals = array->data;
    return true;
}

/* Turns [a, b, units] into [b, a, units]. */
static struct array *swap_axes(struct arena *arena, const struct array *array, long a, long b, long units)
{
    struct array *swapped = ARENA_NEW(arena, struct array);
    *swapped = *array;
    swapped->rank = 2 + (units > 1);
    swapped->shape[0] = b;
    swapped->shape[1] = a;
    swapped->shape[2] = units;
    swapped->data = ARENA_ARRAY(arena, double, array_size(swapped) + 1);
    for (long i = 0; i < a; i++)
        for (long k = 0; k < b; k++)
            memcpy(swapped->data + (k * a + i) * units, array->data + (i * b + k) * units,
                   (size_t)units * sizeof *array->data);
    return swapped;
}

/* Arranges the array of a column with frames as [rows, units] or [sequences, frames, units], and counts the axes before
 * the units; 0: not such an array. Where --streams says how many sequences there are, two axes are enough: those of
 * [sequences * frames, units], or with frames first of [frames, sequences * units]. */
static const struct array *arrange(const struct reader *reader, const struct source *source, const rnn_tensor *tensor,
                                   int *axes)
{
    const struct array *array = source->array;
    const struct table_options *options = reader->options;
    long units = tensor_units(tensor), streams = options->streams;
    bool first = options->frames_first;
    *axes = reader_leading_axes(tensor, array, 2);
    if (streams > 1 && first && array->rank == 2 && array->shape[1] == streams * units)
        return *axes = 2, swap_axes(reader->arena, array, array->shape[0], streams, units);
    if (streams > 1 && !first && *axes == 1 && array->shape[0] % streams == 0) {
        struct array *split = ARENA_NEW(reader->arena, struct array);
        *split = *array;
        *axes = 2;
        split->rank = 2 + (units > 1);
        split->shape[0] = streams;
        split->shape[1] = array->shape[0] / streams;
        split->shape[2] = units;
        return split;
    }
    if (*axes == 2 && first)
        return swap_axes(reader->arena, array, array->shape[0], array->shape[1], units);
    *axes = *axes == 1 || *axes == 2 ? *axes : 0;
    return array;
}

/* Takes the shape of the first array with frames, which gives the number of rows; notes how its axes were understood.
 */
static void take_shape(struct reader *reader, const struct source *source, const struct array *array, int axes)
{
    struct table *table = reader->table;
    bool first = reader->options->frames_first;
    table->axes = axes == 2 ? AXES_PADDED : AXES_ROWS;
    reader->frames = source;
    memcpy(reader->shape, array->shape, sizeof reader->shape);
    if (axes == 2 && !reader->options->streams)
        table->order_note =
            arena_printf(reader->arena, "'%s' is %s, read as %s: %ld sequence%s of %s%ld frame%s; %s --frames-first %s",
                         source->path, array_shape_text(reader->arena, source->array),
                         first ? "frames, then sequences" : "sequences, then frames", array->shape[0],
                         array->shape[0] == 1 ? "" : "s", reader->lengths ? "up to " : "", array->shape[1],
                         array->shape[1] == 1 ? "" : "s", first ? "without" : "with",
                         first ? "it would be the other way round" : "it is the other way round");
}

static bool refuse_axes(const struct reader *reader, const struct source *source, const rnn_tensor *tensor)
{
    struct arena *arena = reader->arena;
    long units = tensor_units(tensor);
    const char *both = reader->options->frames_first ? "frames, sequences" : "sequences, frames";
    if (units == 1)
        return reader_refuse_shape(reader, source, arena_printf(arena, "[%s] or [rows]", both));
    return reader_refuse_shape(
        reader, source,
        arena_printf(arena, "[%s, %ld] or [rows, %ld]; -D gives the network other sizes", both, units, units));
}

static bool read_frames(struct reader *reader, const struct source *source, struct column *column)
{
    struct arena *arena = reader->arena;
    const struct table *table = reader->table;
    int axes;
    const struct array *array = arrange(reader, source, column->tensor, &axes);
    if (!axes)
        return refuse_axes(reader, source, column->tensor);
    if (table->axes == AXES_NONE)
        take_shape(reader, source, array, axes);
    bool padded = table->axes == AXES_PADDED;
    if ((axes == 2) != padded) {
        long units = tensor_units(column->tensor), *shape = reader->shape;
        const char *rows = padded ? arena_printf(arena, "%ld, %ld", shape[reader->options->frames_first],
                                                 shape[!reader->options->frames_first])
                                  : arena_printf(arena, "%ld", shape[0]);
        return reader_refuse_shape(reader, source,
                                   arena_printf(arena, "[%s, %ld], as '%s' is %s", rows, units, reader->frames->name,
                                                array_shape_text(arena, reader->frames->array)));
    }
    if (memcmp(reader->shape, array->shape, (size_t)axes * sizeof reader->shape[0]) != 0)
        return reader_refuse_shape(reader, source,
                                   arena_printf(arena, "of as many sequences and frames as '%s', which is %s",
                                                reader->frames->name, array_shape_text(arena, reader->frames->array)));
    reader->waiting[reader->waiting_count++] = (struct waiting){column, source, array};
    return true;
}

/* Places the sequences, and takes the elements of the columns with frames. */
static bool take_frames(struct reader *reader)
{
    if (!reader_place_sequences(reader))
        return false;
    for (int i = 0; i < reader->waiting_count; i++) {
        const struct waiting *waiting = &reader->waiting[i];
        if (!take_elements(reader, waiting->source, waiting->array, waiting->column))
            return false;
    }
    return true;
}

/* Reads a column with a row for each sequence. */
static bool read_rows(struct reader *reader, const struct source *source, struct column *column)
{
    long rows = reader->table->sequence_count, units = tensor_units(column->tensor);
    if (column->tensor->type == RNN_TYPE_LABELS)
        return reader_take_labels(reader, source, column);
    bool told = rows == 1 || reader->options->streams; /* so that the axis of sequences may be left out */
    bool fits = reader_leading_axes(column->tensor, source->array, 2) == 1 && source->array->shape[0] == rows;
    if (!fits && !(told && array_size(source->array) == rows * units))
        return reader_refuse_shape(reader, source,
                                   units == 1 ? arena_printf(reader->arena, "[%ld], one for each sequence", rows)
                                              : arena_printf(reader->arena, "[%ld, %ld]", rows, units));
    reader->table->of_sequences |= rows > 1 || source->array->rank > 1;
    return take_elements(reader, source, source->array, column);
}

/* Reads the columns, those with frames first, as they give the number of sequences. */
static bool read_columns(struct reader *reader, const rnn_tensor *tensors, int count, struct column *columns,
                         const char *what, bool with_frames)
{
    for (int i = 0; i < count; i++) {
        const rnn_tensor *tensor = &tensors[i];
        bool has_frames = tensor->type != RNN_TYPE_LABELS && tensor->time == RNN_TIME_FRAME;
        if (has_frames != with_frames)
            continue;
        const struct source *source = sources_find(&reader->sources, tensor->name);
        columns[i].tensor = tensor;
        if (!source && reader->options->inputs_only)
            continue;
        if (!source) {
            *reader->error = sources_explain_missing(&reader->sources, what, tensor->name);
            return false;
        }
        if (!(with_frames ? read_frames : read_rows)(reader, source, &columns[i]))
            return false;
    }
    return true;
}

static bool refuse_without_frames(const struct reader *reader)
{
    *reader->error = arena_printf(reader->arena,
                                  "'%s' has no input or target with frames, so that nothing says how many there "
                                  "are: it cannot be trained from data files",
                                  reader->table->model->name);
    return false;
}

/* Finds the lengths of sequences, unless an input or target is called so. */
static const struct source *find_lengths(const struct sources *sources)
{
    bool taken = false;
    for (int i = 0; i < sources->model->input_count; i++)
        taken |= strcmp(sources->model->inputs[i].name, "lengths") == 0;
    for (int i = 0; i < sources->target_count; i++)
        taken |= strcmp(sources->targets[i].name, "lengths") == 0;
    return taken ? NULL : sources_find(sources, "lengths");
}

bool table_read_arrays(struct arena *arena, const struct table_options *options, const rnn_model *model,
                       struct table *table, const char **error)
{
    const rnn_tensor *targets = options->inputs_only ? NULL : model->training->targets;
    int target_count = options->inputs_only ? 0 : model->training->target_count;
    struct reader reader = {.arena = arena, .options = options, .table = table, .error = error};
    reader.sources = (struct sources){.arena = arena,
                                      .option = options->option,
                                      .model = model,
                                      .targets = targets,
                                      .target_count = target_count,
                                      .error = error};
    *table = (struct table){.model = model};
    table->inputs = ARENA_ARRAY(arena, struct column, model->input_count + 1);
    table->targets = ARENA_ARRAY(arena, struct column, target_count + 1);
    for (int i = 0; i < target_count; i++)
        table->targets[i].probabilities = model->training->probabilities && model->training->probabilities[i];
    reader.waiting = ARENA_ARRAY(arena, struct waiting, model->input_count + target_count + 1);
    bool read = sources_read(&reader.sources, options->files, options->count);
    table->unused = reader.sources.unused;
    if (!read)
        return false;
    reader.lengths = find_lengths(&reader.sources);
    for (int pass = 0; pass < 2; pass++) {
        if (!read_columns(&reader, model->inputs, model->input_count, table->inputs, "input", pass == 0) ||
            !read_columns(&reader, targets, target_count, table->targets, "target", pass == 0))
            return false;
        if (pass == 0 && table->axes == AXES_NONE && !options->inputs_only)
            return refuse_without_frames(&reader);
        if (pass == 0 && !take_frames(&reader))
            return false;
    }
    return options->inputs_only || reader_leave_out(&reader);
}
