#include "rnn_parser.h"
#include "syntax/parse_file.h"
#include "syntax/parser.h"
#include "syntax/tree.h"

struct tree *parse_file(struct arena *arena, const struct source *source, int file, struct diagnostics *diag)
{
    struct tree *tree = ARENA_NEW(arena, struct tree);
    struct parser parser = {.arena = arena, .source = source, .file = &source->files[file], .diag = diag, .tree = tree};
    tree->source = source;
    tree->file = file;
    tree->parts = ARENA_ARRAY(arena, struct tree *, 1);
    tree->parts[0] = tree;
    tree->part_count = 1;
    layout_start(&parser);
    if (rnn_parse(&parser) == 2)
        out_of_memory();
    return tree;
}

struct tree *parse(struct arena *arena, const struct source *source, struct diagnostics *diag)
{
    return parse_file(arena, source, 0, diag);
}
