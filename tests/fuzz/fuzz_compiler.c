/* Any bytes as a program, through the whole compiler: it reports errors, or emits C, whatever the switches; and a text
 * that parses is printed so that it parses to the same tree and prints to the same text. */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"
#include "fuzz.h"
#include "pipeline.h"
#include "syntax/tree.h"
#include "tree_text.h"

/* Writes every message in both forms; nobody reads them. */
static void print_messages(const struct diagnostics *diag)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    FUZZ_CHECK(stream);
    diag_print(diag, &(struct diag_options){.colour = true}, stream);
    diag_print(diag, &(struct diag_options){.json = true, .error_limit = 20}, stream);
    FUZZ_CHECK(fclose(stream) == 0);
    FUZZ_CHECK(diag_error_count(diag) == 0 || size > 0);
    free(text);
}

/* True if the program compiles. If it does not, there must be an error that says why. */
static bool compile(struct source *source, const struct pipeline_options *options)
{
    struct arena *arena = arena_new();
    struct diagnostics *diag = diag_new(arena, source);
    struct pipeline_result result = {0};
    bool done = pipeline_run(arena, source, options, diag, &result);
    FUZZ_CHECK(done == (diag_error_count(diag) == 0));
    FUZZ_CHECK(!done || result.main.length > 0);
    print_messages(diag);
    arena_free(arena);
    return done;
}

/* Compiles as rnnc does without options, and if that succeeds in one of the other ways, chosen by the length of the
 * text. */
static void compile_in_two_ways(struct source *source)
{
    struct pipeline_options options = pipeline_default_options();
    options.header = "network.h";
    if (!compile(source, &options))
        return;
    enum emit_kind other = EMIT_GRAPH + (enum emit_kind)(source->length % (EMIT_NOTHING - EMIT_GRAPH + 1));
    if (other == EMIT_NOTHING) { /* C again, with every switch off */
        const struct machine *machine = options.schedule.machine;
        options = (struct pipeline_options){.header = "network.h", .dump_after = STAGE_INFER_SHAPES};
        options.schedule = (struct schedule_options){.machine = machine, .block_frames = 1};
    } else {
        options.emit = other;
    }
    FUZZ_CHECK(compile(source, &options));
}

static void check_printer(const struct source *source)
{
    struct arena *arena = arena_new();
    struct diagnostics *diag = diag_new(arena, source);
    const struct tree *tree = parse(arena, source, diag);
    if (diag_error_count(diag) == 0) {
        struct text first, second;
        text_init(&first, arena);
        text_init(&second, arena);
        text_puts(&first, "");
        text_puts(&second, "");
        tree_print(tree, &first);
        const struct source *printed = source_from_memory(arena, "printed", first.data, first.length);
        struct diagnostics *printed_diag = diag_new(arena, printed);
        const struct tree *again = parse(arena, printed, printed_diag);
        FUZZ_CHECK(diag_error_count(printed_diag) == 0);
        FUZZ_CHECK(strcmp(tree_text(arena, again), tree_text(arena, tree)) == 0);
        FUZZ_CHECK(again->comment_count == tree->comment_count);
        tree_print(again, &second);
        FUZZ_CHECK(first.length == second.length && memcmp(first.data, second.data, first.length) == 0);
    }
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct source *source = source_from_memory(arena, "fuzz.rnn", (const char *)data, size);
    check_printer(source);
    compile_in_two_ways(source);
    arena_free(arena);
    return 0;
}
