#include "tree_text.h"

#include "base/text.h"
#include "syntax/tree.h"

static void put_expr(struct text *out, const struct expr *expr);

static void put_subscript(struct text *out, const struct subscript *subscript)
{
    text_puts(out, " ");
    if (subscript->begin)
        put_expr(out, subscript->begin);
    text_puts(out, subscript->is_range ? ":" : "");
    if (subscript->end)
        put_expr(out, subscript->end);
}

static const char *const operators[] = {"+", "-", "*", "/", "@", "<", "<=", ">", ">=", "==", "!="};

static const char *expr_head(const struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_NUMBER:
    case EXPR_NAME:
    case EXPR_BINARY:
        break;
    case EXPR_NEGATE:
        return "neg";
    case EXPR_BRACKET:
        return "bracket";
    case EXPR_CALL:
        return "call";
    case EXPR_INDEX:
        return "index";
    case EXPR_MEMBER:
        return "member";
    case EXPR_STACK:
        return "stack";
    case EXPR_REVERSE:
        return "reverse";
    }
    return "";
}

/* Writes a row of operators, nested as it binds. */
static void put_row(struct text *out, const struct expr *expr)
{
    int last = expr->count - 1;
    bool from_right = expr->operators[0] == BINARY_AT;
    for (int i = last - 1; i >= 0 && !from_right; i--)
        text_printf(out, "(%s ", operators[expr->operators[i]]);
    for (int i = 0; i <= last; i++) {
        text_puts(out, i ? " " : "");
        text_puts(out, from_right && i < last ? "(@ " : "");
        put_expr(out, expr->args[i]);
        text_puts(out, i && !from_right ? ")" : "");
    }
    for (int i = 0; i < last && from_right; i++)
        text_puts(out, ")");
}

static void put_expr(struct text *out, const struct expr *expr)
{
    if (expr->kind == EXPR_NUMBER) {
        text_printf(out, expr->is_integer ? "%.0f" : "%.17gf", expr->number);
        return;
    }
    if (expr->kind == EXPR_NAME) {
        text_puts(out, expr->name.text);
        return;
    }
    if (expr->kind == EXPR_BINARY) {
        put_row(out, expr);
        return;
    }
    text_printf(out, "(%s", expr_head(expr));
    for (int i = 0; i < expr->count; i++) {
        text_puts(out, " ");
        put_expr(out, expr->args[i]);
    }
    for (int i = 0; i < expr->subscript_count; i++)
        put_subscript(out, &expr->subscripts[i]);
    if (expr->kind == EXPR_MEMBER)
        text_printf(out, " %s", expr->name.text);
    text_puts(out, ")");
}

static void put_optional(struct text *out, const char *before, const struct expr *expr)
{
    if (!expr)
        return;
    text_puts(out, before);
    put_expr(out, expr);
}

static void put_dimensions(struct text *out, const struct dimension *dimensions, int count)
{
    text_puts(out, "[");
    for (int i = 0; i < count; i++) {
        put_optional(out, i ? " " : "", dimensions[i].expr);
        put_optional(out, "=", dimensions[i].fallback);
    }
    text_puts(out, "]");
}

static void put_declarators(struct text *out, const struct declarator *declarators, int count)
{
    for (int i = 0; i < count; i++) {
        const struct declarator *d = &declarators[i];
        text_printf(out, " %s", d->name.text);
        if (d->has_dimensions)
            put_dimensions(out, d->dimensions, d->dimension_count);
        if (d->has_form)
            text_printf(out, " :%s", d->form.text);
        put_optional(out, " rank ", d->form_rank);
        put_optional(out, " preview ", d->form_preview);
        put_optional(out, " refine ", d->form_refine);
        put_optional(out, " start ", d->start);
        if (d->distribution.text)
            text_printf(out, " ~%s", d->distribution.text);
        put_optional(out, " with ", d->distribution_argument);
        if (d->type.text)
            text_printf(out, " :%s", d->type.text);
        put_optional(out, " of ", d->vocabulary);
        text_puts(out, d->once ? " once" : "");
    }
}

static void put_statement(struct text *out, const struct statement *statement)
{
    static const char *const kinds[] = {"param", "const", "input", "target", "output", "equation", "init", "loss"};
    text_printf(out, " (%s", kinds[statement->kind]);
    put_declarators(out, statement->declarators, statement->count);
    for (int i = 0; i < statement->value_count; i++)
        put_optional(out, " ", statement->values[i]);
    text_puts(out, ")");
}

const char *tree_text(struct arena *arena, const struct tree *tree)
{
    static const char *const kinds[] = {"cell", "model", "fn", "const", "import"};
    struct text out;
    text_init(&out, arena);
    text_puts(&out, "");
    for (int i = 0; i < tree->definition_count; i++) {
        const struct tree_definition *d = tree->definitions[i];
        text_printf(&out, "%s%s %s", i ? "\n" : "", kinds[d->kind], d->name.text);
        if (d->dimension_count)
            put_dimensions(&out, d->dimensions, d->dimension_count);
        put_declarators(&out, d->inputs, d->input_count);
        text_puts(&out, d->output_count ? " ->" : "");
        put_declarators(&out, d->outputs, d->output_count);
        for (int j = 0; j < d->statement_count; j++)
            put_statement(&out, d->statements[j]);
        put_optional(&out, " ", d->value);
        if (d->constants)
            put_statement(&out, d->constants);
    }
    return out.data;
}
