/* Tables from arrays: which array is for which column, and what its axes mean. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/suggest.h"
#include "base/text.h"
#include "data/array.h"
#include "feed.h"
#include "session.h"
#include "table.h"

/* An array, the name that it is for, and the file that it is from. */
struct source {
    const char *name, *path;
    const struct array *array;
    bool by_name; /* given as NAME=FILE */
};

struct reader {
    struct arena *arena;
    const struct table_options *options;
    struct source *sources;
    int source_count, source_capacity;
    struct table *table;
    const struct source *frames;  /* the first array with frames: the others agree with it */
    const struct source *lengths; /* NULL: none */
    long shape[2];                /* its axes before the units: [rows] or [sequences, frames] */
    int axes;                     /* 1 or 2; 0: not known yet */
    bool *skipped;                /* [sequences]: left out, as labels do not fit in */
    const char **error;
};

static const struct source *find_source(const struct reader *reader, const char *name)
{
    for (int i = reader->source_count - 1; i >= 0; i--)
        if (strcmp(reader->sources[i].name, name) == 0)
            return &reader->sources[i];
    return NULL;
}

static bool add_file(struct reader *reader, const char *argument)
{
    struct named_file file = named_file_split(reader->arena, argument);
    struct array *arrays;
    int count, before = reader->source_count;
    if (!arrays_read(reader->arena, file.path, &arrays, &count, reader->error))
        return false;
    for (int i = 0; i < count; i++) {
        const char *name = file.name && count == 1 ? file.name : arrays[i].name;
        if (!name || (file.name && strcmp(name, file.name) != 0))
            continue;
        struct source source = {name, file.path, &arrays[i], file.name != NULL};
        ARENA_PUSH(reader->arena, reader->sources, reader->source_count, reader->source_capacity, source);
    }
    if (reader->source_count > before)
        return true;
    *reader->error = file.name ? arena_printf(reader->arena, "'%s' has no array '%s'", file.path, file.name)
                               : arena_printf(reader->arena, "which input or target is '%s' for? Write %s NAME=%s",
                                              file.path, reader->options->option, file.path);
    return false;
}

/* Whether something of this name is asked for; else what comes near it and is not there. */
static bool is_wanted(const struct reader *reader, const char *name, struct suggestion *near)
{
    const rnn_model *model = reader->table->model;
    const rnn_training *training = model->training;
    const char **wanted = ARENA_ARRAY(reader->arena, const char *, model->input_count + 2 * training->target_count + 1);
    int count = 0;
    wanted[count++] = "lengths";
    for (int i = 0; i < model->input_count; i++)
        wanted[count++] = model->inputs[i].name;
    for (int i = 0; i < training->target_count; i++) {
        wanted[count++] = training->targets[i].name;
        if (training->targets[i].type == RNN_TYPE_LABELS)
            wanted[count++] = arena_printf(reader->arena, "%s.lengths", training->targets[i].name);
    }
    suggest_init(near, name);
    for (int i = 0; i < count; i++) {
        if (strcmp(name, wanted[i]) == 0)
            return true;
        if (!find_source(reader, wanted[i]))
            suggest_consider(near, wanted[i]);
    }
    return false;
}

static bool refuse_name(const struct reader *reader, const struct source *source, const char *near)
{
    struct arena *arena = reader->arena;
    const char *model = reader->table->model->name;
    const char *hint = near ? arena_printf(arena, "; did you mean '%s'?", near) : "";
    *reader->error =
        source->by_name
            ? arena_printf(arena, "%s %s=%s: '%s' has no input or target of that name%s", reader->options->option,
                           source->name, source->path, model, hint)
            : arena_printf(arena, "'%s': '%s' has no input or target '%s'%s If not, leave the array out of the file",
                           source->path, model, source->name, hint);
    return false;
}

/* What is given as NAME=FILE is for something, and for nothing that another one is for. A file may hold more than is
 * asked for, but nothing that looks like a misspelt name of what is not there. */
static bool check_names(const struct reader *reader)
{
    struct text unused;
    text_init(&unused, reader->arena);
    for (int i = 0; i < reader->source_count; i++) {
        const struct source *source = &reader->sources[i];
        struct suggestion near;
        if (!is_wanted(reader, source->name, &near)) {
            if (source->by_name || near.best)
                return refuse_name(reader, source, near.best);
            text_printf(&unused, "%s'%s' in '%s'", unused.length ? ", " : "", source->name, source->path);
        }
        for (int k = 0; k < i; k++)
            if (source->by_name && reader->sources[k].by_name && strcmp(reader->sources[k].name, source->name) == 0) {
                *reader->error = arena_printf(reader->arena, "'%s' is given twice, as '%s' and '%s'", source->name,
                                              reader->sources[k].path, source->path);
                return false;
            }
    }
    reader->table->unused = unused.length ? unused.data : NULL;
    return true;
}

static bool refuse_shape(const struct reader *reader, const struct source *source, const char *needed)
{
    *reader->error = arena_printf(reader->arena, "'%s': '%s' is %s; it has to be %s", source->path, source->name,
                                  array_shape_text(reader->arena, source->array), needed);
    return false;
}

/* ---- lengths ---- */

/* Whole numbers from `least` to `most`, one a sequence. */
static const int *read_counts(const struct reader *reader, const struct source *source, long count, int least,
                              long most)
{
    const struct array *array = source->array;
    if (array_size(array) != count) {
        refuse_shape(reader, source, arena_printf(reader->arena, "[%ld], a number for each sequence", count));
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

static bool any_of_sequence(const rnn_tensor *tensors, int count)
{
    bool any = false;
    for (int i = 0; i < count; i++)
        any |= tensors[i].type == RNN_TYPE_LABELS || tensors[i].time == RNN_TIME_SEQUENCE;
    return any;
}

/* What is given once a sequence is of all its frames, not of a part that they are cut into. */
static bool can_be_cut(const rnn_model *model)
{
    return !any_of_sequence(model->inputs, model->input_count) &&
           !any_of_sequence(model->training->targets, model->training->target_count);
}

static bool place_sequences(struct reader *reader)
{
    struct table *table = reader->table;
    const struct source *lengths = reader->lengths;
    bool padded = reader->axes == 2;
    table->is_series = !padded && !lengths && can_be_cut(table->model);
    table->rows = padded ? reader->shape[0] * reader->shape[1] : reader->shape[0];
    long count = padded ? reader->shape[0] : lengths ? array_size(lengths->array) : 1;
    long most = padded ? reader->shape[1] : table->rows; /* frames of a sequence */
    if (count < 1 || table->rows < 1 || (!table->is_series && !lengths && most > INT_MAX))
        return refuse_shape(reader, reader->frames,
                            arena_printf(reader->arena, "of sequences of 1 to %d frames", INT_MAX));
    const int *counts = NULL;
    if (lengths && !(counts = read_counts(reader, lengths, count, 1, most)))
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

/* ---- columns ---- */

/* Ids as such; false if one is none. */
static bool take_ids(const struct reader *reader, const struct source *source, struct column *column)
{
    long size = array_size(source->array);
    if (!check_ids(reader->arena, column->tensor, source->array, source->path, reader->error))
        return false;
    int32_t *ids = ARENA_ARRAY(reader->arena, int32_t, size + 1);
    for (long i = 0; i < size; i++)
        ids[i] = (int32_t)source->array->data[i];
    column->ids = ids;
    return true;
}

static bool take_elements(const struct reader *reader, const struct source *source, struct column *column)
{
    const struct array *array = source->array;
    if (column->tensor->type != RNN_TYPE_REAL)
        return take_ids(reader, source, column);
    bool in_float = reader->table->model->real_size == sizeof(float);
    for (long i = 0; i < array_size(array); i++) {
        double x = array->data[i];
        if (isfinite(in_float ? (float)x : x))
            continue;
        const char *why = isfinite(x) ? "more than float can hold: scale the data, or compute with --double"
                                      : "a network learns from finite numbers only";
        *reader->error =
            arena_printf(reader->arena, "'%s': element %ld of '%s' is %g; %s", source->path, i, source->name, x, why);
        return false;
    }
    column->reals = array->data;
    return true;
}

/* How many axes an array has before those of the units; -1 if its units are not the tensor's. */
static int leading_axes(const rnn_tensor *tensor, const struct array *array, int most)
{
    long units = tensor_units(tensor), last = array->rank ? array->shape[array->rank - 1] : 0;
    if (units > 1)
        return last == units ? array->rank - 1 : -1;
    return array->rank > most || (array->rank == most && last == 1) ? array->rank - (last == 1) : array->rank;
}

/* A column with frames: the first one says how many rows there are. */
static bool read_frames(struct reader *reader, const struct source *source, struct column *column)
{
    const struct array *array = source->array;
    int axes = leading_axes(column->tensor, array, 2);
    if (reader->axes == 0 && (axes == 1 || axes == 2)) {
        reader->axes = axes;
        reader->frames = source;
        memcpy(reader->shape, array->shape, sizeof reader->shape);
    }
    if (axes < 1 || axes > 2) {
        long units = tensor_units(column->tensor);
        return refuse_shape(reader, source,
                            units > 1
                                ? arena_printf(reader->arena, "[sequences, frames, %ld] or [rows, %ld]", units, units)
                                : "[sequences, frames] or [rows]");
    }
    if (axes != reader->axes) {
        long units = tensor_units(column->tensor);
        const char *rows = reader->axes == 1
                               ? arena_printf(reader->arena, "%ld", reader->shape[0])
                               : arena_printf(reader->arena, "%ld, %ld", reader->shape[0], reader->shape[1]);
        return refuse_shape(reader, source,
                            arena_printf(reader->arena, "[%s, %ld], as '%s' is %s", rows, units, reader->frames->name,
                                         array_shape_text(reader->arena, reader->frames->array)));
    }
    if (memcmp(reader->shape, array->shape, (size_t)axes * sizeof reader->shape[0]) != 0)
        return refuse_shape(reader, source,
                            arena_printf(reader->arena, "of as many sequences and frames as '%s', which is %s",
                                         reader->frames->name, array_shape_text(reader->arena, reader->frames->array)));
    return take_elements(reader, source, column);
}

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

/* Without `NAME.lengths`, what is below 1 at the end of a row is padding. */
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

/* Frames that the labels of a row need: one for each, and one between two that are the same, for the blank (Graves et
 * al. 2006, section 3.1). */
static int count_needed(const struct column *column, long row)
{
    const int32_t *labels = column->ids + row * column->most;
    int needed = column->counts[row];
    for (int k = 1; k < column->counts[row]; k++)
        needed += labels[k] == labels[k - 1];
    return needed;
}

/* Sequences with too few frames for their labels, which no path can spell, are left out, or refused. */
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

static bool read_labels(struct reader *reader, const struct source *source, struct column *column)
{
    const struct array *array = source->array;
    long rows = reader->table->sequence_count;
    if (array->rank != 2 || array->shape[0] != rows || array->shape[1] > INT_MAX)
        return refuse_shape(reader, source, arena_printf(reader->arena, "[%ld, most labels]", rows));
    if (!take_ids(reader, source, column))
        return false;
    column->most = (int)array->shape[1];
    const struct source *lengths = find_source(reader, arena_printf(reader->arena, "%s.lengths", source->name));
    column->counts = lengths ? read_counts(reader, lengths, rows, 0, column->most) : count_labels(reader, column);
    return column->counts && check_labels(reader, source, column, !lengths) && check_room(reader, source, column);
}

/* The table without the sequences that are skipped. */
static bool leave_out(struct reader *reader)
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

/* A column with a row for each sequence. */
static bool read_rows(struct reader *reader, const struct source *source, struct column *column)
{
    long rows = reader->table->sequence_count, units = tensor_units(column->tensor);
    if (column->tensor->type == RNN_TYPE_LABELS)
        return read_labels(reader, source, column);
    bool alone = rows == 1 && array_size(source->array) == units;
    if (!alone && (leading_axes(column->tensor, source->array, 2) != 1 || source->array->shape[0] != rows))
        return refuse_shape(reader, source, arena_printf(reader->arena, "[%ld, %ld]", rows, units));
    return take_elements(reader, source, column);
}

/* Columns with frames come first, as they say how many sequences there are. */
static bool read_columns(struct reader *reader, const rnn_tensor *tensors, int count, struct column *columns,
                         const char *what, bool with_frames)
{
    for (int i = 0; i < count; i++) {
        const rnn_tensor *tensor = &tensors[i];
        bool has_frames = tensor->type != RNN_TYPE_LABELS && tensor->time == RNN_TIME_FRAME;
        if (has_frames != with_frames)
            continue;
        const struct source *source = find_source(reader, tensor->name);
        columns[i].tensor = tensor;
        if (!source) {
            *reader->error =
                arena_printf(reader->arena,
                             "no data for %s '%s': give %s %s=FILE, or a .npz or .safetensors file with an "
                             "array of that name",
                             what, tensor->name, reader->options->option, tensor->name);
            return false;
        }
        if (!(with_frames ? read_frames : read_rows)(reader, source, &columns[i]))
            return false;
    }
    return true;
}

bool table_read_arrays(struct arena *arena, const struct table_options *options, const rnn_model *model,
                       struct table *table, const char **error)
{
    struct reader reader = {.arena = arena, .options = options, .table = table, .error = error};
    const rnn_training *training = model->training;
    *table = (struct table){.model = model};
    table->inputs = ARENA_ARRAY(arena, struct column, model->input_count + 1);
    table->targets = ARENA_ARRAY(arena, struct column, training->target_count + 1);
    for (int i = 0; i < options->count; i++)
        if (!add_file(&reader, options->files[i]))
            return false;
    if (!check_names(&reader))
        return false;
    reader.lengths = find_source(&reader, "lengths");
    for (int pass = 0; pass < 2; pass++) {
        if (!read_columns(&reader, model->inputs, model->input_count, table->inputs, "input", pass == 0) ||
            !read_columns(&reader, training->targets, training->target_count, table->targets, "target", pass == 0))
            return false;
        if (pass == 0 && reader.axes == 0) {
            *error = arena_printf(arena,
                                  "'%s' has no input or target with frames, so that nothing says how many there "
                                  "are: it cannot be trained from data files",
                                  model->name);
            return false;
        }
        if (pass == 0 && !place_sequences(&reader))
            return false;
    }
    return leave_out(&reader);
}
