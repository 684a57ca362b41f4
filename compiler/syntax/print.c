/* The printer: tree_print walks the tree and, beside it, the comments in the order of the source. A comment goes
 *
 *   - behind what ends on its line,
 *   - on a line of its own before the statement that follows or contains it.
 *
 * Blank lines of the source are kept, one at a time; not at the edges of a body. */
#include "syntax/print_line.h"

#include "base/list.h"
#include "base/source.h"

struct printer {
    const struct tree *tree;
    struct text *out;
    int next_comment;
    int indent;
    uint32_t last_end; /* in the source, of what was printed last */
    bool at_edge;      /* nothing printed yet in this body or file */
};

static bool has_blank_line(const struct source *source, uint32_t begin, uint32_t end)
{
    int newlines = 0;
    for (uint32_t i = begin; i < end; i++)
        newlines += source->data[i] == '\n';
    return newlines > 1;
}

static bool has_newline(const struct source *source, uint32_t begin, uint32_t end)
{
    while (begin < end && source->data[begin] != '\n')
        begin++;
    return begin < end;
}

/* Prints a blank line before the item that begins at `begin`, if the source has one there. */
static void print_gap(struct printer *printer, uint32_t begin)
{
    if (!printer->at_edge && has_blank_line(printer->tree->source, printer->last_end, begin))
        text_puts(printer->out, "\n");
    printer->at_edge = false;
}

/* The next comment if it begins before `limit`, else NULL. */
static const struct comment *peek_comment(const struct printer *printer, uint32_t limit)
{
    const struct tree *tree = printer->tree;
    if (printer->next_comment == tree->comment_count || tree->comments[printer->next_comment].span.begin >= limit)
        return NULL;
    return &tree->comments[printer->next_comment];
}

static void print_comment(struct printer *printer, const struct comment *comment)
{
    text_append(printer->out, printer->tree->source->data + comment->span.begin,
                comment->span.end - comment->span.begin);
    printer->last_end = comment->span.end;
    printer->next_comment++;
}

static void print_comments_before(struct printer *printer, uint32_t begin)
{
    for (const struct comment *comment; (comment = peek_comment(printer, begin));) {
        print_gap(printer, comment->span.begin);
        text_printf(printer->out, "%*s", printer->indent, "");
        print_comment(printer, comment);
        text_puts(printer->out, "\n");
    }
}

/* Prints everything before an item's own text: comments before it, a blank line, and the comments inside it. */
static void begin_item(struct printer *printer, uint32_t begin, uint32_t end)
{
    print_comments_before(printer, begin);
    print_gap(printer, begin);
    printer->last_end = end;
    print_comments_before(printer, end);
}

/* Prints the comment on the same line, and ends the line; the next item begins at `limit`. */
static void end_item(struct printer *printer, uint32_t end, uint32_t limit)
{
    const struct comment *comment = peek_comment(printer, limit);
    printer->last_end = end;
    if (comment && !has_newline(printer->tree->source, end, comment->span.begin)) {
        text_puts(printer->out, "  ");
        print_comment(printer, comment);
    }
    text_puts(printer->out, "\n");
}

static struct line begin_line(const struct printer *printer)
{
    struct line line = {.source = printer->tree->source};
    text_init(&line.text, printer->out->arena);
    return line;
}

static void print_constants(struct line *line, const struct statement *statement)
{
    for (int i = 0; i < statement->count; i++) {
        line_puts(line, i ? ", " : "const ");
        line_declarators(line, &statement->declarators[i], 1);
        line_puts(line, " = ");
        line_expr(line, statement->values[i], false);
    }
}

const char *statement_word(enum statement_kind kind)
{
    static const char *const words[] = {STATEMENT_KINDS(LIST_NAME)};
    return words[kind];
}

static void print_statement(struct line *line, const struct statement *statement)
{
    if (statement->kind == STATEMENT_CONST) {
        print_constants(line, statement);
        return;
    }
    line_puts(line, statement_word(statement->kind));
    line_puts(line, statement->kind == STATEMENT_EQUATION ? "" : " ");
    line_declarators(line, statement->declarators, statement->count);
    for (int i = 0; i < statement->value_count; i++) {
        line_puts(line, i > 0 || statement->count > 0 ? " = " : "");
        line_expr(line, statement->values[i], false);
    }
}

static void print_import(struct line *line, const struct tree_definition *definition)
{
    const char *quote = definition->import->is_module ? "" : "\"";
    line_puts(line, "import ");
    line_puts(line, quote);
    line_puts(line, definition->import->path.text);
    line_puts(line, quote);
    if (definition->import->renamed) {
        line_puts(line, " as ");
        line_puts(line, definition->name.text);
    }
}

static void print_head(struct line *line, const struct tree_definition *definition)
{
    switch (definition->kind) {
    case DEFINE_CELL:
        line_puts(line, "cell ");
        line_puts(line, definition->name.text);
        if (definition->dimension_count > 0)
            line_dimensions(line, definition->dimensions, definition->dimension_count);
        line_open(line, "(");
        line_declarators(line, definition->inputs, definition->input_count);
        line_close(line, ")");
        line_puts(line, " -> ");
        line_declarators(line, definition->outputs, definition->output_count);
        line_puts(line, " {");
        break;
    case DEFINE_MODEL:
        line_puts(line, "model ");
        line_puts(line, definition->name.text);
        line_puts(line, " {");
        break;
    case DEFINE_FUNCTION:
        line_puts(line, "fn ");
        line_puts(line, definition->name.text);
        line_open(line, "(");
        line_declarators(line, definition->inputs, definition->input_count);
        line_close(line, ")");
        line_puts(line, " = ");
        line_expr(line, definition->value, false);
        break;
    case DEFINE_CONST:
        print_constants(line, definition->constants);
        break;
    case DEFINE_IMPORT:
        print_import(line, definition);
        break;
    }
}

/* Prints the statements and the closing brace; the text behind the definition begins at `limit`. */
static void print_body(struct printer *printer, const struct tree_definition *definition, uint32_t limit)
{
    uint32_t brace = definition->body.end - 1;
    int count = definition->statement_count;
    end_item(printer, definition->body.begin + 1, count ? definition->statements[0]->span.begin : brace);
    printer->indent = 2;
    printer->at_edge = true;
    for (int i = 0; i < count; i++) {
        struct span span = definition->statements[i]->span;
        begin_item(printer, span.begin, span.end);
        struct line line = begin_line(printer);
        print_statement(&line, definition->statements[i]);
        line_write(&line, printer->indent, printer->out);
        end_item(printer, span.end, i + 1 < count ? definition->statements[i + 1]->span.begin : brace);
    }
    print_comments_before(printer, brace);
    printer->indent = 0;
    printer->at_edge = false;
    text_puts(printer->out, "}");
    end_item(printer, definition->body.end, limit);
}

void tree_print(const struct tree *tree, struct text *out)
{
    const struct source_file *file = &tree->source->files[tree->file];
    struct printer printer = {.tree = tree, .out = out, .last_end = file->begin, .at_edge = true};
    const uint32_t end = file->end;
    for (int i = 0; i < tree->definition_count; i++) {
        const struct tree_definition *definition = tree->definitions[i];
        bool has_body = definition->body.end > definition->body.begin;
        uint32_t limit = i + 1 < tree->definition_count ? tree->definitions[i + 1]->span.begin : end;
        begin_item(&printer, definition->span.begin, has_body ? definition->body.begin : definition->span.end);
        struct line line = begin_line(&printer);
        print_head(&line, definition);
        line_write(&line, 0, out);
        if (has_body)
            print_body(&printer, definition, limit);
        else
            end_item(&printer, definition->span.end, limit);
    }
    print_comments_before(&printer, end);
}
