/* Values without an equation: shapes, forms and start values of parameters, types of inputs and targets. */
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "sema/bind.h"
#include "sema/dimensions.h"
#include "sema/shapes.h"
#include "sema/terms.h"

static bool evaluate_constant(struct elaboration *e, struct instance *instance, const struct expr *expr, double *result)
{
    struct number number;
    bool done = evaluate_number(e, instance, expr, false, &number) == EVALUATION_DONE;
    *result = done ? number.real : 0;
    return done;
}

/* Finds a start by its name. The parser has reported unknown words. */
static enum parameter_start find_start(const char *name)
{
    static const struct {
        const char *name;
        enum parameter_start start;
    } starts[] = {{"normal", START_NORMAL},
                  {"uniform", START_UNIFORM},
                  {"glorot", START_GLOROT},
                  {"orthogonal", START_ORTHOGONAL},
                  {"identity", START_IDENTITY}};
    for (int i = 0; i < 5; i++)
        if (strcmp(starts[i].name, name) == 0)
            return starts[i].start;
    return START_DEFAULT;
}

/* Reads the start that a declarator gives, for so many dimensions. */
static enum parameter_start read_start(struct elaboration *e, struct instance *instance,
                                       const struct declarator *declarator, int rank, double *number)
{
    if (declarator->start) {
        evaluate_constant(e, instance, declarator->start, number);
        return START_CONSTANT;
    }
    if (!declarator->distribution.text)
        return START_DEFAULT;
    enum parameter_start start = find_start(declarator->distribution.text);
    if (declarator->distribution_argument)
        evaluate_constant(e, instance, declarator->distribution_argument, number);
    else if (start == START_IDENTITY)
        *number = 1;
    if ((start == START_ORTHOGONAL || start == START_IDENTITY) && rank < 2)
        report_error(&e->report, declarator->distribution.span, "'%s' is no matrix, so it cannot start %s",
                     declarator->name.text, start == START_ORTHOGONAL ? "orthogonal" : "as the identity");
    return start;
}

static void set_start(struct elaboration *e, struct instance *instance, struct symbol *symbol, struct value *value)
{
    const struct declarator *declarator = symbol->declarator;
    value->start = read_start(e, instance, declarator, declarator->dimension_count, &value->start_number);
    if (symbol->kind == SYMBOL_FACTORED && (value->start == START_CONSTANT || value->start == START_IDENTITY))
        report_error(&e->report, declarator->start ? declarator->start->span : declarator->distribution.span,
                     "'%s' has the form %s, whose factors cannot all start at one number%s", symbol->name,
                     symbol->written.word, declarator->start ? "" : " or as the identity");
}

/* Finds the range that a subscript selects in a dimension of `size`. */
static bool find_range(struct elaboration *e, struct instance *instance, const struct subscript *subscript, int size,
                       int *begin, int *length)
{
    int from = 0, to = size;
    if (subscript->step) {
        report_error(&e->report, subscript->span, "a part that has a start value of its own has no steps");
        return false;
    }
    if (subscript->begin && evaluate_count(e, instance, subscript->begin, count_text(e, subscript->begin, "position"),
                                           0, size - 1, &from) != EVALUATION_DONE)
        return false;
    if (!subscript->is_range)
        to = from + 1;
    else if (subscript->end && evaluate_count(e, instance, subscript->end, count_text(e, subscript->end, "position"),
                                              from + 1, size, &to) != EVALUATION_DONE)
        return false;
    *begin = from;
    *length = to - from;
    return true;
}

static void set_part_starts(struct elaboration *e, struct instance *instance, struct symbol *symbol)
{
    struct value *value = symbol->value;
    const struct shape *shape = &value->shape;
    value->part_starts = ARENA_ARRAY(e->arena, struct part_start, symbol->part_count + 1);
    for (int p = 0; p < symbol->part_count; p++) {
        const struct expr *part = symbol->parts[p]->part;
        struct part_start start = {0};
        bool right = part->subscript_count <= shape->rank;
        if (!right)
            report_error(&e->report, part->span, "'%s' gives %d positions, but '%s' has %d dimension%s",
                         report_excerpt(&e->report, part->span), part->subscript_count, symbol->name, shape->rank,
                         plural(shape->rank));
        for (int i = 0; i < shape->rank && right; i++) {
            static const struct subscript all = {.is_range = true};
            const struct subscript *subscript = i < part->subscript_count ? &part->subscripts[i] : &all;
            right = find_range(e, instance, subscript, shape->dim[i], &start.begin[i], &start.length[i]);
        }
        if (!right)
            continue;
        start.start = read_start(e, instance, symbol->parts[p], shape->rank, &start.number);
        value->part_starts[value->part_start_count++] = start;
    }
}

/* The largest rank that makes sense: any matrix or tensor of this shape can be written with so many terms. */
static long largest_rank(enum parameter_form form, const int *dim)
{
    long a = dim[0], b = dim[1];
    if (form == FORM_SVD)
        return a < b ? a : b;
    long c = dim[2];
    long least = a * b < a * c ? a * b : a * c;
    return least < b * c ? least : b * c;
}

/* Returns the rank of a form. For a wrong one, which is reported, it is 1: W has its shape all the same, and what is
 * wrong with its uses is reported too. */
static int find_rank(struct elaboration *e, struct instance *instance, const struct symbol *symbol)
{
    const struct declarator *declarator = symbol->declarator;
    const char *what = arena_printf(e->arena, "the rank of '%s'", symbol->name);
    long most = largest_rank(symbol->form, symbol->dim);
    int rank;
    if (evaluate_count(e, instance, symbol->written.rank, what, 1, most < INT_MAX ? most : INT_MAX, &rank) !=
        EVALUATION_DONE)
        return 1;
    long whole = 1, factors = 0;
    for (int i = 0; i < declarator->dimension_count; i++) {
        whole *= symbol->dim[i];
        factors += (long)rank * symbol->dim[i];
    }
    if (factors >= whole && !symbol->written.preview)
        report_warning(&e->report, symbol->written.span,
                       "%s(%d) does not make '%s' smaller: its factors have %ld elements, it has %ld itself",
                       symbol->written.word, rank, symbol->name, factors, whole);
    return rank;
}

/* Defines the parameter itself: a value of its factors. */
static void define_form(struct elaboration *e, struct instance *instance, struct symbol *symbol)
{
    struct builder b = {e, instance, symbol->name, symbol->declarator->span};
    struct value *value = symbol->value;
    struct term *term = term_new(&b, TERM_OP, symbol->span);
    term->op = symbol->form == FORM_SVD ? OP_svd : OP_cp;
    term->count = symbol->form == FORM_SVD ? 2 : 3;
    term->args = ARENA_ARRAY(e->arena, struct term *, term->count);
    for (int i = 0; i < term->count; i++)
        term_set_arg(term, i, term_value(&b, symbol->factors[i], symbol->span));
    value->shape = symbol->factors[0]->whole;
    value->declared = true;
    set_term(e, value, term);
    solver_touch(&e->solver, value);
}

/* Reads how W @ x is computed: with how many columns for all units, and for how many units with all. */
static void find_preview(struct elaboration *e, struct instance *instance, const struct symbol *symbol, int rank)
{
    const struct written_form *written = &symbol->written;
    struct value *value = symbol->value;
    if (!written->preview || !written->refine)
        return;
    const char *preview = arena_printf(e->arena, "the columns of the preview of '%s'", symbol->name);
    const char *refine = arena_printf(e->arena, "the units of '%s' to refine", symbol->name);
    evaluate_count(e, instance, written->preview, preview, 1, rank, &value->preview);
    evaluate_count(e, instance, written->refine, refine, 1, symbol->dim[0], &value->refine);
}

static void shape_factors(struct elaboration *e, struct instance *instance, struct symbol *symbol)
{
    const struct declarator *declarator = symbol->declarator;
    int wanted = symbol->form == FORM_SVD ? 2 : 3;
    if (declarator->dimension_count != wanted) {
        report_error(&e->report, symbol->written.span, "the form %s is for %s, but '%s' has %d dimension%s",
                     symbol->written.word, wanted == 2 ? "a matrix [n, m]" : "a parameter [k, n, m]", symbol->name,
                     declarator->dimension_count, plural(declarator->dimension_count));
        return;
    }
    int rank = find_rank(e, instance, symbol);
    struct value whole = {0};
    name_sizes(e, instance, declarator, &whole);
    for (int i = 0; i < wanted; i++) {
        struct value *factor = symbol->factors[i];
        int turned = symbol->form == FORM_SVD && i == 1; /* [rank, m] */
        factor->shape.rank = 2;
        factor->shape.dim[turned] = symbol->dim[i];
        factor->shape.dim[!turned] = rank;
        factor->size_names[turned] = whole.size_names[i];
        factor->row_name = i == 0 ? whole.row_name : NULL;
        factor->form_rank = rank;
        factor->whole.rank = wanted;
        memcpy(factor->whole.dim, symbol->dim, sizeof factor->whole.dim);
        set_start(e, instance, symbol, factor);
        solver_touch(&e->solver, factor);
    }
    define_form(e, instance, symbol);
    find_preview(e, instance, symbol, rank);
}

void shape_parameter(struct elaboration *e, struct instance *instance, struct symbol *symbol)
{
    struct shape shape;
    if (instance->shared) {
        const struct symbol *shared = map_get(&instance->shared->symbols, symbol->name);
        memcpy(symbol->dim, shared->dim, sizeof symbol->dim);
        return;
    }
    if (!evaluate_shape(e, instance, symbol->declarator, SHAPE_MAX_RANK, &shape))
        return;
    memcpy(symbol->dim, shape.dim, sizeof symbol->dim);
    if (symbol->kind == SYMBOL_FACTORED && symbol->form != FORM_DENSE) {
        shape_factors(e, instance, symbol);
    } else if (symbol->value) {
        symbol->value->shape = shape;
        name_sizes(e, instance, symbol->declarator, symbol->value);
        set_start(e, instance, symbol, symbol->value);
        set_part_starts(e, instance, symbol);
        solver_touch(&e->solver, symbol->value);
    }
}

static void shape_ids(struct elaboration *e, struct instance *instance, const struct declarator *declarator,
                      struct value *value)
{
    value->labels = strcmp(declarator->type.text, "labels") == 0;
    if (value->labels && value->kind != VALUE_TARGET)
        report_error(&e->report, declarator->type.span, "only a target can hold labels");
    if (declarator->has_dimensions)
        report_error(&e->report, declarator->span, "'%s' holds %s, which have no dimensions", declarator->name.text,
                     value->labels ? "labels" : "ids");
    if (declarator->vocabulary)
        evaluate_size(e, instance, declarator->vocabulary, &value->vocabulary);
    value->shape = (struct shape){0};
}

void shape_leaf(struct elaboration *e, struct instance *instance, const struct declarator *declarator,
                struct value *value)
{
    value->declared = true;
    value->once = declarator->once;
    if (value->kind == VALUE_INPUT)
        value->time = value->once ? TIME_SEQUENCE : TIME_FRAME;
    else if (value->once)
        value->time = TIME_SEQUENCE;
    struct shape shape;
    if (declarator->type.text)
        shape_ids(e, instance, declarator, value);
    else if (evaluate_shape(e, instance, declarator, 1, &shape)) {
        value->shape = shape;
        name_sizes(e, instance, declarator, value);
    }
    if (value->labels)
        value->time = TIME_SEQUENCE;
    solver_touch(&e->solver, value);
}
