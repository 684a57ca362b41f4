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
#include "base/target.h"
#include "exercise.h"
#include "network/process.h"
#include "pipeline.h"
#include "remote.h"
#include "sema/sema.h"
#include "switches.h"
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

static const char *file_name(struct arena *arena, const struct batch *batch, const char *end)
{
    return arena_printf(arena, "%s/batch%d.%s", batch->options->folder, batch->number, end);
}

/* The C files of a batch: of all programs, and of each level of the target. */
struct c_files {
    const char *names[1 + PIPELINE_LEVELS];
    FILE *files[1 + PIPELINE_LEVELS];
    int count;
};

static struct c_files name_files(struct arena *arena, const struct batch *batch)
{
    const struct target *target = batch->options->target;
    struct c_files files = {.names = {file_name(arena, batch, "c")}, .count = 1};
    for (const struct target *level = target ? target->levels : NULL; level && level->name; level++)
        files.names[files.count++] = file_name(arena, batch, arena_printf(arena, "%s.c", level->name));
    return files;
}

/* Compiles one program to C, appended to the files. */
static bool compile_program(const struct batch *batch, int i, const struct c_files *files)
{
    struct arena *arena = arena_new();
    struct source *source = source_of(arena, batch, i);
    struct diagnostics *diag = diag_new(arena, source);
    struct pipeline_options options = batch_options_of(batch->options, batch->first_seed + (uint64_t)i);
    struct pipeline_result result = {0};
    options.prefix = arena_printf(arena, "p%03d", i);
    alarm(COMPILE_SECONDS);
    bool done = pipeline_run(arena, source, &options, diag, &result);
    alarm(0);
    for (int k = 0; done && k < files->count; k++) {
        const struct text *text = k ? &result.levels[k - 1] : &result.main;
        fwrite(text->data, 1, text->length, files->files[k]);
    }
    if (!done)
        fail(batch, i, FAILURE_REJECTED, diagnostics_text(arena, diag));
    arena_free(arena);
    return done;
}

/* Writes what remote_server.c is linked with. */
static void list_models(FILE *file, const bool *compiled, int count)
{
    fprintf(file, "\nconst int remote_model_count = %d;\nconst rnn_model *const remote_models[] = {", count);
    for (int i = 0; i < count; i++)
        fprintf(file, compiled[i] ? "&p%03d_model, " : "NULL, ", i);
    fprintf(file, "};\n");
}

/* Compiles all programs without a verdict to one C file, or one for each level. */
static bool compile_programs(struct arena *arena, const struct batch *batch, int only)
{
    struct c_files files = name_files(arena, batch);
    for (int k = 0; k < files.count; k++)
        if (!(files.files[k] = fopen(files.names[k], "w"))) {
            perror(files.names[k]);
            exit(3);
        }
    int count = 0;
    bool compiled[BATCH_PROGRAMS] = {false};
    for (int i = 0; i < batch->count; i++) {
        if (batch->records[i].done || (only >= 0 && only != i))
            continue;
        batch->progress->current = i;
        compiled[i] = compile_program(batch, i, &files);
        count += compiled[i];
    }
    if (batch->options->run_with)
        list_models(files.files[0], compiled, batch->count);
    for (int k = 0; k < files.count; k++)
        fclose(files.files[k]);
    return count > 0;
}

/* The kind of program that is built, and what else is in it than networks. */
#define RUNTIME PROPERTY_SOURCE "/runtime/src/"
static const char library[] = "-fPIC -shared";
static const char server[] = "'" PROPERTY_SOURCE "/tests/property/remote_server.c' '" RUNTIME "memory.c' '" RUNTIME
                             "start.c' '" RUNTIME "status.c' -lm";

static bool build_library(struct arena *arena, const struct batch *batch)
{
    const struct c_files files = name_files(arena, batch);
    const char *sources = "";
    for (int k = 0; k < files.count; k++)
        sources = arena_printf(arena, "%s '%s'", sources, files.names[k]);
    const char *command = arena_printf(
        arena,
        "exec ${CC:-" PROPERTY_COMPILER "} -std=gnu11 -O1 -Wall -Wextra -Werror %s%s %s $CFLAGS "
        "-I '" PROPERTY_SOURCE "/runtime/include' %s -o '%s' %s 2> '%s'",
        batch_compilation(batch->options, batch->first_seed), batch->options->in_double ? " -DRNN_REAL_DOUBLE" : "",
        batch_threading(batch->options, batch->first_seed), sources, file_name(arena, batch, "so"),
        batch->options->run_with ? server : library, file_name(arena, batch, "err"));
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
    static const char *const threads[] = {"2", "1", "3", "7"};
    setenv("OMP_NUM_THREADS", threads[batch->first_seed / BATCH_PROGRAMS % 4], false);
    if (batch->options->run_with) {
        remote_start(arena, arena_printf(arena, "exec %s '%s'", batch->options->run_with, name));
        return NULL;
    }
    setenv("OMP_WAIT_POLICY", "passive", false); /* threads that spin take processors from other tests */
    void *opened = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!opened) {
        fprintf(stderr, "%s\n", dlerror());
        exit(3);
    }
    return opened;
}

/* Returns what a network computes: the program, in the form that is chosen among variants. */
static const struct program *read_program(struct arena *arena, const struct batch *batch, int i, int variant)
{
    struct source *source = source_of(arena, batch, i);
    struct diagnostics *diag = diag_new(arena, source);
    struct tree *tree = parse_program(arena, source, &(struct import_options){0}, diag);
    struct sema_options sema = {0};
    struct program *program = NULL;
    for (int round = 0; round < (variant < 0 ? 1 : 2); round++) {
        if (round)
            expand_variant(arena, program, &batch->options->variants[variant], &sema);
        program = resolve_names(arena, tree, &sema, diag);
        infer_shapes(arena, program, diag);
    }
    return program;
}

static void run_program(const struct batch *batch, int i, void *opened)
{
    struct arena *arena = arena_new();
    const int variants = batch->options->variant_count;
    const int variant = variants ? (int)((batch->first_seed + (uint64_t)i) % (uint64_t)variants) : -1;
    const struct program *program = read_program(arena, batch, i, variant);
    const rnn_model *model = opened ? dlsym(opened, arena_printf(arena, "p%03d_model", i)) : remote_network(i);
    alarm(RUN_SECONDS);
    const uint64_t seed = batch->first_seed + (uint64_t)i;
    const char *error = !model                  ? "the model is not there"
                        : batch->options->train ? exercise_gradients(arena, model, program, seed)
                                                : exercise_network(arena, model, program, variant, seed);
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

/* Takes for right what rnnc has compiled. */
static void accept_programs(const struct batch *batch)
{
    for (int i = 0; i < batch->count; i++)
        batch->records[i].done = true;
}

/* Goes on from where an earlier child ended. */
static void run_child(const struct batch *batch)
{
    struct arena *arena = arena_new();
    if (batch->progress->phase == PHASE_COMPILE) {
        const bool any = compile_programs(arena, batch, -1);
        if (any && batch->options->only_emit)
            accept_programs(batch);
        if (!any || batch->options->only_emit) {
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
    const struct c_files files = name_files(arena, batch);
    for (int k = 0; k < files.count; k++)
        unlink(files.names[k]);
    unlink(file_name(arena, batch, "so"));
    unlink(file_name(arena, batch, "err"));
    arena_free(arena);
}
