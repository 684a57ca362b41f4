/* Tests `rnnc --emit=source` as a formatter, on every program of the project that parses: the same tree, all comments
 * in order, and nothing left to format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"
#include "base/text.h"
#include "syntax/tree.h"
#include "tree_text.h"

enum { DESCRIPTORS = 8, LEAST_FORMATTED = 150 };

static int formatted; /* programs; nftw hands nothing on to its visitor */

static struct tree *parse_source(struct arena *arena, const struct source *source)
{
    struct diagnostics *diag = diag_new(arena, source);
    struct tree *tree = parse(arena, source, diag);
    return diag_error_count(diag) ? NULL : tree;
}

static const char *print_tree(struct arena *arena, const struct tree *tree)
{
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "");
    tree_print(tree, &text);
    return text.data;
}

/* Returns all comments, a line for each. */
static const char *comments_of(struct arena *arena, const struct tree *tree)
{
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "");
    for (int i = 0; i < tree->comment_count; i++) {
        struct span span = tree->comments[i].span;
        text_append(&text, tree->source->data + span.begin, span.end - span.begin);
        text_puts(&text, "\n");
    }
    return text.data;
}

static void check_file(const char *path)
{
    struct arena *arena = arena_new();
    const char *error;
    const struct source *source = source_from_file(arena, path, &error);
    assert_non_null(source);
    const struct tree *tree = parse_source(arena, source);
    if (tree) {
        const char *printed = print_tree(arena, tree);
        const struct source *copy = source_from_memory(arena, path, printed, strlen(printed));
        const struct tree *again = parse_source(arena, copy);
        if (!again)
            fail_msg("%s: the formatted program does not parse:\n%s", path, printed);
        if (strcmp(tree_text(arena, tree), tree_text(arena, again)) != 0)
            fail_msg("%s: the formatted program has another tree:\n%s", path, printed);
        if (strcmp(comments_of(arena, tree), comments_of(arena, again)) != 0)
            fail_msg("%s: the formatted program has other comments:\n%s", path, printed);
        if (strcmp(printed, print_tree(arena, again)) != 0)
            fail_msg("%s: the formatted program is formatted in another way again:\n%s", path, printed);
        formatted++;
    }
    arena_free(arena);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)place;
    size_t length = strlen(path);
    if (type == FTW_F && length > 4 && strcmp(path + length - 4, ".rnn") == 0)
        check_file(path);
    return 0;
}

static void every_program_is_formatted(void **state)
{
    (void)state;
    assert_int_equal(nftw(RNNC_SOURCE_DIR "/examples", visit, DESCRIPTORS, FTW_PHYS), 0);
    assert_int_equal(nftw(RNNC_SOURCE_DIR "/std", visit, DESCRIPTORS, FTW_PHYS), 0);
    assert_int_equal(nftw(RNNC_SOURCE_DIR "/tests", visit, DESCRIPTORS, FTW_PHYS), 0);
    assert_int_equal(nftw(RNNC_SOURCE_DIR "/bench", visit, DESCRIPTORS, FTW_PHYS), 0);
    printf("%d programs formatted\n", formatted);
    assert_true(formatted >= LEAST_FORMATTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_program_is_formatted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
