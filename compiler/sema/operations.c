/* Calls of operations of the language. */
#include <string.h>

#include "base/arena.h"
#include "sema/dimensions.h"
#include "sema/names.h"
#include "sema/terms.h"

/* The meaning of a call with too few operands, or how it is written. */
static const struct {
    enum op op;
    const char *hint;
} too_few[] = {
    {OP_max, "the largest unit of a vector is 'maximum(v)'"},
    {OP_min, "the smallest unit of a vector is '-maximum(-v)'"},
    {OP_layernorm, "it is written 'layernorm(v, gain, bias)'; without these, 'layernorm(v, 1, 0)'"},
};

static bool check_operands(struct builder *b, const struct expr *call, enum op op)
{
    const struct op_info *info = op_info(op);
    int given = call->count - 1;
    if (given >= info->least && (info->most < 0 || given <= info->most))
        return true;
    const char *wanted = arena_printf(b->e->arena, "%d", info->least);
    if (info->most < 0)
        wanted = arena_printf(b->e->arena, "%d or more", info->least);
    else if (info->most > info->least)
        wanted = arena_printf(b->e->arena, "%d to %d", info->least, info->most);
    report_error(&b->e->report, call->span, "'%s' takes %s operand%s, but %d %s given", info->name, wanted,
                 plural(info->most < 0 ? 2 : info->most), given, given == 1 ? "is" : "are");
    for (size_t i = 0; given && given < info->least && i < sizeof too_few / sizeof *too_few; i++)
        if (too_few[i].op == op)
            report_note(&b->e->report, call->span, "%s", too_few[i].hint);
    return false;
}

/* The operands, then the defaults of those left out; NULL after an error. */
static struct term *build_operation(struct builder *b, const struct expr *call, enum op op)
{
    const struct op_info *info = op_info(op);
    int given = call->count - 1;
    struct term *term = term_new(b, TERM_OP, call->span);
    bool wrong = false;
    term->op = op;
    term->count = info->most < given ? given : info->most;
    term->args = ARENA_ARRAY(b->e->arena, struct term *, term->count);
    for (int i = 0; i < given; i++) {
        term_set_arg(term, i, build_term(b, call->args[i + 1]));
        wrong |= !term->args[i];
    }
    for (int i = given; i < term->count; i++)
        term->args[i] = term_number(b, info->defaults[i - info->least], call->span);
    return wrong ? NULL : term;
}

bool is_lasting_dropout(const struct expr *call)
{
    return call->kind == EXPR_CALL && call->count == 4 && call->args[0]->kind == EXPR_NAME &&
           strcmp(call->args[0]->name.text, "dropout") == 0 && call->args[3]->kind == EXPR_NAME &&
           strcmp(call->args[3]->name.text, "once") == 0;
}

/* The probability is a number, known when the program is compiled. */
static struct term *build_dropout(struct builder *b, const struct expr *call)
{
    struct term *operand = build_term(b, call->args[1]);
    const struct expr *expr = call->args[2];
    struct number p;
    if (evaluate_number(b->e, b->instance, expr, false, &p) != EVALUATION_DONE)
        return NULL;
    if (!(p.real >= 0 && p.real < 1)) {
        report_error(&b->e->report, expr->span,
                     "the probability of dropout has to be at least 0 and less than 1, but is %g", p.real);
        return NULL;
    }
    struct term *number = term_number(b, p.real, expr->span);
    if (call->count == 3)
        return term_op(b, OP_dropout, call->span, 2, operand, number);
    const struct expr *word = call->args[3];
    if (!is_lasting_dropout(call)) {
        report_error(
            &b->e->report, word->span,
            "behind the probability of dropout stands 'once', for elements that stay the same in all frames of a "
            "sequence, or nothing");
        return NULL;
    }
    struct term *term = term_op(b, OP_dropout, call->span, 3, operand, number);
    if (term)
        term->args[2] = term_number(b, 1, word->span);
    return term;
}

/* e / sum_over_time(e), where e = exp(v - max_over_time(v)): which number is taken off makes no difference to the
 * result, so that nothing flows back through it. */
static struct term *build_softmax_over_time(struct builder *b, const struct expr *call)
{
    struct term *operand = build_term(b, call->args[1]);
    if (!operand)
        return NULL;
    struct span span = operand->span;
    struct value *v = operand->kind == TERM_VALUE ? operand->value : term_hidden(b, "operand", operand);
    struct term *most = term_op(b, OP_max_over_time, call->span, 1, term_value(b, v, span), NULL);
    struct term *shift = term_op(b, OP_stop_gradient, span, 1, most, NULL);
    struct term *shifted = term_op(b, OP_sub, span, 2, term_value(b, v, span), shift);
    struct value *e = term_hidden(b, "exp", term_op(b, OP_exp, span, 1, shifted, NULL));
    struct term *sum = term_op(b, OP_sum_over_time, call->span, 1, term_value(b, e, span), NULL);
    return term_op(b, OP_div, call->span, 2, term_value(b, e, span), sum);
}

/* n = n[t-1] + 1, which is -1 before the first frame: one value for the whole program, in the time of the sequence. */
static struct term *build_frame_number(struct builder *b, const struct expr *call)
{
    struct elaboration *e = b->e;
    if (!e->frame_number) {
        struct value *value = elaborate_hidden(e, e->top, "time", "frame_number", call->span, call->span);
        struct term *before = term_new(b, TERM_DELAY, call->span);
        before->value = value;
        before->delay = 1;
        before->reads_init = true;
        value->declared = true;
        value->shape = (struct shape){0};
        value->init = term_number(b, -1, call->span);
        e->frame_number = value;
        set_term(e, value, term_op(b, OP_add, call->span, 2, before, term_number(b, 1, call->span)));
    }
    return term_value(b, e->frame_number, call->span);
}

struct built build_operation_call(struct builder *b, const struct expr *call, enum op op)
{
    if (!check_operands(b, call, op)) {
        build_in_vain(b, call);
    } else if (op == OP_split) {
        report_error(&b->e->report, call->span, "'split' stands only as a whole right side: 'a, b = split(v, 2)'");
    } else if (op == OP_diag) {
        struct term *term = build_term(b, call->args[1]);
        return (struct built){.kind = term ? BUILT_DIAG : BUILT_NOTHING, .span = call->span, .term = term};
    } else if (op == OP_transpose) {
        struct built operand = build_expr(b, call->args[1]);
        return build_transpose(b, call, &operand);
    } else if (op == OP_embed) {
        struct built table = build_expr(b, call->args[1]);
        return build_embedding(b, call, &table, build_term(b, call->args[2]));
    } else if (op == OP_softmax_over_time) {
        return built_of(build_softmax_over_time(b, call));
    } else if (op == OP_frame_number) {
        return built_of(build_frame_number(b, call));
    } else if (op == OP_dropout) {
        return built_of(build_dropout(b, call));
    } else {
        return built_of(build_operation(b, call, op));
    }
    return (struct built){0};
}
