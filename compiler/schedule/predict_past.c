/* The time for long pasts, which rnn/past.h moves beside the regions, in calls that go on from a state. */
#include <math.h>

#include "base/machine.h"
#include "schedule/plan.h"
#include "schedule/predict.h"

/* Bytes that are read or written for one stream. */
struct moves {
    double step;  /* a frame goes to its lower group */
    double call;  /* from the state into the work and back, there into lower groups too: half of them, on the average */
    double block; /* within the work, to where the next block finds it */
    double held;  /* the state and the work */
};

static struct moves count_moves(const struct schedule *schedule)
{
    const struct machine *machine = schedule->options.machine;
    struct moves moves = {0};
    for (int i = 0; i < schedule->graph->node_count; i++) {
        if (!past_is_ring(schedule, i))
            continue;
        const double lanes = machine->lanes_most, units = ceil(node_units(schedule->graph->nodes[i]) / lanes) * lanes;
        const double frame = units * machine->real_bytes, past = schedule->buffers[i].past * frame;
        moves.step += 2 * frame;
        moves.call += 5 * past;
        moves.block += schedule->buffers[i].storage == STORE_BLOCK ? 2 * past : 0;
        moves.held += 3 * past;
    }
    return moves;
}

/* Returns the nanoseconds in which a core reads or writes so many bytes of what takes `held` bytes in all. */
static double time_of(const struct machine *machine, double bytes, double held)
{
    int level = LEVEL_FIRST;
    while (level < LEVEL_MEMORY && held > predict_usable * machine->levels[level].bytes)
        level++;
    return bytes / machine->levels[level].one;
}

struct past_prediction predict_past(const struct schedule *schedule, int streams)
{
    const struct machine *machine = schedule->options.machine;
    const struct moves moves = count_moves(schedule);
    const double held = moves.held * streams;
    return (struct past_prediction){time_of(machine, moves.step * streams, held),
                                    time_of(machine, moves.call * streams, held),
                                    time_of(machine, moves.block * streams, held)};
}

double predict_past_of_call(const struct schedule *schedule, const struct load *call)
{
    const struct past_prediction past = predict_past(schedule, call->streams);
    const int block = frames_of_block(schedule, call->streams);
    return call->frames == 1 ? past.step : (past.call + past.block * ceil((double)call->frames / block)) / call->frames;
}
