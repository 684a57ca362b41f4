#include "bench/floor.h"

#include <math.h>

static double seconds_of(const struct floor *floor, const rnn_cost *cost, double frames, double reads)
{
    const double bytes = cost->weights * floor->real_size / frames;
    return fmax(cost->flops * floor->streams / floor->flops, bytes / reads);
}

double floor_seconds(const struct floor *floor)
{
    return seconds_of(floor, &floor->beside, floor->frames, floor->beside_reads) +
           seconds_of(floor, &floor->within, 1, floor->within_reads);
}
