#include "train/tally.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"

void tally_open(struct tally *tally, struct arena *arena, const rnn_model *model)
{
    int count = model->training->loss_count;
    *tally = (struct tally){model->training, ARENA_ARRAY(arena, rnn_loss, count), ARENA_ARRAY(arena, rnn_loss, count)};
}

void tally_clear(struct tally *tally)
{
    memset(tally->losses, 0, (size_t)tally->training->loss_count * sizeof *tally->losses);
}

void tally_take(struct tally *tally, const void *state, void *work)
{
    tally->training->losses(state, work, tally->call);
}

bool tally_call_counts(const struct tally *tally)
{
    bool counts = false;
    for (int i = 0; i < tally->training->loss_count; i++)
        counts |= tally->call[i].count > 0;
    return counts;
}

void tally_add(struct tally *tally)
{
    for (int i = 0; i < tally->training->loss_count; i++) {
        tally->losses[i].sum += tally->call[i].sum;
        tally->losses[i].count += tally->call[i].count;
    }
}

bool tally_counts(const struct tally *tally)
{
    bool counts = false;
    for (int i = 0; i < tally->training->loss_count; i++)
        counts |= tally->losses[i].count > 0;
    return counts;
}

double tally_mean(const struct tally *tally)
{
    double mean = 0;
    for (int i = 0; i < tally->training->loss_count; i++)
        if (tally->losses[i].count > 0)
            mean += tally->losses[i].sum / tally->losses[i].count;
    return tally_counts(tally) && !isnan(mean) ? mean : NAN; /* of one sign */
}
