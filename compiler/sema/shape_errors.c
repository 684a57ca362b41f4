#include "sema/shape_errors.h"

#include "base/arena.h"
#include "sema/report.h"
#include "sema/shapes.h"

bool term_is_id(const struct term *term)
{
    return (term->kind == TERM_VALUE || term->kind == TERM_DELAY) && term->value->vocabulary > 0;
}

bool term_is_open(const struct term *term) { return term->shape.rank == SHAPE_OPEN; }

const char *tell_text(struct report *report, const struct term *term) { return report_excerpt(report, term->span); }

const char *shape_words(struct report *report, const struct shape *shape)
{
    return shape->rank == 0 ? "a scalar" : shape_text(report->arena, shape);
}

const char *tell_shape(struct report *report, const struct term *term)
{
    if (term_is_id(term))
        return arena_printf(report->arena, "%s[%d]", term->value->labels ? "labels" : "index", term->value->vocabulary);
    return shape_words(report, &term->shape);
}

void note_shape(struct report *report, const struct term *term)
{
    if ((term->kind != TERM_VALUE && term->kind != TERM_DELAY) || term->value->hidden)
        return;
    bool given = term->value->declared || term->value->kind != VALUE_EQUATION;
    report_note(report, term->value->span, given ? "'%s' is declared as %s here" : "'%s' becomes %s here",
                term->value->name, tell_shape(report, term));
}

void tell_clash(struct report *report, const struct term *term, const struct term *a, const struct term *b)
{
    if (!report)
        return;
    report_error(report, term->span, "'%s': %s is %s but %s is %s", report_excerpt(report, term->span),
                 tell_text(report, a), tell_shape(report, a), tell_text(report, b), tell_shape(report, b));
    note_shape(report, a);
    if (a->value != b->value || !a->value)
        note_shape(report, b);
    if (term->kind == TERM_OP && term->op == OP_mul && a->shape.rank == 2 && b->shape.rank == 1 &&
        a->shape.dim[1] == b->shape.dim[0])
        report_note(report, term->span, "'*' works element by element: the product with a matrix is '%s @ %s'",
                    tell_text(report, a), tell_text(report, b));
}

void tell_operand(struct report *report, const struct term *term, const struct term *operand, const char *wanted)
{
    if (!report || term_is_open(operand))
        return;
    report_error(report, term->span, "'%s' takes %s, but %s is %s", report_excerpt(report, term->span), wanted,
                 tell_text(report, operand), tell_shape(report, operand));
    note_shape(report, operand);
}

void tell_wrong_id(struct term *term, const struct term *of, const struct term *id, bool labels, struct report *report)
{
    const char *type = labels ? "labels" : "index";
    if (!report || (term_is_open(id) && !id->value))
        return;
    if (!term_is_id(id) || id->value->labels != labels) {
        report_error(report, id->span, "'%s' takes %s, declared as '%s[...]', but '%s' %s",
                     report_excerpt(report, term->span), labels ? "labels" : "an id", type, tell_text(report, id),
                     !term_is_id(id) ? "is real"
                     : labels        ? "holds an id"
                                     : "holds labels");
        note_shape(report, id);
    } else if (of->shape.rank == (term->op == OP_embed ? 2 : 1) && of->shape.dim[0] != id->value->vocabulary) {
        tell_clash(report, term, of, id);
    }
}

void tell_id(struct report *report, const struct term *id)
{
    report_error(report, id->span, "'%s' holds %s", tell_text(report, id),
                 id->value->labels ? "labels, which only 'ctc' can use"
                                   : "ids, which only 'embed' and 'cross_entropy' can use");
    note_shape(report, id);
}

void tell_ids(const struct term *term, struct report *report)
{
    bool takes_id =
        term->kind == TERM_OP && (term->op == OP_embed || term->op == OP_cross_entropy || term->op == OP_ctc);
    for (int i = 0; i < term->count; i++) {
        const struct term *arg = term->args[i];
        if (!term_is_id(arg) || (takes_id && i == 1))
            continue;
        tell_id(report, arg);
        if (term->kind == TERM_OP && op_info(term->op)->class == OP_CLASS_ELEMENTWISE && !arg->value->labels)
            report_note(report, arg->span,
                        "a number for each id is a row of a table: 'embed(E, %s)' with 'param E[%d, 1]'",
                        tell_text(report, arg), arg->value->vocabulary);
    }
}
