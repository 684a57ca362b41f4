#include "network/draw.h"

#include <stdbool.h>

#include "base/arena.h"
#include "network/session.h"

void *tensor_draw(struct arena *arena, const rnn_model *model, const rnn_tensor *tensor, int frames, int streams,
                  struct random *random)
{
    const bool id = tensor->type == RNN_TYPE_ID;
    void *data = tensor_new(arena, model, tensor, frames, streams);
    for (long k = 0; k < tensor_elements(tensor, frames, streams); k++)
        tensor_set(model, tensor, data, k, id ? random_id(random, tensor->vocabulary) : random_real(random, 1));
    return data;
}

/* Draws as many labels as can be spelt in `length` frames: one that is like the label before takes a blank between
 * them. */
static int draw_labels(int32_t *ids, int most, int vocabulary, int length, struct random *random)
{
    int wanted = (int)(random_bits(random) % (uint64_t)(most + 1)), count = 0;
    for (int taken = 0; count < wanted && vocabulary > 1; count++) {
        ids[count] = 1 + (int32_t)((random_bits(random) >> 33) % (uint64_t)(vocabulary - 1));
        taken += count && ids[count] == ids[count - 1] ? 2 : 1;
        if (taken > length)
            break;
    }
    return count;
}

static rnn_labels *new_labels(struct arena *arena, const rnn_tensor *tensor, int streams, const int *lengths,
                              struct random *random)
{
    const int most = 4;
    int *counts = ARENA_ARRAY(arena, int, streams);
    int32_t *ids = ARENA_ARRAY(arena, int32_t, streams * most);
    for (int b = 0; b < streams; b++)
        counts[b] = draw_labels(ids + b * most, most, tensor->vocabulary, lengths[b], random);
    rnn_labels *labels = ARENA_NEW(arena, rnn_labels);
    *labels = (rnn_labels){.most = most, .counts = counts, .ids = ids};
    return labels;
}

void **targets_draw(struct arena *arena, const rnn_model *model, int frames, int streams, const int *lengths,
                    struct random *random)
{
    const rnn_training *training = model->training;
    void **targets = ARENA_ARRAY(arena, void *, training->target_count + 1);
    for (int i = 0; i < training->target_count; i++) {
        const rnn_tensor *tensor = &training->targets[i];
        targets[i] = tensor->type == RNN_TYPE_LABELS ? (void *)new_labels(arena, tensor, streams, lengths, random)
                                                     : tensor_draw(arena, model, tensor, frames, streams, random);
    }
    return targets;
}
