#include "syntax/print_line.h"

#include "base/list.h"

/* Names and numbers have no such byte. */
static const char fold_mark = '\v';

void line_puts(struct line *line, const char *text) { text_puts(&line->text, text); }

void line_open(struct line *line, const char *bracket)
{
    line_puts(line, bracket);
    line->bracket_depth++;
}

void line_close(struct line *line, const char *bracket)
{
    line->bracket_depth--;
    line_puts(line, bracket);
}

static void put_space(struct line *line) { text_append(&line->text, line->bracket_depth > 0 ? &fold_mark : " ", 1); }

/* Puts a comma and a space, or a fold. */
static void put_comma(struct line *line)
{
    line_puts(line, ",");
    put_space(line);
}

static const char *operator_text(enum binary_operator kind)
{
    static const char *const texts[] = {BINARY_OPERATORS(LIST_NAME)};
    return texts[kind];
}

static void put_operator(struct line *line, enum binary_operator kind, bool tight)
{
    bool may_fold = kind == BINARY_ADD || kind == BINARY_SUB;
    if (!tight && may_fold)
        put_space(line);
    else if (!tight)
        line_puts(line, " ");
    line_puts(line, operator_text(kind));
    line_puts(line, tight ? "" : " ");
}

static void put_binary(struct line *line, const struct expr *expr, bool tight)
{
    for (int i = 0; i < expr->count; i++) {
        if (i)
            put_operator(line, expr->operators[i - 1], tight);
        line_expr(line, expr->args[i], tight);
    }
}

static void put_call(struct line *line, const struct expr *expr, bool tight)
{
    line_expr(line, expr->args[0], tight);
    line_open(line, "(");
    for (int i = 1; i < expr->count; i++) {
        if (i > 1)
            put_comma(line);
        line_expr(line, expr->args[i], tight);
    }
    line_close(line, ")");
}

static void put_index(struct line *line, const struct expr *expr, bool tight)
{
    line_expr(line, expr->args[0], tight);
    line_open(line, "[");
    for (int i = 0; i < expr->subscript_count; i++) {
        const struct subscript *subscript = &expr->subscripts[i];
        line_puts(line, i ? ", " : "");
        if (subscript->begin)
            line_expr(line, subscript->begin, true);
        line_puts(line, subscript->is_range ? ":" : "");
        if (subscript->end)
            line_expr(line, subscript->end, true);
        if (subscript->step) {
            line_puts(line, ":");
            line_expr(line, subscript->step, true);
        }
    }
    line_close(line, "]");
}

void line_expr(struct line *line, const struct expr *expr, bool tight)
{
    switch (expr->kind) {
    case EXPR_NUMBER: /* as the user wrote it */
        text_append(&line->text, line->source->data + expr->span.begin, expr->span.end - expr->span.begin);
        break;
    case EXPR_NAME:
        line_puts(line, expr->name.text);
        break;
    case EXPR_NEGATE:
        line_puts(line, "-");
        line_expr(line, expr->args[0], tight);
        break;
    case EXPR_BINARY:
        put_binary(line, expr, tight);
        break;
    case EXPR_BRACKET:
        line_open(line, "(");
        line_expr(line, expr->args[0], tight);
        line_close(line, ")");
        break;
    case EXPR_CALL:
        put_call(line, expr, tight);
        break;
    case EXPR_INDEX:
        put_index(line, expr, tight);
        break;
    case EXPR_MEMBER:
        line_expr(line, expr->args[0], tight);
        line_puts(line, ".");
        line_puts(line, expr->name.text);
        break;
    case EXPR_STACK:
        line_puts(line, "stack ");
        line_expr(line, expr->args[0], tight);
        line_puts(line, " ");
        line_expr(line, expr->args[1], tight);
        break;
    case EXPR_REVERSE:
        line_puts(line, "reverse ");
        line_expr(line, expr->args[0], tight);
        break;
    }
}

void line_dimensions(struct line *line, const struct dimension *dimensions, int count)
{
    line_open(line, "[");
    for (int i = 0; i < count; i++) {
        line_puts(line, i ? ", " : "");
        line_expr(line, dimensions[i].expr, true);
        if (dimensions[i].fallback) {
            line_puts(line, " = ");
            line_expr(line, dimensions[i].fallback, true);
        }
    }
    line_close(line, "]");
}

/* Prints the start of a parameter behind its dimensions. */
static void put_start(struct line *line, const struct declarator *declarator)
{
    if (declarator->start) {
        line_puts(line, " = ");
        line_expr(line, declarator->start, false);
    }
    if (declarator->distribution.text) {
        line_puts(line, " ~ ");
        line_puts(line, declarator->distribution.text);
    }
    if (declarator->distribution_argument) {
        line_open(line, "(");
        line_expr(line, declarator->distribution_argument, false);
        line_close(line, ")");
    }
}

static void put_form_count(struct line *line, const char *word, const struct expr *count)
{
    if (!count)
        return;
    put_comma(line);
    line_puts(line, word);
    line_puts(line, " = ");
    line_expr(line, count, false);
}

static void put_declarator(struct line *line, const struct declarator *declarator)
{
    if (declarator->part)
        line_expr(line, declarator->part, true);
    else
        line_puts(line, declarator->name.text);
    if (declarator->has_dimensions)
        line_dimensions(line, declarator->dimensions, declarator->dimension_count);
    if (declarator->has_form) {
        line_puts(line, " : ");
        line_puts(line, declarator->form.text);
        line_open(line, "(");
        line_expr(line, declarator->form_rank, false);
        put_form_count(line, "preview", declarator->form_preview);
        put_form_count(line, "refine", declarator->form_refine);
        line_close(line, ")");
    }
    if (declarator->storage.text) {
        line_puts(line, declarator->has_form ? " " : " : ");
        line_puts(line, declarator->storage.text);
    }
    line_puts(line, declarator->fixed ? " fixed" : "");
    put_start(line, declarator);
    if (declarator->type.text) {
        line_puts(line, ": ");
        line_puts(line, declarator->type.text);
        line_open(line, "[");
        line_expr(line, declarator->vocabulary, true);
        if (declarator->vocabulary_fallback) {
            line_puts(line, " = ");
            line_expr(line, declarator->vocabulary_fallback, true);
        }
        line_close(line, "]");
    }
    line_puts(line, declarator->once ? " once" : "");
}

void line_declarators(struct line *line, const struct declarator *declarators, int count)
{
    for (int i = 0; i < count; i++) {
        if (i)
            put_comma(line);
        put_declarator(line, &declarators[i]);
    }
}

/* Columns that the item behind a mark takes: up to the next mark at its own level of brackets or further out, or
 * (`any_level`) just to the next mark. Beyond LINE_WIDTH the exact number does not matter. */
static int item_width(const struct text *text, size_t begin, bool any_level)
{
    int depth = 0;
    size_t i = begin;
    for (; i < text->length && i - begin <= LINE_WIDTH; i++) {
        char c = text->data[i];
        if (c == fold_mark && (any_level || depth <= 0))
            break;
        depth += (c == '(' || c == '[') - (c == ')' || c == ']');
    }
    return (int)(i - begin);
}

/* At a mark, what follows goes on a new line, below the inside of the innermost open bracket, if it has room there but
 * not on this line; what has no room even there is begun on this line and folded within. */
void line_write(const struct line *line, int indent, struct text *out)
{
    enum { DEEPEST_FOLD = LINE_WIDTH / 2 };
    int inside[EXPR_MAX_DEPTH + 2]; /* columns behind the open brackets: one a level of an expression, one around it */
    int depth = 0, column = indent;
    const struct text *text = &line->text;
    text_printf(out, "%*s", indent, "");
    for (size_t i = 0; i < text->length; i++) {
        char c = text->data[i];
        if (c == fold_mark) {
            int fold = inside[depth - 1] < DEEPEST_FOLD ? inside[depth - 1] : DEEPEST_FOLD;
            int width = item_width(text, i + 1, false);
            if (fold + width > LINE_WIDTH)
                width = item_width(text, i + 1, true);
            bool fits = column + 1 + width <= LINE_WIDTH;
            text_printf(out, "%s%*s", fits ? " " : "\n", fits ? 0 : fold, "");
            column = fits ? column + 1 : fold;
            continue;
        }
        text_append(out, &c, 1);
        column++;
        if (c == '(' || c == '[')
            inside[depth++] = column;
        else if (c == ')' || c == ']')
            depth--;
    }
}
