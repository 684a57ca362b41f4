#include "sema/forms.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sema/names.h"
#include "sema/sema.h"

/* ---- what --form gives ---- */

/* Reads a number from 1 on, up to the next colon, and moves `text` behind it. NULL, or what is wrong. */
static const char *read_number(struct arena *arena, const struct form_option *option, const char *what,
                               const char **text, int *number)
{
    const char *digits = *text;
    int length = (int)strcspn(digits, ":");
    char *end;
    errno = 0;
    long read = strtol(digits, &end, 10);
    if (!length || end != digits + length || errno || read < 1 || read > SHAPE_MAX_ELEMENTS)
        return arena_printf(arena, "%s %s: a %s is a whole number from 1 on, not '%.*s'", option->given_by,
                            option->text, what, length, digits);
    *number = (int)read;
    *text = end + (*end == ':');
    return NULL;
}

/* Reads the rank, and with svd perhaps more: "64", "256:preview=64:refine=512". */
static const char *read_counts(struct arena *arena, const char *text, struct form_option *option)
{
    const char *error = read_number(arena, option, "rank", &text, &option->rank);
    while (*text && !error) {
        bool previews = strncmp(text, "preview=", 8) == 0, refines = strncmp(text, "refine=", 7) == 0;
        if (option->form != FORM_SVD || (!previews && !refines))
            return arena_printf(arena, "%s %s: unknown setting '%s': only svd has preview=COLUMNS and refine=UNITS",
                                option->given_by, option->text, text);
        text += previews ? 8 : 7;
        error = read_number(arena, option, previews ? "preview" : "refine", &text,
                            previews ? &option->preview : &option->refine);
    }
    if (!error && !option->preview != !option->refine)
        return arena_printf(arena, "%s %s: preview=COLUMNS and refine=UNITS belong together", option->given_by,
                            option->text);
    return error;
}

/* Reads one word of a form: "svd:64", "dense", "f16". */
static const char *read_word(struct arena *arena, const char *word, struct form_option *option)
{
    bool is_svd = strncmp(word, "svd:", 4) == 0, is_cp = strncmp(word, "cp:", 3) == 0;
    bool decomposes = is_svd || is_cp || strcmp(word, "dense") == 0;
    enum precision storage = precision_find(word);
    const bool may_choose = strcmp(option->given_by, "--form") == 0;
    if (may_choose && strcmp(word, "auto") == 0) {
        option->chooses = true;
        return NULL;
    }
    if (!decomposes && storage == PRECISION_COUNT)
        return arena_printf(arena, "%s %s: unknown form '%s': expected svd:RANK, cp:RANK, dense, f32, f16, bf16%s",
                            option->given_by, option->text, word, may_choose ? ", int8 or auto" : " or int8");
    if (decomposes ? option->decomposes : option->stores)
        return arena_printf(arena, "%s %s: one %s, not two", option->given_by, option->text,
                            decomposes ? "decomposition" : "storage");
    if (!decomposes) {
        option->stores = true;
        option->storage = storage;
        return NULL;
    }
    option->decomposes = true;
    option->form = is_svd ? FORM_SVD : is_cp ? FORM_CP : FORM_DENSE;
    return option->form == FORM_DENSE ? NULL : read_counts(arena, strchr(word, ':') + 1, option);
}

/* Reads words with a separator between them, and adds what they say. */
static const char *add_words(struct form_options *options, const char *words, char separator, struct form_option option)
{
    const char between[] = {separator, '\0'}, *error = NULL;
    for (const char *word = words; word && !error;) {
        size_t length = strcspn(word, between);
        error = read_word(options->arena, arena_copy_string(options->arena, word, length), &option);
        word = word[length] ? word + length + 1 : NULL;
    }
    if (!error)
        ARENA_PUSH(options->arena, options->items, options->count, options->capacity, option);
    return error;
}

const char *form_options_add(struct form_options *options, const char *text)
{
    struct arena *arena = options->arena;
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return arena_printf(arena, "--form wants PATTERN=FORM, as in 'h1.*=svd:64,f16', not '%s'", text);
    const struct form_option option = {
        .given_by = "--form", .text = text, .pattern = arena_copy_string(arena, text, (size_t)(equals - text))};
    return add_words(options, equals + 1, ',', option);
}

const char *form_options_add_part(struct form_options *options, const char *text)
{
    struct arena *arena = options->arena;
    const char *equals = text + strcspn(text, "=:"); /* one behind a colon is of a preview */
    if (*equals != '=')
        equals = NULL;
    const struct form_option option = {.given_by = "--variants",
                                       .text = text,
                                       .pattern =
                                           equals ? arena_copy_string(arena, text, (size_t)(equals - text)) : NULL};
    return add_words(options, equals ? equals + 1 : text, '+', option);
}

const char *form_options_read(struct form_options *options, const char *given_as, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return arena_printf(options->arena, "%s: %s", given_as, strerror(errno));
    const char *error = NULL;
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;
    for (int number = 1; !error && (bytes = getline(&line, &room, file)) >= 0; number++) {
        const char *begin = line + strspn(line, " \t");
        size_t length = strcspn(begin, "#\r\n");
        while (length && strchr(" \t", begin[length - 1]))
            length--;
        if (memchr(line, '\0', (size_t)bytes))
            error = "a NUL byte is no text";
        else if (length)
            error = form_options_add(options, arena_copy_string(options->arena, begin, length));
        if (error)
            error = arena_printf(options->arena, "%s:%d: %s", given_as, number, error);
    }
    if (!error && ferror(file))
        error = arena_printf(options->arena, "%s: %s", given_as, strerror(errno));
    free(line);
    fclose(file);
    return error;
}

/* ---- the form of a parameter ---- */

/* Returns a number as if it were written; NULL for 0. */
static const struct expr *count_expr(struct elaboration *e, int count, struct span span)
{
    struct expr *expr = ARENA_NEW(e->arena, struct expr);
    *expr = (struct expr){.kind = EXPR_NUMBER, .span = span, .number = count, .is_integer = true, .depth = 1};
    return count ? expr : NULL;
}

bool value_is_parameter(const struct value *value)
{
    return value->kind == VALUE_PARAMETER ? value->whole.rank == 0 : value->form != FORM_DENSE;
}

bool form_fits_name(const struct form_option *option, const char *name)
{
    return (option->exact ? strcmp(option->pattern, name) : fnmatch(option->pattern, name, 0)) == 0;
}

/* True if the option is about a parameter of so many dimensions. */
static bool form_fits(const struct form_option *option, int dimensions)
{
    int wanted = option->form == FORM_SVD ? 2 : 3;
    return !option->decomposes || option->form == FORM_DENSE || dimensions == wanted;
}

struct written_form find_form(struct elaboration *e, const struct instance *instance,
                              const struct declarator *declarator)
{
    struct written_form form = {.storage = PRECISION_F32};
    if (declarator->has_form)
        form = (struct written_form){.word = declarator->form.text,
                                     .rank = declarator->form_rank,
                                     .preview = declarator->form_preview,
                                     .refine = declarator->form_refine,
                                     .span = declarator->form.span,
                                     .storage = PRECISION_F32};
    if (declarator->storage.text && precision_find(declarator->storage.text) != PRECISION_COUNT)
        form.storage = precision_find(declarator->storage.text);
    if (!e->options->form_count)
        return form;
    const char *path = elaborate_path(e, instance->shared ? instance->shared : instance, declarator->name.text);
    for (int i = 0; i < e->options->form_count; i++) {
        const struct form_option *option = &e->options->forms[i];
        if (!form_fits_name(option, path) || !form_fits(option, declarator->dimension_count))
            continue;
        e->forms_used[i] = true;
        if (option->decomposes) {
            form.word = option->form == FORM_SVD ? "svd" : option->form == FORM_CP ? "cp" : NULL;
            form.span = declarator->name.span;
            form.rank = count_expr(e, option->rank, form.span);
            form.preview = count_expr(e, option->preview, form.span);
            form.refine = count_expr(e, option->refine, form.span);
        }
        if (option->stores)
            form.storage = option->storage;
        form.multiplies = option->multiplies;
    }
    return form;
}

/* "'b', 'h.W', 'h.U'", the first of them. */
static const char *list_parameters(struct elaboration *e)
{
    enum { MOST = 20 };
    const char *list = "";
    int count = 0;
    for (int i = 0; i < e->instance_count; i++) {
        const struct instance *instance = e->instances[i];
        for (int k = 0; k < instance->symbols.count && !instance->shared; k++) {
            const struct symbol *symbol = instance->symbols.entries[k].value;
            if (!symbol->statement || symbol->statement->kind != STATEMENT_PARAM || count++ >= MOST)
                continue;
            list =
                arena_printf(e->arena, "%s%s'%s'", list, *list ? ", " : "", elaborate_path(e, instance, symbol->name));
        }
    }
    return count > MOST ? arena_printf(e->arena, "%s and %d more", list, count - MOST) : list;
}

void tell_unused_forms(struct elaboration *e)
{
    for (int i = 0; i < e->options->form_count; i++) {
        const struct form_option *option = &e->options->forms[i];
        if (e->forms_used[i])
            continue;
        const struct span span = e->top->definition->name.span;
        report_error(&e->report, span, "%s %s: '%s' fits no parameter%s", option->given_by, option->text,
                     option->pattern,
                     !option->decomposes || option->form == FORM_DENSE ? ""
                     : option->form == FORM_SVD                        ? " that is a matrix"
                                                                       : " with three dimensions");
        const char *list = list_parameters(e);
        report_note(&e->report, span, *list ? "there are %s" : "there are no parameters", list);
    }
}
