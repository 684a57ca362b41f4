/* The state of all streams of a batch, put together from the ranks that have them, and taken apart. */
#include <string.h>

#include "base/arena.h"
#include "train/trainer.h"

static int first_of(const struct trainer *trainer, int rank)
{
    return ranks_first(rank, trainer->ranks->count, trainer->batch.all);
}

/* Returns the bytes of a rank's state; 0 if it has no streams. */
static size_t size_of(const struct trainer *trainer, int rank)
{
    const int streams = first_of(trainer, rank + 1) - first_of(trainer, rank);
    return streams ? trainer->model->training->state_size(streams) : 0;
}

/* Puts the states of all ranks, which lie behind each other, into one. */
static bool join_states(const struct trainer *trainer, const char *states, const size_t *sizes, void *whole)
{
    const rnn_training *training = trainer->model->training;
    bool joined = training->state_init(whole, trainer->batch.all) == RNN_OK;
    for (int rank = 0; rank < trainer->ranks->count && joined; states += sizes[rank++]) {
        const int first = first_of(trainer, rank), count = first_of(trainer, rank + 1) - first;
        void *state = count ? rnn_alloc(sizes[rank], trainer->model->alignment) : NULL;
        if (state)
            memcpy(state, states, sizes[rank]);
        joined = !count || (state && training->copy_streams(whole, first, state, 0, count) == RNN_OK);
        rnn_free(state);
    }
    return joined;
}

bool trainer_gather(struct trainer *trainer, const char **error)
{
    const struct ranks *ranks = trainer->ranks;
    compress_settle(&trainer->compress);
    if (ranks->count == 1 || !trainer->position.begin)
        return true;
    struct arena *arena = arena_new();
    size_t *sizes = ARENA_ARRAY(arena, size_t, ranks->count), all = 0;
    for (int rank = 0; rank < ranks->count; rank++)
        all += sizes[rank] = size_of(trainer, rank);
    char *states = ranks->rank ? NULL : arena_alloc(arena, all + 1, 1);
    ranks_gather(trainer->ranks, trainer->state, sizes[ranks->rank], states, sizes);
    bool joined = true;
    if (ranks->rank == 0) {
        const size_t size = trainer->model->training->state_size(trainer->batch.all);
        rnn_free(trainer->whole);
        trainer->whole = rnn_alloc(size, trainer->model->alignment);
        joined = trainer->whole && join_states(trainer, states, sizes, trainer->whole);
    }
    arena_free(arena);
    if (!joined)
        *error = "out of memory for the state of all ranks";
    return joined;
}

void trainer_scatter(struct trainer *trainer) { compress_go_on(&trainer->compress); }

const void *trainer_whole_state(const struct trainer *trainer)
{
    return trainer->ranks->count == 1 ? trainer->state : trainer->whole;
}

bool trainer_take_state(struct trainer *trainer, const void *whole)
{
    const struct batch *batch = &trainer->batch;
    const rnn_training *training = trainer->model->training;
    const size_t size = training->state_size(batch->all);
    if (trainer->ranks->count == 1) {
        memcpy(trainer->state, whole, size);
        return true;
    }
    if (!batch->streams)
        return true;
    void *aligned = rnn_alloc(size, trainer->model->alignment);
    if (aligned)
        memcpy(aligned, whole, size);
    trainer_begin_streams(trainer);
    bool taken = aligned && training->copy_streams(trainer->state, 0, aligned, batch->first, batch->streams) == RNN_OK;
    rnn_free(aligned);
    return taken;
}
