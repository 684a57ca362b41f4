/* The text of a program, for --dump-after and for tests: one line a value, terms in infix. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "sema/program.h"
#include "sema/shapes.h"

static void print_term(struct text *out, const struct term *term, enum binding around);

static void print_number(struct text *out, double number)
{
    char digits[40];
    for (int precision = 6; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    text_puts(out, digits);
}

static void print_part(struct text *out, const struct term *term)
{
    print_term(out, term->args[0], BIND_POSTFIX);
    int rank = term->args[0]->shape.rank;
    if (term->shape.rank == SHAPE_OPEN || rank == SHAPE_OPEN) {
        text_puts(out, "[?]");
        return;
    }
    for (int i = 0; i < rank; i++) {
        text_puts(out, i ? ", " : "[");
        if (term->drop[i])
            text_printf(out, "%d", term->begin[i]);
        else if (term->step[i] != 1)
            text_printf(out, "%d:+%d:%d", term->begin[i], term->length[i], term->step[i]);
        else
            text_printf(out, "%d:%d", term->begin[i], term->begin[i] + term->length[i]);
    }
    text_puts(out, "]");
}

/* `@` leans to the right, the others to the left, comparisons to neither side. */
static void print_infix(struct text *out, const struct term *term, const struct infix *infix, enum binding around)
{
    bool bracket = infix->binds < around;
    enum binding left = infix->binds, right = infix->binds + 1;
    if (infix->binds == BIND_AT)
        left = BIND_POSTFIX, right = BIND_UNARY;
    if (infix->binds == BIND_COMPARISON)
        left = BIND_SUM;
    text_puts(out, bracket ? "(" : "");
    print_term(out, term->args[0], left);
    text_printf(out, " %s ", infix->text);
    print_term(out, term->args[1], right);
    text_puts(out, bracket ? ")" : "");
}

static void print_preview(struct text *out, int preview, int refine)
{
    if (preview)
        text_printf(out, ", preview = %d, refine = %d", preview, refine);
}

static void print_operation(struct text *out, const struct term *term, enum binding around)
{
    const struct infix *infix = &op_info(term->op)->infix;
    if (infix->text) {
        print_infix(out, term, infix, around);
        return;
    }
    if (term->op == OP_neg) {
        text_puts(out, around > BIND_UNARY ? "(-" : "-");
        print_term(out, term->args[0], BIND_UNARY);
        text_puts(out, around > BIND_UNARY ? ")" : "");
        return;
    }
    text_printf(out, "%s(", op_info(term->op)->name ? op_info(term->op)->name : op_info(term->op)->id);
    for (int i = 0; i < term->count; i++) {
        text_puts(out, i ? ", " : "");
        print_term(out, term->args[i], BIND_COMPARISON);
    }
    print_preview(out, term->preview, term->refine);
    text_puts(out, ")");
}

/* Recurses over the term, whose depth is that of an expression. */
static void print_term(struct text *out, const struct term *term, enum binding around)
{
    switch (term->kind) {
    case TERM_NUMBER:
        text_puts(out, term->number < 0 && around > BIND_UNARY ? "(" : "");
        print_number(out, term->number);
        text_puts(out, term->number < 0 && around > BIND_UNARY ? ")" : "");
        break;
    case TERM_VALUE:
        text_puts(out, term->value->name);
        break;
    case TERM_DELAY:
        text_printf(out, "%s[t%+d]", term->value->name, -term->delay);
        break;
    case TERM_OP:
        print_operation(out, term, around);
        break;
    case TERM_PART:
        print_part(out, term);
        break;
    }
}

static void print_shape(struct text *out, const struct shape *shape)
{
    if (shape->rank == SHAPE_OPEN)
        text_puts(out, " ?");
    else if (shape->rank)
        text_printf(out, " %s", shape_text(out->arena, shape));
}

static void print_parameter(struct text *out, const struct value *value)
{
    static const char *const starts[] = {[START_DEFAULT] = "",
                                         [START_CONSTANT] = " = ",
                                         [START_NORMAL] = " ~ normal",
                                         [START_UNIFORM] = " ~ uniform",
                                         [START_GLOROT] = " ~ glorot",
                                         [START_ORTHOGONAL] = " ~ orthogonal",
                                         [START_IDENTITY] = " ~ identity"};
    if (value->form != FORM_DENSE)
        text_printf(out, " : %s(%d)", value->form == FORM_SVD ? "svd" : "cp", value->form_rank);
    if (value->storage != PRECISION_F32)
        text_printf(out, "%s%s", value->form != FORM_DENSE ? " " : " : ", precision_name(value->storage));
    text_puts(out, value->fixed ? " fixed" : "");
    text_puts(out, starts[value->start]);
    bool bracket = value->start == START_NORMAL || value->start == START_UNIFORM || value->start == START_IDENTITY;
    text_puts(out, bracket ? "(" : "");
    if (bracket || value->start == START_CONSTANT)
        print_number(out, value->start_number);
    text_puts(out, bracket ? ")" : "");
}

static void print_value(struct text *out, const struct value *value)
{
    static const char *const kinds[] = {
        [VALUE_PARAMETER] = "param ", [VALUE_INPUT] = "input ", [VALUE_TARGET] = "target ", [VALUE_EQUATION] = ""};
    text_printf(out, "%s%s", kinds[value->kind], value->name);
    if (value->vocabulary)
        text_printf(out, ": %s[%d]", value->labels ? "labels" : "index", value->vocabulary);
    else
        print_shape(out, &value->shape);
    if (value->kind == VALUE_PARAMETER)
        print_parameter(out, value);
    else
        text_printf(out, " %s", time_name(value->time));
    if (value->term) {
        text_puts(out, " = ");
        print_term(out, value->term, BIND_COMPARISON);
    }
    text_puts(out, "\n");
    if (value->init) {
        text_printf(out, "init %s = ", value->name);
        print_term(out, value->init, BIND_COMPARISON);
        text_puts(out, "\n");
    }
}

void program_print(const struct program *program, struct text *out)
{
    text_printf(out, "%s %s%s\n", program->is_model ? "model" : "cell", program->name,
                program->needs_future ? " (needs the future)" : "");
    for (int i = 0; i < program->value_count; i++)
        print_value(out, program->values[i]);
    for (int i = 0; i < program->output_count; i++)
        text_printf(out, "output %s\n", program->outputs[i].name);
    for (int i = 0; i < program->loss_count; i++) {
        if (!program->losses[i].term)
            continue;
        text_printf(out, "loss %s ", time_name(program->losses[i].term->time));
        print_term(out, program->losses[i].term, BIND_COMPARISON);
        text_puts(out, "\n");
    }
}
