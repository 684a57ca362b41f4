#include "network/network.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "command/stop.h"
#include "network/cache.h"
#include "network/level.h"
#include "network/process.h"

enum { KEY_TOP = 256, KEY_MACHINE, KEY_TARGET, KEY_DOUBLE, KEY_THREADS, KEY_FORM, KEY_FORMS };

static const struct argp_option options_table[] = {
    {NULL, 0, NULL, 0, "The network, compiled by rnnc and $CC (default cc) with $CFLAGS:", 1},
    {"define", 'D', "NAME=VALUE", 0, "Give a const of the file, or a dimension or function of the top cell, its value",
     1},
    {"import", 'I', "FOLDER", 0, "Look for imported files here, behind the folder of the file that imports them", 1},
    {"top", KEY_TOP, "NAME", 0, "The model or cell to use (default: the only model, or else the last cell)", 1},
    {NULL, 'f', "SWITCH", 0, "A switch for rnnc, see rnnc --help", 1},
    {"form", KEY_FORM, "PATTERN=FORM", 0,
     "Keep the parameters whose names fit the pattern in this form, as svd:64,f16 or int8, see rnnc --help", 1},
    {"forms", KEY_FORMS, "FILE", 0, "Read such forms from a file, one a line", 1},
    {"machine", KEY_MACHINE, "NAME|FILE", 0, "The machine whose sizes and speeds decide, see rnnc --help", 1},
    {"target", KEY_TARGET, "NAME", 0,
     "Compile for a lesser processor than this machine's: base, x86-64-v2, ..., see rnnc --help", 1},
    {"double", KEY_DOUBLE, NULL, 0, "Compute in double precision", 1},
    {"threads", KEY_THREADS, "N", 0,
     "Threads of a call (default: OMP_NUM_THREADS, or all processors); 1 where they are busy", 1},
    {0},
};

struct network_options network_options_new(struct arena *arena)
{
    return (struct network_options){
        .arena = arena, .folders.arena = arena, .passed.arena = arena, .forms.arena = arena};
}

static void define(struct network_options *options, const char *argument, struct argp_state *state)
{
    struct definition definition;
    const char *error = read_definition(options->arena, argument, &definition);
    if (error)
        argp_error(state, "%s", error);
    ARENA_PUSH(options->arena, options->definitions, options->definition_count, options->definition_capacity,
               definition);
    words_push(&options->passed, "-D");
    words_push(&options->passed, argument);
}

/* Refuses a storage that rnnc would choose: whoever judges what it computes has to know it. */
static void check_form(struct argp_state *state, const struct form_options *forms, const char *error)
{
    if (error)
        argp_error(state, "%s", error);
    for (int i = 0; i < forms->count; i++)
        if (forms->items[i].chooses && !forms->items[i].stores)
            argp_error(state, "--form %s: rnnc chooses a storage, here it has to be given, as in 'auto,f32'",
                       forms->items[i].text);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct network_options *options = state->input;
    switch (key) {
    case 'D':
        define(options, argument, state);
        break;
    case 'I':
        words_push(&options->folders, argument);
        words_push(&options->passed, "-I");
        words_push(&options->passed, argument);
        break;
    case KEY_TOP:
        options->top = argument;
        words_push(&options->passed, arena_printf(options->arena, "--top=%s", argument));
        break;
    case 'f':
        words_push(&options->passed, arena_printf(options->arena, "-f%s", argument));
        break;
    case KEY_FORM:
        check_form(state, &options->forms, form_options_add(&options->forms, argument));
        break;
    case KEY_FORMS:
        check_form(state, &options->forms,
                   form_options_read(&options->forms, arena_printf(options->arena, "--forms %s", argument), argument));
        break;
    case KEY_MACHINE:
        words_push(&options->passed, arena_printf(options->arena, "--machine=%s", argument));
        break;
    case KEY_TARGET:
        level_check(state, argument);
        options->target = argument;
        words_push(&options->passed, arena_printf(options->arena, "--target=%s", argument));
        break;
    case KEY_DOUBLE:
        options->in_double = true;
        break;
    case KEY_THREADS:
        options->threads = argument_count(state, "--threads", argument);
        break;
    case ARGP_KEY_ARG:
        if (options->path)
            argp_error(state, "one network at a time, not '%s' and '%s'", options->path, argument);
        options->path = argument;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which network? Give a .rnn file");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

void network_set_variants(struct network_options *options, const char *text, struct argp_state *state)
{
    struct variant_option variants[VARIANTS_MOST];
    int count;
    const char *error = variant_options_read(options->arena, text, variants, &count);
    if (error)
        argp_error(state, "%s", error);
    options->variants = text;
}

const struct argp network_argp = {.options = options_table, .parser = parse_option};

/* The folder of this program, where rnnc is too. */
static const char *own_folder(struct arena *arena)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    while (length > 0 && path[length - 1] != '/')
        length--;
    return length > 0 ? arena_copy_string(arena, path, (size_t)length) : "";
}

/* Returns a program of our own folder and its command, if not NULL, with the options' program and what was passed. */
static const char *const *list_arguments(const struct network_options *options, const char *program,
                                         const char *command, const char *const *more)
{
    struct words words = {.arena = options->arena};
    words_push(&words, arena_printf(options->arena, "%s%s", own_folder(options->arena), program));
    if (command)
        words_push(&words, command);
    for (int i = 0; i < options->passed.count; i++)
        words_push(&words, options->passed.items[i]);
    for (int i = 0; i < options->forms.count; i++)
        words_push(&words, arena_printf(options->arena, "--form=%s", options->forms.items[i].text));
    for (int i = 0; more[i]; i++)
        words_push(&words, more[i]);
    words_push(&words, "--"); /* the path may begin with a dash */
    words_push(&words, options->path);
    words_push(&words, NULL);
    return words.items;
}

/* True for 0; with status 1 the program has said why. */
static bool judge_status(struct arena *arena, const char *program, int status, const char **error)
{
    if (status > 1)
        *error = arena_printf(arena, "%s ended with exit status %d", program, status);
    return status == 0;
}

bool rnnc_run(const struct network_options *options, const char *const *more, struct text *output, const char **error)
{
    int status;
    return process_run(options->arena, list_arguments(options, "rnnc", NULL, more), output, &status, error) &&
           judge_status(options->arena, "rnnc", status, error);
}

bool command_again(const struct network_options *options, const char *command, const char *const *more,
                   void (*watch)(void *context), void *context, const char **error)
{
    int status;
    return process_run_watched(options->arena, list_arguments(options, "rnn", command, more), NULL, watch, context,
                               &status, error) &&
           judge_status(options->arena, arena_printf(options->arena, "rnn %s", command), status, error);
}

/* rnnc FILE -> net.c and net.h in the folder. */
static bool write_c(const struct network_options *options, const char *folder, const char **error)
{
    struct arena *arena = options->arena;
    const char *const more[] = {"--prefix=net",
                                "-o",
                                arena_printf(arena, "%s/net.c", folder),
                                arena_printf(arena, "--header=%s/net.h", folder),
                                options->training   ? "--train"
                                : options->vjp      ? (options->vjp_states ? "--vjp-states" : "--vjp")
                                : options->variants ? arena_printf(arena, "--variants=%s", options->variants)
                                                    : NULL,
                                NULL};
    return rnnc_run(options, more, NULL, error);
}

/* The runtime's headers lie beside this program, both in a build and where it is installed. */
static const char *include_folder(struct arena *arena)
{
    return arena_printf(arena, "%s" RNNC_INCLUDE_FROM_BIN, own_folder(arena));
}

/* Appends the words of an environment variable, or of `fallback`. */
static const char **push_words(struct arena *arena, const char **words, int *count, int *capacity, const char *variable,
                               const char *fallback)
{
    const char *text = getenv(variable);
    text = text && *text ? text : fallback;
    for (;;) {
        text += strspn(text, " \t");
        size_t length = strcspn(text, " \t");
        if (!length)
            return words;
        const char *word = arena_copy_string(arena, text, length);
        ARENA_PUSH(arena, words, *count, *capacity, word);
        text += length;
    }
}

/* The command that compiles net.c, without the options for its result. */
static struct compiler find_compiler(const struct network_options *options, const char *folder)
{
    struct arena *arena = options->arena;
    const char **words = NULL;
    int count = 0, capacity = 0;
    words = push_words(arena, words, &count, &capacity, "CC", "cc");
    int name_count = count;
    const char *const fixed[] = {
        "-std=gnu11", "-O3", level_option(options->target), "-fPIC",
        "-fopenmp",   "-I",  include_folder(arena),         options->in_double ? "-DRNN_REAL_DOUBLE" : NULL};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (fixed[i])
            ARENA_PUSH(arena, words, count, capacity, fixed[i]);
    words = push_words(arena, words, &count, &capacity, "CFLAGS", "");
    const char *source = arena_printf(arena, "%s/net.c", folder);
    ARENA_PUSH(arena, words, count, capacity, source);
    return (struct compiler){
        .name = words, .name_count = name_count, .words = words, .count = count, .quiet = options->quiet};
}

static const rnn_model *find_model(struct arena *arena, void *library, bool in_double, const char **error)
{
    const rnn_model *model = dlsym(library, "net_model");
    if (!model) {
        *error = arena_printf(arena, "cannot use the compiled network: %s", dlerror());
        return NULL;
    }
    int real_size = in_double ? (int)sizeof(double) : (int)sizeof(float);
    if (model->real_size != real_size) {
        *error =
            arena_printf(arena,
                         "the compiled network has numbers of %d bytes instead of %d: --double is what sets them, not "
                         "CFLAGS",
                         model->real_size, real_size);
        return NULL;
    }
    return model;
}

/* Writes net.c: the text, or what rnnc makes of the program where that is NULL. */
static bool write_source(const struct network_options *options, const char *text, const char *folder,
                         const char **error)
{
    if (!text)
        return write_c(options, folder, error);
    const char *path = arena_printf(options->arena, "%s/net.c", folder);
    FILE *file = fopen(path, "w");
    bool written = file && fputs(text, file) >= 0;
    if (file && fclose(file) != 0)
        written = false;
    if (!written)
        *error = arena_printf(options->arena, "cannot write '%s': %s", path, strerror(errno));
    return written;
}

/* The path of the library, or NULL. A signal that ends this program waits until the files of the build have been
 * removed. */
static const char *build_library(const struct network_options *options, const char *text, const char **error)
{
    struct arena *arena = options->arena;
    struct cache cache;
    if (!cache_open(arena, &cache, error))
        return NULL;
    const char *library = NULL;
    sigset_t before = stop_hold_signals();
    const char *folder = cache_begin(arena, &cache, error);
    if (folder && write_source(options, text, folder, error)) {
        struct compiler compiler = find_compiler(options, folder);
        library = cache_build(arena, &cache, folder, &compiler, error);
    }
    if (folder)
        cache_end(arena, folder);
    stop_restore_signals(&before);
    return library;
}

const char *library_build(const struct network_options *options, const char **error)
{
    *error = NULL;
    return build_library(options, NULL, error);
}

void *library_open(const struct network_options *options, const char *text, const char **error)
{
    *error = NULL;
    const char *path = build_library(options, text, error);
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (path && !library)
        *error = arena_printf(options->arena, "cannot use the compiled network: %s", dlerror());
    return library;
}

/* Says how many threads calls may have, in the library of OpenMP that the compiler has linked. */
static void set_threads(void *library, int threads)
{
    void (*set_num_threads)(int threads);
    *(void **)&set_num_threads = dlsym(library, "omp_set_num_threads");
    if (set_num_threads && threads)
        set_num_threads(threads);
}

const rnn_model *network_open(const struct network_options *options, const char **error)
{
    void *library = library_open(options, NULL, error);
    if (library)
        set_threads(library, options->threads);
    return library ? find_model(options->arena, library, options->in_double, error) : NULL;
}
