/* Building expressions, and keeping their depth within EXPR_MAX_DEPTH. */
#include "syntax/ast.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "syntax/parser.h"

struct list *ast_list(struct parser *parser) { return ARENA_NEW(parser->arena, struct list); }

struct list *ast_append(struct parser *parser, struct list *list, void *item)
{
    ARENA_PUSH(parser->arena, list->items, list->count, list->capacity, item);
    return list;
}

static const char *copy_text(struct parser *parser, struct span span)
{
    return arena_copy_string(parser->arena, parser->source->data + span.begin, span.end - span.begin);
}

static struct expr *new_expr(struct parser *parser, enum expr_kind kind, struct span span)
{
    struct expr *expr = ARENA_NEW(parser->arena, struct expr);
    expr->kind = kind;
    expr->span = span;
    expr->depth = 1;
    return expr;
}

/* Takes the part below into account. An expression that is one level too deep is reported and becomes the number 0, as
 * does what is built on top of it, so that no stage ever meets a deep tree. */
static void add_depth(struct parser *parser, struct expr *expr, const struct expr *part)
{
    if (!part || part->depth < expr->depth)
        return;
    expr->depth = part->depth + 1;
    if (part->depth < EXPR_MAX_DEPTH)
        return;
    if (part->depth == EXPR_MAX_DEPTH)
        diag_error(parser->diag, expr->span, "expression is nested deeper than %d levels", EXPR_MAX_DEPTH);
    *expr = (struct expr){.kind = EXPR_NUMBER, .span = expr->span, .depth = EXPR_MAX_DEPTH + 1};
}

/* args[0] is `first` (NULL: none), then come `rest` (NULL: none). */
static void set_args(struct parser *parser, struct expr *expr, struct expr *first, const struct list *rest)
{
    int rest_count = rest ? rest->count : 0;
    expr->args = ARENA_ARRAY(parser->arena, struct expr *, 1 + rest_count);
    if (first)
        expr->args[expr->count++] = first;
    for (int i = 0; i < rest_count; i++)
        expr->args[expr->count++] = rest->items[i];
    for (int i = 0; i < expr->count; i++)
        add_depth(parser, expr, expr->args[i]);
}

struct expr *ast_name(struct parser *parser, struct span span)
{
    struct expr *expr = new_expr(parser, EXPR_NAME, span);
    expr->name = (struct name){copy_text(parser, span), span};
    return expr;
}

struct expr *ast_integer(struct parser *parser, struct span span)
{
    struct expr *expr = new_expr(parser, EXPR_NUMBER, span);
    expr->is_integer = true;
    errno = 0;
    unsigned long long value = strtoull(copy_text(parser, span), NULL, 10);
    if (errno == ERANGE || value > 1ULL << 53)
        diag_error(parser->diag, span, "'%.40s' is too large: integers go up to 2^53", copy_text(parser, span));
    else
        expr->number = (double)value;
    return expr;
}

struct expr *ast_float(struct parser *parser, struct span span)
{
    struct expr *expr = new_expr(parser, EXPR_NUMBER, span);
    double value = strtod(copy_text(parser, span), NULL);
    if (isinf(value))
        diag_error(parser->diag, span, "'%.40s' is too large for double precision", copy_text(parser, span));
    else
        expr->number = value;
    return expr;
}

struct expr *ast_bad_number(struct parser *parser, struct span span)
{
    const char *text = copy_text(parser, span);
    const char *rest = text + strspn(text, "0123456789.");
    bool is_hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (isalpha((unsigned char)*rest) && *rest != 'e' && *rest != 'E' && !is_hexadecimal)
        diag_error(parser->diag, span, "'%.40s' is no number: an operator is missing before '%.40s'", text, rest);
    else
        diag_error(parser->diag, span,
                   "'%.40s' is no number: numbers are written as 2, 0.5, 1e-3 or 1.5e3, with digits on both sides of "
                   "the dot",
                   text);
    return new_expr(parser, EXPR_NUMBER, span);
}

struct expr *ast_negate(struct parser *parser, struct span span, struct expr *operand)
{
    struct expr *expr = new_expr(parser, EXPR_NEGATE, span);
    set_args(parser, expr, operand, NULL);
    return expr;
}

struct expr *ast_bracket(struct parser *parser, struct span span, struct expr *inside)
{
    struct expr *expr = new_expr(parser, EXPR_BRACKET, span);
    set_args(parser, expr, inside, NULL);
    return expr;
}

/* Operators of one rank bind alike. */
static int operator_rank(enum binary_operator operator)
{
    switch (operator) {
    case BINARY_ADD:
    case BINARY_SUB:
        return 1;
    case BINARY_MUL:
    case BINARY_DIV:
        return 2;
    case BINARY_AT:
        return 3;
    case BINARY_LT:
    case BINARY_LE:
    case BINARY_GT:
    case BINARY_GE:
    case BINARY_EQ:
    case BINARY_NE:
        break;
    }
    return 0;
}

static bool is_of_rank(const struct expr *expr, enum binary_operator operator)
{
    return expr->kind == EXPR_BINARY && operator_rank(operator) &&
           operator_rank(expr->operators[0]) == operator_rank(operator);
}

/* One more operand, before the others or behind them. */
static void add_operand(struct parser *parser, struct expr *expr, enum binary_operator operator, struct expr * operand)
{
    bool before = operator== BINARY_AT;
    if (!expr->room) {
        struct expr **args = ARENA_ARRAY(parser->arena, struct expr *, 2 * expr->count + 2);
        expr->room = expr->count + 2;
        memcpy(args + (before ? expr->room : 0), expr->args, (size_t)expr->count * sizeof *args);
        expr->args = args + (before ? expr->room : 0);
    }
    expr->room--;
    if (before)
        *--expr->args = operand;
    else
        expr->args[expr->count] = operand;
    int count = expr->count++ - 1;
    ARENA_PUSH(parser->arena, expr->operators, count, expr->operator_capacity, operator);
    add_depth(parser, expr, operand);
}

struct expr *ast_binary(struct parser *parser, enum binary_operator operator, struct expr * left,
                        struct span operator_span, struct expr *right)
{
    struct span span = span_join(left->span, right->span);
    bool from_right = operator== BINARY_AT;
    struct expr *chain = from_right ? right : left;
    if (is_of_rank(chain, operator)) {
        chain->span = span;
        add_operand(parser, chain, operator, from_right ? left : right);
        return chain;
    }
    struct list rest = {(void *[]){right}, 1, 1};
    struct expr *expr = new_expr(parser, EXPR_BINARY, span);
    int count = 0;
    ARENA_PUSH(parser->arena, expr->operators, count, expr->operator_capacity, operator);
    expr->operator_span = operator_span;
    set_args(parser, expr, left, &rest);
    return expr;
}

struct expr *ast_chained(struct parser *parser, struct expr *left, struct span operator_span, const struct expr *right)
{
    /* The first comparison stays and its span takes in the rest, which tells that the chain has been reported. */
    bool is_reported = left->depth > EXPR_MAX_DEPTH || left->span.end > left->args[1]->span.end;
    if (!is_reported) {
        diag_error(parser->diag, operator_span, "comparisons cannot be chained: put one of them in brackets");
        diag_note(parser->diag, left->operator_span, "the first one is here");
    }
    left->span = span_join(left->span, right->span);
    return left;
}

struct expr *ast_call(struct parser *parser, struct span span, struct expr *callee, struct list *arguments)
{
    struct expr *expr = new_expr(parser, EXPR_CALL, span);
    set_args(parser, expr, callee, arguments);
    return expr;
}

struct expr *ast_index(struct parser *parser, struct span span, struct expr *base, struct list *subscripts)
{
    struct expr *expr = new_expr(parser, EXPR_INDEX, span);
    expr->subscript_count = subscripts->count;
    expr->subscripts = ARENA_ARRAY(parser->arena, struct subscript, subscripts->count);
    for (int i = 0; i < subscripts->count; i++)
        expr->subscripts[i] = *(struct subscript *)subscripts->items[i];
    set_args(parser, expr, base, NULL);
    for (int i = 0; i < expr->subscript_count; i++) {
        const struct subscript part = expr->subscripts[i];
        add_depth(parser, expr, part.begin);
        add_depth(parser, expr, part.end);
        add_depth(parser, expr, part.step);
    }
    return expr;
}

struct expr *ast_member(struct parser *parser, struct span span, struct expr *base, struct span name)
{
    struct expr *expr = new_expr(parser, EXPR_MEMBER, span);
    expr->name = (struct name){copy_text(parser, name), name};
    set_args(parser, expr, base, NULL);
    return expr;
}

struct expr *ast_check_call(struct parser *parser, const char *word, struct expr *expr)
{
    if (expr->kind != EXPR_CALL && expr->depth <= EXPR_MAX_DEPTH)
        diag_error(parser->diag, expr->span, "'%s' needs a call of a cell, with its inputs in '(' and ')'", word);
    return expr;
}

struct expr *ast_stack(struct parser *parser, struct span span, struct expr *count, struct expr *call)
{
    struct list rest = {(void *[]){call}, 1, 1};
    struct expr *expr = new_expr(parser, EXPR_STACK, span);
    set_args(parser, expr, count, &rest);
    return expr;
}

struct expr *ast_reverse(struct parser *parser, struct span span, struct expr *call)
{
    struct expr *expr = new_expr(parser, EXPR_REVERSE, span);
    set_args(parser, expr, ast_check_call(parser, "reverse", call), NULL);
    return expr;
}

struct subscript *ast_subscript(struct parser *parser, struct span span, struct expr *expr)
{
    struct subscript *subscript = ARENA_NEW(parser->arena, struct subscript);
    *subscript = (struct subscript){.begin = expr, .span = span};
    return subscript;
}

struct subscript *ast_range(struct parser *parser, struct span span, struct expr *begin, struct expr *end)
{
    struct subscript *subscript = ARENA_NEW(parser->arena, struct subscript);
    *subscript = (struct subscript){.is_range = true, .begin = begin, .end = end, .span = span};
    return subscript;
}

struct subscript *ast_steps(struct parser *parser, struct span span, struct expr *begin, struct expr *end,
                            struct expr *step)
{
    struct subscript *subscript = ast_range(parser, span, begin, end);
    subscript->step = step;
    return subscript;
}
