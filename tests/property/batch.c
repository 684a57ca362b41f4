#include "batch.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/machine.h"
#include "exercise.h"
#include "network/process.h"
#include "pipeline.h"
#include "remote.h"
#include "syntax/tree.h"

enum { COMPILE_SECONDS = 30, RUN_SECONDS = 60 };

const char *failure_name(enum failure failure)
{
    static const char *const names[] = {"agrees",
                                        "rnnc rejects it",
                                        "rnnc crashes",
                                        "the C compiler rejects what rnnc emits",
                                        "the network crashes",
                                        "the network disagrees with the oracle"};
    return names[failure];
}

void *shared_memory(unsigned long size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(3);
    }
    return memory;
}

/* ---- switches ---- */

/* Chooses one of eight rows in which every two switches meet in all four ways, and each with each length of a block:
 * the orthogonal array L8(4^1 2^4). */
static struct pipeline_options choose_options(const struct batch_options *batch, uint64_t seed)
{
    struct pipeline_options options = pipeline_default_options();
    options.train = options.input_gradients = batch->train;
    options.verify = true;
    options.no_files = batch->run_with;
    if (batch->machine)
        options.schedule.machine = batch->machine;
    if (!batch->switches)
        return options;
    static const int blocks[] = {0, 1, 3, 7};
    bool a = seed & 1, b = seed >> 1 & 1, c = seed >> 2 & 1;
    options.schedule.block_frames = blocks[seed >> 1 & 3];
    options.factor = !a;
    options.schedule.elementwise_scan = a == b;
    options.schedule.turn_panels = a == c;
    options.schedule.group_frames = (a != b) == c;
    options.sink = seed >> 3 & 1;
    static const struct machine *const machines[] = {&machine_generic, &machine_sse2, &machine_avx2, &machine_avx512,
                                                     &machine_neon};
    if (!batch->machine)
        options.schedule.machine = machines[seed / 16 % 5];
    return options;
}

/* Chooses the target of a file. */
static const char *choose_target(const struct batch_options *batch, uint64_t seed)
{
    static const char *const targets[] = {
        "-Og -march=native -DRNN_VECTOR_BYTES=64", "-O0 -DRNN_VECTOR_BYTES=16",
        "-march=native -DRNN_VECTOR_BYTES=32",     "-O0 -march=native -DRNN_VECTOR_BYTES=16",
        "-O0 -march=native -DRNN_VECTOR_BYTES=64", "-O0 -DRNN_VECTOR_BYTES=32"};
    static const char *const elsewhere[] = {"-O2", "-O0 -DRNN_VECTOR_BYTES=32", "-O0"}; /* CC knows for which machine */
    if (batch->run_with)
        return batch->switches ? elsewhere[seed / BATCH_PROGRAMS % 3] : "-O2";
    return batch->switches ? targets[seed / BATCH_PROGRAMS % 6] : "-march=native";
}

const char *batch_switches_text(struct arena *arena, const struct batch_options *options, uint64_t seed)
{
    struct pipeline_options pipeline = choose_options(options, seed);
    const char *text = choose_target(options, seed);
    if (pipeline.schedule.block_frames)
        text = arena_printf(arena, "-fblock-frames=%d %s", pipeline.schedule.block_frames, text);
    if (!pipeline.sink)
        text = arena_printf(arena, "-fno-sink %s", text);
    if (!pipeline.factor)
        text = arena_printf(arena, "-fno-factor %s", text);
    if (!pipeline.schedule.elementwise_scan)
        text = arena_printf(arena, "-fno-elementwise-scan %s", text);
    if (!pipeline.schedule.turn_panels)
        text = arena_printf(arena, "-fno-turn-panels %s", text);
    if (!pipeline.schedule.group_frames)
        text = arena_printf(arena, "-fno-group-frames %s", text);
    if (pipeline.schedule.machine != &machine_generic)
        text = arena_printf(arena, "--machine=%s %s", pipeline.schedule.machine->name, text);
    if (options->train)
        text = arena_printf(arena, "--train --input-gradients %s", text);
    return options->in_double ? arena_printf(arena, "%s -DRNN_REAL_DOUBLE", text) : text;
}

/* ---- in the child ---- */

static void fail(const struct batch *batch, int i, enum failure failure, const char *message)
{
    struct verdict_record *record = &batch->records[i];
    record->failure = failure;
    record->done = true;
    snprintf(record->message, sizeof record->message, "%s", message);
}

static const char *diagnostics_text(struct arena *arena, const struct diagnostics *diag)
{
    char *data = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&data, &size);
    if (!stream)
        return "";
    diag_print(diag, &(struct diag_options){.error_limit = 3}, stream);
    fclose(stream);
    const char *text = arena_copy_string(arena, data, size);
    free(data);
    return text;
}

static struct source *source_of(struct arena *arena, const struct batch *batch, int i)
{
    return source_from_memory(arena, "program.rnn", batch->texts[i], strlen(batch->texts[i]));
}

/* Compiles one program to C, appended to the file. */
static bool compile_program(const struct batch *batch, int i, FILE *file)
{
    struct arena *arena = arena_new();
    struct source *source = source_of(arena, batch, i);
    struct diagnostics *diag = diag_new(arena, source);
    struct pipeline_options options = choose_options(batch->options, batch->first_seed + (uint64_t)i);
    struct pipeline_result result = {0};
    options.prefix = arena_printf(arena, "p%03d", i);
    alarm(COMPILE_SECONDS);
    bool done = pipeline_run(arena, source, &options, diag, &result);
    alarm(0);
    if (done)
        fwrite(result.main.data, 1, result.main.length, file);
    else
        fail(batch, i, FAILURE_REJECTED, diagnostics_text(arena, diag));
    arena_free(arena);
    return done;
}

static const char *file_name(struct arena *arena, const struct batch *batch, const char *end)
{
    return arena_printf(arena, "%s/batch%d.%s", batch->options->folder, batch->number, end);
}

/* Writes what remote_server.c is linked with. */
static void list_models(FILE *file, const bool *compiled, int count)
{
    fprintf(file, "\nconst int remote_model_count = %d;\nconst rnn_model *const remote_models[] = {", count);
    for (int i = 0; i < count; i++)
        fprintf(file, compiled[i] ? "&p%03d_model, " : "NULL, ", i);
    fprintf(file, "};\n");
}

/* Compiles all programs without a verdict to one C file. */
static bool compile_programs(struct arena *arena, const struct batch *batch, int only)
{
    FILE *file = fopen(file_name(arena, batch, "c"), "w");
    if (!file) {
        perror(batch->options->folder);
        exit(3);
    }
    int count = 0;
    bool compiled[BATCH_PROGRAMS] = {false};
    for (int i = 0; i < batch->count; i++) {
        if (batch->records[i].done || (only >= 0 && only != i))
            continue;
        batch->progress->current = i;
        compiled[i] = compile_program(batch, i, file);
        count += compiled[i];
    }
    if (batch->options->run_with)
        list_models(file, compiled, batch->count);
    fclose(file);
    return count > 0;
}

/* The kind of program that is built, and what else is in it than networks. */
#define RUNTIME PROPERTY_SOURCE "/runtime/src/"
static const char library[] = "-fPIC -shared";
static const char server[] = "-static '" PROPERTY_SOURCE "/tests/property/remote_server.c' '" RUNTIME
                             "memory.c' '" RUNTIME "start.c' '" RUNTIME "status.c' -lm";

static bool build_library(struct arena *arena, const struct batch *batch)
{
    const char *command = arena_printf(
        arena,
        "exec ${CC:-" PROPERTY_COMPILER "} -std=gnu11 -O1 -Wall -Wextra -Werror %s%s $CFLAGS "
        "-I '" PROPERTY_SOURCE "/runtime/include' '%s' -o '%s' %s 2> '%s'",
        choose_target(batch->options, batch->first_seed), batch->options->in_double ? " -DRNN_REAL_DOUBLE" : "",
        file_name(arena, batch, "c"), file_name(arena, batch, "so"), batch->options->run_with ? server : library,
        file_name(arena, batch, "err"));
    const char *arguments[] = {"sh", "-c", command, NULL}, *error;
    int status;
    if (!process_run(arena, arguments, NULL, &status, &error)) {
        fprintf(stderr, "%s\n", error);
        exit(3);
    }
    return status == 0;
}

/* Returns the output of the C compiler, from the first line that matters on. */
static const char *compiler_message(struct arena *arena, const struct batch *batch)
{
    char *text = arena_alloc(arena, 20000, 1);
    FILE *file = fopen(file_name(arena, batch, "err"), "r");
    if (file) {
        text[fread(text, 1, 19999, file)] = 0;
        fclose(file);
    }
    const char *found = strstr(text, "error:");
    return found ? found : text;
}

/* Finds the programs that cannot be built, one by one, after the whole file could not. */
static void find_unbuildable(struct arena *arena, const struct batch *batch)
{
    for (int i = 0; i < batch->count; i++)
        if (!batch->records[i].done && compile_programs(arena, batch, i) && !build_library(arena, batch))
            fail(batch, i, FAILURE_NOT_BUILT, compiler_message(arena, batch));
}

/* Makes the networks that were built callable. Returns the library that they are in, or NULL where they are in a
 * process of their own. */
static void *open_networks(struct arena *arena, const struct batch *batch)
{
    const char *name = file_name(arena, batch, "so");
    if (batch->options->run_with) {
        remote_start(arena, arena_printf(arena, "exec %s '%s'", batch->options->run_with, name));
        return NULL;
    }
    void *opened = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!opened) {
        fprintf(stderr, "%s\n", dlerror());
        exit(3);
    }
    return opened;
}

static void run_program(const struct batch *batch, int i, void *opened)
{
    struct arena *arena = arena_new();
    struct source *source = source_of(arena, batch, i);
    struct diagnostics *diag = diag_new(arena, source);
    const struct sema_options sema = {0};
    struct program *program = resolve_names(arena, parse(arena, source, diag), &sema, diag);
    infer_shapes(arena, program, diag);
    const rnn_model *model = opened ? dlsym(opened, arena_printf(arena, "p%03d_model", i)) : remote_network(i);
    alarm(RUN_SECONDS);
    const uint64_t seed = batch->first_seed + (uint64_t)i;
    const char *error = !model                  ? "the model is not there"
                        : batch->options->train ? exercise_gradients(arena, model, program, seed)
                                                : exercise_network(arena, model, program, seed);
    alarm(0);
    if (error)
        fail(batch, i, FAILURE_DISAGREES, error);
    batch->records[i].done = true;
    arena_free(arena);
}

static void run_programs(struct arena *arena, const struct batch *batch)
{
    void *opened = open_networks(arena, batch);
    for (int i = 0; i < batch->count; i++) {
        if (batch->records[i].done)
            continue;
        batch->progress->current = i;
        run_program(batch, i, opened);
    }
}

/* Goes on from where an earlier child ended. */
static void run_child(const struct batch *batch)
{
    struct arena *arena = arena_new();
    if (batch->progress->phase == PHASE_COMPILE) {
        if (!compile_programs(arena, batch, -1)) {
            batch->progress->phase = PHASE_DONE;
            return;
        }
        batch->progress->phase = PHASE_BUILD;
    }
    if (batch->progress->phase == PHASE_BUILD) {
        if (!build_library(arena, batch)) {
            find_unbuildable(arena, batch);
            batch->progress->phase = PHASE_COMPILE;
            return;
        }
        batch->progress->phase = PHASE_RUN;
    }
    if (batch->progress->phase == PHASE_RUN)
        run_programs(arena, batch);
    batch->progress->phase = PHASE_DONE;
    arena_free(arena);
}

/* ---- in the parent ---- */

static void note_end(const struct batch *batch, int status)
{
    char message[100];
    if (WIFSIGNALED(status))
        snprintf(message, sizeof message, WTERMSIG(status) == SIGALRM ? "out of time" : "signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(message, sizeof message, "exit status %d", WEXITSTATUS(status));
    bool run = batch->progress->phase == PHASE_RUN;
    fail(batch, batch->progress->current, run ? FAILURE_NETWORK_ENDED : FAILURE_COMPILER_ENDED, message);
}

void batch_run(const struct batch *batch)
{
    while (batch->progress->phase != PHASE_DONE) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            run_child(batch);
            _exit(0);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child) {
            perror("fork");
            exit(3);
        }
        if (status != 0)
            note_end(batch, status);
    }
    struct arena *arena = arena_new();
    static const char *const ends[] = {"c", "so", "err"};
    for (int i = 0; i < 3; i++)
        unlink(file_name(arena, batch, ends[i]));
    arena_free(arena);
}
