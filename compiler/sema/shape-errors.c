#include "sema/shape-errors.h"

#include "base/arena.h"
#include "sema/report.h"
#include "sema/shapes.h"

bool term_is_id(const struct term *term)
{
    return (term->kind == TERM_VALUE || term->kind == TERM_DELAY) && term->value->vocabulary > 0;
}

bool term_is_open(const struct term *term) { return term->shape.rank == SHAPE_OPEN; }

const char *tell_text(struct report *report, const struct term *term)
{
    bool transposed = term->kind == TERM_OP && term->op == OP_transpose && term->args[0]->kind == TERM_VALUE;
    if (transposed && term->args[0]->value->form != FORM_DENSE)
        return arena_printf(report->arena, "transpose(%s)", term->args[0]->value->name);
    if (term->kind == TERM_VALUE && term->value->form != FORM_DENSE)
        return term->value->name;
    return report_excerpt(report, term->span);
}

void note_shape(struct report *report, const struct term *term)
{
    if ((term->kind != TERM_VALUE && term->kind != TERM_DELAY) || term->value->hidden)
        return;
    const char *shape = shape_text(report->arena, &term->shape);
    bool given = term->value->declared || term->value->kind != VALUE_EQUATION;
    report_note(report, term->value->span, given ? "'%s' is declared as %s here" : "'%s' becomes %s here",
                term->value->name, shape);
}

void tell_clash(struct report *report, const struct term *term, const struct term *a, const struct term *b)
{
    if (!report)
        return;
    report_error(report, term->span, "'%s': %s is %s but %s is %s", report_excerpt(report, term->span),
                 tell_text(report, a), shape_text(report->arena, &a->shape), tell_text(report, b),
                 shape_text(report->arena, &b->shape));
    note_shape(report, a);
    if (a->value != b->value || !a->value)
        note_shape(report, b);
}

void tell_operand(struct report *report, const struct term *term, const struct term *operand, const char *wanted)
{
    if (!report || term_is_open(operand))
        return;
    report_error(report, term->span, "'%s' takes %s, but %s is %s", report_excerpt(report, term->span), wanted,
                 tell_text(report, operand), shape_text(report->arena, &operand->shape));
    note_shape(report, operand);
}

void tell_wrong_id(struct term *term, const struct term *of, const struct term *id, bool labels, struct report *report)
{
    const char *type = labels ? "labels" : "index";
    if (!report || (term_is_open(id) && !id->value))
        return;
    if (!term_is_id(id) || id->value->labels != labels) {
        report_error(report, id->span, "'%s' takes %s, declared as '%s[...]', but '%s' is %s",
                     report_excerpt(report, term->span), labels ? "labels" : "an id", type, tell_text(report, id),
                     !term_is_id(id) ? "real"
                     : labels        ? "an id"
                                     : "labels");
        note_shape(report, id);
    } else if (of->shape.rank > 0 && of->shape.dim[0] != id->value->vocabulary) {
        report_error(report, term->span, "'%s': %s is %s but %s is %s[%d]", report_excerpt(report, term->span),
                     tell_text(report, of), shape_text(report->arena, &of->shape), tell_text(report, id), type,
                     id->value->vocabulary);
        note_shape(report, of);
        report_note(report, id->value->span, "'%s' is declared here", id->value->name);
    }
}

void tell_ids(const struct term *term, struct report *report)
{
    bool takes_id =
        term->kind == TERM_OP && (term->op == OP_embed || term->op == OP_cross_entropy || term->op == OP_ctc);
    for (int i = 0; i < term->count; i++) {
        const struct term *arg = term->args[i];
        if (!term_is_id(arg) || (takes_id && i == 1))
            continue;
        report_error(report, arg->span, "'%s' holds %s, which can only be used in embed and in losses",
                     tell_text(report, arg), arg->value->labels ? "labels" : "ids");
        report_note(report, arg->value->span, "'%s' is declared here", arg->value->name);
    }
}
