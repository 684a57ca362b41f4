/* Ranks in a build without MPI: there is one. */
#include "base/arena.h"
#include "command/commands.h"
#include "ranks/launcher.h"
#include "ranks/ranks.h"

bool ranks_open(struct ranks *ranks, struct arena *arena, int wanted, char **argv, const char **error)
{
    const char *variable;
    const int started = launcher_count(&variable);
    (void)argv;
    *ranks = (struct ranks){.count = 1};
    if (started > 1) {
        *error = arena_printf(arena,
                              "%d processes have been started together (%s), but this rnn was built without MPI: each "
                              "for itself would write the same files",
                              started, variable);
        return false;
    }
    if (wanted > 1)
        *error = arena_printf(arena,
                              "--ranks %d: this rnn was built without MPI. Install libopenmpi-dev and openmpi-bin, or "
                              "MPICH, and build it again",
                              wanted);
    return wanted <= 1;
}

void ranks_close(struct ranks *ranks) { (void)ranks; }

void ranks_sum(struct ranks *ranks, double *numbers, int count) { (void)ranks, (void)numbers, (void)count; }

void ranks_begin_sum(struct ranks *ranks, void *numbers, size_t count, int size)
{
    (void)ranks, (void)numbers, (void)count, (void)size;
}

void ranks_push_sums(struct ranks *ranks) { (void)ranks; }
void ranks_end_sums(struct ranks *ranks) { (void)ranks; }

void ranks_sum_halves(struct ranks *ranks, uint16_t *halves, size_t count) { (void)ranks, (void)halves, (void)count; }

void ranks_largest(struct ranks *ranks, int *numbers, int count) { (void)ranks, (void)numbers, (void)count; }

void ranks_meet(struct ranks *ranks) { (void)ranks; }

const char *ranks_text(struct ranks *ranks, struct arena *arena, int from, const char *text)
{
    (void)ranks, (void)arena, (void)from;
    return text;
}

void ranks_give(struct ranks *ranks, void *data, size_t size) { (void)ranks, (void)data, (void)size; }

void ranks_gather(struct ranks *ranks, const void *own, size_t size, void *all, const size_t *sizes)
{
    (void)ranks, (void)own, (void)size, (void)all, (void)sizes;
}

int ranks_fail(struct ranks *ranks, const char *sentence)
{
    (void)ranks;
    return print_error(sentence);
}
