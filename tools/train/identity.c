#include "train/identity.h"

#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"
#include "base/text.h"
#include "data/file.h"
#include "network/program.h"
#include "network/session.h"
#include "syntax/tree.h"

static uint32_t sum(uint32_t before, const void *data, size_t size)
{
    return data ? (uint32_t)crc32_z(before, data, size) : before;
}

bool identity_sum_file(struct arena *arena, const char *path, uint32_t *result, const char **error)
{
    struct text text;
    if (!file_read(arena, path, &text, error))
        return false;
    *result = sum(0, text.data, text.length);
    return true;
}

bool identity_sum_program(const struct network_options *options, uint32_t *result, const char **error)
{
    struct arena *arena = options->arena;
    struct source *source = source_from_file(arena, options->path, error);
    if (!source)
        return false;
    struct diagnostics *diag = diag_new(arena, source);
    const struct import_options imports = program_imports(options);
    const struct tree *tree = parse_program(arena, source, &imports, diag);
    if (diag_error_count(diag)) {
        *error = arena_printf(arena, "'%s' has changed while it was compiled", options->path);
        return false;
    }
    struct text text;
    text_init(&text, arena);
    for (int i = 0; i < tree->part_count; i++) {
        tree->parts[i]->comment_count = 0;
        tree_print(tree->parts[i], &text);
    }
    *result = 0;
    for (size_t i = 0; i < text.length; i++) /* empty lines, which the printer keeps, mean nothing */
        if (text.data[i] != '\n' || (i && text.data[i - 1] != '\n'))
            *result = sum(*result, &text.data[i], 1);
    return true;
}

/* Adds rows `row` .. row + count - 1 to the sum. */
static uint32_t sum_rows(uint32_t before, const struct column *column, long row, long count)
{
    long units = tensor_units(column->tensor);
    if (column->reals)
        return sum(before, column->reals + row * units, (size_t)(count * units) * sizeof *column->reals);
    if (!column->counts)
        return column->ids ? sum(before, column->ids + row, (size_t)count * sizeof *column->ids) : before;
    for (long i = row; i < row + count; i++) {
        before = sum(before, &column->counts[i], sizeof column->counts[i]);
        before = sum(before, column->ids + i * column->most, (size_t)column->counts[i] * sizeof *column->ids);
    }
    return before;
}

static uint32_t sum_columns(uint32_t before, const struct column *columns, int count, const struct sequence *sequence)
{
    for (int i = 0; i < count; i++)
        before = columns[i].tensor->time == RNN_TIME_FRAME
                     ? sum_rows(before, &columns[i], sequence->row, sequence->length)
                     : sum_rows(before, &columns[i], sequence->number, 1);
    return before;
}

uint32_t identity_sum_data(const struct dataset *data)
{
    uint32_t all = 0;
    const struct table *table = data->table;
    for (long i = 0; i < data->count; i++) {
        const struct sequence *sequence = &data->sequences[i];
        all = sum(all, &sequence->length, sizeof sequence->length);
        all = sum_columns(all, table->inputs, table->model->input_count, sequence);
        all = sum_columns(all, table->targets, table->model->training->target_count, sequence);
    }
    return all;
}

bool identity_find(const struct train_options *options, const struct dataset *data, const struct dataset *held,
                   struct identity *identity, const char **error)
{
    if (strcmp(options->network.path, "-") == 0) {
        *error =
            "a training with checkpoints, or of several ranks, needs its program in a file, not from standard input";
        return false;
    }
    identity->data = identity_sum_data(data);
    identity->held = held->count ? identity_sum_data(held) : 0;
    return identity_sum_program(&options->network, &identity->program, error);
}
