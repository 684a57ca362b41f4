#include "sema_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"
#include "base/text.h"
#include "syntax/tree.h"

static const char *print_messages(struct arena *arena, const struct diagnostics *diag)
{
    char *data;
    size_t length;
    FILE *out = open_memstream(&data, &length);
    diag_print(diag, &(struct diag_options){0}, out);
    fclose(out);
    char *copy = arena_copy_string(arena, data, length);
    free(data);
    return copy;
}

struct checked check_program(const char *text, const struct sema_options *options)
{
    struct sema_options none = {0};
    struct checked checked = {.arena = arena_new(), .dump = ""};
    struct source *source = source_from_memory(checked.arena, "test.rnn", text, strlen(text));
    struct diagnostics *diag = diag_new(checked.arena, source);
    struct tree *tree = parse(checked.arena, source, diag);
    if (diag_error_count(diag))
        fail_msg("the test's program does not parse:\n%s", print_messages(checked.arena, diag));
    checked.program = resolve_names(checked.arena, tree, options ? options : &none, diag);
    if (checked.program) {
        infer_shapes(checked.arena, checked.program, diag);
        struct text dump;
        text_init(&dump, checked.arena);
        program_print(checked.program, &dump);
        checked.dump = dump.data;
    }
    checked.messages = print_messages(checked.arena, diag);
    checked.errors = diag_error_count(diag);
    checked.warnings = diag_warning_count(diag);
    return checked;
}

void checked_free(struct checked *checked) { arena_free(checked->arena); }

struct value *checked_value(const struct checked *checked, const char *name)
{
    for (int i = 0; checked->program && i < checked->program->value_count; i++)
        if (strcmp(checked->program->values[i]->name, name) == 0)
            return checked->program->values[i];
    fail_msg("there is no value '%s' in\n%s", name, checked->dump);
    return NULL;
}

static bool has_line(const char *dump, const char *line)
{
    size_t length = strlen(line);
    for (const char *at = strstr(dump, line); at; at = strstr(at + 1, line))
        if ((at == dump || at[-1] == '\n') && (at[length] == '\n' || at[length] == '\0'))
            return true;
    return false;
}

struct checked check_correct(const char *text)
{
    struct checked checked = check_program(text, NULL);
    if (checked.errors)
        fail_msg("errors where there should be none:\n%s", checked.messages);
    return checked;
}

void expect_lines(const char *text, const char *const *lines)
{
    struct checked checked = check_correct(text);
    for (int i = 0; lines[i]; i++)
        if (!has_line(checked.dump, lines[i]))
            fail_msg("expected the line\n%s\nin\n%s", lines[i], checked.dump);
    checked_free(&checked);
}

void expect_no_line(const char *text, const char *part)
{
    struct checked checked = check_correct(text);
    if (strstr(checked.dump, part))
        fail_msg("did not expect '%s' in\n%s", part, checked.dump);
    checked_free(&checked);
}

void expect_error(const char *text, const char *const *parts)
{
    struct checked checked = check_program(text, NULL);
    const char *at = checked.messages;
    if (!checked.errors)
        fail_msg("expected an error, '%s', in\n%s", parts[0], text);
    for (int i = 0; parts[i]; i++) {
        at = strstr(at, parts[i]);
        if (!at)
            fail_msg("expected '%s', in this order, in\n%s", parts[i], checked.messages);
        at += strlen(parts[i]);
    }
    checked_free(&checked);
}

void expect_warning(const char *text, const char *part)
{
    struct checked checked = check_correct(text);
    if (!strstr(checked.messages, "warning") || !strstr(checked.messages, part))
        fail_msg("expected the warning '%s', but got\n%s", part, checked.messages);
    checked_free(&checked);
}

void expect_clean(const char *text)
{
    struct checked checked = check_correct(text);
    if (checked.warnings)
        fail_msg("did not expect\n%s", checked.messages);
    checked_free(&checked);
}
