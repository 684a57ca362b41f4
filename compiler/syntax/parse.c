#include "syntax/tree.h"

#include "rnn_parser.h"
#include "syntax/parser.h"

struct tree *parse(struct arena *arena, const struct source *source, struct diagnostics *diag)
{
    struct tree *tree = ARENA_NEW(arena, struct tree);
    struct parser parser = {.arena = arena, .source = source, .diag = diag, .tree = tree};
    tree->source = source;
    layout_start(&parser);
    if (rnn_parse(&parser) == 2)
        out_of_memory();
    return tree;
}
