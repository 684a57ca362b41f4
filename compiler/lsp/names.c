#include "lsp/names.h"

#include <ctype.h>

#include "base/arena.h"

static bool holds(struct span span, uint32_t offset) { return span.begin <= offset && offset <= span.end; }

static bool find_name(const struct name *name, uint32_t offset, struct occurrence *found)
{
    if (!name->text || !holds(name->span, offset))
        return false;
    *found = (struct occurrence){.name = *name, .within = found->within};
    return true;
}

/* Takes the names before the last one of a.b.name. */
static bool take_member(struct arena *arena, const struct expr *member, struct occurrence *found)
{
    int count = 1;
    const struct expr *first = member->args[0];
    for (; first->kind == EXPR_MEMBER; first = first->args[0])
        count++;
    if (first->kind != EXPR_NAME)
        return false;
    struct name *path = ARENA_ARRAY(arena, struct name, count);
    const struct expr *part = member->args[0];
    for (int i = count - 1; i > 0; i--, part = part->args[0])
        path[i] = part->name;
    path[0] = first->name;
    found->name = member->name;
    found->path = path;
    found->path_count = count;
    return true;
}

/* Recurses over the expression, whose depth the parser bounds. */
static bool find_in_expr(struct arena *arena, const struct expr *expr, uint32_t offset, struct occurrence *found)
{
    if (!expr || !holds(expr->span, offset))
        return false;
    if (expr->kind == EXPR_NAME)
        return find_name(&expr->name, offset, found);
    if (expr->kind == EXPR_MEMBER && holds(expr->name.span, offset))
        return take_member(arena, expr, found);
    for (int i = 0; i < expr->count; i++)
        if (find_in_expr(arena, expr->args[i], offset, found))
            return true;
    for (int i = 0; i < expr->subscript_count; i++)
        if (find_in_expr(arena, expr->subscripts[i].begin, offset, found) ||
            find_in_expr(arena, expr->subscripts[i].end, offset, found) ||
            find_in_expr(arena, expr->subscripts[i].step, offset, found))
            return true;
    return false;
}

static bool find_in_dimensions(struct arena *arena, const struct dimension *dimensions, int count, uint32_t offset,
                               struct occurrence *found)
{
    for (int i = 0; i < count; i++)
        if (find_in_expr(arena, dimensions[i].expr, offset, found) ||
            find_in_expr(arena, dimensions[i].fallback, offset, found))
            return true;
    return false;
}

static bool find_in_declarators(struct arena *arena, const struct declarator *declarators, int count, uint32_t offset,
                                struct occurrence *found)
{
    for (int i = 0; i < count; i++) {
        const struct declarator *one = &declarators[i];
        const struct expr *const parts[] = {
            one->form_rank, one->form_preview, one->form_refine,         one->part,
            one->start,     one->vocabulary,   one->vocabulary_fallback, one->distribution_argument};
        if (find_name(&one->name, offset, found) ||
            find_in_dimensions(arena, one->dimensions, one->dimension_count, offset, found))
            return true;
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            if (find_in_expr(arena, parts[k], offset, found))
                return true;
    }
    return false;
}

static bool find_in_statement(struct arena *arena, const struct statement *statement, uint32_t offset,
                              struct occurrence *found)
{
    if (find_in_declarators(arena, statement->declarators, statement->count, offset, found))
        return true;
    for (int i = 0; i < statement->value_count; i++)
        if (find_in_expr(arena, statement->values[i], offset, found))
            return true;
    return false;
}

bool names_find(struct arena *arena, const struct tree *tree, uint32_t offset, struct occurrence *found)
{
    const struct tree_definition *at = scope_definition_at(tree, offset);
    *found = (struct occurrence){.within = at};
    if (!at)
        return false;
    if (find_name(&at->name, offset, found) ||
        find_in_dimensions(arena, at->dimensions, at->dimension_count, offset, found) ||
        find_in_declarators(arena, at->inputs, at->input_count, offset, found) ||
        find_in_declarators(arena, at->outputs, at->output_count, offset, found) ||
        find_in_expr(arena, at->value, offset, found) ||
        (at->constants && find_in_statement(arena, at->constants, offset, found)))
        return true;
    for (int i = 0; i < at->statement_count; i++)
        if (holds(at->statements[i]->span, offset))
            if (find_in_statement(arena, at->statements[i], offset, found))
                return true;
    return false;
}

static bool is_letter(char byte) { return isalnum((unsigned char)byte) || byte == '_'; }

/* Returns the begin of the word that ends at `end`. */
static size_t word_begin(const char *text, size_t end)
{
    while (end > 0 && is_letter(text[end - 1]))
        end--;
    return end;
}

int names_before(struct arena *arena, const char *text, size_t offset, size_t *begin, struct name **path)
{
    int count = 0;
    *begin = word_begin(text, offset);
    for (size_t at = *begin; at > 0 && text[at - 1] == '.'; at = word_begin(text, at - 1))
        count++;
    *path = ARENA_ARRAY(arena, struct name, count + 1);
    size_t at = *begin;
    for (int i = count - 1; i >= 0; i--) {
        const size_t end = at - 1;
        at = word_begin(text, end);
        (*path)[i] = (struct name){.text = arena_copy_string(arena, text + at, end - at)};
    }
    return count;
}
