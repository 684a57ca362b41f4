#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/machine.h"
#include "base/target.h"
#include "machine_file.h"
#include "options_check.h"
#include "options_paths.h"
#include "options_table.h"
#include "options_target.h"

struct parsing {
    struct arena *arena;
    struct options *options;
    struct definition *definitions;
    int capacity;
    const char **folders; /* of -I */
    int folder_capacity;
    struct form_options forms;
    bool given[OPTIONS_MOST]; /* by entry of the table */
};

static long parse_number(struct argp_state *state, const char *what, const char *text, long least, long most)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end || errno || number < least || number > most)
        argp_error(state, "%s wants a whole number from %ld to %ld, not '%s'", what, least, most, text);
    return number;
}

static void parse_definition(struct argp_state *state, struct parsing *parsing, const char *text)
{
    struct sema_options *sema = &parsing->options->pipeline.sema;
    struct definition definition;
    const char *error = read_definition(parsing->arena, text, &definition);
    if (error)
        argp_error(state, "%s", error);
    for (int i = 0; i < sema->definition_count; i++)
        if (strcmp(sema->definitions[i].name, definition.name) == 0)
            argp_error(state, "-D %s is given twice", definition.name);
    ARENA_PUSH(parsing->arena, parsing->definitions, sema->definition_count, parsing->capacity, definition);
    sema->definitions = parsing->definitions;
}

/* Takes what has been read of --form and --forms. */
static void take_forms(struct argp_state *state, struct parsing *parsing, const char *error)
{
    struct sema_options *sema = &parsing->options->pipeline.sema;
    if (error)
        argp_error(state, "%s", error);
    sema->forms = parsing->forms.items;
    sema->form_count = parsing->forms.count;
}

static void add_plan(struct parsing *parsing, const char *path)
{
    struct options *options = parsing->options;
    ARENA_PUSH(parsing->arena, options->plans, options->plan_count, options->plan_capacity, path);
}

static void parse_variants(struct argp_state *state, struct parsing *parsing, const char *text)
{
    struct pipeline_options *pipeline = &parsing->options->pipeline;
    struct variant_option *variants = ARENA_ARRAY(parsing->arena, struct variant_option, VARIANTS_MOST);
    const char *error = variant_options_read(parsing->arena, text, variants, &pipeline->variant_count);
    if (error)
        argp_error(state, "%s", error);
    pipeline->variants = variants;
    for (int i = 0; i < pipeline->variant_count; i++)
        if (variants[i].plan)
            add_plan(parsing, variants[i].plan);
}

static void add_import_folder(struct parsing *parsing, const char *path)
{
    struct import_options *imports = &parsing->options->pipeline.imports;
    ARENA_PUSH(parsing->arena, parsing->folders, imports->folder_count, parsing->folder_capacity, path);
    imports->folders = parsing->folders;
}

static void parse_emit(struct argp_state *state, struct pipeline_options *options, const char *text)
{
    static const char *const kinds[] = {EMIT_KINDS(LIST_NAME)};
    for (int i = 0; i < EMIT_NOTHING; i++)
        if (strcmp(text, kinds[i]) == 0) {
            options->emit = (enum emit_kind)i;
            return;
        }
    argp_error(state, "--emit wants c, source, graph, dot, schedule, explain, predict or html, not '%s'", text);
}

/* Reads STREAMS,FRAMES,THREADS. */
static void parse_load(struct argp_state *state, struct options *options, const char *text)
{
    struct load *load = &options->pipeline.load;
    int *const numbers[] = {&load->streams, &load->frames, &load->threads};
    const char *at = text;
    for (int i = 0; i < 3; i++) {
        char *end;
        errno = 0;
        const long number = strtol(at, &end, 10);
        if (*at < '0' || *at > '9' || errno || number < 1 || number > 1000000 || *end != (i < 2 ? ',' : '\0'))
            argp_error(state, "--load wants three whole numbers from 1 to 1000000, as 16,100,1, not '%s'", text);
        *numbers[i] = (int)number;
        at = end + 1;
    }
    options->load_given = true;
}

/* Finds a machine built in, or reads the file of one. */
static void parse_machine(struct argp_state *state, struct parsing *parsing, const char *text)
{
    struct options *options = parsing->options;
    char names[MACHINE_NAMES];
    const struct machine *machine = machine_find(text);
    if (!machine && access(text, F_OK) != 0)
        argp_error(state, "--machine wants %s, or a file of `rnn tune`; there is no '%s'", machine_names(names), text);
    if (!machine) {
        options->machine = text;
        machine = machine_file_read(state, parsing->arena, text);
    }
    options->pipeline.schedule.machine = machine;
}

static void parse_target(struct argp_state *state, struct parsing *parsing, const char *text)
{
    char names[TARGET_NAMES];
    parsing->options->pipeline.target = options_target(text);
    if (!parsing->options->pipeline.target)
        argp_error(state, "--target wants %s, not '%s'", target_names(names), text);
}

static void parse_dump(struct argp_state *state, struct pipeline_options *options, const char *text)
{
    for (int i = 0; i < STAGE_COUNT; i++)
        if (strcmp(text, stage_name((enum stage)i)) == 0) {
            options->dump_after = (enum stage)i;
            return;
        }
    char names[400] = "";
    for (int i = 0; i < STAGE_COUNT; i++) {
        strcat(names, i ? ", " : "");
        strcat(names, stage_name((enum stage)i));
    }
    argp_error(state, "--dump-after wants a stage (%s), not '%s'", names, text);
}

/* Parses -fdiagnostics-...; false if it is none of them. */
static bool parse_diagnostics(struct argp_state *state, struct diag_options *diag, const char *text)
{
    if (strncmp(text, "diagnostics-format=", 19) == 0) {
        diag->json = strcmp(text + 19, "json") == 0;
        if (!diag->json && strcmp(text + 19, "text") != 0)
            argp_error(state, "-fdiagnostics-format wants text or json, not '%s'", text + 19);
    } else if (strncmp(text, "diagnostics-color=", 18) == 0) {
        const char *when = text + 18;
        bool is_auto = strcmp(when, "auto") == 0;
        if (!is_auto && strcmp(when, "always") != 0 && strcmp(when, "never") != 0)
            argp_error(state, "-fdiagnostics-color wants auto, always or never, not '%s'", when);
        diag->colour = is_auto ? isatty(STDERR_FILENO) != 0 : *when == 'a';
    } else if (strcmp(text, "diagnostics-color") == 0 || strcmp(text, "no-diagnostics-color") == 0) {
        diag->colour = *text == 'd';
    } else {
        return false;
    }
    return true;
}

static enum thread_way parse_way(struct argp_state *state, const char *text)
{
    const enum thread_way *way = thread_way_find(text);
    if (!way)
        argp_error(state, "-fthreads wants auto, serial, streams, units, rows or wavefront, not '%s'", text);
    return *way;
}

/* Parses -f: switches of the schedule by one table, and the few that take a value. */
static void parse_switch(struct argp_state *state, struct options *options, const char *text)
{
    struct pipeline_options *pipeline = &options->pipeline;
    struct {
        const char *name;
        bool *on;
    } switches[] = {{"factor", &pipeline->factor},
                    {"sink", &pipeline->sink},
                    {"elementwise-scan", &pipeline->schedule.elementwise_scan},
                    {"group-frames", &pipeline->schedule.group_frames},
                    {"turn-panels", &pipeline->schedule.turn_panels}};
    bool on = strncmp(text, "no-", 3) != 0;
    const char *name = on ? text : text + 3;
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (strcmp(name, switches[i].name) == 0) {
            *switches[i].on = on;
            return;
        }
    if (strcmp(name, "batch-frames") == 0)
        pipeline->schedule.block_frames = on ? 0 : 1;
    else if (strncmp(text, "block-frames=", 13) == 0)
        pipeline->schedule.block_frames = (int)parse_number(state, "-fblock-frames", text + 13, 1, 1000000);
    else if (strncmp(text, "threads=", 8) == 0)
        pipeline->schedule.threads = parse_way(state, text + 8);
    else if (strcmp(text, "syntax-only") == 0)
        pipeline->emit = EMIT_NOTHING;
    else if (!parse_diagnostics(state, &options->diag, text))
        argp_error(state, "unknown switch -f%s", text);
}

/* Parses -MD, -MF FILE, -MT TARGET, -MP, where FILE and TARGET may stand behind a space. */
static void parse_depfile(struct argp_state *state, struct depfile_options *depfile, const char *text)
{
    depfile->wanted = true;
    if (strcmp(text, "D") == 0)
        return;
    if (strcmp(text, "P") == 0) {
        depfile->phony = true;
        return;
    }
    if (*text != 'F' && *text != 'T')
        argp_error(state, "unknown option -M%s; there are -MD, -MF FILE, -MT TARGET and -MP", text);
    const char *value = text[1] ? text + 1 : state->next < state->argc ? state->argv[state->next++] : NULL;
    if (!value)
        argp_error(state, "-M%c wants a %s", *text, *text == 'F' ? "file" : "target");
    *(*text == 'F' ? &depfile->path : &depfile->target) = value;
}

/* Sets the field of an option that does no more; true if `key` is one. */
static bool set_field(struct options *options, int key, char *text)
{
    static const struct {
        int key;
        enum { FIELD_FLAG, FIELD_TEXT } kind;
        size_t offset;
    } fields[] = {{'o', FIELD_TEXT, offsetof(struct options, output)},
                  {KEY_HEADER, FIELD_TEXT, offsetof(struct options, header)},
                  {KEY_TOP, FIELD_TEXT, offsetof(struct options, pipeline.sema.top)},
                  {KEY_PREFIX, FIELD_TEXT, offsetof(struct options, pipeline.prefix)},
                  {KEY_TRAIN, FIELD_FLAG, offsetof(struct options, pipeline.train)},
                  {KEY_INPUT_GRADIENTS, FIELD_FLAG, offsetof(struct options, pipeline.input_gradients)},
                  {KEY_VJP, FIELD_FLAG, offsetof(struct options, pipeline.vjp)},
                  {KEY_VJP_STATES, FIELD_FLAG, offsetof(struct options, pipeline.vjp_states)},
                  {KEY_NO_FILES, FIELD_FLAG, offsetof(struct options, pipeline.no_files)},
                  {KEY_DOUBLE, FIELD_FLAG, offsetof(struct options, pipeline.in_double)},
                  {KEY_TIME, FIELD_FLAG, offsetof(struct options, pipeline.time_stages)},
                  {KEY_FREESTANDING, FIELD_FLAG, offsetof(struct options, pipeline.freestanding)},
                  {KEY_PLAIN_C, FIELD_FLAG, offsetof(struct options, pipeline.plain)},
                  {KEY_SELF_TEST, FIELD_FLAG, offsetof(struct options, pipeline.self_test)},
                  {KEY_LSP, FIELD_FLAG, offsetof(struct options, serves)}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        void *field = (char *)options + fields[i].offset;
        if (fields[i].key != key)
            continue;
        if (fields[i].kind == FIELD_FLAG)
            *(bool *)field = true;
        else
            *(const char **)field = text;
        return true;
    }
    return false;
}

/* Refuses a second value for an option that has one. -D, -I, -M, -f and -W are many options each. */
static void refuse_twice(struct argp_state *state, struct parsing *parsing, int key)
{
    for (int i = 0; options_table[i].doc; i++) {
        if (options_table[i].key != key || !options_table[i].arg || strchr("DIMfW", key) || key == KEY_FORM ||
            key == KEY_FORMS)
            continue;
        if (parsing->given[i])
            argp_error(state, "%s is given twice",
                       options_table[i].name ? arena_printf(parsing->arena, "--%s", options_table[i].name)
                                             : arena_printf(parsing->arena, "-%c", key));
        parsing->given[i] = true;
    }
}

/* Sets the machine where none is given. */
static void settle_machine(struct pipeline_options *pipeline)
{
    if (!pipeline->schedule.machine)
        pipeline->schedule.machine = pipeline->target ? pipeline->target->machine : &machine_generic;
}

/* Parses an option that says of what program, and for what machine, C is made; true if `key` is one. */
static bool parse_subject(int key, char *text, struct argp_state *state, struct parsing *parsing)
{
    switch (key) {
    case 'D':
        parse_definition(state, parsing, text);
        break;
    case 'I':
        add_import_folder(parsing, text);
        break;
    case KEY_FORM:
        take_forms(state, parsing, form_options_add(&parsing->forms, text));
        break;
    case KEY_FORMS:
        take_forms(state, parsing,
                   form_options_read(&parsing->forms, arena_printf(parsing->arena, "--forms %s", text), text));
        add_plan(parsing, text);
        break;
    case KEY_VARIANTS:
        parse_variants(state, parsing, text);
        break;
    case KEY_MACHINE:
        parse_machine(state, parsing, text);
        break;
    case KEY_TARGET:
        parse_target(state, parsing, text);
        break;
    default:
        return false;
    }
    return true;
}

/* Settles what depends on several options, when all have been parsed. */
static void finish_options(struct argp_state *state, struct parsing *parsing)
{
    struct options *options = parsing->options;
    options->pipeline.vjp |= options->pipeline.vjp_states;
    options_check(state, options, parsing->arena);
    if (options->pipeline.freestanding)
        options->pipeline.schedule.threads = THREADS_SERIAL;
    settle_machine(&options->pipeline);
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct parsing *parsing = state->input;
    struct options *options = parsing->options;
    refuse_twice(state, parsing, key);
    if (set_field(options, key, text) || parse_subject(key, text, state, parsing))
        return 0;
    switch (key) {
    case 'M':
        parse_depfile(state, &options->depfile, text);
        break;
    case KEY_EMIT:
        parse_emit(state, &options->pipeline, text);
        break;
    case KEY_LOAD:
        parse_load(state, options, text);
        break;
    case KEY_EMBED:
    case KEY_WEIGHTS:
        if (options->pipeline.embed)
            argp_error(state, "--weights and --embed both write the weights into the C; leave one of them out");
        options->pipeline.embed = text;
        options->pipeline.embed_packed = key == KEY_WEIGHTS;
        break;
    case KEY_DUMP:
        parse_dump(state, &options->pipeline, text);
        break;
    case 'f':
        parse_switch(state, options, text);
        break;
    case 'W':
        if (strcmp(text, "error") != 0)
            argp_error(state, "unknown option -W%s; there is -Werror", text);
        options->warnings_are_errors = true;
        break;
    case KEY_LIMIT:
        options->diag.error_limit = (int)parse_number(state, "--error-limit", text, 0, INT_MAX);
        break;
    case ARGP_KEY_ARG:
        if (options->input)
            argp_error(state, "one input file at a time, not '%s' and '%s'", options->input, text);
        options->input = text;
        break;
    case ARGP_KEY_END:
        finish_options(state, parsing);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

struct options options_parse(struct arena *arena, int argc, char **argv)
{
    struct options options = {.pipeline = pipeline_default_options(),
                              .diag = {.colour = isatty(STDERR_FILENO) != 0, .error_limit = 20}};
    options.pipeline.schedule.machine = NULL; /* not given */
    struct parsing parsing = {.arena = arena, .options = &options, .forms.arena = arena};
    const struct argp argp = {
        options_table,
        parse_option,
        "FILE.rnn",
        "rnnc -- compile the equations of a recurrent network to C\v"
        "`rnnc cell.rnn -o cell.c` writes C11 that needs rnnc's runtime headers and library. Exit status: 0 done, "
        "1 the program is wrong, 2 the command line is wrong, above 2 an internal error.",
        NULL,
        NULL,
        NULL};
    argp_program_version = "rnnc " RNNC_VERSION;
    argp_err_exit_status = 2;
    if (argp_parse(&argp, argc, argv, 0, NULL, &parsing) != 0) /* errors in the options have been reported */
        out_of_memory();
    if (options.header)
        options.pipeline.header = options_header_name(&options);
    return options;
}
