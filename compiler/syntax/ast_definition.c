/* Building definitions, and imports among them. */
#include <ctype.h>
#include <string.h>

#include "syntax/ast.h"
#include "syntax/parser.h"

static struct tree_definition *add_definition(struct parser *parser, enum definition_kind kind, struct span span)
{
    struct tree_definition *definition = ARENA_NEW(parser->arena, struct tree_definition);
    definition->kind = kind;
    definition->span = span;
    parser->lost = false;
    struct tree *tree = parser->tree;
    definition->tree = tree;
    definition->index = tree->definition_count;
    ARENA_PUSH(parser->arena, tree->definitions, tree->definition_count, parser->definition_capacity, definition);
    return definition;
}

static void set_body(struct tree_definition *definition, struct span span, struct list *body)
{
    definition->body = span;
    definition->statement_count = body->count;
    definition->statements = (struct statement **)body->items;
}

void ast_cell(struct parser *parser, struct span span, struct span name, struct list *dimensions, struct list *inputs,
              struct list *outputs, struct span body_span, struct list *body)
{
    struct tree_definition *cell = add_definition(parser, DEFINE_CELL, span);
    cell->name = ast_text(parser, name);
    cell->dimension_count = dimensions->count;
    cell->dimensions = ast_dimension_array(parser, dimensions);
    cell->input_count = inputs->count;
    cell->inputs = ast_declarator_array(parser, inputs);
    cell->output_count = outputs->count;
    cell->outputs = ast_declarator_array(parser, outputs);
    set_body(cell, body_span, body);
}

void ast_model(struct parser *parser, struct span span, struct span name, struct span body_span, struct list *body)
{
    struct tree_definition *model = add_definition(parser, DEFINE_MODEL, span);
    model->name = ast_text(parser, name);
    set_body(model, body_span, body);
}

void ast_function(struct parser *parser, struct span span, struct span name, struct list *inputs, struct expr *value)
{
    struct tree_definition *function = add_definition(parser, DEFINE_FUNCTION, span);
    function->name = ast_text(parser, name);
    function->input_count = inputs->count;
    function->inputs = ast_declarator_array(parser, inputs);
    function->value = value;
}

void ast_constants(struct parser *parser, struct statement *constants)
{
    struct tree_definition *definition = add_definition(parser, DEFINE_CONST, constants->span);
    definition->name = constants->declarators[0].name;
    definition->constants = constants;
}

/* std.torch, without what may stand between its parts. */
static const char *module_text(struct parser *parser, const struct expr *path)
{
    const char *text = path->name.text;
    while (path->kind == EXPR_MEMBER) {
        path = path->args[0];
        text = arena_printf(parser->arena, "%s.%s", path->name.text, text);
    }
    return text;
}

/* Returns the name by which a file is known, its own without folders and suffix; NULL if that is no name. */
static const char *file_stem(struct parser *parser, const char *path)
{
    const char *slash = strrchr(path, '/'), *begin = slash ? slash + 1 : path, *dot = strrchr(begin, '.');
    const char *stem = arena_copy_string(parser->arena, begin, dot ? (size_t)(dot - begin) : strlen(begin));
    bool is_name = isalpha((unsigned char)*stem) || *stem == '_';
    for (const char *c = stem; *c; c++)
        is_name &= isalnum((unsigned char)*c) || *c == '_';
    return is_name ? stem : NULL;
}

static bool is_quoted(const struct parser *parser, struct span span) { return parser->source->data[span.begin] == '"'; }

/* Reads the path; false after an error. */
static bool read_path(struct parser *parser, const struct expr *expr, struct import *import)
{
    const struct span span = expr->span;
    import->is_module = !is_quoted(parser, span);
    if (import->is_module) {
        import->path = (struct name){module_text(parser, expr), span};
        return true;
    }
    import->path = ast_text(parser, (struct span){span.begin + 1, span.end - 1});
    import->path.span = span;
    if (!*import->path.text)
        diag_error(parser->diag, span, "the name of the file is empty");
    return *import->path.text;
}

/* Takes the name behind `as`, or that of the file or module itself; false after an error. */
static bool read_name(struct parser *parser, const struct expr *path, const struct span *word, const struct span *name,
                      struct tree_definition *definition)
{
    const struct import *import = definition->import;
    if (name) {
        definition->name = ast_text(parser, *name);
        const char *text = ast_text(parser, *word).text;
        if (strcmp(text, "as") != 0)
            diag_error(parser->diag, *word, "unknown word '%s': expected 'as'", text);
        return strcmp(text, "as") == 0;
    }
    definition->name = import->is_module ? path->name : (struct name){file_stem(parser, import->path.text), path->span};
    if (!definition->name.text)
        diag_error(parser->diag, path->span, "'%s' gives no name for the import: write 'import \"%s\" as NAME'",
                   import->path.text, import->path.text);
    return definition->name.text != NULL;
}

void ast_import(struct parser *parser, struct span span, const struct expr *path, const struct span *word,
                const struct span *name)
{
    struct tree_definition *definition = add_definition(parser, DEFINE_IMPORT, span);
    struct import *import = definition->import = ARENA_NEW(parser->arena, struct import);
    definition->name = import->path = (struct name){"", span};
    import->renamed = name != NULL;
    if (!read_path(parser, path, import) || !read_name(parser, path, word, name, definition))
        parser->tree->definition_count--; /* which has been reported */
}
