/* The arithmetic of compression, as ranks/ calls it: in a simulation of which the costs are known it takes its time and
 * does nothing; else it is done, and measured where costs are wanted. The linker's --wrap=NAME makes __wrap_NAME of a
 * call of NAME, and NAME of __real_NAME. */
#include <time.h>

#include "costs.h"
#include "ranks/factors.h"
#include "ranks/halves.h"
#include "scale.h"

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Returns true if the call is to be done, and the time when it begins. */
static bool is_done(struct arithmetic *call)
{
    const struct scale_rank *rank = scale_rank();
    if (rank->costs && !rank->records) {
        costs_take_call(rank->costs, call);
        return false;
    }
    call->seconds = -now();
    return true;
}

static void end(struct arithmetic *call)
{
    const struct scale_rank *rank = scale_rank();
    call->seconds += now();
    if (rank->records)
        costs_note(rank->costs, call);
}

static struct arithmetic call_of(const char *name, const struct factors *factors)
{
    return (struct arithmetic){.name = name, .rows = factors->rows, .columns = factors->columns, .rank = factors->rank};
}

/* ---- factors.h ---- */

void __real_factors_renew_q(struct factors *factors, uint64_t seed);
void __real_factors_make_p(struct factors *factors);
void __real_factors_orthonormalise(struct factors *factors);
void __real_factors_make_q(struct factors *factors);
void __real_factors_multiply(struct factors *factors, int ranks);

void __wrap_factors_renew_q(struct factors *factors, uint64_t seed);
void __wrap_factors_make_p(struct factors *factors);
void __wrap_factors_orthonormalise(struct factors *factors);
void __wrap_factors_make_q(struct factors *factors);
void __wrap_factors_multiply(struct factors *factors, int ranks);

void __wrap_factors_renew_q(struct factors *factors, uint64_t seed)
{
    struct arithmetic call = call_of("renew_q", factors);
    if (!is_done(&call))
        return;
    __real_factors_renew_q(factors, seed);
    end(&call);
}

void __wrap_factors_make_p(struct factors *factors)
{
    struct arithmetic call = call_of("make_p", factors);
    if (!is_done(&call))
        return;
    __real_factors_make_p(factors);
    end(&call);
}

void __wrap_factors_orthonormalise(struct factors *factors)
{
    struct arithmetic call = call_of("orthonormalise", factors);
    if (!is_done(&call))
        return;
    __real_factors_orthonormalise(factors);
    end(&call);
}

void __wrap_factors_make_q(struct factors *factors)
{
    struct arithmetic call = call_of("make_q", factors);
    if (!is_done(&call))
        return;
    __real_factors_make_q(factors);
    end(&call);
}

void __wrap_factors_multiply(struct factors *factors, int ranks)
{
    struct arithmetic call = call_of("multiply", factors);
    if (!is_done(&call))
        return;
    __real_factors_multiply(factors, ranks);
    end(&call);
}

/* ---- halves.h ---- */

int __real_halves_find_exponent(const void *numbers, size_t count, int real_size);
void __real_halves_round(const void *numbers, size_t count, int real_size, double scale, uint16_t *halves);
void __real_halves_widen(const uint16_t *halves, size_t count, double scale, void *numbers, int real_size);

int __wrap_halves_find_exponent(const void *numbers, size_t count, int real_size);
void __wrap_halves_round(const void *numbers, size_t count, int real_size, double scale, uint16_t *halves);
void __wrap_halves_widen(const uint16_t *halves, size_t count, double scale, void *numbers, int real_size);

int __wrap_halves_find_exponent(const void *numbers, size_t count, int real_size)
{
    struct arithmetic call = {.name = "find_exponent", .rows = (int)count};
    if (!is_done(&call))
        return 0;
    const int exponent = __real_halves_find_exponent(numbers, count, real_size);
    end(&call);
    return exponent;
}

void __wrap_halves_round(const void *numbers, size_t count, int real_size, double scale, uint16_t *halves)
{
    struct arithmetic call = {.name = "round", .rows = (int)count};
    if (!is_done(&call))
        return;
    __real_halves_round(numbers, count, real_size, scale, halves);
    end(&call);
}

void __wrap_halves_widen(const uint16_t *halves, size_t count, double scale, void *numbers, int real_size)
{
    struct arithmetic call = {.name = "widen", .rows = (int)count};
    if (!is_done(&call))
        return;
    __real_halves_widen(halves, count, scale, numbers, real_size);
    end(&call);
}
