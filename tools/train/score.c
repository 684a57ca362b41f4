#include "train/score.h"

#include "base/arena.h"
#include "network/session.h"
#include "table/decode.h"

const rnn_tensor *score_output(const rnn_model *model, int target)
{
    int output = model->training->predictions[target];
    return output < 0 ? NULL : &model->outputs[output];
}

static void count_ids(const struct batch *batch, int frames, const rnn_tensor *target, const void *ids,
                      const rnn_tensor *output, const void *data, struct score_count *count)
{
    const rnn_model *model = batch->dataset->table->model;
    bool has_frames = target->time == RNN_TIME_FRAME;
    for (int t = 0; t < (has_frames ? frames : 1); t++)
        for (int b = 0; b < batch->streams; b++) {
            long at = (long)t * batch->streams + b, best = 0;
            double id = tensor_get(model, target, ids, at);
            if (id < 0 || (has_frames && t >= batch->lengths[b]))
                continue;
            for (long u = 1; u < target->vocabulary; u++)
                if (tensor_get(model, output, data, at * target->vocabulary + u) >
                    tensor_get(model, output, data, at * target->vocabulary + best))
                    best = u;
            count->right += best == (long)id;
            count->ids++;
        }
}

/* Wagner and Fischer, "The string-to-string correction problem", J. ACM 1974, in one row. */
static int edit_distance(struct arena *scratch, const int32_t *a, int a_count, const int32_t *b, int b_count)
{
    int *row = ARENA_ARRAY(scratch, int, b_count + 1); /* row[j]: of a's first i and b's first j */
    for (int j = 0; j <= b_count; j++)
        row[j] = j;
    for (int i = 1; i <= a_count; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= b_count; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]), other = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[b_count];
}

static void count_labels(struct arena *scratch, const struct batch *batch, int frames, const rnn_labels *labels,
                         const rnn_tensor *output, const void *data, struct score_count *count)
{
    const rnn_model *model = batch->dataset->table->model;
    long units = tensor_units(output);
    double *scores = ARENA_ARRAY(scratch, double, frames *units);
    int32_t *spelt = ARENA_ARRAY(scratch, int32_t, frames);
    for (int b = 0; b < batch->streams; b++) {
        int length = batch->lengths[b];
        for (int t = 0; t < length; t++)
            for (long u = 0; u < units; u++)
                scores[t * units + u] = tensor_get(model, output, data, ((long)t * batch->streams + b) * units + u);
        int found = decode_best_path(scores, length, (int)units, spelt);
        count->errors += edit_distance(scratch, spelt, found, labels->ids + (long)b * labels->most, labels->counts[b]);
        count->labels += labels->counts[b];
    }
}

void score_window(struct arena *scratch, const struct batch *batch, int frames, int target, const void *output,
                  struct score_count *count)
{
    const rnn_model *model = batch->dataset->table->model;
    const rnn_tensor *tensor = &model->training->targets[target], *from = score_output(model, target);
    if (!from)
        return;
    if (tensor->type == RNN_TYPE_ID)
        count_ids(batch, frames, tensor, batch->targets[target], from, output, count);
    else if (frames == batch->longest)
        count_labels(scratch, batch, frames, batch->targets[target], from, output, count);
}
