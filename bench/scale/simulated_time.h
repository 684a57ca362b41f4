/* Included before all else in ranks.c and ranks_mpi.c as rnn_scale has them: their clock is that of the simulation. */
#ifndef RNN_SIMULATED_TIME_H
#define RNN_SIMULATED_TIME_H

#include <mpi.h>
#include <smpi/smpi.h>
#include <time.h>

#include "scale.h"

#define clock_gettime smpi_clock_gettime
#define nanosleep     scale_nanosleep

#endif
