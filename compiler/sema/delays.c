/* Delays: the number of frames between `t` and the index in `v[t-k]`. */
#include <string.h>

#include "base/arena.h"
#include "sema/dimensions.h"
#include "sema/terms.h"

static bool mentions_time(const struct expr *expr)
{
    if (!expr)
        return false;
    if (expr->kind == EXPR_NAME)
        return strcmp(expr->name.text, "t") == 0;
    if (expr->kind != EXPR_BINARY && expr->kind != EXPR_BRACKET && expr->kind != EXPR_NEGATE)
        return false;
    for (int i = 0; i < expr->count; i++)
        if (mentions_time(expr->args[i]))
            return true;
    return false;
}

bool is_delay_index(const struct expr *expr)
{
    for (int i = 0; i < expr->subscript_count; i++)
        if (mentions_time(expr->subscripts[i].begin) || mentions_time(expr->subscripts[i].end))
            return true;
    return false;
}

/* True if `t` stands in a sum of constants, `t-k-1` or `1+t`, once and not negated. */
static bool is_offset(const struct expr *at)
{
    while (at->kind != EXPR_NAME) {
        if (at->kind == EXPR_BRACKET) {
            at = at->args[0];
            continue;
        }
        if (at->kind != EXPR_BINARY || (at->operators[0] != BINARY_ADD && at->operators[0] != BINARY_SUB))
            return false;
        int count = 0, place = 0;
        for (int i = 0; i < at->count; i++)
            if (mentions_time(at->args[i])) {
                count++;
                place = i;
            }
        if (count != 1 || (place && at->operators[place - 1] == BINARY_SUB))
            return false;
        at = at->args[place];
    }
    return true;
}

/* The same expression with 0 for `t`: its value is the offset. */
static struct expr *without_time(struct arena *arena, const struct expr *expr)
{
    struct expr *copy = ARENA_NEW(arena, struct expr);
    *copy = *expr;
    if (expr->kind == EXPR_NAME) {
        *copy = (struct expr){.kind = EXPR_NUMBER, .span = expr->span, .is_integer = true, .depth = 1};
        return copy;
    }
    copy->args = ARENA_ARRAY(arena, struct expr *, expr->count);
    for (int i = 0; i < expr->count; i++)
        copy->args[i] = mentions_time(expr->args[i]) ? without_time(arena, expr->args[i]) : expr->args[i];
    return copy;
}

/* The delay of a sum of several constants, whose sign says which way it goes. */
static int evaluate_sum(struct builder *b, const struct expr *expr, const struct expr *at)
{
    struct report *report = &b->e->report;
    const char *what = arena_printf(b->e->arena, "the offset in '%s'", report_excerpt(report, at->span));
    int offset;
    if (evaluate_count(b->e, b->instance, without_time(b->e->arena, at), what, -DELAY_LIMIT, DELAY_LIMIT, &offset) !=
        EVALUATION_DONE)
        return 0;
    if (!offset)
        report_error(report, expr->span, "'%s' is '%s' itself: its offset is 0", report_excerpt(report, expr->span),
                     report_excerpt(report, expr->args[0]->span));
    return -offset;
}

int evaluate_delay(struct builder *b, const struct expr *expr)
{
    struct report *report = &b->e->report;
    const struct expr *at = expr->subscripts[0].begin;
    bool plain = expr->subscript_count == 1 && !expr->subscripts[0].is_range;
    if (plain && at->kind == EXPR_NAME) {
        const char *of = report_excerpt(report, expr->args[0]->span);
        report_error(report, expr->span, "'%s' is '%s' itself: its past is '%s[t-1]'",
                     report_excerpt(report, expr->span), of, of);
        return 0;
    }
    if (!plain || !is_offset(at)) {
        report_error(report, expr->span, "a delay is written [t-k] or [t+k] with a constant k");
        return 0;
    }
    if (at->kind != EXPR_BINARY || at->count > 2 || at->args[0]->kind != EXPR_NAME || mentions_time(at->args[1]))
        return evaluate_sum(b, expr, at);
    int delay = 0; /* of `t-k` and `t+k`: k is positive, so the sign gives the direction */
    evaluate_count(b->e, b->instance, at->args[1], count_text(b->e, at->args[1], "delay"), 1, DELAY_LIMIT, &delay);
    return at->operators[0] == BINARY_SUB ? delay : -delay;
}
