/* The shapes of parts: subscripts, ranges and steps, and the parts of a split. */
#include "sema/report.h"
#include "sema/shape_errors.h"
#include "sema/shapes.h"

/* Part `split_index` of `split_count` equal ones. */
static void take_split(struct term *term, struct report *report)
{
    const struct term *whole = term->args[0];
    const struct part *part = term->part;
    if (whole->shape.rank != 1) {
        tell_operand(report, term, whole, "a vector");
        return;
    }
    int n = whole->shape.dim[0];
    if (n % part->split_count) {
        if (report) {
            report_error(report, term->span, "%s is %s, which cannot be split into %d equal parts",
                         tell_text(report, whole), tell_shape(report, whole), part->split_count);
            note_shape(report, whole);
        }
        return;
    }
    term->length[0] = n / part->split_count;
    term->begin[0] = term->length[0] * part->split_index;
    term->step[0] = 1;
    term->shape = (struct shape){1, {term->length[0]}};
}

/* `a:b:c` of n elements. */
static bool take_steps(struct term *term, int i, int n, struct report *report)
{
    int step = term->part->step[i], begin = term->part->begin[i], end = term->part->end[i];
    bool back = step < 0;
    int first = back && begin < 0 ? n - 1 : begin, behind = back || end >= 0 ? end : n;
    long span = back ? (long)first - behind : (long)behind - first, size = back ? -(long)step : step;
    if (first >= n || behind > n || span <= 0) {
        if (report) {
            report_error(report, term->span, "'%s' takes no elements of %s, which is %s, or some that it does not have",
                         report_excerpt(report, term->span), tell_text(report, term->args[0]),
                         tell_shape(report, term->args[0]));
            note_shape(report, term->args[0]);
        }
        return false;
    }
    if (report && term->args[0]->time != TIME_STATIC)
        report_error(report, term->span, "only static values have slices with a step, but '%s' is of %s time",
                     tell_text(report, term->args[0]), time_name(term->args[0]->time));
    term->begin[i] = first;
    term->length[i] = (int)((span + size - 1) / size);
    term->step[i] = step;
    return true;
}

static bool take_range(struct term *term, int i, struct report *report)
{
    const struct term *whole = term->args[0];
    int n = whole->shape.dim[i];
    bool given = i < term->part->count;
    if (given && term->part->step[i])
        return take_steps(term, i, n, report);
    term->step[i] = 1;
    int begin = given ? term->part->begin[i] : 0;
    int end = given && term->part->end[i] >= 0 ? term->part->end[i] : n;
    if (begin >= end || end > n) {
        if (report) {
            if (term->drop[i])
                report_error(report, term->span, "position %d is outside %s, which is %s", begin,
                             tell_text(report, whole), tell_shape(report, whole));
            else
                report_error(report, term->span, "positions %d:%d are no part of %s, which is %s", begin, end,
                             tell_text(report, whole), tell_shape(report, whole));
            note_shape(report, whole);
        }
        return false;
    }
    term->begin[i] = begin;
    term->length[i] = end - begin;
    return true;
}

void shape_part(struct term *term, struct report *report)
{
    const struct term *whole = term->args[0];
    term->time = whole->time;
    if (report)
        tell_ids(term, report);
    if (term_is_open(whole))
        return;
    if (term->part->split_count) {
        take_split(term, report);
        return;
    }
    if (term->part->count > whole->shape.rank) {
        if (report) {
            report_error(report, term->span, "'%s' gives %d position%s, but %s is %s",
                         report_excerpt(report, term->span), term->part->count, plural(term->part->count),
                         tell_text(report, whole), tell_shape(report, whole));
            note_shape(report, whole);
        }
        return;
    }
    struct shape shape = {0};
    for (int i = 0; i < whole->shape.rank; i++) {
        if (!take_range(term, i, report))
            return;
        if (!term->drop[i])
            shape.dim[shape.rank++] = term->length[i];
    }
    term->shape = shape;
}
