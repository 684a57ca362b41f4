/* What a launcher of processes, as mpirun or srun, leaves in the environment of each. */
#ifndef RNN_TOOLS_LAUNCHER_H
#define RNN_TOOLS_LAUNCHER_H

#include <stdbool.h>

/* True if a launcher of MPI has started this process, alone or with others. */
bool launcher_has_mpi(void);
/* Returns how many processes have been started together, as far as the environment says; 1: this one alone.
 * *variable says so. */
int launcher_count(const char **variable);
/* Takes it out of the environment: programs that are started from now on are on their own. */
void launcher_leave(void);

#endif
