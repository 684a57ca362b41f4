/* rnn tune: measures this machine for `rnnc --machine=FILE`. */
#include <argp.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/machine.h"
#include "bench/limits.h"
#include "bench/timing.h"
#include "command/argument.h"
#include "command/commands.h"
#include "command/progress.h"
#include "data/file.h"
#include "rnn/model.h"
#include "tune/caches.h"
#include "tune/products.h"

static const char documentation[] =
    "Measure this machine, once, for `rnnc --machine=FILE`: caches and who shares them, the speed of multiply-adds, "
    "of products with weights in f16, bf16 and int8, and of reads from each level, and what threads cost.\v"
    "The short loops that it runs are compiled like networks, for the same instruction set: by $CC (default: cc), with "
    "$CFLAGS added, such as -march=x86-64-v3. They run on one core and on as many threads as OpenMP starts, "
    "$OMP_NUM_THREADS. It takes about ten seconds; keep other work off the machine. Of the attempts, which are spread "
    "over that time, the best one counts, and of what threads cost the median; what is printed says how far apart they "
    "lie.\n\n"
    "The file is JSON, and may be edited: what it leaves out is as in the machine built in that 'instructions' "
    "names.\n\n"
    "Exit status: 0 done, 1 it cannot be measured or written, 2 the command line is wrong.";

static const struct argp_option options_table[] = {
    {NULL, 'o', "FILE", 0, "Write the description here (default: machine.json)", 0},
    {"seconds", 's', "S", 0, "How long it is measured (default 10)", 0},
    {0},
};

struct tune_options {
    const char *output;
    double seconds;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct tune_options *options = state->input;
    switch (key) {
    case 'o':
        options->output = argument;
        return 0;
    case 's':
        options->seconds = argument_positive(state, "--seconds", argument);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "it takes no arguments, such as '%s'", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- what is measured ---- */

/* Figures: the limits, reads from each level by one core and by all, products of each storage. */
enum {
    LIMITS_AND_READS = LIMIT_COUNT + 2 * LEVEL_COUNT,
    FIGURES = LIMITS_AND_READS + PRECISION_COUNT * PRODUCT_KINDS - PRODUCT_MANY, /* of f32 only many columns */
    ATTEMPTS_MOST = 1000
};

struct tuning {
    struct limits limits;
    struct products products;
    struct machine machine;
    void *data;      /* for the reads of all threads */
    size_t bytes;    /* of it */
    double *figures; /* ATTEMPTS_MOST of each */
    int attempts;
};

/* Bytes that each of so many threads reads to measure a level: they fit there, and not in the level before it. */
static size_t bytes_of_level(const struct machine *machine, int level, int threads)
{
    const struct machine_level *here = &machine->levels[level], *before = &machine->levels[level - (level > 0)];
    const double shared = here->bytes / fmin(threads, here->cores);
    double bytes = here->bytes / 2;
    if (level == LEVEL_THIRD)
        bytes = fmin(4 * before->bytes, shared / 2);
    if (level == LEVEL_MEMORY)
        bytes = 4 * before->bytes / fmin(threads, before->cores);
    const double most = 1 << 30;
    return (size_t)(fmin(bytes, most / threads) / LIMITS_READ_BYTES) * LIMITS_READ_BYTES;
}

/* A figure's storage and kind of product. */
static enum precision storage_of(int figure)
{
    return (enum precision)((figure - LIMITS_AND_READS + PRODUCT_MANY) / PRODUCT_KINDS);
}

static enum product_kind kind_of(int figure)
{
    return (enum product_kind)((figure - LIMITS_AND_READS + PRODUCT_MANY) % PRODUCT_KINDS);
}

static double *member_of(struct tuning *tuning, int figure)
{
    struct machine *machine = &tuning->machine;
    if (figure >= LIMITS_AND_READS)
        return &tuning->products.times[storage_of(figure)][kind_of(figure)];
    double *const members[LIMIT_COUNT] = {
        [LIMIT_FLOPS] = &machine->flops,         [LIMIT_OPERATIONS] = &machine->operations,
        [LIMIT_FUNCTIONS] = &machine->functions, [LIMIT_CLOCK] = &machine->clock,
        [LIMIT_FRAME] = &machine->frame,         [LIMIT_FORK] = &machine->fork,
        [LIMIT_BARRIER] = &machine->barrier};
    if (figure < LIMIT_COUNT)
        return members[figure];
    struct machine_level *level = &machine->levels[(figure - LIMIT_COUNT) / 2];
    return figure % 2 == LIMIT_COUNT % 2 ? &level->one : &level->all;
}

static bool is_time(int figure)
{
    return figure >= LIMITS_AND_READS || (figure < LIMIT_COUNT && limit_is_time((enum limit)figure));
}

static double measure_figure(struct tuning *tuning, int figure)
{
    const struct limits *limits = &tuning->limits;
    if (figure >= LIMITS_AND_READS)
        return products_measure(&tuning->products, storage_of(figure), kind_of(figure));
    if (figure < LIMIT_COUNT)
        return limits_measure(limits, (enum limit)figure);
    const int level = (figure - LIMIT_COUNT) / 2;
    const bool alone = figure % 2 == LIMIT_COUNT % 2;
    const size_t bytes = bytes_of_level(&tuning->machine, level, alone ? 1 : tuning->machine.cores);
    return alone ? limits_read(limits, tuning->data, bytes, false) : limits_read_all(limits, tuning->data, bytes);
}

static bool open_tuning(struct tuning *tuning, struct arena *arena, const char **error)
{
    struct network_options network = network_options_new(arena);
    if (!limits_open(&tuning->limits, &network, error))
        return false;
    tuning->machine = *machine_find(limits_instructions(&tuning->limits));
    if (!caches_find(&tuning->machine, error))
        return false;
    const double bytes = tuning->machine.levels[LEVEL_SECOND].bytes / 2;
    if (!products_open(&tuning->products, &network, bytes, error))
        return false;
    tuning->machine.cores = limits_threads(&tuning->limits);
    for (int level = 0; level < LEVEL_COUNT; level++) {
        struct machine_level *of = &tuning->machine.levels[level];
        of->cores = of->cores < tuning->machine.cores ? of->cores : tuning->machine.cores; /* those that are measured */
        const size_t one = bytes_of_level(&tuning->machine, level, 1),
                     all =
                         bytes_of_level(&tuning->machine, level, tuning->machine.cores) * (size_t)tuning->machine.cores;
        tuning->bytes = one > tuning->bytes ? one : tuning->bytes;
        tuning->bytes = all > tuning->bytes ? all : tuning->bytes;
    }
    tuning->data = rnn_alloc(tuning->bytes, LIMITS_READ_BYTES);
    tuning->figures = malloc(FIGURES * ATTEMPTS_MOST * sizeof *tuning->figures);
    if (!tuning->data || !tuning->figures)
        *error = "out of memory";
    return !*error;
}

/* Measures all figures in turn, so that a slow phase of the machine meets all of them. */
static void measure(struct tuning *tuning, double seconds)
{
    struct progress progress = progress_begin();
    const double begun = seconds_now();
    progress_next(&progress, "measuring this machine", 1000);
    while (tuning->attempts < 3 || (seconds_now() < begun + seconds && tuning->attempts < ATTEMPTS_MOST)) {
        for (int figure = 0; figure < FIGURES; figure++) {
            tuning->figures[figure * ATTEMPTS_MOST + tuning->attempts] = measure_figure(tuning, figure);
            progress.done = 1000 * (seconds_now() - begun) / seconds;
            progress_step(&progress);
        }
        tuning->attempts++;
    }
    progress_end(&progress);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Takes a figure of all attempts into the machine: of speeds the best, which other work can only make worse; of what
 * threads cost the median, as it depends on where the system puts them. Returns how far half of the others are from it,
 * as a part of it. */
static double take_figure(struct tuning *tuning, int figure)
{
    double *attempts = tuning->figures + figure * ATTEMPTS_MOST;
    const int last = tuning->attempts - 1;
    qsort(attempts, (size_t)tuning->attempts, sizeof *attempts, compare);
    const bool of_threads = figure == LIMIT_FORK || figure == LIMIT_BARRIER;
    const int taken = of_threads ? last / 2 : is_time(figure) ? 0 : last;
    const int other = of_threads ? last * 3 / 4 : last / 2;
    *member_of(tuning, figure) = attempts[taken];
    return fabs(attempts[other] - attempts[taken]) / attempts[taken];
}

/* The figure whose attempts are farthest apart, and how far. */
struct doubt {
    const char *key;
    double apart;
};

/* Returns the number of the machine that a figure becomes, or most of one that is made of several. */
static const char *key_of(struct tuning *tuning, int figure)
{
    struct machine *machine = &tuning->machine;
    const double *member = member_of(tuning, figure);
    if (figure >= LIMITS_AND_READS && storage_of(figure) == PRECISION_F32)
        member = &machine->flops;
    else if (figure >= LIMITS_AND_READS)
        member = kind_of(figure) == PRODUCT_MANY ? &machine->rates[storage_of(figure)].many
                                                 : &machine->rates[storage_of(figure)].one;
    const struct machine_number *number = machine_numbers;
    while (number->key && (const char *)machine + number->offset != (const char *)member)
        number++;
    return number->key;
}

static struct doubt take_figures(struct tuning *tuning)
{
    struct doubt doubt = {"", 0};
    for (int figure = 0; figure < FIGURES; figure++) {
        const double apart = take_figure(tuning, figure);
        if (apart > doubt.apart)
            doubt = (struct doubt){key_of(tuning, figure), apart};
    }
    products_set_rates(&tuning->products, &tuning->machine);
    return doubt;
}

/* ---- what is written ---- */

/* The figures to three digits, as more mean nothing. */
static double rounded(double value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%.3g", value);
    return strtod(digits, NULL);
}

static bool write_machine(const struct tuning *tuning, const struct doubt *doubt, const char *path, struct arena *arena,
                          const char **error)
{
    json_t *file = json_object();
    const char *comment = arena_printf(arena, "from %d attempts each; least sure is %s: %.0f %% apart",
                                       tuning->attempts, doubt->key, 100 * doubt->apart);
    json_object_set_new(file, "comment", json_string(comment));
    json_object_set_new(file, "instructions", json_string(tuning->machine.name));
    for (const struct machine_number *number = machine_numbers; number->key; number++) {
        const double value = machine_number_get(&tuning->machine, number);
        json_object_set_new(file, number->key,
                            number->whole || value == floor(value) ? json_integer((json_int_t)value)
                                                                   : json_real(rounded(value)));
    }
    char *text = json_dumps(file, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    json_decref(file);
    bool written = false;
    if (text)
        written = file_write(arena, path, arena_printf(arena, "%s\n", text), strlen(text) + 1, error);
    else
        *error = "out of memory";
    free(text);
    return written;
}

static void print_machine(const struct machine *machine, const struct doubt *doubt, const char *path)
{
    static const char *const names[] = {"first-level cache", "second-level cache", "third-level cache", "memory"};
    printf("%d core%s with %s at %.1f GHz: %.0f GFLOP/s each\n", machine->cores, machine->cores == 1 ? "" : "s",
           machine->name, machine->clock, machine->flops);
    for (int level = 0; level < LEVEL_COUNT; level++) {
        const struct machine_level *of = &machine->levels[level];
        printf("%-18s  %8.0f GB/s one core, %8.0f all", names[level], of->one, of->all);
        if (level != LEVEL_MEMORY)
            printf(", %.0f KiB for %d core%s", of->bytes / 1024, of->cores, of->cores == 1 ? "" : "s");
        printf("\n");
    }
    printf("products with one column, and with many, as parts of those with f32:");
    for (int storage = PRECISION_F32 + 1; storage < PRECISION_COUNT; storage++)
        printf("%s %s %.2f, %.2f", storage > PRECISION_F32 + 1 ? ";" : "", precision_name((enum precision)storage),
               machine->rates[storage].one, machine->rates[storage].many);
    printf("\n");
    printf("frame %.0f ns, barrier %.0f ns, fork %.0f ns\n", machine->frame, machine->barrier, machine->fork);
    printf("least sure is %s, whose attempts are %.0f %% apart%s\n", doubt->key, 100 * doubt->apart,
           doubt->apart > 0.25 ? ": other work ran; measure again when it does not" : "");
    printf("%s: for `rnnc --machine=%s`\n", path, path);
}

int command_tune(int argc, char **argv)
{
    const struct argp argp = {.options = options_table, .parser = parse_option, .doc = documentation};
    struct tune_options options = {.output = "machine.json", .seconds = 10};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    struct arena *arena = arena_new();
    struct tuning tuning = {0};
    const char *error = NULL;
    bool done = file_can_be_written(arena, options.output, &error) && open_tuning(&tuning, arena, &error);
    if (done) {
        measure(&tuning, options.seconds);
        const struct doubt doubt = take_figures(&tuning);
        done = write_machine(&tuning, &doubt, options.output, arena, &error);
        if (done)
            print_machine(&tuning.machine, &doubt, options.output);
    }
    products_close(&tuning.products);
    rnn_free(tuning.data);
    free(tuning.figures);
    arena_free(arena);
    return done ? 0 : print_error(error);
}
