#include "train/dataset.h"

#include <limits.h>

#include "base/arena.h"
#include "base/random.h"
#include "network/session.h"
#include "ranks/ranks.h"

/* Cuts rows `first` .. `end` - 1 of a series into sequences; false if there is not one row for each. Every row is in
 * one of them: if the rows do not divide, the first streams have one more, and the last piece has the rest. */
static bool cut_series(struct arena *arena, const struct table *table, const struct cut *cut, long first, long end,
                       struct dataset *dataset)
{
    long rows = end - first, pieces = cut->streams, length = rows / pieces, longer = rows % pieces;
    if (cut->piece) {
        length = rows < cut->piece ? rows : cut->piece;
        pieces = length ? rows / length + (rows % length > 0) : 0;
        longer = 0;
    }
    if (length < 1 || length >= INT_MAX)
        return false;
    *dataset = (struct dataset){.table = table, .count = pieces, .ordered = cut->piece == 0};
    dataset->sequences = ARENA_ARRAY(arena, struct sequence, pieces);
    for (long i = 0, row = first; i < pieces; i++) {
        long own = length + (i < longer), rest = end - row;
        dataset->sequences[i] = (struct sequence){.row = row, .length = (int)(own < rest ? own : rest)};
        row += own;
    }
    return true;
}

static const char *refuse_cut(struct arena *arena, long rows, const struct cut *cut)
{
    const char *frames = rows == 1 ? "frame" : "frames";
    if (rows < cut->streams)
        return arena_printf(arena, "%ld %s cannot be cut into %d streams: give --streams %ld%s", rows, frames,
                            cut->streams, rows, rows > 1 ? " or less" : "");
    return arena_printf(arena, "%ld %s cannot be cut into %d streams of at most %d frames: give more --streams", rows,
                        frames, cut->streams, INT_MAX - 1);
}

static void measure(struct dataset *dataset)
{
    for (long i = 0; i < dataset->count; i++) {
        int length = dataset->sequences[i].length;
        dataset->longest = length > dataset->longest ? length : dataset->longest;
        dataset->frames += length;
    }
}

struct cut dataset_held_cut(const struct cut *cut, long rows)
{
    return (struct cut){.streams = rows < cut->streams ? (int)rows : cut->streams, .piece = cut->held_piece};
}

bool dataset_split(struct arena *arena, const struct table *table, const struct cut *cut, double held_out,
                   struct dataset *dataset, struct dataset *rest, const char **error)
{
    long all = table->is_series ? table->rows : table->sequence_count;
    long held = (long)((double)all * held_out);
    held += held_out > 0 && held == 0;
    if (held >= all) {
        *error = arena_printf(arena, "%ld %s%s cannot be divided into some to learn from and some to validate with",
                              all, table->is_series ? "frame" : "sequence", all == 1 ? "" : "s");
        return false;
    }
    *rest = (struct dataset){.table = table};
    if (!table->is_series) {
        *dataset = (struct dataset){.table = table, .sequences = table->sequences, .count = all - held};
        rest->sequences = table->sequences + dataset->count;
        rest->count = held;
    } else {
        const struct cut held_cut = dataset_held_cut(cut, held);
        if (!cut_series(arena, table, cut, 0, all - held, dataset) ||
            (held && !cut_series(arena, table, &held_cut, all - held, all, rest))) {
            *error = refuse_cut(arena, all - held, cut);
            return false;
        }
    }
    measure(dataset);
    measure(rest);
    return true;
}

/* Fisher and Yates, as in Durstenfeld, Algorithm 235, CACM 1964. The bias of a remainder of 64 bits is below 2^-30 for
 * all counts that fit into memory. */
void dataset_order(const struct dataset *dataset, uint64_t seed, int epoch, long *order)
{
    for (long i = 0; i < dataset->count; i++)
        order[i] = i;
    struct random random = random_start(random_key(seed, (uint64_t)epoch));
    for (long i = dataset->count - 1; i > 0 && !dataset->ordered; i--) {
        long other = (long)(random_bits(&random) % (uint64_t)(i + 1)), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* ---- batches ---- */

static void *new_column(struct arena *arena, const rnn_model *model, const rnn_tensor *tensor, int frames, int streams,
                        rnn_labels *labels)
{
    return tensor->type == RNN_TYPE_LABELS ? (void *)labels : tensor_new(arena, model, tensor, frames, streams);
}

void batch_open(struct arena *arena, struct batch *batch, const rnn_model *model, int frames, int streams, int rank,
                int ranks)
{
    const rnn_training *training = model->training;
    *batch = (struct batch){.arena = arena, .rank = rank, .ranks = ranks};
    batch->sequences = ARENA_ARRAY(arena, const struct sequence *, streams);
    batch->most_streams = streams = ranks_most(ranks, streams);
    batch->lengths = ARENA_ARRAY(arena, int, streams);
    batch->inputs = ARENA_ARRAY(arena, void *, model->input_count + 1);
    batch->targets = ARENA_ARRAY(arena, void *, training->target_count + 1);
    batch->labels = ARENA_ARRAY(arena, rnn_labels, training->target_count + 1);
    batch->rooms = ARENA_ARRAY(arena, struct label_room, training->target_count + 1);
    for (int i = 0; i < model->input_count; i++)
        batch->inputs[i] = tensor_new(arena, model, &model->inputs[i], frames, streams);
    for (int i = 0; i < training->target_count; i++)
        batch->targets[i] = new_column(arena, model, &training->targets[i], frames, streams, &batch->labels[i]);
}

void batch_choose(struct batch *batch, const struct dataset *dataset, const long *order, long first, int count)
{
    batch->dataset = dataset;
    batch->all = count;
    batch->first = ranks_first(batch->rank, batch->ranks, count);
    batch->streams = ranks_first(batch->rank + 1, batch->ranks, count) - batch->first;
    batch->longest = 0;
    for (int b = 0; b < count; b++) {
        batch->sequences[b] = &dataset->sequences[order[first + b]];
        int length = batch->sequences[b]->length;
        batch->longest = length > batch->longest ? length : batch->longest;
    }
}

static void fill_column(const struct batch *batch, const struct column *column, void *to, long begin, int frames)
{
    const rnn_model *model = batch->dataset->table->model;
    bool has_frames = column->tensor->time == RNN_TIME_FRAME;
    for (int t = 0; t < (has_frames ? frames : 1); t++)
        for (int b = 0; b < batch->streams; b++) {
            const struct sequence *sequence = batch->sequences[batch->first + b];
            long row = !has_frames ? sequence->number : begin + t < sequence->length ? sequence->row + begin + t : -1;
            column_put(model, column, row, to, (long)t * batch->streams + b);
        }
}

static void fill_labels(const struct batch *batch, const struct column *column, rnn_labels *labels,
                        struct label_room *room)
{
    if (!room->counts || room->most < column->most) {
        room->most = column->most;
        room->counts = ARENA_ARRAY(batch->arena, int, batch->most_streams);
        room->ids = ARENA_ARRAY(batch->arena, int32_t, (long)batch->most_streams * column->most + 1);
    }
    *labels = (rnn_labels){.most = column->most, .counts = room->counts, .ids = room->ids};
    for (int b = 0; b < batch->streams; b++) {
        long number = batch->sequences[batch->first + b]->number;
        room->counts[b] = column->counts[number];
        for (int k = 0; k < column->most; k++)
            room->ids[(long)b * column->most + k] = column->ids[number * column->most + k];
    }
}

void batch_fill(struct batch *batch, long begin, int frames, int loss_from)
{
    const struct table *table = batch->dataset->table;
    const rnn_training *training = table->model->training;
    batch->window_lengths = NULL;
    batch->frames = 0;
    for (int b = 0; b < batch->all; b++) {
        const long rest = batch->sequences[b]->length - begin;
        const int length = rest <= 0 ? 0 : rest < frames ? (int)rest : frames, own = b - batch->first;
        batch->frames += length > loss_from ? length - loss_from : 0;
        if (own < 0 || own >= batch->streams)
            continue;
        batch->lengths[own] = length;
        if (length < frames)
            batch->window_lengths = batch->lengths;
    }
    for (int i = 0; i < table->model->input_count; i++)
        fill_column(batch, &table->inputs[i], batch->inputs[i], begin, frames);
    for (int i = 0; i < training->target_count; i++)
        if (training->targets[i].type == RNN_TYPE_LABELS)
            fill_labels(batch, &table->targets[i], &batch->labels[i], &batch->rooms[i]);
        else
            fill_column(batch, &table->targets[i], batch->targets[i], begin, frames);
}

struct plan batch_plan(const struct batch *batch, long begin, int window, int advance)
{
    long rest = batch->longest - begin;
    if (!window || (begin == 0 && rest <= window))
        return (struct plan){(int)rest, (int)rest, 0, true};
    int frames = rest < window ? (int)rest : window;
    return (struct plan){.frames = frames,
                         .advance = advance < frames ? advance : frames,
                         .loss_from = begin ? window - advance : 0,
                         .last = rest <= window};
}
