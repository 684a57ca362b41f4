/* The choice among variants: by the cost model, by force, or by measuring. */
#include <math.h>
#include <time.h>

#include "rnn/call.h"
#include "rnn/variant.h"

static rnn_choice *choice_of(const rnn_model *model, void *parameters)
{
    return (rnn_choice *)(void *)((char *)parameters + model->variants->choice);
}

static const rnn_choice *read_choice(const rnn_model *model, const void *parameters)
{
    return (const rnn_choice *)(const void *)((const char *)parameters + model->variants->choice);
}

/* ---- the cost model ---- */

/* Returns the nanoseconds that a frame waits for the weights of a region, and in *far if most of it is for a cache
 * that all cores share, or for memory: read_time() of the compiler's schedule/predict.c. */
static double reading_time(const rnn_variants *variants, const rnn_variant_region *region, const rnn_machine *machine,
                           int *far)
{
    double left = region->bytes, longest = 0, sum = 0;
    *far = 0;
    for (int i = 0; i <= RNN_CACHES && left > 0; i++) {
        const rnn_level *level = &variants->levels[i];
        const double bytes = i < RNN_CACHES && machine->cache[i] > 0 ? machine->cache[i] : level->bytes;
        const double room = variants->usable * bytes / (region->own ? fmin(region->used, level->cores) : 1);
        const int fits = region->bytes <= room || i == RNN_CACHES;
        const double here = fits ? left : region->turns ? fmin(left, room) : 0;
        const double time = here / fmin(level->one, level->all / region->used);
        sum += time;
        left -= here;
        if (time > longest) {
            longest = time;
            *far = i >= 2;
        }
    }
    return sum * region->part;
}

/* Returns the most threads that a variant's table is about and that the machine has. */
static int threads_of(const rnn_variants *variants, const rnn_variant *variant, const rnn_machine *machine)
{
    int most = machine->cores > 0 && machine->cores < variants->threads ? machine->cores : variants->threads;
    int threads = 1;
    for (int i = 0; i < variant->region_count; i++)
        if (variant->regions[i].threads <= most && variant->regions[i].threads > threads)
            threads = variant->regions[i].threads;
    return threads;
}

double rnn_variant_time(const rnn_model *model, int variant, const rnn_machine *machine)
{
    const rnn_variants *variants = model->variants;
    if (!variants || variant < 0 || variant >= variants->count)
        return NAN;
    rnn_machine here;
    if (!machine) {
        rnn_machine_here(&here);
        machine = &here;
    }
    const rnn_variant *table = &variants->list[variant];
    const int threads = threads_of(variants, table, machine);
    double time = 0;
    for (int i = 0; i < table->region_count; i++) {
        const rnn_variant_region *region = &table->regions[i];
        if (region->threads != threads)
            continue;
        int far;
        const double reading = reading_time(variants, region, machine, &far);
        time += fmax(region->computing + (far ? variants->seen * reading : 0), reading) + region->beside;
    }
    return time;
}

/* ---- the choice ---- */

/* What a later variant has to be faster by: times are not known better. */
static const double close_by = 1.05;

/* Returns the first variant that is about as fast as the fastest; those that are not there take no time at all. */
static int fastest(const double *times, int count)
{
    int best = -1;
    for (int i = 0; i < count; i++)
        if (times[i] > 0 && (best < 0 || times[i] < times[best]))
            best = i;
    for (int i = 0; i < best; i++)
        if (times[i] > 0 && times[i] <= close_by * times[best])
            return i;
    return best;
}

enum { VARIANTS = 32 }; /* bits of a set */

static int is_present(const rnn_choice *choice, int variant) { return choice->present >> variant & 1; }

int rnn_choose(const rnn_model *model, const void *parameters, const rnn_machine *machine)
{
    if (!model || !parameters || !model->variants)
        return -1;
    double times[VARIANTS] = {0};
    const rnn_choice *choice = read_choice(model, parameters);
    for (int i = 0; i < model->variants->count; i++)
        times[i] = is_present(choice, i) ? rnn_variant_time(model, i, machine) : 0;
    return fastest(times, model->variants->count);
}

rnn_status rnn_use_variant(const rnn_model *model, void *parameters, int variant)
{
    if (!model || !parameters || !model->variants || variant < 0 || variant >= model->variants->count)
        return RNN_ERROR_ARGUMENT;
    rnn_choice *choice = choice_of(model, parameters);
    if (!is_present(choice, variant))
        return RNN_ERROR_WEIGHTS;
    choice->variant = variant;
    return RNN_OK;
}

void rnn_set_present(const rnn_model *model, void *parameters, uint32_t present)
{
    rnn_choice *choice = choice_of(model, parameters);
    choice->present = present & (UINT32_MAX >> (VARIANTS - model->variants->count));
    choice->variant = rnn_choose(model, parameters, NULL);
}

int rnn_variant_tensors(const rnn_model *model, uint32_t variants, rnn_tensor *tensors)
{
    int count = 0;
    for (int i = 0; i < model->parameter_count; i++)
        if (model->variants->readers[i] & variants)
            tensors[count++] = model->parameters[i];
    return count;
}

int rnn_parameter_is_present(const rnn_model *model, const void *parameters, int parameter)
{
    return !model->variants || model->variants->readers[parameter] & read_choice(model, parameters)->present;
}

int rnn_shared_fingerprint(const rnn_model *model, const void *parameters, uint64_t *fingerprint)
{
    *fingerprint = model->fingerprint;
    if (!model->variants)
        return 1;
    const rnn_variant *list = model->variants->list, *first = NULL;
    for (int i = 0; i < model->variants->count; i++) {
        if (!is_present(read_choice(model, parameters), i))
            continue;
        first = first ? first : &list[i];
        if (list[i].fingerprint != first->fingerprint)
            return 0;
        *fingerprint = first->fingerprint;
    }
    return 1;
}

/* ---- measuring ---- */

struct tuning {
    const rnn_model *model;
    void *parameters, *packed, *state, *work;
    int frames, streams;
    const int *lengths;
    const void *const *inputs;
    void *const *outputs;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Packs a variant, and begins the state again. */
static rnn_status begin_variant(const struct tuning *tuning, int variant)
{
    rnn_status status = rnn_use_variant(tuning->model, tuning->parameters, variant);
    if (status == RNN_OK)
        status = tuning->model->pack(tuning->parameters, tuning->packed);
    return status == RNN_OK ? tuning->model->state_init(tuning->state, tuning->streams) : status;
}

enum { CALLS_LEAST = 4 };
static const double seconds_most = 0.1;

/* Measures the seconds of a call, the shortest of several; the first one warms caches up. */
static rnn_status time_variant(const struct tuning *tuning, int variant, double *shortest)
{
    rnn_status status = begin_variant(tuning, variant);
    const double begin = now();
    for (int call = 0; status == RNN_OK && (call < CALLS_LEAST || now() - begin < seconds_most); call++) {
        const double before = now();
        status = tuning->model->run(tuning->packed, tuning->state, tuning->work, tuning->frames, tuning->lengths,
                                    tuning->inputs, tuning->outputs);
        const double time = now() - before;
        if (call > 0)
            *shortest = *shortest > 0 ? fmin(*shortest, time) : fmax(time, 1e-9);
    }
    return status;
}

rnn_status rnn_tune_variants(const rnn_model *model, void *parameters, void *packed, void *state, void *work,
                             int frames, const int *lengths, const void *const inputs[], void *const outputs[])
{
    if (!model || !model->variants || !parameters)
        return RNN_ERROR_ARGUMENT;
    if (!choice_of(model, parameters)->present)
        return RNN_ERROR_WEIGHTS;
    const struct tuning tuning = {model,  parameters,         packed,  state,  work,
                                  frames, rnn_streams(state), lengths, inputs, outputs};
    double times[VARIANTS] = {0};
    const int count = model->variants->count, before = choice_of(model, parameters)->variant;
    rnn_status status = RNN_OK;
    for (int i = 0; status == RNN_OK && i < count; i++)
        if (is_present(choice_of(model, parameters), i))
            status = time_variant(&tuning, i, &times[i]);
    if (status == RNN_OK)
        return begin_variant(&tuning, fastest(times, count));
    choice_of(model, parameters)->variant = before;
    (void)begin_variant(&tuning, before); /* where even that fails, what went wrong first says more */
    return status;
}
