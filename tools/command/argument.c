#include "command/argument.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "files/path.h"

int argument_count(struct argp_state *state, const char *option, const char *argument)
{
    char *end;
    long count = strtol(argument, &end, 10);
    if (end != argument && !*end && count > INT_MAX)
        argp_error(state, "%s needs a whole number of at most %d, not '%s'", option, INT_MAX, argument);
    if (end == argument || *end || count < 1)
        argp_error(state, "%s needs a whole number of 1 or more, not '%s'", option, argument);
    return (int)count;
}

bool argument_number(const char *text, char **rest, double *number)
{
    *number = strtod(text, rest);
    return *rest != text && isfinite(*number) && !memchr(text, 'x', (size_t)(*rest - text)) &&
           !memchr(text, 'X', (size_t)(*rest - text));
}

double argument_positive(struct argp_state *state, const char *option, const char *argument)
{
    char *end;
    double number;
    if (!argument_number(argument, &end, &number) || *end || !(number > 0))
        argp_error(state, "%s needs a finite decimal number above 0, not '%s'", option, argument);
    return number;
}

double argument_non_negative(struct argp_state *state, const char *option, const char *argument)
{
    char *end;
    double number;
    if (!argument_number(argument, &end, &number) || *end || !(number >= 0))
        argp_error(state, "%s needs a finite decimal number of 0 or more, not '%s'", option, argument);
    return number;
}

static uint64_t read_seed(struct argp_state *state, const char *option, const char *argument)
{
    char *end;
    errno = 0;
    uint64_t seed = strtoull(argument, &end, 10);
    if (end == argument || *end || errno || strchr(argument, '-')) /* which strtoull takes as 2^64 less the number */
        argp_error(state, "%s needs a whole number from 0 to 18446744073709551615, not '%s'", option, argument);
    return seed;
}

void words_push(struct words *words, const char *word)
{
    ARENA_PUSH(words->arena, words->items, words->count, words->capacity, word);
}

/* Prints the name of an option: "--weights". */
static void print_option(const struct argp_option *options, int key, char *name, size_t size)
{
    while (options->key != key)
        options++;
    snprintf(name, size, "--%s", options->name);
}

bool argument_set(const struct argp_option *options, const struct argument_field *fields, int key, char *argument,
                  void *to, struct argp_state *state)
{
    while (fields->key && fields->key != key)
        fields++;
    if (!fields->key)
        return false;
    char option[64];
    print_option(options, key, option, sizeof option);
    void *field = (char *)to + fields->offset;
    switch (fields->kind) {
    case ARGUMENT_FLAG:
        *(bool *)field = true;
        break;
    case ARGUMENT_TEXT:
        *(const char **)field = argument;
        break;
    case ARGUMENT_WORD:
        words_push(field, argument);
        break;
    case ARGUMENT_COUNT:
        *(int *)field = argument_count(state, option, argument);
        break;
    case ARGUMENT_POSITIVE:
        *(double *)field = argument_positive(state, option, argument);
        break;
    case ARGUMENT_NON_NEGATIVE:
        *(double *)field = argument_non_negative(state, option, argument);
        break;
    case ARGUMENT_SEED:
        *(uint64_t *)field = read_seed(state, option, argument);
        break;
    }
    return true;
}

struct parsing {
    const struct command_line *line;
    void *to;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    const struct parsing *parsing = state->input;
    const struct command_line *line = parsing->line;
    if (argument_set(line->options, line->fields, key, argument, parsing->to, state))
        return 0;
    switch (key) {
    case ARGP_KEY_INIT:
        for (int i = 0; line->parts[i].argp; i++)
            state->child_inputs[i] = (char *)parsing->to + line->parts[i].offset;
        return 0;
    case ARGP_KEY_END:
        if (line->check)
            line->check(parsing->to, state);
        return 0;
    default:
        return line->take && line->take(key, argument, parsing->to, state) ? 0 : ARGP_ERR_UNKNOWN;
    }
}

void command_line_parse(const struct command_line *line, int argc, char **argv, void *to)
{
    struct argp_child children[sizeof line->parts / sizeof line->parts[0] + 1] = {{0}};
    for (int i = 0; line->parts[i].argp; i++)
        children[i].argp = line->parts[i].argp;
    const struct argp argp = {.options = line->options,
                              .parser = parse_option,
                              .args_doc = "FILE.rnn",
                              .doc = line->doc,
                              .children = children,
                              .help_filter = line->help_filter};
    struct parsing parsing = {line, to};
    argp_parse(&argp, argc, argv, 0, NULL, &parsing);
}

void argument_reads(struct argument_files *files, const char *what, const char *path)
{
    struct argument_file file = {what, path};
    if (path)
        ARENA_PUSH(files->arena, files->items, files->count, files->capacity, file);
}

void argument_writes(struct argument_files *files, const char *what, const char *path, struct argp_state *state)
{
    for (int i = 0; path && i < files->count; i++)
        if (path_is_same(path, files->items[i].path))
            argp_error(state, "%s '%s' would overwrite %s '%s': a result needs a file of its own", what, path,
                       files->items[i].what, files->items[i].path);
    argument_reads(files, what, path);
}

struct named_file named_file_split(struct arena *arena, const char *argument)
{
    size_t length = 0;
    while (isalnum((unsigned char)argument[length]) || argument[length] == '_' || (length && argument[length] == '.'))
        length++;
    if (length == 0 || argument[length] != '=')
        return (struct named_file){NULL, argument};
    return (struct named_file){arena_copy_string(arena, argument, length), argument + length + 1};
}

char *argument_help(int key, const char *text, void (*write)(FILE *out))
{
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    char *help = NULL;
    size_t length;
    FILE *out = open_memstream(&help, &length);
    if (!out)
        return NULL;
    write(out);
    fputs(text, out);
    fclose(out);
    return help; /* argp frees it */
}
