#include "ranks/launcher.h"

#include <stdlib.h>

/* Variables of Open MPI, of MPICH and others that have its process manager's interface (PMI, PMIx), and of Slurm's
 * srun, which starts processes with MPI and without. The first that is set counts. */
static const struct {
    const char *name;
    bool of_mpi, is_rank; /* else a number of processes */
} variables[] = {{"OMPI_COMM_WORLD_SIZE", true, false},
                 {"PMI_SIZE", true, false},
                 {"SLURM_STEP_NUM_TASKS", false, false},
                 {"PMI_RANK", true, true},
                 {"PMIX_RANK", true, true}};

enum { VARIABLES = sizeof variables / sizeof *variables };

bool launcher_has_mpi(void)
{
    bool found = false;
    for (int i = 0; i < VARIABLES; i++)
        found |= variables[i].of_mpi && getenv(variables[i].name);
    return found;
}

int launcher_count(const char **variable)
{
    for (int i = 0; i < VARIABLES; i++) {
        const char *text = getenv(variables[i].name);
        *variable = variables[i].name;
        if (text)
            return atoi(text) + variables[i].is_rank > 1 ? atoi(text) + variables[i].is_rank : 1;
    }
    return 1;
}

void launcher_leave(void)
{
    for (int i = 0; i < VARIABLES; i++)
        unsetenv(variables[i].name);
}
