/* random_programs: random programs, each compiled, run in many ways and compared with the oracle; those that fail are
 * shrunk. */
#include <argp.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/machine.h"
#include "base/source.h"
#include "base/target.h"
#include "batch.h"
#include "edit.h"
#include "generate.h"
#include "sema/sema.h"

struct options {
    struct arena *arena;
    uint64_t seed;
    int count, jobs, shrink_seconds;
    bool print;
    struct batch_options batch;
    char **files; /* [file_count]; if there are any, these programs are tried instead of generated ones */
    int file_count;
};

enum {
    KEY_SEED = 256,
    KEY_COUNT,
    KEY_JOBS,
    KEY_SWITCHES,
    KEY_MACHINE,
    KEY_TARGET,
    KEY_VARIANTS,
    KEY_THREADS,
    KEY_DOUBLE,
    KEY_FUTURE,
    KEY_TRAIN,
    KEY_VJP,
    KEY_RUN_WITH,
    KEY_ONLY_EMIT,
    KEY_PRINT,
    KEY_SHRINK
};

static const struct argp_option table[] = {
    {"seed", KEY_SEED, "N", 0, "the seed of the first program (1); the next one's is one more", 0},
    {"count", KEY_COUNT, "N", 0, "how many programs (100)", 0},
    {"jobs", KEY_JOBS, "N", 0, "processes at a time (2)", 0},
    {"switches", KEY_SWITCHES, NULL, 0, "rotate the switches of rnnc and the width of lanes over the programs", 0},
    {"machine", KEY_MACHINE, "NAME", 0, "the --machine of all programs, instead of what --switches chooses", 0},
    {"target", KEY_TARGET, "NAME", 0, "the --target of all programs", 0},
    {"variants", KEY_VARIANTS, "FORM,...", 0, "the --variants of all programs, of which each runs one", 0},
    {"threads", KEY_THREADS, "WAY", 0, "the -fthreads of all programs, likewise", 0},
    {"double", KEY_DOUBLE, NULL, 0, "in double precision", 0},
    {"future", KEY_FUTURE, NULL, 0,
     "every third program also has what needs the whole sequence: [t+k], reverse, last(v), ...", 0},
    {"train", KEY_TRAIN, NULL, 0, "models with losses; compare those and their gradients", 0},
    {"vjp", KEY_VJP, NULL, 0,
     "likewise, but compare the gradients of their outputs times adjoints, in double precision", 0},
    {"run-with", KEY_RUN_WITH, "COMMAND", 0,
     "run networks in programs of their own, by COMMAND: qemu-aarch64 where CC compiles for that machine", 0},
    {"only-emit", KEY_ONLY_EMIT, NULL, 0, "only compile them to C, for what a sanitizer sees in rnnc", 0},
    {"print", KEY_PRINT, NULL, 0, "only print the programs", 0},
    {"shrink-seconds", KEY_SHRINK, "N", 0, "how long to look for smaller programs that fail (60); 0: not at all", 0},
    {0}};

static void parse_variants(struct argp_state *state, struct options *options, const char *text)
{
    struct variant_option *variants = ARENA_ARRAY(options->arena, struct variant_option, VARIANTS_MOST);
    const char *error = variant_options_read(options->arena, text, variants, &options->batch.variant_count);
    if (error)
        argp_error(state, "%s", error);
    options->batch.variants = variants;
}

/* Sets the flag of an option that has no argument; true if `key` is one. */
static bool set_flag(struct options *options, int key)
{
    const struct {
        int key;
        bool *flag;
    } flags[] = {{KEY_SWITCHES, &options->batch.switches},
                 {KEY_DOUBLE, &options->batch.in_double},
                 {KEY_FUTURE, &options->batch.future},
                 {KEY_TRAIN, &options->batch.train},
                 {KEY_VJP, &options->batch.vjp},
                 {KEY_ONLY_EMIT, &options->batch.only_emit},
                 {KEY_PRINT, &options->print}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].key == key) {
            *flags[i].flag = true;
            return true;
        }
    return false;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    if (set_flag(options, key))
        return 0;
    switch (key) {
    case KEY_SEED:
        options->seed = strtoull(argument, NULL, 10);
        return 0;
    case KEY_COUNT:
        options->count = atoi(argument);
        return 0;
    case KEY_JOBS:
        options->jobs = atoi(argument);
        return 0;
    case KEY_MACHINE:
        options->batch.machine = machine_find(argument);
        if (!options->batch.machine)
            argp_error(state, "no machine is called '%s'", argument);
        return 0;
    case KEY_TARGET:
        options->batch.target = target_find(argument);
        if (!options->batch.target)
            argp_error(state, "no target is called '%s'", argument);
        return 0;
    case KEY_VARIANTS:
        parse_variants(state, options, argument);
        return 0;
    case KEY_THREADS:
        options->batch.way = thread_way_find(argument);
        if (!options->batch.way)
            argp_error(state, "there is no -fthreads=%s", argument);
        return 0;
    case KEY_RUN_WITH:
        options->batch.run_with = argument;
        return 0;
    case KEY_SHRINK:
        options->shrink_seconds = atoi(argument);
        return 0;
    case ARGP_KEY_ARGS:
        options->files = state->argv + state->next;
        options->file_count = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        options->batch.train |= options->batch.vjp;
        options->batch.in_double |= options->batch.vjp; /* what the check of vjp is about */
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- shrinking ---- */

/* Takes numbers and quoted words out of a message, so that two about the same thing are equal. */
static void abstract(const char *text, char *result, size_t size)
{
    bool quoted = false;
    size_t count = 0;
    for (; *text && *text != '\n' && count + 1 < size; text++) {
        quoted ^= *text == '\'';
        if (!quoted && !isdigit((unsigned char)*text))
            result[count++] = *text;
    }
    result[count] = 0;
}

/* True if two messages agree in the text before the error: "loss of a window of frames 3 to 5: error 0.1, ...". */
static bool same_comparison(const char *a, const char *b)
{
    const char *ends[] = {strstr(a, ": error"), strstr(b, ": error")};
    if (!ends[0] || !ends[1])
        return !ends[0] && !ends[1];
    char names[2][200], messages[2][200];
    snprintf(names[0], sizeof names[0], "%.*s", (int)(ends[0] - a), a);
    snprintf(names[1], sizeof names[1], "%.*s", (int)(ends[1] - b), b);
    abstract(names[0], messages[0], sizeof messages[0]);
    abstract(names[1], messages[1], sizeof messages[1]);
    return strcmp(messages[0], messages[1]) == 0;
}

static bool same_failure(const struct verdict_record *a, const struct verdict_record *b)
{
    char messages[2][200];
    if (a->failure != b->failure)
        return false;
    if (a->failure == FAILURE_DISAGREES)
        return same_comparison(a->message, b->message);
    if (a->failure != FAILURE_REJECTED && a->failure != FAILURE_NOT_BUILT)
        return true;
    abstract(a->message, messages[0], sizeof messages[0]);
    abstract(b->message, messages[1], sizeof messages[1]);
    return strcmp(messages[0], messages[1]) == 0;
}

/* Shared memory for one program at a time. */
struct trial {
    struct verdict_record record;
    struct progress progress;
};

static void try_program(const struct options *options, uint64_t seed, const char *text, struct trial *trial)
{
    memset(trial, 0, sizeof *trial);
    const struct batch batch = {&options->batch, -1, seed, 1, &text, &trial->record, &trial->progress};
    batch_run(&batch);
}

/* Returns the sum of all numbers in the text: of two texts of one length, the one with less is the smaller one. */
static long sum_of_numbers(const char *text)
{
    long sum = 0;
    while (*text)
        if (isdigit((unsigned char)*text))
            sum += strtol(text, (char **)&text, 10);
        else
            text++;
    return sum;
}

static bool is_smaller(const char *a, const char *b)
{
    size_t lengths[2] = {strlen(a), strlen(b)};
    return lengths[0] < lengths[1] || (lengths[0] == lengths[1] && sum_of_numbers(a) < sum_of_numbers(b));
}

/* Shrinks a program: takes one thing after the other out of it, as long as it fails in the same way. */
static const char *shrink(struct arena *arena, const struct options *options, uint64_t seed, const char *text,
                          const struct verdict_record *record)
{
    struct trial *trial = shared_memory(sizeof *trial);
    const char *flags = getenv("CFLAGS");
    flags = arena_printf(arena, "%s", flags ? flags : "");
    setenv("CFLAGS", arena_printf(arena, "%s -O0", flags), true); /* in half the time */
    try_program(options, seed, text, trial);
    if (!same_failure(&trial->record, record))
        setenv("CFLAGS", flags, true);
    time_t end = time(NULL) + options->shrink_seconds;
    bool progress = true;
    while (progress && time(NULL) < end) {
        progress = false;
        for (int number = 0; time(NULL) < end; number++) {
            const char *edited = edit_program(arena, text, number);
            if (!edited)
                break;
            if (!is_smaller(edited, text))
                continue;
            try_program(options, seed, edited, trial);
            if (!same_failure(&trial->record, record))
                continue;
            text = edited;
            progress = true;
            number = number ? number - 1 : -1; /* the next edit has its number now */
        }
    }
    return text;
}

/* ---- all programs ---- */

/* Generates the programs. Every third has all of the language, if that is asked for. */
static const char **generate_all(struct arena *arena, const struct options *options)
{
    const char **texts = ARENA_ARRAY(arena, const char *, options->count + 1);
    for (int i = 0; i < options->count; i++) {
        uint64_t seed = options->seed + (uint64_t)i;
        bool future = batch_has_future(&options->batch, seed);
        texts[i] = generate_program(arena, &(struct generate_options){seed, future, options->batch.train});
    }
    return texts;
}

static const char **read_programs(struct arena *arena, const struct options *options)
{
    const char *error, **texts = ARENA_ARRAY(arena, const char *, options->file_count);
    for (int i = 0; i < options->file_count; i++) {
        const struct source *source = source_from_file(arena, options->files[i], &error);
        if (!source) {
            fprintf(stderr, "%s\n", error);
            exit(2);
        }
        texts[i] = source->data;
    }
    return texts;
}

/* Runs batches of programs whose seeds have the same machine, `jobs` of them at a time. */
static void run_all(const struct options *options, const char *const *texts, struct verdict_record *records)
{
    struct progress *progress = shared_memory(sizeof *progress * ((size_t)options->count + 1));
    int running = 0, number = 0;
    for (int first = 0, count; first < options->count; first += count, number++) {
        count = BATCH_PROGRAMS - (int)((options->seed + (uint64_t)first) % BATCH_PROGRAMS);
        if (count > options->count - first)
            count = options->count - first;
        const struct batch batch = {
            &options->batch, number,           options->seed + (uint64_t)first, count, texts + first,
            records + first, progress + number};
        if (running == options->jobs && wait(NULL) > 0)
            running--;
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            batch_run(&batch);
            _exit(0);
        }
        running += child > 0;
    }
    while (wait(NULL) > 0)
        ;
}

static void report(struct arena *arena, const struct options *options, uint64_t seed, const char *text,
                   const struct verdict_record *record, bool shrinks)
{
    printf("==== seed %llu: %s\n%s\n%s\n", (unsigned long long)seed, failure_name(record->failure), record->message,
           batch_switches_text(arena, &options->batch, seed));
    if (!shrinks) {
        printf("%s\n", text);
        return;
    }
    fflush(stdout);
    struct trial *trial = shared_memory(sizeof *trial);
    const char *smallest = shrink(arena, options, seed, text, record);
    try_program(options, seed, smallest, trial);
    printf("---- shrunk to:\n%s\n%s\n", smallest, trial->record.message);
}

static int report_all(struct arena *arena, const struct options *options, const char *const *texts,
                      const struct verdict_record *records)
{
    enum { MOST_SHRUNK = 4 };
    int failed = 0, counts[FAILURE_COUNT] = {0};
    for (int i = 0; i < options->count; i++) {
        const struct verdict_record *record = &records[i];
        bool known = false;
        counts[record->failure] += record->done;
        if (record->failure == FAILURE_NONE && record->done)
            continue;
        for (int k = 0; k < i && !known; k++) /* only one of a kind is worth the time */
            known = records[k].failure == FAILURE_REJECTED && same_failure(&records[k], record);
        bool shrinks = !known && failed < MOST_SHRUNK && options->shrink_seconds > 0;
        report(arena, options, options->seed + (uint64_t)i, texts[i], record, shrinks);
        failed++;
    }
    printf("%d programs:", options->count);
    for (int i = 0; i < FAILURE_COUNT; i++)
        if (counts[i])
            printf(" %d %s;", counts[i], failure_name((enum failure)i));
    printf("\n");
    return failed;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct options options = {.arena = arena, .seed = 1, .count = 100, .jobs = 2, .shrink_seconds = 60};
    const struct argp argp = {table,
                              parse_option,
                              "[FILE.rnn...]",
                              "Compile random programs (or those in files), run them and compare with the oracle.",
                              NULL,
                              NULL,
                              NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    if (options.file_count)
        options.count = options.file_count;
    const char **texts = options.file_count ? read_programs(arena, &options) : generate_all(arena, &options);
    if (options.print) {
        for (int i = 0; i < options.count; i++)
            printf("# seed %llu\n%s", (unsigned long long)(options.seed + (uint64_t)i), texts[i]);
        return 0;
    }
    char folder[] = "/tmp/random_programs.XXXXXX";
    if (!mkdtemp(folder)) {
        perror(folder);
        return 3;
    }
    options.batch.folder = folder;
    struct verdict_record *records = shared_memory(sizeof *records * (size_t)(options.count + 1));
    run_all(&options, texts, records);
    int failed = report_all(arena, &options, texts, records);
    rmdir(folder);
    arena_free(arena);
    return failed != 0;
}
